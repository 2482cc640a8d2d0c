"""Names: containers and queues, and where the ledger keeps what in them. docs/how-it-works.md lists them for people.

The template makes the containers and queues under these names; `make check-infra` compares.
"""

from __future__ import annotations

import hashlib

STATE, DECISIONS, QUARANTINE = "registrar-state", "registrar-decisions", "registrar-quarantine"
POLICIES = "registrar-policies"  # where only deployers write; REGISTRAR_POLICY may name another
DEAD_LETTERS = "registrar-dead-letters"  # where Event Grid keeps what it could not deliver
WORK_QUEUE = "registrar-work"
POISON_QUEUE = f"{WORK_QUEUE}-poison"  # the Functions host adds the ending
COPIES = "registrar/"  # the folder of the default datastore that drops are copied to

WORKS, HEADS, REVOCATIONS, INSPECTIONS = "work/", "heads/", "revocations/", "inspections/"
PAUSES, QUESTIONS = "pauses/", "questions/"
STANDSTILL, WATERMARK = "standstill.json", "sweep/watermark.json"
REQUEST = "registrarRequest"  # the one key of a message in which a person asks the app for something
CHECKUP = "registrarCheckup"  # the one key of a message that asks the app to look at itself


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


def inspection(model: str, number: int) -> str:
    """Whether the files of a version are still those that were judged."""
    return f"{INSPECTIONS}{model}/{number}.json"


def pause(model: str) -> str:
    """That the candidates of a model wait."""
    return f"{PAUSES}{model}.json"


def question(work: str) -> str:
    """What a held piece of work asks of people."""
    return f"{QUESTIONS}{work}.json"


def decision(model: str, digest: str) -> str:
    """A decision, among the decisions."""
    return f"{model}/{digest}.json"


def policy(sha256: str) -> str:
    """The exact text that decided, among the decisions."""
    return f"policies/{sha256}.yaml"


def evidence(model: str, digest: str, kind: str) -> str:
    """Portable evidence of a decision, among the decisions."""
    return f"evidence/{model}/{digest}.{kind}.json"


def checkup(key: str) -> str:
    """What the app saw when it was asked to look at itself."""
    return f"checkups/{key}.json"


def revocation(sha256: str) -> str:
    """That files are denied, among the decisions."""
    return f"{REVOCATIONS}{sha256}.json"


def failure(message: str) -> str:
    """Why a delivery of the message failed."""
    return f"failures/{letter(message)}"


def letter(message: str) -> str:
    """A message that was given up, in quarantine."""
    return f"{hashlib.sha256(message.encode(errors='backslashreplace')).hexdigest()}.json"


def key(name: str) -> str:
    """The key or model that a work record, a head, a pause or a question is named by."""
    return name.partition("/")[2].removesuffix(".json")
