"""What portable evidence says: subjects, results, inputs and outputs, and what it is not made of."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from registration.errors import InputError
from registration.portable import intoto
from registration.portable.cyclonedx import bill_of_materials
from registration.portable.decided import Decided, as_uri
from registration.portable.intoto import svr
from registration.portable.openlineage import run_event
from tests.decided import LINEAGE, WORKSPACE, decided, record

HOME = f"azureml:/{WORKSPACE}"


def verdict(rule: str, result: str) -> dict[str, Any]:
    return {"rule": rule, "result": result, "reason": f"{rule} {result}"}


def test_the_subjects_are_the_files_and_all_of_them_together() -> None:
    whole, file = intoto.test_result(decided())["subject"]

    line = f"{file['digest']['sha256']}  {file['name']}\n"
    assert (whole["name"], file["name"]) == ("churn-classifier:7", "model.joblib")
    assert whole["digest"] == {"dirHash": hashlib.sha256(line.encode()).hexdigest()}


def test_a_signature_beside_the_files_is_no_subject() -> None:
    files = [{"path": path, "size": 1, "sha256": "a" * 64} for path in ("model.bin", "model.sig")]

    subjects = intoto.test_result(decided(candidate={"files": files}))["subject"]

    assert [subject["name"] for subject in subjects] == ["churn-classifier:7", "model.bin"]


def test_a_record_of_an_earlier_version_still_names_the_whole() -> None:
    files = [{"path": "model.joblib", "size": 1, "etag": "0x1"}]

    (whole,) = intoto.test_result(decided(candidate={"files": files}))["subject"]

    assert list(whole["digest"]) == ["dirHash"]


@pytest.mark.parametrize(
    ("outcome", "results", "said"),
    [
        ("register", ["passed", "skipped"], "PASSED"),
        ("register", ["passed", "warned"], "WARNED"),
        ("register", ["passed", "overridden"], "WARNED"),
        ("register", ["passed", "failed"], "FAILED"),
        ("hold", ["passed", "held"], "FAILED"),
        ("reject", [], "FAILED"),
    ],
)
def test_what_the_rules_said_makes_the_result(outcome: str, results: list[str], said: str) -> None:
    verdicts = [verdict(f"rule.{place}", result) for place, result in enumerate(results)]

    predicate = intoto.test_result(decided(outcome=outcome, verdicts=verdicts))["predicate"]

    assert predicate["result"] == said


def test_each_rule_is_among_the_tests_of_its_result() -> None:
    words = ["passed", "warned", "overridden", "failed", "held", "error", "skipped", "failed"]
    verdicts = [verdict(f"rule.{word}", word) for word in words]

    predicate = intoto.test_result(decided(verdicts=verdicts))["predicate"]

    assert predicate["passedTests"] == ["rule.passed"]
    assert predicate["warnedTests"] == ["rule.warned", "rule.overridden"]
    assert predicate["failedTests"] == ["rule.failed", "rule.held", "rule.error"]


def test_the_policy_is_named_by_its_text() -> None:
    (policy,) = intoto.test_result(decided())["predicate"]["configuration"]

    assert policy == {"name": "policies/churn.yaml", "digest": {"sha256": record()["policy"]["text_sha256"]}}


def test_a_version_is_verified_by_the_rules_that_passed() -> None:
    predicate = svr(decided())["predicate"]

    assert predicate["properties"][:3] == [
        "REGISTRAR_REGISTERED",
        "REGISTRAR_PROMOTED",
        "REGISTRAR_PASSED:metrics.accuracy.min",
    ]
    assert predicate["verifier"]["id"] == "pkg:generic/registrar@2"
    assert predicate["timeCreated"] == "2026-11-19T06:40:52.730915Z"


def test_nothing_is_verified_of_what_was_not_registered() -> None:
    with pytest.raises(InputError, match="registered no version"):
        svr(decided(version=None, outcome="reject"))


def test_data_and_files_go_in_and_the_version_comes_out() -> None:
    event = run_event(decided())

    places = [(found["namespace"], found["name"]) for found in event["inputs"]]
    assert places == [
        (HOME, "data/churn-rows"),
        (f"{HOME}/datastores/workspaceblobstore", "churn/2026-11/"),
        ("azureml://registries/shared", "models/encoder"),
        (f"{HOME}/jobs/plum_wave_9xd4t", "model/model.joblib"),
    ]
    assert event["inputs"][0]["facets"]["version"]["datasetVersion"] == "12"
    (output,) = event["outputs"]
    assert (output["namespace"], output["name"]) == (HOME, "models/churn-classifier")
    assert output["facets"]["version"]["datasetVersion"] == "7"


def test_of_what_another_environment_shared_only_the_version_there_goes_in() -> None:
    """Its job, its data and its datastores are another workspace's, and the record does not say which."""
    shared = "azureml://registries/contoso/models/churn/versions/4"

    event = run_event(decided(lineage={**LINEAGE, "attested_by": "registry", "shared_version": shared}))

    (found,) = event["inputs"]
    assert (found["namespace"], found["name"]) == ("azureml://registries/contoso", "models/churn")
    assert found["facets"]["version"]["datasetVersion"] == "4"
    assert "parent" not in event["run"]["facets"]


def test_a_rejection_is_a_run_that_failed_and_made_nothing() -> None:
    verdicts = [{**verdict("metrics.accuracy.min", "failed"), "candidate": "0.7", "bound": "0.8"}]

    event = run_event(decided(outcome="reject", version=None, verdicts=verdicts))

    assert (event["eventType"], event["outputs"]) == ("FAIL", [])
    (test,) = event["run"]["facets"]["test"]["tests"]
    assert (test["status"], test["severity"], test["expected"], test["actual"]) == ("fail", "error", "0.8", "0.7")


@pytest.mark.parametrize("result", ["warned", "overridden"])
def test_a_rule_that_was_not_met_and_let_pass_stopped_nothing(result: str) -> None:
    event = run_event(decided(verdicts=[verdict("metrics.accuracy.min", result)]))

    (test,) = event["run"]["facets"]["test"]["tests"]
    assert (test["status"], test["severity"]) == ("fail", "warn")


def test_the_parent_is_the_job_with_its_code_and_its_parameters() -> None:
    parent = run_event(decided())["run"]["facets"]["parent"]

    assert (parent["job"]["name"], parent["root"]["job"]["name"]) == ("train", "churn-weekly")
    code = parent["job"]["facets"]["sourceCodeLocation"]
    assert (code["url"], code["version"], code["branch"]) == (
        "https://example.org/ml/churn.git",
        "9fceb02d0ae598e95dc970b74767f19372d61af8",
        "main",
    )
    (parameter,) = parent["run"]["facets"]["executionParameters"]["parameters"]
    assert (parameter["key"], parameter["value"]) == ("depth", "7")


def test_two_versions_of_one_job_have_one_parent_run() -> None:
    first, second = (run_event(decided(version=version)) for version in (7, 8))

    assert first["run"]["runId"] != second["run"]["runId"]
    assert first["run"]["facets"]["parent"]["run"]["runId"] == second["run"]["facets"]["parent"]["run"]["runId"]


def test_a_commit_without_an_address_is_named_by_its_hash() -> None:
    event = run_event(
        decided(lineage={"job": "j", "git_commit": "a" * 40, "git_repository": "git@example.org:ml/churn"})
    )

    code = event["run"]["facets"]["parent"]["job"]["facets"]["sourceCodeLocation"]
    assert (code["url"], code["repoUrl"]) == (f"swh:1:rev:{'a' * 40}", "git@example.org:ml/churn")


def test_the_card_has_the_metrics_overall_and_by_slice() -> None:
    made = decided(candidate={"metrics": {"accuracy": 0.931, "loss": "NaN"}, "slices": {"country=DE": {"accuracy": 1}}})

    model = bill_of_materials(made)["metadata"]["component"]

    assert model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"] == [
        {"type": "accuracy", "value": "0.931"},
        {"type": "loss", "value": "NaN"},
        {"type": "accuracy", "value": "1", "slice": "country=DE"},
    ]


def test_the_bill_lists_the_files_and_what_the_model_was_made_from() -> None:
    bill = bill_of_materials(decided())

    model = bill["metadata"]["component"]
    assert [(file["name"], file["hashes"][0]["alg"]) for file in model["components"]] == [("model.joblib", "SHA-256")]
    assert [(each["type"], each["name"], each.get("version")) for each in bill["components"]] == [
        ("data", "churn-rows", "12"),
        ("data", "azureml://datastores/workspaceblobstore/paths/churn/2026-11/", None),
        ("machine-learning-model", "encoder", "3"),
        ("framework", "scikit-learn", "1.7"),
        ("platform", "sklearn", "7"),
    ]
    assert bill["dependencies"][0]["dependsOn"] == [each["bom-ref"] for each in bill["components"]]
    assert model["pedigree"]["commits"][0]["uid"] == "9fceb02d0ae598e95dc970b74767f19372d61af8"


def test_what_has_no_member_of_its_own_is_a_property() -> None:
    model = bill_of_materials(decided())["metadata"]["component"]

    said = {each["name"]: each["value"] for each in model["properties"]}
    assert (said["registrar:outcome"], said["registrar:lineage.job"]) == ("register", "plum_wave_9xd4t")
    assert said["registrar:serving.memory_gb"] == "2"
    assert said["registrar:rule:metrics.accuracy.min"] == "passed"


@pytest.mark.parametrize("unread", [{"artifact_sha256": None}, {"artifact_sha256": "not a digest"}])
def test_no_evidence_is_made_of_files_that_nobody_read(unread: dict[str, Any]) -> None:
    made = record(candidate=unread)

    with pytest.raises(InputError, match="were not read"):
        Decided.of("d" * 64, made, workspace=WORKSPACE)


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("azureml:rows:3", "azureml:rows:3"),
        ("no scheme", None),
        ("git@example.org:ml/churn", None),
        ("", None),
    ],
)
def test_what_begins_like_a_uri_is_made_one(text: str, uri: str | None) -> None:
    assert as_uri(text) == uri


@pytest.mark.parametrize("outcome", ["rollback", "revoke", "archive"])
def test_no_evidence_is_made_of_what_no_rule_judged(outcome: str) -> None:
    with pytest.raises(InputError, match="no rule ran"):
        decided(outcome=outcome)


def test_records_read_back_from_storage_make_the_same_documents() -> None:
    made = record()

    again = json.loads(json.dumps(made))

    assert bill_of_materials(Decided.of("d" * 64, made, workspace=WORKSPACE)) == bill_of_materials(
        Decided.of("d" * 64, again, workspace=WORKSPACE)
    )
