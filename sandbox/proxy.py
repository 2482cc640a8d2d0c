"""The only way out of the sandbox: a loopback CONNECT proxy that knows which local port plays which host.

A host it does not know is refused with 403 before any connection is tried, and remembered in `refused`, so a test can
show that nothing wanted to leave the machine. It looks inside nothing: TLS runs from client to stand-in.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from typing import TYPE_CHECKING, override

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHUNK = 256 * 1024
_HEAD_LIMIT = 16 * 1024
_QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)


class Proxy:
    """A CONNECT proxy on 127.0.0.1 for the hosts in `ports`; it runs from construction until `close`.

    `ports` may name a whole domain as `*.blob.core.windows.net`: one label in front of it.
    """

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = dict(ports)
        self.refused: list[str] = []
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="proxy", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """What `HTTPS_PROXY` must say."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def port_of(self, host: str) -> int | None:
        """The local port that plays `host`, or None for a host outside the sandbox."""
        return self._ports.get(host, self._ports.get("*." + host.partition(".")[2]))

    def play(self, host: str, port: int) -> None:
        """Let another local port play `host` from its next connection on."""
        self._ports[host] = port

    def close(self) -> None:
        """Stop accepting; tunnels that are open end with their clients."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Tunnel)

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in mid-air is its own business."""


class _Tunnel(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    @override
    def handle(self) -> None:
        _be_quick(self.request)
        host = _host(_head(self.request))
        if host is None:
            return
        port = self.server.proxy.port_of(host)
        if port is None:
            self.server.proxy.refused.append(host)
            self.request.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", port)) as upstream:
            _be_quick(upstream)
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _join(self.request, upstream)


def _head(client: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD_LIMIT:
        more = client.recv(4096)
        if not more:
            break
        head += more
    return head


def _host(head: bytes) -> str | None:
    method, _, rest = head.partition(b" ")
    if method != b"CONNECT":
        return None
    return rest.partition(b" ")[0].rpartition(b":")[0].decode("ascii", "replace").lower()


def _join(client: socket.socket, upstream: socket.socket) -> None:
    back = threading.Thread(target=_pump, args=(upstream, client), daemon=True)
    back.start()
    _pump(client, upstream)
    back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            _acknowledge_at_once(source)
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _be_quick(connection: socket.socket) -> None:
    """Without this, a proxied write costs 40 ms: urllib3 leaves Nagle's algorithm on when it talks to a proxy."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _acknowledge_at_once(connection)


def _acknowledge_at_once(connection: socket.socket) -> None:
    """Linux falls back to delayed acknowledgements on its own, so this is asked for again after every read."""
    if _QUICK_ACK is not None:
        connection.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
