"""Cases: what a policy has to answer to evidence that somebody made up. The tests of a policy, in YAML beside it.

`parse` makes them, `run` puts each to the policy and tells every difference between what was expected and what came.
The format is docs/formats/policy-tests.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from registration.documents import Document, load
from registration.errors import InputError, PolicyError, Problem
from registration.policy import document, trial, yaml_text
from registration.policy.document import Policy
from registration.policy.evidence_file import EvidenceDocument
from registration.policy.fields import RelativePath, Word
from registration.policy.folder import read_text
from registration.policy.trial import Trial
from registration.policy.verdict import Verdict

type Outcome = Literal["register", "hold", "reject", "duplicate"]
type Said = Literal["passed", "failed", "held", "warned", "skipped", "error"]


def _result_alone(written: object) -> object:
    return {"result": written} if isinstance(written, str) else written


def _one_or_more(written: object) -> object:
    return [written] if isinstance(written, str) else written


class Expected(Document):
    """What one rule has to say; a plain word is its result."""

    result: Said | None = None
    code: Word | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.result is None and self.code is None:
            raise ValueError("needs result, code or both")
        return self

    def __str__(self) -> str:
        return " ".join(filter(None, (self.result, f"({self.code})" if self.code else "")))

    def fits(self, verdict: Verdict) -> bool:
        """Whether the verdict is what was expected."""
        return self.result in {None, verdict.result.value} and self.code in {None, verdict.code}


class Expectation(Document):
    """What the policy has to answer; only what is written is looked at."""

    outcome: Outcome | None = None
    promote: bool | None = None
    verdicts: Mapping[Word, Annotated[Expected, BeforeValidator(_result_alone)]] = Field(default_factory=dict)
    reasons_contain: Annotated[tuple[Word, ...], BeforeValidator(_one_or_more)] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("needs outcome, promote, verdicts or reasons_contain")
        return self


class PolicyCase(Document):
    """Evidence, and what the policy has to answer to it."""

    name: Word
    model: Word | None = None
    candidate: EvidenceDocument
    champion: EvidenceDocument | None = None
    past: tuple[EvidenceDocument, ...] = ()
    unadopted: bool = False
    expect: Expectation


class CaseFile(Document):
    """The cases of one policy, which lies at `policy`, relative to the file."""

    policy: RelativePath
    cases: Annotated[tuple[PolicyCase, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Mismatch:
    """One expectation that was not met: where, what was expected, what came, and what else the policy says there."""

    place: str
    expected: str
    got: str
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseResult:
    """What came of one case; it passed if nothing differs."""

    source: str
    name: str
    trial: Trial
    mismatches: tuple[Mismatch, ...]

    @property
    def passed(self) -> bool:
        """Whether the policy answered as expected."""
        return not self.mismatches

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        said = {"file": self.source, "name": self.name, "passed": self.passed, "outcome": self.trial.outcome}
        return {**said, "model": self.trial.model, "mismatches": [asdict(each) for each in self.mismatches]}


def parse(text: str, *, source: str) -> CaseFile:
    """The cases written in `text`; raises `PolicyError` naming `source` and the place."""
    cases = load(CaseFile, yaml_text.parse(text, source=source), source=source, error=PolicyError)
    names = [case.name for case in cases.cases]
    twice = [index for index, name in enumerate(names) if name in names[:index]]
    if twice:
        raise PolicyError(source, [Problem(f"cases[{at}].name", f"{names[at]!r} is another case") for at in twice])
    return cases


def run(path: Path, *, source: str) -> Iterator[CaseResult]:
    """What comes of every case in the file; raises `PolicyError` if it, or the policy it names, cannot be used."""
    cases = parse(read_text(path, name=source), source=source)
    place = path.parent / cases.policy
    if not place.is_file():
        raise PolicyError(source, [Problem("policy", f"there is no file {cases.policy} beside this one")])
    policy = document.parse(read_text(place, name=str(place)), source=str(place))
    yield from judged(cases, policy, source=source)


def judged(cases: CaseFile, policy: Policy, *, source: str) -> Iterator[CaseResult]:
    """What comes of every case; raises `PolicyError` at the first that names no model of `policy`."""
    for index, case in enumerate(cases.cases):
        try:
            model = trial.chosen(policy, case.model)
        except InputError as unknown:
            raise PolicyError(source, [Problem(f"cases[{index}].model", str(unknown))]) from None
        found = trial.of(
            model, candidate=case.candidate, champion=case.champion, past=case.past, unadopted=case.unadopted
        )
        yield CaseResult(source, case.name, found, tuple(_mismatches(case.expect, found)))


def _mismatches(expected: Expectation, found: Trial) -> Iterator[Mismatch]:
    if expected.outcome not in {None, found.outcome}:
        yield Mismatch("outcome", str(expected.outcome), found.outcome, found.reasons)
    if expected.promote not in {None, found.promote}:
        yield Mismatch("promote", str(expected.promote).lower(), str(found.promote).lower())
    said = {verdict.rule: verdict for verdict in found.verdicts}
    for rule, wanted in expected.verdicts.items():
        yield from _of_rule(rule, wanted, said)
    for part in expected.reasons_contain:
        if not any(part in reason for reason in found.reasons):
            yield Mismatch("reasons", f"one that contains {part!r}", "none that does", found.reasons)


def _of_rule(rule: str, wanted: Expected, said: Mapping[str, Verdict]) -> Iterator[Mismatch]:
    verdict = said.get(rule)
    if verdict is None:
        yield Mismatch(rule, str(wanted), "no such rule was judged", (f"there is {', '.join(said) or 'none'}",))
    elif not wanted.fits(verdict):
        got = verdict.result.value + ("" if verdict.code == verdict.result else f" ({verdict.code})")
        yield Mismatch(rule, str(wanted), got, tuple(_numbers(verdict)))


def _numbers(verdict: Verdict) -> Iterator[str]:
    yield verdict.reason
    names = ("candidate", "champion", "bound", "margin")
    given: list[tuple[str, Any]] = [(name, getattr(verdict, name)) for name in names]
    if any(value is not None for _, value in given):
        yield "  ".join(f"{name} {value}" for name, value in given if value is not None)
    if verdict.counterfactual:
        yield verdict.counterfactual
