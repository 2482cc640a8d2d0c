"""The sweep against the sandbox: real lists and blobs, and the real registrar working on what was enqueued.

The session's sandbox holds jobs of other tests, so the policy wants only this test's experiment and prefix.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from registration import bootstrap_sweep
from registration.artifacts.store import Location
from registration.azure.listing import DropBlobs, WorkspaceJobs
from registration.coverage import Coverage
from registration.errors import UnavailableError
from registration.listing import DropPlace
from registration.sweep import Sweep
from registration.watermark import Watermarks
from sandbox import names, runs, timestamps
from tests.fakes import MemoryShelf
from tests.functional import one_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient

    from registration.azure.rest import Rest
    from registration.bootstrap import Parts
    from sandbox.sandbox import Sandbox

MINUTE = timedelta(minutes=1)


@pytest.fixture
def name() -> str:
    """What only this test's experiment, jobs, model and folder are called."""
    return f"sweep-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def parts(sandbox: Sandbox, credential: DefaultAzureCredential, tmp_path: Path, name: str) -> Parts:
    """Production's parts, with a policy of this test alone."""
    drop = {"account": names.DROP_ACCOUNT, "container": names.DROP_CONTAINER, "prefix": f"{name}/"}
    policy = one_model.policy(name, {"drop": drop}, metrics={"accuracy": {"min": 0.9}})
    return one_model.app(sandbox.environment(), credential, tmp_path, policy)


@dataclass(frozen=True)
class Swept:
    """A sweep with a watermark of its own, and what it enqueued."""

    parts: Parts
    watermarks: Watermarks = field(default_factory=lambda: Watermarks(MemoryShelf()))
    queue: list[str] = field(default_factory=list)

    @property
    def sweep(self) -> Sweep:
        return Sweep(
            jobs=WorkspaceJobs(self.parts.rest, self.parts.settings.workspace),
            drops=DropBlobs(self.parts.credential, suffix=self.parts.settings.storage_suffix),
            resolver=self.parts.registrar.resolver,
            ledger=self.parts.ledger,
            quiet_for=self.parts.ledger.quiet_for,
            pauses=self.parts.pauses,
            upkeep=bootstrap_sweep.upkeep(self.parts),
            leftovers=self.parts.leftovers,
            send=self.queue.append,
            watermarks=self.watermarks,
            now=lambda: datetime.now(UTC) - MINUTE,
        )

    def counts(self) -> tuple[int, int, int]:
        """Eligible, decided, enqueued; stuck and repaired belong to the whole session's ledger."""
        found = self.sweep.run()
        return found.eligible, found.decided, found.enqueued - found.stuck

    def work_off(self) -> list[str]:
        """Let the registrar work on everything that was enqueued; the outcomes."""
        outcomes = [found.outcome for message in self.queue for found in self.parts.registrar.process(message)]
        self.queue.clear()
        return outcomes


@pytest.fixture
def swept(parts: Parts) -> Swept:
    """A sweep that has run once, a minute ago."""
    made = Swept(parts)
    made.sweep.run()
    return made


@pytest.fixture
def small_pages(sandbox: Sandbox) -> Iterator[None]:
    before = sandbox.workspace.page_size
    sandbox.workspace.page_size = 3
    yield
    sandbox.workspace.page_size = before


def add_job(sandbox: Sandbox, outputs: ContainerClient, job: str, *, experiment: str, **more: object) -> None:
    outputs.upload_blob(f"azureml/{job}/model/model.bin", job.encode())
    described = {"metrics": {"accuracy": 0.95}, "outputs": {"model": runs.JobOutput("custom_model")}}
    sandbox.workspace.add_job(job, experiment=experiment, **{**described, **more})


def drop(incoming: ContainerClient, folder: str, model: str) -> None:
    data = folder.encode()
    incoming.upload_blob(f"{folder}/model.bin", data)
    file = {"path": "model.bin", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    said = {"apiVersion": "registrar/v1", "kind": "DropManifest", "model": model, "files": [file]}
    incoming.upload_blob(f"{folder}/model.manifest.json", json.dumps({**said, "metrics": {"accuracy": 0.95}}))


def test_a_job_that_no_event_told_of_is_registered(
    sandbox: Sandbox, swept: Swept, outputs: ContainerClient, name: str
) -> None:
    add_job(sandbox, outputs, f"{name}-1", experiment=name)
    add_job(sandbox, outputs, f"{name}-2", experiment="another")

    assert swept.counts() == (1, 0, 1)
    assert swept.work_off() == ["registered"]
    assert swept.counts() == (1, 1, 0)
    assert sandbox.workspace.version(name, 1).job == f"{name}-1"


def test_a_drop_that_no_event_told_of_is_registered(swept: Swept, incoming: ContainerClient, name: str) -> None:
    drop(incoming, f"{name}/ü 100%", name)

    assert swept.counts() == (1, 0, 1)
    assert swept.work_off() == ["registered"]
    assert swept.counts() == (1, 1, 0)


@pytest.mark.usefixtures("small_pages")
def test_jobs_are_found_on_every_page(sandbox: Sandbox, swept: Swept, outputs: ContainerClient, name: str) -> None:
    for number in range(7):
        add_job(sandbox, outputs, f"{name}-{number}", experiment=name)

    assert swept.counts() == (7, 0, 7)


@pytest.mark.usefixtures("small_pages")
def test_a_page_that_is_refused_leaves_the_watermark_where_it_was(
    sandbox: Sandbox, swept: Swept, outputs: ContainerClient, name: str
) -> None:
    for number in range(4):
        add_job(sandbox, outputs, f"{name}-{number}", experiment=name)
    before = swept.watermarks.read()
    sandbox.workspace.fail_next("GET", "/jobs$", 429, headers={"retry-after-ms": "1"}, times=4)

    with pytest.raises(UnavailableError, match="Azure ML answered 429"):
        swept.sweep.run()

    assert swept.watermarks.read() == before
    assert swept.counts()[0] == 4


def test_a_job_that_ended_before_the_watermark_is_left_unless_asked_for(
    sandbox: Sandbox, swept: Swept, outputs: ContainerClient, name: str
) -> None:
    then = datetime.now(UTC) - timedelta(days=2)
    add_job(sandbox, outputs, name, experiment=name, created=timestamps.ticks(then), ended=timestamps.ticks(then))

    assert swept.counts() == (0, 0, 0)
    assert swept.sweep.run(since=then - timedelta(days=1), dry_run=True).eligible == 1


@pytest.mark.parametrize("pin", ["source", "copy"])
def test_a_champion_whose_files_are_written_again_is_noticed_unless_it_is_pinned(
    sandbox: Sandbox, swept: Swept, outputs: ContainerClient, name: str, pin: str
) -> None:
    policy = Path(str(swept.parts.settings.policy)) / "p.yaml"
    said = json.loads(policy.read_text(encoding="utf-8"))
    said["models"][0] |= {"pin": pin}
    policy.write_text(json.dumps(said), encoding="utf-8")
    add_job(sandbox, outputs, name, experiment=name)
    swept.sweep.run()
    swept.work_off()
    assert bootstrap_sweep.upkeep(swept.parts).inspector.news(name) == ""

    outputs.upload_blob(f"azureml/{name}/model/model.bin", b"written again", overwrite=True)

    noticed = f"{name}:1 is the champion and has other files than were judged" if pin == "source" else ""
    assert bootstrap_sweep.upkeep(swept.parts).inspector.news(name) == noticed
    assert sandbox.workspace.version(name, 1).job == name


def test_a_tag_that_a_person_changed_is_repaired(
    sandbox: Sandbox, swept: Swept, outputs: ContainerClient, name: str
) -> None:
    add_job(sandbox, outputs, name, experiment=name)
    swept.sweep.run()
    swept.work_off()
    swept.parts.registrar.versioning.registry.project(name, 1, tags={"registrar.champion": "false"}, stage="Staging")

    assert swept.sweep.run(dry_run=True).repaired >= 1
    assert sandbox.workspace.version(name, 1).stage == "Staging"
    assert swept.sweep.run().repaired >= 1

    shown = sandbox.workspace.version(name, 1)
    assert (shown.stage, shown.tags["registrar.champion"]) == ("Production", "true")


def test_a_listed_job_says_what_the_sweep_asks(sandbox: Sandbox, rest: Rest, name: str) -> None:
    created, ended = datetime(2026, 3, 1, 8, 0, 0, 500, UTC), datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    moments = {"created": timestamps.ticks(created), "ended": timestamps.ticks(ended)}
    sandbox.workspace.add_job(name, experiment="e", tags={"t": "1"}, **moments)
    sandbox.workspace.add_job(f"{name}-p", job_type="Pipeline", **moments)

    jobs = {job.name: job for job in WorkspaceJobs(rest, names.WORKSPACE_ID).newest_first()}

    found = jobs[name]
    assert (found.status, found.experiment, dict(found.tags)) == ("Completed", "e", {"t": "1"})
    assert (found.created, found.ended) == (created, ended)
    assert (jobs[f"{name}-p"].ended, jobs[f"{name}-p"].time) == (None, created)


@pytest.mark.parametrize("said", ["", "soon", "0000-00-00 00:00:00"])
def test_an_end_that_cannot_be_read_is_no_end(sandbox: Sandbox, rest: Rest, said: str) -> None:
    job = {"name": "j", "systemData": {"createdAt": "2026-03-01T08:00:00Z"}}
    body = {"value": [{**job, "properties": {"properties": {"EndTimeUtc": said}}}]}
    sandbox.workspace.fail_next("GET", "/jobs$", 200, body)

    [found] = WorkspaceJobs(rest, names.WORKSPACE_ID).newest_first()

    assert (found.status, found.ended) == (None, None)


def test_a_token_is_not_sent_where_a_next_page_leads_elsewhere(sandbox: Sandbox, rest: Rest) -> None:
    sandbox.workspace.fail_next("GET", "/jobs$", 200, {"value": [], "nextLink": "https://pages.example.net/jobs"})

    with pytest.raises(UnavailableError, match="does not follow"):
        list(WorkspaceJobs(rest, names.WORKSPACE_ID).newest_first())

    assert "pages.example.net" not in sandbox.refused_hosts


def test_a_workspace_that_is_not_there_is_an_outage(rest: Rest) -> None:
    with pytest.raises(UnavailableError, match="does not list its jobs"):
        list(WorkspaceJobs(rest, f"{names.WORKSPACE_ID}-gone").newest_first())


def test_blobs_are_listed_with_their_etags(
    credential: DefaultAzureCredential, incoming: ContainerClient, name: str
) -> None:
    incoming.upload_blob(f"{name}/a/model.manifest.json", b"{}")
    incoming.upload_blob(f"{name}-b/model.manifest.json", b"{}")
    place = DropPlace(names.DROP_ACCOUNT, names.DROP_CONTAINER, f"{name}/")

    [found] = DropBlobs(credential, suffix="core.windows.net").blobs(place)

    assert found.location == Location(names.DROP_ACCOUNT, names.DROP_CONTAINER, f"{name}/a/model.manifest.json")
    properties = incoming.get_blob_client(found.location.name).get_blob_properties()
    assert (f'"{found.etag}"', found.modified) == (properties.etag, properties.last_modified)


def test_a_drop_container_that_is_not_there_holds_nothing(credential: DefaultAzureCredential, name: str) -> None:
    place = DropPlace(names.DROP_ACCOUNT, name, "")

    assert list(DropBlobs(credential, suffix="core.windows.net").blobs(place)) == []


def test_an_empty_sweep_covers_everything(swept: Swept) -> None:
    assert swept.counts() == (0, 0, 0)
    assert Coverage().share == 1.0
