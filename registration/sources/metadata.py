"""Metadata: what a team says of a drop that has no manifest, on the blob that completes it.

    registrar_metric_accuracy        a metric: a number written as text, or NaN
    registrar_lineage_git_commit     job, run_uri, git_commit, environment, datasets (one, or a JSON list)
    registrar_sha256                 of a single file

Azure keeps names of metadata without regard to case and as identifiers, so a metric that the policy calls
`val/F1` is `registrar_metric_val_f1`. Names that do not begin with `registrar_` are somebody else's and not read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field

from registration import json_text
from registration.documents import Document, spelled
from registration.errors import DocumentError, ManifestError, Problem
from registration.manifest import ManifestLineage, Metric, Sha256, checked
from registration.policy import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIX: Final = "registrar_"
_KNOWN: Final = f"known names: {PREFIX}metric_NAME, {PREFIX}lineage_KEY, {PREFIX}sha256"
_LONGEST: Final = 64 * 1024  # bytes; storage allows 8 KiB in all


class Metadata(Document):
    """What was said; the files are told by the listing."""

    metrics: Annotated[dict[str, Metric], Field(default_factory=dict)]
    lineage: Annotated[ManifestLineage, Field(default_factory=ManifestLineage)]
    sha256: Sha256 | None = None


def parse(said: Mapping[str, str], *, metrics: Iterable[str]) -> Metadata:
    """The metadata of a blob; `metrics` are those that the policy names, by which names are told apart.

    Raises ManifestError with every problem, whose place is the name of the metadata.
    """
    reading = _Reading(_by_key(metrics))
    for key, value in said.items():
        if key.lower().startswith(PREFIX):
            reading.take(key, value.strip())
    return reading.result()


class _Reading:
    def __init__(self, names: Mapping[str, list[str]]) -> None:
        self._names = names
        self._raw: dict[str, Any] = {"metrics": {}, "lineage": {}}
        self._places: dict[str, str] = {}
        self._problems: list[Problem] = []

    def take(self, key: str, value: str) -> None:
        kind, _, name = key.lower().removeprefix(PREFIX).partition("_")
        try:
            if kind == "metric" and name:
                self._keep(key, ("metrics", self._metric(name)), _number(value))
            elif kind == "lineage" and name:
                self._keep(key, ("lineage", name), _origin(name, value))
            elif (kind, name) == ("sha256", ""):
                self._keep(key, ("sha256",), value)
            else:
                self._problems.append(Problem(key, f"unknown name; {_KNOWN}"))
        except ValueError as wrong:
            self._problems.append(Problem(key, str(wrong)))

    def result(self) -> Metadata:
        found: Metadata | None = None
        try:
            found = checked(Metadata, self._raw, source="metadata")
        except ManifestError as wrong:
            self._problems += [Problem(self._key_of(each.path), each.message) for each in wrong.problems]
        if found is None or self._problems:
            raise ManifestError("metadata", self._problems)
        return found

    def _keep(self, key: str, place: tuple[str, ...], value: object) -> None:
        path = spelled(place)
        if path in self._places:
            raise ValueError(f"says the same as {self._places[path]}; remove one of them")
        self._places[path] = key
        inner = self._raw if len(place) == 1 else self._raw[place[0]]
        inner[place[-1]] = value

    def _metric(self, key: str) -> str:
        names = self._names.get(key, [key])
        if len(names) > 1:
            raise ValueError(
                f"stands for {' and '.join(names)}; drop the model with a manifest, which tells them apart"
            )
        return names[0]

    def _key_of(self, path: str) -> str:
        return self._places.get(path) or self._places.get(re.sub(r"\[\d+\]$", "", path), path)


def _by_key(metrics: Iterable[str]) -> dict[str, list[str]]:
    """The metrics that the policy names, by how they are written in metadata."""
    found: dict[str, list[str]] = {}
    for name in metrics:
        found.setdefault(re.sub("[^a-z0-9]", "_", name.lower()), []).append(name)
    return found


def _number(text: str) -> float | int | str:
    read = number.read_text(text)
    if isinstance(read, number.Flaw):
        if read.code == "nonfinite" and read.text is not None:
            return read.text
        raise ValueError("is not a number; write it as 0.93")
    return int(text) if re.fullmatch("[-+]?[0-9]{1,15}", text) else float(text)


def _origin(name: str, text: str) -> object:
    if name == "git_dirty":
        return {"true": True, "false": False}.get(text, text)
    return _several(text) if name == "datasets" else text


def _several(text: str) -> list[object]:
    if not text.startswith("["):
        return [text]
    try:
        found = json_text.parse(text.encode(), source="", limit_bytes=_LONGEST)
    except DocumentError as wrong:
        raise ValueError(f"{wrong.problems[0].message}; write one reference, or a JSON list of them") from None
    return list(found) if isinstance(found, list) else [found]
