"""The project as the rules see it: templates, what azd reads, and what the code says of the same things."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import function_app
from registration import events, names
from registration.settings import Settings
from tests.infra import bicep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.bicep import Declaration, Template

ROOT = Path(__file__).resolve().parents[2]
CONTAINERS = frozenset({names.STATE, names.DECISIONS, names.QUARANTINE, names.POLICIES, names.DEAD_LETTERS})
QUEUES = frozenset({names.WORK_QUEUE, names.POISON_QUEUE})
JOB_TYPES, DROP_TYPES = events.JOB_TYPES, events.DROP_TYPES


@dataclass(frozen=True)
class Project:
    """Everything below `root` that says how the app is deployed."""

    root: Path

    @property
    def templates(self) -> dict[str, Template]:
        """The Bicep files by their path below `infra`."""
        return _read_all(self.root, "*.bicep")

    @property
    def parameters(self) -> dict[str, Template]:
        """The parameter files, whose parameters are read as variables."""
        return _read_all(self.root, "*.bicepparam")

    @property
    def azure_yaml(self) -> Any:
        """What azd is told."""
        return yaml.safe_load(self.text("azure.yaml"))

    @property
    def workbook(self) -> Any:
        """The workbook's own document."""
        return json.loads(self.text("infra/workbook.json"))

    def text(self, name: str) -> str:
        """A file of the project."""
        return (self.root / name).read_text(encoding="utf-8")

    def made(self, kind: str = "") -> Iterator[tuple[Template, Declaration]]:
        """Every resource that any template makes, of a type or all."""
        return ((template, one) for template in self.templates.values() for one in template.made(kind))

    def modules(self) -> Iterator[tuple[Template, Declaration]]:
        """Every use of a module."""
        return ((template, one) for template in self.templates.values() for one in template.all("module").values())


def _read_all(root: Path, pattern: str) -> dict[str, Template]:
    infra = root / "infra"
    return {found.name: found for found in (bicep.read(path, infra) for path in sorted(infra.rglob(pattern)))}


@cache
def functions() -> dict[str, dict[str, Any]]:
    """The functions of the app: the trigger of each, as the host is told of it."""
    made = ((str(one.get_function_name()), one.get_trigger()) for one in function_app.app.get_functions())
    return {name: trigger.get_dict_repr() for name, trigger in made if trigger is not None}


def functions_with(trigger: str) -> set[str]:
    """The functions that have a trigger of a type, such as `eventGridTrigger`."""
    return {name for name, found in functions().items() if str(found["type"]) == trigger}


@cache
def settings_of_the_app() -> frozenset[str]:
    """The settings that the code reads."""
    return frozenset(str(one.alias) for one in Settings.model_fields.values())


@cache
def settings_of_others() -> frozenset[str]:
    """The settings that docs/settings.md says others read in Azure."""
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    section = page.partition("\n## Settings that others read\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", section, re.MULTILINE)
    in_azure = (row for row, reader in rows if "local runs" not in reader)
    return frozenset(name for row in in_azure for name in re.findall(r"`([^`]+)`", row))


@cache
def log_lines() -> tuple[str, ...]:
    """The formats of every line that the code logs."""
    found: list[str] = []
    for file in (ROOT / "registration").rglob("*.py"):
        found += re.findall(r"log\.(?:info|warning|error)\(\s*f?\"([^\"]+)\"", file.read_text(encoding="utf-8"))
    return tuple(found)


@cache
def metrics() -> frozenset[str]:
    """The metrics that the code sends."""
    text = (ROOT / "registration" / "azure" / "monitor.py").read_text(encoding="utf-8")
    return frozenset(re.findall(r"\.create_\w+\(\s*\"([^\"]+)\"", text))
