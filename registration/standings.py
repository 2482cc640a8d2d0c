"""Where every model of a ledger stands: its champion, and since when. Read for people and auditors; nothing is changed.

Two documents are read of each model, its head and the decision that made the champion, however long its history is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from registration import history
from registration.errors import LedgerFormatError
from registration.step import stated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from registration.ledger import Ledger
    from registration.step import Step


@dataclass(frozen=True)
class Standing:
    """One model. `version`, `work` and `since` are None without a champion, `problem` is empty if all was read."""

    model: str
    decisions: int = 0
    version: int | None = None
    work: str | None = None
    since: datetime | None = None
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**asdict(self), "since": stated(self.since)}


def of(ledger: Ledger) -> Iterator[Standing]:
    """Every model that has a history, by name. What is damaged is told as the `problem` of its model."""
    for model in sorted(ledger.models()):
        try:
            yield _of(ledger, model)
        except LedgerFormatError as damaged:
            yield Standing(model, problem=str(damaged))


def _of(ledger: Ledger, model: str) -> Standing:
    head = ledger.head(model)
    if head.champion is None:
        return Standing(model, head.log_seq)
    step, breaks = history.look_up(ledger, model, head.champion.decision)
    problem = "; ".join(map(str, breaks))
    return Standing(model, head.log_seq, head.champion.version, head.champion.work, _since(step), problem)


def _since(step: Step | None) -> datetime | None:
    return step.decided_at if step else None
