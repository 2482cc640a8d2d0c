"""Signatures that a certificate vouches for: the chain, when it holds, what it is for, and who is named in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from registration.finding import Finding
from registration.signatures import certificates
from registration.signatures.certificates import Authority
from tests import signing
from tests.signing import AT, DAY, IDENTITY, ISSUER

if TYPE_CHECKING:
    from tests.signing import Certified

ROOT = signing.authority()
BETWEEN = signing.authority("Between", ROOT)


def said(*chain: Certified, **asked: Any) -> str:
    """Empty if the chain holds."""
    at = asked.pop("at", AT)
    authority = Authority((asked.pop("root", ROOT).certificate,), **({"identity": IDENTITY} | asked))
    raw = [one.certificate.public_bytes(Encoding.DER) for one in chain]
    answer = authority.key_in(raw, path="model.sig", at=at)
    return f"{answer.code}: {answer.message}" if isinstance(answer, Finding) else ""


def test_a_certificate_of_the_identity_below_the_root_holds() -> None:
    assert said(signing.leaf(ROOT)) == ""
    assert said(signing.leaf(BETWEEN), BETWEEN) == ""
    assert said(signing.leaf(BETWEEN), BETWEEN, ROOT) == ""


def test_a_chain_with_a_gap_does_not_hold() -> None:
    assert "untrusted_certificate" in said(signing.leaf(BETWEEN))


def test_a_root_that_the_bundle_brings_along_counts_for_nothing() -> None:
    own = signing.authority()

    assert "untrusted_certificate" in said(signing.leaf(own), own)


@pytest.mark.parametrize("days", [-2, 31, 4000])
def test_a_certificate_holds_in_its_time_only(days: int) -> None:
    told = said(signing.leaf(ROOT), at=AT + days * DAY)

    assert "untrusted_certificate" in told
    assert "nothing proves offline" in told


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), "codeSigning"),
        (x509.BasicConstraints(ca=True, path_length=None), "authority's own"),
    ],
)
def test_a_certificate_for_something_else_does_not_sign(wrong: x509.ExtensionType, says: str) -> None:
    assert says in said(signing.leaf(ROOT, wrong))


def test_a_certificate_that_may_not_make_signatures_does_not() -> None:
    assert "digitalSignature" in said(signing.leaf(ROOT, signs=False))


def test_a_leaf_certifies_nobody() -> None:
    middle = signing.leaf(ROOT)

    assert "untrusted_certificate" in said(signing.leaf(middle), middle)


def test_an_authority_does_not_sign_itself() -> None:
    assert "untrusted_certificate" in said(ROOT)


def test_another_identity_is_refused() -> None:
    assert said(signing.leaf(ROOT), identity="team-b@example.org") == (
        "signature.other_identity: team-a@example.org signed, not team-b@example.org"
    )


@pytest.mark.parametrize(
    "name", [x509.RFC822Name("a@b.c"), x509.DNSName("build.example.org"), x509.UniformResourceIdentifier("https://a/b")]
)
def test_an_identity_is_a_mail_address_a_dns_name_or_a_uri(name: Any) -> None:
    leaf = signing.leaf(ROOT, x509.SubjectAlternativeName([name]))

    assert said(leaf, identity=name.value) == ""
    assert "other_identity" in said(leaf, identity=name.value.upper())


def test_the_common_name_counts_only_where_there_is_no_alternative_name() -> None:
    assert "other_identity" in said(signing.leaf(ROOT), identity="Team A")


def test_the_issuer_that_the_policy_names_has_to_be_stated() -> None:
    assert said(signing.leaf(ROOT, signing.issued_by(ISSUER)), issuer=ISSUER) == ""
    assert "other_identity" in said(signing.leaf(ROOT, signing.issued_by(f"{ISSUER}.evil")), issuer=ISSUER)
    assert "other_identity" in said(signing.leaf(ROOT), issuer=ISSUER)


def test_bytes_that_are_no_certificate_are_untrusted() -> None:
    answer = Authority((ROOT.certificate,), IDENTITY).key_in([b"no DER"], path="model.sig", at=AT)

    assert isinstance(answer, Finding)
    assert answer.code == "signature.untrusted_certificate"


def test_only_an_authority_is_a_root() -> None:
    text = signing.leaf(ROOT).pem.decode()

    with pytest.raises(ValueError, match="no authority's"):
        certificates.parse(text)


def test_roots_are_read_as_they_are_written() -> None:
    both = (ROOT.certificate, BETWEEN.certificate)

    assert certificates.parse(certificates.pem(both)) == both
