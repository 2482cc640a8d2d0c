"""The options and arguments that several commands take, each with one spelling and one meaning."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from registration.errors import InputError

_VERSION = re.compile(r"(?P<model>.+):(?P<version>[0-9]{1,10})", re.DOTALL)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
JsonLines = Annotated[
    bool, typer.Option("--json", help="Print JSON for machines, one object a line, and nothing else.")
]
Model = Annotated[str, typer.Argument(help="The model, by its name in the registry.", show_default=False)]
Decided = Annotated[
    str,
    typer.Argument(
        metavar="WORK|MODEL:VERSION",
        help="The key of a work (or at least its first 8 digits), or a version that was registered.",
        show_default=False,
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the records, with your name.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Send it without asking.")]


def _allowable(codes: list[str] | None) -> list[str] | None:
    from registration.policy.remark import FATAL, Code  # noqa: PLC0415 - only for those who ask for it

    known = [code for code in Code if code not in FATAL]
    if wrong := next((code for code in codes or () if code not in known), None):
        why = "the app can use no such policies" if wrong in FATAL else "there is no such code"
        raise typer.BadParameter(f"{wrong!r}: {why}; what can be left out is {', '.join(known)}")
    return codes


Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow", metavar="CODE", callback=_allowable, help="Leave out remarks of this code; may be repeated."
    ),
]


def version_of(said: str) -> tuple[str, int]:
    """The model and the number in `said`, written MODEL:VERSION; raises `InputError`."""
    found = _VERSION.fullmatch(said)
    if found is None:
        raise InputError(f"{said!r}: write MODEL:VERSION, such as churn-classifier:7")
    return found["model"], int(found["version"])


def time_of(said: str, *, option: str) -> datetime:
    """The time that has passed which a person gave to `option`, in UTC; raises `InputError`."""
    moment = _moment(said, option=option)
    if moment > datetime.now(UTC):
        raise InputError(f"{option} {said} is still to come; give a time that has passed")
    return moment


def _moment(said: str, *, option: str) -> datetime:
    from registration.step import utc  # noqa: PLC0415 - what it needs is slow to load

    try:
        return utc(datetime.fromisoformat(said.strip()))
    except (ValueError, OverflowError):
        raise InputError(
            f"{option} {said!r} is not a time; write it in ISO 8601, such as 2026-03-02 or 2026-03-02T08:30:00Z"
        ) from None
