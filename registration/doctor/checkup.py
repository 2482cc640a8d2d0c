"""A checkup: every check about one installation, what can be done at once side by side.

Settings that cannot be read, and nobody signed in, end it: nothing that follows could be told from them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from registration.doctor import app, clock, drops, identity, ledger, policies, shared, storage, topics, workspace
from registration.doctor.check import Check, State, failed, ok, skipped
from registration.doctor.patient import Patient, grant
from registration.errors import SettingsError
from registration.policy.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

    from registration.doctor.policies import Place
    from registration.doctor.wire import Answer, Ask, Audience, Wire
    from registration.policy.catalog import PolicyInForce
    from registration.policy.drop import DropMatch
    from registration.settings import Settings

SETTINGS: Final = "settings"
SIDE_BY_SIDE: Final = 8

type Tell = Callable[[Check], None]
type Heard = Callable[[Check], Check]
type Look = Callable[[Settings, identity.Identity, Heard], Iterable[Check]]
type Part = Callable[[], Iterable[Check]]


@dataclass(frozen=True)
class Report:
    """All that a checkup found, in the order of its parts."""

    checks: tuple[Check, ...]

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Report:
        """The report that `to_dict` wrote; raises KeyError or ValueError for anything else."""
        return cls(tuple(map(Check.from_dict, said["checks"])))

    @property
    def is_well(self) -> bool:
        """Whether nothing failed."""
        return not any(check.state is State.FAILED for check in self.checks)

    @property
    def ended_early(self) -> bool:
        """Whether it is not known where to look, or nobody is signed in."""
        return self.checks[-1].name in {SETTINGS, identity.NAME}

    def count(self, state: State) -> int:
        """How many checks ended so."""
        return sum(check.state is state for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        counts = {state.value: self.count(state) for state in State}
        return {"well": self.is_well, **counts, "checks": [check.to_dict() for check in self.checks]}


@dataclass(frozen=True)
class Checkup:
    """What it takes to look: how settings are read, where policies lie, the wire, and the app's id if it is known."""

    settings: Callable[[], Settings]
    place: Callable[[Settings], Place]
    wire: Wire
    app: str | None = None

    def run(self, tell: Tell = lambda _check: None) -> Report:
        """Look at everything; `tell` hears of each check as soon as it is made, from several threads."""
        return self._report(self._with, tell)

    def settle(self, tell: Tell, *, key: str) -> Report:
        """Settle the contract instead, on scratch things named after `key`."""
        from registration.doctor.contract import run  # noqa: PLC0415 - hardly ever needed

        def clauses(settings: Settings, whom: identity.Identity, heard: Heard) -> Iterator[Check]:
            yield from map(heard, run.checks(Patient(settings, whom, self.wire), key=key))

        return self._report(clauses, tell)

    def _report(self, look: Look, tell: Tell) -> Report:
        def heard(check: Check) -> Check:
            tell(check)
            return check

        return Report(tuple(self._checks(look, heard)))

    def _checks(self, look: Look, heard: Heard) -> Iterator[Check]:
        try:
            settings = self.settings()
        except SettingsError as wrong:
            then = "Set what docs/settings.md says, or name the app, whose settings are read then: --app RESOURCE_ID"
            yield heard(failed(SETTINGS, str(wrong), then=then))
            return
        yield heard(ok(SETTINGS, f"mode {settings.mode}, workspace {settings.workspace_parts.name}"))
        whom, check = identity.found(self.wire)
        yield heard(check)
        if whom is not None:
            yield from look(settings, whom, heard)

    def _with(self, settings: Settings, whom: identity.Identity, heard: Heard) -> Iterator[Check]:
        reading = policies.read(self.place(settings))
        yield from map(heard, reading.checks)
        dated = _Dated(self.wire)
        found = reading.catalog.policies if reading.catalog else ()
        shared, places = _shared(found), _expected(found)
        compared = _compared(found, besides=shared)
        patient = Patient(settings, whom, dated, drops=places, registries=shared, compared=compared, app=self.app)
        parts = tuple(_parts(patient, knows_drops=reading.catalog is not None))
        yield from _side_by_side(parts, heard)
        yield heard(clock.check(dated.ahead))


def _expected(policies: Iterable[PolicyInForce]) -> tuple[DropMatch, ...]:
    """The places that the policies expect drops in."""
    return tuple(place for one in policies for place in one.policy.match.drops)


def _shared(policies: Iterable[PolicyInForce]) -> tuple[str, ...]:
    """The registries that the policies share promoted versions to."""
    models = (model for one in policies for model in one.policy.models)
    return tuple(sorted({target.registry for model in models for target in model.then.on_pass.shares}))


def _compared(policies: Iterable[PolicyInForce], *, besides: Container[str]) -> tuple[str, ...]:
    """The registries that the policies compare with or take from, and nothing more."""
    policies = list(policies)
    models = (model for one in policies for model in one.policy.models)
    taken = (entry.registry for one in policies for entry in one.policy.match.shared)
    found = {model.compare_to.registry for model in models if isinstance(model.compare_to, Target)}
    return tuple(sorted(registry for registry in found.union(taken) if registry not in besides))


class _Dated:
    """A wire that remembers how far the services' clocks were ahead."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.ahead: list[float] = []

    def ask(self, ask: Ask) -> Answer:
        answer = self._wire.ask(ask)
        if answer.ahead_seconds is not None:
            self.ahead.append(answer.ahead_seconds)
        return answer

    def token(self, audience: Audience) -> str:
        return self._wire.token(audience)


def _parts(patient: Patient, *, knows_drops: bool) -> Iterator[tuple[str, Part]]:
    """Every part by what the names of its checks begin with."""
    yield "policy", partial(_published, patient)
    yield from ((f"ledger.{name}", partial(ledger.shelf, patient, name)) for name in ledger.SHELVES)
    yield from ((f"queue.{name}", partial(ledger.queue, patient, name)) for name in ledger.QUEUES)
    yield "outcomes", partial(ledger.outcomes, patient)
    yield "workspace", partial(workspace.checks, patient)
    yield "drops", partial(drops.checks, patient) if knows_drops else _no_drops
    yield from ((f"shared.{name}", partial(shared.checks, patient, name)) for name in patient.registries)
    yield from ((f"shared.{name}", partial(shared.checks, patient, name, writes=False)) for name in patient.compared)
    yield from ((source.name, partial(topics.checks, patient, source)) for source in topics.sources(patient))
    yield "app", partial(app.checks, patient)


def _published(patient: Patient) -> Iterator[Check]:
    """The container of published policies, if they are published."""
    place = patient.settings.policy
    if place.startswith("https://"):
        endpoint, _, rest = place.removeprefix("https://").partition("/")
        container, _, prefix = rest.strip("/").partition("/")
        where = storage.Container(f"https://{endpoint}", container)
        within = f"{prefix}/" if prefix else ""
        probe = storage.read("policy.read", where, grant=grant("policyReads"), prefix=within)
        yield patient.look(probe)


def _no_drops() -> Iterator[Check]:
    yield skipped("drops", "the policies say where drops are expected, and they cannot be read")


def _side_by_side(parts: tuple[tuple[str, Part], ...], heard: Heard) -> Iterator[Check]:
    """The checks of all parts, in the order of the parts."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for found in pool.map(lambda named: [heard(check) for check in _readable(*named)], parts):
            yield from found


def _readable(name: str, part: Part) -> Iterator[Check]:
    """The checks of a part. An answer of another shape than Azure's ends it: the other parts may still be looked at."""
    try:
        yield from part()
    except (AttributeError, LookupError, TypeError, ValueError) as odd:
        said = f"an answer is not of the shape that the service has: {type(odd).__name__} {odd}"
        then = "See whether something on the way answers in its place, such as a proxy that asks you to sign in."
        yield failed(f"{name}.unreadable", said, then=then)
