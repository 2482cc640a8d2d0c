"""The ledger's shelf on real storage, and the ledger on it: of any number of writers one wins, the others are told."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, override

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient, ContainerClient, ExponentialRetry

from registration.azure.shelf import BlobShelf
from registration.errors import ClaimHeldError, LedgerConflictError, UnavailableError
from registration.head import Head
from registration.ledger import HELD_FOR, Ledger
from registration.work import Intent
from sandbox import names
from sandbox.http_server import HttpServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azure.identity import DefaultAzureCredential

RACERS = 16


@pytest.fixture(scope="module")
def service(credential: DefaultAzureCredential) -> BlobServiceClient:
    return BlobServiceClient(f"https://{names.blob_host(names.STATE_ACCOUNT)}", credential=credential)


@pytest.fixture
def shelf(service: BlobServiceClient) -> BlobShelf:
    return BlobShelf(service.get_container_client("registrar-state"))


@pytest.fixture
def ledger(service: BlobServiceClient) -> Ledger:
    shelves = {
        name: BlobShelf(service.get_container_client(f"registrar-{name}"))
        for name in ("state", "decisions", "quarantine")
    }
    return Ledger(**shelves, new_owner=lambda: uuid.uuid4().hex)


@pytest.fixture
def name() -> str:
    """A document or model that only this test uses."""
    return f"shelf-{uuid.uuid4().hex}"


def race[T](attempt: Callable[[int], T]) -> list[T | Exception]:
    """What came of as many attempts as there are racers, all at the same time."""

    def caught(number: int) -> T | Exception:
        try:
            return attempt(number)
        except LedgerConflictError as lost:
            return lost

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(caught, range(RACERS)))


def losers(results: list[object]) -> int:
    return sum(isinstance(result, LedgerConflictError) for result in results)


def test_times_are_the_servers(shelf: BlobShelf, name: str) -> None:
    created = shelf.create(name, {})
    time.sleep(1.1)

    found = shelf.read(name)

    assert found is not None
    assert found.written == created.written
    assert timedelta(seconds=1) <= found.now - found.written < timedelta(seconds=10)
    assert abs(found.now - datetime.now(UTC)) < timedelta(seconds=10)


class Breaking(RequestsTransport):  # type: ignore[misc]  # azure-core shows the class to type checkers as Any
    """A connection that breaks once before there is an answer."""

    is_whole = False

    @override
    def send(self, request: Any, **options: Any) -> Any:
        if not self.is_whole:
            self.is_whole = True
            raise ServiceResponseError("the connection broke")
        return super().send(request, **options)


def test_a_connection_that_breaks_costs_a_read_neither_its_answer_nor_the_time(
    credential: DefaultAzureCredential, shelf: BlobShelf, name: str
) -> None:
    written = shelf.create(name, {"is": "there"})
    soon = ExponentialRetry(initial_backoff=0, increment_base=0, random_jitter_range=0)
    url = f"https://{names.blob_host(names.STATE_ACCOUNT)}"
    client = ContainerClient(url, "registrar-state", credential, transport=Breaking(), retry_policy=soon)

    found = BlobShelf(client).read(name)

    assert found is not None
    assert (found.document, found.etag) == ({"is": "there"}, written.etag)
    assert timedelta() <= found.now - written.now < timedelta(minutes=1)


def test_the_servers_time_can_be_asked_for(shelf: BlobShelf, name: str) -> None:
    before = shelf.create(name, {}).now

    assert timedelta() <= shelf.now() - before < timedelta(minutes=1)


def test_of_many_who_create_a_document_one_wins(shelf: BlobShelf, name: str) -> None:
    results = race(lambda number: shelf.create(name, {"by": number}))

    [winner] = [result.document for result in results if not isinstance(result, Exception)]
    found = shelf.read(name)
    assert found is not None
    assert found.document == winner
    assert losers([*results]) == RACERS - 1


def test_of_many_who_replace_a_document_one_wins(shelf: BlobShelf, name: str) -> None:
    etag = shelf.create(name, {}).etag

    results = race(lambda number: shelf.replace(name, {"by": number}, etag=etag))

    assert losers([*results]) == RACERS - 1


def test_a_claim_is_held_against_another_worker(ledger: Ledger, name: str) -> None:
    ledger.claim(name, subject={"model": "m"})

    with pytest.raises(ClaimHeldError) as held:
        ledger.claim(name, subject={"model": "m"})

    assert held.value.retry_after_seconds is not None
    assert 0 < held.value.retry_after_seconds <= HELD_FOR.total_seconds()


def test_a_claim_that_was_given_back_is_taken_over_at_once(ledger: Ledger, name: str) -> None:
    first = ledger.intend(ledger.claim(name, subject={"model": "m"}), Intent(3, "azureml://somewhere"))
    ledger.give_back(first)

    second = ledger.claim(name, subject={"model": "m"})

    assert (second.work.attempt, second.work.intent) == (2, Intent(3, "azureml://somewhere"))
    assert second.work.owner != first.work.owner


def test_a_worker_that_lost_its_claim_cannot_write(ledger: Ledger, name: str) -> None:
    lost = ledger.claim(name, subject={"model": "m"})
    ledger.give_back(lost)
    taken = ledger.claim(name, subject={"model": "m"})

    with pytest.raises(LedgerConflictError):
        ledger.intend(lost, Intent(1, "azureml://somewhere"))

    assert ledger.intend(taken, Intent(2, "azureml://somewhere")).work.intent == Intent(2, "azureml://somewhere")


def test_giving_back_a_lost_claim_takes_it_from_nobody(ledger: Ledger, name: str) -> None:
    lost = ledger.claim(name, subject={"model": "m"})
    ledger.give_back(lost)
    ledger.claim(name, subject={"model": "m"})

    ledger.give_back(lost)

    with pytest.raises(ClaimHeldError):
        ledger.claim(name, subject={"model": "m"})


def test_finished_work_shows_its_result_for_ever(ledger: Ledger, name: str) -> None:
    claim = ledger.decide(ledger.claim(name, subject={}), result={"outcome": "held"}, outbox=({"sink": "topic"},))
    ledger.finish(claim)

    found = ledger.claim(name, subject={})

    assert found.is_settled
    assert (found.work.state, found.work.result, found.work.outbox) == ("finished", {"outcome": "held"}, ())


def drafted(ledger: Ledger, head: Head, work: str) -> str:
    """The digest of a decision about `work`, drafted for the place after `head`."""
    claim = ledger.draft(ledger.claim(work, subject={}), head, {"candidate": {"work": work}})
    assert claim.work.draft is not None
    return claim.work.draft.digest


def test_of_many_who_append_to_one_head_one_wins(ledger: Ledger, name: str) -> None:
    head = ledger.head(name)
    digests = [drafted(ledger, head, f"{name}-{number}") for number in range(RACERS)]

    results = race(lambda number: ledger.append(head, digests[number], promote=(number + 1, f"{name}-{number}")))

    [winner] = [result for result in results if isinstance(result, Head)]
    now = ledger.head(name)
    assert (now, now.log_seq, now.champion_seq, losers([*results])) == (winner, 1, 1, RACERS - 1)
    assert now.champion is not None
    assert ledger.decision(name, now.champion.decision)["candidate"]["work"] == now.champion.work


def test_a_decision_without_promotion_leaves_the_champion(ledger: Ledger, name: str) -> None:
    head = ledger.head(name)
    first = drafted(ledger, head, f"{name}-1")
    promoted = ledger.append(head, first, promote=(1, f"{name}-1"))
    second = drafted(ledger, promoted, f"{name}-2")

    rejected = ledger.append(promoted, second, promote=None)

    assert (rejected.log_seq, rejected.champion_seq, rejected.champion) == (2, 1, promoted.champion)
    place = {"seq": 2, "previous": first, "last_promotion": first, "champion_seq": 1}
    assert ledger.decision(name, second) == {"candidate": {"work": f"{name}-2"}, **place}


@contextlib.contextmanager
def refusing(code: str) -> Iterator[BlobShelf]:
    """A shelf whose storage answers every request with this conflict."""
    server = HttpServer(lambda _: Response(409, headers={"x-ms-error-code": code}))
    url = f"http://127.0.0.1:{server.port}/account/registrar-decisions"
    try:
        with ContainerClient.from_container_url(url, credential=None) as container:
            yield BlobShelf(container)
    finally:
        server.close()


@pytest.mark.parametrize("code", ["BlobAlreadyExists", "BlobImmutableDueToPolicy"])
def test_what_is_there_is_left_whichever_way_storage_says_so(code: str) -> None:
    with refusing(code) as shelf:
        shelf.create_text("m/digest.json", "{}")
        with pytest.raises(LedgerConflictError):
            shelf.create("heads/m.json", {})


def test_any_other_conflict_is_a_fault_and_nothing_counts_as_written() -> None:
    with refusing("ContainerBeingDeleted") as shelf:
        with pytest.raises(UnavailableError, match="409"):
            shelf.create_text("m/digest.json", "{}")
        with pytest.raises(UnavailableError, match="409"):
            shelf.create("heads/m.json", {})


class Gateway(BaseHTTPRequestHandler):
    """What stands before storage, and says in its place that it cannot be reached, but not when."""

    def do_GET(self) -> None:
        self.send_response_only(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_an_error_without_a_time_is_a_fault_like_any_other() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}/account/registrar-state"
        with ContainerClient.from_container_url(url, credential=None, retry_total=0) as container:
            for ask in (BlobShelf(container).now, partial(BlobShelf(container).read, "heads/m.json")):
                with pytest.raises(UnavailableError, match="503"):
                    ask()
        server.shutdown()


def test_many_who_reserve_a_version_get_numbers_of_their_own(ledger: Ledger, name: str) -> None:
    numbers = race(lambda number: ledger.reserve(name, work=f"work-{number}", at_least=5))

    assert set(numbers) == set(range(5, 5 + RACERS))


def test_a_message_is_quarantined_once_with_its_first_reason(ledger: Ledger, service: BlobServiceClient) -> None:
    message = f"not an event: {uuid.uuid4().hex}"
    kept = ledger.quarantine(message, reason="it is no JSON", attempts=1)

    again = ledger.quarantine(message, reason="every delivery failed", attempts=10)

    found = BlobShelf(service.get_container_client("registrar-quarantine")).read(kept)
    assert again == kept
    assert found is not None
    assert (found.document["message"], found.document["reason"]) == (message, "it is no JSON")
