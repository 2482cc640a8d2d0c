"""Signatures with a key: what holds, and everything an attacker can do to a file, a statement or an envelope."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from registration.artifacts.inventory import Artifact
from registration.artifacts.store import Location
from registration.errors import SignatureError
from registration.finding import Level
from registration.signatures import bundle, keys, statement
from registration.signatures.verification import Signed, Trust, Verified, verify
from tests import signing
from tests.fakes import MemoryStore
from tests.signing import AT, OTHER, OURS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.finding import Finding

FOLDER = Location("account", "container", "folder")
FILES = {"MLmodel": b"flavors: {}", "data/weights.bin": b"weights"}
TRUSTED = Trust(keys.parse(signing.public()))
MANIFEST = b'{"kind": "DropManifest"}'


def verified(
    signature: bytes | None, *, files: Mapping[str, bytes] = FILES, trust: Trust = TRUSTED, **signed: Any
) -> Verified:
    store = MemoryStore()
    for path, data in files.items():
        store.put(FOLDER / path, data)
    if signature is not None:
        store.put(FOLDER / "model.sig", signature)
    if bare := signed.pop("bare", None):
        store.put(FOLDER / "model.manifest.json.sig", bare)
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    artifact = Artifact.of(store.files(FOLDER))
    return verify(trust, Signed(store, FOLDER, artifact, digests, **signed), at=AT)


def found(signature: bytes | None, **changed: Any) -> tuple[Finding, ...]:
    return verified(signature, **changed).findings


def signers(signature: bytes | None, **changed: Any) -> list[str]:
    return [str(one) for one in verified(signature, **changed).signers]


def codes(signature: bytes | None, **changed: Any) -> list[tuple[str, str]]:
    return [(one.code.removeprefix("signature."), one.path) for one in found(signature, **changed)]


def stating(**members: Any) -> bytes:
    """A bundle whose statement has other members, signed as it is."""
    said = signing.statement(FILES) | members
    return json.dumps(signing.enclosed(json.dumps(said).encode())).encode()


def with_resources(*resources: dict[str, str]) -> bytes:
    predicate = {"serialization": {"method": "files", "hash_type": "sha256"}, "resources": list(resources)}
    subject = [{"name": "m", "digest": {"sha256": signing.root_digest(list(resources))}}]
    return stating(predicate=predicate, subject=subject)


def resource(name: str, data: bytes, **changes: str) -> dict[str, str]:
    return {"name": name, "algorithm": "sha256", "digest": hashlib.sha256(data).hexdigest(), **changes}


def altered(**envelope: Any) -> bytes:
    """A good bundle whose envelope was changed afterwards."""
    made = json.loads(signing.bundle(FILES))
    made["dsseEnvelope"] |= envelope
    return json.dumps(made).encode()


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_a_signature_over_the_files_as_they_are_holds(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)

    assert found(signing.bundle(FILES, key), trust=Trust(keys.parse(signing.public(key)))) == ()


def test_one_of_several_keys_is_enough() -> None:
    both = Trust(keys.parse(signing.public(OTHER) + signing.public()))

    assert found(signing.bundle(FILES), trust=both) == ()


def test_a_signature_that_is_asked_for_and_not_there_is_missing() -> None:
    (missing,) = found(None)

    assert (missing.code, missing.level) == ("signature.missing", Level.UNSAFE)


def test_a_signature_that_is_not_asked_for_may_be_absent_but_not_wrong() -> None:
    optional = Trust(TRUSTED.keys, required=False)

    assert found(None, trust=optional) == ()
    assert codes(signing.bundle(FILES, OTHER), trust=optional) == [("unknown_key", "model.sig")]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (FILES | {"MLmodel": b"flavors: {x: y}"}, [("digest_mismatch", "MLmodel")]),
        (FILES | {"extra.pkl": b"x"}, [("file_unsigned", "extra.pkl")]),
        ({"MLmodel": FILES["MLmodel"]}, [("file_missing", "data/weights.bin")]),
        ({"MLMODEL": FILES["MLmodel"], **FILES}, [("file_unsigned", "MLMODEL")]),
    ],
)
def test_each_file_that_is_not_as_it_was_signed_is_named(
    files: dict[str, bytes], expected: list[tuple[str, str]]
) -> None:
    assert codes(signing.bundle(FILES), files=files) == expected


def test_the_signature_of_another_model_covers_no_file_of_this_one() -> None:
    of_another = signing.bundle({"model.onnx": b"another"})

    assert {code for code, _ in codes(of_another)} == {"file_missing", "file_unsigned"}


def test_no_file_escapes_by_being_ignored() -> None:
    said = signing.statement(FILES, ignore_paths=[".git", "hidden", "evil.pkl", ".."])
    signature = json.dumps(signing.enclosed(json.dumps(said).encode())).encode()

    escaping = FILES | {"evil.pkl": b"x", "hidden/a": b"x", ".git/config": b"x", "data/model.sig": b"x"}

    assert codes(signature, files=escaping) == [("file_unsigned", path) for path in sorted(escaping.keys() - FILES)]


def test_a_signature_of_another_key_is_unknown() -> None:
    assert codes(signing.bundle(FILES, OTHER)) == [("unknown_key", "model.sig")]


def test_a_hint_to_our_key_does_not_make_it_ours() -> None:
    hinting = signing.bundle(FILES, OTHER, publicKey={"hint": TRUSTED.keys[0].hint})

    assert codes(hinting) == [("invalid", "model.sig")]


def test_an_altered_statement_is_not_what_was_signed() -> None:
    payload = json.dumps(signing.statement(FILES | {"evil.pkl": b"x"})).encode()

    assert codes(altered(payload=base64.b64encode(payload).decode())) == [("invalid", "model.sig")]


def test_a_signature_over_the_bare_payload_is_none_over_the_envelope() -> None:
    payload = json.dumps(signing.statement(FILES)).encode()
    bare = base64.b64encode(signing.signature(payload)).decode()

    signature = altered(payload=base64.b64encode(payload).decode(), signatures=[{"sig": bare}])

    assert codes(signature) == [("invalid", "model.sig")]


def test_an_envelope_of_another_type_is_refused_even_if_its_signature_holds() -> None:
    payload = json.dumps(signing.statement(FILES)).encode()

    relabelled = json.loads(json.dumps(signing.enclosed(payload, kind="text/plain")))
    disguised = relabelled | {"dsseEnvelope": relabelled["dsseEnvelope"] | {"payloadType": signing.TYPE}}

    assert codes(json.dumps(relabelled).encode()) == [("unreadable", "model.sig")]
    assert codes(json.dumps(disguised).encode()) == [("invalid", "model.sig")]


@pytest.mark.parametrize("sig", [b"", b"\x00", b"\x30\x06\x02\x01\x00\x02\x01\x00", bytes(64), b"\xff" * 4000])
def test_a_signature_that_is_no_ecdsa_is_invalid(sig: bytes) -> None:
    assert codes(altered(signatures=[{"sig": base64.b64encode(sig).decode()}])) == [("invalid", "model.sig")]


def test_a_second_signature_is_refused() -> None:
    good = json.loads(signing.bundle(FILES))["dsseEnvelope"]["signatures"]

    assert codes(altered(signatures=good * 2)) == [("unreadable", "model.sig")]
    assert codes(altered(signatures=[])) == [("unreadable", "model.sig")]


def test_two_resources_of_one_name_are_refused() -> None:
    twice = with_resources(*(resource("MLmodel", data) for data in (b"evil", FILES["MLmodel"])))

    (finding,) = found(twice)

    assert (finding.code, "twice" in finding.message) == ("signature.unreadable", True)


@pytest.mark.parametrize(
    "name", ["", "./MLmodel", "a//b", "../MLmodel", "/MLmodel", "data/", "data/../MLmodel", "data/."]
)
def test_a_name_with_another_spelling_is_refused(name: str) -> None:
    assert codes(with_resources(resource(name, b"x"))) == [("unreadable", "model.sig")]


@pytest.mark.parametrize(
    "signature",
    [
        stating(_type="https://in-toto.io/Statement/v0.1"),
        stating(predicateType="https://slsa.dev/provenance/v1"),
        stating(predicateType="https://model_signing/Digests/v0.1"),
        stating(subject=[]),
        stating(subject=[{"name": "m", "digest": {"sha256": "00" * 32}}]),
        stating(predicate={}),
        with_resources(),
        json.dumps(signing.enclosed(b"no json")).encode(),
        altered(payload="not base64!"),
        signing.bundle(FILES)[:-9],
        signing.bundle(FILES).replace(b'"mediaType"', b'"mediaType": "x", "mediaType"'),
        signing.bundle(FILES).replace(b"v0.3", b"v0.4"),
        b"",
        b"[" * 100_000,
        b"\xff\xfe",
        b"null",
    ],
    ids=range(16),
)
def test_what_is_no_signature_of_a_model_is_unreadable(signature: bytes) -> None:
    (finding,) = found(signature)

    assert (finding.code, finding.level) == ("signature.unreadable", Level.UNSAFE)
    assert len(finding.message) < 600


def test_a_bundle_above_the_limit_is_not_read() -> None:
    (finding,) = found(b" " * (bundle.LONGEST + 10))

    assert (finding.code, "is longer than" in finding.message) == ("signature.unreadable", True)


@pytest.mark.parametrize(
    "signature",
    [
        with_resources(resource("MLmodel", b"x", algorithm="blake3")),
        stating(
            predicate=signing.statement(FILES, method="shards", shard_size=1000)["predicate"],
        ),
        stating(predicate=signing.statement(FILES, hash_type="blake2b")["predicate"]),
        signing.bundle(FILES, OTHER, certificate={"rawBytes": ""}),
    ],
)
def test_what_cannot_be_verified_from_here_is_not_accepted(signature: bytes) -> None:
    assert codes(signature) == [("unverifiable", "model.sig")]


def test_a_bundle_that_names_a_key_and_a_certificate_is_refused() -> None:
    both = signing.bundle(FILES, OURS, publicKey={"hint": ""}, certificate={"rawBytes": ""})

    assert codes(both) == [("unreadable", "model.sig")]


def test_a_certificate_beside_the_signature_of_a_trusted_key_takes_nothing_away() -> None:
    assert codes(signing.bundle(FILES, OURS, certificate={"rawBytes": ""})) == []


def test_a_single_file_has_its_signature_beside_it() -> None:
    store, place = MemoryStore(), FOLDER / "model.onnx"
    store.put(place, b"onnx")
    store.put(FOLDER / "model.onnx.sig", signing.bundle({".": b"onnx"}))
    artifact = Artifact.of(store.files(place))

    right, wrong = (
        verify(
            TRUSTED, Signed(store, place, artifact, {"model.onnx": hashlib.sha256(data).hexdigest()}), at=AT
        ).findings
        for data in (b"onnx", b"other")
    )

    assert [one.code for one in (*right, *wrong)] == ["signature.digest_mismatch"]


def test_a_folder_below_the_name_of_the_signature_is_none() -> None:
    files = FILES | {"model.sig/model.sig": b"x"}

    assert codes(None, files=files) == [("missing", "")]


def test_a_signed_manifest_is_enough() -> None:
    bare = signing.signature(MANIFEST)

    assert codes(None, manifest=MANIFEST, bare=bare) == []
    assert codes(None, manifest=MANIFEST + b" ", bare=bare) == [("invalid", "model.manifest.json.sig")]
    assert codes(None, manifest=MANIFEST, bare=bare * 9) == [("unreadable", "model.manifest.json.sig")]


def test_a_wrong_signature_is_not_made_good_by_a_right_one() -> None:
    wrong = signing.signature(MANIFEST, OTHER)

    assert codes(signing.bundle(FILES), manifest=MANIFEST, bare=wrong) == [("invalid", "model.manifest.json.sig")]


def test_signed_files_with_an_unsigned_manifest_are_told() -> None:
    (note,) = found(signing.bundle(FILES), manifest=MANIFEST)

    assert (note.code, note.level) == ("signature.manifest_unsigned", Level.NOTE)


def test_a_bundle_may_list_the_manifest_too() -> None:
    signature = signing.bundle(FILES | {"model.manifest.json": MANIFEST})

    assert codes(signature, manifest=MANIFEST) == []
    assert codes(signature, manifest=MANIFEST + b" ") == [("digest_mismatch", "model.manifest.json")]


def test_who_signed_is_told_of_each_signature_that_holds() -> None:
    hint = keys.parse(signing.public())[0].hint[:12]
    bare = signing.signature(MANIFEST)

    assert signers(signing.bundle(FILES)) == [f"model.sig by the key {hint}…"]
    assert signers(None, manifest=MANIFEST, bare=bare) == [f"model.manifest.json.sig by the key {hint}…"]
    assert len(signers(signing.bundle(FILES), manifest=MANIFEST, bare=bare)) == 2


def test_of_several_keys_the_one_that_signed_is_told() -> None:
    trust = Trust(keys.parse(signing.public() + signing.public(OTHER)))

    (signer,) = verified(signing.bundle(FILES, OTHER), trust=trust).signers

    assert signer.key == keys.parse(signing.public(OTHER))[0].hint


@pytest.mark.parametrize(
    "signature",
    [
        None,
        b"{}",
        signing.bundle(FILES, OTHER),
        signing.bundle(FILES | {"MLmodel": b"another"}),
        signing.bundle(FILES | {"gone": b""}),
    ],
)
def test_nobody_signed_what_does_not_hold(signature: bytes | None) -> None:
    assert signers(signature) == []


def test_a_signature_that_holds_is_told_beside_one_that_does_not() -> None:
    wrong = signing.signature(MANIFEST, OTHER)

    assert [one.path for one in verified(signing.bundle(FILES), manifest=MANIFEST, bare=wrong).signers] == ["model.sig"]


def test_files_that_were_not_read_are_not_compared() -> None:
    store = MemoryStore()
    store.put(FOLDER / "model.sig", signing.bundle(FILES, OTHER))
    signed = Signed(store, FOLDER, Artifact(()), None)

    assert [one.code for one in verify(TRUSTED, signed, at=AT).findings] == ["signature.unknown_key"]


def test_files_that_were_not_read_are_signed_by_nobody() -> None:
    store = MemoryStore()
    store.put(FOLDER / "model.sig", signing.bundle(FILES))

    assert verify(TRUSTED, Signed(store, FOLDER, Artifact(()), None), at=AT) == Verified()


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (ed25519.Ed25519PrivateKey.generate(), "no elliptic curve key"),
        (rsa.generate_private_key(public_exponent=65537, key_size=2048), "no elliptic curve key"),
        (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
    ],
)
def test_a_key_of_another_algorithm_is_refused(key: Any, says: str) -> None:
    text = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    with pytest.raises(ValueError, match=says):
        keys.parse(text)


def test_a_private_key_is_refused_and_not_repeated() -> None:
    text = signing.private().decode()

    with pytest.raises(ValueError, match="private key") as refused:
        keys.parse(text)

    assert text.splitlines()[1] not in str(refused.value)


@pytest.mark.parametrize("text", ["", "team-a.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"PEM|cannot be read"):
        keys.parse(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLACES = [
    ("mediaType",),
    ("verificationMaterial",),
    ("verificationMaterial", "publicKey"),
    ("verificationMaterial", "publicKey", "hint"),
    ("verificationMaterial", "certificate"),
    ("verificationMaterial", "x509CertificateChain"),
    ("dsseEnvelope",),
    ("dsseEnvelope", "payload"),
    ("dsseEnvelope", "payloadType"),
    ("dsseEnvelope", "signatures"),
]


@given(st.sampled_from(PLACES), json_values)
def test_whatever_stands_in_a_bundle_it_is_parsed_or_refused(place: tuple[str, ...], value: Any) -> None:
    made = json.loads(signing.bundle(FILES))
    inside = made
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value

    for one in found(json.dumps(made).encode()):
        assert one.code in {
            "signature.unreadable",
            "signature.invalid",
            "signature.unknown_key",
            "signature.unverifiable",
        }


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_whatever_a_payload_is_it_is_parsed_or_refused(payload: bytes) -> None:
    with pytest.raises(SignatureError):
        statement.parse(payload, source="model.sig")


@given(st.integers(0, 4000), st.integers(0, 7))
def test_any_flipped_byte_is_noticed_or_changes_nothing(place: int, bit: int) -> None:
    good = signing.bundle(FILES)  # its length differs from one to the next
    place %= len(good)
    flipped = bytearray(good)
    flipped[place] ^= 1 << bit

    if not found(bytes(flipped)):
        said = bundle.parse(bytes(flipped), source="model.sig").envelope
        assert said.payload == bundle.parse(good, source="model.sig").envelope.payload


@given(st.integers(0, 4000))
def test_a_truncated_bundle_never_holds(length: int) -> None:
    good = signing.bundle(FILES)

    assert found(good[: min(length, len(good) - 1)])
