"""Failures that were asked for in advance, and the record of every request that came.

One object for all stand-ins of a sandbox. A fault is met by the next request that fits, then it is used up; a chance of
failing stays until `clear`. Thread safe. Storage is Azurite's and cannot be told to fail here.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.http_server import ConnectionLostError

if TYPE_CHECKING:
    from collections.abc import Collection

    from sandbox.http_server import Answer, Request, Response


@dataclass
class _Fault:
    method: str
    path: re.Pattern[str]
    left: int
    instead: Response | None = None
    delay_seconds: float = 0.0
    loses_answer: bool = False

    def fits(self, request: Request) -> bool:
        return self.left > 0 and request.method == self.method and self.path.search(request.path) is not None

    def __str__(self) -> str:
        if self.loses_answer:
            return "lost answer"
        return str(self.instead.status) if self.instead else "delay"


@dataclass(frozen=True)
class _Chance:
    rate: float
    hosts: Collection[str]
    instead: tuple[Response, ...]
    dice: random.Random

    def draw(self, request: Request) -> _Fault | None:
        if request.host not in self.hosts or self.dice.random() >= self.rate:
            return None
        response = self.dice.choice((*self.instead, None))
        return _Fault("", re.compile(""), 0, instead=response, loses_answer=response is None)


class Faults:
    """What will go wrong, and what was seen.

    `requests` are (method, host, path) of all that came, in order of arrival; `met` counts the faults that requests
    met, by their status, or as `lost answer` or `delay`.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str]] = []
        self.met: Counter[str] = Counter()
        self._faults: list[_Fault] = []
        self._chances: list[_Chance] = []
        self._lock = threading.Lock()

    def fail_next(self, method: str, path_regex: str, response: Response, *, times: int = 1) -> None:
        """Answer the next `times` requests that fit with `response`; they have no effect."""
        self._add(_Fault(method, re.compile(path_regex), times, instead=response))

    def delay_next(self, method: str, path_regex: str, seconds: float, *, times: int = 1) -> None:
        """Let the next `times` requests that fit wait for `seconds` before they have their effect."""
        self._add(_Fault(method, re.compile(path_regex), times, delay_seconds=seconds))

    def lose_next_answer(self, method: str, path_regex: str, *, times: int = 1) -> None:
        """Let the next `times` requests that fit have their effect, and close the connection instead of answering."""
        self._add(_Fault(method, re.compile(path_regex), times, loses_answer=True))

    def fail_some(self, rate: float, instead: tuple[Response, ...], *, hosts: Collection[str], seed: int) -> None:
        """From now on let a share `rate` of the requests to `hosts` go wrong: one of `instead`, or a lost answer.

        Each way is as likely as the others. `seed` fixes the sequence of what goes wrong; which request meets it is
        decided by the order in which requests arrive.
        """
        with self._lock:
            self._chances.append(_Chance(rate, hosts, instead, random.Random(seed)))  # noqa: S311 - to be repeatable

    def clear(self) -> None:
        """Forget the faults that nobody met, the chances, and what was seen so far."""
        with self._lock:
            self._faults.clear()
            self._chances.clear()
            self.requests.clear()
            self.met.clear()

    def around(self, answer: Answer) -> Answer:
        """`answer`, with the faults in front of it and behind it."""

        def answered(request: Request) -> Response:
            fault = self._meet(request)
            if fault is None:
                return answer(request)
            time.sleep(fault.delay_seconds)
            if fault.instead is not None:
                return fault.instead
            response = answer(request)
            if fault.loses_answer:
                raise ConnectionLostError
            return response

        return answered

    def _add(self, fault: _Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def _meet(self, request: Request) -> _Fault | None:
        with self._lock:
            self.requests.append((request.method, request.host, request.path))
            fault = next((each for each in self._faults if each.fits(request)), None)
            if fault is None:
                fault = next(filter(None, (chance.draw(request) for chance in self._chances)), None)
            else:
                fault.left -= 1
            if fault is not None:
                self.met[str(fault)] += 1
            return fault
