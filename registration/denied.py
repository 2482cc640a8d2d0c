"""Denied: champions whose files were revoked. Nobody is told of them: `pending` and the sweep look for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration import history
from registration.step import members, word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from registration.ledger import Ledger


@dataclass(frozen=True)
class Leading:
    """A champion with such files."""

    model: str
    version: int
    artifact_sha256: str

    def __str__(self) -> str:
        return f"{self.model}:{self.version}"


def champions(ledger: Ledger, digests: Collection[str]) -> Iterator[Leading]:
    """The champions whose files have one of these digests.

    Two requests for each model, none if there are no digests; of a model whose champion was adopted its whole history.
    Raises `LedgerFormatError` for a damaged head or decision.
    """
    for model in ledger.models() if digests else ():
        champion = ledger.head(model).champion
        if champion is not None:
            decision = ledger.decision(model, champion.decision)
            sha256 = word(members(decision.get("candidate")).get("artifact_sha256"))
            if not sha256:  # it was adopted; a decision before may have read its files
                sha256 = history.read(ledger, model).digest_of(champion.version) or ""
            if sha256 in digests:
                yield Leading(model, champion.version, sha256)
