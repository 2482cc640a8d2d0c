"""Azurite, the storage emulator from npm, run as two child processes: blobs and queues.

It speaks TLS, takes identity tokens (`--oauth basic`), and accepts API versions newer than it knows, because the
Python SDKs send such versions. It raises no Event Grid events and keeps no blob versions. The children end with
`close`, and also when this process dies, because then their standard input ends. What was deleted or replaced keeps
its memory until then.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import subprocess
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from sandbox import node

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sandbox.certificates import Certificates

_LISTENS = re.compile(r"successfully listens? on https://127\.0\.0\.1:(\d+)")
# What runs in the child before Azurite does. Every ten minutes Azurite would sort all it holds anew for each blob that
# is gone, and answer nobody for as long: minutes, after a few thousand writes.
_BEFOREHAND = """
import {{ createRequire }} from "node:module";
createRequire({main})("./utils/constants.js").DEFAULT_GC_INTERVAL_MS = {never};
process.stdin.on("end", () => process.exit()).resume();
"""
_NEVER_MS = 24 * 24 * 60 * 60 * 1000  # the longest that a timer of Node's takes, in whole days
_PATIENCE_SECONDS = 120  # a machine that does much besides takes its time to start Node


class AzuriteError(RuntimeError):
    """Azurite is not installed or did not start; the message says what to do, or what it printed."""


@dataclass(frozen=True)
class Azurite:
    """Two running services and the local ports they listen on."""

    blob_port: int
    queue_port: int
    _children: tuple[subprocess.Popen[str], ...]

    @classmethod
    def start(cls, *, packages: Path, accounts: Mapping[str, str], certificates: Certificates) -> Self:
        """Start both services and return when both listen.

        `packages` is the `node_modules` folder Azurite is in. Data is kept in memory.
        `accounts` have a key each, which is told to nobody who can do with an identity.
        Raises AzuriteError.
        """
        environment = {**os.environ, "AZURITE_ACCOUNTS": ";".join(map(":".join, accounts.items()))}
        commands = [_command(packages, service, certificates) for service in ("blob", "queue")]
        children = tuple(_child(command, environment) for command in commands)
        try:
            blob_port, queue_port = (_wait_for_port(child) for child in children)
        except AzuriteError:
            _end(children)
            raise
        return cls(blob_port, queue_port, children)

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the children."""
        return tuple(child.pid for child in self._children)

    def close(self) -> None:
        """End both children and wait for them."""
        _end(self._children)


def _command(packages: Path, service: str, certificates: Certificates) -> list[str]:
    main = packages / "azurite" / "dist" / "src" / service / "main.js"
    if not main.is_file():
        raise AzuriteError(f"Azurite is not installed: {main} is missing; run `npm ci` in the repository")
    options = [f"--{service}Host", "127.0.0.1", f"--{service}Port", "0", "--inMemoryPersistence"]
    tls = ["--cert", str(certificates.leaf), "--key", str(certificates.key), "--oauth", "basic"]
    return [node.find(), "--import", _beforehand(main), str(main), *options, *tls, "--skipApiVersionCheck", *_QUIET]


_QUIET = ("--disableTelemetry", "--silent")


def _beforehand(main: Path) -> str:
    script = _BEFOREHAND.format(main=json.dumps(str(main)), never=_NEVER_MS)
    return f"data:text/javascript,{quote(script)}"


def _child(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait_for_port(child: subprocess.Popen[str]) -> int:
    """Read what the child prints until it names its port; whatever it prints later is read and dropped."""
    alarm = threading.Timer(_PATIENCE_SECONDS, child.kill)
    alarm.start()
    printed = []
    for line in child.stdout or ():
        printed.append(line)
        if found := _LISTENS.search(line):
            alarm.cancel()
            threading.Thread(target=_drain, args=(child,), daemon=True).start()
            return int(found.group(1))
    was_in_time = alarm.is_alive()
    alarm.cancel()
    what = "ended before it listened" if was_in_time else f"did not listen within {_PATIENCE_SECONDS} seconds"
    raise AzuriteError(f"Azurite {what}; it printed: {''.join(printed).strip() or 'nothing'}")


def _drain(child: subprocess.Popen[str]) -> None:
    """Read on, so that the child never waits for a full pipe; it ends when the child does."""
    if child.stdout is not None:
        with child.stdout as printed:
            for _ in printed:
                pass


def _end(children: Iterable[subprocess.Popen[str]]) -> None:
    """Closing its input ends a child at once; asked by a signal, Azurite would first wait for idle connections."""
    for child in children:
        if child.stdin is not None:
            child.stdin.close()
    for child in children:
        _wait(child)


def _wait(child: subprocess.Popen[str]) -> None:
    try:
        child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def random_key() -> str:
    """A key for an account."""
    return base64.b64encode(secrets.token_bytes(64)).decode()
