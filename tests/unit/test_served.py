"""What a policy says of serving: held against the files, and written on the version with an MLflow model's flavors."""

from __future__ import annotations

import pytest

from registration.artifacts.formats import mlmodel
from registration.artifacts.reader import Memory
from tests.fakes import TextPolicies
from tests.world import CHURN, World, job_event

MLMODEL = b"""\
flavors:
  python_function: {loader_module: mlflow.sklearn, env: {conda: conda.yaml}, code: null}
  sklearn: {sklearn_version: 1.7.2, code: null, pickled_model: model.pkl}
signature: {inputs: '[]'}
"""


def a_world(**said: str) -> World:
    """A world whose policy of `churn` also says this."""
    more = "".join(f"    {key}: {value}\n" for key, value in said.items())
    world = World(policies=TextPolicies({"churn.yaml": CHURN + more}))
    world.job("j1", files={"model.onnx": b"j1", "score.txt": b"text"})
    return world


@pytest.mark.parametrize("key", ["script", "sample_input", "sample_output"])
def test_a_file_that_is_named_and_not_there_rejects_the_candidate(key: str) -> None:
    world = a_world(serving=f"{{{key}: code/absent.txt}}")

    outcome = world.process(job_event("j1"))

    assert outcome.outcome == "rejected"
    assert f"code/absent.txt: the policy names it as serving.{key}" in outcome.reasons[0]
    assert world.registry.versions == {}


def test_files_that_are_there_are_no_matter() -> None:
    world = a_world(serving="{script: score.txt, sample_input: 'azureml:rows:1', cpu: 2}")

    assert world.process(job_event("j1")).outcome == "registered"


def test_the_version_and_the_record_say_what_the_policy_says() -> None:
    world = a_world(framework="{name: onnx, version: '1.19'}", serving="{script: score.txt, memory_gb: 0.5}")

    outcome = world.process(job_event("j1"))

    said = {
        "framework.name": "onnx",
        "framework.version": "1.19",
        "serving.script": "score.txt",
        "serving.memory_gb": "0.5",
    }
    assert said.items() <= dict(world.registry.versions["churn", 1].properties).items()
    assert world.ledger.decision("churn", str(outcome.decision))["candidate"]["properties"] == said


def test_the_flavors_of_an_mlflow_model_are_taken_from_its_mlmodel() -> None:
    assert mlmodel.flavors(Memory(MLMODEL, "MLmodel")) == {
        "python_function": {"loader_module": "mlflow.sklearn", "env": '{"conda": "conda.yaml"}'},
        "sklearn": {"sklearn_version": "1.7.2", "pickled_model": "model.pkl"},
    }


@pytest.mark.parametrize(
    "text", [b"flavors: [1", b"flavors: 7\n", b"", b"- 1\n", b"flavors: {a: [}\n", b"\xff\xfe\x00"]
)
def test_a_broken_mlmodel_has_none(text: bytes) -> None:
    assert mlmodel.flavors(Memory(text, "MLmodel")) == {}


def test_a_hostile_mlmodel_has_few_and_short_ones() -> None:
    entries = "".join(f"    key{number}: {'x' * 900}\n" for number in range(99))
    text = "flavors:\n" + "".join(f"  flavor{number}:\n{entries}" for number in range(5))

    found = mlmodel.flavors(Memory(text.encode(), "MLmodel"))

    sizes = {len(value) for flavor in found.values() for value in flavor.values()}
    assert (len(found), {len(flavor) for flavor in found.values()}, sizes) == (5, {50}, {250})


def test_the_record_says_the_flavors_that_the_version_was_registered_with() -> None:
    world = a_world()
    world.job("j2", files={"MLmodel": MLMODEL, "model.txt": b"j2"})

    outcome = world.process(job_event("j2"))

    candidate = world.ledger.decision("churn", str(outcome.decision))["candidate"]
    assert outcome.outcome == "registered"
    assert candidate["flavors"]["sklearn"] == {"sklearn_version": "1.7.2", "pickled_model": "model.pkl"}
