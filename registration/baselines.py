"""Baselines: the champions of other environments, read from shared registries, where `sharing` put them.

The champion of an environment is the version that was shared last: that of the highest decision among those that are
not archived. A registry that does not answer is a breakage, and the message comes again. Whatever it answers that
cannot be used is a reason, and holds the candidate.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from registration import documents
from registration.errors import DocumentError, InputError
from registration.policy.baseline import Baseline
from registration.policy.evidence_file import EvidenceDocument
from registration.registry import SHA256_PROPERTY
from registration.shared_evidence import DECISION_PROPERTY, FORMAT, KEPT, SEQ_PROPERTY, sharer_in, text_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from registration.policy.document import ModelPolicy
    from registration.policy.evidence import Evidence
    from registration.shared import SharedRegistries, SharedVersion

_SEQ = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class Baselines:
    """Reads them; raises `UnavailableError` when a registry does not answer."""

    registries: SharedRegistries

    def of(self, asked: Iterable[ModelPolicy]) -> tuple[Baseline, ...]:
        """What the policies in `asked` compare with, each once; nothing is read where none asks."""
        places = dict.fromkeys(policy.baseline for policy in asked if policy.baseline is not None)
        return tuple(self._read(*place) for place in places)

    def _read(self, registry: str, model: str) -> Baseline:
        if not self.registries.knows(registry):
            return Baseline(registry, model, problem="there is no such registry, or this app may not see it")
        versions = list(self.registries.versions(registry, model))
        if not versions:
            return Baseline(registry, model)
        try:
            champion = champion_of(versions)
            known = replace(evidence_of(champion), version=champion.version)
        except InputError as why:
            return Baseline(registry, model, problem=str(why))
        evidence = replace(known, tags={}, lineage={}, findings=(), formats={})
        return Baseline(registry, model, evidence, champion.properties[DECISION_PROPERTY])


def champion_of(versions: Sequence[SharedVersion]) -> SharedVersion:
    """The version of the last promotion among `versions`, which are some; raises `InputError` if it cannot be told."""
    shared = [version for version in versions if DECISION_PROPERTY in version.properties]
    if not shared:
        raise InputError(f"none of its {len(versions)} versions says which decision promoted it")
    sources = {sharer_in(version.properties) for version in shared}
    if len(sources) > 1:
        named = ", ".join(sorted(sources))
        raise InputError(f"several environments share under this name: {named}; give each a name of its own there")
    return max(shared, key=_seq)


def _seq(version: SharedVersion) -> int:
    said = version.properties.get(SEQ_PROPERTY, "")
    if not _SEQ.fullmatch(said):
        raise InputError(f"version {version.version} has {said!r:.40} as {SEQ_PROPERTY}")
    return int(said)


def evidence_of(version: SharedVersion) -> Evidence:
    """What was known when `version` was promoted; raises `InputError` if it cannot be told."""
    text = text_in(version.properties)
    if text is None:
        raise InputError(f"the evidence of version {version.version} is not whole")
    evidence = _read(text, version.version)
    if evidence.artifact_sha256 is None or evidence.artifact_sha256 != version.properties.get(SHA256_PROPERTY):
        raise InputError(f"the evidence of version {version.version} is about other files")
    return evidence


def _read(text: str, number: int) -> Evidence:
    try:
        said: dict[str, Any] = json.loads(text)
        if said.get("format") == FORMAT:
            members = {name: said[name] for name in KEPT if name in said}
            return documents.load(EvidenceDocument, members, source="evidence").evidence
    except (ValueError, AttributeError, RecursionError, DocumentError) as wrong:
        raise InputError(f"the evidence of version {number} cannot be read") from wrong
    raise InputError(f"the evidence of version {number} has the format {said.get('format')!r:.60}")
