"""Detection: which formats a content is, and whether its name says the same.

Every format with a magic number is asked, and those that may hide behind one; content that is two of them at once is
scanned as both. Without any, the weak formats are asked in the order of the table and the first that agrees is it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.formats.format import extension
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from registration.artifacts.context import Context
    from registration.artifacts.formats.format import Format, Look
    from registration.finding import Finding

UNKNOWN = "unknown"
_OPENED = {"zip", "tar"}  # found from their ends, or from anywhere, by programs that unpack them


def detect(look: Look, formats: Sequence[Format]) -> tuple[Format, ...]:
    """Every format that claims the content; none if it is unknown."""
    strong = [format_ for format_ in formats if not format_.weak and format_.matches(look)]
    hidden = [format_ for format_ in formats if format_.hides and format_.matches(look)]
    weak = (format_ for format_ in formats if format_.weak and not format_.hides and format_.matches(look))
    return tuple(strong + hidden) or tuple(filter(None, [next(weak, None)]))


def unknown(context: Context) -> Finding:
    """What is said of content that no format claims."""
    return context.finding(
        "format.unknown",
        "the content is of no format that can be checked",
        level=Level.UNSCANNABLE,
        action="leave the file out, or save the model in a format that can be checked",
    )


def ambiguous(context: Context, found: Sequence[Format]) -> Iterator[Finding]:
    """Content that is several formats at once is another thing to each program that reads it."""
    if len(found) > 1:
        names = " and ".join(format_.name for format_ in found)
        yield context.finding(
            "format.ambiguous",
            f"the content is {names} at once, so two programs read two different things",
            action="save the model again with the library that made it",
        )


def contradicted(
    context: Context, found: Sequence[Format], formats: Sequence[Format], *, inside: Iterable[str]
) -> Iterator[Finding]:
    """The name of the file claims another format than its content has; `inside` names formats of its members."""
    claimed = extension(context.name)
    if not found or any(claimed in format_.extensions for format_ in found):
        return
    claimants = [format_ for format_ in formats if claimed in format_.extensions]
    if not claimants:
        return
    with_code = {format_.name for format_ in formats if format_.holds_code}
    hides = with_code & {*(format_.name for format_ in found), *inside}
    names = sorted({format_.name for format_ in claimants})
    level = _level(hides=bool(hides), found=found, claimants=claimants)
    yield context.finding(
        "format.contradicts_name",
        f"the name says {' or '.join(names)}, the content is {found[0].name}",
        level=level,
        action=_SEEMS if level is Level.UNSAFE else "give the file the name of its format",
    )


def _level(*, hides: bool, found: Sequence[Format], claimants: Sequence[Format]) -> Level:
    has_code = any(format_.holds_code for format_ in claimants)
    if hides and not has_code:
        return Level.UNSAFE
    # Who loads it by its name looks for a program in it or for members, in a way that may differ from ours.
    is_looked_through = has_code or any(format_.name in _OPENED for format_ in claimants)
    is_data = all(format_.is_data for format_ in found)
    return Level.UNSCANNABLE if is_looked_through and is_data else Level.NOTE


_SEEMS = "do not load it by its name; ask who made it"
