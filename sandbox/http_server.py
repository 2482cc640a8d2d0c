"""A small HTTP/1.1 server on loopback and the routing table it serves: what every stand-in here is made of.

A `Router` maps (method, path pattern) to a handler; an `HttpServer` asks one function for the answer to each request
and writes it in one piece. With a TLS context the handshake happens in the connection's own thread.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, override
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    import socket


NULL: Final = object()  # a body that is JSON's null, as some services answer where others answer nothing


class ConnectionLostError(Exception):
    """Raised by a handler to close the connection instead of answering."""


@dataclass(frozen=True)
class Request:
    """One request. `path` is decoded, `query` holds the last value of each name, header names are lower case.

    `target` is path and query as they were sent.
    """

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    target: str = ""

    def json(self) -> Any:
        """The body as JSON; None when it is empty. Raises ValueError when it is not JSON."""
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Response:
    """One answer: `body` is sent as it is when it is text or bytes, not at all when it is None, and as JSON otherwise.

    Content-Type, Content-Length and Date are the server's to say where `headers` do not.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> tuple[bytes, str | None]:
        """The bytes to send and their content type."""
        if self.body is None:
            return b"", None
        if isinstance(self.body, bytes):
            return self.body, None
        if isinstance(self.body, str):
            return self.body.encode(), "text/html"
        body = None if self.body is NULL else self.body
        return json.dumps(body).encode(), "application/json; charset=utf-8"


type Answer = Callable[[Request], Response]
type Handler = Callable[[Request, Mapping[str, str]], Response]


class Router:
    """Routes in the order they were added; the first whose method and whole path match, answers."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Route `method` and the paths that match `pattern`; its named groups reach the handler."""
        self._routes.append((method, re.compile(pattern, re.IGNORECASE), handler))

    def answer(self, request: Request) -> Response | None:
        """The answer, or None when no route matches."""
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if method == request.method and match is not None:
                return handler(request, match.groupdict())
        return None


class HttpServer:
    """Serves `answer` on 127.0.0.1 from construction until `close`, with TLS when a context is given."""

    def __init__(self, answer: Answer, *, tls: ssl.SSLContext | None = None) -> None:
        self._server = _Server(answer, tls=tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="http", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port the system chose."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop accepting; connections that are open end with their clients."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, answer: Answer, *, tls: ssl.SSLContext | None) -> None:
        self.answer = answer
        self._tls = tls
        super().__init__(("127.0.0.1", 0), _Connection)

    @override
    def server_bind(self) -> None:
        """Bind without the reverse name look-up that the base class would do."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    @override
    def finish_request(self, request: Any, client_address: Any) -> None:
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        with self._tls.wrap_socket(request, server_side=True, suppress_ragged_eofs=True) as secured:
            super().finish_request(secured, client_address)
            _say_goodbye(secured)

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in mid-air is its own business."""


class _Connection(http.server.BaseHTTPRequestHandler):
    server: _Server
    connection: socket.socket
    protocol_version = "HTTP/1.1"
    # One write per answer and no Nagle: otherwise each call waits 40 ms for an acknowledgement.
    wbufsize = 64 * 1024
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        try:
            response = self.server.answer(self._request())
        except ConnectionLostError:
            self.close_connection = True
            return
        content, content_type = response.content()
        self.send_response_only(response.status)
        ours = {"Content-Type": content_type, "Content-Length": str(len(content)), "Date": self.date_time_string()}
        for name, value in (ours | dict(response.headers)).items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815 - the base class looks these names up

    def _request(self) -> Request:
        url = urlsplit(self.path)
        return Request(
            method=self.command,
            host=self.headers.get("Host", "").partition(":")[0].lower(),
            path=unquote(url.path),
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            target=self.path,
        )

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the stand-ins keep their own record of requests."""


def _say_goodbye(secured: ssl.SSLSocket) -> None:
    """Tell the client that the end is meant, and do not wait for its reply: else a lost answer looks like an attack."""
    secured.settimeout(0)
    with contextlib.suppress(OSError):
        secured.unwrap()


def tls_context(*, leaf: str, key: str) -> ssl.SSLContext:
    """A server's TLS settings for the PEM files of a certificate and its key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf, key)
    return context
