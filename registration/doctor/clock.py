"""The clock: how far this machine's is from those of the services, which date every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registration.doctor.check import failed, ok, skipped, warning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registration.doctor.check import Check

NAME: Final = "clock"
NOTABLE_SECONDS: Final = 30
UNUSABLE_SECONDS: Final = 300  # tokens that are five minutes off are refused
_THEN: Final = "Let this machine keep its time by NTP."


def check(ahead: Iterable[float]) -> Check:
    """What the services' clocks say; `ahead` are the seconds that each answer was ahead of this machine."""
    seen = sorted(ahead)
    if not seen:
        return skipped(NAME, "no answer told the time")
    # In the middle: a slow answer is old when it comes.
    off = seen[len(seen) // 2]
    said = f"this machine is {abs(off):.0f} s {'behind' if off > 0 else 'ahead of'} the services"
    if abs(off) >= UNUSABLE_SECONDS:
        return failed(NAME, f"{said}: tokens are refused", then=_THEN)
    if abs(off) >= NOTABLE_SECONDS:
        return warning(NAME, said, then=_THEN)
    return ok(NAME, said)
