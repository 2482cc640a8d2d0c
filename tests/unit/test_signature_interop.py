"""Interoperation with the `model-signing` package: what it signs we verify, and what we make it verifies."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from registration.artifacts.inventory import Artifact
from registration.artifacts.local import HERE, LocalStore
from registration.signatures import keys
from registration.signatures.certificates import Authority
from registration.signatures.verification import Signed, Trust, verify
from tests import signing
from tests.signing import AT, IDENTITY

if TYPE_CHECKING:
    from pathlib import Path

theirs = pytest.importorskip("model_signing.signing", reason="model-signing is a development dependency")
verifying = pytest.importorskip("model_signing.verifying")
hashing = pytest.importorskip("model_signing.hashing")

FILES = {"MLmodel": b"flavors: {}", "data/weights.bin": b"weights", "empty": b"", "ünï/c ode.txt": b"x"}
CURVES = pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda one: one.name)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    for path, data in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def private(folder: Path, key: ec.EllipticCurvePrivateKey) -> Path:
    (folder / "key.pem").write_bytes(signing.private(key))
    return folder / "key.pem"


def ours(model: Path, trust: Trust) -> list[str]:
    store = LocalStore(model) if model.is_dir() else LocalStore(model.parent)
    place = HERE if model.is_dir() else HERE / model.name
    artifact = Artifact.of(store.files(place))
    digests = {
        one.path: hashlib.sha256(store.range(one, offset=0, length=one.size)).hexdigest() for one in artifact.files
    }
    return [one.code for one in verify(trust, Signed(store, place, artifact, digests), at=AT).findings]


@CURVES
def test_we_verify_what_model_signing_signs_with_a_key(model: Path, tmp_path: Path, curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    signer = theirs.Config().use_elliptic_key_signer(private_key=private(tmp_path, key))

    signer.sign(model, model / "model.sig")

    assert ours(model, Trust(keys.parse(signing.public(key)))) == []
    assert ours(model, Trust(keys.parse(signing.public()))) == ["signature.unknown_key"]
    (model / "MLmodel").write_bytes(b"flavors: {evil: {}}")
    assert ours(model, Trust(keys.parse(signing.public(key)))) == ["signature.digest_mismatch"]


@CURVES
def test_model_signing_verifies_what_we_sign_with_a_key(model: Path, tmp_path: Path, curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    (tmp_path / "public.pem").write_text(signing.public(key))
    (tmp_path / "model.sig").write_bytes(signing.bundle(FILES, key))
    verifier = verifying.Config().use_elliptic_key_verifier(public_key=tmp_path / "public.pem")

    verifier.verify(model, tmp_path / "model.sig")

    (model / "MLmodel").write_bytes(b"flavors: {evil: {}}")
    with pytest.raises(ValueError, match="MLmodel"):
        verifier.verify(model, tmp_path / "model.sig")


def test_we_verify_what_model_signing_signs_with_a_certificate(model: Path, tmp_path: Path) -> None:
    root = signing.authority()
    between = signing.authority("Between", root)
    key, certificate = signing.leaf(between).write(tmp_path, "leaf")
    _, chain = between.write(tmp_path, "between")
    signer = theirs.Config().use_certificate_signer(
        private_key=key, signing_certificate=certificate, certificate_chain=[chain]
    )

    signer.sign(model, model / "model.sig")

    assert ours(model, Trust(authority=Authority((root.certificate,), IDENTITY))) == []
    assert ours(model, Trust(authority=Authority((root.certificate,), "b@example.org"))) == ["signature.other_identity"]
    assert ours(model, Trust(keys.parse(signing.public()))) == ["signature.unverifiable"]
    (model / "evil.pkl").write_bytes(b"x")
    assert ours(model, Trust(authority=Authority((root.certificate,), IDENTITY))) == ["signature.file_unsigned"]


def test_model_signing_verifies_what_we_sign_with_a_certificate(model: Path, tmp_path: Path) -> None:
    root = signing.authority()
    leaf = signing.leaf(root)
    _, trusted = root.write(tmp_path, "root")
    chain = {"certificates": [leaf.raw]}
    (tmp_path / "model.sig").write_bytes(signing.bundle(FILES, leaf.key, x509CertificateChain=chain))
    verifier = verifying.Config().use_certificate_verifier(certificate_chain=[trusted])

    verifier.verify(model, tmp_path / "model.sig")

    (model / "empty").write_bytes(b"no more")
    with pytest.raises(ValueError, match="empty"):
        verifier.verify(model, tmp_path / "model.sig")


def test_a_single_file_that_model_signing_signed(model: Path, tmp_path: Path) -> None:
    signer = theirs.Config().use_elliptic_key_signer(private_key=private(tmp_path, signing.OURS))

    signer.sign(model / "MLmodel", model / "MLmodel.sig")

    assert ours(model / "MLmodel", Trust(keys.parse(signing.public()))) == []


@pytest.mark.parametrize("algorithm", ["blake2", "blake3"])
def test_digests_that_we_do_not_have_are_unverifiable(model: Path, tmp_path: Path, algorithm: str) -> None:
    signer = theirs.Config().use_elliptic_key_signer(private_key=private(tmp_path, signing.OURS))
    signer.set_hashing_config(hashing.Config().use_file_serialization(hashing_algorithm=algorithm))

    signer.sign(model, model / "model.sig")

    assert ours(model, Trust(keys.parse(signing.public()))) == ["signature.unverifiable"]


def test_shards_are_unverifiable(model: Path, tmp_path: Path) -> None:
    signer = theirs.Config().use_elliptic_key_signer(private_key=private(tmp_path, signing.OURS))
    signer.set_hashing_config(hashing.Config().use_shard_serialization(shard_size=4))

    signer.sign(model, model / "model.sig")

    assert ours(model, Trust(keys.parse(signing.public()))) == ["signature.unverifiable"]


def test_what_model_signing_ignores_we_do_not(model: Path, tmp_path: Path) -> None:
    signer = theirs.Config().use_elliptic_key_signer(private_key=private(tmp_path, signing.OURS))
    signer.set_hashing_config(
        hashing.Config().set_ignored_paths(paths=[model / name for name in ("evil.pkl", "model.sig")])
    )
    (model / "evil.pkl").write_bytes(b"x")

    signer.sign(model, model / "model.sig")

    (tmp_path / "public.pem").write_text(signing.public())
    verifying.Config().use_elliptic_key_verifier(public_key=tmp_path / "public.pem").verify(model, model / "model.sig")
    assert ours(model, Trust(keys.parse(signing.public()))) == ["signature.file_unsigned"]


def test_names_that_model_signing_folds_into_one_we_refuse(model: Path, tmp_path: Path) -> None:
    pairs = sorted({**FILES, "./MLmodel": FILES["MLmodel"]}.items())
    text = json.dumps(signing.enclosed(json.dumps(signing.statement(pairs)).encode()))
    (model / "model.sig").write_text(text)
    (tmp_path / "public.pem").write_text(signing.public())
    verifier = verifying.Config().use_elliptic_key_verifier(public_key=tmp_path / "public.pem")
    verifier.set_hashing_config(hashing.Config().set_ignored_paths(paths=[model / "model.sig"]))

    verifier.verify(model, model / "model.sig")

    assert ours(model, Trust(keys.parse(signing.public()))) == ["signature.unreadable"]
