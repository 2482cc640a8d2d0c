"""Policies in files: the folder that ships with the app, and what counts as a policy or as the cases beside one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.errors import InputError, PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

LONGEST_TEXT = 1024 * 1024  # bytes
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


def files_at(paths: Iterable[Path]) -> list[Path]:
    """Every policy and file of cases among `paths`, once: a file is taken as it is, a folder for those right in it.

    Raises `InputError` if there is no such file or folder, or nothing in a folder.
    """
    return list(dict.fromkeys(file for path in paths for file in _at(path)))


def cases_at(paths: Iterable[Path]) -> list[Path]:
    """Every file of cases among `paths`; a policy stands for the cases beside it. Raises as `files_at`."""
    found = (beside(file) if is_policy(file.name) else [file] for file in files_at(paths))
    return list(dict.fromkeys(file for files in found for file in files))


def beside(policy: Path) -> list[Path]:
    """The files of cases that are called like `policy`."""
    found = (policy.with_name(policy.stem + ending) for ending in CASES)
    return [path for path in found if path.is_file()]


def read_text(path: Path, *, name: str) -> str:
    """The text of a file; raises `PolicyError` if it is too long or not UTF-8, `InputError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST_TEXT + 1)
        if len(data) > LONGEST_TEXT:
            raise PolicyError(name, [Problem("", f"is longer than {LONGEST_TEXT} bytes")])
        return data.decode()
    except UnicodeDecodeError as broken:
        raise PolicyError(name, [Problem("", f"is not UTF-8 (byte {broken.start})")]) from None
    except OSError as unreadable:
        raise InputError(f"{name}: {unreadable.strerror or unreadable}") from None


def _at(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"{path}: no such file or folder")
    if not (found := sorted(file for file in path.iterdir() if file.is_file() and file.name.endswith(_YAML))):
        raise InputError(f"{path}: holds no .yaml file; folders below it are not looked at")
    return found
