"""Shared evidence: what a shared version says of the decision that promoted it, as properties of that version.

Written by `sharing`, so that another environment can compare its candidates with this champion without any access to
this one's ledger. What was measured is JSON text in parts, because a property holds only so much; the property
`registrar.evidence` is the digest of the whole text, so a part that was lost or edited is seen. The format is
docs/formats/shared-version.md.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import TYPE_CHECKING, Any

from registration.lineage import Lineage
from registration.registry import SHA256_PROPERTY, WORK_PROPERTY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORMAT = "registrar/shared-evidence/v1"
DECISION_PROPERTY = "registrar.decision"
SEQ_PROPERTY = "registrar.decision_seq"
SOURCE_PROPERTY = "registrar.shared_from"
EVIDENCE_PROPERTY = "registrar.evidence"
OWN = (SHA256_PROPERTY, DECISION_PROPERTY, SEQ_PROPERTY, SOURCE_PROPERTY, EVIDENCE_PROPERTY)
LONGEST_PART = 1500  # characters
MOST_PARTS = 20
# What is left out of evidence that is too long, first what is longest and asked for least.
_SPARED = ("history", "slices", "tags", "metrics")
KEPT = ("artifact_sha256", "metrics", "slices", "history", "comparable", "from_tags", "tags")


def properties(decision: Mapping[str, Any], digest: str, *, workspace: str) -> dict[str, str]:
    """What the version that `decision`, named `digest`, promoted says in a shared registry; `workspace` is its ARM id.

    The same decision always gives the same properties.
    """
    candidate = decision["candidate"]
    said = {
        WORK_PROPERTY: candidate["work"],
        SHA256_PROPERTY: candidate["artifact_sha256"],
        DECISION_PROPERTY: digest,
        SEQ_PROPERTY: str(decision["seq"]),
        SOURCE_PROPERTY: f"{workspace}/models/{decision['model']}/versions/{decision['version']}",
        **Lineage.of_properties(candidate["lineage"]).stored(),
    }
    return {name: str(value) for name, value in said.items() if value is not None} | _parts(_text(decision))


def sharer_in(said: Mapping[str, str]) -> str:
    """The model that a shared version with these properties was promoted for, by its ARM id in lower case; or empty."""
    return said.get(SOURCE_PROPERTY, "").lower().rpartition("/versions/")[0]


def _text(decision: Mapping[str, Any]) -> str:
    """As much of the evidence as fits."""
    candidate, policy = decision["candidate"], decision["policy"]
    said: dict[str, Any] = {
        "format": FORMAT,
        "model": decision["model"],
        "version": decision["version"],
        "decided_at": decision["decided_at"],
        "policy_digest": policy and policy["digest"],
        "left_out": [],
        **{name: candidate[name] for name in KEPT if name in candidate},
    }
    for name in _SPARED:
        if len(_compact(said)) <= LONGEST_PART * MOST_PARTS:
            break
        if said.pop(name, None):
            said["left_out"].append(name)
    return _compact(said)


def _compact(said: Mapping[str, Any]) -> str:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _parts(text: str) -> dict[str, str]:
    pieces = ("".join(piece) for piece in itertools.batched(text, LONGEST_PART, strict=False))
    numbered = {f"{EVIDENCE_PROPERTY}.{number}": piece for number, piece in enumerate(pieces, start=1)}
    return {EVIDENCE_PROPERTY: hashlib.sha256(text.encode()).hexdigest(), **numbered}


def text_in(said: Mapping[str, str]) -> str | None:
    """The text of the evidence in a version's properties; None if it has none, or not the whole."""
    text = "".join(_pieces(said))
    is_whole = hashlib.sha256(text.encode()).hexdigest() == said.get(EVIDENCE_PROPERTY)
    return text if is_whole else None


def _pieces(said: Mapping[str, str]) -> Iterator[str]:
    for number in range(1, MOST_PARTS + 1):
        piece = said.get(f"{EVIDENCE_PROPERTY}.{number}")
        if piece is None:
            return
        yield piece
