"""Pickles: what loading one would do, found out without loading it."""
