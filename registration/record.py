"""The decision record: everything a decision was made from, so that it can be explained and repeated years later.

`docs/formats/decision.md` describes the document. `deciding.py` writes one for every candidate, `Past` reads it back
when its version has become the champion that later candidates are compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from registration import kept
from registration.candidate import work_key
from registration.policy.baseline import Baseline
from registration.policy.decision import ENGINE_VERSION, decide
from registration.revocation import REVOKED
from registration.signatures.verification import Verified

if TYPE_CHECKING:
    from registration.artifacts.inventory import Artifact
    from registration.artifacts.store import StoredFile
    from registration.artifacts.validation import Validation
    from registration.candidate import Candidate
    from registration.finding import Finding
    from registration.policy.catalog import Shadow
    from registration.policy.decision import Decision, Evidence, Member
    from registration.policy.document import ModelPolicy
    from registration.policy.override import Override

FORMAT = "registrar/decision/v1"
_OF_SIGNATURES = "signature."
type Signatures = Mapping[str | None, Verified]  # under the policy that decides, None, and under each shadow by name


@dataclass(frozen=True)
class Case:
    """One candidate with all that is known about it; `known` is that but its files.

    The findings of `validation` are those under the policy that decides, of `signatures` too.
    """

    candidate: Candidate
    work: str
    artifact: Artifact
    validation: Validation
    known: Evidence
    signatures: Signatures = field(default_factory=dict)

    @property
    def metrics(self) -> Mapping[str, object]:
        """Its metrics overall."""
        return self.known.metrics

    @property
    def evidence(self) -> Evidence:
        """What the decision may look at."""
        validation = self.validation
        return replace(
            self.known,
            findings=validation.findings,
            artifact_sha256=validation.sha256,
            formats=validation.formats,
        )

    def under(self, shadow: Shadow) -> Evidence:
        """What the decision of a shadow may look at: with what the signatures come to for it."""
        others = [each for each in self.validation.findings if not each.code.startswith(_OF_SIGNATURES)]
        found = self.signatures.get(shadow.name, Verified()).findings
        return replace(self.evidence, findings=(*found, *others))

    @property
    def is_revoked(self) -> bool:
        """Whether its files are known to be denied."""
        return any(found.code == REVOKED for found in self.validation.findings)

    @property
    def signed_by(self) -> list[dict[str, Any]]:
        """Whose signatures hold, as a record keeps it; a name that a certificate states is outside text."""
        signers = self.signatures.get(None, Verified()).signers
        return [{**asdict(each), "identity": each.identity and kept.text(each.identity)} for each in signers]

    @property
    def fingerprint(self) -> str:
        """Of the listing; for a drop with a manifest, the manifest's ETag."""
        return self.candidate.fingerprint(self.artifact)

    @property
    def earlier(self) -> tuple[str, ...]:
        """The keys of the works that decided about this very offer before, newest first."""
        offer, last = self.candidate, self.candidate.again.epoch if self.candidate.again else 0
        named = {"model": offer.model.name, "fingerprint": self.fingerprint}
        return tuple(work_key(offer.source, **named, epoch=epoch) for epoch in reversed(range(last)))

    def standing(self, champion_seq: int) -> tuple[Override, ...]:
        """The overrides that were given for these files, this policy and this champion."""
        again = self.candidate.again
        return tuple(each for each in again.overrides if self._is_what_was_seen(each, champion_seq)) if again else ()

    def _is_what_was_seen(self, override: Override, champion_seq: int) -> bool:
        digest = self.candidate.policy.policy.digest
        sha256 = self.validation.sha256
        return override.stands(artifact_sha256=sha256, policy_digest=digest, champion_seq=champion_seq)

    def finding(self, *more: Finding) -> Case:
        """The same case with more findings."""
        return replace(self, validation=replace(self.validation, findings=(*self.validation.findings, *more)))


@dataclass(frozen=True)
class Past:
    """A champion as its decision recorded it."""

    version: int
    decision: str
    evidence: Evidence

    @classmethod
    def read(cls, version: int, digest: str, record: Mapping[str, Any]) -> Past:
        """What `record`, the decision `digest`, says of the version it promoted."""
        known = kept.evidence_in(record["candidate"])
        return cls(version, digest, replace(known, findings=(), version=version))

    @property
    def sha256(self) -> str | None:
        """What identifies its files; None for a version that was adopted."""
        return self.evidence.artifact_sha256

    def is_same_as(self, case: Case) -> bool:
        """Whether the candidate is this very artifact and nothing is wrong with it."""
        return not case.validation.objections and case.validation.sha256 == self.sha256


@dataclass(frozen=True)
class Beside:
    """What a decision is made from beside the candidate and the policy; `past` only where a policy asks for it."""

    champion: Past | None = None
    past: tuple[Past, ...] = ()
    unadopted: bool = False
    overrides: tuple[Override, ...] = ()
    group: tuple[Member, ...] = ()
    baselines: tuple[Baseline, ...] = ()

    def decide(self, model: ModelPolicy, candidate: Evidence) -> Decision:
        """The decision of `model`."""
        return decide(
            model,
            candidate=candidate,
            champion=self.champion.evidence if self.champion else None,
            past=[one.evidence for one in self.past],
            unadopted=self.unadopted,
            overrides=self.overrides,
            group=self.group,
            baselines=self.baselines,
        )


def write(case: Case, decision: Decision, *, beside: Beside, version: int | None, decided_at: str) -> dict[str, Any]:
    """The record of `decision`; the ledger adds its place in the model's history."""
    policy = case.candidate.policy
    without = {"promote"} if version is not None else {"promote", "share"}
    return {
        "format": FORMAT,
        "model": case.candidate.model.name,
        "version": version,
        "promoted": version is not None and decision.promote,
        "decided_at": decided_at,
        **{key: value for key, value in decision.to_dict().items() if key not in without},
        "policy": {"name": policy.name, "digest": policy.policy.digest, "text_sha256": policy.text_sha256},
        "candidate": _candidate(case),
        "champion": compared_with(beside.champion) if beside.champion else None,
        "past": [_past(one, case.candidate) for one in beside.past],
        **({"baselines": [*map(_baseline, beside.baselines)]} if beside.baselines else {}),
        "unadopted": beside.unadopted,
        "group": [asdict(member) for member in beside.group],
        "shadow": [shadowed(shadow, case, beside) for shadow in case.candidate.shadows],
    }


def shadowed(shadow: Shadow, case: Case, beside: Beside) -> dict[str, Any]:
    """What a shadow policy says of the case; what people answered for, they did not answer for under this policy."""
    told = {"policy": shadow.name, "text_sha256": shadow.text_sha256}
    if shadow.policy is None or shadow.model is None:
        error = {"digest": None, "outcome": None, "promote": False, "reasons": [shadow.error], "verdicts": []}
        return {**told, **error, "engine": ENGINE_VERSION}
    decision = replace(beside, overrides=(), group=()).decide(shadow.model, case.under(shadow))
    verified = case.signatures.get(shadow.name, Verified()).findings
    signatures = {"signatures": [asdict(each) for each in verified]} if shadow.model.artifact.signature else {}
    return {**told, "digest": shadow.policy.digest, **decision.to_dict(), **signatures}


def asked(case: Case, *, champion_seq: int) -> dict[str, Any]:
    """What people had to do with the decision; nothing for what an event offered."""
    again = case.candidate.again
    if again is None:
        return {}
    standing = case.standing(champion_seq)
    overrides = [{**each.to_dict(), "stands": each in standing} for each in again.overrides]
    return {"follows": again.follows, "requests": list(again.requests), "overrides": overrides}


def _candidate(case: Case) -> dict[str, Any]:
    offer = case.candidate
    return {
        "work": case.work,
        "source": list(offer.source.identity),
        "event": offer.event,
        "fingerprint": case.fingerprint,
        "artifact_sha256": case.validation.sha256,
        "files": [] if case.artifact.is_cut else [_file(file, case.validation) for file in case.artifact.files],
        "formats": kept.words(case.validation.formats),
        "flavors": {name: kept.words(said) for name, said in sorted(case.validation.flavors.items())},
        "properties": dict(sorted(offer.model.properties.items())),
        "findings": [asdict(finding) for finding in case.validation.findings],
        **({"signed_by": case.signed_by} if case.signed_by else {}),
        **kept.measured(case.known),
        "tags": kept.words(case.known.tags),
        "lineage": offer.lineage.properties(),
        "measured_by": offer.measured_by,
    }


def _file(file: StoredFile, validation: Validation) -> dict[str, Any]:
    digest = validation.digests.get(file.path)
    return {"path": file.path, "size": file.size, "etag": file.etag, "sha256": digest}


def compared_with(champion: Past) -> dict[str, Any]:
    """The champion of then, as a decision tells of it."""
    return {
        "version": champion.version,
        "decision": champion.decision,
        "artifact_sha256": champion.sha256,
        **kept.measured(champion.evidence),
    }


def _baseline(baseline: Baseline) -> dict[str, Any]:
    """The champion of another environment, as it was told then; `problem` is empty where it was."""
    evidence = baseline.evidence
    known = {} if evidence is None else {"artifact_sha256": evidence.artifact_sha256, **kept.measured(evidence)}
    version = evidence.version if evidence else None
    said = {"registry": baseline.registry, "model": baseline.model, "version": version}
    return {**said, "decision": baseline.decision, "problem": baseline.problem, **known}


def baselines_in(record: Mapping[str, Any]) -> list[Baseline]:
    """The champions of other environments that a decision was made from; raises as `kept.evidence_in` does."""
    return [
        Baseline(
            said["registry"],
            said["model"],
            evidence=kept.evidence_in(said) if said["version"] is not None else None,
            decision=said["decision"],
            problem=said["problem"],
        )
        for said in record.get("baselines", ())
    ]


def _past(champion: Past, candidate: Candidate) -> dict[str, Any]:
    """An earlier champion, without the metrics that no policy asks for: there may be many, and each has its record."""
    asked = {name for model in candidate.asked for name in model.metrics}
    return {"version": champion.version, "decision": champion.decision, **kept.measured(champion.evidence, only=asked)}
