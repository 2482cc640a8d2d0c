"""A server of files in ranges on loopback, as blob storage answers them, with a latency and a speed of each connection.

    python -m bench.range_server FOLDER [LATENCY_MS] [MB_PER_SECOND]

It prints its port and serves until it is ended. 0 MB/s is as fast as the machine goes.
"""

from __future__ import annotations

import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ETAG = "bench"
PIECE = 256 * 1024


class Files(BaseHTTPRequestHandler):
    """Answers GET of `/bench/files/NAME`, whole or one range, under If-Match."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    folder = Path()
    latency = 0.0
    rate = 0.0

    def do_GET(self) -> None:
        """One range, 206, or the whole file, 200; 412 for another ETag and 404 for a name that is not there."""
        time.sleep(self.latency)
        file = self.folder / self.path.partition("?")[0].rpartition("/")[2]
        if not file.is_file():
            self._refuse(404)
        elif self.headers.get("If-Match", f'"{ETAG}"').strip('"') != ETAG:
            self._refuse(412)
        else:
            self._send(file)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library names it
        """Say nothing: a line for each request would be measured too."""

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, file: Path) -> None:
        size = file.stat().st_size
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("x-ms-range") or self.headers.get("Range") or "")
        first = int(asked[1]) if asked else 0
        end = min(size, int(asked[2]) + 1) if asked and asked[2] else size
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(end - first))
        self.send_header("Content-Range", f"bytes {first}-{end - 1}/{size}")
        self.send_header("ETag", f'"{ETAG}"')
        self.send_header("Last-Modified", self.date_time_string())
        self.send_header("x-ms-blob-type", "BlockBlob")
        self.end_headers()
        self._pour(file, first, end)

    def _pour(self, file: Path, first: int, end: int) -> None:
        begun, sent = time.monotonic(), 0
        with file.open("rb") as source:
            if not self.rate:
                self.connection.sendfile(source, first, end - first)
                return
            source.seek(first)
            while sent < end - first:
                data = source.read(min(PIECE, end - first - sent))
                self.wfile.write(data)
                sent += len(data)
                time.sleep(max(0.0, begun + sent / self.rate - time.monotonic()))


def main() -> None:
    """Serve until ended."""
    Files.folder = Path(sys.argv[1])
    Files.latency, megabytes = (float(each) for each in (*sys.argv[2:4], "0", "0")[:2])
    Files.latency /= 1000
    Files.rate = megabytes * 1e6
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
