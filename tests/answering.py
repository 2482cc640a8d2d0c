"""What people ask about held works, as the command line would, in a world whose champion has no metrics."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from registration import approval
from tests.world import CHURN, World, job_event

if TYPE_CHECKING:
    from registration.ledger import Ledger
    from registration.outcome import Outcome
    from registration.pauses import Pauses
    from registration.question import Questions
    from registration.standstill import Standstills

ADA = {"tenant": "t-1", "object": "o-1", "name": "ada@contoso.com"}
BOB = {"tenant": "t-1", "object": "o-2", "name": "bob@contoso.com"}
RULE = "metrics.accuracy.vs_champion.max_regression"
TWO_PEOPLE = CHURN.replace("    metrics:", "    approval: {people: 2, expires: 14d}\n    metrics:")


def token(**claims: Any) -> str:
    """An access token with these claims, signed by nobody."""
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{part}.c2ln"


@dataclass
class WorldDesk:
    """A person with a token, in front of a world's ledger; what is sent is kept."""

    world: World
    sent: list[str] = field(default_factory=list)

    def token(self) -> str:
        return token(tid="t-1", oid="o-1", upn="ada@contoso.com")

    def send(self, message: str) -> None:
        self.sent.append(message)

    @property
    def ledger(self) -> Ledger:
        return self.world.ledger

    @property
    def questions(self) -> Questions:
        return self.world.questions

    @property
    def pauses(self) -> Pauses:
        return self.world.pauses

    @property
    def standstills(self) -> Standstills:
        return self.world.standstills


def asked(world: World, action: str, work: str, **changes: Any) -> str:
    """A request about `work` as the command line makes it, with `changes`, as a message."""
    known = world.ledger.work(work)
    assert known is not None
    model, digest = known.subject["model"], (known.result or {}).get("decision")
    at = world.clock.now.isoformat()
    said: dict[str, Any] = {"format": "registrar/request/v1", "id": str(uuid.uuid4()), "action": action, "model": model}
    said |= {"version": None, "reason": "it is needed", "actor": ADA, "at": at, "of": work}
    if action != "reevaluate":
        said["seen"] = approval.seen_in(world.ledger.decision(model, str(digest)), str(digest))
    if action == "approve":
        said |= {"rules": [RULE], "expires": (world.clock.now + timedelta(days=14)).isoformat()}
    return json.dumps({"registrarRequest": said | changes})


def say(world: World, action: str, work: str, **changes: Any) -> Outcome:
    return world.process(asked(world, action, work, **changes))


def adopted(world: World, model: str = "churn", version: int = 3) -> None:
    """A champion that nobody knows the metrics of, so that every comparison with it is held."""
    world.registry.register_by_hand(model, version)
    assert world.process(adopting(model, version)).outcome == "adopted"


def adopting(model: str, version: int) -> str:
    """A request to adopt a version, as a message."""
    said = {"id": str(uuid.uuid4()), "action": "adopt", "model": model, "version": version, "reason": "in use"}
    request = {"format": "registrar/request/v1", **said, "actor": ADA, "at": "2026-03-02T08:00:00+00:00"}
    return json.dumps({"registrarRequest": request})


def held(world: World, job: str = "j1") -> str:
    """The work of a job, which is held against the champion."""
    outcome = world.process(job_event(job))
    assert (outcome.outcome, outcome.version) == ("held", None)
    return str(outcome.work)
