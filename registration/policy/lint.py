"""Lint: what is allowed in a policy and is hardly meant, found without any evidence.

`check` gives everything that can be said of some policies together: what cannot be read, two policies about one
model, and what the checks below find in each. The codes are listed in docs/commands.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from registration.documents import spelled
from registration.errors import PolicyError, Problem
from registration.policy import cases, document, lint_metrics
from registration.policy.folder import is_cases
from registration.policy.lines import line_of, located
from registration.policy.lint_metrics import Said
from registration.policy.remark import Code, Remark, Weight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from registration.policy.document import ModelPolicy, Policy
    from registration.policy.drop import DropMatch


@dataclass(frozen=True)
class Checked:
    """Policies that were checked together: those that could be read, by file, and what was said of all of them."""

    policies: Mapping[str, Policy]
    remarks: tuple[Remark, ...]

    @property
    def errors(self) -> int:
        """How many remarks are errors."""
        return sum(remark.weight is Weight.ERROR for remark in self.remarks)

    @property
    def warnings(self) -> int:
        """How many remarks are warnings."""
        return len(self.remarks) - self.errors

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        remarks = [remark.to_dict() for remark in self.remarks]
        return {"errors": self.errors, "warnings": self.warnings, "remarks": remarks}

    def without(self, codes: Iterable[str]) -> Checked:
        """The same without the remarks of these codes."""
        left_out = frozenset(codes)
        return replace(self, remarks=tuple(remark for remark in self.remarks if remark.code not in left_out))


def check(texts: Mapping[str, str | PolicyError]) -> Checked:
    """Everything to be said of the policies in `texts`, by file; errors come before warnings in each.

    Of cases only what makes them unusable is said. Instead of a text there may be why it could not be read.
    """
    policies: dict[str, Policy] = {}
    said: dict[str, list[Said]] = {source: [] for source in texts}
    for source, text in texts.items():
        try:
            if isinstance(text, PolicyError):
                raise text
            if is_cases(source):
                cases.parse(text, source=source)
            else:
                policies[source] = document.parse(text, source=source)
        except PolicyError as wrong:
            said[source] += map(_unusable, wrong.problems)
    for source, one in (*_each(policies), *_models_twice(policies)):
        said[source].append(one)
    remarks = (remark for source, text in texts.items() for remark in _remarks(source, text, said[source]))
    return Checked(policies, tuple(remarks))


def _remarks(source: str, given: str | PolicyError, said: list[Said]) -> Iterator[Remark]:
    text = given if isinstance(given, str) else ""
    told = sorted(said, key=lambda one: one.weight)
    problems = located([Problem(one.path, one.message) for one in told], text) if told else []
    for one, problem in zip(told, problems, strict=True):
        line = problem.line if problem.line is not None else line_of(problem, text)
        yield Remark(one.weight, one.code, source, one.path, one.message, line)


def _unusable(problem: Problem) -> Said:
    return Said(Weight.ERROR, Code.UNUSABLE, problem.path, problem.message)


def _each(policies: Mapping[str, Policy]) -> Iterator[tuple[str, Said]]:
    for source, policy in policies.items():
        for said in (*_of_match(policy), *_of_models(policy)):
            yield source, said


def _of_match(policy: Policy) -> Iterator[Said]:
    entries = policy.match.any_of
    for index, entry in enumerate(entries):
        if entry in entries[:index]:
            message = f"says the same as match.any[{entries.index(entry)}]"
            yield Said(Weight.WARNING, Code.UNREACHABLE, f"match.any[{index}]", message)
        elif (wider := _wider(policy, entry.drop)) is not None:
            message = f"is covered by the drops in {wider.prefix or f'the whole container {wider.container}'} already"
            yield Said(Weight.WARNING, Code.UNREACHABLE, f"match.any[{index}]", message)


def _wider(policy: Policy, drop: DropMatch | None) -> DropMatch | None:
    others = (other for other in policy.match.drops if drop is not None and other != drop and _covers(other, drop))
    return next(others, None)


def _covers(wide: DropMatch, narrow: DropMatch) -> bool:
    return _kind(wide) == _kind(narrow) and (narrow.prefix or "").startswith(wide.prefix or "")


def _kind(drop: DropMatch) -> tuple[str | None, ...]:
    """What two entries have in common if a drop of one is a drop of the other, wherever it lies."""
    return (drop.account, drop.container, drop.completeness, drop.sign, drop.files)


def _of_models(policy: Policy) -> Iterator[Said]:
    for index, model in enumerate(policy.models):
        place = ("models", index)
        if not policy.match.jobs and model.source is not None:
            message = "is never used: match has no job, and a drop brings its own folder"
            yield Said(Weight.WARNING, Code.UNREACHABLE, spelled((*place, "from")), message)
        if model.group and not any(other.group == model.group for other in policy.models if other is not model):
            message = f"is alone in {model.group}: no other model of this policy is in the group"
            yield Said(Weight.WARNING, Code.UNREACHABLE, spelled((*place, "group")), message)
        if not _asks_anything(model):
            message = "asks nothing of any metric, so every candidate is held"
            yield Said(Weight.WARNING, Code.NO_RULE, spelled(place), message)
            continue
        yield from lint_metrics.of(model, place)


def _asks_anything(model: ModelPolicy) -> bool:
    return any(lint_metrics.asks(metric) for metric in model.metrics.values())


def _models_twice(policies: Mapping[str, Policy]) -> Iterator[tuple[str, Said]]:
    """A policy in the mode `shadow` decides beside the one that is in force."""
    owners: dict[str, str] = {}
    enforcing = {source: policy for source, policy in policies.items() if policy.mode == "enforce"}
    for source, policy in enforcing.items():
        for index, model in enumerate(policy.models):
            owner = owners.setdefault(model.name, source)
            if owner != source:
                message = f"{model.name!r} is decided by {owner} already; no policy could be used"
                yield source, Said(Weight.ERROR, Code.TWO_POLICIES, f"models[{index}].name", message)
