"""Names: the globals of one pickle, each once, and what is said about those that the profile does not list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.pickles import arguments, arrays
from registration.artifacts.pickles.values import Global
from registration.errors import TooLargeError

if TYPE_CHECKING:
    from registration.artifacts.pickles.globals import Profile

MOST = 20_000
MET = 1_000


class Names:
    """`table` has every global that the pickle referred to so far, by its number.

    `met` has a thousand as they are written. What that means depends on the protocol, so another one empties it.
    """

    __slots__ = ("_found", "_profile", "met", "table")

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._found: dict[tuple[str, str], Global] = {}
        self.met: dict[tuple[bytes, bytes], Global] = {}
        self.table: list[Global] = []

    def find(self, module: str, name: str) -> tuple[Global, bool]:
        """The global, and whether this is the first time; raises `TooLargeError` for more than 20,000 of them."""
        found = self._found.get((module, name))
        if found is not None:
            return found, False
        if len(self.table) >= MOST:
            raise TooLargeError("pickle.too_large", f"it refers to more than {MOST} globals")
        made = Global(module, name, self._profile.uses(module, name), len(self.table), is_plain(module, name))
        self._found[module, name] = made
        self.table.append(made)
        return made, True


def is_plain(module: str, name: str) -> bool:
    """Whether a call of it has no rule about its arguments and makes nothing that arrays are stepped over with."""
    return (module, name) not in arguments.RULES and (module, name) not in arrays.NAMES
