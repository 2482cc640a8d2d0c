"""A decided candidate: what portable evidence is made of, read out of one decision record.

Nothing else takes part, no clock and no network: the same record gives the same documents, whoever makes them.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from registration.artifacts.inventory import SIGNATURE_NAME
from registration.entries import WHY_NONE
from registration.errors import InputError
from registration.lineage import Lineage
from registration.step import Step, items, members, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PRODUCER: Final = "pkg:generic/registrar"  # a package URL: https://github.com/package-url/purl-spec
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_URI: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:.+", re.DOTALL)
_RESERVED: Final = ":/?#[]@!$&'()*+,;=%"


@dataclass(frozen=True)
class DecidedFile:
    """One file that was judged. Records of early versions have no `sha256`."""

    path: str
    size: int
    sha256: str | None


@dataclass(frozen=True)
class Decided:
    """One decision. `workspace` is the ARM id of the workspace whose registry it is about."""

    step: Step
    workspace: str

    @classmethod
    def of(cls, digest: str, record: Mapping[str, Any], *, workspace: str) -> Decided:
        """The decision `digest`; raises `InputError` for one about files that nobody read, or that no rule judged."""
        step = Step.of(digest, record)
        if step.outcome in WHY_NONE:
            raise InputError(f"decision {digest} is no evidence of anything: {WHY_NONE[step.outcome]}")
        if not _SHA256.fullmatch(word(step.candidate.get("artifact_sha256"))) or step.decided_at is None:
            raise InputError(
                f"decision {digest} is about files that were not read, so no evidence can name them: they were refused "
                "by their listing, or the version was adopted"
            )
        return cls(step, workspace)

    @property
    def model(self) -> str:
        """The model's name."""
        return word(self.step.record.get("model"))

    @property
    def name(self) -> str:
        """`MODEL:VERSION`, or the model alone for what was not registered."""
        return self.model if self.step.version is None else f"{self.model}:{self.step.version}"

    @property
    def artifact_sha256(self) -> str:
        """What identifies the files."""
        return word(self.step.candidate.get("artifact_sha256"))

    @property
    def at(self) -> str:
        """When it was decided, in RFC 3339 and UTC."""
        assert self.step.decided_at is not None  # noqa: S101 - `of` refuses any other
        return self.step.decided_at.astimezone(UTC).isoformat().replace("+00:00", "Z")

    @property
    def producer(self) -> str:
        """Who decided: the app, with the version of its rules' meaning."""
        return f"{PRODUCER}@{quote(word(self.step.record.get('engine')) or '0', safe='')}"

    @cached_property
    def lineage(self) -> Lineage:
        """Where the files come from."""
        said = members(self.step.candidate.get("lineage"))
        return Lineage.of_properties({key: value for key, value in said.items() if isinstance(value, str)})

    @cached_property
    def files(self) -> tuple[DecidedFile, ...]:
        """The files judged, without the signature beside them: the same model, signed again, is the same model."""
        found = [_file(members(file)) for file in items(self.step.candidate.get("files"))]
        return tuple(file for file in found if file.path != SIGNATURE_NAME) or tuple(found)

    @property
    def properties(self) -> Mapping[str, str]:
        """What the policy said of framework and serving; records of early versions have nothing."""
        return {key: word(value) for key, value in members(self.step.candidate.get("properties")).items()}

    @property
    def metrics(self) -> Iterator[tuple[str | None, str, str]]:
        """Slice (None overall), name and value as text of everything that was measured."""
        yield from ((None, *found) for found in _measured(self.step.candidate.get("metrics")))
        for slice_, measured in sorted(members(self.step.candidate.get("slices")).items()):
            yield from ((slice_, *found) for found in _measured(measured))

    def uuid(self, what: str) -> str:
        """The same for the same decision and purpose, and for no other."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{PRODUCER}/{what}/{self.step.digest}"))


def as_uri(text: str | None) -> str | None:
    """`text` as a URI, with what no URI may hold percent-encoded; None if it does not begin like one."""
    if text is None or not _URI.fullmatch(text):
        return None
    return quote(text.encode(errors="replace"), safe=_RESERVED)


def _file(said: Mapping[str, Any]) -> DecidedFile:
    size, sha256 = said.get("size"), said.get("sha256")
    digest = sha256 if isinstance(sha256, str) and _SHA256.fullmatch(sha256) else None
    return DecidedFile(word(said.get("path")), size if isinstance(size, int) else 0, digest)


def _measured(said: object) -> Iterator[tuple[str, str]]:
    yield from ((name, _number(value)) for name, value in sorted(members(said).items()))


def _number(value: object) -> str:
    return repr(value) if isinstance(value, float) else word(value)
