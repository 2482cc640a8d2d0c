"""Notices: what is told to the outside after a decision. A receipt beside the drop, an event on the outcome topic.

They are written into the work's outbox together with its result and delivered from there, so a crash delays a notice
and never loses it. A notice may be delivered twice: receipts are the same bytes, events carry the same id.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from registration.artifacts.inventory import digest
from registration.artifacts.store import Location
from registration.candidate import DropSource, FileSource
from registration.failures import Failures
from registration.stored import damaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from registration.artifacts.store import ArtifactStore
    from registration.candidate import Source
    from registration.outcome import Outcome
    from registration.work import Share

log = logging.getLogger(__name__)
EVENT_TYPES = {
    "registered": "Registrar.ModelRegistered",
    "rejected": "Registrar.ModelRejected",
    "held": "Registrar.ModelHeld",
    "revoked": "Registrar.ModelRevoked",
}


class Topic(Protocol):
    """Where outcome events go; raises `UnavailableError` when it does not answer."""

    def publish(self, event: Mapping[str, Any]) -> None:
        """Send one CloudEvent."""
        ...


@dataclass(frozen=True)
class Notifier:
    """Delivers notices. `topic` is None when none is configured."""

    store: ArtifactStore
    topic: Topic | None

    def deliver_all(self, outbox: Iterable[Mapping[str, Any]]) -> None:
        """Deliver every notice of an outbox, then raise the first failure: no sink keeps the others waiting."""
        failures = Failures("notice of the same outbox")
        for notice in outbox:
            with failures.kept():
                self._deliver(notice)
        failures.raise_first()

    def _deliver(self, notice: Mapping[str, Any]) -> None:
        match notice:
            case {"sink": "receipt", "answers": dict(answers), "place": dict(place), "receipt": dict(receipt)}:
                self._write_receipt(_location(place), answers=_location(answers), receipt=receipt)
            case {"sink": "topic", "event": dict(event)}:
                if self.topic is not None:
                    self.topic.publish(event)
            case _:
                raise damaged("a work record", f"owes a notice that cannot be sent, {notice!r:.200}")

    def _write_receipt(self, place: Location, *, answers: Location, receipt: Mapping[str, Any]) -> None:
        found = self.store.read(answers, limit_bytes=0)
        if found is None or found[1] == receipt.get("manifest_etag"):
            self.store.write(place, _pretty(receipt))
        else:
            log.info("left the receipt for %s unwritten: it was replaced, and the new one gets its own", answers)


def _location(said: Mapping[str, Any]) -> Location:
    match said:
        case {"account": str(account), "container": str(container), "name": str(name)}:
            return Location(account, container, name)
        case _:
            raise damaged("a work record", f"names a place that is none, {said!r:.200}")


def of(outcome: Outcome, *, source: Source | None, workspace: str, at: str) -> tuple[dict[str, Any], ...]:
    """The notices that `outcome` owes, ready for the outbox; `source` is None when it answers a person's request."""
    notices: list[dict[str, Any]] = []
    if isinstance(source, DropSource | FileSource):
        receipt = {
            "apiVersion": "registrar/v1",
            "kind": "DropReceipt",
            **outcome.receipt(),
            "next": _next(outcome, source),
        }
        places = {"place": asdict(source.receipt), "answers": asdict(source.sign)}
        notices.append({"sink": "receipt", **places, "receipt": receipt})
    if outcome.outcome in EVENT_TYPES:
        notices.append(_event(EVENT_TYPES[outcome.outcome], outcome, workspace=workspace, at=at))
    if outcome.promoted or outcome.outcome == "vacated":
        notices.append(_event("Registrar.ChampionChanged", outcome, workspace=workspace, at=at))
    return tuple(notices)


def shared(outcome: Outcome, share: Share, *, workspace: str, at: str) -> dict[str, Any]:
    """The notice that the version of `outcome` is in a shared registry."""
    there = {"registry": share.registry, "model": share.model, "version": share.version, "id": share.id}
    about = (share.registry.lower(), share.model)
    return _event("Registrar.ModelShared", outcome, workspace=workspace, at=at, about=about, more={"shared": there})


def _next(outcome: Outcome, source: DropSource | FileSource) -> str:
    """What the team that dropped the files can do now."""
    if outcome.outcome == "held":
        return "wait: a person has to answer first; this receipt is written anew then"
    if outcome.outcome != "rejected":
        return "nothing"
    name = source.sign.name.rpartition("/")[2]
    return (
        f"mend what the reasons name, then upload {name} again, last; nothing that you dropped was changed or removed"
    )


def _event(  # noqa: PLR0913 - the parts of an event
    kind: str,
    outcome: Outcome,
    *,
    workspace: str,
    at: str,
    about: tuple[str, ...] = (),
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`about` tells several events of one kind about one decision apart; `more` is put beside the outcome."""
    version = f"/versions/{outcome.version}" if outcome.version else ""
    subject = f"models/{outcome.model}{version}" if outcome.model else outcome.source
    event = {
        "id": digest([outcome.work, outcome.decision, kind, *about]),
        "type": kind,
        "source": workspace,
        "subject": subject,
        "time": at,
        "data": {**outcome.to_dict(), **(more or {})},
    }
    return {"sink": "topic", "event": event}


def _pretty(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode(errors="replace")
