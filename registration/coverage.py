"""Coverage: what one pass of the sweep found and did, and how much of what it looked at is decided."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Coverage:
    """What a sweep found, and did.

    `eligible` are the jobs and manifests looked at that some policy wants, `decided` those of them whose every model
    has its decision. `enqueued` are events sent, `stuck` pieces of work that a worker left, `repaired` champions that
    the registry did not show and past ones with revoked files that it did, `archived` versions that the policy does not
    keep, and `given_up` pieces of work that were tried too often. `changed` are champions with other files than were
    judged.
    """

    eligible: int = 0
    decided: int = 0
    enqueued: int = 0
    stuck: int = 0
    repaired: int = 0
    archived: int = 0
    given_up: int = 0
    changed: int = 0

    @property
    def share(self) -> float:
        """Decided out of eligible, from 0 to 1; 1 when nothing was eligible."""
        return self.decided / self.eligible if self.eligible else 1.0

    def to_dict(self) -> dict[str, float]:
        """As shown to machines."""
        return {**asdict(self), "coverage": round(self.share, 4)}
