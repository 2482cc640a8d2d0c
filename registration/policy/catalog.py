"""The catalog: every policy in force, and which models a job or a drop feeds.

It is read again for each event, so a published change holds from the next event on. One broken policy breaks the
catalog: deciding with the rest would quietly drop candidates. A shadow policy never does: it feeds no model, is only
asked beside the policy that does, and when it is broken, that is what is recorded.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

from registration.errors import PolicyError, Problem
from registration.policy import document, yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from registration.policy.document import ModelPolicy, Policy
    from registration.policy.drop import DropMatch
    from registration.uris import JobOutputUri


MOST_PARSED: Final = 256  # policies kept parsed; beyond that the one longest unused is parsed again


class PolicySource(Protocol):
    """Where policies are kept."""

    def texts(self) -> Iterable[tuple[str, str]]:
        """The name and text of every policy; raises `UnavailableError` when they cannot be read."""
        ...


@dataclass(frozen=True)
class PolicyInForce:
    """A parsed policy with the exact `text` it came from."""

    name: str
    text: str
    policy: Policy

    @property
    def text_sha256(self) -> str:
        """Names the exact text among the ledger's policies."""
        return _sha256(self.text)


@dataclass(frozen=True)
class Shadow:
    """What a shadow policy asks of a model, or why it cannot be asked: then `policy` and `model` are None."""

    name: str
    text: str
    policy: Policy | None = None
    model: ModelPolicy | None = None
    error: str = ""

    @property
    def text_sha256(self) -> str:
        """Names the exact text among the ledger's policies."""
        return _sha256(self.text)


@dataclass(frozen=True)
class Feed:
    """A model that a policy feeds, and the shadow policies that are asked about it too.

    `drop` is the entry of the policy's match that let a drop in; None for a job and a shared version.
    """

    policy: PolicyInForce
    model: ModelPolicy
    shadows: tuple[Shadow, ...] = ()
    drop: DropMatch | None = None


@dataclass(frozen=True)
class Catalog:
    """Policies that agree with each other: no two of them decide about one model. `shadows` decide about none."""

    policies: tuple[PolicyInForce, ...]
    shadows: tuple[Shadow, ...] = ()

    def fed_by_job(self, *, experiment: str | None, tags: Mapping[str, str]) -> list[Feed]:
        """The models with a `from`, in the policies that match the job."""
        wanted = (one for one in self.policies if one.policy.wants_job(experiment=experiment, tags=tags))
        return [feed for one in wanted for feed in self._feeds(one) if feed.model.source is not None]

    def fed_by_drop(self, *, account: str, container: str, path: str) -> list[Feed]:
        """The models in the policies for which the file at `path` completes a drop."""
        matching = (
            (one, one.policy.drop_completed_by(account=account, container=container, path=path))
            for one in self.policies
        )
        return [replace(feed, drop=drop) for one, drop in matching if drop is not None for feed in self._feeds(one)]

    def fed_by_shared(self, *, registry: str, model: str) -> list[Feed]:
        """The models that versions of `model` in a shared registry are offered to."""
        place = (registry.lower(), model)
        wanted = (one for one in self.policies if any(entry.place == place for entry in one.policy.match.shared))
        fed = ((one, one.policy.fed_by_shared(model)) for one in wanted)
        return [feed for one, wants in fed for feed in self._feeds(one) if feed.model is wants]

    @property
    def shared(self) -> tuple[tuple[str, str], ...]:
        """Every shared registry, in lower case, with a model there, that some policy matches."""
        places = (entry.place for one in self.policies for entry in one.policy.match.shared)
        return tuple(dict.fromkeys(places))

    def fed_by_output(self, place: JobOutputUri) -> bool:
        """Whether any model comes from the job output that `place` lies in, under either of its names."""
        names = {place.output, place.reported_output}
        return any(feed.model.source is not None and feed.model.source.output in names for feed in self._all())

    def _all(self) -> Iterator[Feed]:
        return (feed for one in self.policies for feed in self._feeds(one))

    def _feeds(self, one: PolicyInForce) -> Iterator[Feed]:
        return (Feed(one, model, tuple(self._beside(model.name))) for model in one.policy.models)

    def _beside(self, model: str) -> Iterator[Shadow]:
        """The shadow policies to ask about `model`; a broken one might be about any."""
        for shadow in self.shadows:
            if shadow.policy is None:
                yield shadow
            elif (found := shadow.policy.model(model)) is not None:
                yield replace(shadow, model=found)


def load(source: PolicySource) -> Catalog:
    """Parse every policy of `source`; raises `PolicyError` naming the policy and the place."""
    read = [_read(name, text) for name, text in sorted(source.texts())]
    policies = tuple(one for one in read if isinstance(one, PolicyInForce))
    if not policies:
        # Without a policy every event would be ignored, and nothing would bring it back.
        only = ", only shadows" if read else ""
        raise PolicyError("REGISTRAR_POLICY", [Problem("", f"names a place that holds no policy{only}")])
    _each_model_once(policies)
    return Catalog(policies, tuple(one for one in read if isinstance(one, Shadow)))


def _read(name: str, text: str) -> PolicyInForce | Shadow:
    try:
        policy = _parsed(text, name)
    except PolicyError as broken:
        if _says_shadow(name, text):
            return Shadow(name, text, error=str(broken))
        raise
    return Shadow(name, text, policy) if policy.mode == "shadow" else PolicyInForce(name, text, policy)


@lru_cache(maxsize=MOST_PARSED)
def _parsed(text: str, name: str) -> Policy:
    """The policy in `text`, parsed once however many events ask: policies are immutable. An error is not kept."""
    return document.parse(text, source=name)


def _says_shadow(name: str, text: str) -> bool:
    """Whether a broken policy can be read well enough to know that nothing waits for it."""
    try:
        written = yaml_text.parse(text, source=name) if len(text) <= document.LONGEST_TEXT else None
    except PolicyError:
        return False
    return isinstance(written, dict) and written.get("mode") == "shadow"


def _each_model_once(policies: tuple[PolicyInForce, ...]) -> None:
    owners: dict[str, str] = {}
    for one in policies:
        for index, model in enumerate(one.policy.models):
            owner = owners.setdefault(model.name, one.name)
            if owner != one.name:
                message = f"{model.name!r} is decided by {owner} already"
                raise PolicyError(one.name, [Problem(f"models[{index}].name", message)])


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
