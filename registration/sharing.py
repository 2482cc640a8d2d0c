"""Sharing: a promoted version comes to a shared registry as one version there, however often it is tried.

    number      the workspace's own if it is free there, else the lowest that is; recorded before anything is copied
    copy        begun once, found again by its address or by what is there; a long one is looked after at the next try
    evidence    added to the copy as properties, read back and compared
    done        recorded with the outcome event that tells of it, in one write

The champion moved long before: whatever fails here delays and undoes nothing, and comes again. A version with our
number that others put there is left alone, and the next number is taken. What was revoked meanwhile is not shared.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from registration import notices, shared_evidence
from registration.errors import LedgerConflictError, RegistrarError, RegistryMismatchError, UnavailableError
from registration.outcome import Outcome
from registration.promotions import promoted
from registration.registry import CHAMPION_TAG, SHA256_PROPERTY, STATUS_TAG, VersionTakenError
from registration.shared_evidence import DECISION_PROPERTY
from registration.work import Share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from registration.ledger import Ledger
    from registration.shared import SharedRegistries, SharedVersion
    from registration.work import Claim

log = logging.getLogger(__name__)
SHARED = "shared"  # the status of a version in a shared registry, whatever its original shows
LOOKS_AGAIN_SECONDS = 30.0


def owed(decision: Mapping[str, Any], *, digest: str | None = None) -> tuple[Share, ...]:
    """The shares that a recorded decision leads to; named by its `digest` where the work's result is about another."""
    targets = decision.get("share", ()) if promoted(decision) else ()
    about = {} if digest is None else {"promoted": decision["model"], "decision": digest}
    return tuple(Share(target["registry"], target["model"], **about) for target in targets)


@dataclass(frozen=True)
class Sharing:
    """Shares what decided work owes. `now` is the time that events state, ISO 8601."""

    registries: SharedRegistries
    ledger: Ledger
    workspace_id: str
    now: Callable[[], str]

    def pay(self, claim: Claim) -> Claim:
        """Make every share that the work of `claim` owes; its outbox holds the events about them afterwards.

        Raises the first failure after every share was tried, and `LedgerConflictError` at once if another worker is
        at the same work.
        """
        payment = _Payment(self, claim)
        payment.make()
        return payment.claim


class _Payment:
    """One try at all shares of one work; `claim` is how far its record has come."""

    def __init__(self, sharing: Sharing, claim: Claim) -> None:
        self.claim = claim
        self._registries = sharing.registries
        self._sharing = sharing

    def make(self) -> None:
        failures: list[RegistrarError] = []
        for place, share in enumerate(self.claim.work.shares):
            try:
                if share.is_owed:
                    self._make(place)
            except LedgerConflictError:
                raise
            except RegistrarError as failure:
                log.warning("could not share to %s: %s", share.registry, failure)
                self._remember(place, str(failure))
                failures.append(failure)
        if failures:
            raise failures[0]

    def _make(self, place: int) -> None:
        promotion = self._promotion(self._share(place))
        revocation = self._sharing.ledger.revocation(promotion.said.get(SHA256_PROPERTY))
        if revocation is not None:
            self._write(place, withheld=True, operation=None, reason=revocation.sentence)
            return
        if self._share(place).version is None:
            self._write(place, version=promotion.version)
        found = self._described(self._ours(place, promotion), promotion)
        share = replace(self._share(place), id=found.id, operation=None, reason=None)
        at, workspace = self._sharing.now(), self._sharing.workspace_id
        event = notices.shared(promotion.outcome, share, workspace=workspace, at=at)
        self._write(place, event, id=share.id, operation=None, reason=None)
        log.info("shared %s:%s as %s", promotion.model, promotion.version, share.id)

    def _promotion(self, share: Share) -> _Promotion:
        outcome = Outcome.from_dict(self.claim.work.result or {})
        model, digest = share.promoted or str(outcome.model), share.decision or str(outcome.decision)
        decision = self._sharing.ledger.decision(model, digest)
        version = decision["version"]
        return _Promotion(
            replace(outcome, model=model, version=version, decision=digest, promoted=True),
            origin=self._registries.origin_of(model, version),
            said=shared_evidence.properties(decision, digest, workspace=self._sharing.workspace_id),
        )

    def _ours(self, place: int, promotion: _Promotion) -> SharedVersion:
        """The copy, which is there already or is made now."""
        while True:
            share = self._share(place)
            found = self._found(share) or self._copied(place, share, origin=promotion.origin)
            if promotion.made(found):
                return found
            number = self._registries.next_version(share.registry, share.model)
            self._write(place, version=max(number, found.version + 1), operation=None)

    def _copied(self, place: int, share: Share, *, origin: str) -> SharedVersion:
        """What has the number after it was copied there, or was found to be taken."""
        operation = share.operation
        try:
            if operation is None:
                operation = self._registries.copy(share.registry, share.model, share.version or 0, origin=origin)
                self._write(place, operation=operation)
            is_over = operation is None or self._registries.is_over(operation)
        except VersionTakenError:
            is_over = True  # perhaps by ourselves, in a try whose answer was lost
        except RegistrarError:
            self._write(place, operation=None)
            raise
        if not is_over:
            raise _later(f"registry {share.registry} is still copying {share.model}:{share.version}")
        found = self._found(share)
        if found is None:
            self._write(place, operation=None)
            raise _later(f"registry {share.registry} does not show {share.model}:{share.version} yet")
        return found

    def _described(self, found: SharedVersion, promotion: _Promotion) -> SharedVersion:
        """The copy with the evidence on it; raises `RegistryMismatchError` if it does not hold it."""
        tags = {name: value for name, value in found.tags.items() if name != CHAMPION_TAG} | {STATUS_TAG: SHARED}
        missing = {name: value for name, value in promotion.said.items() if name not in found.properties}
        if missing or tags != found.tags:
            self._registries.describe(found, tags=tags, properties=missing)
            found = self._registries.find(found.registry, found.model, found.version) or found
        wrong = [name for name, value in promotion.said.items() if _differs(name, value, found)]
        if wrong:
            raise RegistryMismatchError(f"{found.id} does not hold what was written: {', '.join(sorted(wrong))}")
        return found

    def _found(self, share: Share) -> SharedVersion | None:
        return self._registries.find(share.registry, share.model, share.version or 0)

    def _share(self, place: int) -> Share:
        return self.claim.work.shares[place]

    def _write(self, place: int, *events: Mapping[str, Any], **changes: Any) -> None:
        work = self.claim.work
        shares = list(work.shares)
        shares[place] = replace(shares[place], **changes)
        outbox = (*work.outbox, *events)
        if (outbox, tuple(shares)) == (work.outbox, work.shares):
            return
        self.claim = self._sharing.ledger.owe(self.claim, outbox=outbox, shares=tuple(shares))

    def _remember(self, place: int, reason: str) -> None:
        """Keep why the last try failed, for people; a reason that stays the same is not written again."""
        self._write(place, reason=reason)


@dataclass(frozen=True)
class _Promotion:
    """What is shared: the outcome of the decision, the version's name as an origin, and what the copy has to say."""

    outcome: Outcome
    origin: str
    said: Mapping[str, str]

    @property
    def model(self) -> str:
        return str(self.outcome.model)

    @property
    def version(self) -> int | None:
        return self.outcome.version

    def made(self, found: SharedVersion) -> bool:
        """Whether `found` was made for this decision: it says so, or is a copy of our version and says nothing yet."""
        said = found.properties.get(DECISION_PROPERTY)
        return said == self.outcome.decision if said else (found.origin or "").lower() == self.origin.lower()


def _differs(name: str, value: str, found: SharedVersion) -> bool:
    """Lineage and work are the original's, which an earlier decision may have written in other words."""
    own = name in shared_evidence.OWN or name.startswith(f"{shared_evidence.EVIDENCE_PROPERTY}.")
    return found.properties.get(name) != value if own else name not in found.properties


def _later(reason: str) -> UnavailableError:
    return UnavailableError(reason, retry_after_seconds=LOOKS_AGAIN_SECONDS)
