"""Outside text on a terminal: names, reasons and ids that other people chose, shown and never obeyed."""

from __future__ import annotations


def shown(value: object) -> str:
    r"""`value` as one line that moves no cursor and hides nothing: what is not printable is written as `\x1b`."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in str(value))
