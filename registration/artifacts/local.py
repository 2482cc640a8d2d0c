"""A local folder as an artifact store, for what somebody validates on their own machine.

A location's name is a path below the folder; account and container say nothing. The ETag of a file is made of its
inode, size and time of writing. Links are refused: what they point to may be anywhere.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from registration.artifacts.store import Location, StoredFile
from registration.errors import ArtifactChangedError, InputError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = Location("", "", "")
CHUNK_BYTES = 8 * 1024 * 1024


class LocalStore:
    """Files below `root`, read only. Raises `InputError` for a link or a device below it."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def files(self, location: Location = HERE) -> Iterator[StoredFile]:
        """The file at `location`, else every file below it, in name order; nothing when there is neither."""
        place = self._root / location.name
        if place.is_dir():
            for path in sorted(_files_below(place)):
                yield self._file(path, path.relative_to(place).as_posix())
        elif place.exists():
            yield self._file(place, place.name)

    def chunks(self, file: StoredFile) -> Iterator[bytes]:
        """The bytes of `file` as listed, in pieces of at most 8 MiB; raises `ArtifactChangedError`."""
        for offset in range(0, file.size, CHUNK_BYTES):
            yield self.range(file, offset=offset, length=CHUNK_BYTES)

    def range(self, file: StoredFile, *, offset: int, length: int) -> bytes:
        """`length` bytes of `file` as listed, fewer only where it ends; raises `ArtifactChangedError`."""
        try:
            handle = os.open(self._root / file.name, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError as gone:
            raise ArtifactChangedError(f"{file.name} is not there any more") from gone
        except OSError as refused:
            raise UnavailableError(f"{file.name} cannot be read: {refused.strerror}") from refused
        try:
            data = _read(handle, offset, min(length, max(file.size - offset, 0)))
            # Looked at after reading, so that what was written before or meanwhile is noticed.
            if _etag(os.fstat(handle)) != file.etag:
                raise ArtifactChangedError(f"{file.name} is not the file that was listed any more")
        finally:
            os.close(handle)
        return data

    def _file(self, path: Path, shown: str) -> StoredFile:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"{path}: a link or a device, which are not followed; validate the file itself")
        return StoredFile(shown, found.st_size, _etag(found), "", "", path.relative_to(self._root).as_posix())


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in folder.walk():
        yield from (parent / name for name in names)
        # A linked folder is no folder to walk into; named here, it is refused like a linked file.
        yield from (parent / name for name in folders if (parent / name).is_symlink())


def _read(handle: int, offset: int, length: int) -> bytes:
    pieces = []
    while length > 0 and (piece := os.pread(handle, length, offset)):
        pieces.append(piece)
        offset, length = offset + len(piece), length - len(piece)
    return b"".join(pieces)


def _etag(found: os.stat_result) -> str:
    return f"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}"
