"""Validation: every file of an artifact is hashed, held against what was promised about it, and scanned by content.

It answers with findings, never with an exception: what they mean for the candidate is the decision's to say. Without a
profile nothing is scanned, and then nothing is said of what the bytes would do when they are loaded.
"""

from __future__ import annotations

import contextlib
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registration.artifacts import hashing, scan
from registration.artifacts.formats import mlmodel
from registration.artifacts.inventory import SIGNATURE_NAME
from registration.artifacts.reader import Memory, Pinned, Traffic
from registration.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Executor, Future

    from registration.artifacts.context import Profile
    from registration.artifacts.hashing import Piece
    from registration.artifacts.inventory import Artifact
    from registration.artifacts.scan import Report, Verdict
    from registration.artifacts.store import Files, StoredFile


@dataclass(frozen=True)
class Promise:
    """What a manifest says of one file: `size` in bytes and lower-case hexadecimal `sha256`.

    `by` is who says so, and `repair` what to do where it is not true, as findings tell it.
    """

    path: str
    size: int
    sha256: str
    by: str = "the manifest says"
    repair: str = "upload the right file, make the manifest anew and upload it last"


@dataclass(frozen=True)
class Validation:
    """`sha256` identifies the content: equal for the same paths and bytes, wherever they lie.

    It is None, and nothing was read, when the listing alone shows that the artifact is not what was promised.
    `formats` has the format of every file that was scanned, and under the empty path what they are together. `flavors`
    are what an MLmodel at the top says of the libraries that load the model.
    """

    sha256: str | None
    digests: Mapping[str, str]
    findings: tuple[Finding, ...]
    formats: Mapping[str, str] = field(default_factory=dict)
    flavors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def objections(self) -> tuple[Finding, ...]:
        """The findings that are more than a note."""
        return tuple(finding for finding in self.findings if finding.level is not Level.NOTE)

    @property
    def verdict(self) -> Verdict:
        """What the findings come to."""
        return scan.verdict(self.findings)


def validate(  # noqa: PLR0913 - what is validated, against what, and who is told
    store: Files,
    artifact: Artifact,
    *,
    model_type: str,
    promises: tuple[Promise, ...],
    noticed: tuple[Finding, ...] = (),
    profile: Profile | None = None,
    traffic: Traffic | None = None,
    progress: Callable[[int], None] = lambda _count: None,
) -> Validation:
    """Hash and scan every file and collect every finding.

    `noticed` is what the listing told already. Nothing is read where the listing tells more than a note.
    `traffic` adds up what it costs, `progress` is told of bytes as they are hashed. Raises `ArtifactChangedError` when
    a file is written while it is read, and `UnavailableError`.
    """
    told = (*noticed, *artifact.excess, *_unlike(promises, artifact), *_misshapen(model_type, artifact.paths))
    if any(finding.level is not Level.NOTE for finding in told):
        return Validation(sha256=None, digests={}, findings=told)
    with ThreadPoolExecutor(1) as beside:
        reading = _Reading(store, profile, traffic or Traffic(), beside)
        for piece in hashing.pieces(store, artifact.files, traffic=reading.traffic):
            reading.take(piece)
            progress(len(piece.data))
    altered = tuple(_altered(promises, reading.digests))
    together = reading.together(artifact)
    scanned = tuple(finding for report in (*reading.reports.values(), together) for finding in report.findings)
    formats = {path: report.format for path, report in reading.reports.items()}
    formats |= {"": together.format} if together.format else {}
    findings = told + altered + scanned
    return Validation(content_digest(reading.digests), reading.digests, findings, formats, reading.flavors)


class Folder:
    """The files of an artifact as a tree."""

    def __init__(self, store: Files, artifact: Artifact, traffic: Traffic) -> None:
        self._store = store
        self._files = {file.path: file for file in artifact.files}
        self._traffic = traffic

    @property
    def paths(self) -> frozenset[str]:
        """Every file."""
        return frozenset(self._files)

    def open(self, path: str) -> Pinned:
        """One of them; reading it raises as the store does."""
        return Pinned(self._store, self._files[path], traffic=self._traffic)


class _Reading:
    """Hashes pieces as they come, and scans each file beside that from its first piece on."""

    def __init__(self, store: Files, profile: Profile | None, traffic: Traffic, beside: Executor) -> None:
        self.traffic = traffic
        self.digests: dict[str, str] = {}
        self.reports: dict[str, Report] = {}
        self.flavors: Mapping[str, Mapping[str, str]] = {}
        self._store = store
        self._profile = profile
        self._beside = beside
        self._scanning: Future[Report] | None = None
        self._total = hashlib.sha256()

    def take(self, piece: Piece) -> None:
        if piece.offset == 0:
            self._total = hashlib.sha256()
            self._scan(piece)
        self._total.update(piece.data)
        if self._scanning and (piece.is_last or self._scanning.done()):
            self.reports[piece.file.path], self._scanning = self._scanning.result(), None
        if piece.is_last:
            self.digests[piece.file.path] = self._total.hexdigest()

    def together(self, artifact: Artifact) -> Report:
        """What the files tell together."""
        if self._profile is None:
            return scan.Report("", ())
        return scan.scan_tree(Folder(self._store, artifact, self.traffic), profile=self._profile)

    def _scan(self, piece: Piece) -> None:
        """A file that came in one piece costs no more reading; of a larger one only what its format needs is read."""
        if self._profile is not None and piece.is_whole:
            self._scan_whole(Memory(piece.data, piece.file.path), self._profile)
        elif self._profile is not None:
            self._scanning = self._beside.submit(self._ranged, piece.file, self._profile)

    def _scan_whole(self, reader: Memory, profile: Profile) -> None:
        report = self.reports[reader.path] = scan.scan(reader, profile=profile)
        if reader.path == mlmodel.NAME and report.format == mlmodel.MLMODEL.name:
            self.flavors = mlmodel.flavors(reader)

    def _ranged(self, file: StoredFile, profile: Profile) -> Report:
        with contextlib.closing(Pinned(self._store, file, traffic=self.traffic)) as reader:
            return scan.scan(reader, profile=profile)


def content_digest(digests: Mapping[str, str]) -> str:
    """The sha256 of what `sha256sum` prints for the files in path order, `<sha256>  <path>` a line.

    A signature beside other files is left out: the same model, signed again, is the same model.
    """
    model = {path: sha256 for path, sha256 in digests.items() if path != SIGNATURE_NAME} or digests
    lines = (_sum_line(path, sha256) for path, sha256 in sorted(model.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sum_line(path: str, sha256: str) -> str:
    # sha256sum marks a line whose path it had to escape, so no path can imitate the line of another file.
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == path else '\\'}{sha256}  {escaped}\n"


def _unlike(promises: tuple[Promise, ...], artifact: Artifact) -> Iterator[Finding]:
    sizes = {file.path: file.size for file in artifact.files}
    for promise in promises:
        size = sizes.get(promise.path)
        if size is None:
            message = "the manifest lists this file, but it is not in the drop"
            action = "upload it, then the manifest again, last"
            yield Finding("drop.file_missing", promise.path, message, action=action)
        elif size != promise.size:
            message = f"{promise.by} {promise.size} bytes, the file has {size}"
            yield Finding("drop.size_mismatch", promise.path, message, action=promise.repair)


def _altered(promises: tuple[Promise, ...], digests: Mapping[str, str]) -> Iterator[Finding]:
    for promise in promises:
        if (found := digests[promise.path]) != promise.sha256:
            message = f"{promise.by} sha256 {promise.sha256[:12]}…, the file has {found[:12]}…"
            yield Finding("drop.digest_mismatch", promise.path, message, action=promise.repair)


def _misshapen(model_type: str, paths: frozenset[str]) -> Iterator[Finding]:
    if model_type == "mlflow_model" and "MLmodel" not in paths:
        yield Finding("mlflow.no_mlmodel", "MLmodel", "an mlflow_model is a folder with a file MLmodel at its top")
    if model_type == "triton_model" and not any(_is_triton_version(path) for path in paths):
        message = "a triton_model is a repository: <model>/<version number>/<model file>"
        yield Finding("triton.no_version", "", message)


def _is_triton_version(path: str) -> bool:
    parts = path.split("/")
    return len(parts) >= 3 and parts[1].isdecimal()  # noqa: PLR2004 - repository, version, file
