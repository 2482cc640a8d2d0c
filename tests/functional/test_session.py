"""A terminal that talks to the sandbox of another: what it says when there is none, or when it is refused."""

from __future__ import annotations

import json
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from registration.errors import InputError
from sandbox import session
from sandbox.host_client import HostClient
from sandbox.host_process import HostProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.sandbox import Sandbox

APP = Path(__file__).parent / "apps" / "webhook"


def written(folder: Path, *, url: str, environment: dict[str, str]) -> Path:
    """The file that a sandbox leaves for other terminals."""
    place = folder / "session.json"
    place.write_text(json.dumps({"url": url, "environment": environment, "log": "host.log"}), encoding="utf-8")
    return place


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken, and that nobody answers at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_without_a_sandbox_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="start one in another terminal"), session.opened(tmp_path / "session.json"):
        pass


def test_a_sandbox_that_was_killed_is_no_sandbox(tmp_path: Path, closed_port: int) -> None:
    place = written(tmp_path, url=f"http://127.0.0.1:{closed_port}", environment={})

    with pytest.raises(InputError, match="start one in another terminal"), session.opened(place):
        pass


@pytest.fixture(scope="module")
def host(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    folder = tmp_path_factory.mktemp("host")
    environment = {**sandbox.environment(), "RECORD_DIR": str(folder)}
    with HostProcess.start(app=APP, environment=environment, log=folder / "log") as running:
        yield running


class Logging(HostClient):
    """A host that says where its log is."""

    log = Path("host.log")


@dataclass(frozen=True)
class Up:
    """What is written down of a sandbox."""

    environment: dict[str, str]
    host: HostClient = field(default_factory=lambda: Logging("http://127.0.0.1:9"))


def test_a_shell_takes_every_variable_as_it_is_while_the_sandbox_is_up(tmp_path: Path) -> None:
    given = {"REGISTRAR_POLICY": "/home/o'hara/my policies", "NO_PROXY": "127.0.0.1,$HOME"}
    variables = tmp_path / "environment.sh"
    show = f'. {variables}; printf \'%s|%s\' "$REGISTRAR_POLICY" "$NO_PROXY"'

    with session.written_down(cast("Any", Up(given)), tmp_path / "session.json"):
        said = subprocess.run(["sh", "-c", show], capture_output=True, text=True, check=True, timeout=10).stdout

    assert said.split("|") == list(given.values())
    assert not variables.exists()


@pytest.mark.parametrize("event", [1, [], {"id": "1"}])
def test_an_event_that_the_host_refuses_is_told_with_its_status(
    tmp_path: Path, sandbox: Sandbox, host: HostProcess, event: Any
) -> None:
    place = written(tmp_path, url=host.url, environment=sandbox.environment())

    with pytest.raises(InputError, match="the host refuses this event with 404"), session.opened(place) as opened:
        opened.post(event)


@pytest.mark.parametrize(
    ("text", "said"), [("[]", "must hold an event"), ('"x"', "must hold an event"), ("[", "not JSON")]
)
def test_a_file_that_holds_no_event_is_told_by_its_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "event.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=rf"event\.json: {said}"):
        session.send(path, as_json=False)


def test_a_folder_is_no_event(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Is a directory"):
        session.send(tmp_path, as_json=False)
