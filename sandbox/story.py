"""The demo: seven events, from a first model to a duplicate, told as they happen and checked as they are told.

Nothing is scripted but the events. Models are trained, files uploaded, events posted to the functions host, and every
outcome is read back from the ledger.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Console

from registration.manifest import RECEIPT_NAME
from sandbox import drops, jobs, names, raised, stage, training
from sandbox.story_lineage import lineage_page
from sandbox.story_pages import outcome_page, outcome_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.stage import Stage

POLICIES = stage.APP / "policies"
DROPS = f"https://{names.blob_host(names.DROP_ACCOUNT)}"
CHAMPION = "breast-cancer-classifier"
CANCER = "breast-cancer-nightly"
ENDPOINT = "cancer-live"
FAILED, COULD_NOT_RUN = 1, 2


@dataclass(frozen=True)
class Expected:
    """What must come of a chapter; every text of `says` must be in its reasons."""

    outcome: str
    version: int | None = None
    says: tuple[str, ...] = ()

    def is_met_by(self, found: dict[str, Any]) -> bool:
        """Whether `found` is that outcome."""
        reasons = " ".join(found["reasons"])
        receipt = found.get("receipt", {"outcome": self.outcome})
        as_said = all(text in reasons for text in self.says)
        return as_said and (found["outcome"], found["version"], receipt["outcome"]) == (
            self.outcome,
            self.version,
            self.outcome,
        )


@dataclass(frozen=True)
class Chapter:
    """One event: what leads to it, and what is expected to come of it."""

    title: str
    event: str
    act: Callable[[Stage], list[dict[str, Any]]]
    expected: Expected


@dataclass
class Told:
    """What has been told so far."""

    found: list[tuple[Chapter, dict[str, Any]]] = field(default_factory=list)

    @property
    def is_as_expected(self) -> bool:
        """Whether every chapter ended as expected."""
        return all(chapter.expected.is_met_by(found) for chapter, found in self.found)


def tell(*, as_json: bool) -> int:
    """Tell the story; the exit status: 0 as expected, 1 not, 2 the sandbox could not be started."""
    page: Page = JsonPage() if as_json else TextPage()
    told = Told()
    try:
        with stage.up(POLICIES, say=page.progress) as here:
            for number, chapter in enumerate(CHAPTERS, start=1):
                page.open(number, chapter)
                found = _outcome(chapter.act(here), told)
                told.found.append((chapter, found))
                page.close(chapter, found)
            page.end(here, told)
    except stage.COULD_NOT_START as error:
        page.failed(error)
        return COULD_NOT_RUN
    return 0 if told.is_as_expected else FAILED


def _outcome(news: list[dict[str, Any]], told: Told) -> dict[str, Any]:
    """What a chapter brought. No news means that nothing changed, and then the last offer of that kind stands."""
    if news:
        return news[0]
    known = told.found[1][1]
    reason = f"settled before as {known['outcome']}, version {known['version']}; no blob and no version changed"
    return {**known, "outcome": "duplicate", "reasons": [reason]}


def _job(
    recipe: str, job: str, *, experiment: str, schema: raised.Schema = "eventgrid"
) -> Callable[[Stage], list[dict[str, Any]]]:
    def act(here: Stage) -> list[dict[str, Any]]:
        jobs.run(here.sandbox, recipe, job=job, experiment=experiment)
        return here.raise_event("on_job_event", raised.run_completed(job, experiment, schema=schema))

    return act


def _drop(folder: str, *, tampered: bool) -> Callable[[Stage], list[dict[str, Any]]]:
    def act(here: Stage) -> list[dict[str, Any]]:
        with tempfile.TemporaryDirectory() as scratch:
            trained = training.train("digits", Path(scratch))
            manifest = drops.build_manifest(trained.files, model="digits-recognizer", metrics=trained.metrics)
            written = drops.upload(DROPS, names.DROP_CONTAINER, f"vendor-a/{folder}", trained.files, manifest)
        if tampered:
            drops.tamper(DROPS, names.DROP_CONTAINER, written[0]["path"])
        event = raised.blob_created(names.DROP_ACCOUNT, names.DROP_CONTAINER, **written[-1])
        news = here.raise_event("on_drop_event", event)
        receipt = f"vendor-a/{folder}/{RECEIPT_NAME}"
        said = drops.read_json(DROPS, names.DROP_CONTAINER, receipt)
        return [{**found, "receipt": {"path": receipt, "outcome": said["outcome"]}} for found in news]

    return act


def _again(job: str) -> Callable[[Stage], list[dict[str, Any]]]:
    def act(here: Stage) -> list[dict[str, Any]]:
        twice = raised.run_completed(job, CANCER)
        changed = raised.run_status_changed(job, CANCER, "Completed", schema="cloudevents")
        return here.raise_event("on_job_event", twice) + here.raise_event("on_job_event", changed)

    return act


CHAPTERS = (
    Chapter(
        "A first job finishes: nothing to compare with, so its model is the champion",
        "RunCompleted of cancer-01",
        _job("breast-cancer", "cancer-01", experiment=CANCER),
        Expected("registered", 1),
    ),
    Chapter(
        "A better model takes its place",
        "RunCompleted of cancer-02",
        _job("breast-cancer-better", "cancer-02", experiment=CANCER, schema="cloudevents"),
        Expected("registered", 2, ("better than the champion's",)),
    ),
    Chapter(
        "A worse one does not",
        "RunCompleted of cancer-03",
        _job("breast-cancer-worse", "cancer-03", experiment=CANCER),
        Expected("rejected", None, ("worse than the champion's",)),
    ),
    Chapter(
        "Another team's policy takes an MLflow model folder",
        "RunCompleted of wine-01",
        _job("wine", "wine-01", experiment="wine-nightly"),
        Expected("registered", 1),
    ),
    Chapter(
        "A vendor drops an ONNX file with a manifest, and finds a receipt beside it",
        "BlobCreated vendor-a/2026-10",
        _drop("2026-10", tampered=False),
        Expected("registered", 1),
    ),
    Chapter(
        "One byte of the next drop changes on the way",
        "BlobCreated vendor-a/2026-11",
        _drop("2026-11", tampered=True),
        Expected("rejected", None, ("sha256",)),
    ),
    Chapter(
        "Event Grid delivers cancer-02 again, twice, in both schemas",
        "RunCompleted, RunStatusChanged",
        _again("cancer-02"),
        Expected("duplicate", 2),
    ),
)


class Page(Protocol):
    """How a story is shown."""

    def progress(self, text: str) -> None:
        """Something is going on."""
        ...

    def open(self, number: int, chapter: Chapter) -> None:
        """A chapter begins."""
        ...

    def close(self, chapter: Chapter, found: dict[str, Any]) -> None:
        """A chapter ends."""
        ...

    def end(self, here: Stage, told: Told) -> None:
        """The story ends."""
        ...

    def failed(self, error: Exception) -> None:
        """The sandbox could not be started."""
        ...


class JsonPage:
    """One JSON object a chapter on standard output; failures on standard error."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)

    def progress(self, text: str) -> None:
        """Nothing: the reader is a program."""

    def open(self, number: int, chapter: Chapter) -> None:
        """Nothing: the reader is a program."""

    def close(self, chapter: Chapter, found: dict[str, Any]) -> None:
        """Print the chapter's outcome."""
        wanted = ("outcome", "model", "version", "reasons", "lineage_job_output_uri", "receipt", "work", "decision")
        line = {"event": chapter.event, **{name: found.get(name) for name in wanted}}
        line["expected"] = chapter.expected.is_met_by(found)
        print(json.dumps(line, ensure_ascii=False), flush=True)  # noqa: T201 - the command's output

    def end(self, here: Stage, told: Told) -> None:
        """Nothing: the lines said it all."""

    def failed(self, error: Exception) -> None:
        """Say why."""
        self._console.print(f"registrar: {error}", markup=False, highlight=False)


class TextPage:
    """A page for a person: what is going on, what came of it, a table and the champion's lineage."""

    def __init__(self) -> None:
        self._console = Console()
        self._status = self._console.status("")
        self._started = time.monotonic()

    def progress(self, text: str) -> None:
        """Show what is going on, with a spinner on a terminal."""
        self._status.update(f"[dim]{text}[/dim]")
        self._status.start()

    def open(self, number: int, chapter: Chapter) -> None:
        """Print the chapter's title and spin until it ends."""
        self._status.stop()
        self._console.print(f"\n[bold]{number}. {chapter.title}[/bold]")
        self.progress(f"{chapter.event}: training, uploading, deciding")

    def close(self, chapter: Chapter, found: dict[str, Any]) -> None:
        """Print what came of it."""
        self._status.stop()
        self._console.print(outcome_page(found, is_expected=chapter.expected.is_met_by(found)))

    def end(self, here: Stage, told: Told) -> None:
        """Print the table, the champion's lineage, and whether all is as expected."""
        rows = [(chapter.event, found, chapter.expected.is_met_by(found)) for chapter, found in told.found]
        self._console.print()
        self._console.print(outcome_table(rows))
        version, _ = here.observer.champion(CHAMPION)
        here.sandbox.workspace.endpoints.deploy(ENDPOINT, "blue", model=f"{CHAMPION}:{version}")
        self._console.print("Somebody deploys the champion. Where it comes from, and what uses it:\n")
        self._console.print(lineage_page(f"{CHAMPION}:{version}", like=self._console))
        seconds = time.monotonic() - self._started
        verdict = (
            "[green]Every outcome is the expected one[/green]" if told.is_as_expected else "[red]Not as expected[/red]"
        )
        self._console.print(f"\n{verdict}, in {seconds:.0f} seconds.")

    def failed(self, error: Exception) -> None:
        """Say why."""
        self._status.stop()
        self._console.print(f"registrar: {error}", style="red", markup=False, highlight=False)
