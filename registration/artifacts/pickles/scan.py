"""The scan of a file that holds one pickle or several in a row, as pickle or joblib would load it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.pickles import findings
from registration.artifacts.pickles.machine import Machine
from registration.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.pickles.globals import Profile
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

MOST = 1000  # pickles in a row


def scan(reader: Reader, context: Context, profile: Profile) -> Iterator[Finding]:
    """Every finding. Where the context has storages, the keys of tensors are added to them."""
    offset = 0
    for count in range(MOST):
        machine = Machine(reader, context, profile, offset=offset)
        try:
            yield from machine.run()
            is_last = not reader.read(machine.end or 0, 1)
        except UnreadableError as stop:
            yield _unread(context, stop, offset if count else None)
            return
        offset = machine.end or 0
        if is_last:
            yield from [findings.several(context, count + 1)] if count else []
            return
    yield findings.stopped(context, "pickle.too_large", f"there are more than {MOST} pickles in a row", offset)


def _unread(context: Context, stop: UnreadableError, trailing: int | None) -> Finding:
    if trailing is not None and stop.code == "pickle.broken":
        return findings.trailing_bytes(context, trailing)
    return findings.stopped(context, stop.code, str(stop), stop.offset)
