"""Entries: decision records in which no rule was judged, because what they tell of happened to a version later.

rollback   an earlier champion is champion again
revoke     files were denied; if the champion had them, an earlier one took its place, or none did
archive    versions were put away

They stand in the chain with all decisions; docs/formats/decision.md describes them. An adoption is one too, and older:
`requests` makes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registration.record import FORMAT, Past, compared_with

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from registration.head import Head
    from registration.ledger import Ledger
    from registration.request import Request
    from registration.rollback import Turn

WHY_NONE = {  # by outcome
    "rollback": "a person rolled the champion back; no rule ran",
    "revoke": "a person revoked files; no rule ran",
    "archive": "versions were archived; no rule ran",
}


@dataclass(frozen=True)
class Entries:
    """Makes entries for the place after a head. `at` is the time that they state, ISO 8601."""

    ledger: Ledger
    at: str

    def returning(self, turn: Turn, head: Head, *, request: Request, together: Sequence[str]) -> dict[str, Any]:
        """That what `turn` names is champion again; `together` are the models that move with it."""
        before = "there was no champion" if turn.former is None else f"from version {turn.former}"
        reason = f"{request.actor} rolled back to version {turn.version}, {before}: {request.reason}"
        return {
            **self._entry("rollback", head, reason),
            "version": turn.version,
            "promoted": True,
            # All that was known of it then: later candidates are compared with this.
            "candidate": {**turn.origin.candidate, "work": request.work},
            "restored": turn.origin.restored or turn.origin.digest,
            "together": list(together),
            # What the policy of then shared is champion there again too.
            **({"share": shared} if (shared := turn.origin.record.get("share")) else {}),
            "request": request.to_dict(),
        }

    def revoking(
        self, head: Head, *, request: Request, versions: Sequence[int], vacates: bool, why_not: str
    ) -> dict[str, Any]:
        """That the files of `versions` were denied; the model has no champion afterwards if that `vacates`.

        `why_not` is why the champion that the request names does not follow, empty if it names none.
        """
        return {
            **self._entry("revoke", head, *_revoked(request, versions), *([why_not] if why_not else [])),
            "candidate": _nobody(request.work, ["request", request.id], event=request.id),
            "vacated": vacates,
            "revoked": {"artifact_sha256": request.artifact_sha256, "versions": list(versions)},
            "request": request.to_dict(),
        }

    def replacing(
        self, turn: Turn, head: Head, *, request: Request, versions: Sequence[int], together: Sequence[str]
    ) -> dict[str, Any]:
        """That the files of `versions` were denied, and what `turn` names is champion again in their place."""
        entry = self.returning(turn, head, request=request, together=together)
        revoked = {"artifact_sha256": request.artifact_sha256, "versions": list(versions)}
        reasons = [*_revoked(request, versions), f"version {turn.version} is champion again"]
        return {**entry, "outcome": "revoke", "reasons": reasons, "revoked": revoked}

    def archiving(self, head: Head, *, versions: Sequence[int], keep: int) -> dict[str, Any]:
        """That `versions` were put away, because the policy keeps no more than `keep` beside the champion."""
        named = ", ".join(map(str, versions))
        return {
            **self._entry("archive", head, f"archived version {named}: the policy keeps {keep} beside the champion"),
            "candidate": _nobody("", ["retention"], event=""),
            "archived": list(versions),
        }

    def _entry(self, outcome: str, head: Head, *reasons: str) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "model": head.model,
            "version": None,
            "promoted": False,
            "decided_at": self.at,
            "outcome": outcome,
            "reasons": list(reasons),
            "verdicts": [],
            "engine": None,
            "policy": None,
            "champion": self._champion(head),
        }

    def _champion(self, head: Head) -> dict[str, Any] | None:
        if head.champion is None:
            return None
        written = self.ledger.decision(head.model, head.champion.decision)
        return compared_with(Past.read(head.champion.version, head.champion.decision, written))


def _revoked(request: Request, versions: Sequence[int]) -> tuple[str, ...]:
    named = f"version {', '.join(map(str, versions))}" if versions else "files that no version has"
    return (f"{request.actor} revoked {named}: {request.reason}",)


def _nobody(work: str, source: list[str], *, event: str) -> Mapping[str, Any]:
    """What stands where a candidate would: nothing was offered."""
    offered = {"work": work, "source": source, "event": event, "fingerprint": None, "artifact_sha256": None}
    return {**offered, "files": [], "findings": [], "metrics": {}, "tags": {}, "lineage": {}}
