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

from registration import documents
from registration.artifacts.inventory import digest
from registration.documents import Document
from registration.policy.fields import Name  # noqa: TC001 - pydantic reads it when the class is made

FORMAT: Final = "registrar/request/v1"
KEY: Final = "registrarRequest"
MOST_RULES: Final = 200
_NEEDS: Final = {
    "approve": ("of", "seen", "rules", "expires"),
    "reject": ("of", "seen"),
    "reevaluate": ("of",),
}
_ANSWERING: Final = ("of", "seen", "rules", "expires")
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


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}, and nothing of the kind besides"


def _of_answers(names: list[str]) -> str:
    return f"{' and '.join(names)} can only stand in an answer: approve, reject or reevaluate"


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


class Request(Document):
    """What is asked for. `model` is None for the whole app, `version` for everything but an adoption.

    `of` is the work that an answer is about: an approval, a rejection or a re-evaluation. The first two say what was
    `seen`; an approval names `rules` and counts until it `expires`.
    """

    format: Literal["registrar/request/v1"]
    id: Annotated[str, Field(pattern=f"^{_UUID}$")]
    action: Literal["adopt", "pause", "resume", "approve", "reject", "reevaluate"]
    model: Name | None
    version: Annotated[StrictInt, Field(ge=1, le=2**31 - 1)] | None
    reason: Annotated[str, Field(max_length=1000), AfterValidator(_line)]
    actor: Actor
    at: Annotated[str, AfterValidator(_moment)]
    of: _Digest | None = None
    seen: Seen | None = None
    rules: Annotated[tuple[_Line, ...], Field(min_length=1, max_length=MOST_RULES)] | None = None
    expires: Annotated[str, AfterValidator(_moment)] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.action == "adopt" and (self.model is None or self.version is None):
            raise ValueError("adopt needs a model and a version")
        if self.action != "adopt" and self.version is not None:
            raise ValueError(f"{self.action} is never about a version")
        needs = _NEEDS.get(self.action, ())
        wrong = [name for name in _ANSWERING if (getattr(self, name) is None) == (name in needs)]
        if wrong or (needs and self.model is None):
            raise ValueError(f"{self.action} needs {_listed(('model', *needs))}" if needs else _of_answers(wrong))
        return self

    @property
    def is_answer(self) -> bool:
        """Whether it is about a piece of work."""
        return self.of is not None

    @property
    def work(self) -> str:
        """The key of its work record."""
        return digest(["request", self.id])

    @property
    def message(self) -> str:
        """The queue message that carries it."""
        return json.dumps({KEY: self.to_dict()})

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; members that only answers have are left out of everything else."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def __str__(self) -> str:
        return f"request {self.id} by {self.actor}"


def parse(document: object) -> Request:
    """The request in parsed JSON; raises `DocumentError` naming every problem."""
    return documents.load(Request, document, source="request")
