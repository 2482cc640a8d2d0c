"""Policies in files: the folder that ships with the app, and what counts as a policy or as the cases beside one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.errors import InputError, PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

CASES = (".test.yaml", ".test.yml")
_YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class FolderPolicies:
    """Every `.yaml` in `folder` but the cases, not in folders below it."""

    folder: Path

    def texts(self) -> Iterator[tuple[str, str]]:
        """The name and text of every policy; raises `PolicyError` if there is no such folder."""
        if not self.folder.is_dir():
            raise PolicyError(str(self.folder), [Problem("", "no such folder; REGISTRAR_POLICY names it")])
        for path in sorted(self.folder.glob("*.yaml")):
            if is_policy(path.name):
                name = f"{self.folder.name}/{path.name}"
                yield name, read_text(path, name=name)


def is_policy(name: str) -> bool:
    """Whether a file or blob of this name holds a policy: YAML, and not the cases that test one."""
    return name.endswith(_YAML) and not is_cases(name)


def is_cases(name: str) -> bool:
    """Whether a file of this name holds cases that test a policy."""
    return name.endswith(CASES)


def policies_at(paths: Iterable[Path]) -> list[Path]:
    """Every policy among `paths`: a file is taken as it is, a folder for its policies."""
    return [file for path in paths for file in _at(path, is_policy)]


def cases_at(paths: Iterable[Path]) -> list[Path]:
    """Every file of cases among `paths`: a policy stands for the cases beside it."""
    return [file for path in paths for file in (beside(path) if _is_policy_file(path) else _at(path, is_cases))]


def beside(policy: Path) -> list[Path]:
    """The files of cases that are called like `policy`."""
    found = (policy.with_name(policy.stem + ending) for ending in CASES)
    return [path for path in found if path.is_file()]


def read_text(path: Path, *, name: str) -> str:
    """The text of a file; raises `PolicyError` if it is not UTF-8, `InputError` if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as broken:
        raise PolicyError(name, [Problem("", f"is not UTF-8 (byte {broken.start})")]) from None
    except OSError as unreadable:
        raise InputError(f"{name}: {unreadable.strerror or unreadable}") from None


def _is_policy_file(path: Path) -> bool:
    return path.is_file() and is_policy(path.name)


def _at(path: Path, wanted: Callable[[str], bool]) -> list[Path]:
    """Raises `InputError` if there is no `path`, or a folder without anything that is wanted."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"{path}: no such file or folder")
    return sorted(file for file in path.iterdir() if file.is_file() and wanted(file.name))
