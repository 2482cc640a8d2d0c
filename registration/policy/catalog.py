"""The catalog: every policy in force, and which models a job or a drop feeds.

It is read again for each event, so a published change holds from the next event on. One broken policy breaks the
catalog: deciding with the rest would quietly drop candidates.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from registration.errors import PolicyError, Problem
from registration.policy import document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from registration.lineage import JobOutputUri
    from registration.policy.document import ModelPolicy, Policy


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
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Feed:
    """A model that a policy feeds."""

    policy: PolicyInForce
    model: ModelPolicy


@dataclass(frozen=True)
class Catalog:
    """Policies that agree with each other: no two of them decide about one model."""

    policies: tuple[PolicyInForce, ...]

    def fed_by_job(self, *, experiment: str | None, tags: Mapping[str, str]) -> list[Feed]:
        """The models with a `from`, in the policies that match the job."""
        wanted = (one for one in self.policies if one.policy.wants_job(experiment=experiment, tags=tags))
        return [feed for one in wanted for feed in _feeds(one) if feed.model.source is not None]

    def fed_by_drop(self, *, account: str, container: str, path: str) -> list[Feed]:
        """The models in the policies that match the drop's location."""
        matching = (
            one for one in self.policies if one.policy.wants_drop(account=account, container=container, path=path)
        )
        return [feed for one in matching for feed in _feeds(one)]

    def fed_by_output(self, place: JobOutputUri) -> bool:
        """Whether any model comes from the job output that `place` lies in, under either of its names."""
        names = {place.output, place.reported_output}
        return any(feed.model.source is not None and feed.model.source.output in names for feed in self._all())

    def _all(self) -> Iterator[Feed]:
        return (feed for one in self.policies for feed in _feeds(one))


def load(source: PolicySource) -> Catalog:
    """Parse every policy of `source`; raises `PolicyError` naming the policy and the place."""
    policies = tuple(
        PolicyInForce(name, text, document.parse(text, source=name)) for name, text in sorted(source.texts())
    )
    if not policies:
        # Without a policy every event would be ignored, and nothing would bring it back.
        raise PolicyError("REGISTRAR_POLICY", [Problem("", "names a place that holds no policy")])
    _each_model_once(policies)
    return Catalog(policies)


def _each_model_once(policies: tuple[PolicyInForce, ...]) -> None:
    owners: dict[str, str] = {}
    for one in policies:
        for index, model in enumerate(one.policy.models):
            owner = owners.setdefault(model.name, one.name)
            if owner != one.name:
                message = f"{model.name!r} is decided by {owner} already"
                raise PolicyError(one.name, [Problem(f"models[{index}].name", message)])


def _feeds(one: PolicyInForce) -> Iterator[Feed]:
    return (Feed(one, model) for model in one.policy.models)
