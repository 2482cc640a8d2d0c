"""Replaying: what was given up goes back to the queue as it was, and doing it twice changes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from registration import cli_replay, deadletters, envelope, events
from registration.artifacts.store import Location
from registration.deadletters import LARGEST_EVENT, DeadLetters, LetterBlob
from registration.envelope import Envelope
from registration.errors import ArtifactChangedError, InputError, UnavailableError
from registration.replay import DRY_RUN, LARGEST_MESSAGE, Letter, Quarantine, Replay, Replayed
from tests.world import World, drop_event, job_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FIXTURES = Path(__file__).parents[1] / "events"
WORK = sorted(
    path
    for kind in ("run-completed-*", "blob-created-put*")
    for path in FIXTURES.glob(f"{kind}.json")
    if "failed" not in path.stem
)
# As the examples of Event Grid's page on delivery and retry have them.
GIVEN_UP = {
    "deadLetterReason": "MaxDeliveryAttemptsExceeded",
    "deliveryAttempts": 30,
    "lastDeliveryOutcome": "NotFound",
    "publishTime": "2026-03-02T08:00:00.0265758Z",
    "lastDeliveryAttemptTime": "2026-03-02T09:00:00.0465788Z",
}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BLOB = "ON-JOBS/2026/3/2/9/4f1d.json"


@dataclass
class MemoryBlobs:
    """Blobs of dead letters: bytes and time by name, read in pieces of `piece` bytes. `vanishing` cannot be read."""

    kept: dict[str, bytes] = field(default_factory=dict)
    written: dict[str, datetime] = field(default_factory=dict)
    piece: int = 7
    vanishing: str = ""
    handed_out: int = 0

    def listed(self) -> Iterator[LetterBlob]:
        for name in sorted(self.kept):
            yield LetterBlob("dead", name, "etag", self.written.get(name, NOON))

    def chunks(self, blob: LetterBlob) -> Iterator[bytes]:
        if blob.name == self.vanishing:
            raise ArtifactChangedError("the blob was changed or deleted meanwhile")
        data = self.kept[blob.name]
        for start in range(0, len(data), self.piece):
            self.handed_out += self.piece
            yield data[start : start + self.piece]


def given_up(text: str) -> dict[str, Any]:
    """The event with what Event Grid adds to one that it gave up."""
    event: dict[str, Any] = json.loads(text)
    in_cloud_event = "specversion" in event
    return event | {key.lower() if in_cloud_event else key: value for key, value in GIVEN_UP.items()}


def blobs(*found: object, **options: Any) -> MemoryBlobs:
    """One blob with these events; `bytes` are taken as they are."""
    [data] = found if len(found) == 1 and isinstance(found[0], bytes) else [json.dumps(found).encode()]
    assert isinstance(data, bytes)
    return MemoryBlobs({BLOB: data}, **options)


def replayed(
    letters: MemoryBlobs, *, since: datetime | None = None, **options: Any
) -> tuple[list[Replayed], list[str]]:
    """What came of each letter, and what was sent."""
    sent: list[str] = []
    return list(Replay([DeadLetters(letters, since)], sent.append, **options)), sent


def statuses(found: Iterable[Replayed]) -> list[str]:
    return [each.status for each in found]


@pytest.mark.parametrize("path", WORK, ids=lambda path: path.stem)
def test_a_dead_letter_says_what_its_event_said(path: Path) -> None:
    event = json.loads(path.read_text())
    dead = given_up(path.read_text())

    found, (message,) = replayed(blobs(dead))

    opened = envelope.open_(message)
    assert opened == Envelope(dead)
    assert events.parse(opened.event) == events.parse(event)
    assert [(each.status, each.event_id) for each in found] == [("sent", events.parse(event).id)]


@pytest.mark.parametrize("path", WORK, ids=lambda path: path.stem)
def test_why_it_was_given_up_is_told_in_both_schemas(path: Path) -> None:
    found, _ = replayed(blobs(given_up(path.read_text())))

    assert [each.reason for each in found] == ["MaxDeliveryAttemptsExceeded, NotFound at last, 30 attempts"]


@pytest.mark.parametrize("piece", [1, 2, 7, 64, 1 << 20])
def test_events_are_sent_byte_for_byte_however_the_blob_is_cut(piece: int) -> None:
    first, second = job_event("job_1", note="grüße 模型"), drop_event("vendor-a/one")
    data = f"\ufeff [ {first} ,\r\n {second}\t]\n".encode()

    found, sent = replayed(blobs(data, piece=piece))

    assert sent == [first, second]
    assert [each.source for each in found] == [f"dead/{BLOB}#/0", f"dead/{BLOB}#/1"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@settings(deadline=None, max_examples=100)
@example([1e16, -1.5], 1, None, False)
@given(st.lists(VALUES, max_size=5), st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_any_array_is_taken_apart_as_it_was_put_together(
    values: list[object], piece: int, indent: int | None, is_ascii: bool
) -> None:
    data = json.dumps(values, indent=indent, ensure_ascii=is_ascii).encode()

    letters = list(DeadLetters(blobs(data, piece=piece)).letters())

    assert [each.event for each in letters if isinstance(each, Letter)] == values
    assert [json.loads(each.text) for each in letters if isinstance(each, Letter)] == values


def test_a_bad_event_among_good_ones_is_reported_and_the_others_are_sent() -> None:
    good = [json.loads(job_event(name)) for name in ("job_1", "job_2")]

    found, sent = replayed(blobs(good[0], {"specversion": "1.0", "type": "x"}, 17, good[1]))

    assert statuses(found) == ["sent", "unreadable", "unreadable", "sent"]
    assert [each.source[-3:] for each in found if each.status == "unreadable"] == ["#/1", "#/2"]
    assert [json.loads(message) for message in sent] == good


def test_an_event_that_asks_for_no_work_is_not_sent() -> None:
    running = job_event("job_1", kind="RunStatusChanged", status="Running")

    found, sent = replayed(blobs(json.loads(running)))

    assert [(each.status, each.reason) for each in found] == [("skipped", "the job's status is Running, not Completed")]
    assert sent == []


@pytest.mark.parametrize("data", [b"[]", b" [ \n ] ", b"\xef\xbb\xbf[]"])
def test_an_empty_array_holds_nothing(data: bytes) -> None:
    assert replayed(blobs(data)) == ([], [])


def test_an_event_without_an_array_around_it_is_read_too() -> None:
    _, sent = replayed(blobs(job_event("job_1").encode()))

    assert sent == [job_event("job_1")]


BROKEN = {
    "empty": (b"", "the blob is empty"),
    "gzip": (b"\x1f\x8b\x08\x00\x00\x00", "not UTF-8"),
    "text": (b"hello", "no array of events"),
    "cut off": (b'[{"id": 1', "character 9"),
    "cut in a letter": (b'["\xc3', "not UTF-8"),
    "no comma": (b"[{} {}]", "cut off or broken"),
    "comma at the end": (b"[{},]", "Expecting value"),
    "never closed": (b"[{}", "cut off or broken"),
    "two arrays": (b"[{}][{}]", "text after the events"),
    "deep": (b"[" * 100_000, "recursion"),
    "long number": (b"[" + b"9" * 5000 + b"]", "digits"),
    "no end": (b'["' + b"x" * (3 * LARGEST_EVENT), "too large"),
}


@pytest.mark.parametrize(("data", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_blob_that_cannot_be_read_is_named_and_the_next_one_is_read(data: bytes, reason: str) -> None:
    letters = MemoryBlobs({"a.json": data, "b.json": f"[{job_event('job_1')}]".encode()}, piece=1 << 16)

    found, sent = replayed(letters)

    [broken] = [each for each in found if each.source == "dead/a.json"]
    assert (broken.status, reason in broken.reason) == ("unreadable", True), broken.reason
    assert sent == [job_event("job_1")]


def test_a_blob_that_never_ends_an_event_is_not_read_to_its_end() -> None:
    letters = blobs(b'["' + b"x" * (8 * LARGEST_EVENT), piece=1 << 16)

    found, _ = replayed(letters)

    assert statuses(found) == ["unreadable"]
    assert letters.handed_out < 3 * LARGEST_EVENT


def test_what_stands_before_the_fault_is_sent() -> None:
    found, sent = replayed(blobs(f"[{job_event('job_1')}, oops".encode()))

    assert statuses(found) == ["sent", "unreadable"]
    assert sent == [job_event("job_1")]


def test_a_blob_that_vanished_is_reported_and_the_next_one_is_read() -> None:
    data = f"[{job_event('job_1')}]".encode()

    found, sent = replayed(MemoryBlobs({"a.json": data, "b.json": data}, vanishing="a.json"))

    assert [(each.source, each.status) for each in found] == [("dead/a.json", "unreadable"), ("dead/b.json#/0", "sent")]
    assert sent == [job_event("job_1")]


def test_of_a_huge_blob_only_a_few_pieces_are_held_at_a_time() -> None:
    count, line = 10_000, job_event("job_1", note="x" * 500)
    letters = blobs(f"[{','.join([line] * count)}]".encode(), piece=1 << 14)
    held: list[int] = []

    for number, each in enumerate(Replay([DeadLetters(letters)], lambda _: None)):
        assert each.status == "sent"
        held.append(letters.handed_out - number * len(line))

    assert len(held) == count
    assert max(held) < 3 * letters.piece


def test_only_blobs_written_since_are_read() -> None:
    data = f"[{job_event('job_1')}]".encode()
    old, new = NOON - timedelta(seconds=1), NOON
    letters = MemoryBlobs({"old.json": data, "new.json": data}, {"old.json": old, "new.json": new})

    found, _ = replayed(letters, since=NOON)

    assert [each.source for each in found] == ["dead/new.json#/0"]


@pytest.mark.parametrize(("only", "expected"), [("job", ["sent", "skipped"]), ("drop", ["skipped", "sent"])])
def test_one_kind_of_event_may_be_asked_for(only: str, expected: list[str]) -> None:
    both = [json.loads(text) for text in (job_event("job_1"), drop_event("vendor-a/one"))]

    found, _ = replayed(blobs(*both), only=only)

    assert statuses(found) == expected


def test_an_event_of_no_known_kind_is_reported_whichever_was_asked_for() -> None:
    found, _ = replayed(blobs({"specversion": "1.0"}), only="job")

    assert statuses(found) == ["unreadable"]


def test_letters_may_be_chosen_by_why_they_were_given_up() -> None:
    late = given_up(job_event("job_1"))
    refused = late | {"deadletterreason": "UndeliverableDueToHttpBadRequest"}

    found, sent = replayed(blobs(late, refused), reason="maxdelivery")

    assert statuses(found) == ["sent", "skipped"]
    assert [json.loads(message) for message in sent] == [late]


def test_a_dry_run_sends_nothing_and_says_what_it_would_send() -> None:
    found, sent = replayed(blobs(json.loads(job_event("job_1")), {}), dry_run=True)

    assert [(each.status, each.is_rehearsed) for each in found] == [("skipped", True), ("unreadable", False)]
    assert found[0].reason == DRY_RUN
    assert sent == []


def test_a_large_event_goes_on_without_its_extras_as_at_the_door() -> None:
    event = json.loads(job_event("job_1"))
    event["data"]["runTags"] = {"note": "x" * LARGEST_MESSAGE}

    _, (message,) = replayed(blobs(event))

    assert envelope.open_(message).trimmed
    assert len(message) < LARGEST_MESSAGE


def test_an_event_too_large_for_a_queue_message_is_reported() -> None:
    found, sent = replayed(blobs(json.loads(job_event("job_1", note="x" * LARGEST_MESSAGE))))

    assert statuses(found) == ["unreadable"]
    assert "too many for a queue message" in found[0].reason
    assert sent == []


def test_a_queue_that_does_not_answer_ends_the_replay() -> None:
    def send(_: str) -> None:
        raise UnavailableError("the work queue did not answer")

    with pytest.raises(UnavailableError):
        list(Replay([DeadLetters(blobs(json.loads(job_event("job_1"))))], send))


def quarantined(world: World, **options: Any) -> tuple[list[Replayed], list[str]]:
    """What came of each message in the world's quarantine, and what was sent."""
    sent: list[str] = []
    return list(Replay([Quarantine(world.ledger.quarantined)], sent.append, **options)), sent


def test_a_quarantined_message_is_sent_as_it_was() -> None:
    world, message = World(), json.dumps(json.loads(job_event("job_1")), indent=1)
    name = world.ledger.quarantine(message, reason="the source is not configured", attempts=1)

    found, sent = quarantined(world)

    assert sent == [message]
    said = Replayed(f"registrar-quarantine/{name}", "RunCompleted-job_1", found[0].type, "sent", found[0].reason)
    assert (found, said.reason) == ([said], "the source is not configured")


def test_its_attempts_are_counted_from_one_again() -> None:
    world, event = World(), json.loads(job_event("job_1", note="grüße"))
    message = envelope.again(Envelope(event, attempt=19, trimmed=True))
    world.ledger.quarantine(message, reason="gave up", attempts=20)

    _, (sent,) = quarantined(world)

    assert envelope.open_(sent) == Envelope(event)


def test_a_lone_surrogate_goes_on_as_the_escape_it_came_from() -> None:
    world = World()
    message = envelope.again(Envelope(json.loads(job_event("job_1", note="\ud83d"))))
    world.ledger.quarantine(message, reason="gave up", attempts=20)

    _, (sent,) = quarantined(world)

    assert json.loads(sent.encode())["note"] == "\ud83d"


def test_a_message_that_is_still_no_event_is_reported_and_not_sent() -> None:
    world = World()
    names = [
        world.ledger.quarantine(text, reason="bad", attempts=1) for text in ("{", "[]", '{"registrar":1,"event":2}')
    ]

    found, sent = quarantined(world)

    assert {(each.source, each.status) for each in found} == {
        (f"registrar-quarantine/{n}", "unreadable") for n in names
    }
    assert sent == []


def test_a_message_of_another_format_is_reported_and_not_sent() -> None:
    world = World()
    world.quarantine.create("newer.json", {"format": "registrar/quarantine/v2", "message": job_event("job_1")})

    found, sent = quarantined(world)

    assert [each.status for each in found] == ["unreadable"]
    assert "registrar/quarantine/v2" in found[0].reason
    assert sent == []


def test_the_quarantined_message_in_the_documents_is_read_as_it_is_written() -> None:
    page = (Path(__file__).parents[2] / "docs/formats/quarantine.md").read_text()
    written = json.loads(page.partition("```json\n")[2].partition("```")[0])
    world = World()
    name = world.ledger.quarantine(written["message"], reason=written["reason"], attempts=written["attempts"])

    found, sent = quarantined(world)

    assert world.quarantine.documents("") == [written]
    assert all(f"| `{member}` |" in page for member in written)
    assert name in page
    assert statuses(found) == ["sent"]
    assert envelope.open_(sent[0]).attempt == 1


def test_quarantined_messages_may_be_chosen_by_their_reason() -> None:
    world = World()
    for name, reason in (("job_1", "blob storage did not answer"), ("job_2", "no policy")):
        world.ledger.quarantine(job_event(name), reason=reason, attempts=20)

    _, sent = quarantined(world, reason="Blob Storage")

    assert sent == [job_event("job_1")]


def settled_world() -> tuple[World, Callable[[], list[str]]]:
    """A world in which everything that can be given up was, and a replay of all of it that settles what it sends."""
    world = World()
    world.job("job_1")
    world.job("job_2", accuracy=0.5)
    world.drop("vendor-a/one")
    world.drop("vendor-a/bad", model="churn")
    works = [job_event("job_1"), job_event("job_2"), drop_event("vendor-a/one"), drop_event("vendor-a/bad")]
    stranger = job_event("job_3", source="/subscriptions/s/resourceGroups/g/providers/x")
    for message in (works[0], envelope.again(Envelope(json.loads(works[1]))), "{"):
        world.ledger.quarantine(message, reason="gave up", attempts=20)
    dead = [given_up(text) for text in (*works, works[0], stranger)]
    letters = MemoryBlobs({name: json.dumps(dead).encode() for name in ("a.json", "b.json")}, piece=1 << 16)

    def replay() -> list[str]:
        sent: list[str] = []
        list(Replay([Quarantine(world.ledger.quarantined), DeadLetters(letters)], sent.append))
        return [world.settle(message).outcome for message in sent]

    return world, replay


def test_what_is_replayed_is_settled_once_however_many_copies_there_are() -> None:
    world, replay = settled_world()

    outcomes = replay()

    assert sorted(set(outcomes)) == ["duplicate", "registered", "rejected"]
    assert outcomes.count("registered") == 2
    assert world.registry.visible("churn") == world.registry.visible("digits") == [1]


def test_replaying_everything_again_changes_nothing() -> None:
    world, replay = settled_world()
    replay()
    before = world.everything()

    outcomes = replay()

    assert set(outcomes) == {"duplicate"}
    assert world.everything() == before


def test_a_replay_writes_nothing_itself() -> None:
    world, _ = settled_world()
    before = world.everything()

    quarantined(world)

    assert world.everything() == before


SUFFIX = "core.windows.net"
PLACES = {
    "https://dead.blob.core.windows.net/letters": Location("dead", "letters", ""),
    "https://dead.blob.core.windows.net/letters/": Location("dead", "letters", ""),
    "https://dead.blob.core.windows.net/letters/ON-JOBS/2026/3/": Location("dead", "letters", "ON-JOBS/2026/3"),
    "https://DEAD.Blob.core.windows.net/letters/a%20b": Location("dead", "letters", "a b"),
}


@pytest.mark.parametrize(("url", "expected"), PLACES.items())
def test_a_container_or_a_folder_in_it_is_named_by_its_url(url: str, expected: Location) -> None:
    assert deadletters.place(url, suffix=SUFFIX) == expected


ELSEWHERE = [
    "http://dead.blob.core.windows.net/letters",
    "https://dead.blob.core.chinacloudapi.cn/letters",
    "https://dead.blob.core.windows.net.example.org/letters",
    "https://example.org/dead.blob.core.windows.net/letters",
    "https://dead.blob.core.windows.net:8443/letters",
    "https://me:secret@dead.blob.core.windows.net/letters",
    "https://dead.blob.core.windows.net/letters?sv=1&sig=secret",
    "https://dead.blob.core.windows.net/letters#secret",
    "https://dead.dfs.core.windows.net/letters",
    "https://a.b.blob.core.windows.net/letters",
    "https://dead.blob.core.windows.net",
    "https://dead.blob.core.windows.net/UPPER",
    "https://[secret/letters",
    "letters",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_no_other_place_is_read_and_no_secret_is_repeated(url: str) -> None:
    with pytest.raises(InputError) as refused:
        deadletters.place(url, suffix=SUFFIX)

    assert "secret" not in str(refused.value)


def shown(capsys: pytest.CaptureFixture[str], *found: object, as_json: bool, **options: Any) -> str:
    """What the command prints about these events."""
    cli_replay.show(Replay([DeadLetters(blobs(*found))], lambda _: None, **options), as_json=as_json)
    return capsys.readouterr().out


def test_the_machine_form_is_an_object_a_line_and_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, json.loads(job_event("job_1")), {}, as_json=True)

    *lines, last = [json.loads(line) for line in said.splitlines()]
    assert [line["status"] for line in lines] == ["sent", "unreadable"]
    assert lines[0].keys() == {"source", "event_id", "type", "status", "reason"}
    assert last == {"counts": {"sent": 1, "skipped": 0, "unreadable": 1}, "dry_run": False}


def test_people_see_what_was_sent_and_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    running = json.loads(job_event("job_2", kind="RunStatusChanged", status="Running"))

    said = shown(capsys, given_up(job_event("job_1")), running, {}, as_json=False)

    assert "sent RunCompleted RunCompleted-job_1" in said
    assert "MaxDeliveryAttemptsExceeded" in said
    assert said.endswith("1 sent, 1 skipped, 1 unreadable\n")
    assert max(len(line) for line in said.splitlines()) <= 80


def test_a_dry_run_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, json.loads(job_event("job_1")), as_json=False, dry_run=True)

    assert said.startswith("would send RunCompleted")
    assert said.endswith("1 would be sent, 0 skipped, 0 unreadable\n")


def test_what_others_wrote_does_not_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    rude = given_up(job_event("job_1")) | {"deadletterreason": "\x1b[2J[red]x[/red]"}

    said = shown(capsys, rude, {"eventType": "[red]y[/red]"}, as_json=False)

    assert "\x1b" not in said
    assert "[2J[red]x[/red]" in said
    assert "unreadable [red]y[/red]" in said


def test_the_counts_are_told_when_the_queue_fails_half_way(capsys: pytest.CaptureFixture[str]) -> None:
    def send(_: str) -> None:
        raise UnavailableError("the work queue did not answer")

    with pytest.raises(UnavailableError):
        cli_replay.show(Replay([DeadLetters(blobs(json.loads(job_event("job_1"))))], send), as_json=True)

    assert json.loads(capsys.readouterr().out)["counts"]["sent"] == 0


def test_the_help_teaches_the_exit_status() -> None:
    app = typer.Typer()
    cli_replay.add_to(app)

    said = CliRunner().invoke(app, ["--help"])

    assert said.exit_code == 0
    assert "Exit status" in said.output
    assert "--dead-letters" in said.output
