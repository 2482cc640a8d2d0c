"""Profiles by name: which names the pickles of one kind of model may refer to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.artifacts.pickles import globals as lists
from registration.errors import InputError

if TYPE_CHECKING:
    from registration.artifacts.context import Profile

DEFAULT = "all"


@dataclass(frozen=True)
class Nothing:
    """The profile that allows no name at all: for artifacts that must hold no pickle."""

    name: str = "none"

    def allows(self, _module: str, _name: str) -> bool:
        """Never."""
        return False


NAMES = ("none", *lists.PROFILES)


def named(name: str) -> Profile:
    """The profile of that name; raises `InputError` if there is none."""
    if name not in NAMES:
        raise InputError(f"there is no profile {name!r}; there are {', '.join(NAMES)}")
    return lists.named(name) if name in lists.PROFILES else Nothing()
