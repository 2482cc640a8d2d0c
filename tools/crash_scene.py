"""A scene: what one run of the matrix plays in. A model, a policy, offers of its own, and the messages of them.

Scenes share one sandbox and nothing in it, so that many run at once.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient
from crash_offer import Offering, ways

from sandbox import names, raised

if TYPE_CHECKING:
    from pathlib import Path

    from crash_offer import Kind, Ways

    from registration.outcome import Outcome
    from sandbox.sandbox import Sandbox

type Role = Literal["champion", "candidate", "rival"]
POLICY = """
apiVersion: registrar/v1
kind: PromotionPolicy
name: {model}
match: {{any: [{place}]}}
models:
  - name: {model}
{source}    metrics: {rules}
    then: {then}
"""
RIGHT = """  - name: {model}-right
    group: pair
    from: {{output: right}}
    metrics: {rules}
"""
RULES = "{accuracy: {direction: maximize, min: 0.8, vs_champion: {max_regression: 0}}}"


@dataclass(frozen=True)
class Scenario:
    """What happens: `champion` came before, `rival` comes while the candidate's worker stands; numbers are accuracies.

    The worker takes over from one that died after its call `inherits`, if that is given. Before its call `yields` it
    stands while the rival is settled, and is killed later. What `is_approved` was held before, and the worker's message
    is the approval. If it `asks`, champion and candidate are settled before, and the worker's message is a rollback to
    the champion, or a revocation of the candidate that lets the champion follow. Where it `is_shared`, each champion
    goes to a shared registry. `ends` names who is champion in the end, `outcomes` what the candidate may come to.
    """

    name: str
    about: str
    accuracy: float = 0.9
    champion: float | None = None
    rival: float | None = None
    kind: Kind = "job"
    has_twin: bool = False
    inherits: str | None = None
    yields: str | None = None
    is_reordered: bool = False
    is_approved: bool = False
    is_shared: bool = False
    asks: Literal["rollback", "revoke"] | None = None
    ends: Role = "candidate"
    outcomes: tuple[str, ...] = ("registered",)

    @property
    def is_killed(self) -> bool:
        """Whether the worker dies; else it stands while another one works."""
        return self.yields is not None or (not self.has_twin and self.rival is None)

    @property
    def is_asked(self) -> bool:
        """Whether the worker's message is a person's request, about what was settled before."""
        return self.is_approved or self.asks is not None

    @property
    def roles(self) -> tuple[Role, ...]:
        """Whose work there is."""
        given: dict[Role, float | None] = {
            "champion": self.champion,
            "candidate": self.accuracy,
            "rival": self.rival,
        }
        return tuple(role for role, accuracy in given.items() if accuracy is not None)


SCENARIOS = (
    Scenario("first", "the first registration of a job's model"),
    Scenario("better", "a job that beats the champion", champion=0.85),
    Scenario("worse", "a job that loses to the champion", champion=0.95, ends="champion", outcomes=("rejected",)),
    Scenario("step", "the first registration of a model that a pipeline's step wrote", kind="step"),
    Scenario("drop", "the first drop of an outside team", kind="manifest"),
    Scenario("marked", "the first drop that a marker completes", kind="marker"),
    Scenario("single", "the first drop that is one file", kind="single_file"),
    Scenario("taken", "the first version of another environment, taken from a shared registry", kind="shared"),
    Scenario("twins", "two workers on one event; the one that stood goes on last", champion=0.85, has_twin=True),
    Scenario(
        "heirs",
        "two workers take over from a dead one; the one that stood goes on last",
        champion=0.85,
        has_twin=True,
        inherits="registry create",
    ),
    Scenario(
        "overtaken",
        "a better candidate is settled while the worker stands",
        champion=0.85,
        rival=0.95,
        ends="rival",
        outcomes=("registered", "rejected"),
    ),
    Scenario("rivalled", "a lesser candidate is settled while the worker stands", champion=0.8, rival=0.85),
    Scenario(
        "superseded",
        "a better candidate was settled before the head moved; the worker is killed while it withdraws",
        champion=0.85,
        rival=0.95,
        yields="state replace heads/…",
        ends="rival",
        outcomes=("rejected",),
    ),
    Scenario("reordered", "other events of the same job come instead, out of order", is_reordered=True),
    Scenario("approved", "a person's approval of a job's model that no rule judged", is_approved=True),
    Scenario("shared", "a job that beats the champion, and is shared", champion=0.85, is_shared=True),
    Scenario("pair", "a job whose two models, a group, beat their champions", champion=0.85, kind="pair"),
    Scenario(
        "outrun",
        "a better group is settled while the worker of a group stands",
        champion=0.85,
        rival=0.95,
        kind="pair",
        ends="rival",
        outcomes=("registered", "rejected"),
    ),
    Scenario(
        "returned",
        "a person's rollback of a group of two",
        champion=0.85,
        kind="pair",
        asks="rollback",
        ends="champion",
    ),
    Scenario("revoked", "a person's revocation of the champion", champion=0.85, asks="revoke", ends="champion"),
)


@dataclass(frozen=True)
class Scene:
    """One scenario, set up. `messages` are what the queue delivers, by whose work it is.

    `title` tells it from every other, and is the name of its `model`, the first one of a pair. `receipt` is where a
    drop is answered, and `files` what a copy has to hold, where it `is_copied`.
    """

    scenario: Scenario
    title: str
    model: str
    policies: str
    messages: dict[Role, str]
    again: tuple[str, ...]
    receipt: str | None
    files: dict[str, bytes]

    def name(self, role: Role) -> str:
        """What tells the source of this role's work from every other."""
        return f"{self.title}-{role}"

    @property
    def is_copied(self) -> bool:
        """Whether its models are registered from a copy."""
        return self.receipt is not None or self.scenario.kind == "shared"

    @property
    def each(self) -> tuple[Scene, ...]:
        """The scene of each model."""
        return (self, replace(self, model=right(self.title))) if self.scenario.kind == "pair" else (self,)


class Stagehand:
    """Sets scenes up in `sandbox`; their policies are written below `directory`."""

    def __init__(self, sandbox: Sandbox, directory: Path) -> None:
        self._directory = directory
        self._offering = Offering(sandbox)
        service = BlobServiceClient(f"https://{names.blob_host(names.STATE_ACCOUNT)}", DefaultAzureCredential())
        self._decisions = service.get_container_client("registrar-decisions")

    def set_up(self, scenario: Scenario, number: int) -> Scene:
        """The scene of run `number`, ready for its first message."""
        model = f"crash-{scenario.name}-{number}"
        given = {"champion": scenario.champion, "candidate": scenario.accuracy, "rival": scenario.rival}
        offers = {
            role: self._offering.make(scenario.kind, model, name=f"{model}-{role}", accuracy=given[role] or 0)
            for role in scenario.roles
        }
        messages = {role: message for role, (message, _) in offers.items()}
        again = _again(model, messages["candidate"], is_reordered=scenario.is_reordered)
        how = ways(scenario.kind, model, name=f"{model}-candidate")
        policies = self._policy(model, scenario, how)
        return Scene(scenario, model, model, policies, messages, again, how.receipt, offers["candidate"][1])

    def request(self, scene: Scene, settled: Outcome) -> str:
        """The message of the person, about what was `settled` last: held, or made the champion."""
        if scene.scenario.is_approved:
            return self._approval(scene, settled)
        moves = [{"model": each.model, "from": 2, "to": 1} for each in scene.each]
        if scene.scenario.asks == "rollback":
            return _request("rollback", scene, version=1, moves=moves)
        sha256 = self._decision(scene, settled)["candidate"]["artifact_sha256"]
        return _request("revoke", scene, version=2, moves=moves, artifact_sha256=sha256)

    def _decision(self, scene: Scene, settled: Outcome) -> dict[str, Any]:
        name = f"{scene.model}/{settled.decision}.json"
        decision: dict[str, Any] = json.loads(self._decisions.download_blob(name).readall())
        return decision

    def _approval(self, scene: Scene, held: Outcome) -> str:
        decision = self._decision(scene, held)
        about = {
            "of": held.work,
            "seen": {
                "decision": held.decision,
                "artifact_sha256": decision["candidate"]["artifact_sha256"],
                "policy_digest": decision["policy"]["digest"],
                "champion_seq": decision["champion_seq"],
            },
            "rules": ["judged"],
            "expires": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        }
        return _request("approve", scene, version=None, **about)

    def _policy(self, model: str, scenario: Scenario, how: Ways) -> str:
        rules = "{}" if scenario.is_approved else RULES
        folder = self._directory / model
        folder.mkdir(parents=True)
        then = f"{{pass: [promote, share: {names.REGISTRY}]}}" if scenario.is_shared else "{}"
        text = POLICY.format(model=model, place=f"{{{how.match}}}", source=how.source, rules=rules, then=then)
        if scenario.kind == "pair":
            text += f"    group: pair\n{RIGHT.format(model=model, rules=rules)}"
        (folder / "policy.yaml").write_text(text, encoding="utf-8")
        return str(folder)


def right(title: str) -> str:
    """The second model of a pair."""
    return f"{title}-right"


def _request(action: str, scene: Scene, **about: object) -> str:
    said = {
        "format": "registrar/request/v1",
        "id": str(uuid.uuid4()),
        "action": action,
        "model": scene.model,
        "reason": "to be killed",
        "actor": {"tenant": "t", "object": "o", "name": "a person"},
        "at": datetime.now(UTC).isoformat(),
        **about,
    }
    return json.dumps({"registrarRequest": said})


def _again(model: str, message: str, *, is_reordered: bool) -> tuple[str, ...]:
    """What is delivered after the worker died: the message and its duplicate, or other events first."""
    if not is_reordered:
        return (message, message)
    job = f"{model}-candidate"
    completed, running = (
        json.dumps(raised.run_status_changed(job, model, status)) for status in ("Completed", "Running")
    )
    return (completed, running, message, completed)
