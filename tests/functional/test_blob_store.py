"""The artifact store against real storage: what is listed is what is read, or the reader is told that it changed."""

from __future__ import annotations

import gzip
import hashlib
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from azure.storage.blob import ContentSettings

from registration.artifacts.store import Described, Location
from registration.azure.blobs import CHUNK_BYTES, BlobStore
from registration.errors import ArtifactChangedError
from sandbox import names
from tests.scanning import some_bytes

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient

    from registration.artifacts.store import StoredFile

MIB = 1024 * 1024
AWKWARD = ("a b.bin", "größe/模型.onnx", "100%.bin", "a%20b.bin", "1+1.bin", "who?.bin", "a#b.bin", "a&b='c'.bin", "é")


@pytest.fixture
def store(credential: DefaultAzureCredential) -> BlobStore:
    return BlobStore(credential, suffix="core.windows.net")


def put(incoming: ContainerClient, location: Location, content: bytes) -> str:
    said = incoming.upload_blob(location.name, content, overwrite=True).get_blob_properties()
    return said.etag.strip('"')


def stored(store: BlobStore, location: Location) -> StoredFile:
    [found] = store.files(location)
    return found


def test_a_folder_lists_every_file_below_it_by_relative_path(
    store: BlobStore, incoming: ContainerClient, folder: Location
) -> None:
    etags = [put(incoming, folder / path, b"12345") for path in ("a/deep/er.bin", "b.bin")]
    put(incoming, Location(folder.account, folder.container, f"{folder.name}-beside/c.bin"), b"not in the folder")

    found = list(store.files(folder))

    assert [(file.path, file.size, file.etag) for file in found] == [
        ("a/deep/er.bin", 5, etags[0]),
        ("b.bin", 5, etags[1]),
    ]
    assert [file.location for file in found] == [folder / "a/deep/er.bin", folder / "b.bin"]


def test_a_single_blob_is_listed_by_its_own_name(store: BlobStore, incoming: ContainerClient, folder: Location) -> None:
    etag = put(incoming, folder / "model.onnx", b"12345")
    put(incoming, folder / "model.onnx/below", b"never looked for")

    [found] = store.files(folder / "model.onnx")

    assert (found.path, found.size, found.etag, found.location) == ("model.onnx", 5, etag, folder / "model.onnx")


def test_nothing_is_listed_where_nothing_lies(store: BlobStore, folder: Location) -> None:
    assert list(store.files(folder)) == []


def test_a_container_that_does_not_exist_is_no_fault_of_the_service(store: BlobStore) -> None:
    assert list(store.files(Location(names.DROP_ACCOUNT, "nowhere", "folder"))) == []


def test_folder_markers_are_not_files(store: BlobStore, incoming: ContainerClient, folder: Location) -> None:
    for marker, spelled in ((folder, "hdi_isfolder"), (folder / "sub", "Hdi_IsFolder")):
        incoming.upload_blob(marker.name, b"", metadata={spelled: "true"})
    put(incoming, folder / "sub/model.onnx", b"12345")
    for name in (f"{folder.name}/", f"{folder.name}/sub/"):
        put(incoming, replace(folder, name=name), b"")

    assert [file.path for file in store.files(folder)] == ["sub/model.onnx"]


@pytest.mark.parametrize("name", AWKWARD)
def test_any_name_is_listed_read_and_copied_as_it_is(
    store: BlobStore, incoming: ContainerClient, folder: Location, name: str
) -> None:
    put(incoming, folder / name, name.encode())

    found = stored(store, folder)
    copies = [store.copy(found, folder / "copy" / name), store.copy(found, in_the_workspace(folder) / name)]

    assert (found.path, found.location) == (name, folder / name)
    assert [b"".join(store.chunks(file)) for file in (found, *copies)] == [name.encode()] * 3


def in_the_workspace(folder: Location) -> Location:
    return Location(names.WORKSPACE_ACCOUNT, names.BLOBSTORE_CONTAINER, folder.name)


def test_an_empty_file_has_no_bytes(store: BlobStore, incoming: ContainerClient, folder: Location) -> None:
    put(incoming, folder / "empty", b"")

    assert b"".join(store.chunks(stored(store, folder))) == b""


@pytest.mark.parametrize("now", [b"behind", b"before"], ids=["other bytes", "the same bytes"])
def test_a_file_written_again_after_the_listing_is_not_read(
    store: BlobStore, incoming: ContainerClient, folder: Location, now: bytes
) -> None:
    put(incoming, folder / "model.bin", b"before")
    listed = stored(store, folder)
    put(incoming, folder / "model.bin", now)

    with pytest.raises(ArtifactChangedError, match=r"model\.bin is not the file that was listed"):
        list(store.chunks(listed))


def test_a_file_deleted_after_the_listing_is_not_read(
    store: BlobStore, incoming: ContainerClient, folder: Location
) -> None:
    put(incoming, folder / "model.bin", b"before")
    listed = stored(store, folder)
    incoming.delete_blob(listed.name)

    with pytest.raises(ArtifactChangedError):
        list(store.chunks(listed))


def test_pieces_of_two_versions_never_mix(store: BlobStore, incoming: ContainerClient, folder: Location) -> None:
    put(incoming, folder / "model.bin", b"a" * (CHUNK_BYTES + 1))
    pieces = store.chunks(stored(store, folder))
    first = next(pieces)
    put(incoming, folder / "model.bin", b"b" * (CHUNK_BYTES + 1))

    with pytest.raises(ArtifactChangedError):
        list(pieces)

    assert set(first) == {ord("a")}


def test_a_large_file_is_never_in_memory_as_a_whole(
    store: BlobStore, incoming: ContainerClient, folder: Location
) -> None:
    content = bytes(40 * MIB)
    put(incoming, folder / "model.bin", content)
    expected, total = hashlib.sha256(content).digest(), hashlib.sha256()
    del content
    listed = stored(store, folder)

    held = []
    tracemalloc.start()
    for chunk in store.chunks(listed):
        total.update(chunk)
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()

    assert total.digest() == expected
    assert max(held) < 3 * CHUNK_BYTES


def test_a_small_document_is_read_with_its_etag(store: BlobStore, incoming: ContainerClient, folder: Location) -> None:
    etag = put(incoming, folder / "model.manifest.json", b"{}")

    assert store.read(folder / "model.manifest.json", limit_bytes=100) == (b"{}", etag)


def test_no_more_is_read_than_tells_that_a_document_is_too_long(
    store: BlobStore, incoming: ContainerClient, folder: Location
) -> None:
    put(incoming, folder / "model.manifest.json", b"x" * 1000)

    found = store.read(folder / "model.manifest.json", limit_bytes=10)

    assert found is not None
    assert found[0] == b"x" * 11


def test_an_empty_document_is_read(store: BlobStore, incoming: ContainerClient, folder: Location) -> None:
    etag = put(incoming, folder / "model.manifest.json", b"")

    assert store.read(folder / "model.manifest.json", limit_bytes=10) == (b"", etag)


def test_a_document_that_is_not_there_is_none(store: BlobStore, folder: Location) -> None:
    assert store.read(folder / "model.manifest.json", limit_bytes=10) is None


def test_a_written_document_replaces_the_one_before(
    store: BlobStore, incoming: ContainerClient, folder: Location
) -> None:
    store.write(folder / "model.receipt.json", b"a long first receipt")

    store.write(folder / "model.receipt.json", b"second")

    assert incoming.download_blob(f"{folder.name}/model.receipt.json").readall() == b"second"


def test_a_copy_leaves_what_is_there_and_says_what_it_is(
    store: BlobStore, incoming: ContainerClient, folder: Location
) -> None:
    put(incoming, folder / "from/model.bin", b"12345")
    etag = put(incoming, folder / "to/model.bin", b"longer than that")

    copied = store.copy(stored(store, folder / "from"), folder / "to/model.bin")

    assert (copied.path, copied.size, copied.etag) == ("model.bin", 16, etag)
    assert b"".join(store.chunks(copied)) == b"longer than that"


def test_a_changed_file_is_not_copied(store: BlobStore, incoming: ContainerClient, folder: Location) -> None:
    put(incoming, folder / "from/model.bin", b"before")
    listed = stored(store, folder / "from")
    put(incoming, folder / "from/model.bin", b"behind")

    with pytest.raises(ArtifactChangedError):
        store.copy(listed, folder / "to/model.bin")

    assert list(store.files(folder / "to")) == []


@pytest.mark.parametrize(("offset", "length"), [(0, 5), (2, 2), (3, 100), (5, 1), (90, 1)])
def test_a_range_is_those_bytes(
    store: BlobStore, incoming: ContainerClient, folder: Location, offset: int, length: int
) -> None:
    put(incoming, folder / "model.bin", b"12345")

    found = store.range(stored(store, folder / "model.bin"), offset=offset, length=length)

    assert found == b"12345"[offset : offset + length]


@pytest.mark.parametrize("after", [b"12345", None])
def test_a_range_of_a_file_that_changed_is_not_read(
    store: BlobStore, incoming: ContainerClient, folder: Location, after: bytes | None
) -> None:
    put(incoming, folder / "model.bin", b"12345")
    listed = stored(store, folder / "model.bin")
    incoming.delete_blob(listed.name)
    if after is not None:
        put(incoming, folder / "model.bin", after)

    with pytest.raises(ArtifactChangedError):
        store.range(listed, offset=0, length=2)


@pytest.mark.parametrize("size", [50, 3 * MIB])
def test_a_blob_that_says_it_is_packed_is_read_and_copied_as_it_lies_there(
    store: BlobStore, incoming: ContainerClient, folder: Location, size: int
) -> None:
    packed = gzip.compress(some_bytes(size))
    said = ContentSettings(content_encoding="gzip")
    incoming.upload_blob((folder / "model.bin").name, packed, content_settings=said)

    found = stored(store, folder / "model.bin")
    copy = store.copy(found, in_the_workspace(folder) / "model.bin")

    assert [b"".join(store.chunks(file)) for file in (found, copy)] == [packed] * 2
    assert store.range(found, offset=0, length=len(packed)) == packed
    assert store.range(found, offset=20, length=15) == packed[20:35]


def test_a_document_that_says_it_is_packed_is_not_unpacked_beyond_its_limit(
    store: BlobStore, incoming: ContainerClient, folder: Location
) -> None:
    packed = gzip.compress(bytes(MIB))
    said = ContentSettings(content_encoding="gzip")
    incoming.upload_blob((folder / "model.manifest.json").name, packed, content_settings=said)

    found = store.read(folder / "model.manifest.json", limit_bytes=len(packed))

    assert found is not None
    assert found[0] == packed


def test_a_blob_is_described_with_its_metadata(store: BlobStore, incoming: ContainerClient, folder: Location) -> None:
    place = folder / "model.onnx"
    incoming.upload_blob(place.name, b"xyz", metadata={"registrar_metric_accuracy": "0.9"})

    found = store.described(place)

    etag = incoming.get_blob_client(place.name).get_blob_properties().etag.strip('"')
    assert found == Described(3, etag, {"registrar_metric_accuracy": "0.9"})
    assert store.described(folder / "gone") is None
