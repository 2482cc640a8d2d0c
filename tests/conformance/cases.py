"""The conformance cases: what a policy, made-up evidence and the specification say together.

Each case is data in a YAML file beside this one. Expected outcomes and verdicts are written by hand from the semantics
in docs/formats/policy.md, never taken from a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from registration.documents import load
from registration.finding import Finding, Level
from registration.policy import Evidence, ModelPolicy, Outcome, Point, decide
from registration.policy.baseline import Baseline
from registration.policy.decision import Member
from registration.policy.override import Override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.policy import Decision

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One case, with the file it stands in."""

    file: str
    asked: dict[str, Any]

    @property
    def name(self) -> str:
        """What it claims, as a sentence; unique among all cases."""
        return str(self.asked["name"])

    @property
    def expected(self) -> tuple[str, bool, dict[str, str]]:
        """The outcome, whether the version becomes champion, and each rule's result and code; passed says both."""
        outcome = self.asked["outcome"]
        return outcome, self.asked.get("promote", outcome == "register"), self.asked["verdicts"]

    def decide(self) -> Decision:
        """The decision of the engine."""
        return decide(
            load(ModelPolicy, {"name": "model", **self.asked["policy"]}, source=self.name),
            candidate=_evidence(self.asked["candidate"], self.asked.get("findings", ())),
            champion=_evidence(self.asked["champion"]) if "champion" in self.asked else None,
            past=[_evidence(one) for one in self.asked.get("past", ())],
            unadopted=self.asked.get("unadopted", False),
            overrides=list(_overrides(self.asked.get("overrides"))),
            group=[Member(model, Outcome(outcome)) for model, outcome in self.asked.get("group", ())],
            baselines=[_baseline(**one) for one in self.asked.get("baselines", ())],
        )


def every() -> list[Case]:
    """All cases, file by file."""
    files = sorted(FOLDER.glob("*.yaml"))
    return [Case(file.stem, asked) for file in files for asked in yaml.safe_load(file.read_text(encoding="utf-8"))]


def seen(decision: Decision) -> tuple[str, bool, dict[str, str]]:
    """A decision in the form of a case's expectation."""
    said = {one.rule: f"{one.result} {one.code}".replace("passed passed", "passed") for one in decision.verdicts}
    return decision.outcome.value, decision.promote, said


def _evidence(written: dict[str, Any], findings: tuple[str, ...] = ()) -> Evidence:
    parts = dict(written)
    history = {metric: tuple(Point(*point) for point in points) for metric, points in parts.pop("history", {}).items()}
    found = tuple(_finding(*said.split()) for said in findings)
    return Evidence(**parts | {"from_tags": frozenset(parts.get("from_tags", ()))}, history=history, findings=found)


def _baseline(registry: str, *, model: str = "model", problem: str = "", **evidence: Any) -> Baseline:
    return Baseline(registry, model, _evidence(evidence) if evidence else None, problem=problem)


def _finding(code: str, level: str = "unsafe") -> Finding:
    return Finding(code, "model", "is wrong", level=Level(level))


def _overrides(rules: list[str] | str | None) -> Iterator[Override]:
    if rules:
        named = (rules,) if isinstance(rules, str) else tuple(rules)
        yield Override(
            work="work",
            actors=("ann",),
            requests=("request",),
            reason="known and accepted",
            expires="2027-01-01T00:00:00+00:00",
            rules=named,
            artifact_sha256="sha256",
            policy_digest="digest",
            champion_seq=1,
        )
