"""What becomes of a candidate when all rules have spoken, and who may answer for one that is held."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from registration.documents import Document
from registration.policy.passing import Pass, Passing

_SPAN = re.compile(r"([1-9][0-9]{0,3})([dh])", re.ASCII)
_HOUR = timedelta(hours=1)
MOST_KEPT = 10_000


class Then(Document):
    """What follows from a pass, a hold and a failure."""

    on_pass: Passing = Field(default=Pass(), alias="pass", json_schema_extra={"default": "promote"})
    on_hold: Literal["request_approval"] = Field(default="request_approval", alias="hold")
    on_fail: Literal["reject", "register_only"] = Field(default="reject", alias="fail")


def span(written: object) -> timedelta:
    """The time that `14d` or `36h` means; raises ValueError for anything else."""
    found = _SPAN.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise ValueError("must be a number of days or hours, such as 14d or 36h")
    return timedelta(days=int(found[1])) if found[2] == "d" else int(found[1]) * _HOUR


def _span_written(length: timedelta) -> str:
    return f"{length // _HOUR}h"


def _people(written: object) -> int:
    if isinstance(written, bool) or written not in (1, 2):
        raise ValueError("must be 1 or 2")
    return 1 if written == 1 else 2


def _kept(written: object) -> int:
    if isinstance(written, bool) or not isinstance(written, int | Decimal) or written not in range(MOST_KEPT + 1):
        raise ValueError(f"must be a whole number from 0 to {MOST_KEPT}")
    return int(written)


type Span = Annotated[
    timedelta,
    PlainValidator(span),
    PlainSerializer(_span_written),
    WithJsonSchema({"type": "string", "pattern": f"^{_SPAN.pattern}$"}),
]
type Kept = Annotated[
    int, PlainValidator(_kept), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MOST_KEPT})
]
type People = Annotated[int, PlainValidator(_people), WithJsonSchema({"enum": [1, 2]})]


class Retention(Document):
    """How many versions stay that are superseded; what an endpoint serves stays besides."""

    keep: Kept


class Approval(Document):
    """How many different people must answer for a held candidate, and until when after it was held."""

    people: People = 1
    expires: Span = Field(default=timedelta(days=14), json_schema_extra={"default": "14d"})
