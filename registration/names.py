"""Names: where the ledger keeps what, as blob names in its containers. docs/how-it-works.md lists them for people."""

from __future__ import annotations

import hashlib

WORKS, HEADS = "work/", "heads/"


def work(key: str) -> str:
    """The record of a piece of work."""
    return f"{WORKS}{key}.json"


def pulse(key: str) -> str:
    """That the worker of a piece of work is alive."""
    return f"pulses/{key}.json"


def head(model: str) -> str:
    """Where a model's history stands."""
    return f"{HEADS}{model}.json"


def group(name: str) -> str:
    """The heads of several models that move together."""
    return f"groups/{name}.json"


def reservation(model: str, number: int) -> str:
    """Who has a version number."""
    return f"versions/{model}/{number}.json"


def decision(model: str, digest: str) -> str:
    """A decision, among the decisions."""
    return f"{model}/{digest}.json"


def failure(message: str) -> str:
    """Why a delivery of the message failed."""
    return f"failures/{letter(message)}"


def letter(message: str) -> str:
    """A message that was given up, in quarantine."""
    return f"{hashlib.sha256(message.encode(errors='backslashreplace')).hexdigest()}.json"


def key(name: str) -> str:
    """The key or model that a work record or a head is named by."""
    return name.partition("/")[2].removesuffix(".json")
