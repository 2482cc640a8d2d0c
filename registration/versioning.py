"""Versioning: how an accepted candidate becomes one model version, and a promoted version the visible champion.

The number is reserved and the intent recorded before anything is written, so a retry finds what an earlier try did. A
job's output is registered where it lies, unless the policy pins it; a drop is copied to a path named by its content
first, because its owner may change the original at any time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from registration import names
from registration.artifacts.hashing import sha256
from registration.artifacts.inventory import Artifact
from registration.artifacts.validation import content_digest
from registration.candidate import JobSource, SharedSource
from registration.errors import ArtifactChangedError, RegistryMismatchError
from registration.finding import Finding
from registration.kept import plain, text
from registration.links import link, links_of
from registration.promotions import promoted
from registration.registry import (
    CHAMPION_TAG,
    SHA256_PROPERTY,
    STATUS_TAG,
    WORK_PROPERTY,
    Registration,
    VersionTakenError,
    compare,
    is_recognised,
    recognise,
)
from registration.uris import DatastoreUri
from registration.work import Intent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.artifacts.store import ArtifactStore, Location
    from registration.candidate import Candidate
    from registration.ledger import Ledger
    from registration.record import Case
    from registration.registry import ModelRegistry, ModelVersion
    from registration.sources.job import Workspace
    from registration.work import Claim, Work

DEFAULT_STAGE = "Development"  # what the service gives a version that names none
ARCHIVED = "Archived"  # what the service answers for an archived version
# Why we archive a version, as STATUS_TAG says: it is not accepted any more, its files changed, or nobody keeps it.
SUPERSEDED, ARTIFACT_CHANGED, PUT_AWAY = "superseded", "artifact_changed", "archived"
WITHDRAWN = frozenset({SUPERSEDED, ARTIFACT_CHANGED, PUT_AWAY})
PENDING = "pending"  # what STATUS_TAG says while other members of the group are not ready
MOST_METRIC_TAGS = 50
LONGEST_TAG = 250  # characters


@dataclass(frozen=True)
class Place:
    """What a version is registered from: `uri` as the registry is told, and the files that lie there."""

    uri: str
    location: Location
    artifact: Artifact


@dataclass(frozen=True)
class Versioning:
    """Writes versions to the registry. `champion_stage` is the stage a champion has there."""

    registry: ModelRegistry
    ledger: Ledger
    store: ArtifactStore
    workspace: Workspace
    champion_stage: str

    def register(self, claim: Claim, case: Case, *, is_pending: bool = False) -> tuple[Claim, Place]:
        """Make the version of `case`, or find the one an earlier try made; the claim's intent names it afterwards.

        The same offer decided again keeps the version that it has. One that `is_pending` is made to say so.
        Raises `RegistryMismatchError` when the registry does not hold what was written.
        """
        place = self._place(case)
        model = case.candidate.model.name
        known = claim.work.intent
        number = known.version if known else self._registered_before(case)
        number = number or self._reserve(case, self.registry.next_version(model))
        status = {STATUS_TAG: PENDING} if is_pending else {}
        while True:
            intent = Intent(number, place.uri, place.artifact.fingerprint)
            claim = self.ledger.intend(claim, intent)
            wanted = _registration(case, number, place.uri, status)
            written = self._written(wanted, earlier=case.earlier)
            if written is not None:
                unlinked = link(wanted, written, registry=self.registry)
                return self.ledger.intend(claim, replace(intent, unlinked=unlinked)) if unlinked else claim, place
            number = self._reserve(case, number + 1)

    def changes(self, case: Case, place: Place) -> tuple[Finding, ...]:
        """What is different since it was judged: in the files registered, and in a drop's manifest."""
        now = Artifact.of(self.store.files(place.location))
        before, after = {file.path: file for file in place.artifact.files}, {file.path: file for file in now.files}
        changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        findings = (Finding("artifact.changed", path, _change(path in before, path in after)) for path in changed)
        return (*now.excess, *findings, *self._replaced(case.candidate))

    def withdraw(self, claim: Claim, case: Case, *, status: str) -> Claim:
        """Archive the version that this work made, if it made one, with the reason as its status.

        Raises `LedgerConflictError`, before anything is archived, if the claim was lost: another worker decides then.
        """
        if claim.work.intent is None:
            return claim
        claim = self.ledger.renew(claim)
        self.retire(case.candidate.model.name, claim.work, status=status)
        return claim

    def retire(self, model: str, work: Work, *, status: str) -> None:
        """Archive the version that `work` intended, if it made it, no head names it and it is not archived yet."""
        if work.intent is None:
            return
        number = work.intent.version
        found = self.registry.find(model, number)
        if found is None or found.stage == ARCHIVED or found.work != work.work:
            return
        if not self._leads(model, number):
            self.registry.archive(model, number, tags={STATUS_TAG: status})

    def show(self, decision: Mapping[str, Any]) -> None:
        """Show what a recorded decision did to the champion, or that its version is none. Raises as `project` does."""
        model, version = decision["model"], decision["version"]
        if promoted(decision):
            self.project(model, version=version, former=(decision["champion"] or {}).get("version"))
        elif version is not None:
            self.confirm(model, version)

    def project(self, model: str, *, version: int, former: int | None) -> None:
        """Show `version`, which a decision promoted, as the champion if the head says so by now, else as a former one.

        Raises `RegistryMismatchError` when the registry does not show it afterwards. A former champion that a person
        deleted or archived is left alone.
        """
        if former is not None and _is_in_use(self.registry.find(model, former)):
            self._show(model, former, is_champion=False)
        is_champion = self._leads(model, version)
        if is_champion or _is_in_use(self.registry.find(model, version)):
            self._show(model, version, is_champion=is_champion)
        if is_champion and not self._leads(model, version):
            # Another worker promoted while this one was showing; the last to look puts it right.
            self._show(model, version, is_champion=False)

    def show_again(self, model: str, version: int) -> None:
        """As `project`, for a version that was shown before; one that a person took away since is left alone."""
        if not was_taken_away(self.registry.find(model, version)):
            self.project(model, version=version, former=None)

    def confirm(self, model: str, version: int) -> None:
        """Show that `version`, which a decision registered and did not promote, waits for nobody any more.

        Does nothing to a version that does not say so, nor to one that is champion by now.
        """
        found = self.registry.find(model, version)
        if found is not None and found.tags.get(STATUS_TAG) == PENDING and not self._leads(model, version):
            self.registry.project(model, version, tags={STATUS_TAG: "registered"}, stage=DEFAULT_STAGE)

    def put_away(self, model: str, version: int, *, status: str) -> bool:
        """Archive a version that is not the champion, with `status` as its status; whether it is there at all."""
        if self._leads(model, version) or self.registry.find(model, version) is None:
            return False
        self.registry.archive(model, version, tags={STATUS_TAG: status, CHAMPION_TAG: "false"})
        return True

    def _leads(self, model: str, version: int) -> bool:
        champion = self.ledger.head(model).champion
        return champion is not None and champion.version == version

    def _replaced(self, candidate: Candidate) -> tuple[Finding, ...]:
        if isinstance(candidate.source, JobSource | SharedSource):
            return ()
        sign = candidate.source.sign
        found = self.store.read(sign, limit_bytes=0)
        if found is None or found[1] == candidate.listing_etag:
            return ()
        name = sign.name.rpartition("/")[2]
        return (Finding("drop.replaced", name, "was replaced while this drop was judged; the new one counts"),)

    def _show(self, model: str, version: int, *, is_champion: bool) -> None:
        tags = {CHAMPION_TAG: str(is_champion).lower(), STATUS_TAG: "champion" if is_champion else "former"}
        stage = self.champion_stage if is_champion else DEFAULT_STAGE
        if self._shows(model, version, tags=tags, stage=stage):
            return
        self.registry.project(model, version, tags=tags, stage=stage)
        # Another worker may have promoted meanwhile; what it shows is right then.
        if not self._shows(model, version, tags=tags, stage=stage) and is_champion == self._leads(model, version):
            raise RegistryMismatchError(f"{model}:{version} does not show stage {stage} and tags {tags}")

    def _shows(self, model: str, version: int, *, tags: Mapping[str, str], stage: str) -> bool:
        found = self.registry.find(model, version)
        return found is not None and found.stage == stage and tags.items() <= found.tags.items()

    def _reserve(self, case: Case, at_least: int) -> int:
        return self.ledger.reserve(case.candidate.model.name, work=case.work, at_least=at_least)

    def _registered_before(self, case: Case) -> int | None:
        """The version that an earlier work about the same offer registered, if one did."""
        for key in case.earlier:
            work = self.ledger.work(key)
            version = (work.result or {}).get("version") if work else None
            if version is not None:
                return int(version)
        return None

    def _written(self, wanted: Registration, *, earlier: tuple[str, ...]) -> ModelVersion | None:
        """The version, if the number is ours: it is there already, or is written now."""
        found = self.registry.find(wanted.model, wanted.version) or self._created(wanted)
        if found is not None and found.work in earlier:
            return found if is_recognised(wanted, found) else None
        if found is None or found.work != wanted.work:
            return None
        recognise(wanted, found)
        return found

    def _created(self, wanted: Registration) -> ModelVersion | None:
        """The version after it was written; what has its number if that was taken."""
        try:
            self.registry.create(wanted)
        except VersionTakenError:
            # Perhaps by ourselves: a client whose answer was lost sends its write again.
            return self.registry.find(wanted.model, wanted.version)
        found = self.registry.find(wanted.model, wanted.version)
        compare(wanted, found)
        return found

    def _place(self, case: Case) -> Place:
        candidate = case.candidate
        if isinstance(candidate.source, JobSource) and candidate.model.pin == "source":
            return Place(str(candidate.lineage.job_output_uri), candidate.location, case.artifact)
        datastore, root = self.workspace.default_datastore()
        path = f"{names.COPIES}{case.validation.sha256}"
        return Place(str(DatastoreUri(datastore, path)), root / path, self._copied(case, root / path))

    def _copied(self, case: Case, folder: Location) -> Artifact:
        copies = Artifact.of(self.store.copy(file, folder / file.path) for file in case.artifact.files)
        found = content_digest({copy.path: sha256(self.store, copy) for copy in copies.files})
        if found != case.validation.sha256:
            raise ArtifactChangedError(f"the copy in {folder} has digest {found}, not {case.validation.sha256}")
        return copies


def _change(was: bool, is_now: bool) -> str:  # noqa: FBT001 - the two halves of one comparison
    if was and is_now:
        return "was written again while its version was registered"
    return "vanished while its version was registered" if was else "was added while the version was registered"


def _registration(case: Case, number: int, uri: str, status: Mapping[str, str]) -> Registration:
    candidate = case.candidate
    own = {WORK_PROPERTY: case.work, SHA256_PROPERTY: str(case.validation.sha256)}
    return Registration(
        model=candidate.model.name,
        version=number,
        type=candidate.model.type,
        uri=uri,
        description=candidate.description or candidate.model.description or None,
        tags={**_outside(candidate.tags), **candidate.model.tags, **_metric_tags(case), **status},
        properties={**candidate.lineage.stored(), **candidate.model.properties, **own},
        flavors=case.validation.flavors,
        **links_of(candidate.lineage),
    )


def _metric_tags(case: Case) -> dict[str, str]:
    """Metrics as tags, those the policy judges first; the decision record has all of them, whole."""
    judged = case.candidate.model.metrics
    chosen = sorted(case.metrics, key=lambda name: (name not in judged, name))[:MOST_METRIC_TAGS]
    return {f"metrics.{text(name)}": str(plain(case.metrics[name]))[:LONGEST_TAG] for name in chosen}


def was_taken_away(version: ModelVersion | None) -> bool:
    """Whether a person archived or deleted a version that was in use, which nobody does by mistake.

    One of our workers that stood still may have archived it too late, and says so in the status.
    """
    if version is None:
        return True
    return version.stage == ARCHIVED and version.tags.get(STATUS_TAG) not in WITHDRAWN


def _is_in_use(version: ModelVersion | None) -> bool:
    return version is not None and version.stage != ARCHIVED


def _outside(tags: Mapping[str, str]) -> dict[str, str]:
    # A drop must not be able to mark itself champion or claim metrics it did not report.
    return {key: value for key, value in tags.items() if not key.casefold().startswith(("registrar.", "metrics."))}
