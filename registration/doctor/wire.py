"""The wire: requests to Azure and what came back, as plain values. `registration.azure.wire` carries them.

An answer that refuses is a value like any other: telling a missing role from a missing thing is what the doctor is for.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_XML_CODE: Final = re.compile(r"<Code>([^<]{1,200})</Code>")
_XML_MESSAGE: Final = re.compile(r"<Message>([^<\n]{1,2000})")


class Audience(StrEnum):
    """Whom a token is for."""

    ARM = "https://management.azure.com/.default"
    STORAGE = "https://storage.azure.com/.default"
    EVENT_GRID = "https://eventgrid.azure.net/.default"


@dataclass(frozen=True)
class Ask:
    """One request, sent with a token for `audience`."""

    method: str
    url: str
    audience: Audience = Audience.ARM
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None

    @property
    def host(self) -> str:
        """Where it goes."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True)
class Answer:
    """What came of a request. `status` is None when nothing came back, and `said` tells why then.

    `code` is the service's own word for an error, `document` the body where that is JSON, `ahead_seconds` how far the
    service's clock is ahead of ours, None where it does not tell its time. Header names are lower case.
    """

    status: int | None
    code: str = ""
    said: str = ""
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ahead_seconds: float | None = None
    has_token: bool = True

    @property
    def refuses(self) -> bool:
        """Whether it is about who asks, so that somebody else may be let in."""
        return self.status in {401, 403}


class Wire(Protocol):
    """Sends requests under the identity that is signed in."""

    def ask(self, ask: Ask) -> Answer:
        """Send one request; whatever comes of it is an answer."""
        ...

    def token(self, audience: Audience) -> str:
        """A token; raises `UnavailableError` when nobody is signed in."""
        ...


def answer(status: int, headers: Mapping[str, str], body: str, *, received: datetime) -> Answer:
    """The answer in a response that came at `received`."""
    named = {name.lower(): value for name, value in headers.items()}
    document = _json(body)
    code, said = _error(document)
    return Answer(
        status=status,
        code=named.get("x-ms-error-code") or code or _first(_XML_CODE, body),
        said=said or _first(_XML_MESSAGE, body),
        document=document,
        headers=named,
        ahead_seconds=_ahead(named.get("date"), received),
    )


def _json(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _error(document: Any) -> tuple[str, str]:
    """Code and message in the forms of Azure's services: an object under `error`, or both at the top, as in MLflow."""
    if not isinstance(document, dict):
        return "", ""
    error = document["error"] if isinstance(document.get("error"), dict) else document
    return str(error.get("code") or error.get("error_code") or ""), str(error.get("message") or "")


def _first(pattern: re.Pattern[str], body: str) -> str:
    found = pattern.search(body)
    return found[1] if found else ""


def _ahead(date: str | None, received: datetime) -> float | None:
    try:
        told = parsedate_to_datetime(date) if date else None
    except ValueError:
        return None
    if told is None:
        return None
    return (told.replace(tzinfo=told.tzinfo or UTC) - received).total_seconds()
