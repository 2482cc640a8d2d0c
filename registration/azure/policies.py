"""Policies published to a blob prefix, in a container that only deployers write."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import ContainerClient

from registration.azure.faults import answering
from registration.errors import InputError, PolicyError, Problem, PublicationConflictError
from registration.policy.folder import is_policy
from registration.policy.published import PublishedText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import TokenCredential

SERVICE = "the policy container"


class BlobPolicies:
    """Every policy below `url`, `https://<account>.blob.<suffix>/<container>[/<prefix>]`."""

    def __init__(self, credential: TokenCredential, url: str) -> None:
        parts = urlsplit(url)
        container, _, prefix = parts.path.strip("/").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._container = ContainerClient(f"https://{parts.netloc}", container, credential=credential)

    def texts(self) -> Iterator[tuple[str, str]]:
        """The name and text of every policy; raises `PolicyError` when there is no such container, or no text in it."""
        return ((one.name, one.text) for one in self._all())

    def published(self) -> Iterator[PublishedText]:
        """Every policy, by its name below the prefix; raises `PolicyError` when there is no such container."""
        return (replace(one, name=one.name.removeprefix(self._prefix)) for one in self._all())

    def put(self, name: str, text: str, *, etag: str | None) -> None:
        """Write a policy over the one of that ETag, or a new one; raises `PublicationConflictError` otherwise."""
        with answering(SERVICE), _unchanged(name):
            blob = self._container.get_blob_client(self._prefix + name)
            if etag is None:
                blob.upload_blob(text.encode(), overwrite=False)
            else:
                condition = MatchConditions.IfNotModified
                blob.upload_blob(text.encode(), overwrite=True, etag=etag, match_condition=condition)

    def remove(self, name: str, *, etag: str) -> None:
        """Delete the policy of that ETag; raises `PublicationConflictError` if it is another one."""
        with answering(SERVICE), _unchanged(name):
            self._container.delete_blob(self._prefix + name, etag=etag, match_condition=MatchConditions.IfNotModified)

    def _all(self) -> Iterator[PublishedText]:
        with answering(SERVICE):
            try:
                for blob in self._container.list_blobs(name_starts_with=self._prefix):
                    if is_policy(blob.name):
                        stream = self._container.download_blob(blob.name)
                        yield PublishedText(blob.name, stream.readall(), stream.properties.etag)
            except ResourceNotFoundError as missing:
                problem = Problem(
                    "", "no such container, or a policy in it vanished; REGISTRAR_POLICY or --to names it"
                )
                raise PolicyError(self._container.url, [problem]) from missing


def place_of(url: str) -> str:
    """`url` if policies can be published there; raises `InputError`."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or not parts.path.strip("/") or parts.query or parts.fragment:
        raise InputError(
            f"{url.partition('?')[0]}: write https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX] without a query; "
            "you sign in with your identity, never with a key or a SAS token"
        )
    return url


@contextlib.contextmanager
def _unchanged(name: str) -> Iterator[None]:
    try:
        yield
    except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError) as changed:
        raise PublicationConflictError(f"{name} was published by somebody else meanwhile; look again") from changed
