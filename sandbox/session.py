"""A sandbox that stays up for people: started in one terminal, sent events and drops from another.

`keep_up` leaves a file in `.sandbox/` that says where everything is; it is gone when the sandbox is.
"""

from __future__ import annotations

import json
import shlex
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console

from registration import events
from registration.errors import InputError
from registration.manifest import MANIFEST_NAME
from sandbox import drops, names, raised, stage
from sandbox.host_client import HostClient, HostProcessError
from sandbox.observer import Observer
from sandbox.story_pages import outcome_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PLACE = stage.APP / ".sandbox" / "session.json"
NO_SANDBOX = "no sandbox is up; start one in another terminal: registrar sandbox"
NOTHING = "nothing changed: the event was ignored, or its work was settled before"
QUIET_SECONDS = 20.0  # longer than the first pause of a message that comes again, which is 15


@dataclass(frozen=True)
class Session:
    """A sandbox that another process keeps up."""

    host: HostClient
    environment: dict[str, str]
    log: str  # the host's, a path

    def post(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        """Post one event to the function that hears its type; the outcomes that are new afterwards.

        Raises `StageError` when the host refuses it, and when nothing came of it while a message waits to come again.
        """
        function = "on_drop_event" if events.type_of(json.dumps(event)) in events.DROP_TYPES else "on_job_event"
        observer = Observer()
        before = observer.look()
        answer = self.host.post_events(function, [event])
        if answer.status != stage.ACCEPTED:
            raise stage.StageError(f"the host refuses this event with {answer.status} {answer.body}".rstrip())
        is_idle = self.host.settled(stage.SETTLES_SECONDS, quiet=QUIET_SECONDS)
        news = observer.look().news_since(before)
        if not news and not is_idle:
            raise stage.StageError(self._waits())
        return news

    def _waits(self) -> str:
        number = sum(self.host.status()["queues"].values())
        told = f"nothing came of it yet; messages that wait on the work queue for another try: {number}"
        return f"{told}; `registrar pending` shows what is paused, the host log what failed: {self.log}"


def keep_up(policies: Path) -> int:
    """Keep a sandbox up until Ctrl-C or SIGTERM; exit status 0, or 2 if it could not be started."""
    console = Console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with stage.up(policies, say=lambda text: console.print(f"[dim]{text}[/dim]")) as here, written_down(here):
            _introduce(console, here)
            signal.pause()
    except KeyboardInterrupt:
        console.print("\nstopped")
    except stage.COULD_NOT_START as error:
        console.print(f"registrar: {error}", style="red", markup=False)
        return 2
    return 0


def send(path: Path, *, as_json: bool) -> int:
    """Post the event, or each event of the list, in a file and show what came of it; raises as `opened` does."""
    found = _events(path)
    with opened() as session:
        for event in found:
            _show(session.post(event), as_json=as_json)
    return 0


def drop(path: Path, *, model: str | None, metrics: Mapping[str, float], folder: str, as_json: bool) -> int:
    """Upload `path` as a folder of the drop container, manifest last, raise its event and show what came of it."""
    written = path / MANIFEST_NAME
    if written.exists():
        manifest = _json(written)
    elif model:
        manifest = drops.build_manifest(path, model=model, metrics=metrics)
    else:
        raise InputError(f"{path} has no {MANIFEST_NAME}: add one, or say --model so that it can be made")
    with opened() as session:
        account = f"https://{names.blob_host(names.DROP_ACCOUNT)}"
        blobs = drops.upload(account, names.DROP_CONTAINER, folder, path, manifest)
        event = raised.blob_created(names.DROP_ACCOUNT, names.DROP_CONTAINER, **blobs[-1])
        _show(session.post(event), as_json=as_json)
    return 0


def _introduce(console: Console, here: stage.Stage) -> None:
    console.print("\n[bold]The sandbox is up.[/bold] Ctrl-C ends it.\n")
    console.print(f"  functions   {here.host.url}/admin/functions")
    console.print(f"  host log    {here.host.log}")
    console.print("\nIn another terminal:\n")
    console.print("  registrar drop FOLDER --model digits-recognizer --metric accuracy=0.95")
    console.print("  registrar send EVENT.json")
    console.print("\nTo ask the records, as history, explain, pending and doctor do, or to point any Azure SDK here:\n")
    console.print(f"  . {shlex.quote(str(_variables(PLACE)))}", soft_wrap=True)
    console.print("  registrar history digits-recognizer")


def _variables(place: Path) -> Path:
    """A shell's way into the sandbox, beside the file that says where everything is."""
    return place.with_name("environment.sh")


@contextmanager
def written_down(here: stage.Stage, place: Path = PLACE) -> Iterator[None]:
    """Say at `place` where everything is, for as long as it is there."""
    place.parent.mkdir(exist_ok=True)
    said = {"url": here.host.url, "environment": here.environment, "log": str(here.host.log)}
    place.write_text(json.dumps(said, indent=2), encoding="utf-8")
    exports = (f"export {name}={shlex.quote(value)}\n" for name, value in here.environment.items())
    _variables(place).write_text("".join(exports), encoding="utf-8")
    try:
        yield
    finally:
        place.unlink(missing_ok=True)
        _variables(place).unlink(missing_ok=True)


@contextmanager
def opened(place: Path = PLACE) -> Iterator[Session]:
    """The sandbox that `place` tells of; raises `InputError` when none is up, or when it refuses what it is sent."""
    if not place.exists():
        raise InputError(NO_SANDBOX)
    said = json.loads(place.read_text(encoding="utf-8"))
    session = Session(HostClient(said["url"]), said["environment"], said["log"])
    try:
        session.host.status()
    except ConnectionError:  # a sandbox that was killed leaves its file behind
        raise InputError(NO_SANDBOX) from None
    with stage.environment(session.environment):
        try:
            yield session
        except (stage.StageError, HostProcessError) as refused:
            raise InputError(str(refused)) from refused


def _show(news: list[dict[str, Any]], *, as_json: bool) -> None:
    console = Console()
    if as_json:
        for found in news or [{"outcome": "duplicate", "reasons": [NOTHING]}]:
            print(json.dumps(found, ensure_ascii=False))  # noqa: T201 - the command's output
        return
    for found in news:
        console.print(outcome_page(found, is_expected=True))
    if not news:
        console.print(f"   {NOTHING}")


def _events(path: Path) -> list[dict[str, Any]]:
    document = _json(path)
    found = document if isinstance(document, list) else [document]
    if not found or not all(isinstance(event, dict) for event in found):
        raise InputError(f"{path}: must hold an event, which is a JSON object, or a list of them")
    return found


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as wrong:
        raise InputError(f"{path}: {wrong.strerror}") from None
    except (ValueError, UnicodeDecodeError) as wrong:
        raise InputError(f"{path}: not JSON: {wrong}") from None
