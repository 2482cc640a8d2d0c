"""A candidate: files that somebody offers as the next version of a model, and what makes two offers the same.

`sources/` makes candidates, one for each model that a policy feeds from a job or a drop. Two offers of the same files
from the same place for the same model are the same work, whichever event brought them: event ids, metrics, the policy
and the champion are recorded, but are not identity.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from registration.artifacts.inventory import digest
from registration.artifacts.store import Location
from registration.manifest import MANIFEST_NAME, RECEIPT_NAME, RECEIPT_SUFFIX
from registration.policy.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from registration.artifacts.inventory import Artifact
    from registration.artifacts.validation import Promise
    from registration.finding import Finding
    from registration.lineage import Lineage
    from registration.policy.catalog import PolicyInForce, Shadow
    from registration.policy.document import ModelPolicy
    from registration.policy.drop import DropMatch
    from registration.policy.override import Override


@dataclass(frozen=True)
class JobSource:
    """A job's output, or `path` inside it. `workspace` is the lower-case ARM id.

    `job` is the one whose end is heard. `run` has the output, if that is another: a step of it, a trial, or an earlier
    run that a step reuses.
    """

    workspace: str
    job: str
    output: str
    path: str
    run: str | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells this source from every other."""
        inner = () if self.run is None else ("run", self.run)
        return ("job", self.workspace, self.job, self.output, self.path, *inner)

    def __str__(self) -> str:
        inner = f", run {self.run}" if self.run else ""
        return f"job {self.job}{inner}, output {self.output}" + (f", path {self.path}" if self.path else "")


@dataclass(frozen=True)
class DropSource:
    """A folder in which another team left a model. `marker` is the file that completes it, None if a manifest does."""

    folder: Location
    marker: str | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells this source from every other."""
        marked = () if self.marker is None else ("marker", self.marker)
        return ("drop", self.folder.account, self.folder.container, self.folder.name, *marked)

    @property
    def location(self) -> Location:
        """Where the files lie."""
        return self.folder

    @property
    def sign(self) -> Location:
        """The file whose arrival completes the drop; its ETag says which drop a receipt answers."""
        return self.folder / (self.marker or MANIFEST_NAME)

    @property
    def receipt(self) -> Location:
        """Where the answer is written."""
        return self.folder / RECEIPT_NAME

    def __str__(self) -> str:
        return f"drop {self.folder}"


@dataclass(frozen=True)
class FileSource:
    """One file that another team left, a model by itself."""

    file: Location

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells this source from every other."""
        return ("drop", self.file.account, self.file.container, self.file.name, "file")

    @property
    def location(self) -> Location:
        """Where the file lies."""
        return self.file

    @property
    def sign(self) -> Location:
        """The file itself: its arrival completes the drop."""
        return self.file

    @property
    def receipt(self) -> Location:
        """Where the answer is written."""
        return replace(self.file, name=self.file.name + RECEIPT_SUFFIX)

    def __str__(self) -> str:
        return f"drop {self.file}"


@dataclass(frozen=True)
class SharedSource:
    """A version in a shared registry, whose name is in lower case: another environment's champion."""

    registry: str
    model: str
    version: int

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells this source from every other."""
        return ("shared", self.registry, self.model, str(self.version))

    def __str__(self) -> str:
        return f"registry {self.registry}, {self.model}:{self.version}"


type Source = JobSource | DropSource | FileSource | SharedSource


@dataclass(frozen=True)
class Again:
    """That people have an offer decided once more, after the work `follows`; `requests` are what they asked.

    `epoch` tells the new work, whose key is `work`, from the earlier ones about the same offer. `overrides` count where
    they stand.
    """

    work: str
    epoch: int
    follows: str
    requests: tuple[Mapping[str, Any], ...]
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True)
class Shared:
    """That a job wrote its output to a place that is not the job's own; `ended` is when it ended, None if nobody says.

    Another job may write there too, so what lies there later need not be this one's.
    """

    ended: datetime | None


@dataclass(frozen=True)
class Candidate:
    """`location` is the file or folder offered; `promises` and `manifest` are a manifest's.

    `listing_etag` is the ETag of what completed a drop: its manifest, its marker, or the file itself; of a shared
    version, what tells its evidence from any other; empty for a job. `drop` is the entry of the policy's match that let
    it in. `expects` is the digest of the files that a shared version's evidence is about.

    `tags` and `description` are for the model version. `stated` is what the offer itself says of the model beside its
    metrics, which of a job are read later. `shadows` are policies that decide nothing and are asked too.
    `measured_by` is the run whose metrics count, None for the job of the lineage. `shared` is None for a job's own
    place, and for a drop. `again` is None for what an event offers.
    """

    source: Source
    model: ModelPolicy
    policy: PolicyInForce
    location: Location
    lineage: Lineage
    event: str
    promises: tuple[Promise, ...] = ()
    listing_etag: str = ""
    manifest: bytes = field(default=b"", repr=False)
    metrics: Mapping[str, object] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    stated: Evidence = field(default_factory=Evidence)
    drop: DropMatch | None = None
    shadows: tuple[Shadow, ...] = ()
    again: Again | None = None
    measured_by: str | None = None
    shared: Shared | None = None
    expects: str | None = None

    @property
    def asked(self) -> tuple[ModelPolicy, ...]:
        """Every policy that judges it: the one that decides, then the shadows that can be read."""
        return (self.model, *(shadow.model for shadow in self.shadows if shadow.model is not None))

    def fingerprint(self, artifact: Artifact) -> str:
        """What tells its listing, whose files are `artifact`, from every other."""
        if isinstance(self.source, DropSource) and self.source.marker is not None:
            return digest([self.listing_etag, artifact.fingerprint])
        return self.listing_etag or artifact.fingerprint

    @property
    def group(self) -> str | None:
        """What tells its group from those of other policies; None if it belongs to none."""
        return group_key(self.policy.name, self.model)

    @property
    def home(self) -> str | None:
        """Where the ledger keeps the heads of its group: by the policy's own name, wherever its file lies."""
        return group_key(self.policy.policy.name, self.model)


@dataclass(frozen=True)
class Refusal:
    """An offer that never became a candidate, and why not.

    `model` is None when none may be named: the manifest is unusable, or asks for a model that is not granted.
    """

    source: Source
    model: str | None
    fingerprint: str
    findings: tuple[Finding, ...]
    event: str
    group: str | None = None


def group_key(policy: str, model: ModelPolicy) -> str | None:
    """The group of a policy's model, unlike that of any other policy's; None if the model has none."""
    return None if model.group is None else f"{policy}/{model.group}"


def work_key(source: Source, *, model: str | None, fingerprint: str, epoch: int = 0) -> str:
    """The identity of work: the same source, model and listing give the same key, always."""
    return digest([*source.identity, model, fingerprint, epoch])


def source_from(identity: object) -> Source | None:
    """The source that has this `identity`, as records keep it; None for a request, or what no version of ours wrote."""
    match identity:
        case ["job", str(workspace), str(job), str(output), str(path)]:
            return JobSource(workspace, job, output, path)
        case ["job", str(workspace), str(job), str(output), str(path), "run", str(run)]:
            return JobSource(workspace, job, output, path, run)
        case ["drop", str(account), str(container), str(name), *more]:
            return _dropped(Location(account, container, name), more)
        case ["shared", str(registry), str(model), str(version)] if version.isdecimal():
            return SharedSource(registry, model, int(version))
        case _:
            return None


def _dropped(place: Location, more: list[object]) -> Source | None:
    match more:
        case []:
            return DropSource(place)
        case ["marker", str(marker)]:
            return DropSource(place, marker)
        case ["file"]:
            return FileSource(place)
        case _:
            return None
