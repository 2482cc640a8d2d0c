"""The sandbox's Functions host in a process of its own, driving tiny apps through the real worker library."""

from __future__ import annotations

import json
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from sandbox.host_client import HostProcessError
from sandbox.host_functions import HostError
from sandbox.host_process import HostProcess, Pace
from sandbox.host_settings import QueueSettings
from sandbox.host_values import Value, queue_messages
from tests.functional.apps.records import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

APPS = Path(__file__).parent / "apps"
PATIENCE = 30.0


class Sandbox(Protocol):
    """What these tests need of the sandbox: the environment that an app runs in."""

    def environment(self) -> dict[str, str]: ...


class Subject:
    """A host under test and the folder its functions write to."""

    def __init__(self, host: HostProcess, records: Path) -> None:
        self.host = host
        self.records = records

    def given(self, function: str, *, containing: str = "") -> list[str]:
        return recorded(self.records, function, containing=containing)

    def wait_for(self, function: str, *, count: int = 1) -> list[str]:
        deadline = time.monotonic() + PATIENCE
        while len(found := self.given(function)) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return found


def event(**members: Any) -> dict[str, Any]:
    return {"id": uuid.uuid4().hex, "subject": "s", "eventTime": "2026-11-20T10:00:00.5000000Z", "data": {}, **members}


@pytest.fixture(scope="module")
def webhook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    records = tmp_path_factory.mktemp("records")
    environment = {"RECORD_DIR": str(records)}
    with HostProcess.start(app=APPS / "webhook", environment=environment, log=records / "log") as host:
        yield Subject(host, records)


def queue_environment(sandbox: Sandbox, records: Path) -> dict[str, str]:
    queue = f"host-{uuid.uuid4().hex[:12]}"
    return {**sandbox.environment(), "RECORD_DIR": str(records), "WORK_QUEUE": queue}


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Subject]:
    records = tmp_path_factory.mktemp("records")
    environment = queue_environment(sandbox, records)
    pace = Pace(polling=0.1, lock=2, visibility_timeout=0)
    with HostProcess.start(app=APPS / "queues", environment=environment, log=records / "log", pace=pace) as host:
        yield Subject(host, records)


def test_a_subscription_is_validated_with_its_code(webhook: Subject) -> None:
    headers = {"aeg-event-type": "SubscriptionValidation"}
    request = [event(data={"validationCode": "C0DE"})]

    answer = webhook.host.post_events("on_event", request, headers=headers)

    assert (answer.status, json.loads(answer.body)) == (200, {"validationResponse": "C0DE"})


def test_a_cloud_events_subscription_is_validated_though_its_data_is_a_string(webhook: Subject) -> None:
    headers = {"aeg-event-type": "SubscriptionValidation"}
    request = {"specversion": "1.0", "data": '{"validationCode": "C0DE"}'}

    answer = webhook.host.post_events("on_event", request, headers=headers)

    assert (answer.status, json.loads(answer.body)) == (200, {"validationResponse": "C0DE"})


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [("eventgrid.azure.us", "eventgrid.azure.us"), ("elsewhere.example", "eventgrid.azure.net")],
)
def test_the_handshake_allows_event_grid_only(webhook: Subject, asked: str, allowed: str) -> None:
    headers = {"WebHook-Request-Origin": asked}

    answer = webhook.host.post_events("on_event", "", headers=headers, method="OPTIONS")

    assert (answer.status, answer.headers["Webhook-Allowed-Origin"]) == (200, allowed)


@pytest.mark.parametrize("function", ["on_event", "on_event_async"])
def test_a_function_is_given_the_event_as_it_came(webhook: Subject, function: str) -> None:
    sent = event(data={"größe": 1.5, "runType": None})

    answer = webhook.host.post_events(function, sent)

    assert answer.status == 202
    assert answer.body == ""
    (given,) = webhook.given(function, containing=sent["id"])
    assert given == json.dumps(sent, separators=(",", ":"), ensure_ascii=False)


def test_one_failure_fails_the_batch_after_all_of_it_ran(webhook: Subject) -> None:
    batch = [event(), event(subject="fail"), event()]

    answer = webhook.host.post_events("on_event", batch)

    assert (answer.status, answer.body) == (500, "Exception while executing function: Functions.on_event")
    assert all(webhook.given("on_event", containing=one["id"]) for one in batch)


def test_an_empty_batch_is_accepted(webhook: Subject) -> None:
    assert webhook.host.post_events("on_event", []).status == 202


@pytest.mark.parametrize(("kind", "status"), [("Unsubscribe", 202), ("Surprise", 400), ("", 400)])
def test_only_notifications_reach_a_function(webhook: Subject, kind: str, status: int) -> None:
    sent = event()

    answer = webhook.host.post_events("on_event", sent, headers={"aeg-event-type": kind})

    assert answer.status == status
    assert not webhook.given("on_event", containing=sent["id"])


@pytest.mark.parametrize("name", ["nobody", "ON_EVENT", "nightly", ""])
def test_a_name_that_is_no_event_grid_function_is_not_found(webhook: Subject, name: str) -> None:
    answer = webhook.host.post_events(name, event())

    assert (answer.status, answer.body) == (404, f"cannot find function: '{name}'")


@pytest.mark.parametrize("body", ["{", "[1]", '"text"'])
def test_a_body_that_is_no_event_answers_500(webhook: Subject, body: str) -> None:
    assert webhook.host.post_events("on_event", body).status == 500


def test_a_timer_runs_when_asked_to(webhook: Subject) -> None:
    before = len(webhook.given("nightly"))

    answer = webhook.host.invoke("nightly")

    assert answer.status == 202
    assert webhook.wait_for("nightly", count=before + 1)[-1] == "False"


def test_functions_are_listed_with_their_bindings(webhook: Subject) -> None:
    listed = {one["name"]: one for one in json.loads(webhook.host.request("GET", "/admin/functions").body)}

    assert sorted(listed) == sorted(webhook.host.functions) == ["nightly", "on_event", "on_event_async"]
    assert listed["nightly"]["config"]["bindings"][0]["schedule"] == "0 0 3 * * *"


def test_logs_name_the_function_and_failures_carry_the_traceback(webhook: Subject) -> None:
    sent = event(subject="fail")

    webhook.host.post_events("on_event", sent)

    log = webhook.host.log.read_text(encoding="utf-8")
    assert f"INFO [Function.on_event] app: was given {sent['id']}" in log
    assert 'raise ValueError("told to fail")' in log


def test_an_app_that_cannot_be_indexed_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(HostProcessError, match="cannot load the on_event function"):
        HostProcess.start(app=APPS / "broken", environment={}, log=tmp_path / "log")


def test_a_queue_name_without_its_setting_is_refused_by_name(tmp_path: Path) -> None:
    environment = {"REGISTRAR_STORAGE__queueServiceUri": "https://account.queue.core.windows.net"}

    with pytest.raises(HostProcessError, match="set the app setting WORK_QUEUE"):
        HostProcess.start(app=APPS / "queues", environment=environment, log=tmp_path / "log")


def test_a_connection_without_its_setting_is_refused_by_name(tmp_path: Path) -> None:
    app = tmp_path / "function_app.py"
    app.write_text(
        "import azure.functions as func\n"
        "app = func.FunctionApp()\n"
        "@app.queue_trigger(arg_name='item', queue_name='some-work', connection='NOWHERE')\n"
        "def work(item: str) -> None: ...\n",
        encoding="utf-8",
    )

    with pytest.raises(HostProcessError, match="set NOWHERE__queueServiceUri"):
        HostProcess.start(app=tmp_path, environment={}, log=tmp_path / "log")


def test_a_function_that_runs_may_finish_when_the_host_stops(tmp_path: Path) -> None:
    host = HostProcess.start(app=APPS / "webhook", environment={"RECORD_DIR": str(tmp_path)}, log=tmp_path / "log")
    sent = event(data={"sleep": 1})
    posting = threading.Thread(target=host.post_events, args=("on_event", sent))
    posting.start()
    while host.status()["counters"]["running"] == 0:
        time.sleep(0.01)

    host.stop()

    posting.join()
    assert recorded(tmp_path, "on_event", containing=sent["id"])


def test_the_queue_settings_of_the_app_are_read_from_its_host_json() -> None:
    settings = QueueSettings.read(APPS.parents[2])

    assert settings == QueueSettings(
        visibility_timeout=30, max_dequeue_count=10, batch_size=8, new_batch_threshold=4, max_polling_interval=5
    )


def test_an_app_without_host_json_has_the_defaults_of_azure() -> None:
    assert QueueSettings.read(APPS / "webhook") == QueueSettings()


def test_a_host_json_that_is_wrong_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"extensions": {"queues": {"visibilityTimeout": "soon"}}}', encoding="utf-8")

    with pytest.raises(HostError, match=r"host\.json is unusable: 'soon' is no time span"):
        QueueSettings.read(tmp_path)


def test_a_text_output_that_looks_like_json_is_split_and_written_again() -> None:
    text = json.dumps([{"at": "2026-11-20T11:00:00.5000000+01:00"}, "plain"])

    messages = queue_messages(Value(text, "string"))

    assert messages == [b'{\n  "at": "2026-11-20T10:00:00.5+00:00"\n}', b"plain"]


def test_other_outputs_are_sent_as_they_are() -> None:
    assert queue_messages(Value("a, b", "string")) == [b"a, b"]
    assert queue_messages(Value(b'{"a":1}', "bytes")) == [b'{"a":1}']


@pytest.mark.sandbox
def test_a_bytes_output_reaches_the_queue_trigger_as_it_was(queues: Subject) -> None:
    sent = event()

    answer = queues.host.post_events("on_bytes", sent)

    queues.host.idle(PATIENCE)
    assert answer.status == 202
    assert queues.given("work", containing=sent["id"]) == [json.dumps(sent, separators=(",", ":"))]


@pytest.mark.sandbox
def test_a_text_output_reaches_the_queue_trigger_as_the_host_writes_it(queues: Subject) -> None:
    sent = event(data={"mark": uuid.uuid4().hex})

    queues.host.post_events("on_text", sent)

    queues.host.idle(PATIENCE)
    assert queues.given("work", containing=sent["data"]["mark"]) == [json.dumps(sent["data"], indent=2)]


@pytest.mark.sandbox
def test_the_output_of_a_function_that_fails_is_not_sent(queues: Subject) -> None:
    sent = event(subject="fail", data={"mark": uuid.uuid4().hex})

    answer = queues.host.post_events("on_text", sent)

    queues.host.idle(PATIENCE)
    assert answer.status == 500
    assert not queues.given("work", containing=sent["data"]["mark"])


@pytest.mark.sandbox
def test_a_message_that_keeps_failing_moves_to_the_poison_queue(queues: Subject) -> None:
    before = queues.host.status()["counters"]
    sent = event(data={"mark": uuid.uuid4().hex, "fail": True})

    queues.host.post_events("on_text", sent)

    after = queues.host.idle(PATIENCE)["counters"]
    assert len(queues.given("work", containing=sent["data"]["mark"])) == 3
    assert len(queues.given("poisoned", containing=sent["data"]["mark"])) == 1
    assert (after["failed"] - before["failed"], after["poisoned"] - before["poisoned"]) == (3, 1)


@pytest.mark.sandbox
def test_a_message_stays_hidden_for_as_long_as_its_function_runs(queues: Subject) -> None:
    sent = event(data={"mark": uuid.uuid4().hex, "sleep": 2.5})

    queues.host.post_events("on_text", sent)

    queues.host.idle(PATIENCE)
    assert len(queues.given("work", containing=sent["data"]["mark"])) == 1


@pytest.mark.sandbox
def test_a_message_comes_back_after_its_host_was_killed(tmp_path: Path, sandbox: Sandbox) -> None:
    environment = queue_environment(sandbox, tmp_path)
    pace = Pace(polling=0.1, lock=2)
    sent = event(data={"mark": uuid.uuid4().hex, "sleep": 0.5})
    host = HostProcess.start(app=APPS / "queues", environment=environment, log=tmp_path / "first", pace=pace)
    host.post_events("on_text", sent)
    Subject(host, tmp_path).wait_for("work")

    host.kill()

    with HostProcess.start(app=APPS / "queues", environment=environment, log=tmp_path / "second", pace=pace) as again:
        again.idle(PATIENCE)
    assert len(recorded(tmp_path, "work", containing=sent["data"]["mark"])) == 2
