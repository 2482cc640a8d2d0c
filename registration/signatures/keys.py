"""Public keys that signatures are verified with: elliptic curves P-256, P-384 and P-521, in PEM, and nothing else.

The hash belongs to the curve (SHA-256, SHA-384, SHA-512), as the OpenSSF Model Signing specification has it; a
signature never chooses its own algorithm.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

if TYPE_CHECKING:
    from collections.abc import Mapping

CURVES: Final[Mapping[str, HashAlgorithm]] = {"secp256r1": SHA256(), "secp384r1": SHA384(), "secp521r1": SHA512()}
_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----\s.*?-----END \1-----", re.DOTALL)


@dataclass(frozen=True)
class Key:
    """One public key on a curve of `CURVES`; `of` and `parse` make sure of that."""

    public: ec.EllipticCurvePublicKey

    @property
    def pem(self) -> str:
        """The key as `openssl ec -pubout` writes it."""
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def hint(self) -> str:
        """How bundles name the key that made them: the SHA-256 of its PEM, in hex."""
        return hashlib.sha256(self.pem.encode()).hexdigest()

    def made(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature`, ECDSA in DER, over `message` is this key's."""
        try:
            self.public.verify(signature, message, ec.ECDSA(CURVES[self.public.curve.name]))
        except InvalidSignature:
            return False
        return True


def of(public: object) -> Key:
    """The key of a `cryptography` object; raises `ValueError` for any other algorithm or curve."""
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise ValueError("is no elliptic curve key; P-256, P-384 and P-521 are verified")  # noqa: TRY004 - as documents expect
    if public.curve.name not in CURVES:
        raise ValueError(f"is a key on the curve {public.curve.name}; P-256, P-384 and P-521 are verified")
    return Key(public)


def parse(text: str) -> tuple[Key, ...]:
    """Every key in `text`, PEM blocks one after the other; raises `ValueError` in a sentence without its content."""
    return tuple(of(_loaded(block)) for block in blocks(text, label="PUBLIC KEY"))


def blocks(text: str, *, label: str) -> list[bytes]:
    """The PEM blocks that `text` consists of, all with this label; raises `ValueError`."""
    found = [*_BLOCK.finditer(text)]
    labels = {block[1] for block in found}
    if any("PRIVATE" in one for one in labels):
        raise ValueError("holds a private key; write the public one, and make a new pair, for this one has been shown")
    if not found or _BLOCK.sub("", text).strip():
        raise ValueError(f"must be PEM: -----BEGIN {label}-----, base64 lines, -----END {label}-----")
    if other := labels - {label}:
        raise ValueError(f"must hold {label}, not {min(other)}")
    return [block[0].encode() for block in found]


def _loaded(block: bytes) -> object:
    try:
        return load_pem_public_key(block)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("holds a PUBLIC KEY that cannot be read") from None
