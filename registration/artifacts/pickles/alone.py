"""A context for a pickle alone: nothing lies inside of it and nothing around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.context import Context
from registration.artifacts.limits import Limits, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.pickles.globals import Profile
    from registration.finding import Finding


def alone(profile: Profile, *, path: str = "", limits: Limits | None = None) -> Context:
    """The context of one pickle under this profile."""
    chosen = limits or Limits()
    return Context(path, profile, chosen, Tally(chosen), _nothing, _nothing)


def _nothing(_inside: object, _context: Context) -> Iterator[Finding]:
    return iter(())
