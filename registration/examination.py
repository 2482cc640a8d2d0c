"""An examination: what is known of an offer before it is judged. A listing, then the files, then what was measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from registration.artifacts import profiles
from registration.artifacts.inventory import Artifact
from registration.artifacts.validation import validate
from registration.candidate import JobSource, Refusal, SharedSource
from registration.finding import Finding
from registration.gathering import gathered
from registration.offers import fingerprint_of
from registration.record import Case
from registration.signatures.verification import Signed, Verified, verify
from registration.sources import folder, served
from registration.sources.proof import Dropped, Proof

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from registration.artifacts.store import ArtifactStore
    from registration.artifacts.validation import Validation
    from registration.candidate import Candidate
    from registration.policy.artifact import SignaturePolicy
    from registration.policy.document import ModelPolicy
    from registration.record import Signatures
    from registration.sources.job import Workspace
    from registration.sources.resolve import Offer
    from registration.tracing import Tracing


@dataclass(frozen=True)
class Examination:
    """Lists, reads and gathers; every method raises `TransientError` when what it reads does not answer or changes.

    `now` is the time, ISO 8601, at which the certificate of a signature has to hold.
    """

    store: ArtifactStore
    workspace: Workspace
    tracing: Tracing
    now: Callable[[], str]

    def inventory(self, offer: Offer) -> Artifact:
        """The files of `offer`, none for a refusal; raises `NotVisibleYetError` if a job shows none."""
        return Artifact(()) if isinstance(offer, Refusal) else folder.inventory(self.store, offer)

    def fingerprint(self, offer: Offer) -> str:
        """What tells the listing of `offer` from every other; raises as `inventory` does."""
        return fingerprint_of(offer, self.inventory(offer))

    def case(self, candidate: Candidate, work: str, artifact: Artifact) -> Case:
        """All that is known about a candidate; every file is read once."""
        with self.tracing.step("validate"):
            model = candidate.model
            profile = profiles.named(model.artifact.code_scan.profile)
            validation = validate(
                self.store,
                artifact,
                model_type=model.type,
                promises=candidate.promises,
                noticed=(*folder.noticed(candidate, artifact), *served.missing(model.serving, artifact)),
                profile=profile,
            )
            signatures = self._signatures(candidate, artifact, validation)
            found = (*_other_files(candidate, validation), *signatures[None].findings)
            validation = replace(validation, findings=(*found, *validation.findings))
        with self.tracing.step("gather"):
            candidate, validation = self._proven(candidate, artifact, validation)
            candidate, known = gathered(candidate, self.workspace)
        return Case(candidate, work, artifact, validation, known, signatures=signatures)

    def _proven(self, candidate: Candidate, artifact: Artifact, validation: Validation) -> tuple[Candidate, Validation]:
        """With what the workspace says of the job that a drop names; nothing if the files were not read."""
        if isinstance(candidate.source, JobSource | SharedSource) or not validation.sha256:
            return candidate, validation
        dropped = Dropped(artifact, validation.digests, candidate.lineage)
        lineage, found = Proof(self.store, self.workspace).of(dropped)
        return replace(candidate, lineage=lineage), replace(validation, findings=(*validation.findings, *found))

    def _signatures(self, candidate: Candidate, artifact: Artifact, validation: Validation) -> Signatures:
        """What the signatures come to under the policy that decides, and under each shadow that names who may sign."""
        digests = validation.digests if validation.sha256 else None
        signed = Signed(self.store, candidate.location, artifact, digests, candidate.manifest)
        asked: dict[str | None, ModelPolicy] = {None: candidate.model}
        asked |= {shadow.name: shadow.model for shadow in candidate.shadows if shadow.model is not None}
        return {name: self._verified(model.artifact.signature, signed) for name, model in asked.items()}

    def _verified(self, asked: SignaturePolicy | None, signed: Signed) -> Verified:
        return verify(asked.trust, signed, at=datetime.fromisoformat(self.now())) if asked else Verified()


def _other_files(candidate: Candidate, validation: Validation) -> Iterator[Finding]:
    """That a shared version's files are not those that its evidence is about."""
    if candidate.expects is not None and validation.sha256 not in {None, candidate.expects}:
        message = f"the files have the digest {validation.sha256}, and the evidence is about {candidate.expects}"
        yield Finding("shared.other_files", "", message, action="find out who wrote to the registry's storage")
