"""What the tests of the importers share: a config goes in as a value, the rules of its one model come out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from registration.errors import ForeignConfigError
from registration.policy.importers import KINDS

if TYPE_CHECKING:
    from registration.policy.importers.draft import Imported


def imported(kind: str, config: object) -> Imported:
    """The import of `config`, written as JSON unless it is text already."""
    text = config if isinstance(config, str) else json.dumps(config)
    return KINDS[kind](text, source="config", experiment="e", name=None)


def model(found: Imported) -> dict[str, Any]:
    """The one model of the policy, numbers as floats."""
    [only] = found.policy["models"]
    return json.loads(json.dumps(only, default=float))  # type: ignore[no-any-return]  # JSON of a mapping is one


def metrics(kind: str, config: object) -> dict[str, Any]:
    """The rules of each metric."""
    found: dict[str, Any] = model(imported(kind, config)).get("metrics", {})
    return found


def warnings(kind: str, config: object) -> str:
    """Every warning, one a line."""
    return "\n".join(map(str, imported(kind, config).warnings))


def refusal(kind: str, config: object) -> str:
    """What the error says."""
    with pytest.raises(ForeignConfigError) as caught:
        imported(kind, config)
    return str(caught.value)
