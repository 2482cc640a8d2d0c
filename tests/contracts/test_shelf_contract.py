"""One contract for every shelf: the one in memory, which unit tests trust, keeps what blob storage keeps."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from azure.storage.blob import BlobServiceClient

from registration.azure.shelf import BlobShelf
from registration.errors import LedgerConflictError, LedgerFormatError
from sandbox import names
from tests.fakes import Clock, MemoryShelf

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential

    from registration.shelf import Entry, Shelf

DAMAGED = ["", "{", '{"state": "clai', "[]", "null", '"text"', "7", "[" * 100_000, "not: json"]


def memory_shelf() -> MemoryShelf:
    clock = Clock()
    clock.now = datetime.now(UTC)
    return MemoryShelf(clock=clock)


@pytest.fixture(params=["memory", pytest.param("blob", marks=pytest.mark.sandbox)])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    """Memory, or a container of the running sandbox, which only that half starts."""
    if request.param == "memory":
        return memory_shelf()
    credential: DefaultAzureCredential = request.getfixturevalue("credential")
    service = BlobServiceClient(f"https://{names.blob_host(names.STATE_ACCOUNT)}", credential=credential)
    return BlobShelf(service.get_container_client("registrar-state"))


@pytest.fixture
def name() -> str:
    """A document that only this test uses."""
    return f"contract/{uuid.uuid4().hex}.json"


def kept(shelf: Shelf, name: str) -> Entry:
    """The document that must be there."""
    found = shelf.read(name)
    assert found is not None
    return found


def test_a_document_that_is_not_there_is_none(shelf: Shelf, name: str) -> None:
    assert shelf.read(name) is None


def test_a_document_comes_back_as_it_was_created(shelf: Shelf, name: str) -> None:
    created = shelf.create(name, {"grüße": ["模型", 1, None]})

    found = kept(shelf, name)

    assert found.document == created.document == {"grüße": ["模型", 1, None]}
    assert (found.etag, found.written) == (created.etag, created.written)


def test_a_text_comes_back_as_it_was_written(shelf: Shelf, name: str) -> None:
    text = "# grüße\r\nname: 模型\n\n"
    absent = shelf.text(name)
    shelf.create_text(name, text)

    assert (absent, shelf.text(name)) == (None, text)


def test_a_document_is_created_once(shelf: Shelf, name: str) -> None:
    first = shelf.create(name, {"by": "first"})

    with pytest.raises(LedgerConflictError, match=f"{name} was written by another worker"):
        shelf.create(name, {"by": "second"})

    assert (kept(shelf, name).document, kept(shelf, name).etag) == ({"by": "first"}, first.etag)


def test_a_document_is_replaced_under_its_etag(shelf: Shelf, name: str) -> None:
    first = shelf.create(name, {"by": "first"})

    second = shelf.replace(name, {"by": "second"}, etag=first.etag)

    assert (kept(shelf, name).document, kept(shelf, name).etag) == ({"by": "second"}, second.etag)
    assert second.etag != first.etag


def test_writing_the_same_again_is_a_new_etag(shelf: Shelf, name: str) -> None:
    first = shelf.create(name, {"by": "first"})

    second = shelf.replace(name, {"by": "first"}, etag=first.etag)

    assert second.etag != first.etag


def test_a_stale_etag_replaces_nothing(shelf: Shelf, name: str) -> None:
    first = shelf.create(name, {"by": "first"})
    second = shelf.replace(name, {"by": "second"}, etag=first.etag)

    with pytest.raises(LedgerConflictError, match=f"{name} was written by another worker"):
        shelf.replace(name, {"by": "third"}, etag=first.etag)

    assert (kept(shelf, name).document, kept(shelf, name).etag) == ({"by": "second"}, second.etag)


def test_what_is_not_there_is_not_replaced(shelf: Shelf, name: str) -> None:
    with pytest.raises(LedgerConflictError, match=f"{name} was written by another worker"):
        shelf.replace(name, {}, etag='"0x8DBADC0FFEE0000"')

    assert shelf.read(name) is None


def test_the_first_text_stays(shelf: Shelf, name: str) -> None:
    shelf.create_text(name, '{"by": "first"}')
    before = kept(shelf, name)

    shelf.create_text(name, '{"by": "second"}')

    assert (kept(shelf, name).document, kept(shelf, name).etag) == ({"by": "first"}, before.etag)


def test_a_text_is_in_the_way_of_a_document_and_can_be_replaced(shelf: Shelf, name: str) -> None:
    shelf.create_text(name, '{"by": "text"}')

    with pytest.raises(LedgerConflictError):
        shelf.create(name, {"by": "document"})

    assert shelf.replace(name, {"by": "another"}, etag=kept(shelf, name).etag).document == {"by": "another"}


@pytest.mark.parametrize("text", DAMAGED)
def test_what_is_no_json_object_is_named_and_left(shelf: Shelf, name: str, text: str) -> None:
    shelf.create_text(name, text)

    with pytest.raises(LedgerFormatError, match=rf"{name} is .*: restore an earlier version of the blob"):
        shelf.read(name)

    with pytest.raises(LedgerConflictError):
        shelf.create(name, {})


def test_the_place_of_a_mistake_is_told(shelf: Shelf, name: str) -> None:
    shelf.create_text(name, '{"state":\n  "claimed", "owner"')

    with pytest.raises(LedgerFormatError, match=r"is not JSON \(line 2 column 21\)"):
        shelf.read(name)


def test_a_number_that_json_does_not_know_is_not_written(shelf: Shelf, name: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        shelf.create(name, {"accuracy": float("nan")})

    assert shelf.read(name) is None


def test_names_are_listed_by_prefix_in_order_with_their_state(shelf: Shelf, name: str) -> None:
    folder = name.removesuffix(".json")
    shelf.create(f"{folder}/b.json", {"state": "claimed"})
    shelf.create(f"{folder}/a.json", {"other": 1})
    shelf.create(f"{folder}-not/a.json", {"state": "claimed"})

    assert list(shelf.names(f"{folder}/")) == [(f"{folder}/a.json", ""), (f"{folder}/b.json", "claimed")]


def test_a_name_is_listed_with_the_latest_state(shelf: Shelf, name: str) -> None:
    first = shelf.create(name, {"state": "claimed"})

    shelf.replace(name, {"state": "finished"}, etag=first.etag)

    assert list(shelf.names(name)) == [(name, "finished")]


def test_a_damaged_document_is_listed(shelf: Shelf, name: str) -> None:
    shelf.create_text(name, '{"state": "clai')

    assert list(shelf.names(name)) == [(name, "")]


def test_nothing_is_listed_under_a_prefix_that_nobody_wrote(shelf: Shelf, name: str) -> None:
    assert list(shelf.names(name)) == []


def test_times_have_a_zone_and_never_run_backwards(shelf: Shelf, name: str) -> None:
    created = shelf.create(name, {})

    found = kept(shelf, name)

    assert found.written.tzinfo is not None
    assert found.written == created.written <= found.now
    assert abs(found.now - datetime.now(UTC)) < timedelta(seconds=10)


def test_what_is_written_later_has_a_later_or_equal_time(shelf: Shelf, name: str) -> None:
    first = shelf.create(name, {})

    second = shelf.replace(name, {}, etag=first.etag)

    assert first.written <= second.written <= second.now
