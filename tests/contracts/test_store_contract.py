"""One contract for every artifact store: the one in memory, which unit tests trust, does what blob storage does."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from registration.artifacts.store import ArtifactStore, Location
from registration.azure.blobs import BlobStore
from registration.errors import ArtifactChangedError
from sandbox import names
from tests.fakes import MemoryStore

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential

    from registration.artifacts.store import StoredFile


@pytest.fixture(params=["memory", pytest.param("blob", marks=pytest.mark.sandbox)])
def store(request: pytest.FixtureRequest) -> ArtifactStore:
    """Memory, or the running sandbox's storage, which only that half starts."""
    if request.param == "memory":
        return MemoryStore()
    credential: DefaultAzureCredential = request.getfixturevalue("credential")
    return BlobStore(credential, suffix="core.windows.net")


@pytest.fixture
def folder() -> Location:
    """A folder that only this test uses."""
    return Location(names.DROP_ACCOUNT, names.DROP_CONTAINER, f"contract/{uuid.uuid4().hex}")


def listed(store: ArtifactStore, location: Location) -> list[StoredFile]:
    return list(store.files(location))


def content(store: ArtifactStore, file: StoredFile) -> bytes:
    return b"".join(store.chunks(file))


def test_a_folder_lists_everything_below_it_in_order_and_nothing_beside_it(
    store: ArtifactStore, folder: Location
) -> None:
    for path in ("b/c.txt", "a.txt", "ü 1.txt"):
        store.write(folder / path, path.encode())
    store.write(Location(folder.account, folder.container, f"{folder.name}-beside.txt"), b"x")

    found = listed(store, folder)

    assert [(file.path, file.size) for file in found] == [("a.txt", 5), ("b/c.txt", 7), ("ü 1.txt", 8)]


def test_a_blob_lists_itself_by_its_last_name(store: ArtifactStore, folder: Location) -> None:
    store.write(folder / "b/c.txt", b"x")

    (found,) = listed(store, folder / "b/c.txt")

    assert (found.path, found.location) == ("c.txt", folder / "b/c.txt")


def test_where_nothing_is_nothing_is_listed_or_read(store: ArtifactStore, folder: Location) -> None:
    assert listed(store, folder) == []
    assert store.read(folder / "a.txt", limit_bytes=10) is None


def test_a_file_is_read_as_it_was_listed(store: ArtifactStore, folder: Location) -> None:
    store.write(folder / "a.txt", b"0123456789")

    (found,) = listed(store, folder)

    assert content(store, found) == b"0123456789"


@pytest.mark.parametrize("again", [b"0123456789", b"other"])
def test_a_file_that_was_written_again_is_another_file(store: ArtifactStore, folder: Location, again: bytes) -> None:
    store.write(folder / "a.txt", b"0123456789")
    (before,) = listed(store, folder)

    store.write(folder / "a.txt", again)

    assert listed(store, folder)[0].etag != before.etag
    with pytest.raises(ArtifactChangedError):
        content(store, before)


@pytest.mark.parametrize(("limit", "read"), [(0, b"0"), (4, b"01234"), (10, b"0123456789"), (99, b"0123456789")])
def test_a_small_document_is_read_up_to_a_byte_more_than_the_limit(
    store: ArtifactStore, folder: Location, limit: int, read: bytes
) -> None:
    store.write(folder / "a.txt", b"0123456789")

    found = store.read(folder / "a.txt", limit_bytes=limit)

    assert found == (read, listed(store, folder)[0].etag)


def test_an_empty_document_is_read_too(store: ArtifactStore, folder: Location) -> None:
    store.write(folder / "a.txt", b"")

    found = store.read(folder / "a.txt", limit_bytes=10)

    assert found is not None
    assert found[0] == b""


def test_a_copy_has_the_bytes_and_leaves_what_is_there_already(store: ArtifactStore, folder: Location) -> None:
    store.write(folder / "from.txt", b"new")
    store.write(folder / "there.txt", b"old")
    (source,) = listed(store, folder / "from.txt")

    copied, kept = (store.copy(source, folder / name) for name in ("to.txt", "there.txt"))

    assert (content(store, copied), content(store, kept)) == (b"new", b"old")
    assert (copied.path, copied.location) == ("from.txt", folder / "to.txt")


def test_a_file_that_changed_since_it_was_listed_is_not_copied(store: ArtifactStore, folder: Location) -> None:
    store.write(folder / "from.txt", b"old")
    (source,) = listed(store, folder / "from.txt")
    store.write(folder / "from.txt", b"new")

    with pytest.raises(ArtifactChangedError):
        store.copy(source, folder / "to.txt")

    assert store.read(folder / "to.txt", limit_bytes=10) is None
