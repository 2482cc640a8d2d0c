"""A lineage tree: where a decided candidate comes from, back to data and code, and what became of it since.

`traced` makes it from the history of the model and from what is deployed, for `registrar lineage`; it looks nothing up.
The records are read leniently, so one that somebody edited still becomes a tree.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from registration.completeness import completeness, unreproducible
from registration.lineage import CHECKED, WORKSPACE, Lineage
from registration.lineage_nodes import Node, first, job
from registration.step import asked_by, items, members, stated, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from registration.deployments import Deployment
    from registration.history import History, Reign
    from registration.step import Step
    from registration.work import Share, Shares

_CLAIMS: Final = {WORKSPACE: "", CHECKED: "the workspace bears out what it says"}
_KEY: Final = 12  # digits of a work or a digest that are shown


@dataclass(frozen=True)
class Deployed:
    """The deployments that serve the version, or why they could not be read."""

    found: tuple[Deployment, ...] = ()
    unread: str = ""


@dataclass(frozen=True)
class Traced:
    """The candidate that `step` decided about, in the history of its model, and where its version was shared to.

    `deployed` is None where nobody looked. `unlinked` are Azure ML's own fields that did not take the origin.
    """

    step: Step
    past: History
    deployed: Deployed | None = None
    shares: Shares = ()
    unlinked: tuple[str, ...] = ()

    @cached_property
    def lineage(self) -> Lineage:
        """Where the candidate came from."""
        return Lineage.of_properties(self._said)

    @property
    def name(self) -> str:
        """`MODEL:VERSION`, or the model alone for what was not registered."""
        return self.past.model if self.step.version is None else f"{self.past.model}:{self.step.version}"

    @property
    def root(self) -> Node:
        """The version with what it comes from below it, step by step."""
        return Node(
            "version" if self.step.version is not None else "model", self.name, self._standing, (self._decision,)
        )

    @property
    def since(self) -> tuple[Node, ...]:
        """What became of the version since: champions after it, decisions that compared with it, deployments."""
        if self.step.version is None:
            return ()
        compared = [Node("compared by", f"decision {_seq(step)}", _outcome(step)) for step in self.compared]
        champions = [_champion(self.past, reign) for reign in self.later]
        entries = [Node(step.outcome, "; ".join(step.reasons), remark=True) for step in self.entries]
        shares = map(_share, self.shares)
        return (*first(champions), *first(compared), *first(entries), *shares, *self._deployments)

    @property
    def later(self) -> tuple[Reign, ...]:
        """The reigns of other versions that came after one of this version's."""
        reigns = self.past.reigns
        ends = (number for number, (one, _) in enumerate(pairwise(reigns), 1) if one.step.version == self.step.version)
        first = next(ends, len(reigns))
        return tuple(reign for reign in reigns[first:] if reign.step.version != self.step.version)

    @property
    def entries(self) -> tuple[Step, ...]:
        """What happened to the version itself: it became champion again, was revoked or was archived."""
        version = self.step.version
        return () if version is None else tuple(step for step in self.past.steps if step.tells_of(version))

    @property
    def compared(self) -> tuple[Step, ...]:
        """Decisions about other candidates for which this version was the champion."""
        return tuple(step for step in self.past.steps if step.is_judged and step.compared_with == self.step.version)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: all that is known, whole."""
        said = {part.name: getattr(self.lineage, part.name) for part in fields(Lineage)}
        known = {name: dict(value) if name == "parameters" else value for name, value in said.items()}
        candidate = {
            name: self.step.candidate.get(name) for name in ("artifact_sha256", "files", "properties", "flavors")
        }
        return {
            "model": self.past.model,
            "version": self.step.version,
            "is_champion": self._is_champion,
            "decision": {**self.step.to_dict(), "policy": dict(self.step.policy)},
            "candidate": {"work": self.step.work, "source": self.step.source, "event": self.step.event, **candidate},
            "lineage": known,
            "completeness": float(completeness(self._said).score),
            "not_known": list(completeness(self._said).missing),
            "unreproducible": list(unreproducible(self._said)),
            "unlinked": list(self.unlinked),
            "later_champions": [_reign(reign) for reign in self.later],
            "shared": [{"registry": each.registry, "id": each.id} for each in self.shares],
            "entries": [step.to_dict() for step in self.entries],
            "compared_by": [step.to_dict() for step in self.compared] if self.step.version is not None else [],
            **self._deployed_to_dict(),
        }

    def _deployed_to_dict(self) -> dict[str, Any]:
        if self.deployed is None or self.deployed.unread:
            return {
                "deployments": None,
                "deployments_unread": self.deployed.unread if self.deployed else "not asked for",
            }
        return {"deployments": [_deployment(each) for each in self.deployed.found], "deployments_unread": None}

    @property
    def _said(self) -> dict[str, str]:
        said = members(self.step.candidate.get("lineage"))
        return {key: word(value) for key, value in said.items()}

    @property
    def _is_champion(self) -> bool:
        return self.step.version is not None and self.past.champion == self.step.version

    @property
    def _standing(self) -> str:
        if self.step.version is None:
            return f"nothing was registered: {self.step.outcome}"
        own = [reign for reign in self.past.reigns if reign.step.version == self.step.version]
        if self._is_champion and own:
            return f"champion since {_minute(own[-1].since)}"
        if own:
            return f"champion from {_minute(own[-1].since)} to {_minute(own[-1].until)}"
        return "registered, never champion"

    @property
    def _decision(self) -> Node:
        step = self.step
        policy = word(step.policy.get("name"))
        against = [Node("compared", f"with version {step.compared_with}", remark=True)]
        told = [
            *([Node("policy", policy, remark=True)] if policy else []),
            *(against if step.champion and step.is_judged else []),
            *(
                Node("asked", f"{word(each.get('action'))} by {asked_by(each)}", remark=True)
                for each in _requests(step)
            ),
            *(Node(word(each.get("result")), word(each.get("reason")), remark=True) for each in step.verdicts),
        ]
        return Node("decision", _seq(step), _outcome(step), (*first(told), self._candidate))

    @property
    def _candidate(self) -> Node:
        known, digest = self.lineage, word(self.step.candidate.get("artifact_sha256"))
        files = [members(file) for file in items(self.step.candidate.get("files"))]
        size = sum(file["size"] for file in files if isinstance(file.get("size"), int))
        told = f"{len(files)} file{'' if len(files) == 1 else 's'}, {size:,} bytes"
        held = Node("files", told, f"sha256 {_cut(digest)}" if digest else "never read", remark=True)
        properties = members(self.step.candidate.get("properties"))
        served = [Node(key, word(value), remark=True) for key, value in properties.items()]
        is_drop = known.drop or items(self.step.candidate.get("source"))[:1] == ["drop"]
        made = [self._output] if known.job_output_uri else [*job(known)]
        where = [self._drop] if is_drop else [self._shared(made)] if known.shared_version else made
        event = [Node("event", self.step.event)] if self.step.event else []
        return Node("candidate", _cut(self.step.work), "", (held, *served, *where, *event, *self._unknown))

    @property
    def _output(self) -> Node:
        return Node("job output", str(self.lineage.job_output_uri), "", tuple(job(self.lineage)))

    @property
    def _drop(self) -> Node:
        known = self.lineage
        claim = _CLAIMS.get(known.attested_by, f"nobody has checked what its {known.attested_by or 'maker'} says")
        made = [Node("producer", known.producer)] if known.producer else []
        output = [self._output] if known.job_output_uri else [*job(known)]
        return Node("drop", known.drop or self.step.source, claim, (*made, *output))

    def _shared(self, made: list[Node]) -> Node:
        says = "where it comes from, another environment says"
        return Node("shared version", str(self.lineage.shared_version), says, tuple(made))

    @property
    def _unknown(self) -> Iterator[Node]:
        found = completeness(self._said)
        if found.missing:
            yield Node("not known", ", ".join(found.missing), f"completeness {found.score}", remark=True)
        if self.unlinked:
            yield Node("not in Azure ML", ", ".join(self.unlinked), "only the properties say it", remark=True)

    @property
    def _deployments(self) -> Iterator[Node]:
        if self.deployed is None:
            return
        if self.deployed.unread:
            yield Node("deployments", "could not be read", self.deployed.unread, remark=True)
        elif not self.deployed.found:
            yield Node("deployments", "none", remark=True)
        yield from first([_serving(each) for each in self.deployed.found])


def _champion(past: History, reign: Reign) -> Node:
    until = f"to {_minute(reign.until)}" if reign.until else "until now"
    return Node("then champion", f"{past.model}:{reign.step.version}", f"from {_minute(reign.since)} {until}")


def _share(share: Share) -> Node:
    if share.id is not None:
        return Node("shared as", share.id)
    why = share.reason or "not tried yet"
    kind = "not shared yet" if share.is_owed else "not shared"
    return Node(kind, f"{share.registry}, as {share.model}", why, remark=True)


def _reign(reign: Reign) -> dict[str, Any]:
    said = {"version": reign.step.version, "decision": reign.step.digest}
    return {**said, "since": stated(reign.since), "until": stated(reign.until)}


def _serving(each: Deployment) -> Node:
    share = f"{each.traffic} % of its requests" if each.kind == "online" else "its default" if each.traffic else ""
    return Node(f"{each.kind} endpoint", f"{each.endpoint}/{each.name}", ", ".join(filter(None, (share, each.state))))


def _deployment(each: Deployment) -> dict[str, Any]:
    names = ("kind", "endpoint", "name", "traffic", "state")
    return {name: getattr(each, name) for name in names}


def _requests(step: Step) -> Iterable[Mapping[str, Any]]:
    said = items(step.record.get("requests")) or [step.record.get("request")]
    return [members(each) for each in said if members(each)]


def _seq(step: Step) -> str:
    return word(step.seq) or "of no number"


def _outcome(step: Step) -> str:
    became = f" as version {step.version}" if step.version is not None else ""
    promoted = ", promoted" if step.promoted else ""
    return f"{step.outcome}{became}{promoted}, {_minute(step.decided_at)}"


def _cut(key: str) -> str:
    return f"{key[:_KEY]}…" if len(key) > _KEY else key


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "an unknown time"
