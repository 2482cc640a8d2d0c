"""Formats: one module each. What a file is, is told by its content; its name is only a claim."""
