"""Portable evidence: a decision in forms that other tools read. One file is one format, made from the record alone."""
