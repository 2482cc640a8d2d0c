"""Globals: the names that a pickle refers to, and how they stand with a profile.

A profile is a list of exact names. It never has prefixes or whole modules: each trusted module refers to others that
must not be reached. The list of dangerous names only makes the answer clearer; what it does not have is not allowed.
"""

from __future__ import annotations

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, override

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "profiles"
USES = frozenset({"call", "new", "refer"})
# A profile and the lists it is made of. Files of joblib are files of numpy arrays.
PROFILES: Mapping[str, tuple[str, ...]] = {
    "base": ("base",),
    "numpy": ("base", "numpy", "joblib"),
    "scipy": ("base", "numpy", "joblib", "scipy"),
    "sklearn": ("base", "numpy", "joblib", "scipy", "sklearn"),
    "xgboost": ("base", "numpy", "joblib", "scipy", "sklearn", "xgboost"),
    "lightgbm": ("base", "numpy", "joblib", "scipy", "sklearn", "lightgbm"),
    "pandas": ("base", "numpy", "joblib", "scipy", "sklearn", "pandas"),
    "torch": ("base", "numpy", "torch"),
    "all": ("base", "numpy", "joblib", "scipy", "sklearn", "xgboost", "lightgbm", "pandas", "torch"),
}
type Names = Mapping[tuple[str, str], frozenset[str]]


class Listing(Protocol):
    """Exact names, without a word on what they may be used for."""

    @property
    def name(self) -> str:
        """As people call it."""
        ...

    def allows(self, module: str, name: str) -> bool:
        """Whether `module` and `name` are on the list, exactly."""
        ...


@dataclass(frozen=True)
class Profile:
    """What pickles of one kind of model may refer to: each name exactly, and what may be done with it.

    `call` allows to call it, `new` to make an instance without calling it, `refer` neither.
    """

    name: str
    names: Names

    @classmethod
    def of(cls, listing: Listing) -> Profile:
        """This profile itself; what any other list allows may be used in each way."""
        return listing if isinstance(listing, cls) else Profile(listing.name, _Whatever(listing))

    def allows(self, module: str, name: str) -> bool:
        """Whether it is on the list."""
        return bool(self.uses(module, name))

    def uses(self, module: str, name: str) -> frozenset[str]:
        """What the list lets a pickle do with it; nothing if it is not listed."""
        listed = self.names.get((module, name), frozenset())
        return listed or (_OF_SCRIPT if _is_of_script(module) and _SCRIPTED in self.names else listed)


# Not a module: classes of TorchScript that the same file defines, in code that is looked into by itself. Which library
# brings those below `torch.classes`, nobody can tell.
_SCRIPTED, _OF_SCRIPT = ("torch.jit._pickle", "restore_type_tag"), frozenset({"new", "refer"})


def _is_of_script(module: str) -> bool:
    path = module.split(".")
    return path[0] == "__torch__" and path[1:3] != ["torch", "classes"]


class _Whatever(Mapping[tuple[str, str], frozenset[str]]):
    """The names of a listing that does not say what they are for."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    @override
    def __getitem__(self, key: tuple[str, str]) -> frozenset[str]:
        if not self._listing.allows(*key):
            raise KeyError(key)
        return USES

    @override
    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(())

    @override
    def __len__(self) -> int:
        return 0


@cache
def named(name: str) -> Profile:
    """The profile of this name; raises `KeyError` if there is none."""
    lists = [entries(part) for part in PROFILES[name]]
    return Profile(name, {key: _merged(key, lists) for names in lists for key in names})


@cache
def entries(part: str) -> Names:
    """The names of one list."""
    rows = (line.split() for line in lines(f"{part}.txt"))
    return {(module, name): frozenset({*uses.split(","), "refer"}) for module, name, uses in rows}


def resolved(module: str, name: str, *, protocol: int) -> tuple[str, str]:
    """The name that is looked up: pickles before protocol 3 use those of Python 2."""
    if protocol >= 3:  # noqa: PLR2004 - what pickle.Unpickler.find_class does
        return module, name
    if (module, name) in NAME_MAPPING:
        return NAME_MAPPING[module, name]
    return IMPORT_MAPPING.get(module, module), name


def is_dangerous(module: str, name: str) -> bool:
    """Whether it is listed as dangerous, lies below something that is, or leads to either.

    A trusted module imports others: `os` of `sklearn.utils`, and the dotted name `os.system` of any module, are `os`.
    """
    steps = name.split(".")
    if len(steps) > 1 and any(step.startswith("__") for step in steps):
        return True
    whole = [*module.split("."), *steps]
    return _is_below(whole) or any(_is_below(steps[start:]) for start in range(len(steps)))


def lines(file: str) -> Iterator[str]:
    """The lines of a list, without comments."""
    for line in (FOLDER / file).read_text(encoding="utf-8").splitlines():
        if text := line.partition("#")[0].strip():
            yield text


def _is_below(path: list[str]) -> bool:
    return any(".".join(path[:end]) in _dangerous() for end in range(1, len(path) + 1))


@cache
def _dangerous() -> frozenset[str]:
    return frozenset(lines("dangerous.txt"))


def _merged(key: tuple[str, str], lists: list[Names]) -> frozenset[str]:
    return frozenset().union(*(names.get(key, frozenset()) for names in lists))
