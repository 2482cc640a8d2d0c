"""Failures that were asked for in advance, and the record of every request that came.

One object for all stand-ins of a sandbox. A fault is met by the next request that fits, then it is used up.
Thread safe. Storage is Azurite's and cannot be told to fail here.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.http_server import ConnectionLostError

if TYPE_CHECKING:
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


class Faults:
    """What will go wrong, and `requests`: (method, host, path) of everything seen, in order of arrival."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str]] = []
        self._faults: list[_Fault] = []
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

    def clear(self) -> None:
        """Forget the faults that nobody met and the requests seen so far."""
        with self._lock:
            self._faults.clear()
            self.requests.clear()

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
            if fault is not None:
                fault.left -= 1
            return fault
