"""A SageMaker pipeline's conditions become bounds, the right way around."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.importing import imported, metrics, refusal, warnings

KIND = "sagemaker"
MSE = {
    "Std:JsonGet": {"PropertyFile": {"Get": "Steps.Eval.PropertyFiles.Report"}, "Path": "regression_metrics.mse.value"}
}
REGISTER = {"Name": "Register", "Type": "RegisterModel", "Arguments": {"ModelPackageGroupName": "abalone"}}


def compared(kind: str, left: object = MSE, right: object = 6.0) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def gate(*conditions: object, then: object = (REGISTER,), otherwise: object = ()) -> dict[str, Any]:
    arguments = {"Conditions": list(conditions), "IfSteps": then, "ElseSteps": otherwise}
    return {"Name": "Check", "Type": "Condition", "Arguments": arguments}


def pipeline(*steps: object, **members: object) -> dict[str, Any]:
    return {"Version": "2020-12-01", "Steps": list(steps)} | members


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        ("LessThanOrEqualTo", {"max": 6}),
        ("GreaterThanOrEqualTo", {"min": 6}),
        ("LessThan", {"below": 6}),
        ("GreaterThan", {"above": 6}),
        ("Equals", {"min": 6, "max": 6}),
    ],
)
def test_a_comparison_with_a_number_is_a_bound(kind: str, rules: dict[str, int]) -> None:
    assert metrics(KIND, gate(compared(kind))) == {"mse": rules}


def test_a_number_on_the_left_turns_the_comparison_around() -> None:
    assert metrics(KIND, gate(compared("LessThanOrEqualTo", 0.8, MSE))) == {"mse": {"min": 0.8}}


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        ("LessThanOrEqualTo", {"above": 6}),
        ("LessThan", {"min": 6}),
        ("GreaterThan", {"max": 6}),
        ("GreaterThanOrEqualTo", {"below": 6}),
    ],
)
def test_not_turns_a_comparison_around(kind: str, rules: dict[str, int]) -> None:
    assert metrics(KIND, gate({"Type": "Not", "Condition": compared(kind)})) == {"mse": rules}


def test_not_twice_is_nothing() -> None:
    twice = {"Type": "Not", "Condition": {"Type": "Not", "Condition": compared("LessThanOrEqualTo")}}

    assert metrics(KIND, gate(twice)) == {"mse": {"max": 6}}


def test_a_model_that_is_registered_in_the_else_branch_turns_the_gate_around() -> None:
    config = gate(compared("GreaterThan"), then=(), otherwise=(REGISTER,))

    assert metrics(KIND, config) == {"mse": {"max": 6}}
    assert "so they are turned around" in warnings(KIND, config)


def test_the_else_branch_of_several_conditions_is_left_out_aloud() -> None:
    config = gate(compared("GreaterThan"), compared("LessThan"), then=(), otherwise=(REGISTER,))

    assert metrics(KIND, config) == {}
    assert "any one of several conditions fails" in warnings(KIND, config)


def test_a_gate_that_registers_on_both_sides_is_no_gate() -> None:
    config = gate(compared("GreaterThan"), otherwise=(REGISTER,))

    assert metrics(KIND, config) == {}
    assert "keep nothing out" in warnings(KIND, config)


def test_the_stricter_of_two_bounds_stays() -> None:
    both = [compared("LessThanOrEqualTo", right=6), compared("LessThanOrEqualTo", right=4)]

    assert metrics(KIND, gate(*both)) == {"mse": {"max": 4}}
    assert metrics(KIND, gate({"Type": "And", "Conditions": both})) == {"mse": {"max": 4}}


def test_gates_inside_gates_all_count() -> None:
    accuracy = {"Std:JsonGet": {"S3Uri": "s3://b/k", "Path": "metrics['accuracy']"}}
    inner = gate(compared("GreaterThanOrEqualTo", accuracy, 0.9))
    config = pipeline(gate(compared("LessThanOrEqualTo"), then=(inner,)))

    assert metrics(KIND, config) == {"mse": {"max": 6}, "accuracy": {"min": 0.9}}
    assert "all of them must hold" in warnings(KIND, config)


def test_a_gate_of_something_else_is_left_out_aloud() -> None:
    other = gate(compared("GreaterThan", right=99), then=({"Name": "Tell", "Type": "Lambda", "Arguments": {}},))
    config = pipeline(other, gate(compared("LessThanOrEqualTo")))

    assert metrics(KIND, config) == {"mse": {"max": 6}}
    assert "Steps[0]: no model is registered below this step" in warnings(KIND, config)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"Type": "Or", "Conditions": [compared("LessThan"), compared("GreaterThan")]}, "Or is true when any one"),
        (
            {"Type": "Not", "Condition": {"Type": "And", "Conditions": [compared("LessThan"), compared("LessThan")]}},
            "Not And is true when any one",
        ),
        ({"Type": "In", "QueryValue": MSE, "Values": [1, 2]}, "In has no equal"),
        ({"Type": "Not", "Condition": compared("Equals")}, "Not Equals has no equal"),
        (compared("LessThan", MSE, MSE), "compares two values that the pipeline computes"),
        (compared("Equals", {"Get": "Parameters.Approval"}, "Yes"), "does not compare a metric with a number"),
        (compared("LessThan", {"Get": "Execution.StartDateTime"}, 3), "does not compare a metric with a number"),
        (compared("Matches"), "a condition of type 'Matches' has no equal"),
    ],
)
def test_what_has_no_equal_is_left_out_aloud(condition: dict[str, Any], said: str) -> None:
    config = gate(condition)

    assert metrics(KIND, config) == {}
    assert f"Arguments.Conditions[0]: {said}" in warnings(KIND, config).replace("[0].Condition:", "[0]:")


def test_one_of_one_is_all() -> None:
    assert metrics(KIND, gate({"Type": "Or", "Conditions": [compared("LessThanOrEqualTo")]})) == {"mse": {"max": 6}}
    assert metrics(KIND, gate({"Type": "In", "QueryValue": MSE, "Values": [6]})) == {"mse": {"min": 6, "max": 6}}


def test_a_parameter_is_written_with_its_default() -> None:
    parameter = {"Name": "Limit", "Type": "Float", "DefaultValue": 6.5}
    config = pipeline(gate(compared("LessThanOrEqualTo", MSE, {"Get": "Parameters.Limit"})), Parameters=[parameter])

    assert metrics(KIND, config) == {"mse": {"max": 6.5}}
    assert "the pipeline's parameter Limit could be set for each run; its default 6.5 is written" in warnings(
        KIND, config
    )


def test_a_metric_of_a_training_job_keeps_its_name() -> None:
    left = {"Get": "Steps.Train.FinalMetricDataList['validation:accuracy'].Value"}

    assert metrics(KIND, gate(compared("GreaterThanOrEqualTo", left, 0.8))) == {"validation:accuracy": {"min": 0.8}}


def test_two_values_of_one_name_are_told_apart() -> None:
    other = {"JsonGet": {"Path": "holdout.mse.value"}}

    found = metrics(KIND, gate(compared("LessThanOrEqualTo"), compared("LessThanOrEqualTo", other, 9)))

    assert found == {"mse": {"max": 6}, "holdout.mse": {"max": 9}}


def test_the_model_is_called_as_its_package_group() -> None:
    assert imported(KIND, pipeline(gate(compared("LessThan")))).document.models[0].name == "abalone"


def test_a_described_pipeline_holds_its_definition_as_text() -> None:
    described = {"PipelineName": "p", "PipelineDefinition": json.dumps(pipeline(gate(compared("LessThanOrEqualTo"))))}

    assert metrics(KIND, described) == {"mse": {"max": 6}}
    assert "PipelineName: says how the pipeline runs" in warnings(KIND, described)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"metrics": 1}, "config: is not a condition step of a SageMaker pipeline"),
        (pipeline({"Name": "x"}), "config: Steps[0].Type: is required"),
        (pipeline(7), "config: Steps[0]: must be a mapping"),
        (gate({"LeftValue": 1}), "config: Arguments.Conditions[0].Type: is required"),
        (gate(compared("GreaterThan", right=7), compared("LessThan", right=5)), "nothing could ever pass"),
        ({"PipelineDefinition": "{"}, "config: is not JSON"),
    ],
)
def test_what_cannot_be_used_names_the_place(config: object, said: str) -> None:
    assert said in refusal(KIND, config)
