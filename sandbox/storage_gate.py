"""A gate in front of Azurite, through which requests go where something is denied, or to be counted.

It ends the TLS connection, lets the denials look at the request, and passes on what is allowed, as it came. Azurite
itself denies nothing.
"""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING, Final

from sandbox.http_server import HttpServer, Response

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.denials import Denials
    from sandbox.http_server import Request

_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding"})
_SERVERS_OWN: Final = frozenset({"content-type", "content-length", "date"})
_SECONDS: Final = 60


class StorageGate:
    """Listens from construction until `close`; `port` is Azurite's for the service behind it.

    `seen` are (method, host, path with query) of all that was passed on.
    """

    def __init__(self, denials: Denials, *, port: int, authority: Path, tls: ssl.SSLContext) -> None:
        self._port = port
        self.seen: list[tuple[str, str, str]] = []
        self._trust = ssl.create_default_context(cafile=str(authority))
        self._trust.check_hostname = False  # the host asked for is not the one connected to
        self._server = HttpServer(denials.around(self._pass_on), tls=tls)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.port

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _pass_on(self, request: Request) -> Response:
        self.seen.append((request.method, request.host, request.target))
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, context=self._trust, timeout=_SECONDS)
        try:
            connection.request(request.method, request.target, body=request.body, headers=dict(request.headers))
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        headers = {_named(name): value for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP}
        return Response(response.status, content, headers)


def _named(header: str) -> str:
    """Spelled as the server spells those that it adds itself; others as they came, for metadata keeps its case."""
    return header.title() if header.lower() in _SERVERS_OWN else header
