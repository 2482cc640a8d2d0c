"""A sandbox leaves nothing behind: not when it is closed, and not when its process dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox.azurite import Azurite, AzuriteError
from sandbox.certificates import issue

if TYPE_CHECKING:
    from collections.abc import Iterator

_REPOSITORY = Path(__file__).resolve().parents[2]
_PACKAGES = _REPOSITORY / "node_modules"
_START_AND_WAIT = """
import sys, time, pathlib
from sandbox import azurite, certificates
directory = pathlib.Path(sys.argv[1])
files = certificates.issue(["*.blob.core.windows.net"], directory=directory)
running = azurite.Azurite.start(packages=pathlib.Path(sys.argv[2]), accounts={"account": "a2V5"}, certificates=files)
print(*running.pids, flush=True)
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def all_end_within(pids: list[int], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(is_running, pids))


@pytest.fixture
def orphaned(tmp_path: Path) -> Iterator[list[int]]:
    command = [sys.executable, "-c", _START_AND_WAIT, str(tmp_path), str(_PACKAGES)]
    environment = {**os.environ, "PYTHONPATH": str(_REPOSITORY)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        parent.send_signal(signal.SIGKILL)
    yield pids
    for pid in filter(is_running, pids):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.sandbox
@pytest.mark.skipif(sys.platform != "linux", reason="reads the process table in /proc")
def test_the_emulators_end_when_their_parent_is_killed(orphaned: list[int]) -> None:
    assert len(orphaned) == 2
    assert all_end_within(orphaned, seconds=5)


def test_a_missing_emulator_is_named_with_the_remedy(tmp_path: Path) -> None:
    files = issue(["*.blob.core.windows.net"], directory=tmp_path)

    with pytest.raises(AzuriteError, match="npm ci"):
        Azurite.start(packages=tmp_path / "nowhere", accounts={"account": "a2V5"}, certificates=files)
