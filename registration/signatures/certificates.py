"""Certificates that vouch for the key of a signature: a chain to a root that the policy trusts, and who is named in it.

What can be said offline is said: the chain, its validity at a given time, what the certificate may be used for, the
identity, and the issuer that a Fulcio certificate states. Revocation, transparency logs and timestamps are not asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from registration.finding import Finding
from registration.signatures import keys
from registration.signatures.bundle import LONGEST_CHAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cryptography.x509.verification import Policy

    from registration.signatures.keys import Key

# https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md: the issuer as bare text, and later as a UTF8String.
_ISSUERS: Final = (x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1"), x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"))
_UTF8_STRING: Final = 0x0C
_LONGEST_SHORT_FORM: Final = 0x7F
_VALID: Final = "sign with a certificate that the policy's root vouches for and that is valid when Registrar looks"
_RIGHT: Final = "let the one sign whom the policy names, or ask the platform team to name another"


@dataclass(frozen=True)
class Authority:
    """Certificates of `roots` may vouch for `identity`, as `issuer` (if one is named) authenticated it."""

    roots: tuple[x509.Certificate, ...]
    identity: str
    issuer: str | None = None

    def key_in(self, chain: Sequence[bytes], *, path: str, at: datetime) -> Key | Finding:
        """The key that the first of `chain` (DER) certifies, or why it is not trusted; `at` is when it has to hold."""
        try:
            leaf, *between = [x509.load_der_x509_certificate(one) for one in chain]
            key = keys.of(leaf.public_key())
            self._check_chain(leaf, between, at)
            _check_usage(leaf)
            names, issuers = {*_names(leaf)}, {*_issuers(leaf)}
        except (ValueError, VerificationError, x509.DuplicateExtension) as wrong:
            message = f"the certificate that signed does not hold: {wrong}"
            return Finding("signature.untrusted_certificate", path, message, action=_VALID)
        if self.identity not in names:
            message = f"{_list(names)} signed, not {self.identity}"
            return Finding("signature.other_identity", path, message, action=_RIGHT)
        if self.issuer is not None and self.issuer not in issuers:
            message = f"{_list(issuers)} vouches for who signed, not {self.issuer}"
            return Finding("signature.other_identity", path, message, action=_RIGHT)
        return key

    def _check_chain(self, leaf: x509.Certificate, between: list[x509.Certificate], at: datetime) -> None:
        if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
            span = f"{leaf.not_valid_before_utc:%Y-%m-%dT%H:%MZ} to {leaf.not_valid_after_utc:%Y-%m-%dT%H:%MZ}"
            raise ValueError(f"it is valid from {span} only, and nothing proves offline that it was used then")
        policy = PolicyBuilder().store(Store([*self.roots])).time(at).max_chain_depth(LONGEST_CHAIN)
        policy = policy.extension_policies(ca_policy=_OF_CA, ee_policy=_OF_LEAF)
        policy.build_client_verifier().verify(leaf, between)


def parse(text: str) -> tuple[x509.Certificate, ...]:
    """Every certificate in `text`, PEM blocks one after the other; raises `ValueError` in a sentence."""
    return tuple(_root(block) for block in keys.blocks(text, label="CERTIFICATE"))


def pem(certificates: Sequence[x509.Certificate]) -> str:
    """The certificates as `parse` reads them."""
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in certificates)


def _root(block: bytes) -> x509.Certificate:
    try:
        found = x509.load_pem_x509_certificate(block)
        constraints = found.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        raise ValueError("holds a certificate that is no authority's") from None
    except (ValueError, x509.DuplicateExtension):
        raise ValueError("holds a CERTIFICATE that cannot be read") from None
    if not constraints.value.ca:
        raise ValueError("holds a certificate that is no authority's")
    return found


def _is_authority(_policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("a certificate in its chain is no authority's")


def _may_certify(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("a certificate in its chain may not be used to certify others")


def _is_leaf(_policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints | None) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("it is an authority's own")


_OF_CA: Final = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_certify)
)
_OF_LEAF: Final = ExtensionPolicy.permit_all().may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_leaf)


def _check_usage(leaf: x509.Certificate) -> None:
    """It says what it is for, and that signing code, or signing at all, is among it."""
    usage = _extension(leaf, x509.KeyUsage)
    extended = _extension(leaf, x509.ExtendedKeyUsage)
    if usage is None and extended is None:
        raise ValueError("it does not say that it may be used for signatures")
    if usage is not None and not usage.digital_signature:
        raise ValueError("its key usage is not digitalSignature")
    if extended is not None and ExtendedKeyUsageOID.CODE_SIGNING not in extended:
        raise ValueError("its extended key usage is not codeSigning")


def _extension[E: x509.ExtensionType](leaf: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return leaf.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _names(leaf: x509.Certificate) -> Iterator[str]:
    """Mail addresses, DNS names and URIs; the common name only of a certificate that has no alternative names."""
    alternatives = _extension(leaf, x509.SubjectAlternativeName)
    if alternatives is None:
        yield from (str(name.value) for name in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME))
        return
    for kind in (x509.RFC822Name, x509.DNSName, x509.UniformResourceIdentifier):
        yield from alternatives.get_values_for_type(kind)


def _issuers(leaf: x509.Certificate) -> Iterator[str]:
    bare, tagged = _ISSUERS
    for extension in leaf.extensions:
        if extension.oid == bare:
            yield extension.value.public_bytes().decode()
        if extension.oid == tagged:
            yield _utf8_string(extension.value.public_bytes())


def _utf8_string(der: bytes) -> str:
    if len(der) < 2 or der[0] != _UTF8_STRING or der[1] > _LONGEST_SHORT_FORM or len(der) != 2 + der[1]:  # noqa: PLR2004 - tag and length
        raise ValueError("its issuer cannot be read")
    return der[2:].decode()


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nobody who is named"
