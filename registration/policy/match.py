"""A match: which finished jobs, dropped folders and shared versions a policy is about.

Made from the policy's `match`. It judges identity only: experiment and tags of a job, place of a drop, registry and
name of what was shared. It promises nothing about whether the job succeeded. Drops are in `drop.py`.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from registration.documents import Document
from registration.policy import target
from registration.policy.drop import DropMatch
from registration.policy.fields import Name, Pattern, Word


class JobMatch(Document):
    """Jobs whose experiment and tags all match. Patterns know `*`, `?` and `[abc]`, and upper from lower case."""

    experiment: Pattern | None = None
    tags: Mapping[Word, Pattern] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.experiment is None and not self.tags:
            raise ValueError("needs experiment, tags or both")
        return self

    def wants(self, *, experiment: str | None, tags: Mapping[str, str]) -> bool:
        """Whether every given pattern matches; a job without the experiment or the tag asked for does not."""
        if self.experiment is not None and not _fits(experiment, self.experiment):
            return False
        return all(_fits(tags.get(name), pattern) for name, pattern in self.tags.items())


class SharedMatch(Document):
    """A shared registry, and a model there: what another environment promotes and shares is offered here."""

    registry: Annotated[str, AfterValidator(target.registry), WithJsonSchema(dict(target.REGISTRY_SCHEMA))]
    name: Name

    @property
    def place(self) -> tuple[str, str]:
        """What tells it from other places; a registry is found under its name in any case."""
        return (self.registry.lower(), self.name)


class Matcher(Document):
    """One entry of `match.any`: a job, a drop, or what is shared."""

    job: JobMatch | None = None
    drop: DropMatch | None = None
    shared: SharedMatch | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(entry is not None for entry in (self.job, self.drop, self.shared)) != 1:
            raise ValueError("needs exactly one of job, drop and shared")
        return self


class Match(Document):
    """A policy's `match`: true when any of its entries is."""

    any_of: Annotated[tuple[Matcher, ...], Field(min_length=1, alias="any")]

    @property
    def jobs(self) -> tuple[JobMatch, ...]:
        """The entries about jobs."""
        return tuple(entry.job for entry in self.any_of if entry.job)

    @property
    def drops(self) -> tuple[DropMatch, ...]:
        """The entries about drops."""
        return tuple(entry.drop for entry in self.any_of if entry.drop)

    @property
    def shared(self) -> tuple[SharedMatch, ...]:
        """The entries about what is shared."""
        return tuple(entry.shared for entry in self.any_of if entry.shared)


def _fits(value: str | None, pattern: str) -> bool:
    return value is not None and fnmatchcase(value, pattern)
