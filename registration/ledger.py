"""The ledger: what was claimed, intended, decided and promoted. One small state machine over conditional writes.

    (nothing) ──claim──> claimed ──intend, draft──> claimed ──decide──> decided ──finish──> finished
                            └── given back, or not written for HELD_FOR ──takeover──> claimed

- `work/{work}.json` is one piece of work. Its ETag is the fencing token: a worker that lost its claim fails to write.
- A head is the model's history so far and its champion. Appending a decision, and moving the champion with it, is one
  compare-and-swap of `heads/{model}.json`, or of `groups/{group}.json` for several heads at once: see `heads`.
- `versions/{model}/{number}.json` reserves a version number, so our own workers never share one.
- `{model}/{digest}.json` among the decisions is a whole decision, written once and before the head names it. Until
  then it is a draft; a decision that no head leads back to is void.
- `pulses/{work}.json` is written by a worker that is alive but has nothing to write, as while it hashes.

A claim holds for HELD_FOR after its last write or pulse. Times are the storage server's, never this machine's.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from registration import names, promotions
from registration.decisions import Decisions, work_in
from registration.errors import ClaimHeldError, LedgerConflictError, LedgerFormatError
from registration.head import Move
from registration.heads import Heads
from registration.inspection import Inspections
from registration.shelf import put
from registration.stored import damaged
from registration.work import Claim, Draft, Intent, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from registration.head import Head
    from registration.revocation import Revocation
    from registration.shelf import Entry, Shelf
    from registration.work import Outbox, Shares

HELD_FOR = timedelta(minutes=2)
QUARANTINE_FORMAT = "registrar/quarantine/v1"


class Ledger:
    """Claims, intents, heads and decisions over three shelves. `new_owner` names each claim apart."""

    def __init__(self, *, state: Shelf, decisions: Shelf, quarantine: Shelf, new_owner: Callable[[], str]) -> None:
        self._state = state
        self._decisions = Decisions(decisions, self.work)
        self._quarantine = quarantine
        self._new_owner = new_owner
        self._heads = Heads(state, self._decisions.about)

    def claim(self, work: str, *, subject: Mapping[str, Any]) -> Claim:
        """Claim `work`, take over a dead worker's claim, or show what came of it before.

        Raises `ClaimHeldError` while another worker holds it.
        """
        found = self._state.read(names.work(work))
        if found is None:
            return self._claim_first(Work(work, subject, state="claimed", owner=self._new_owner(), attempt=1))
        known = _work_of(found, work)
        if known.state != "claimed":
            return Claim(known, found.etag)
        return self._take_over(known, found)

    def intend(self, claim: Claim, intent: Intent) -> Claim:
        """Record what is about to be written to the registry; raises `LedgerConflictError` if the claim was lost."""
        return self._write(claim, replace(claim.work, intent=intent))

    def decide(self, claim: Claim, *, result: Mapping[str, Any], outbox: Outbox, shares: Shares = ()) -> Claim:
        """Record the result with what it owes; raises `LedgerConflictError` if the claim was lost."""
        return self._write(claim, replace(claim.work, state="decided", result=result, outbox=outbox, shares=shares))

    def owe(self, claim: Claim, *, outbox: Outbox, shares: Shares) -> Claim:
        """Record what decided work still owes; raises `LedgerConflictError` if another worker wrote meanwhile."""
        return self._write(claim, replace(claim.work, outbox=outbox, shares=shares))

    def renew(self, claim: Claim) -> Claim:
        """Write the claim again: it holds for HELD_FOR from now. Raises `LedgerConflictError` if it was lost."""
        return self._write(claim, claim.work)

    def give_back(self, claim: Claim) -> None:
        """Let the next try claim at once instead of waiting; does nothing if the claim was lost or is settled."""
        found = self._state.read(names.work(claim.work.work))
        if found is None:
            return
        known = _work_of(found, claim.work.work)
        if known.owner != claim.work.owner or known.state != "claimed":
            return
        self._state.replace(names.work(claim.work.work), {**found.document, "owner": ""}, etag=found.etag)

    def finish(self, claim: Claim) -> Claim:
        """Record that nothing is owed any more."""
        return self._write(claim, replace(claim.work, state="finished", outbox=()))

    def work(self, work: str) -> Work | None:
        """The record of a piece of work, or None."""
        found = self._state.read(names.work(work))
        return _work_of(found, work) if found else None

    def works(self, beginning: str) -> Iterator[str]:
        """The key of every piece of work that begins so."""
        return (names.key(name) for name, _ in self._state.names(f"{names.WORKS}{beginning}"))

    def unfinished(self) -> list[str]:
        """The key of every piece of work that was claimed and not finished, dead or alive."""
        return [names.key(name) for name, state in self._state.names(names.WORKS) if state != "finished"]

    def quiet_for(self, work: str) -> timedelta:
        """For how long nobody has written this piece of work, or its pulse."""
        found = self._state.read(names.work(work))
        return HELD_FOR - self._left(_work_of(found, work), found) if found else timedelta()

    def models(self) -> list[str]:
        """Every model that has a history."""
        return [names.key(name) for name, _ in self._state.names(names.HEADS)]

    def quarantined(self, *, since: datetime | None = None) -> Iterator[dict[str, Any]]:
        """Every message that came to quarantine, at `since` or later, with the reason.

        Of a damaged document only the reason is told, which is the damage.
        """
        for name, _ in self._quarantine.names(""):
            try:
                found = self._quarantine.read(name)
            except LedgerFormatError as damage:
                yield {"reason": str(damage)}
            else:
                if found is not None and (since is None or found.written >= since):
                    yield found.document

    def head(self, model: str) -> Head:
        """Where the history of `model` stands; raises `LedgerFormatError` if it has one and its head is gone."""
        return self._heads.read(model)

    def together(self, models: Sequence[str], *, group: str) -> tuple[Head, ...]:
        """The heads of `models` at one moment, in the document of `group`, so that they can move together.

        Raises `LedgerConflictError` if one of them leaves the group meanwhile.
        """
        return self._heads.together(models, group=group)

    def is_mirrored(self, head: Head) -> bool:
        """Whether people find `head` as it is."""
        return self._heads.is_mirrored(head)

    def mirror(self, head: Head) -> None:
        """See that people find a head that lies in a group where they look for it, unless they find a newer one."""
        self._heads.mirror(head)

    def draft(self, claim: Claim, head: Head, decision: Mapping[str, Any]) -> Claim:
        """Write `decision` for the place after `head`; raises `LedgerConflictError` if the claim was lost."""
        return self._write(claim, replace(claim.work, draft=Draft(self.write(head, decision), head.log_seq + 1)))

    def write(self, head: Head, decision: Mapping[str, Any]) -> str:
        """Write `decision` for the place after `head`, whoever has a claim; the digest that names it."""
        before = promotions.latest(head, partial(self.decision, head.model))
        place = {"seq": head.log_seq + 1, "previous": head.log_digest, "champion_seq": head.champion_seq}
        return self._decisions.record(head.model, {**decision, **place, promotions.LAST: before})

    def append(self, head: Head, digest: str, *, promote: tuple[int, str] | None) -> Head:
        """Move `head` to the decision drafted for it; `promote` is the version and work of the new champion.

        Raises `LedgerConflictError` if the head moved meanwhile: nothing was decided then.
        """
        (moved,) = self.append_all([Move(head, digest, promote)])
        return moved

    def append_all(self, moves: Sequence[Move]) -> tuple[Head, ...]:
        """Move several heads of one group, each to its decision, by one compare-and-swap; raises as `append` does."""
        return self._heads.move(*(move.done for move in moves))

    def decided(self, claim: Claim, head: Head) -> tuple[str, dict[str, Any]] | None:
        """The digest and text of the decision about this work in the head's history, if an earlier try got that far.

        It can stand no earlier than the place its draft was written for, so only what came since is read.
        """
        digest, seq = head.log_digest, head.log_seq
        while claim.work.draft is not None and digest is not None and seq >= claim.work.draft.seq:
            written = self.decision(head.model, digest)
            if work_in(written, name=names.decision(head.model, digest)) == claim.work.work:
                return digest, written
            digest, seq = written.get("previous"), seq - 1
        return None

    def decision(self, model: str, digest: str) -> dict[str, Any]:
        """A decision that a head names; raises `LedgerFormatError` when it is gone, or not what was written."""
        return self._decisions.read(model, digest)

    def kept_decision(self, model: str, digest: str) -> dict[str, Any]:
        """The same as it is kept now, whoever may have changed it; raises `LedgerFormatError` when it is gone."""
        return self._decisions.kept(model, digest)

    def revoke(self, revocation: Revocation) -> None:
        """Deny files for ever; what was revoked before stays as it was."""
        self._decisions.revoke(revocation)

    def revocation(self, sha256: str | None) -> Revocation | None:
        """The revocation of the files with this digest, None if they were not revoked, or have none."""
        return self._decisions.revocation(sha256) if sha256 else None

    def revoked(self) -> frozenset[str]:
        """The digests of all files that were revoked."""
        return self._decisions.revoked()

    def keep_policy(self, *, sha256: str, text: str) -> None:
        """Keep the exact text that decides, once."""
        self._decisions.keep_policy(sha256=sha256, text=text)

    def policy(self, sha256: str) -> str:
        """The exact text that decided; raises `LedgerFormatError` when it is gone, or not what was written."""
        return self._decisions.policy(sha256)

    def reserve(self, model: str, *, work: str, at_least: int) -> int:
        """A version number of `model`, not below `at_least`, that no other work of ours has."""
        number = at_least
        while True:
            try:
                self._state.create(names.reservation(model, number), {"work": work})
            except LedgerConflictError:
                number += 1
            else:
                return number

    def beat(self, claim: Claim) -> None:
        """Say that the worker of `claim` is alive: it holds the work for HELD_FOR from now, though it wrote nothing.

        Raises `LedgerConflictError` where another worker beats, and has the work: its pulse is not to be hidden.
        """
        name, pulse = names.pulse(claim.work.work), {"owner": claim.work.owner}
        found = self._state.read(name)
        if found is None:
            self._state.create(name, pulse)
            return
        if found.document != pulse and (known := self.work(claim.work.work)) and known.owner != claim.work.owner:
            raise LedgerConflictError(f"work {claim.work.work} is another worker's by now")
        self._state.replace(name, pulse, etag=found.etag)

    def remember_failure(self, message: str, reason: str) -> None:
        """Keep why a delivery failed, for `failure` to tell when the host gives the message up."""
        name = names.failure(message)
        found = self._state.read(name)
        put(self._state, name, {"reason": reason}, etag=found.etag if found else "")

    def failure(self, message: str) -> str | None:
        """Why the latest delivery of `message` failed, if that was remembered."""
        found = self._state.read(names.failure(message))
        return found.document.get("reason") if found else None

    @property
    def inspections(self) -> Inspections:
        """What was seen of the files of champions."""
        return Inspections(self._state)

    def quarantine(self, message: str, *, reason: str, attempts: int) -> str:
        """Keep a message nobody could use, with the reason, once; the name it is kept under is returned."""
        name = names.letter(message)
        document = {"format": QUARANTINE_FORMAT, "reason": reason, "attempts": attempts, "message": message}
        self._quarantine.create_text(name, json.dumps(document, indent=2))
        return name

    def _claim_first(self, fresh: Work) -> Claim:
        try:
            entry = self._state.create(names.work(fresh.work), asdict(fresh))
        except LedgerConflictError:
            raise ClaimHeldError(fresh.work, seconds=HELD_FOR.total_seconds()) from None
        return Claim(fresh, entry.etag)

    def _take_over(self, known: Work, found: Entry) -> Claim:
        left = self._left(known, found)
        if known.owner and left > timedelta():
            raise ClaimHeldError(known.work, seconds=left.total_seconds())
        taken = replace(known, owner=self._new_owner(), attempt=known.attempt + 1)
        return self._write(Claim(known, found.etag), taken)

    def _left(self, known: Work, found: Entry) -> timedelta:
        return max(found.written, self._last_beat(known)) + HELD_FOR - found.now

    def _last_beat(self, known: Work) -> datetime:
        found = self._state.read(names.pulse(known.work))
        if found is None or found.document.get("owner") != known.owner:
            return datetime.min.replace(tzinfo=UTC)
        return found.written

    def _write(self, claim: Claim, work: Work) -> Claim:
        entry = self._state.replace(names.work(work.work), asdict(work), etag=claim.etag)
        return Claim(work, entry.etag)


def _work_of(found: Entry, work: str) -> Work:
    """The record found under the key `work`; a copy of another one would lead writes to the wrong blob."""
    known = Work.from_dict(found.document, name=names.work(work))
    if known.work != work:
        raise damaged(names.work(work), f"is about the work {known.work!r:.80}")
    return known
