"""A promotion policy: which candidates are offered to which models, and what a candidate has to show.

Written by a person as YAML, made by `parse`, read by everything else as the values below. A policy is only the text:
it knows no champion and decides nothing (`registration.policy.decision` does). The format is docs/formats/policy.md.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from registration.documents import Document, load
from registration.errors import PolicyError, Problem
from registration.policy import comparison, misfits, yaml_text
from registration.policy.artifact import ArtifactPolicy
from registration.policy.canonical import said
from registration.policy.comparison import CompareTo
from registration.policy.drop import DropMatch
from registration.policy.fate import Approval, Retention, Then
from registration.policy.fields import Name, TagName, Word
from registration.policy.handling import Defaults
from registration.policy.job_output import JobOutput
from registration.policy.lines import located
from registration.policy.match import Match
from registration.policy.metrics import Budget, MetricPolicy
from registration.policy.require import Require
from registration.policy.serving import Framework, Serving, properties_of
from registration.policy.target import Target

LONGEST_TEXT = 1024 * 1024  # bytes

type ModelType = Literal["custom_model", "mlflow_model", "triton_model"]


class ModelPolicy(Document):
    """One model of the policy: what is registered under `name`, from where, and what it has to show."""

    name: Name
    type: ModelType = "custom_model"
    source: JobOutput | None = Field(None, alias="from")
    pin: Literal["source", "copy"] = "source"
    description: str = ""
    tags: Mapping[TagName, str] = Field(default_factory=dict)
    framework: Framework | None = None
    serving: Serving | None = None
    adopt: Literal["required", "none"] = "required"
    group: Name | None = None
    compare_to: CompareTo = "champion"
    artifact: ArtifactPolicy = ArtifactPolicy()
    require: Require = Require()
    metrics: Mapping[Word, MetricPolicy] = Field(default_factory=dict)
    budget: Budget | None = None
    defaults: Defaults = Defaults()
    then: Then = Then()
    approval: Approval = Approval()
    retention: Retention | None = None

    @property
    def properties(self) -> dict[str, str]:
        """What it says of framework and serving, as properties of a version."""
        return properties_of(self.framework, self.serving)

    @property
    def pinned(self) -> int | None:
        """The version that candidates are compared with, if the policy pins one."""
        return comparison.pinned(self.compare_to)

    @property
    def baseline(self) -> tuple[str, str] | None:
        """The shared registry, in lower case, and the model there, whose champion candidates are compared with."""
        return self.compare_to.place(self.name) if isinstance(self.compare_to, Target) else None

    @property
    def asks_the_past(self) -> bool:
        """Whether earlier champions count, and not only the present one."""
        return self.asks_every_champion or self.pinned is not None

    @property
    def asks_every_champion(self) -> bool:
        """Whether all champions so far count."""
        return self.budget is not None or self.compare_to == "best"

    @property
    def histories(self) -> frozenset[str]:
        """The metrics of which another value than the last counts."""
        values = {name: asked.value or self.defaults.value for name, asked in self.metrics.items()}
        return frozenset(name for name, value in values.items() if value != "last")

    @property
    def coerced(self) -> frozenset[str]:
        """The metrics that may also be read from tags."""
        return frozenset(name for name, asked in self.metrics.items() if asked.coerce)

    @model_validator(mode="after")
    def _can_be_registered(self) -> Self:
        # azure-ai-ml takes a path whose last segment has a dot for a file and refuses it for an MLflow model.
        # The file MLmodel stands for its folder.
        last = (self.source.path or "").removesuffix("/MLmodel").rpartition("/")[2] if self.source else ""
        if self.type == "mlflow_model" and "." in last:
            raise ValueError(f"from.path: azure-ai-ml cannot register an mlflow_model folder with a dot, {last!r}")
        return self


class Policy(Document):
    """A whole policy document, in a form whose parts fit each other."""

    api_version: Literal["registrar/v1"] = Field(alias="apiVersion")
    kind: Literal["PromotionPolicy"]
    name: Name
    mode: Literal["enforce", "shadow"] = "enforce"
    match: Match
    models: Annotated[tuple[ModelPolicy, ...], Field(min_length=1)]

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of what the policy says, not of how: layout, comments, key order, a default written out."""
        return hashlib.sha256(json.dumps(said(self), sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def wants_job(self, *, experiment: str | None, tags: Mapping[str, str]) -> bool:
        """Whether a job with this experiment and these tags offers candidates to this policy's models."""
        return any(entry.wants(experiment=experiment, tags=tags) for entry in self.match.jobs)

    def drop_completed_by(self, *, account: str, container: str, path: str) -> DropMatch | None:
        """The entry that takes the drop which the file at `path` (inside the container, no leading `/`) completes."""
        where = {"account": account, "container": container, "path": path}
        entries = [entry for entry in self.match.drops if entry.is_completed_by(**where)]
        return max(entries, key=lambda entry: entry.rank, default=None)

    def fed_by_shared(self, name: str) -> ModelPolicy | None:
        """The model that a shared version of this name is offered to: the one of that name, else the only one."""
        return self.model(name) or (self.models[0] if len(self.models) == 1 else None)

    def model(self, name: str) -> ModelPolicy | None:
        """The model of that name, if the policy has it."""
        return next((model for model in self.models if model.name == name), None)


def parse(text: str, *, source: str) -> Policy:
    """The policy written in `text`; `source` is how errors call it, usually its path.

    Raises `PolicyError` with every problem of the first layer that has any: YAML, then keys and values, then parts
    that do not fit each other; each names its path and line. A text above 1 MiB is not read at all.
    """
    if len(text) > LONGEST_TEXT or len(text.encode(errors="replace")) > LONGEST_TEXT:
        raise PolicyError(source, [Problem("", f"is longer than {LONGEST_TEXT} bytes, and was not read")])
    written = yaml_text.parse(text, source=source)
    try:
        policy = load(Policy, written, source=source, error=PolicyError)
    except PolicyError as wrong:
        raise PolicyError(source, located(wrong.problems, text)) from None
    if found := [*misfits.of(policy)]:
        raise PolicyError(source, located(found, text))
    return policy
