"""Policies that ship with the app: a folder of YAML files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.errors import PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class FolderPolicies:
    """Every `.yaml` in `folder`, not in folders below it."""

    folder: Path

    def texts(self) -> Iterator[tuple[str, str]]:
        """The name and text of every policy; raises `PolicyError` if there is no such folder."""
        if not self.folder.is_dir():
            raise PolicyError(str(self.folder), [Problem("", "no such folder; REGISTRAR_POLICY names it")])
        for path in sorted(self.folder.glob("*.yaml")):
            name = f"{self.folder.name}/{path.name}"
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError as broken:
                raise PolicyError(name, [Problem("", f"is not UTF-8 (byte {broken.start})")]) from None
