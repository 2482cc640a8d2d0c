"""An evidence file: what is known of one artifact, as a person or another tool writes it down in JSON.

`read` makes the evidence of a candidate or a champion from one, `read_past` that of earlier champions. The cases of a
policy hold the same members as YAML. Metrics stay as they are written: the rules judge them, `NaN` included. Nothing
is looked up, and nobody has checked that the file tells the truth. The format is docs/formats/evidence.md.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from registration import json_text
from registration.documents import Document, load
from registration.errors import EvidenceError, Problem
from registration.policy.evidence import Evidence, Point
from registration.policy.fields import Word

LIMIT_BYTES = 10 * 1024 * 1024
_LARGEST = 2**63 - 1  # MLflow's steps have 64 bits
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")


def _sha256(written: str) -> str:
    if not _SHA256.fullmatch(written):
        raise ValueError("must be 64 hexadecimal digits")
    return written.lower()


def _whole(written: object) -> int:
    """JSON has it as int, YAML as `Decimal`."""
    if isinstance(written, bool) or not isinstance(written, int | Decimal):
        raise ValueError("must be a whole number")  # noqa: TRY004 - pydantic reports ValueError only
    if not -_LARGEST <= written <= _LARGEST or written != int(written):
        raise ValueError(f"must be a whole number of at most {_LARGEST}")
    return int(written)


def _told(written: object) -> object:
    """Lists such as datasets, parameters and flags as the lineage of a model version has them: as the text of JSON."""
    within = written.values() if isinstance(written, Mapping) else written if isinstance(written, list) else None
    if isinstance(written, bool) or (within is not None and all(isinstance(one, str) for one in within)):
        return json.dumps(written)
    return written


type Told = Annotated[str, BeforeValidator(_told)]
type Whole = Annotated[int, PlainValidator(_whole, json_schema_input_type=int)]
type Sha256 = Annotated[str, AfterValidator(_sha256)]


class PointDocument(Document):
    """One value of a metric's history."""

    step: Whole
    value: Any


class EvidenceDocument(Document):
    """The members of an evidence file; none is required."""

    metrics: Mapping[Word, Any] = Field(default_factory=dict)
    slices: Mapping[Word, Mapping[Word, Any]] = Field(default_factory=dict)
    tags: Mapping[Word, str] = Field(default_factory=dict)
    lineage: Mapping[Word, Told] = Field(default_factory=dict)
    history: Mapping[Word, tuple[PointDocument, ...]] = Field(default_factory=dict)
    comparable: Mapping[Word, str] = Field(default_factory=dict)
    from_tags: tuple[Word, ...] = ()
    artifact_sha256: Sha256 | None = None
    formats: Mapping[str, str] = Field(default_factory=dict)
    version: Whole | None = None

    @property
    def evidence(self) -> Evidence:
        """What a decision may look at."""
        return Evidence(
            metrics=self.metrics,
            slices=self.slices,
            tags=self.tags,
            lineage=self.lineage,
            history={
                name: tuple(Point(one.step, one.value) for one in points) for name, points in self.history.items()
            },
            comparable=self.comparable,
            artifact_sha256=self.artifact_sha256,
            formats=self.formats,
            from_tags=frozenset(self.from_tags),
            version=self.version,
        )


def _point(said: PointDocument) -> Point:
    return Point(said.step, said.value)


class _Past(Document):
    """Pydantic checks the members of a model; a list is none."""

    past: tuple[EvidenceDocument, ...]


def read(path: Path) -> EvidenceDocument:
    """The evidence in a file; raises `EvidenceError` naming the file and the place."""
    return load(EvidenceDocument, _json(path), source=str(path), error=EvidenceError)


def read_past(path: Path) -> tuple[EvidenceDocument, ...]:
    """The evidence of earlier champions in a file, oldest first; raises `EvidenceError` as `read`."""
    written = _json(path)
    if not isinstance(written, list):
        raise EvidenceError(str(path), [Problem("", "must be a list of evidence, the oldest champion first")])
    try:
        return load(_Past, {"past": written}, source=str(path), error=EvidenceError).past
    except EvidenceError as wrong:
        told = [Problem(problem.path.removeprefix("past"), problem.message) for problem in wrong.problems]
        raise EvidenceError(str(path), told) from None


def _json(path: Path) -> object:
    data = json_text.read(path, limit_bytes=LIMIT_BYTES, error=EvidenceError)
    return json_text.parse(data, source=str(path), limit_bytes=LIMIT_BYTES, error=EvidenceError)
