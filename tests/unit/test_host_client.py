"""A client of the sandbox's host: how long it waits for messages that come again later."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.host_client import HostClient, HostProcessError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Scripted(HostClient):
    """A host that tells one status after another, the last one for ever."""

    def __init__(self, *told: dict[str, Any]) -> None:
        super().__init__("http://127.0.0.1:9")
        self._told: Iterable[dict[str, Any]] = chain(told, repeat(told[-1]))

    def status(self) -> dict[str, Any]:
        return next(iter(self._told))


def status(*, waiting: int, running: int = 0, processed: int = 1) -> dict[str, Any]:
    return {"counters": {"running": running, "processed": processed}, "queues": {"registrar-work": waiting}}


def test_a_host_without_messages_is_idle() -> None:
    assert Scripted(status(waiting=0)).settled(5, quiet=5)


def test_a_message_that_waits_is_not_waited_for_longer_than_the_quiet_time() -> None:
    assert not Scripted(status(waiting=1)).settled(5, quiet=0.2)


def test_a_message_that_comes_again_in_time_is_waited_for() -> None:
    host = Scripted(status(waiting=1), status(waiting=1, running=1), status(waiting=0, processed=2))

    assert host.settled(5, quiet=0.2)


def test_the_time_in_which_a_function_runs_is_not_quiet() -> None:
    busy = [status(waiting=1, running=1)] * 8

    assert Scripted(*busy, status(waiting=0, processed=2)).settled(5, quiet=0.2)


def test_a_function_that_never_ends_is_an_error() -> None:
    with pytest.raises(HostProcessError, match=r"runs for longer than 0\.3 s"):
        Scripted(status(waiting=1, running=1)).settled(0.3, quiet=0.2)
