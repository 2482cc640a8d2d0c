"""A drop match: where another team may drop models, what completes a drop there, and how large it may be.

Made from the policy's `match`. It judges the place only, and whether a file completes a drop. What is in the drop is
told by its listing.
"""

import re
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, PlainValidator, WithJsonSchema, model_validator

from registration.documents import Document
from registration.manifest import MANIFEST_NAME, MOST_FILES, is_own_write
from registration.policy.fields import Account, Container, Pattern, Prefix, is_crooked

DEFAULT_MARKER: Final = "_SUCCESS"
_LARGEST: Final = 100 * 2**30  # bytes, where the policy does not say
_UNITS: Final = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE: Final = re.compile(r"([1-9][0-9]{0,15}) ?(KiB|MiB|GiB|TiB)?", re.ASCII)

type Completeness = Literal["manifest", "marker", "single_file"]


def _size(written: object) -> int:
    found = _SIZE.fullmatch(str(written)) if isinstance(written, str | int | Decimal) else None
    if found is None:
        raise ValueError("must be a number of bytes, or of KiB, MiB, GiB or TiB, such as 20 GiB")
    return int(found[1]) * _UNITS[found[2] or ""]


def _count(written: object) -> int:
    if isinstance(written, bool) or not isinstance(written, int | Decimal) or written not in range(1, MOST_FILES + 1):
        raise ValueError(f"must be a whole number from 1 to {MOST_FILES}")
    return int(written)


def _marker(written: str) -> str:
    if not written.strip() or "/" in written or written in {".", ".."}:
        raise ValueError("must be the name of a file, without its folder")
    if written == MANIFEST_NAME or is_own_write(written):
        raise ValueError(f"{written!r} has another meaning in a drop; choose another name, such as {DEFAULT_MARKER}")
    return written


_SIZE_SCHEMA: Final = {
    "anyOf": [
        {"type": "integer", "minimum": 1},
        {"type": "string", "pattern": f"^{_SIZE.pattern}$"},
    ]
}

type Size = Annotated[int, PlainValidator(_size), WithJsonSchema(_SIZE_SCHEMA)]
type Count = Annotated[
    int, PlainValidator(_count), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_FILES})
]
type Marker = Annotated[str, AfterValidator(_marker), WithJsonSchema({"type": "string", "pattern": "^[^/]+$"})]


class Limits(Document):
    """How much one drop may bring: files, and bytes in all of them together."""

    files: Count = MOST_FILES
    bytes: Size = _LARGEST


class DropMatch(Document):
    """Drops in one container, under one prefix if there is one. Only `files` is a pattern.

    `extra` is what becomes of files beside those that a manifest lists.
    """

    account: Account
    container: Container
    prefix: Prefix | None = None
    completeness: Completeness = "manifest"
    marker: Marker | None = None
    files: Pattern | None = None
    extra: Literal["ignore", "reject"] = "ignore"
    limits: Limits = Limits()

    @property
    def sign(self) -> str | None:
        """The name of the file that completes a drop here; None where each file is a drop of its own."""
        names = {"manifest": MANIFEST_NAME, "marker": self.marker or DEFAULT_MARKER}
        return names.get(self.completeness)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.files is not None) != (self.completeness == "single_file"):
            raise ValueError("files, the pattern of single files, goes with completeness: single_file and no other")
        if self.marker is not None and self.completeness != "marker":
            raise ValueError("marker goes with completeness: marker and no other")
        if self.extra == "reject" and self.completeness != "manifest":
            raise ValueError("extra: reject needs a manifest, which says what is not extra")
        return self

    @property
    def rank(self) -> tuple[int, bool, int, int]:
        """Where several entries take a drop, the one of the highest rank counts: the nearest, then the strictest."""
        return len(self.prefix or ""), self.extra == "reject", -self.limits.bytes, -self.limits.files

    def wants(self, *, account: str, container: str, path: str) -> bool:
        """Whether `path`, inside the container, lies here; a path with an empty, `.` or `..` part lies nowhere."""
        if (account, container) != (self.account, self.container) or is_crooked(path.removesuffix("/")):
            return False
        return path.startswith(self.prefix or "")

    def is_completed_by(self, *, account: str, container: str, path: str) -> bool:
        """Whether the file at `path` lies here and completes a drop: the manifest, the marker, or a model itself."""
        if not self.wants(account=account, container=container, path=path):
            return False
        name = path.rpartition("/")[2]
        if self.files is None:
            return name == self.sign
        below = path.removeprefix(self.prefix or "")
        return name != MANIFEST_NAME and not is_own_write(path) and fnmatchcase(below, self.files)
