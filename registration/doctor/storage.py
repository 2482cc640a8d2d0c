"""Probes of blob containers and queues. None of them changes anything.

A write names an ETag that no blob has, so it is refused after it was allowed. A message is sent as XML that breaks off,
and one is taken off that does not exist. That storage looks at roles first is inferred, see docs/verified.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from registration.doctor import remedy
from registration.doctor.probe import Absence, Probe
from registration.doctor.remedy import Need
from registration.doctor.wire import Ask, Audience

if TYPE_CHECKING:
    from registration.access import Grant

API: Final = "2023-11-03"
_NEVER: Final = '"0x0"'  # the ETag of no blob
_NO_MESSAGE: Final = "00000000-0000-0000-0000-000000000000"
_NO_RECEIPT: Final = "AgAAAAMAAAAAAAAA"


def account_of(endpoint: str) -> str:
    """The account that an endpoint such as `https://<account>.blob.core.windows.net` belongs to."""
    return endpoint.partition("://")[2].partition(".")[0]


@dataclass(frozen=True)
class Container:
    """A container at the blob endpoint of its account, whose resource id is `within` if that is known."""

    endpoint: str
    name: str
    within: str | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self.endpoint}/{self.name}"


def read(name: str, place: Container, *, grant: Grant, prefix: str = "") -> Probe:
    """Whether blobs in a container may be listed, which is the right to read them too."""
    url = f"{place.url}?restype=container&comp=list&maxresults=1&prefix={quote(prefix)}"
    what = f"list and read {place.name}" + (f"/{prefix}" if prefix else "")
    return _of_container(name, what, _ask("GET", url), {200}, place=place, grant=grant)


def write(name: str, place: Container, *, grant: Grant, path: str) -> Probe:
    """Whether a blob may be written at `path`."""
    never = {"x-ms-blob-type": "BlockBlob", "If-Match": _NEVER}
    ask = _ask("PUT", f"{place.url}/{quote(path)}", body="", **never)
    return _of_container(name, f"write {place.name}/{path}", ask, {412}, place=place, grant=grant)


def peek(name: str, *, endpoint: str, queue: str, grant: Grant) -> Probe:
    """Whether messages may be looked at."""
    ask = _ask("GET", f"{endpoint}/{queue}/messages?peekonly=true")
    return _of_queue(name, f"look into {queue}", ask, {200}, endpoint=endpoint, queue=queue, grant=grant)


def send(name: str, *, endpoint: str, queue: str, grant: Grant) -> Probe:
    """Whether messages may be put on a queue."""
    ask = _ask("POST", f"{endpoint}/{queue}/messages", body="<QueueMessage>", **{"Content-Type": "application/xml"})
    return _of_queue(name, f"put messages on {queue}", ask, {400}, endpoint=endpoint, queue=queue, grant=grant)


def take(name: str, *, endpoint: str, queue: str, grant: Grant) -> Probe:
    """Whether messages may be taken off a queue."""
    ask = _ask("DELETE", f"{endpoint}/{queue}/messages/{_NO_MESSAGE}?popreceipt={_NO_RECEIPT}")
    return _of_queue(name, f"take messages off {queue}", ask, {400, 404}, endpoint=endpoint, queue=queue, grant=grant)


def _ask(method: str, url: str, *, body: str | None = None, **headers: str) -> Ask:
    return Ask(method, url, Audience.STORAGE, {"x-ms-version": API, **headers}, body)


def _of_container(  # noqa: PLR0913 - a probe, and the place it is about
    name: str, what: str, ask: Ask, expected: set[int], *, place: Container, grant: Grant
) -> Probe:
    account = account_of(place.endpoint)
    make = f"az storage container create --name {place.name} --account-name {account} --auth-mode login"
    need = Need(grant, remedy.container(account, place.name, within=place.within))
    return Probe(name, what, ask, frozenset(expected), need, Absence("Make the container.", (make,)))


def _of_queue(  # noqa: PLR0913 - as above
    name: str, what: str, ask: Ask, expected: set[int], *, endpoint: str, queue: str, grant: Grant
) -> Probe:
    account = account_of(endpoint)
    make = f"az storage queue create --name {queue} --account-name {account} --auth-mode login"
    need = Need(grant, remedy.queue(account, queue))
    return Probe(name, what, ask, frozenset(expected), need, Absence("Make the queue.", (make,)))
