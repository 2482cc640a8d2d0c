"""Clauses about storage, on scratch blobs in the ledger's state container and in the default datastore."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from registration.doctor.contract.bench import OK
from registration.doctor.contract.clause import Clause, Needs, Seen, settled, unsettled, words
from registration.doctor.wire import Audience
from registration.errors import UnavailableError

if TYPE_CHECKING:
    from registration.doctor.contract.bench import Bench

_CONFLICT, _UNMET = 409, 412
_SECONDS: Final = 2


def _created_once(bench: Bench) -> Seen:
    url = bench.scratch("once")
    _, second = (bench.blob("PUT", url, body="x", **{"If-None-Match": "*"}) for _ in range(2))
    return settled(holds=second.status == _CONFLICT, what=f"the second was answered {words(second)}")


def _stale_write(bench: Bench) -> Seen:
    old = _overwritten(bench, "stale-write")
    again = bench.blob("PUT", bench.scratch("stale-write"), body="z", **{"If-Match": old})
    return settled(holds=again.status == _UNMET, what=f"it was answered {words(again)}")


def _stale_read(bench: Bench) -> Seen:
    old = _overwritten(bench, "stale-read")
    again = bench.blob("GET", bench.scratch("stale-read"), **{"If-Match": old})
    return settled(holds=again.status == _UNMET, what=f"it was answered {words(again)}")


def _new_etag(bench: Bench) -> Seen:
    written = [bench.blob("PUT", bench.scratch("etag"), body="same").headers.get("etag") for _ in range(3)]
    return settled(holds=None not in written and len(set(written)) == len(written), what=f"three writes made {written}")


def _dates(bench: Bench) -> Seen:
    said = bench.blob("PUT", bench.scratch("dates"), body="x").headers
    if not {"date", "last-modified"} <= said.keys():
        return settled(holds=False, what=f"there are {', '.join(sorted(said))}")
    apart = parsedate_to_datetime(said["date"]) - parsedate_to_datetime(said["last-modified"])
    return settled(holds=abs(apart.total_seconds()) <= _SECONDS, what=f"they are {apart.total_seconds():.0f} s apart")


def _copied(bench: Bench) -> Seen:
    if bench.datastore is None:
        return unsettled("the default datastore cannot be seen")
    bench.blob("PUT", bench.file_url, body="copied")
    try:
        token = bench.patient.wire.token(Audience.STORAGE)
    except UnavailableError as nobody:
        return unsettled(str(nobody))
    target = bench.scratch("copied")
    headers = {
        "x-ms-copy-source": bench.file_url,
        "x-ms-requires-sync": "true",
        "x-ms-copy-source-authorization": f"Bearer {token}",
    }
    copied, found = bench.blob("PUT", target, **headers), bench.blob("GET", target)
    return settled(holds=found.status == OK, what=f"the copy was answered {words(copied)}")


def _overwritten(bench: Bench, name: str) -> str:
    """The ETag that a scratch blob had before it was written again."""
    first = bench.blob("PUT", bench.scratch(name), body="x")
    bench.blob("PUT", bench.scratch(name), body="y")
    return first.headers.get("etag", "")


CLAUSES: Final = (
    Clause("created-once", "creating a blob that is there answers 409", _created_once, Needs.BLOBS),
    Clause("stale-write", "writing under an old ETag answers 412", _stale_write, Needs.BLOBS),
    Clause("stale-read", "reading under an old ETag answers 412", _stale_read, Needs.BLOBS),
    Clause("new-etag", "every write gives a blob a new ETag", _new_etag, Needs.BLOBS),
    Clause("dates", "Date and Last-Modified are of one clock", _dates, Needs.BLOBS),
    Clause("copied", "storage copies between accounts with a token for the source", _copied, Needs.BLOBS),
)
SCRATCH: Final = ("trial", "once", "stale-write", "stale-read", "etag", "dates", "copied")


def scratch(bench: Bench) -> tuple[str, ...]:
    """The addresses of all scratch blobs."""
    return (*(bench.scratch(name) for name in SCRATCH), *((bench.file_url,) if bench.datastore else ()))
