"""A promotion policy: which candidates are offered to which models, and what a candidate has to show.

Written by a person as YAML, made by `parse`, read by everything else as the values below. A policy is only the text:
it knows no champion and decides nothing (`registration.policy.decision` does). The format is docs/formats/policy.md.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from registration.documents import Document, load
from registration.errors import PolicyError, Problem
from registration.policy import yaml_text
from registration.policy.fields import Bound, Gain, Name, Output, Regression, RelativePath, TagName, Way, Word, Yes
from registration.policy.match import Match

type ModelType = Literal["custom_model", "mlflow_model", "triton_model"]


class VsChampion(Document):
    """How a candidate must compare with the champion: exactly one of the three."""

    max_regression: Regression | None = None
    min_improvement: Gain | None = None
    strict: Yes | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("needs exactly one of max_regression, min_improvement and strict")
        return self


class MetricPolicy(Document):
    """What one metric has to show; no key but `direction` means it is not judged."""

    direction: Way | None = None
    minimum: Bound | None = Field(None, alias="min")
    maximum: Bound | None = Field(None, alias="max")
    vs_champion: VsChampion | None = None

    @model_validator(mode="before")
    @classmethod
    def _normalise_direction(cls, written: Any) -> Any:
        """MLflow writes the direction as `greater_is_better: true`."""
        if not isinstance(written, dict) or not isinstance(written.get("greater_is_better"), bool):
            return written
        if "direction" in written:
            raise ValueError("give direction or greater_is_better, not both")
        rest = {key: value for key, value in written.items() if key != "greater_is_better"}
        return rest | {"direction": "maximize" if written["greater_is_better"] else "minimize"}

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.vs_champion is not None and self.direction is None:
            raise ValueError("vs_champion needs direction: maximize or minimize")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("min is above max; nothing could ever pass")
        return self


class JobOutput(Document):
    """Where in a job the model lies: an output, and the path inside it (None: the whole output)."""

    output: Output
    path: RelativePath | None = None


class ModelPolicy(Document):
    """One model of the policy: what is registered under `name`, from where, and what it has to show."""

    name: Name
    type: ModelType = "custom_model"
    source: JobOutput | None = Field(None, alias="from")
    description: str = ""
    tags: Mapping[TagName, str] = Field(default_factory=dict)
    adopt: Literal["required", "none"] = "required"
    metrics: Mapping[Word, MetricPolicy] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_registered(self) -> Self:
        # azure-ai-ml takes a path whose last segment has a dot for a file and refuses it for an MLflow model.
        last = (self.source.path or "").rpartition("/")[2] if self.source else ""
        if self.type == "mlflow_model" and "." in last:
            raise ValueError(f"from.path: azure-ai-ml cannot register an mlflow_model folder with a dot, {last!r}")
        return self


class Policy(Document):
    """A whole policy document, in a form whose parts fit each other."""

    api_version: Literal["registrar/v1"] = Field(alias="apiVersion")
    kind: Literal["PromotionPolicy"]
    name: Name
    match: Match
    models: Annotated[tuple[ModelPolicy, ...], Field(min_length=1)]

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of what the policy says, not of how: layout, comments, key order, a default written out."""
        said = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def wants_job(self, *, experiment: str | None, tags: Mapping[str, str]) -> bool:
        """Whether a job with this experiment and these tags offers candidates to this policy's models."""
        return any(entry.wants(experiment=experiment, tags=tags) for entry in self.match.jobs)

    def wants_drop(self, *, account: str, container: str, path: str) -> bool:
        """Whether a drop at `path` (inside the container, no leading `/`) offers candidates to this policy's models."""
        return any(entry.wants(account=account, container=container, path=path) for entry in self.match.drops)

    def model(self, name: str) -> ModelPolicy | None:
        """The model of that name, if the policy has it."""
        return next((model for model in self.models if model.name == name), None)


def parse(text: str, *, source: str) -> Policy:
    """The policy written in `text`; `source` is how errors call it, usually its path.

    Raises `PolicyError` with every problem of the first layer that has any: YAML, then keys and values, then parts
    that do not fit each other.
    """
    policy = load(Policy, yaml_text.parse(text, source=source), source=source, error=PolicyError)
    if misfits := [*_repeated_names(policy), *_jobs_without_source(policy)]:
        raise PolicyError(source, misfits)
    return policy


def _repeated_names(policy: Policy) -> Iterator[Problem]:
    names = [model.name for model in policy.models]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Problem(f"models[{index}].name", f"{name} is already models[{names.index(name)}]")


def _jobs_without_source(policy: Policy) -> Iterator[Problem]:
    for index, model in enumerate(policy.models):
        if policy.match.jobs and model.source is None:
            yield Problem(f"models[{index}].from", "is required, because match has a job: name the output to register")
