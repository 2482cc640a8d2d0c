"""The published JSON Schema: it is the current one, and it takes what the parser takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from registration.policy import document
from registration.policy.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "formats" / "policy.schema.json"
POLICIES = sorted(path for path in (ROOT / "policies").glob("*.yaml") if not path.name.endswith(".test.yaml"))
_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def complaints(value: Any, schema: dict[str, Any], *, whole: dict[str, Any], at: str = "") -> list[str]:
    """What the part of JSON Schema that ours uses has against `value`."""
    if "$ref" in schema:
        found = complaints(value, whole["$defs"][schema["$ref"].rpartition("/")[2]], whole=whole, at=at)
        return found + complaints(
            value, {key: rule for key, rule in schema.items() if key != "$ref"}, whole=whole, at=at
        )
    if "anyOf" in schema and all(complaints(value, one, whole=whole, at=at) for one in schema["anyOf"]):
        return [f"{at}: fits no choice"]
    wrong = [f"{at}: {key}" for key, rule in schema.items() if not _holds(key, rule, value)]
    if isinstance(value, dict):
        wrong += _of_members(value, schema, whole=whole, at=at)
    for place, entry in enumerate(value if isinstance(value, list) else []):
        wrong += complaints(entry, schema.get("items", {}), whole=whole, at=f"{at}[{place}]")
    return wrong


def _of_members(value: dict[str, Any], schema: dict[str, Any], *, whole: dict[str, Any], at: str) -> list[str]:
    wrong: list[str] = []
    for key, inner in value.items():
        rule = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
        wrong += [f"{at}.{key}: unknown"] if rule is False else complaints(inner, rule, whole=whole, at=f"{at}.{key}")
    return wrong


_NUMBERS = (int, float)
_RULES: dict[str, Callable[[Any, Any], bool]] = {
    "type": lambda rule, value: isinstance(value, _KINDS[rule]) and isinstance(value, bool) is (rule == "boolean"),
    "enum": lambda rule, value: value in rule,
    "const": lambda rule, value: bool(value == rule),
    "required": lambda rule, value: all(name in value for name in rule),
    "pattern": lambda rule, value: not isinstance(value, str) or re.search(rule, value) is not None,
    "minItems": lambda rule, value: len(value) >= rule,
    "minProperties": lambda rule, value: len(value) >= rule,
    "minLength": lambda rule, value: not isinstance(value, str) or len(value) >= rule,
    "minimum": lambda rule, value: not isinstance(value, _NUMBERS) or bool(value >= rule),
    "exclusiveMinimum": lambda rule, value: not isinstance(value, _NUMBERS) or bool(value > rule),
}


def _holds(key: str, rule: Any, value: Any) -> bool:
    return key not in _RULES or _RULES[key](rule, value)


def judged(text: str) -> list[str]:
    schema = json_schema()
    return complaints(yaml.safe_load(text), schema, whole=schema)


def test_the_published_schema_is_the_current_one() -> None:
    written = json.dumps(json_schema(), indent=2) + "\n"

    assert PUBLISHED.read_text(encoding="utf-8") == written, "registrar policy schema > docs/formats/policy.schema.json"


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_every_example_policy_is_valid_and_leads_editors_to_the_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    first = text.partition("\n")[0]
    assert (path.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve() == PUBLISHED
    assert judged(text) == []


EVERYTHING = """
apiVersion: registrar/v1
kind: PromotionPolicy
name: churn
mode: shadow
match: {any: [{job: {experiment: churn}}]}
models:
  - name: churn
    from: {output: model}
    group: pair
    compare_to: "pinned:3"
    require:
      tags: {owner: present, data: {one_of: [a, b]}, framework: {equals: sklearn}, run: {matches: "n-*"}}
      lineage: [job, code.commit]
      comparable_on: [eval]
    metrics:
      a:
        direction: HIGHER_IS_BETTER
        min: 0.8
        vs_champion: {max_regression: 1%, max_improvement: 0.2}
        slices: {"*": {vs_champion: {strict: true}, severity: warn}}
        tolerance: 0.01
        value: {step: 3}
        on_missing: {value: 0.5}
      b: {greater_is_better: false, vs_champion: {min_improvement: 0.5 %}, floor: 0.1, zero_champion: use_absolute}
    budget: {cumulative_regression: {a: 3%, since: best}}
    defaults: {on_missing: skip, no_champion: accept, comparable_missing: skip, value: best}
    then: {pass: register_only, hold: request_approval, fail: reject}
    approval: {people: 2, expires: 36h}
    retention: {keep: 3}
"""


def test_the_whole_vocabulary_is_valid() -> None:
    assert document.parse(EVERYTHING, source="x").models[0].pinned == 3
    assert judged(EVERYTHING) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("group: pair", "gruop: pair", ".models[0].gruop: unknown"),
        ("min: 0.8", "min: '0.8'", ".models[0].metrics.a.min: type"),
        ("strict: true", "strict: false", ".models[0].metrics.a.slices.*.vs_champion.strict: const"),
        ("expires: 36h", "expires: 2 weeks", ".models[0].approval.expires: pattern"),
        ("keep: 3", "keep: -1", ".models[0].retention.keep: minimum"),
        ("on_missing: skip", "on_missing: ignore", ".models[0].defaults.on_missing: fits no choice"),
        ("kind: PromotionPolicy\n", "", ": required"),
        ("tolerance: 0.01", "tolerance:", ".models[0].metrics.a.tolerance: type"),
        ("since: best", "since: then", ".models[0].budget.cumulative_regression.since: const"),
    ],
)
def test_what_the_parser_refuses_an_editor_marks_too(old: str, new: str, complaint: str) -> None:
    assert complaint in judged(EVERYTHING.replace(old, new, 1))
