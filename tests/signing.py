"""Signers for tests: keys, an authority with its certificates, and bundles made from their parts."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from registration.signatures import keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

TYPE = "application/vnd.in-toto+json"
MEDIA = "application/vnd.dev.sigstore.bundle.v0.3+json"
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAY = timedelta(days=1)
IDENTITY, ISSUER = "team-a@example.org", "https://login.example.org"

OURS, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


def public(key: ec.EllipticCurvePrivateKey = OURS) -> str:
    """The public key in PEM."""
    return keys.of(key.public_key()).pem


def private(key: ec.EllipticCurvePrivateKey = OURS) -> bytes:
    """The private key in PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def signature(message: bytes, key: ec.EllipticCurvePrivateKey = OURS) -> bytes:
    """What `openssl dgst -sign` makes, with the hash of the curve."""
    return key.sign(message, ec.ECDSA(keys.CURVES[key.curve.name]))


def statement(files: Mapping[str, bytes] | Iterable[tuple[str, bytes]], **changes: Any) -> dict[str, Any]:
    """The statement about `files`; `changes` replace members of the predicate's serialization."""
    pairs = sorted(files.items()) if hasattr(files, "items") else list(files)
    made = {"method": "files", "hash_type": "sha256", "allow_symlinks": False, **changes}
    resources = [
        {"name": name, "algorithm": "sha256", "digest": hashlib.sha256(data).hexdigest()} for name, data in pairs
    ]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": root_digest(resources)}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {"serialization": made, "resources": resources},
    }


def root_digest(resources: list[dict[str, str]]) -> str:
    """The digest over the digests of `resources`."""
    return hashlib.sha256(b"".join(bytes.fromhex(one["digest"]) for one in resources)).hexdigest()


def enclosed(
    payload: bytes,
    key: ec.EllipticCurvePrivateKey = OURS,
    *,
    kind: str = TYPE,
    material: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A bundle around `payload`, signed as the type `kind`."""
    message = b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)
    hint = keys.of(key.public_key()).hint
    return {
        "mediaType": MEDIA,
        "verificationMaterial": {**(material or {"publicKey": {"hint": hint}}), "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": kind,
            "signatures": [{"sig": base64.b64encode(signature(message, key)).decode(), "keyid": ""}],
        },
    }


def bundle(files: Mapping[str, bytes], key: ec.EllipticCurvePrivateKey = OURS, **material: Any) -> bytes:
    """The text of a whole bundle over `files`."""
    return json.dumps(enclosed(json.dumps(statement(files)).encode(), key, material=material or None)).encode()


@dataclass(frozen=True)
class Certified:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def raw(self) -> dict[str, str]:
        """The certificate as bundles carry it."""
        return {"rawBytes": base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()}

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """The files of key and certificate."""
        key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
        key.write_bytes(private(self.key))
        certificate.write_bytes(self.pem)
        return key, certificate


def authority(name: str = "Root", above: Certified | None = None) -> Certified:
    """A certificate that may certify others: of itself, or by the one `above`."""
    usage = (x509.BasicConstraints(ca=True, path_length=None), _usage(certifies=True))
    return _certified(x509.Name([_common(name)]), usage, above)


def leaf(above: Certified, *extensions: x509.ExtensionType, **kinds: bool) -> Certified:
    """A certificate for signing code as `IDENTITY`, `extensions` in the place of those of their types."""
    usual = {
        type(one): one
        for one in (
            x509.SubjectAlternativeName([x509.RFC822Name(IDENTITY)]),
            _usage(**kinds),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]),
        )
    }
    wanted = usual | {type(one): one for one in extensions}
    return _certified(x509.Name([_common("Team A")]), wanted.values(), above)


def issued_by(issuer: str) -> x509.UnrecognizedExtension:
    """How a Fulcio certificate says who authenticated the identity."""
    text = issuer.encode()
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), bytes((0x0C, len(text))) + text)


def _common(name: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(NameOID.COMMON_NAME, name)


def _usage(*, certifies: bool = False, signs: bool = True) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs and not certifies,
        content_commitment=False,
        key_encipherment=not signs,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=certifies,
        encipher_only=False,
        decipher_only=False,
    )


def _certified(subject: x509.Name, extensions: Iterable[x509.ExtensionType], above: Certified | None) -> Certified:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.certificate.subject if above else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(AT - DAY)
        .not_valid_after(AT + 30 * DAY)
    )
    for one in extensions:
        builder = builder.add_extension(one, critical=isinstance(one, x509.BasicConstraints | x509.KeyUsage))
    return Certified(builder.sign((above.key if above else key), SHA256()), key)
