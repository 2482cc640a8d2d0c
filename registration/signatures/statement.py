"""A statement of OpenSSF Model Signing: the in-toto statement that lists a model's files with their digests.

It says something only once the signature around it has been verified. Version 1 of the predicate is read,
`https://model_signing/signature/v1.0`; those of releases before 1.0 are refused.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, FailFast, Field, model_validator

from registration import json_text
from registration.documents import load
from registration.errors import SignatureError
from registration.signatures.bundle import LONGEST, Open

WHOLE: Final = "."  # the name of a model that is one file


def _plain(name: str) -> str:
    # Their own verifier folds `./a` and `a//b` into `a` and `a/b`; two readers must not see two lists.
    if name != WHOLE and {"", ".", ".."} & set(name.split("/")):
        raise ValueError("must be a relative path without empty, '.' or '..' parts")
    return name


def _hexadecimal(written: str) -> str:
    try:
        return bytes.fromhex(written).hex()
    except ValueError:
        raise ValueError("must be hexadecimal") from None


type Digest = Annotated[str, AfterValidator(_hexadecimal)]


class Resource(Open):
    """One file, or a part of one."""

    name: Annotated[str, AfterValidator(_plain)]
    algorithm: str
    digest: Digest


class Serialization(Open):
    """How files became resources. Paths that were ignored are not read: no file escapes by being ignored."""

    method: str
    hash_type: str


def _each_once(resources: tuple[Resource, ...]) -> tuple[Resource, ...]:
    names: set[str] = set()
    for one in resources:
        if one.name in names:
            raise ValueError(f"name {one.name[:200]!r} twice")
        names.add(one.name)
    return resources


class Predicate(Open):
    """What is said of the model."""

    serialization: Serialization
    resources: Annotated[tuple[Resource, ...], Field(min_length=1), FailFast(), AfterValidator(_each_once)]


class RootDigest(Open):
    """The digest over all digests."""

    sha256: Digest


class Subject(Open):
    """The model; its name is its folder's when it was signed, and says nothing."""

    digest: RootDigest


class Statement(Open):
    """A whole statement, in itself consistent; `parse` makes it."""

    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")]
    subject: Annotated[tuple[Subject, ...], Field(min_length=1, max_length=1), FailFast()]
    predicate_type: Annotated[Literal["https://model_signing/signature/v1.0"], Field(alias="predicateType")]
    predicate: Predicate

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        digests = b"".join(bytes.fromhex(one.digest) for one in self.predicate.resources)
        if hashlib.sha256(digests).hexdigest() != self.subject[0].digest.sha256:
            raise ValueError("the digest of its subject is not that of its resources")
        return self

    @property
    def foreign(self) -> str | None:
        """Why its digests cannot be compared with the SHA-256 of whole files; None if they can."""
        made = self.predicate.serialization
        if made.method != "files":
            return f"lists {made.method}, not files"
        other = {made.hash_type, *(one.algorithm for one in self.predicate.resources)} - {"sha256"}
        return f"lists {min(other)} digests, not sha256" if other else None

    def digests(self, *, of_one: str | None) -> dict[str, str]:
        """SHA-256 by path; `of_one` is the path of a model that is one file."""
        named = ((one.name, one.digest) for one in self.predicate.resources)
        return {of_one if of_one is not None and name == WHOLE else name: digest for name, digest in named}


def parse(payload: bytes, *, source: str) -> Statement:
    """The statement in an envelope's payload; raises `SignatureError` with every problem and its place."""
    raw = json_text.parse(payload, source=source, limit_bytes=LONGEST, error=SignatureError)
    return load(Statement, raw, source=source, error=SignatureError)
