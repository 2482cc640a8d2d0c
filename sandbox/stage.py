"""The stage: a running sandbox with the app's functions in it, and an observer who says what came of an event."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.azurite import AzuriteError
from sandbox.host_client import HostProcessError
from sandbox.host_process import HostProcess
from sandbox.node import NodeMissingError
from sandbox.observer import Observer
from sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.model_store import ModelVersion

APP = Path(__file__).resolve().parent.parent
SETTLES_SECONDS = 180.0  # the first version loads the largest SDK, which a busy machine takes its time for
ACCEPTED = 202  # the host's only answer to an event that a function took


@dataclass(frozen=True)
class Stage:
    """Everything a story or a person in a terminal acts on."""

    sandbox: Sandbox
    host: HostProcess
    observer: Observer
    environment: dict[str, str]

    def raise_event(self, function: str, event: dict[str, Any]) -> list[dict[str, Any]]:
        """Post `event` as Event Grid does, wait until the app is at rest, and say which outcomes are new.

        An empty list means that not one blob of the ledger and not one model version changed. Raises
        `StageError` when the host refuses the event or something changed without an outcome.
        """
        before, versions = self.observer.look(), self._versions()
        answer = self.host.post_events(function, [event])
        if answer.status != ACCEPTED:
            raise StageError(f"the host answered {answer.status} {answer.body}")
        self.host.idle(SETTLES_SECONDS)
        after = self.observer.look()
        news = after.news_since(before)
        if not news and (after.marks != before.marks or self._versions() != versions):
            raise StageError("something changed, but no outcome was recorded")
        return news

    def _versions(self) -> list[ModelVersion]:
        models = self.sandbox.workspace.models
        return [version for model in models.containers() for version in models.versions(model.name)]


class StageError(Exception):
    """The app did not behave as an app in Azure would."""


COULD_NOT_START = (AzuriteError, NodeMissingError, HostProcessError, StageError)


@contextmanager
def up(policies: Path, *, say: Callable[[str], None]) -> Iterator[Stage]:
    """A stage for as long as the block lasts; this process's environment points into the sandbox meanwhile."""
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="registrar-sandbox-")))
        say("starting Azurite, the workspace, the identity endpoint and the proxy")
        sandbox = closing.enter_context(Sandbox.start(directory=folder))
        variables = {**sandbox.environment(), "REGISTRAR_POLICY": str(policies.resolve())}
        closing.enter_context(environment(variables))
        say("starting the functions host")
        host = closing.enter_context(HostProcess.start(app=APP, environment=variables, log=folder / "host.log"))
        yield Stage(sandbox, host, Observer(), variables)


@contextmanager
def environment(given: dict[str, str]) -> Iterator[None]:
    """Lay `given` over this process's environment for as long as the block lasts."""
    before = dict(os.environ)
    os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
