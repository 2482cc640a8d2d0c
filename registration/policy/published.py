"""Published policies: the place the app reads them from when they do not ship with it, as a deployer sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from registration.errors import PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class PublishedText:
    """A policy as it is published, under its name below the place; `etag` is what a change of it must name."""

    name: str
    data: bytes
    etag: str

    @property
    def text(self) -> str:
        """The text; raises `PolicyError` if it is not UTF-8."""
        try:
            return self.data.decode()
        except UnicodeDecodeError as broken:
            raise PolicyError(self.name, [Problem("", f"is not UTF-8 (byte {broken.start})")]) from None


class Published(Protocol):
    """The place that policies are published to."""

    def published(self) -> Iterator[PublishedText]:
        """Every policy there; raises `PolicyError` if there is no such place, `UnavailableError` if it is silent."""
        ...

    def put(self, name: str, text: str, *, etag: str | None) -> None:
        """Write a policy over the one of that ETag, or a new one; raises `PublicationConflictError` otherwise."""
        ...

    def remove(self, name: str, *, etag: str) -> None:
        """Delete the policy of that ETag; raises `PublicationConflictError` if it is another one."""
        ...
