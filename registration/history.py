"""A model's history: every decision that its head leads back to, oldest first, and what does not fit together in it.

`read` makes it from the ledger, which it never changes. A decision's name is the digest of its text and each names the
one before it, so the head vouches for all of them; whatever it does not vouch for is a `Break`, never an exception. An
edit that changes no value, such as a space, is not seen: what is read still says what was decided. Nor is a head that
was replaced together with every decision.
"""

from __future__ import annotations

import contextlib
import difflib
import itertools
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from registration.artifacts.inventory import digest as digest_of
from registration.errors import InputError, LedgerFormatError
from registration.head import Head
from registration.record import FORMAT
from registration.step import Step, items, number, word
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from registration.head import Champion
    from registration.ledger import Ledger
    from registration.work import Shares

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_NAMES = 10
# What a document raises that is not JSON, or not made of the members it should have.
_UNREADABLE = (LedgerFormatError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Break:
    """One thing that is wrong in a history. `seq` is 0 and `digest` empty where it concerns no one decision."""

    seq: int
    digest: str
    message: str

    def __str__(self) -> str:
        return f"decision {self.seq}: {self.message}" if self.seq else self.message


@dataclass(frozen=True)
class Reign:
    """The time for which the version that `step` promoted was champion; `until` is None if it is champion still.

    Both ends are when a decision was made; the head moved just after it.
    """

    step: Step
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class History:
    """What could be read of a model's history, oldest first, and every break in it."""

    model: str
    head: Head
    steps: tuple[Step, ...]
    breaks: tuple[Break, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the head vouches for all of it."""
        return not self.breaks

    @property
    def reigns(self) -> tuple[Reign, ...]:
        """Who was champion, one after the other; between two of them is a time without one, or none.

        The order is the history's: a decision that a slow clock dated before its predecessor's counts from then on.
        """
        moving = [step for step in self.steps if step.promoted or step.vacated]
        times = (step.decided_at or datetime.min.replace(tzinfo=UTC) for step in moving)
        since = list(itertools.accumulate(times, max))
        reigns = map(Reign, moving, since, (*since[1:], None))
        return tuple(reign for reign in reigns if reign.step.promoted)

    def champion_at(self, moment: datetime) -> Reign | None:
        """Who was champion at `moment`, which must have a time zone; None before the first, or where there was none."""
        reign = next((reign for reign in reversed(self.reigns) if reign.since <= moment), None)
        return None if reign is None or (reign.until is not None and reign.until <= moment) else reign

    @property
    def champion(self) -> int | None:
        """The version that the head says is champion."""
        return self.head.champion.version if self.head.champion else None

    def with_version(self, version: int) -> Step | None:
        """The latest decision that registered `version`; to make it champion again registers nothing."""
        found = (step for step in reversed(self.steps) if step.version == version and step.restored is None)
        return next(found, None)

    def digest_of(self, version: int) -> str | None:
        """What identifies the files of `version`: those who adopted it read none, a decision before may have."""
        told = (step.candidate.get("artifact_sha256") for step in reversed(self.steps) if step.version == version)
        return next((word(sha256) for sha256 in told if sha256), None)


def read(ledger: Ledger, model: str, *, on_each: Callable[[], None] | None = None) -> History:
    """The history of `model`, empty if it has none; goes on past a break as far as the decisions name each other.

    `on_each` is called for every decision that was read: each is a request, and there may be thousands.
    Raises `UnavailableError` when the ledger does not answer. The head of another version of the app is a break too.
    """
    try:
        head = ledger.head(model)
    except _UNREADABLE as wrong:
        return History(model, Head(model), (), (Break(0, "", f"the head of {model} cannot be read: {wrong}"),))
    found = list(_told(_back(ledger, model, head), on_each))[::-1]
    steps = tuple(part for part in found if isinstance(part, Step))
    breaks = tuple(part for part in found if isinstance(part, Break))
    more = (
        *_breaks_of_promotions(steps, is_complete=not breaks),
        *_breaks_of_head(head, steps, is_complete=not breaks),
    )
    return History(model, head, steps, (*breaks, *more))


def known(ledger: Ledger, model: str) -> History:
    """As `read`; raises `InputError`, with names that are near, for a model without a history."""
    history = read(ledger, model)
    if history.head.etag or history.breaks:
        return history
    names = sorted(ledger.models())
    near = difflib.get_close_matches(model, names, cutoff=0.5) or [name for name in names if model in name]
    raise InputError(f"no decision about {shown(model)!r} has been made; {_instead(near, names)}")


def shares(ledger: Ledger, steps: Iterable[Step]) -> dict[str, Shares]:
    """What became of each promotion that was to be shared, by its decision's name.

    A work record that is gone or damaged tells nothing of it.
    """
    known: dict[str, Shares] = {}
    for step in steps:
        if step.promoted and items(step.record.get("share")):
            with contextlib.suppress(LedgerFormatError):
                work = ledger.work(step.work)
                shares = work.shares if work else ()
                known[step.digest] = tuple(one for one in shares if one.decision in {None, step.digest})
    return known


def look_up(ledger: Ledger, model: str, digest: str, *, seq: int = 0) -> tuple[Step | None, tuple[Break, ...]]:
    """The decision `digest` of `model` by itself, and what is wrong with it; `seq` is the place it is looked up for."""
    if not _DIGEST.fullmatch(digest):
        return None, (Break(seq, "", f"its name should be a digest, and is given as {digest!r}"),)
    try:
        step = Step.of(digest, ledger.kept_decision(model, digest))
        return step, tuple(Break(step.seq or seq, digest, message) for message in _flaws(step, model))
    except _UNREADABLE as wrong:
        return None, (Break(seq, digest, f"nothing before it can be found: {wrong}"),)


def _told(found: Iterator[Step | Break], on_each: Callable[[], None] | None) -> Iterator[Step | Break]:
    for part in found:
        if on_each is not None and isinstance(part, Step):
            on_each()
        yield part


def _instead(near: list[str], names: list[str]) -> str:
    if near:
        return f"did you mean {' or '.join(map(shown, near))}?"
    if not names:
        return "the ledger holds no history yet"
    left = len(names) - _MOST_NAMES
    return f"there are {', '.join(map(shown, names[:_MOST_NAMES]))}" + (f" and {left} more" if left > 0 else "")


def _back(ledger: Ledger, model: str, head: Head) -> Iterator[Step | Break]:
    """Every decision from the newest back to the first, each after its breaks."""
    digest, seq, seen = None if head.log_digest is None else str(head.log_digest), number(head.log_seq) or 0, set[str]()
    while digest is not None and digest not in seen:
        step, breaks = look_up(ledger, model, digest, seq=seq)
        yield from reversed(breaks)
        if step is None:
            break
        if step.seq != seq:
            yield Break(seq, step.digest, f"it says that it is number {step.seq}, where number {seq} belongs")
        yield step
        seen.add(step.digest)
        # A record that was tampered with is not believed about its place either.
        seq = (step.seq if step.seq and not breaks else seq) - 1
        digest = step.previous
    yield from _breaks_of_start(seq, digest, seen)


def _breaks_of_start(seq: int, digest: str | None, seen: set[str]) -> Iterator[Break]:
    """What is wrong where reading ended: `digest` is what should stand at the place `seq`."""
    if digest in seen:
        yield Break(seq, digest or "", "is named as the one before itself")
    elif digest is None and seq > 0:
        yield Break(seq, "", "is missing: nothing in the history leads to it")
    elif digest is None and seq < 0:
        yield Break(0, "", f"the first decision is number {seq + 1}, and must be number 1")


def _flaws(step: Step, model: str) -> Iterator[str]:
    """What a decision shows by itself, wherever it stands."""
    found, said = digest_of(step.record), step.record.get
    if found != step.digest:
        yield f"it was changed after it was written: its text has the digest {found}, its name is {step.digest}"
    if said("format") != FORMAT:
        yield f"its format is {said('format')!r}, and this version of the app reads {FORMAT!r}"
    if said("model") != model:
        yield f"it is about the model {said('model')!r}"
    if step.decided_at is None:
        yield f"decided_at {said('decided_at')!r} is not a time"


def _breaks_of_promotions(steps: tuple[Step, ...], *, is_complete: bool) -> Iterator[Break]:
    """Where a decision names another latest promotion before it than the one that is there.

    Before the first promotion of `steps` it is known only if they are all there are.
    """
    last: str | None = None
    for step in steps:
        if step.tells_of_promotions and (is_complete or last) and step.last_promotion != last:
            named = step.last_promotion or "none"
            yield Break(
                step.seq or 0, step.digest, f"it names {named} as the promotion before it, which is {last or 'none'}"
            )
        last = step.digest if step.promoted else last


def _breaks_of_head(head: Head, steps: tuple[Step, ...], *, is_complete: bool) -> Iterator[Break]:
    """What the head says of the champion against what the decisions did, of which `steps` may not be all."""
    last = next((step for step in reversed(steps) if step.promoted or step.vacated), None)
    if head.champion is not None:
        yield from _breaks_of_champion(head.champion, steps, last)
    elif last is not None and last.promoted:
        yield Break(last.seq or 0, last.digest, f"it promoted version {last.version}, but the head has no champion")
    moves = sum(step.promoted or step.vacated for step in steps)
    if is_complete and head.champion_seq != moves:
        yield Break(0, "", f"the head counts {head.champion_seq} changes of the champion, and the history has {moves}")


def _breaks_of_champion(champion: Champion, steps: tuple[Step, ...], last: Step | None) -> Iterator[Break]:
    says = f"the head says that version {champion.version} is champion"
    step = next((step for step in steps if step.digest == champion.decision), None)
    if step is None:
        yield Break(0, word(champion.decision), f"{says}, by a decision that is not in the history")
    elif (step.version, step.work) != (champion.version, champion.work):
        other = f"this decision is about version {step.version} and work {step.work}"
        yield Break(step.seq or 0, step.digest, f"{says}, with work {champion.work}, but {other}")
    if last is not None and last.vacated:
        yield Break(last.seq or 0, last.digest, f"it left the model without a champion, but {says}")
    elif last is not None and last is not step:
        yield Break(last.seq or 0, last.digest, f"it promoted version {last.version}, but {says}")
