"""One measurement in a process of its own, so that its memory is its own.

    python -m bench.read_once WHAT PORT NAME SIZE FOLDER

It prints one line of JSON: `seconds`, `bytes`, `requests`, `mib` above what the imports took, and what was found.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, override

from azure.core.credentials import AzureNamedKeyCredential, TokenCredential

from bench.range_server import ETAG
from registration.artifacts import profiles, scan, validation
from registration.artifacts.hashing import DEEPEST
from registration.artifacts.inventory import Artifact
from registration.artifacts.reader import Pinned, Traffic
from registration.artifacts.store import Location, StoredFile
from registration.azure.blobs import CHUNK_BYTES, BlobStore, service

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.storage.blob import BlobServiceClient

WARM = "warm.txt"  # a small file that loads everything before anything is measured


class Nobody(TokenCredential):
    """The server on loopback asks nobody who they are."""

    def get_token(self, *_scopes: str, **_options: Any) -> Any:
        """Never asked for."""
        raise NotImplementedError


class Loopback(BlobStore):
    """The app's own blob storage, but at a port of this machine."""

    def __init__(self, port: str) -> None:
        super().__init__(Nobody(), suffix="")
        self.client = service(f"http://127.0.0.1:{port}/bench", AzureNamedKeyCredential("bench", "YmVuY2g="))

    @override
    def _service(self, location: Location) -> BlobServiceClient:
        return self.client


class Once:
    """The ways that a file is read."""

    def __init__(self, port: str, folder: Path) -> None:
        self.port = port
        self.folder = folder
        self.store = Loopback(port)
        self.traffic = Traffic()
        self.profile = profiles.named("all")

    def scan(self, file: StoredFile) -> str:
        """The verdict, from as little as the format needs."""
        with contextlib.closing(Pinned(self.store, file, traffic=self.traffic)) as reader:
            return scan.scan(reader, profile=self.profile).verdict

    def validate(self, file: StoredFile) -> str:
        """The verdict and the sha256 of every byte."""
        artifact = Artifact((file,))
        found = validation.validate(
            self.store, artifact, model_type="custom_model", promises=(), profile=self.profile, traffic=self.traffic
        )
        return found.verdict

    def download(self, file: StoredFile) -> str:
        """Into a file, four ranges at once, as the Azure client does it."""
        blob = self.store.client.get_blob_client("files", file.name)
        with (self.folder / "downloaded").open("wb") as target:
            blob.download_blob(max_concurrency=4).readinto(target)
        return ""

    def fetch(self, file: StoredFile) -> str:
        """Over eight plain connections, to nowhere."""
        return self._over(8, file, CHUNK_BYTES * 4)

    def deep(self, file: StoredFile) -> str:
        """Over as many plain connections as hashing uses at most, an equal part of the file over each, to nowhere."""
        return self._over(DEEPEST, file, -(-file.size // DEEPEST))

    def stream(self, file: StoredFile) -> str:
        """Over one plain connection, to nowhere."""
        self._fetch(file, 0, file.size)
        return ""

    def digest(self, file: StoredFile) -> str:
        """The sha256 of as many bytes in memory."""
        total, data = hashlib.sha256(), bytes(CHUNK_BYTES)
        for offset in range(0, file.size, CHUNK_BYTES):
            total.update(data[: file.size - offset])
        return ""

    def _over(self, connections: int, file: StoredFile, length: int) -> str:
        with ThreadPoolExecutor(connections) as threads:
            list(threads.map(lambda offset: self._fetch(file, offset, length), range(0, file.size, length)))
        return ""

    def _fetch(self, file: StoredFile, offset: int, length: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", int(self.port))
        connection.request(
            "GET", f"/bench/files/{file.name}", headers={"Range": f"bytes={offset}-{offset + length - 1}"}
        )
        answer, buffer = connection.getresponse(), bytearray(1024 * 1024)
        while answer.readinto(buffer):
            pass
        connection.close()


def stored(name: str, size: int) -> StoredFile:
    """A file as a listing would name it."""
    return StoredFile(name, size, ETAG, "bench", "files", name)


def most_kib() -> int:
    """The most memory that this process ever had."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    return int(found[1]) if found else 0


def main() -> None:
    """Warm up, measure, print."""
    what, port, name, size, folder = sys.argv[1:]
    once = Once(port, Path(folder))
    work: Callable[[StoredFile], str] = getattr(once, what)
    work(stored(WARM, (Path(folder) / WARM).stat().st_size))
    once.traffic.bytes = once.traffic.requests = 0
    before, begun = most_kib(), time.monotonic()
    found = work(stored(name, int(size)))
    seconds, mib = time.monotonic() - begun, (most_kib() - before) / 1024
    said = {"bytes": once.traffic.bytes, "requests": once.traffic.requests, "found": found}
    print(json.dumps({"seconds": seconds, "mib": mib, **said}))


if __name__ == "__main__":
    main()
