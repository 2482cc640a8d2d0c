"""The containers and queues every sandbox starts with.

They are made by plain requests through the sandbox's proxy, without an SDK, so that starting a sandbox needs no
environment variable and no heavy import.
"""

from __future__ import annotations

import http.client
import ssl
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox import names
from sandbox.identity import token

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_CREATED = 201
_NO_CONTENT = 204
_CONFLICT = 409
_API_VERSION = "2025-11-05"


class StorageError(RuntimeError):
    """Azurite refused to make a container or a queue; the message holds its answer."""


def create_containers_and_queues(*, proxy: str, authority: Path) -> None:
    """Make `names.CONTAINERS` and `names.QUEUES`; those that are there already stay as they are.

    `proxy` is the URL of the proxy that leads to Azurite, `authority` the certificate authority to trust.
    Raises StorageError.
    """
    trust = ssl.create_default_context(cafile=str(authority))
    for account, containers in names.CONTAINERS.items():
        _put(names.blob_host(account), (f"/{each}?restype=container" for each in containers), proxy, trust)
    for account, queues in names.QUEUES.items():
        _put(names.queue_host(account), (f"/{each}" for each in queues), proxy, trust)


def _put(host: str, paths: Iterable[str], proxy: str, trust: ssl.SSLContext) -> None:
    address = urlsplit(proxy)
    connection = http.client.HTTPSConnection(address.hostname or "", address.port, context=trust)
    connection.set_tunnel(host, 443)
    for path in paths:
        connection.request("PUT", path, headers=_headers())
        response = connection.getresponse()
        answer = response.read().decode(errors="replace")
        if response.status not in {_CREATED, _NO_CONTENT, _CONFLICT}:
            raise StorageError(f"PUT https://{host}{path}: {response.status} {answer}")
    connection.close()


def _headers() -> dict[str, str]:
    identity = token("https://storage.azure.com/", expires=int(time.time()) + 300)
    return {"Authorization": f"Bearer {identity}", "x-ms-version": _API_VERSION, "Content-Length": "0"}
