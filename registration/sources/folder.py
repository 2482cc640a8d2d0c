"""A folder: what of a listing belongs to an offer, what lies beside it, and what the listing tells against it.

Nothing is read here. A job's output is everything in it; a drop is what its manifest lists, everything beside its
marker, or one file.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from registration import paths
from registration.artifacts.inventory import Artifact
from registration.candidate import DropSource, FileSource, JobSource, SharedSource
from registration.errors import ArtifactChangedError, NotVisibleYetError
from registration.finding import Finding, Level
from registration.manifest import MANIFEST_NAME, is_own_write
from registration.policy.drop import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from registration.artifacts.store import Files, StoredFile
    from registration.artifacts.validation import Promise
    from registration.candidate import Candidate

MOST_NAMED: Final = 10  # of the files that lie beside those that a manifest lists
_CLOCKS_DIFFER: Final = timedelta(minutes=1)  # between the workspace, which tells when a job ended, and storage
_MOMENT: Final = "%Y-%m-%d %H:%M:%S"
_ADVICE: Final = "pack files into an archive, leave out what the model does not need, or ask the platform team"


def inventory(store: Files, candidate: Candidate) -> Artifact:
    """The files of `candidate`; raises `NotVisibleYetError` if a job shows none, `ArtifactChangedError`."""
    listed = store.files(candidate.location)
    match candidate.source:
        case JobSource() | SharedSource():
            return _output(listed, candidate)
        case FileSource():
            return _single(listed, candidate)
        case DropSource(marker=None):
            return promised(listed, candidate.promises)
        case DropSource(marker=marker):
            limits = candidate.drop.limits if candidate.drop else Limits()
            own = (file for file in listed if file.path != marker and not is_own_write(file.path))
            # One more than may be there is enough to know; a container can hold millions.
            return Artifact.of(islice(own, limits.files + 1))


def promised(listed: Iterable[StoredFile], promises: tuple[Promise, ...]) -> Artifact:
    """The files of `listed` that a manifest lists, with the first few of those that it does not."""
    wanted = {promise.path for promise in promises}
    files: list[StoredFile] = []
    extra: list[str] = []
    for file in listed:
        if file.path in wanted:
            files.append(file)
        elif len(extra) <= MOST_NAMED and file.path != MANIFEST_NAME and not is_own_write(file.path):
            extra.append(file.path)
    return Artifact(tuple(sorted(files)), extra=tuple(extra))


def noticed(candidate: Candidate, artifact: Artifact) -> tuple[Finding, ...]:
    """What the listing tells before anything is read, and of a drop also its manifest."""
    source = candidate.source
    if isinstance(source, SharedSource):
        return ()
    if isinstance(source, JobSource):
        return (*_of_shared(candidate, artifact),)
    limits, rejects = Limits(), False
    if candidate.drop is not None:
        limits, rejects = candidate.drop.limits, candidate.drop.extra == "reject"
    if isinstance(source, DropSource) and source.marker is not None:
        return (*_beside_marker(source.marker, artifact), *too_much(artifact.sizes, limits))
    if isinstance(source, FileSource):
        return (*_crooked(artifact), *too_much(artifact.sizes, limits))
    sizes = tuple(promise.size for promise in candidate.promises)
    return (*too_much(sizes, limits, place="files"), *unlisted(artifact, rejects=rejects))


def _of_shared(candidate: Candidate, artifact: Artifact) -> Iterator[Finding]:
    """What was written to a place that jobs share after the job ended: it is not what that job wrote."""
    shared = candidate.shared
    if shared is None:
        return
    is_late = False
    for file in artifact.files if shared.ended else ():
        if file.modified and shared.ended and file.modified > shared.ended + _CLOCKS_DIFFER:
            is_late = True
            message = f"was written at {file.modified:{_MOMENT}}, after the job ended at {shared.ended:{_MOMENT}}"
            action = "let every job write to a place of its own, and run it again"
            yield Finding("output.overwritten", file.path, message, action=action)
    if not is_late and candidate.model.pin == "source":
        message = f"the output lies in {candidate.location}, where other jobs may write too"
        yield Finding("output.shared", "", message, level=Level.NOTE, action="let the policy say pin: copy")


def too_much(sizes: tuple[int, ...], limits: Limits, *, place: str = "") -> Iterator[Finding]:
    """That there are more files, or more bytes in all of them, than a drop may have; `place` is where they stand."""
    if len(sizes) > limits.files:
        message = f"there are more than {limits.files} files, which is the most that a drop may have here"
        yield Finding("drop.too_many_files", place, message, action=_ADVICE)
    elif sum(sizes) > limits.bytes:
        message = f"the files have {sum(sizes)} bytes together; a drop may have {limits.bytes} here"
        yield Finding("drop.too_large", place, message, action=_ADVICE)


def unlisted(artifact: Artifact, *, rejects: bool) -> Iterator[Finding]:
    """The files that lie beside those of a manifest: a note, or what the drop is rejected for."""
    if not artifact.extra:
        return
    named = ", ".join(repr(path) for path in artifact.extra[:MOST_NAMED])
    more = " and more" if len(artifact.extra) > MOST_NAMED else ""
    message = f"the drop holds files that the manifest does not list: {named}{more}"
    if rejects:
        action = "list them or remove them, then upload the manifest again"
        yield Finding("drop.extra_file", "files", message, action=action)
    else:
        action = "nothing, if they are not part of the model: they are neither read nor registered"
        yield Finding("drop.extra_file", "files", message, level=Level.NOTE, action=action)


def _output(listed: Iterable[StoredFile], candidate: Candidate) -> Artifact:
    artifact = Artifact.of(listed)
    if not artifact.files:
        raise NotVisibleYetError(f"{candidate.source} shows no files at {candidate.location}")
    return artifact


def _single(listed: Iterable[StoredFile], candidate: Candidate) -> Artifact:
    artifact = Artifact.of(islice(listed, 1))
    if [file.etag for file in artifact.files] != [candidate.listing_etag]:
        raise ArtifactChangedError(f"{candidate.source} was written again since its metadata were read")
    return artifact


def _beside_marker(marker: str, artifact: Artifact) -> Iterator[Finding]:
    if not artifact.files:
        action = f"upload the files of the model first and {marker} last"
        yield Finding("drop.empty", marker, "there is no file in the folder but the marker", action=action)
    yield from _crooked(artifact)


def _crooked(artifact: Artifact) -> Iterator[Finding]:
    names = [file.path for file in artifact.files]
    for name in names:
        if (wrong := paths.fault(name)) is not None:
            yield Finding("drop.path", name, wrong)
    for found in paths.conflicts(names):
        other = repr(names[found.first])
        message = f"lies in {other}, which is a file" if found.is_inside else f"can be the same file as {other}"
        yield Finding("drop.path", names[found.second], message, action="rename one of them")
