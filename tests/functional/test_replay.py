"""Replaying in the sandbox: real blobs are read, and the real queue gets messages that the worker can open."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import sys
import time
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient

from registration import cli_replay, deadletters, envelope, settings
from registration.artifacts.store import Location
from registration.azure.deadletters import CHUNK_BYTES, BlobDeadLetters
from registration.azure.queues import WorkQueue
from registration.bootstrap import Parts
from registration.deadletters import DeadLetters
from registration.errors import ArtifactChangedError, InputError
from registration.replay import Quarantine, Replay, Replayed
from sandbox import names
from tests.world import drop_event, job_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import TokenCredential
    from azure.identity import DefaultAzureCredential

SUFFIX = "core.windows.net"
ACCOUNT = f"https://{names.blob_host(names.STATE_ACCOUNT)}"
CONTAINER = "dead-letters"


@pytest.fixture(scope="module")
def container(credential: DefaultAzureCredential) -> Iterator[ContainerClient]:
    with ContainerClient(ACCOUNT, CONTAINER, credential=credential) as client:
        with contextlib.suppress(ResourceExistsError):
            client.create_container()
        yield client


@pytest.fixture
def folder() -> Location:
    """What one subscription left, for this test alone."""
    return Location(names.STATE_ACCOUNT, CONTAINER, f"SUB-{uuid.uuid4().hex.upper()}")


@pytest.fixture
def queue(credential: DefaultAzureCredential) -> Iterator[QueueClient]:
    """A work queue of this test alone; messages are shown as they travel."""
    name = f"replay-{uuid.uuid4().hex}"
    with QueueClient(f"https://{names.queue_host(names.STATE_ACCOUNT)}", name, credential=credential) as client:
        client.create_queue()
        yield client
        client.delete_queue()


@pytest.fixture
def parts(credential: DefaultAzureCredential, queue: QueueClient) -> Parts:
    """Production's parts, with the work queue of this test."""
    made = Parts(settings.from_environment(), credential)
    made.queue = WorkQueue(credential, made.settings.queue_endpoint, queue.queue_name)
    return made


def received(queue: QueueClient) -> list[str]:
    """The texts in the queue, decoded as the Functions host decodes them."""
    return [base64.b64decode(found.content, validate=True).decode() for found in queue.receive_messages()]


def dead(credential: TokenCredential, place: Location) -> DeadLetters:
    return DeadLetters(BlobDeadLetters(credential, place, suffix=SUFFIX))


def statuses(found: Replay) -> list[tuple[str, str]]:
    return [(each.source.removeprefix(f"{CONTAINER}/").partition("/")[2], each.status) for each in found]


def test_dead_letters_arrive_in_the_queue_byte_for_byte(
    container: ContainerClient, folder: Location, parts: Parts, queue: QueueClient
) -> None:
    texts = [
        job_event("job_1", note="grüße", deadletterreason="MaxDeliveryAttemptsExceeded"),
        drop_event("vendor-a/one"),
    ]
    container.upload_blob(f"{folder.name}/2026/3/2/9/{uuid.uuid4()}.json", f"[{','.join(texts)}]".encode())
    source = BlobDeadLetters(parts.credential, folder, suffix=SUFFIX)

    found = list(Replay([DeadLetters(source)], parts.queue.send))

    messages = received(queue)
    assert [each.status for each in found] == ["sent", "sent"]
    assert sorted(messages) == sorted(texts)
    assert all(envelope.open_(message).attempt == 1 for message in messages)


def test_only_json_blobs_inside_the_folder_are_read(
    credential: DefaultAzureCredential, container: ContainerClient, folder: Location
) -> None:
    for name in ("2026/3/a.json", "2026/30/b.json", "2026/3/notes.txt", "2026/3/deep/c.json"):
        container.upload_blob(f"{folder.name}/{name}", f"[{job_event('job_1')}]".encode())

    found = statuses(Replay([dead(credential, folder / "2026/3")], lambda _: None))

    assert found == [("2026/3/a.json#/0", "sent"), ("2026/3/deep/c.json#/0", "sent")]


def test_a_single_blob_may_be_named(
    credential: DefaultAzureCredential, container: ContainerClient, folder: Location
) -> None:
    for name in ("a.json", "a.json.json"):
        container.upload_blob(f"{folder.name}/{name}", f"[{job_event('job_1')}]".encode())

    assert statuses(Replay([dead(credential, folder / "a.json")], lambda _: None)) == [("a.json#/0", "sent")]


def test_an_unreadable_blob_and_an_empty_one_do_not_stop_the_rest(
    credential: DefaultAzureCredential, container: ContainerClient, folder: Location
) -> None:
    for name, data in (("a.json", b""), ("b.json", b"\x1f\x8b\x08"), ("c.json", f"[{job_event('job_1')}]".encode())):
        container.upload_blob(f"{folder.name}/{name}", data)

    found = statuses(Replay([dead(credential, folder)], lambda _: None))

    assert found == [("a.json", "unreadable"), ("b.json", "unreadable"), ("c.json#/0", "sent")]


def test_a_huge_blob_comes_in_bounded_pieces(
    credential: DefaultAzureCredential, container: ContainerClient, folder: Location
) -> None:
    count = 10_000
    container.upload_blob(f"{folder.name}/a.json", f"[{','.join([job_event('job_1')] * count)}]".encode())
    source = BlobDeadLetters(credential, folder, suffix=SUFFIX)
    [blob] = source.listed()

    sizes = [len(chunk) for chunk in source.chunks(blob)]
    found = Replay([DeadLetters(source)], lambda _: None)

    assert len(sizes) > 1
    assert max(sizes) <= CHUNK_BYTES
    assert sum(each.status == "sent" for each in found) == count


def test_a_blob_that_changed_since_it_was_listed_is_not_read(
    credential: DefaultAzureCredential, container: ContainerClient, folder: Location
) -> None:
    container.upload_blob(f"{folder.name}/a.json", b"[]")
    source = BlobDeadLetters(credential, folder, suffix=SUFFIX)
    [blob] = source.listed()
    container.upload_blob(blob.name, b"[{}]", overwrite=True)

    with pytest.raises(ArtifactChangedError):
        list(source.chunks(blob))


def test_a_container_that_is_not_there_is_named(credential: DefaultAzureCredential) -> None:
    nowhere = deadletters.place(f"{ACCOUNT}/nowhere", suffix=SUFFIX)

    with pytest.raises(InputError, match="no container nowhere"):
        list(Replay([dead(credential, nowhere)], lambda _: None))


def test_a_quarantined_message_arrives_without_its_attempts(parts: Parts, queue: QueueClient) -> None:
    event = json.loads(job_event(f"job_{uuid.uuid4().hex}"))
    message = envelope.again(envelope.Envelope(event, attempt=19))
    kept = parts.ledger.quarantine(message, reason=event["id"], attempts=20)

    [found] = [each for each in replay_for(parts, event["id"]) if each.status == "sent"]

    [arrived] = received(queue)
    assert envelope.open_(arrived) == envelope.Envelope(event)
    assert (found.source, found.event_id) == (f"registrar-quarantine/{kept}", event["id"])


def replay_for(parts: Parts, reason: str) -> list[Replayed]:
    return list(Replay([Quarantine(parts.ledger.quarantined)], parts.queue.send, reason=reason))


COMMAND = """
import sys, typer
from registration import cli, cli_replay
if "replay" not in {command.callback.__name__ for command in cli.app.registered_commands}:
    cli_replay.add_to(cli.app)
cli.main()
"""


def registrar_replay(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, as a person runs it."""
    command = [sys.executable, "-c", COMMAND, "replay", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_shows_what_it_would_send_and_fails_for_what_it_cannot_read(
    container: ContainerClient, folder: Location
) -> None:
    container.upload_blob(f"{folder.name}/a.json", f"[{job_event('job_1')}, {{}}]".encode())

    done = registrar_replay("--dead-letters", f"{ACCOUNT}/{CONTAINER}/{folder.name}", "--dry-run", "--json")

    *lines, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (1, "")
    assert [line["status"] for line in lines] == ["skipped", "unreadable"]
    assert last == {"counts": {"sent": 0, "skipped": 1, "unreadable": 1}, "dry_run": True}


def test_blobs_written_before_the_given_time_are_left_alone(container: ContainerClient, folder: Location) -> None:
    blob = container.upload_blob(f"{folder.name}/a.json", f"[{job_event('job_1')}]".encode())
    after = blob.get_blob_properties().last_modified + timedelta(seconds=1)
    time.sleep(max(0, after.timestamp() - time.time()))

    done = registrar_replay(
        "--dead-letters", f"{ACCOUNT}/{CONTAINER}/{folder.name}", "--since", after.isoformat(), "--dry-run"
    )

    assert (done.returncode, done.stdout) == (0, "0 would be sent, 0 skipped, 0 unreadable\n")


UNUSABLE = {
    "another host": (["--dead-letters", "https://example.org/dead-letters"], "another place"),
    "no URL": (["--dead-letters", "dead-letters"], "another place: dead-letters\n"),
    "no container": (["--dead-letters", f"{ACCOUNT}/nowhere"], "no container nowhere"),
    "no time": (["--since", "yesterday", "--dead-letters", f"{ACCOUNT}/{CONTAINER}"], "write it in"),
    "no kind": (["--only", "model"], "--only"),
}


@pytest.mark.parametrize(("arguments", "said"), UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.usefixtures("sandbox", "container")
def test_what_the_command_cannot_use_ends_it_with_two(arguments: list[str], said: str) -> None:
    done = registrar_replay(*arguments, "--dry-run")

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_sends_to_the_queue_it_is_given(
    container: ContainerClient, folder: Location, parts: Parts, queue: QueueClient
) -> None:
    container.upload_blob(f"{folder.name}/a.json", f"[{job_event('job_1')}]".encode())

    counts = cli_replay.show(Replay([dead(parts.credential, folder)], parts.queue.send), as_json=True)

    assert counts["sent"] == 1
    assert received(queue) == [job_event("job_1")]
