"""What signatures come to: jobs, drops, policies and `registrar validate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from registration import cli_validate
from registration.errors import PolicyError
from registration.outcome import Outcome
from registration.policy import document
from registration.policy.override import is_overridable
from registration.signatures import keys
from tests import signing
from tests.fakes import OUTPUTS, TextPolicies
from tests.signing import OTHER
from tests.unit.test_explanation_page import page
from tests.world import CHURN, DIGITS, INCOMING, World, drop_event, job_event, promise

DOCS = Path(__file__).resolve().parents[2] / "docs" / "signatures.md"
FILES = {"data.csv": b"a,b\n1,2\n"}
KEY = {"signature": {"key": signing.public()}}


def world(artifact: dict[str, Any]) -> World:
    texts = {}
    for name, text in (("churn.yaml", CHURN), ("digits.yaml", DIGITS)):
        written = yaml.safe_load(text)
        written["models"][0]["artifact"] = artifact
        texts[name] = yaml.safe_dump(written)
    return World(policies=TextPolicies(texts))


def job(signature: bytes | None, *, artifact: dict[str, Any] = KEY) -> World:
    made = world(artifact)
    made.job("j1", files=FILES | ({"model.sig": signature} if signature else {}))
    return made


def drop(*, bundle: bytes | None = None, bare: bool = False) -> World:
    made = world(KEY)
    if bundle:
        made.store.put(INCOMING / "vendor-a/d1/model.sig", bundle)
    made.drop("vendor-a/d1", files=FILES)
    if bare:
        manifest, _ = made.store.blobs[INCOMING / "vendor-a/d1/model.manifest.json"]
        made.store.put(INCOMING / "vendor-a/d1/model.manifest.json.sig", signing.signature(manifest))
    return made


def test_a_signed_job_output_is_registered() -> None:
    made = job(signing.bundle(FILES))

    assert made.process(job_event("j1")).outcome == "registered"


def test_an_unsigned_job_output_is_rejected_and_nothing_is_registered() -> None:
    made = job(None)

    outcome = made.process(job_event("j1"))

    assert outcome.outcome == "rejected"
    assert "there is no model.sig" in " ".join(outcome.reasons)
    assert not made.registry.versions
    (decision,) = made.history("churn")
    assert [one["rule"] for one in decision["verdicts"] if one["result"] == "failed"] == ["artifact.signature.missing"]


def test_a_job_output_signed_afterwards_is_new_work() -> None:
    made = job(None)
    made.process(job_event("j1"))

    made.store.put(OUTPUTS / "azureml/j1/model/model.sig", signing.bundle(FILES))

    assert made.process(job_event("j1")).outcome == "registered"


def test_a_signature_of_another_model_is_rejected() -> None:
    assert job(signing.bundle({"data.csv": b"other"})).process(job_event("j1")).outcome == "rejected"


def test_a_model_that_is_signed_again_is_the_same_model() -> None:
    made = job(signing.bundle(FILES))
    made.process(job_event("j1"))
    made.job("j2", files=FILES | {"model.sig": signing.bundle(FILES)})

    assert made.process(job_event("j2")).outcome == "duplicate"


def test_a_policy_without_a_signature_looks_for_none() -> None:
    assert job(signing.bundle(FILES, OTHER), artifact={}).process(job_event("j1")).outcome == "registered"


def test_an_optional_signature_has_to_hold_where_there_is_one() -> None:
    optional = {"signature": {"required": False, "key": signing.public()}}

    assert job(None, artifact=optional).process(job_event("j1")).outcome == "registered"
    assert job(signing.bundle(FILES, OTHER), artifact=optional).process(job_event("j1")).outcome == "rejected"


def test_a_drop_with_a_signed_manifest_is_registered() -> None:
    assert drop(bare=True).process(drop_event("vendor-a/d1")).outcome == "registered"


def test_a_drop_with_signed_files_is_registered_and_its_manifest_told_unsigned() -> None:
    made = drop(bundle=signing.bundle(FILES))

    assert made.process(drop_event("vendor-a/d1")).outcome == "registered"
    (decision,) = made.history("digits")
    assert [one["code"] for one in decision["candidate"]["findings"]] == ["signature.manifest_unsigned"]


def test_a_drop_without_a_signature_is_rejected_with_a_receipt_that_says_what_is_missing() -> None:
    made = drop()

    assert made.process(drop_event("vendor-a/d1")).outcome == "rejected"
    assert "no model.manifest.json.sig" in " ".join(made.receipt("vendor-a/d1")["reasons"])


def test_a_manifest_that_was_changed_after_it_was_signed_is_rejected() -> None:
    made = drop(bare=True)
    made.manifest("vendor-a/d1", files=[promise("data.csv", FILES["data.csv"])], metrics={"accuracy": 0.99})

    assert made.process(drop_event("vendor-a/d1")).outcome == "rejected"


def test_who_signed_stands_in_the_decision_and_in_the_explanation() -> None:
    made = job(signing.bundle(FILES))
    made.process(job_event("j1"))

    (decision,) = made.history("churn")
    hint = keys.parse(signing.public())[0].hint
    assert decision["candidate"]["signed_by"] == [{"path": "model.sig", "key": hint, "identity": None}]
    assert f"signed model.sig by the key {hint}" in " ".join(" ".join(page(made, "churn:1")).split())


def test_who_signed_is_told_by_name_where_a_certificate_has_one() -> None:
    root = signing.authority()
    leaf = signing.leaf(root)
    made = job(
        signing.bundle(FILES, leaf.key, x509CertificateChain={"certificates": [leaf.raw]}),
        artifact={"signature": {"root": root.pem.decode(), "identity": signing.IDENTITY}},
    )

    assert made.process(job_event("j1")).signed_by == (f"model.sig by {signing.IDENTITY}",)


def test_who_signed_a_drop_stands_in_its_receipt() -> None:
    made = drop(bundle=signing.bundle(FILES), bare=True)
    made.process(drop_event("vendor-a/d1"))

    hint = keys.parse(signing.public())[0].hint[:12]
    signed = [f"model.sig by the key {hint}…", f"model.manifest.json.sig by the key {hint}…"]
    assert made.receipt("vendor-a/d1")["signed_by"] == signed


def test_where_nobody_asked_or_nobody_signed_nothing_is_told_of_signers() -> None:
    asked, unasked = job(signing.bundle(FILES, OTHER)), job(signing.bundle(FILES), artifact={})

    for made in (asked, unasked):
        assert "signed_by" not in made.process(job_event("j1")).to_dict()
        assert "signed_by" not in made.history("churn")[0]["candidate"]


def test_an_outcome_that_names_signers_reads_back_as_it_was_kept() -> None:
    made = job(signing.bundle(FILES))
    outcome = made.process(job_event("j1"))

    assert Outcome.from_dict(json.loads(json.dumps(outcome.to_dict()))) == outcome


def shadowed(artifact: dict[str, Any]) -> str:
    written = yaml.safe_load(CHURN) | {"name": "stricter", "mode": "shadow"}
    written["models"][0]["artifact"] = artifact
    return yaml.safe_dump(written)


@pytest.mark.parametrize(
    ("decides", "shadow", "outcome", "would"),
    [
        ({}, KEY, "registered", "reject"),
        (KEY, {}, "rejected", "register"),
        (KEY, {"signature": {"key": signing.public(OTHER)}}, "rejected", "register"),
        ({"signature": {"key": signing.public(OTHER)}}, KEY, "registered", "reject"),
    ],
)
def test_a_shadow_verifies_by_its_own_keys(
    decides: dict[str, Any], shadow: dict[str, Any], outcome: str, would: str
) -> None:
    made = job(signing.bundle(FILES, OTHER), artifact=decides)
    made.policies.kept["stricter.yaml"] = shadowed(shadow)

    assert made.process(job_event("j1")).outcome == outcome

    (said,) = made.history("churn")[0]["shadow"]
    assert said["outcome"] == would
    assert [one["code"] for one in said.get("signatures", ())] == (
        ["signature.unknown_key"] if would == "reject" else []
    )


def test_a_certificate_has_to_hold_when_the_artifact_is_judged() -> None:
    root = signing.authority()
    leaf = signing.leaf(root)
    asked = {"signature": {"root": root.pem.decode(), "identity": signing.IDENTITY}}
    signature = signing.bundle(FILES, leaf.key, x509CertificateChain={"certificates": [leaf.raw]})
    now, later = job(signature, artifact=asked), job(signature, artifact=asked)

    later.clock.forward(60 * signing.DAY)

    assert now.process(job_event("j1")).outcome == "registered"
    assert later.process(job_event("j1")).outcome == "rejected"


def test_nobody_overrides_a_signature() -> None:
    assert not is_overridable("artifact.signature.missing")


def policy(**signature: object) -> document.Policy:
    written = yaml.safe_load(CHURN)
    written["models"][0]["artifact"] = {"signature": signature}
    return document.parse(yaml.safe_dump(written), source="churn.yaml")


ROOT = signing.authority().pem.decode()


@pytest.mark.parametrize(
    ("signature", "says"),
    [
        ({"required": True}, "needs key or root"),
        ({"identity": "a@b.c", "issuer": "https://c"}, "needs key or root"),
        ({"key": signing.public(), "root": ROOT, "identity": "a"}, "needs key or root, one of them"),
        ({"root": ROOT}, "root and identity belong together"),
        ({"key": signing.public(), "identity": "a@b.c"}, "root and identity belong together"),
        ({"key": signing.public(), "issuer": "https://c"}, "issuer"),
        ({"key": "team-a.pem"}, "must be PEM"),
        ({"key": ROOT}, "must hold PUBLIC KEY, not CERTIFICATE"),
        ({"key": signing.private().decode()}, "private key"),
        ({"key": signing.public(), "required": "yes"}, "required"),
        ({"key": signing.public(), "keys": "x"}, "unknown key"),
    ],
)
def test_a_policy_that_could_not_tell_who_signed_is_refused(signature: dict[str, object], says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        policy(**signature)


def test_the_layout_of_a_key_is_not_what_the_policy_says() -> None:
    assert policy(key=signing.public()).digest == policy(key=f"\n{signing.public().strip()}\n\n").digest
    assert policy(key=signing.public()).digest != policy(key=signing.public(OTHER)).digest


def test_the_policy_in_the_documents_can_be_read() -> None:
    text = DOCS.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    (model,) = yaml.safe_load(text)["models"]

    assert policy(**model["artifact"]["signature"]).models[0].artifact.signature is not None


def validated(folder: Path, *said: str) -> tuple[int, list[str]]:
    app = typer.Typer()
    app.callback()(lambda: None)
    cli_validate.add_to(app)
    ran = CliRunner().invoke(app, ["validate", str(folder), "--json", *said])
    return ran.exit_code, [one["code"] for one in json.loads(ran.stdout)["findings"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "data.csv").write_bytes(FILES["data.csv"])
    (tmp_path / "key.pem").write_text(signing.public())
    return tmp_path / "model"


def test_validate_verifies_with_a_key(folder: Path) -> None:
    key = ("--key", str(folder.parent / "key.pem"))

    assert validated(folder) == (0, [])
    assert validated(folder, *key) == (1, ["signature.missing"])
    (folder / "model.sig").write_bytes(signing.bundle(FILES))
    assert validated(folder, *key) == (0, [])


def test_validate_says_who_signed(folder: Path) -> None:
    (folder / "model.sig").write_bytes(signing.bundle(FILES))
    app = typer.Typer()
    app.callback()(lambda: None)
    cli_validate.add_to(app)

    said = CliRunner().invoke(app, ["validate", str(folder), "--key", str(folder.parent / "key.pem")]).output

    assert "signed model.sig by the key" in said


def test_validate_verifies_a_signed_manifest(folder: Path) -> None:
    listed = {"apiVersion": "registrar/v1", "kind": "DropManifest", "model": "m"}
    document = json.dumps(listed | {"files": [promise("data.csv", FILES["data.csv"])]}).encode()
    (folder / "model.manifest.json").write_bytes(document)
    (folder / "model.manifest.json.sig").write_bytes(signing.signature(document, OTHER))

    answer = validated(folder, "--manifest", "--key", str(folder.parent / "key.pem"))

    assert answer == (1, ["signature.invalid"])
