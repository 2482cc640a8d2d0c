"""What people ask about versions that were registered, as the command line would."""

from __future__ import annotations

import json
import uuid
from typing import Any

from registration.ledger import HELD_FOR
from registration.rollback import Planning
from tests.answering import ADA
from tests.world import CHURN, World, job_event


def of_three(policy: str = CHURN) -> World:
    """Three champions of `churn`, one after the other, each when no claim on the last is held any more."""
    world = World()
    world.policies.kept["churn.yaml"] = policy
    for number, accuracy in enumerate((0.9, 0.92, 0.94), start=1):
        world.job(f"j{number}", accuracy=accuracy)
        world.process(job_event(f"j{number}"))
        world.clock.forward(HELD_FOR)
    world.topic.events.clear()
    return world


def moves(world: World, model: str, *, to: int | None = None, denied: str = "") -> list[dict[str, Any]]:
    """What a rollback would move, as the command shows it."""
    turns = Planning(world.ledger, frozenset({denied} if denied else ())).planned(model, to=to)
    assert not isinstance(turns, str), turns
    return [turn.to_dict() for turn in turns]


def rollback(world: World, model: str = "churn", *, to: int | None = None, **changes: Any) -> str:
    """The message of a rollback."""
    if "moves" not in changes:
        changes["moves"] = moves(world, model, to=to)
    return message(world, "rollback", model, changes["moves"][0]["to"], **changes)


def revoke(world: World, model: str | None = "churn", version: int | None = 2, **changes: Any) -> str:
    """The message of a revocation; `to` names the champion that follows."""
    sha256 = changes.pop("sha256", None) or digest_of(world, str(model), version)
    to = changes.pop("to", None)
    following = {} if to is None else {"moves": moves(world, str(model), to=to, denied=sha256)}
    return message(world, "revoke", model, version, **{"artifact_sha256": sha256, **following, **changes})


def message(world: World, action: str, model: str | None, version: int | None, **more: Any) -> str:
    """A request as the queue carries it."""
    said = {"id": str(uuid.uuid4()), "action": action, "model": model, "version": version, "reason": "it misbehaves"}
    request = {"format": "registrar/request/v1", **said, "actor": ADA, "at": world.clock.iso(), **more}
    return json.dumps({"registrarRequest": request})


def digest_of(world: World, model: str, version: int | None) -> str:
    """The digest of the files of a version."""
    found = [step for step in world.history(model) if step["version"] == version]
    return str(found[0]["candidate"]["artifact_sha256"])
