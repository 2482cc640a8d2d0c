"""The decision record: everything a decision was made from, so that it can be explained and repeated years later.

`docs/formats/decision.md` describes the document. `registrar.py` writes one for every candidate, `Past` reads it back
when its version has become the champion that later candidates are compared with.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from registration.policy.decision import Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.artifacts.inventory import Artifact
    from registration.artifacts.validation import Validation
    from registration.candidate import Candidate
    from registration.finding import Finding
    from registration.policy.decision import Decision

FORMAT = "registrar/decision/v1"


@dataclass(frozen=True)
class Case:
    """One candidate with all that is known about it."""

    candidate: Candidate
    work: str
    artifact: Artifact
    validation: Validation
    metrics: Mapping[str, object]

    @property
    def evidence(self) -> Evidence:
        """What the decision may look at."""
        return Evidence(metrics=self.metrics, findings=self.validation.findings)

    def finding(self, *more: Finding) -> Case:
        """The same case with more findings."""
        return replace(self, validation=replace(self.validation, findings=(*self.validation.findings, *more)))


@dataclass(frozen=True)
class Past:
    """A champion as its decision recorded it."""

    version: int
    decision: str
    sha256: str | None
    metrics: Mapping[str, object]

    @classmethod
    def read(cls, version: int, digest: str, record: Mapping[str, Any]) -> Past:
        """What `record`, the decision `digest`, says of the version it promoted."""
        candidate = record["candidate"]
        return cls(version, digest, candidate["artifact_sha256"], candidate["metrics"])

    def is_same_as(self, case: Case) -> bool:
        """Whether the candidate is this very artifact and nothing is wrong with it."""
        return not case.validation.findings and case.validation.sha256 == self.sha256

    @property
    def evidence(self) -> Evidence:
        """What a later decision may look at."""
        return Evidence(metrics=self.metrics)


def write(
    case: Case, decision: Decision, *, champion: Past | None, version: int | None, decided_at: str
) -> dict[str, Any]:
    """The record of `decision`; the ledger adds its place in the model's history."""
    policy = case.candidate.policy
    return {
        "format": FORMAT,
        "model": case.candidate.model.name,
        "version": version,
        "promoted": version is not None and decision.promote,
        "decided_at": decided_at,
        **{key: value for key, value in decision.to_dict().items() if key != "promote"},
        "policy": {"name": policy.name, "digest": policy.policy.digest, "text_sha256": policy.text_sha256},
        "candidate": _candidate(case),
        "champion": _champion(champion) if champion else None,
    }


def promoted(record: Mapping[str, Any]) -> bool:
    """Whether a decision moved the champion; those of engine 1 registered a version only to promote it."""
    said = record.get("promoted", record.get("version") is not None)
    return said is True


def plain(value: object) -> object:
    """`value` as JSON allows it: a number that is not finite becomes its name, as MLflow writes it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int | float | bool | None):
        return value
    return text(str(value))


def text(value: str) -> str:
    """`value` with half a surrogate pair, which JSON can smuggle in and nothing can store, replaced by `?`."""
    return value.encode(errors="replace").decode()


def _candidate(case: Case) -> dict[str, Any]:
    offer = case.candidate
    return {
        "work": case.work,
        "source": list(offer.source.identity),
        "event": offer.event,
        "fingerprint": offer.listing_etag or case.artifact.fingerprint,
        "artifact_sha256": case.validation.sha256,
        "files": [{"path": file.path, "size": file.size, "etag": file.etag} for file in case.artifact.files],
        "findings": [asdict(finding) for finding in case.validation.findings],
        "metrics": _metrics(case.metrics),
        "lineage": offer.lineage.properties(),
    }


def _champion(champion: Past) -> dict[str, Any]:
    return {
        "version": champion.version,
        "decision": champion.decision,
        "artifact_sha256": champion.sha256,
        "metrics": _metrics(champion.metrics),
    }


def _metrics(metrics: Mapping[str, object]) -> dict[str, object]:
    return {text(name): plain(value) for name, value in sorted(metrics.items())}
