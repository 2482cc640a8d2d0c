"""Lineage: where a model came from, and how complete that is.

Sources make a `Lineage`. Decision records and policies see its `properties()`, and the registry stores `stored()` of
them on the model version. `of_properties` reads it back from either.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "lineage."
CUT: Final = "lineage.cut"  # names what `stored` had to leave out
LONGEST_PROPERTY: Final = 1700  # characters; Azure ML documents no limit, and stores 1,736 of its own
WORKSPACE: Final = "workspace"  # `attested_by`: Azure ML said it
CHECKED: Final = "checked"  # `attested_by`: a drop says it, and Azure ML agrees
_LISTS: Final = frozenset({"datasets", "base_models", "claimed", "shared_by"})
_MAPPINGS: Final = frozenset({"parameters"})
_FLAGS: Final = frozenset({"git_dirty"})


@dataclass(frozen=True)
class Lineage:
    """What is known of a model's origin; None and empty mean that nobody said.

    `job` made the files; `parent_job` is the pipeline, sweep or AutoML job that it is part of, as its `step` or as its
    best `trial`, which was `chosen_by` something. A step that only reused what `job` did is `reused_by`. `datasets` and
    `base_models` are what the job read, as URIs. `git_dirty` is whether the code had changes that no commit has.
    `drop` is where another team left the files, and `producer` who it says it is. `shared_version` is the version in a
    shared registry that it was taken from; `shared_by` are the models that promoted and shared it so far, each by its
    workspace's ARM id in lower case, the first one first. `attested_by` is who said all of it: `workspace`, `manifest`,
    `metadata`, `registry`, or `checked` for a claim that the workspace bears out; then `claimed` names the fields that
    the workspace does not speak of.
    """

    job: str | None = None
    job_output_uri: str | None = None
    experiment: str | None = None
    git_commit: str | None = None
    datasets: tuple[str, ...] = ()
    environment: str | None = None
    source_event: str | None = None
    attested_by: str = WORKSPACE
    parent_job: str | None = None
    step: str | None = None
    trial: str | None = None
    chosen_by: str | None = None
    reused_by: str | None = None
    git_dirty: bool | None = None
    git_repository: str | None = None
    git_branch: str | None = None
    code: str | None = None
    compute: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    base_models: tuple[str, ...] = ()
    drop: str | None = None
    producer: str | None = None
    claimed: tuple[str, ...] = ()
    shared_version: str | None = None
    shared_by: tuple[str, ...] = ()

    def properties(self) -> dict[str, str]:
        """All that is known, by `lineage.` key; what nobody said is left out.

        Lists and parameters are the text of JSON, because a URI may hold any separator; a flag is `true` or `false`.
        """
        said = ((part.name, getattr(self, part.name)) for part in fields(self))
        return {f"{PREFIX}{name}": _text(value) for name, value in said if is_said(value)}

    def stored(self) -> dict[str, str]:
        """As `properties`, cut down to what Azure ML is known to store in one property.

        A list or mapping loses its last entries, a text its end. `lineage.cut` is a JSON list of the names that lost
        something; the decision record has them whole.
        """
        whole = self.properties()
        kept = {key: _fitting(key.removeprefix(PREFIX), value) for key, value in whole.items()}
        cut = [key.removeprefix(PREFIX) for key, value in whole.items() if kept[key] != value]
        return {**kept, CUT: json.dumps(cut)} if cut else kept

    @classmethod
    def of_properties(cls, properties: Mapping[str, str]) -> Lineage:
        """What `properties` say of it, with or without the prefix of their names; what is unknown or damaged is not.

        Raises nothing: people can write anything to a model version.
        """
        said = {key.removeprefix(PREFIX): str(value) for key, value in properties.items()}
        known = {part.name: _read(part.name, said[part.name]) for part in fields(cls) if part.name in said}
        return cls(**{"attested_by": "", **{name: value for name, value in known.items() if is_said(value)}})


def is_said(value: object) -> bool:
    """Whether a field of a lineage says anything."""
    return value is False or bool(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text.encode(errors="replace").decode()  # JSON can smuggle in half a surrogate pair, which nothing stores


def _fitting(name: str, value: str) -> str:
    if len(value) <= LONGEST_PROPERTY:
        return value
    if name not in _LISTS | _MAPPINGS:
        return value[:LONGEST_PROPERTY]
    whole: Any = json.loads(value)
    entries = sorted(whole.items()) if name in _MAPPINGS else whole

    def first(count: int) -> str:
        return _text(type(whole)(entries[:count]))

    # A manifest can hold a hundred thousand entries, so they are not taken away one by one.
    counts = range(1, min(len(entries), LONGEST_PROPERTY) + 1)
    return first(bisect_right(counts, LONGEST_PROPERTY, key=lambda count: len(first(count))))


def _read(name: str, text: str) -> Any:
    """What a property says; None for what no version of this app writes."""
    if name in _FLAGS:
        return {"true": True, "false": False}.get(text)
    if name not in _LISTS | _MAPPINGS:
        return text
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if name in _LISTS and isinstance(found, list):
        return tuple(each for each in found if isinstance(each, str))
    if name in _MAPPINGS and isinstance(found, dict):
        return {key: value for key, value in found.items() if isinstance(value, str)}
    return None
