"""A request: what a person decided, on its way through the work queue to the app, which alone writes the records.

    {"registrarRequest": {"format": "registrar/request/v1", "id": …, "action": "adopt", …}}

The command line makes it; `requests` has it done. The format is docs/formats/request.md.

Not promised: that the actor is who it says. The command line reads it from the person's own access token, but whoever
may put messages into the queue can write any name; who may do that is decided by the queue's role assignments.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, StrictInt, model_validator

from registration import documents, names
from registration.artifacts.inventory import digest
from registration.documents import Document
from registration.policy.fields import Name  # noqa: TC001 - pydantic reads it when the class is made

FORMAT: Final = "registrar/request/v1"
MOST_RULES: Final = 200
MOST_MOVES: Final = 200
# What each action needs besides a model and a reason, and what it may have.
_NEEDS: Final = {
    "adopt": ("version",),
    "approve": ("of", "seen", "rules", "expires"),
    "reject": ("of", "seen"),
    "reevaluate": ("of",),
    "rollback": ("version", "moves"),
    "revoke": ("artifact_sha256",),
}
_MAY_HAVE: Final = {"revoke": ("version", "moves", "no_champion")}
_OPTIONAL: Final = ("version", "of", "seen", "rules", "expires", "moves", "artifact_sha256", "no_champion")
_OF_NO_MODEL: Final = ("pause", "resume", "revoke")
_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def _line(written: str) -> str:
    if not written.strip() or not written.isprintable():
        raise ValueError("must be one line of printable text, and not empty")
    return written


def _moment(written: str) -> str:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("must be a time with its zone, such as 2026-03-02T08:30:00+00:00")
    return written


type _Version = Annotated[StrictInt, Field(ge=1, le=2**31 - 1)]
type _Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
type _Line = Annotated[str, Field(max_length=256), AfterValidator(_line)]


class Actor(Document):
    """Who asks: the tenant and object id of an Entra identity, and the name to show for it."""

    tenant: _Line
    object: _Line
    name: _Line

    def __str__(self) -> str:
        return self.name


class Seen(Document):
    """What the person saw of a held decision: an answer is worth something for exactly that."""

    decision: _Digest
    artifact_sha256: _Digest
    policy_digest: _Digest
    champion_seq: Annotated[StrictInt, Field(ge=0)]


class Turned(Document):
    """What the person saw of a rollback: the champion of a model, None if it had none, and the one that follows."""

    model: Name
    former: Annotated[_Version | None, Field(alias="from")]
    version: Annotated[_Version, Field(alias="to")]


class Request(Document):
    """What is asked for. `model` is None for the whole app, or for files that are revoked wherever they are.

    `version` is the one to adopt, to go back to, or to revoke. `of` is the work that an answer is about: an approval, a
    rejection or a re-evaluation. The first two say what was `seen`; an approval names `rules` and counts until it
    `expires`. `moves` are all that a rollback moves. A revocation names the digest of the files; where they are the
    champion's, it says what follows: `moves`, or `no_champion`.
    """

    format: Literal["registrar/request/v1"]
    id: Annotated[str, Field(pattern=f"^{_UUID}$")]
    action: Literal["adopt", "pause", "resume", "approve", "reject", "reevaluate", "rollback", "revoke"]
    model: Name | None
    version: _Version | None
    reason: Annotated[str, Field(max_length=1000), AfterValidator(_line)]
    actor: Actor
    at: Annotated[str, AfterValidator(_moment)]
    of: _Digest | None = None
    seen: Seen | None = None
    rules: Annotated[tuple[_Line, ...], Field(min_length=1, max_length=MOST_RULES)] | None = None
    expires: Annotated[str, AfterValidator(_moment)] | None = None
    moves: Annotated[tuple[Turned, ...], Field(min_length=1, max_length=MOST_MOVES)] | None = None
    artifact_sha256: _Digest | None = None
    no_champion: Literal[True] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        needs, may_have = _NEEDS.get(self.action, ()), _MAY_HAVE.get(self.action, ())
        given = [name for name in _OPTIONAL if getattr(self, name) is not None]
        if missing := [name for name in needs if name not in given]:
            raise ValueError(f"{self.action} needs {' and '.join(missing)}")
        if foreign := [name for name in given if name not in (*needs, *may_have)]:
            raise ValueError(f"{self.action} has no {' or '.join(foreign)}")
        if self.model is None and self.action not in _OF_NO_MODEL:
            raise ValueError(f"{self.action} needs a model")
        self._fits_together()
        return self

    def _fits_together(self) -> None:
        if self.moves is not None and self.moves[0].model != self.model:
            raise ValueError("moves begins with the model that is asked for")
        if self.action == "rollback" and self.moves is not None and self.moves[0].version != self.version:
            raise ValueError("moves begins with the version that is asked for")
        if self.action == "revoke" and (self.model is None) != (self.version is None):
            raise ValueError("revoke names a model with its version, or neither")
        if self.moves is not None and self.no_champion is not None:
            raise ValueError("moves and no_champion contradict each other")

    @property
    def is_answer(self) -> bool:
        """Whether it is about a piece of work."""
        return self.of is not None

    @property
    def may_come_again(self) -> bool:
        """Whether it does the same however late it comes; a pause does not, for it may have been taken back since."""
        return self.is_answer or self.action in {"adopt", "rollback", "revoke"}

    @property
    def work(self) -> str:
        """The key of its work record."""
        return digest(["request", self.id])

    @property
    def message(self) -> str:
        """The queue message that carries it."""
        return json.dumps({names.REQUEST: self.to_dict()})

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; members that the action does not have are left out."""
        return self.model_dump(mode="json", exclude_defaults=True, by_alias=True)

    def __str__(self) -> str:
        return f"request {self.id} by {self.actor}"


def parse(document: object) -> Request:
    """The request in parsed JSON; raises `DocumentError` naming every problem."""
    return documents.load(Request, document, source="request")
