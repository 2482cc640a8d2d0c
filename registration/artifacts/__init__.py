"""Artifacts: the files of a candidate, where they lie, and what validation finds in them."""
