"""`framework` and `serving`: what they take, what they refuse, and that they decide nothing."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from registration.errors import PolicyError
from registration.policy import Evidence, decide, document
from tests.policy_texts import ACCURATE


def policy(**said: Any) -> document.Policy:
    written = "".join(f"    {key}: {yaml.safe_dump(value, default_flow_style=True)}" for key, value in said.items())
    return document.parse(ACCURATE + written, source="p")


def refusal(**said: Any) -> str:
    with pytest.raises(PolicyError) as wrong:
        policy(**said)
    return str(wrong.value)


def test_all_that_is_said_becomes_properties_of_the_version() -> None:
    serving = {
        "script": "code/score.py",
        "sample_input": "azureml:rows:12",
        "sample_output": "samples/scores.json",
        "cpu": 0.5,
        "memory_gb": 2,
    }

    model = policy(framework={"name": "scikit-learn", "version": "1.7"}, serving=serving).models[0]

    assert model.properties == {
        "framework.name": "scikit-learn",
        "framework.version": "1.7",
        "serving.script": "code/score.py",
        "serving.sample_input": "azureml:rows:12",
        "serving.sample_output": "samples/scores.json",
        "serving.cpu": "0.5",
        "serving.memory_gb": "2",
    }


def test_what_is_not_said_is_no_property() -> None:
    assert policy().models[0].properties == {}
    assert policy(framework={"name": "onnx"}).models[0].properties == {"framework.name": "onnx"}


@pytest.mark.parametrize(
    ("serving", "place"),
    [
        ({"cpu": 0}, "models[0].serving.cpu: must be a number above 0"),
        ({"cpu": -1}, "models[0].serving.cpu: must be a number above 0"),
        ({"memory_gb": "2 GiB"}, "models[0].serving.memory_gb: must be a number above 0"),
        ({"script": "../score.py"}, "models[0].serving.script: must not have an empty, '.' or '..' part"),
        ({"script": "/score.py"}, "models[0].serving.script: must be relative"),
        ({"sample_input": "azureml:rows@latest"}, "models[0].serving.sample_input: "),
        ({"sample_input": "https://example.org/rows.csv"}, "models[0].serving.sample_input: "),
        ({"sample_output": "../rows.csv"}, "models[0].serving.sample_output: must be a data asset"),
        ({"gpu": 1}, "models[0].serving.gpu: unknown key"),
        ({}, "models[0].serving: must say something"),
    ],
)
def test_what_cannot_be_meant_names_its_place(serving: dict[str, Any], place: str) -> None:
    assert place in refusal(serving=serving)


def test_a_framework_needs_a_name() -> None:
    assert "models[0].framework.name" in refusal(framework={"version": "1.7"})


def test_only_paths_are_files_that_have_to_be_there() -> None:
    serving = (
        policy(
            serving={
                "script": "score.py",
                "sample_input": "azureml://datastores/d/paths/rows.csv",
                "sample_output": "o.json",
            }
        )
        .models[0]
        .serving
    )

    assert serving is not None
    assert serving.files == {"script": "score.py", "sample_output": "o.json"}


def test_the_digest_of_a_policy_that_says_neither_is_what_it_was_before_there_were_any() -> None:
    assert policy().digest == "ed052597e2fbbb59e892c3c3f11c008bb0a91addaa327ab6a96590239fe06a03"


def test_they_change_the_digest_and_no_decision() -> None:
    plain, served = policy(), policy(serving={"cpu": 1})

    assert plain.digest != served.digest
    for accuracy in (0.4, 0.6):
        candidate = Evidence({"accuracy": accuracy})
        one, other = (decide(each.models[0], candidate=candidate, champion=None) for each in (plain, served))
        assert one == other
