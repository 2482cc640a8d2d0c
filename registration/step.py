"""A step of a model's history: one decision record, read back leniently, as people and auditors look at it.

`history` makes it. A record that somebody edited by hand still becomes a step: what is missing or of the wrong kind is
None or empty here, and whether the record can be believed is the history's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from registration.candidate import source_from
from registration.promotions import LAST

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Step:
    """One decision, named `digest`; `record` is all of it. `version` is what it registered, None if nothing."""

    digest: str
    record: Mapping[str, Any]
    seq: int | None
    previous: str | None
    decided_at: datetime | None
    outcome: str
    version: int | None
    work: str
    source: str
    event: str
    reasons: tuple[str, ...]
    compared_with: int | None

    @classmethod
    def of(cls, digest: str, record: Mapping[str, Any]) -> Self:
        """The decision that `record` tells of; raises `AttributeError` when it is no JSON object at all."""
        candidate = members(record.get("candidate"))
        previous = record.get("previous")
        return cls(
            digest=digest,
            record=record,
            seq=number(record.get("seq")),
            previous=None if previous is None else str(previous),
            decided_at=_time(record.get("decided_at")),
            outcome=word(record.get("outcome")),
            version=number(record.get("version")),
            work=word(candidate.get("work")),
            source=source_of(candidate.get("source")),
            event=word(candidate.get("event")),
            reasons=tuple(map(word, items(record.get("reasons")))),
            compared_with=number(members(record.get("champion")).get("version")),
        )

    @property
    def promoted(self) -> bool:
        """Whether it moved the champion; decisions of engine 1 do not say it: they registered only to promote."""
        said = self.record.get("promoted")
        return self.version is not None and (said is None or said is True)

    @property
    def last_promotion(self) -> str | None:
        """The latest promotion before it, None if it names none; only if `tells_of_promotions`."""
        return word(self.record.get(LAST)) or None

    @property
    def tells_of_promotions(self) -> bool:
        """Whether it says which promotion came before it; older decisions do not."""
        return LAST in self.record

    @property
    def restored(self) -> str | None:
        """The decision that made its version champion before, of one that made it champion again."""
        return word(self.record.get("restored")) or None

    @property
    def vacated(self) -> bool:
        """Whether it left the model without a champion."""
        return self.record.get("vacated") is True

    @property
    def archived(self) -> tuple[int, ...]:
        """The versions that it put away."""
        said = items(self.record.get("archived"))
        return tuple(version for each in said if (version := number(each)) is not None)

    @property
    def revoked(self) -> str | None:
        """The digest of the files that it denied."""
        return word(members(self.record.get("revoked")).get("artifact_sha256")) or None

    def tells_of(self, version: int) -> bool:
        """Whether it is an entry about a version that was registered before."""
        named = (*self.archived, *self.revoked_versions)
        return version in named or (self.restored is not None and self.version == version)

    @property
    def revoked_versions(self) -> tuple[int, ...]:
        """The versions that had the files it denied."""
        said = items(members(self.record.get("revoked")).get("versions"))
        return tuple(version for each in said if (version := number(each)) is not None)

    @property
    def with_others(self) -> tuple[str, ...]:
        """The models that were decided, or went back, with it."""
        group = (word(members(member).get("model")) for member in items(self.record.get("group")))
        return tuple(dict.fromkeys((*group, *map(word, items(self.record.get("together"))))))

    @property
    def candidate(self) -> Mapping[str, Any]:
        """What was judged."""
        return members(self.record.get("candidate"))

    @property
    def verdicts(self) -> list[Mapping[str, Any]]:
        """What every rule said, in the policy's order."""
        return [members(verdict) for verdict in items(self.record.get("verdicts"))]

    @property
    def policy(self) -> Mapping[str, Any]:
        """By what it was judged."""
        return members(self.record.get("policy"))

    @property
    def is_judged(self) -> bool:
        """Whether rules were judged by a policy; of an entry and an adoption no policy was asked."""
        return bool(self.policy)

    @property
    def champion(self) -> Mapping[str, Any]:
        """What it was compared with; empty if there was no champion."""
        return members(self.record.get("champion"))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        names = ("seq", "digest", "outcome", "version", "promoted", "work", "source", "event", "compared_with")
        said = {name: getattr(self, name) for name in names}
        entry = {"restored": self.restored, "vacated": self.vacated, "revoked": self.revoked}
        listed = {"archived": list(self.archived), "reasons": list(self.reasons)}
        return {**said, "decided_at": stated(self.decided_at), **entry, **listed}


def members(value: object) -> Mapping[str, Any]:
    """`value` if it is a JSON object, else one without members."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """`value` if it is a JSON list, else an empty one."""
    return value if isinstance(value, list) else []


def word(value: object) -> str:
    """`value` as text, empty for null."""
    return "" if value is None else str(value)


def asked_by(request: Mapping[str, Any]) -> str:
    """The name of the person who made a recorded request."""
    return word(members(request.get("actor")).get("name"))


def number(value: object) -> int | None:
    """`value` if it is a whole number, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def source_of(identity: object) -> str:
    """Where an offer came from, in the words of receipts and logs."""
    return str(source_from(identity) or " ".join(map(word, items(identity))))


def stated(moment: datetime | None) -> str | None:
    """`moment` as records state it."""
    return moment.isoformat() if moment else None


def utc(moment: datetime) -> datetime:
    """`moment` in UTC, which it is taken to be if it names no zone; `OverflowError` at the ends of the calendar."""
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)


def _time(value: object) -> datetime | None:
    try:
        return utc(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
