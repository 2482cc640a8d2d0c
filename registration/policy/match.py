"""A match: which finished jobs and which dropped folders a policy is about.

Made from the policy's `match`. It judges identity only: experiment and tags of a job, place of a drop. It promises
nothing about whether the job succeeded. Drops are in `drop.py`.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Self

from pydantic import Field, model_validator

from registration.documents import Document
from registration.policy.drop import DropMatch
from registration.policy.fields import Pattern, Word


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


class Matcher(Document):
    """One entry of `match.any`: a job or a drop."""

    job: JobMatch | None = None
    drop: DropMatch | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.job is None) == (self.drop is None):
            raise ValueError("needs exactly one of job and drop")
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


def _fits(value: str | None, pattern: str) -> bool:
    return value is not None and fnmatchcase(value, pattern)
