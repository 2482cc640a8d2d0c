"""The templates keep every rule of the project."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest

from tests.infra import rules_access, rules_events, rules_names, rules_secrets, rules_shape
from tests.infra.project import ROOT, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    type Rule = Callable[[Project], Iterator[str]]

MODULES = (rules_shape, rules_secrets, rules_access, rules_names, rules_events)
HELPERS = {"queries"}


def rules() -> dict[str, Rule]:
    """Every public function of the modules of rules, by its name."""
    found = (
        pair
        for module in MODULES
        for pair in inspect.getmembers(module, inspect.isfunction)
        if pair[1].__module__ == module.__name__
    )
    return {name: rule for name, rule in found if not name.startswith("_") and name not in HELPERS}


@pytest.mark.parametrize("name", sorted(rules()))
def test_the_templates_keep_the_rule(name: str) -> None:
    assert list(rules()[name](Project(ROOT))) == []
