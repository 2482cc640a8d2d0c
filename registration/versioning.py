"""Versioning: how an accepted candidate becomes one model version, and a promoted version the visible champion.

The number is reserved and the intent recorded before anything is written, so a retry finds what an earlier try did. A
job's output is registered where it lies; a drop is copied to a path named by its content first, because its owner may
change the original at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.artifacts.inventory import Artifact
from registration.artifacts.validation import content_digest, hashed
from registration.candidate import JobSource
from registration.errors import ArtifactChangedError, RegistryMismatchError
from registration.finding import Finding
from registration.ledger import Intent
from registration.lineage import DatastoreUri
from registration.record import plain
from registration.registry import (
    CHAMPION_TAG,
    SHA256_PROPERTY,
    STATUS_TAG,
    WORK_PROPERTY,
    Registration,
    VersionTakenError,
    compare,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.artifacts.store import ArtifactStore, Location
    from registration.ledger import Claim, Head, Ledger
    from registration.record import Case
    from registration.registry import ModelRegistry
    from registration.sources.jobs import Workspace

DEFAULT_STAGE = "Development"  # what the service gives a version that names none


@dataclass(frozen=True)
class Versioning:
    """Writes versions to the registry. `champion_stage` is the stage a champion has there."""

    registry: ModelRegistry
    ledger: Ledger
    store: ArtifactStore
    workspace: Workspace
    champion_stage: str

    def register(self, claim: Claim, case: Case) -> Claim:
        """Make the version of `case`, or find the one an earlier try made; the claim's intent names it afterwards.

        Raises `RegistryMismatchError` when the registry does not hold what was written.
        """
        model = case.candidate.model.name
        uri = self._registrable(case)
        number = (
            claim.work.intent.version if claim.work.intent else self._reserve(case, self.registry.next_version(model))
        )
        while True:
            claim = self.ledger.intend(claim, Intent(number, uri))
            if self._written(_registration(case, number, uri)):
                return claim
            number = self._reserve(case, number + 1)

    def changes(self, case: Case) -> tuple[Finding, ...]:
        """What is different in a registered job output since it was listed; empty for a drop, which was copied."""
        if not isinstance(case.candidate.source, JobSource):
            return ()
        now = Artifact.of(self.store.files(case.candidate.location))
        before, after = {file.path: file for file in case.artifact.files}, {file.path: file for file in now.files}
        changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        return tuple(Finding("artifact.changed", path, _change(path in before, path in after)) for path in changed)

    def withdraw(self, model: str, version: int, *, status: str) -> None:
        """Archive a version that must not be used, with the reason as its status."""
        self.registry.archive(model, version, tags={STATUS_TAG: status})

    def project(self, head: Head, *, former: int | None) -> None:
        """Show the head's champion in the registry as stage and tag, and that version `former` is no longer it.

        Raises `RegistryMismatchError` when the registry does not show it afterwards. A former champion that a person
        deleted has nothing to show.
        """
        if former is not None and self.registry.find(head.model, former) is not None:
            self._show(head.model, former, is_champion=False)
        if head.champion is not None:
            self._show(head.model, head.champion.version, is_champion=True)

    def _show(self, model: str, version: int, *, is_champion: bool) -> None:
        tags = {CHAMPION_TAG: str(is_champion).lower()}
        stage = self.champion_stage if is_champion else DEFAULT_STAGE
        self.registry.project(model, version, tags=tags, stage=stage)
        found = self.registry.find(model, version)
        shown = found is not None and found.stage == stage and tags.items() <= found.tags.items()
        if not shown:
            raise RegistryMismatchError(f"{model}:{version} does not show stage {stage} and tags {tags}")

    def _reserve(self, case: Case, at_least: int) -> int:
        return self.ledger.reserve(case.candidate.model.name, work=case.work, at_least=at_least)

    def _written(self, wanted: Registration) -> bool:
        found = self.registry.find(wanted.model, wanted.version)
        if found is None:
            try:
                self.registry.create(wanted)
            except VersionTakenError:
                return False
            found = self.registry.find(wanted.model, wanted.version)
        elif found.work != wanted.work:
            return False
        compare(wanted, found)
        return True

    def _registrable(self, case: Case) -> str:
        if isinstance(case.candidate.source, JobSource):
            return str(case.candidate.lineage.job_output_uri)
        datastore, root = self.workspace.default_datastore()
        path = f"registrar/{case.validation.sha256}"
        self._copy(case, root / path)
        return str(DatastoreUri(datastore, path))

    def _copy(self, case: Case, folder: Location) -> None:
        copies = {file.path: self.store.copy(file, folder / file.path) for file in case.artifact.files}
        found = content_digest({path: hashed(self.store, copy) for path, copy in copies.items()})
        if found != case.validation.sha256:
            raise ArtifactChangedError(f"the copy in {folder} has digest {found}, not {case.validation.sha256}")


def _change(was: bool, is_now: bool) -> str:  # noqa: FBT001 - the two halves of one comparison
    if was and is_now:
        return "was written again while its version was registered"
    return "vanished while its version was registered" if was else "was added while the version was registered"


def _registration(case: Case, number: int, uri: str) -> Registration:
    candidate = case.candidate
    metrics = {f"metrics.{name}": str(plain(value)) for name, value in sorted(case.metrics.items())}
    own = {WORK_PROPERTY: case.work, SHA256_PROPERTY: case.validation.sha256}
    return Registration(
        model=candidate.model.name,
        version=number,
        type=candidate.model.type,
        uri=uri,
        description=candidate.description or candidate.model.description or None,
        tags={**_outside(candidate.tags), **candidate.model.tags, **metrics},
        properties={**candidate.lineage.properties(), **own},
    )


def _outside(tags: Mapping[str, str]) -> dict[str, str]:
    # A drop must not be able to mark itself champion or claim metrics it did not report.
    return {key: value for key, value in tags.items() if not key.casefold().startswith(("registrar.", "metrics."))}
