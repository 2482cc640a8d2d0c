"""A Sigstore bundle, version 0.3: one DSSE envelope, and what says which key signed it.

Written by `model-signing` and other Sigstore tools as JSON. Nothing in it is trusted before the envelope's signature
has been verified with a key from elsewhere; `parse` only sees to it that there is exactly one way to read it.
https://docs.sigstore.dev/about/bundle/ and https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, ConfigDict, FailFast, Field, model_validator

from registration import json_text
from registration.documents import Document, load
from registration.errors import SignatureError

LONGEST_CHAIN: Final = 8  # certificates
LONGEST: Final = 8 * 1024 * 1024  # bytes of a bundle; about 30,000 files
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"


class Open(Document):
    """A part of a format that may grow: members that are not known are ignored, as its authors ask for."""

    model_config = ConfigDict(extra="ignore")


def _decoded(written: object) -> bytes:
    if not isinstance(written, str):
        raise ValueError("must be base64 text")  # noqa: TRY004 - pydantic reports ValueError only
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None


type Base64 = Annotated[bytes, BeforeValidator(_decoded)]


class Certified(Open):
    """A certificate in DER."""

    raw: Annotated[Base64, Field(alias="rawBytes")]


class Chain(Open):
    """The certificate that signed, then those that lead to a root."""

    certificates: Annotated[tuple[Certified, ...], Field(min_length=1, max_length=LONGEST_CHAIN), FailFast()]


class NamedKey(Open):
    """A key by its hint alone."""

    hint: str | None = None


class Material(Open):
    """What says whose signature it is; exactly one of the three."""

    public_key: Annotated[NamedKey | None, Field(alias="publicKey")] = None
    chain: Annotated[Chain | None, Field(alias="x509CertificateChain")] = None
    certificate: Certified | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(one is not None for one in (self.public_key, self.chain, self.certificate)) != 1:
            raise ValueError("must hold one of publicKey, x509CertificateChain and certificate")
        return self

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """DER, the one that signed first; empty for a bare key."""
        if self.certificate is not None:
            return (self.certificate.raw,)
        return tuple(one.raw for one in self.chain.certificates) if self.chain else ()


class Signature(Open):
    """The signature itself, ECDSA in DER."""

    value: Annotated[Base64, Field(alias="sig")]


class Envelope(Open):
    """A DSSE envelope with its one signature."""

    payload: Base64
    payload_type: Annotated[Literal["application/vnd.in-toto+json"], Field(alias="payloadType")]
    signatures: Annotated[tuple[Signature, ...], Field(min_length=1, max_length=1), FailFast()]

    @property
    def signed_bytes(self) -> bytes:
        """What the signature is over: DSSE's encoding of type and payload, which nothing else encodes to."""
        kind = self.payload_type.encode()
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)


class Bundle(Open):
    """A whole bundle; `parse` makes it."""

    media_type: Annotated[Literal["application/vnd.dev.sigstore.bundle.v0.3+json"], Field(alias="mediaType")]
    material: Annotated[Material, Field(alias="verificationMaterial")]
    envelope: Annotated[Envelope, Field(alias="dsseEnvelope")]


def parse(data: bytes, *, source: str) -> Bundle:
    """The bundle in `data`; raises `SignatureError` with every problem and its place."""
    raw = json_text.parse(data, source=source, limit_bytes=LONGEST, error=SignatureError)
    return load(Bundle, raw, source=source, error=SignatureError)
