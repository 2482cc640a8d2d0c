"""aml-registermodel's registermodel.json becomes a policy, and every field of it is answered."""

from __future__ import annotations

from typing import Any

import pytest

from registration.documents import load
from registration.policy import Evidence, decide
from registration.policy.document import ModelPolicy
from tests.importing import imported, metrics, model, refusal, warnings

KIND = "registermodel"

# One value for every key of the action's parameters_schema.
EVERY_FIELD: dict[str, Any] = {
    "model_file_name": "model.pkl",
    "model_name": "diabetes",
    "model_framework": "scikitlearn",
    "model_framework_version": "0.22.2",
    "model_tags": {"team": "care"},
    "model_properties": {"origin": "clinic"},
    "model_description": "Progression after a year.",
    "datasets": ["diabetes"],
    "sample_input_dataset": "in",
    "sample_output_dataset": "out",
    "pipeline_child_run_name": "train",
    "cpu_cores": 0.5,
    "memory_gb": 1,
    "metrics_max": ["r2"],
    "metrics_min": ["rmse"],
    "force_registration": True,
}
SILENT = {
    "model_name",
    "model_description",
    "model_tags",
    "model_framework",
    "model_framework_version",
    "cpu_cores",
    "memory_gb",
}


def test_metrics_max_may_not_get_worse() -> None:
    assert metrics(KIND, {"metrics_max": ["r2"]}) == {
        "r2": {"direction": "maximize", "vs_champion": {"max_regression": 0}}
    }


def test_metrics_min_is_what_it_says_and_not_what_the_action_did() -> None:
    config = {"metrics_min": ["rmse"]}

    policy = load(ModelPolicy, {"name": "m", "metrics": metrics(KIND, config)}, source="m")

    champion = Evidence({"rmse": 1.0})
    assert decide(policy, candidate=Evidence({"rmse": 0.5}), champion=champion).outcome == "register"
    assert decide(policy, candidate=Evidence({"rmse": 9.9}), champion=champion).outcome == "reject"
    assert "metrics_min: the action enforced the opposite of what it documents" in warnings(KIND, config)


def test_nan_and_text_in_metrics_are_warned_about() -> None:
    said = warnings(KIND, {"metrics_max": ["r2"]})

    assert "let NaN pass" in said
    assert "compared text as text" in said
    assert "registered a first model unseen" in said


def test_a_file_name_becomes_one_exact_path() -> None:
    found = imported(KIND, {"model_file_name": "model.pkl"})

    assert model(found)["from"] == {"output": "artifacts", "path": "outputs/model.pkl"}
    assert "whose name contains 'model.pkl'" in str(found.warnings[0])


def test_a_path_is_taken_as_it_is() -> None:
    config = {"model_file_name": "outputs/deep/model.pkl"}

    assert model(imported(KIND, config))["from"]["path"] == "outputs/deep/model.pkl"
    assert "model_file_name" not in warnings(KIND, config)


def test_without_a_file_name_the_default_of_the_action_counts() -> None:
    found = imported(KIND, {"model_name": "m"})

    assert model(found)["from"]["path"] == "outputs/model.pkl"
    assert "model_file_name: absent" in str(found.warnings[0])


def test_tags_and_properties_become_tags() -> None:
    config = {
        "model_tags": {"team": "care", "version": 2},
        "model_properties": {"origin": "clinic", "team": "other"},
    }

    found = imported(KIND, config)

    assert model(found)["tags"] == {"team": "care", "version": "2", "origin": "clinic"}
    assert "model_properties.team: left out: there is a tag 'team' already" in map(str, found.warnings)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"model_framework": "onnx", "model_framework_version": "1.15"}, {"name": "onnx", "version": "1.15"}),
        ({"model_framework": "keras"}, {"name": "keras"}),
        ({"model_framework_version": "3"}, {"name": "custom", "version": "3"}),
    ],
)
def test_the_framework_is_taken_with_its_version(config: dict[str, str], said: dict[str, str]) -> None:
    assert model(imported(KIND, config))["framework"] == said


def test_resources_are_taken_as_they_are() -> None:
    found = imported(KIND, {"cpu_cores": 0.5, "memory_gb": 1, "model_name": "m"})

    assert found.document.models[0].properties == {"serving.cpu": "0.5", "serving.memory_gb": "1"}


@pytest.mark.parametrize(("config", "other"), [({"cpu_cores": 2}, "memory_gb"), ({"memory_gb": 2}, "cpu_cores")])
def test_one_resource_alone_is_recorded_where_the_action_dropped_it(config: dict[str, int], other: str) -> None:
    assert f"{other}: the action recorded no resources unless" in warnings(KIND, config)


def test_a_sample_needs_the_version_that_is_meant() -> None:
    said = warnings(KIND, {"sample_input_dataset": "rows", "model_name": "m"})

    assert 'serving: {sample_input: "azureml:NAME:VERSION"}' in said


def test_a_tag_of_ours_is_left_out() -> None:
    config = {"model_tags": {"registrar.work": "mine"}}

    assert "tags" not in model(imported(KIND, config))
    assert "must not be empty nor start with 'registrar.'" in warnings(KIND, config)


def test_force_registration_is_refused_with_the_way_that_is_left() -> None:
    said = warnings(KIND, {"force_registration": True, "metrics_max": ["r2"]})

    assert "force_registration: refused" in said
    assert "`registrar approve`" in said


def test_force_registration_that_is_off_needs_no_word() -> None:
    assert "force_registration" not in warnings(KIND, {"force_registration": False})


@pytest.mark.parametrize("field", sorted(EVERY_FIELD.keys() - SILENT))
def test_a_field_without_an_exact_equal_is_warned_about(field: str) -> None:
    assert field in warnings(KIND, EVERY_FIELD)


def test_the_whole_action_in_one_config() -> None:
    found = model(imported(KIND, EVERY_FIELD))

    assert found["name"] == "diabetes"
    assert found["description"] == "Progression after a year."
    assert set(found["metrics"]) == {"r2", "rmse"}


def test_a_slip_of_the_action_s_users_is_named() -> None:
    said = warnings(KIND, {"cpu": 1, "model_name": "m"})

    assert "cpu: unknown to the action too, which passed over it; was cpu_cores meant?" in said


def test_secrets_beside_the_parameters_are_not_repeated() -> None:
    found = imported(KIND, {"model_name": "m", "azure_credentials": {"clientSecret": "hush"}})

    assert "azure_credentials" in str(found.warnings)
    assert "hush" not in found.text(source="f") + str(found.warnings)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ([], "config: must be a mapping of keys to values"),
        ("", "config: is not JSON: Expecting value (line 1, column 1)"),
        ('{"metrics_max": ["a"], "metrics_max": ["b"]}', "config: metrics_max: appears twice"),
        ({"metrics_max": [7]}, "config: metrics_max[0]: must be text, and not empty"),
        ({"metrics_max": ["a"], "metrics_min": ["b", "a"]}, "config: metrics_min[1]: 'a' is in metrics_max too"),
        ({"model_name": 3}, "config: model_name: must be text"),
        ({"model_name": "a b"}, "config: model_name: must start with a letter or digit"),
        ({"model_file_name": "../model.pkl"}, "config: model_file_name: must not have an empty"),
        ({"model_file_name": "/model.pkl"}, "config: model_file_name: must be relative"),
        ({"model_tags": ["a"]}, "config: model_tags: must be a mapping"),
        ('{"model_tags": {"a": 1e999}}', "config: model_tags.a: is Infinity; put it in quotes"),
        ('{"model_tags": {"a": %s}}' % ("7" * 5000), "config: model_tags.a: is Infinity; put it in quotes"),
        ({"force_registration": "true"}, "config: force_registration: must be true or false"),
        ({"cpu_cores": 0}, "config: cpu_cores: must be a number above 0"),
        ({"cpu_cores": "2"}, "config: cpu_cores: is text, not a number"),
        ({"threshold": 1}, "config: is not the configuration of the GitHub action aml-registermodel"),
    ],
)
def test_what_cannot_be_used_names_the_place(config: object, said: str) -> None:
    assert said in refusal(KIND, config)
