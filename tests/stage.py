"""The stage of random stories: a world with a queue, a sweep, policies that change, and workers that get into trouble.

`tests.stories` has the rules; what they have in common is here. A message is delivered by the app's own worker. One
that dies puts nothing on the queue, and the message shows again.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from registration.artifacts.validation import content_digest
from registration.errors import InputError, RegistrarError
from registration.ledger import HELD_FOR
from registration.patience import Patience
from registration.worker import Worker
from tests import turning
from tests.complaints import Hands, complaints
from tests.sweeping import Azure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.world import World

HOMES = {"churn": "churn", "left": "pair", "right": "pair", "digits": "digits"}  # the policy of each model
PLACES = {
    "churn": '{job: {experiment: "churn-*"}}, {job: {experiment: "both-*"}}',
    "pair": '{job: {experiment: "pair-*"}}, {job: {experiment: "both-*"}}',
    "digits": "{drop: {account: dropsprod, container: incoming, prefix: vendor-a/}}",
}
SECOND = timedelta(seconds=1)
MOST_ROUNDS = 12


@dataclass(frozen=True)
class Terms:
    """What the policy of one model says."""

    least: float = 0.8
    severity: str = "block"
    on_pass: str = "promote"
    on_fail: str = "reject"
    people: int = 1
    keep: int | None = None
    group: str | None = None
    pin: str = "source"

    def written(self, model: str) -> str:
        """The entry of the model in its policy."""
        judged = f"{{direction: maximize, min: {self.least}, severity: {self.severity}"
        lines = [f"name: {model}", f"metrics: {{accuracy: {judged}, vs_champion: {{max_regression: 0}}}}}}"]
        lines += [f"approval: {{people: {self.people}}}", f"then: {{pass: {self.on_pass}, fail: {self.on_fail}}}"]
        lines += [] if model == "digits" else [f"from: {{output: {model}}}", f"pin: {self.pin}"]
        lines += [] if self.group is None else [f"group: {self.group}"]
        lines += [] if self.keep is None else [f"retention: {{keep: {self.keep}}}"]
        return "  - " + "\n    ".join(lines)


@dataclass(frozen=True)
class Trouble:
    """What happens at a delivery. Call number `call`, or of the writes number `write`, fails.

    Perhaps it was `done` all the same; perhaps the worker is `dead` then.

    Before its call number `between` another worker delivers another message, or, if this one `stalls`, takes it over.
    Nothing happens at 0.
    """

    call: int = 0
    write: int = 0
    done: bool = False
    dead: bool = False
    between: int = 0
    other: int = 0
    stalls: bool = False


class Queue(list[str]):
    """The messages that wait, in the order they were sent; how long they wait is for the story to say."""

    def send(self, text: str, *, delay_seconds: float = 0) -> None:
        del delay_seconds
        self.append(text)

    def count(self) -> int:  # type: ignore[override]  # a queue counts its messages, a list counts some
        return len(self)


def terms_at_first() -> dict[str, Terms]:
    """A group of two, and two models by themselves."""
    return {model: Terms(group="pair" if home == "pair" else None) for model, home in HOMES.items()}


@dataclass
class Stage:
    """`sent` are all messages that ever came. `happened` counts, over all stages, what really came about."""

    azure: Azure = field(default_factory=Azure)
    queue: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    hands: Hands = field(default_factory=Hands)
    terms: dict[str, Terms] = field(default_factory=terms_at_first)
    contents: dict[str, bytes] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)
    happened: ClassVar[Counter[str]] = Counter()

    def __post_init__(self) -> None:
        self.publish()

    @property
    def world(self) -> World:
        return self.azure.world

    def publish(self, **changes: Any) -> None:
        """Let the policies say what the terms are, of all models with these changes."""
        self.terms = {model: replace(known, **changes) for model, known in self.terms.items()}
        for home, places in PLACES.items():
            models = "\n".join(known.written(model) for model, known in self.terms.items() if HOMES[model] == home)
            head = f"apiVersion: registrar/v1\nkind: PromotionPolicy\nname: {home}\nmatch: {{any: [{places}]}}"
            self.world.policies.kept[f"{home}.yaml"] = f"{head}\nmodels:\n{models}\n"

    def comes(self, message: str, soon: Trouble | None = None) -> None:
        """A message, on the queue; delivered at once if it is `soon`."""
        self.sent.append(message)
        if soon is None:
            self.queue.append(message)
        else:
            self.troubled(message, soon)

    def troubled(self, message: str, trouble: Trouble) -> None:
        """Deliver a message, with trouble."""
        if trouble.between:
            self.world.faults.before_call(trouble.between, lambda: self._come_between(message, trouble))
        self.fails(trouble)
        self.deliver(message)
        self.world.faults.calm()

    def fails(self, trouble: Trouble) -> None:
        """Let a call fail, as the trouble says."""
        if trouble.write:
            self.world.faults.fail_write(trouble.write, done=trouble.done, dead=trouble.dead)
        elif trouble.call:
            self.world.faults.fail_call(trouble.call, done=trouble.done, dead=trouble.dead)

    def _come_between(self, message: str, trouble: Trouble) -> None:
        if trouble.stalls:
            self.azure.later(HELD_FOR)
        self.tell("taken over" if trouble.stalls else "overtaken")
        self.deliver(message if trouble.stalls or not self.queue else self.taken_at(trouble.other))

    def deliver(self, message: str) -> list[str]:
        """Deliver a message once; the outcomes."""
        self.azure.later(SECOND)  # and once more below: what was decided at one time was decided together
        world, again, struck = self.world, Queue(), len(self.world.faults.struck)
        settled = Worker(world.desk, world.ledger, again, Patience(), world.standstills).work(message)
        self.queue += [message] if world.faults.is_dead else again
        world.faults.revive()
        self.azure.later(SECOND)
        outcomes = [outcome.outcome for outcome in settled]
        assert "quarantined" not in outcomes, settled
        self._count(message, outcomes, world.faults.struck[struck:])
        return outcomes

    def taken_at(self, place: int) -> str:
        """A message, off the queue."""
        return self.queue.pop(place % len(self.queue))

    def taken(self, count: int) -> list[str]:
        """The first messages, off the queue."""
        found, self.queue = self.queue[:count], self.queue[count:]
        return found

    def sweep(self, *, may_fail: bool) -> None:
        """One pass; what it found is on the queue."""
        try:
            self.azure.sweep.run()
        except RegistrarError:
            if not may_fail:
                raise
            self.tell("sweep failed")
        for message in self.azure.queue:
            self.tell("swept")
            self.comes(message)
        self.azure.queue.clear()

    def settle(self, *, again: Sequence[str]) -> None:
        """Everything comes again and is swept until nothing is left; then all is well, and `again` changes nothing."""
        self.world.faults.calm()
        self.shared_registry("open")
        self._settle_down()
        said = complaints(self.world, self.hands)
        assert not said, "\n".join(said)
        self._repeat(again)
        self.tell("settled")

    def _settle_down(self) -> None:
        for _ in range(MOST_ROUNDS):
            for model, _said in list(self.world.pauses.standing()):
                self.queue.append(self.request("resume", model))
            self.azure.later(HELD_FOR)
            for message in self.taken(len(self.queue)):
                self.deliver(message)
            self.azure.later(HELD_FOR)  # the sweep leaves alone what somebody wrote just now
            self.sweep(may_fail=False)
            if not self.queue and not list(self.world.pauses.standing()):
                return
        raise AssertionError(f"it does not settle: {self.queue}")

    def _repeat(self, messages: Sequence[str]) -> None:
        """Each message once more: nothing is written by it, but to put right what hands did in the registry."""
        touched = self.hands.shown | self.hands.moved
        mended = {f"registry {how} {model}:{number}" for how in ("project", "archive") for model, number in touched}
        for message in dict.fromkeys(messages):
            done = len(self.world.faults.writes)
            outcomes = self.deliver(message)
            wrote = set(self.world.faults.writes[done:]) - mended
            assert not wrote, f"{message} came to {outcomes} and wrote {wrote}"
            assert set(outcomes) <= {"duplicate", "ignored"}, f"{message} came to {outcomes}"

    def shared_registry(self, how: str) -> None:
        """It is `slow`, `closed`, or `open` again."""
        shared = self.world.shared
        shared.copies_slowly = how == "slow"
        shared.registries = set() if how == "closed" else {"contoso"}
        if how == "open":
            shared.finish_copies()

    def request(self, action: str, model: str | None, version: int | None = None, **more: Any) -> str:
        """What a person asks for, as a message."""
        return turning.message(self.world, action, model, version, id=self.id(), **more)

    def moves(self, model: str, *, to: int | None = None, denied: str = "") -> list[dict[str, Any]] | None:
        """What a rollback would move; None if there can be none."""
        try:
            return turning.moves(self.world, model, to=to, denied=denied)
        except (AssertionError, InputError):
            return None

    def content(self, model: str, which: str) -> bytes:
        """New bytes, or those that something became of, as the history of the model tells."""
        champion, denied = self.world.champion(model), self.world.ledger.revoked()
        wanted: dict[str, Callable[[dict[str, Any], str], bool]] = {
            "champion": lambda step, _: step["version"] is not None and step["version"] == champion,
            "earlier": lambda step, _: step["promoted"] and step["version"] != champion,
            "rejected": lambda step, _: step["outcome"] in {"reject", "hold"},
            "revoked": lambda _, sha256: sha256 in denied,
        }
        known = [(step, str(step["candidate"].get("artifact_sha256"))) for step in self.world.history(model)]
        found = [sha256 for step, sha256 in known if which in wanted and wanted[which](step, sha256)]
        for sha256 in reversed(found):
            if sha256 in self.contents:
                self.tell(f"files {which}")
                return self.contents[sha256]
        return self._new_content()

    def _new_content(self) -> bytes:
        made = self.new("bytes").encode()
        self.contents[content_digest({"model.onnx": hashlib.sha256(made).hexdigest()})] = made
        return made

    def new(self, what: str) -> str:
        """A name that nothing has."""
        self.numbers[what] += 1
        return f"{what}-{self.numbers[what]}"

    def id(self) -> str:
        """The id of a request."""
        self.numbers["id"] += 1
        return str(uuid.UUID(int=self.numbers["id"]))

    def _count(self, message: str, outcomes: Sequence[str], struck: Sequence[str]) -> None:
        said = json.loads(message)
        request = said.get("event", said).get("registrarRequest", {"action": "event"})
        for outcome in outcomes:
            self.tell(f"{request['action']} {outcome}")
        for name in struck:
            self.tell(f"struck {' '.join(name.partition('/')[0].split()[:2])}")

    @classmethod
    def tell(cls, what: str) -> None:
        """Count that it happened."""
        cls.happened[what] += 1
