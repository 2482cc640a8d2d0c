"""The hooks of azd as azd runs them: programs that call `az` and `azd`, which stand-ins answer here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.infra.project import ROOT, functions_with

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-ml/providers"
WORKSPACE = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/ws"
STORAGE = f"{GROUP}/Microsoft.Storage/storageAccounts/wsstorage"
DROPS = f"{GROUP}/Microsoft.Storage/storageAccounts/drops"
TOPICS = "/subscriptions/s/resourceGroups/rg-hub/providers/Microsoft.EventGrid/systemTopics"
APP = f"{GROUP}/Microsoft.Web/sites/func"

# Answers with what the first key that its arguments contain stands for, once for each in a list; writes down its calls.
STAND_IN = """\
#!{python}
import json, pathlib, sys
here = pathlib.Path(__file__).parent
call = " ".join([pathlib.Path(__file__).name, *sys.argv[1:]])
with (here / "calls").open("a") as calls:
    calls.write(call + "\\n")
answers = json.loads((here / "answers").read_text())
for key, waiting in answers.items():
    if key in call:
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        (here / "answers").write_text(json.dumps(answers))
        if answer == "refused":
            sys.exit("ERROR: refused")
        print(json.dumps(answer))
        break
"""


@dataclass(frozen=True)
class Stage:
    """A folder with stand-ins of `az` and `azd`."""

    path: Path

    def run(self, hook: str, answers: dict[str, list[Any]], **environment: str) -> subprocess.CompletedProcess[str]:
        """The hook with these answers, and nothing else in the environment."""
        for name in ("az", "azd"):
            program = self.path / name
            program.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
            program.chmod(0o755)
        (self.path / "answers").write_text(json.dumps(answers), encoding="utf-8")
        command = [sys.executable, str(ROOT / "tools" / hook)]
        surroundings = {"PATH": str(self.path), "AZURE_ENV_NAME": "ours", **environment}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings, cwd=self.path)

    @property
    def calls(self) -> list[str]:
        """What the stand-ins were called with."""
        return (self.path / "calls").read_text(encoding="utf-8").splitlines()

    @property
    def kept(self) -> dict[str, str]:
        """What the azd environment was told."""
        told = (call.split(" ", 4) for call in self.calls if call.startswith("azd env set "))
        return {name: value for *_, name, value in told}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def topic(source: str, **said: Any) -> dict[str, Any]:
    name = said.pop("name", "theirs")
    found = {"id": f"{TOPICS}/{name}", "name": name, "resourceGroup": "rg-hub", "source": source, "tags": None}
    return {**found, "identity": {"type": "SystemAssigned"}, **said}


def answers(*topics: dict[str, Any]) -> dict[str, list[Any]]:
    return {"resource show": [{"properties": {"storageAccount": STORAGE}}], "system-topic list": [list(topics)]}


def shown(*names: str) -> dict[str, Any]:
    return {"value": [{"name": f"func/{name}"} for name in names]}


SUBSCRIBING = {
    "REGISTRAR_APP_ID": APP,
    "REGISTRAR_DELIVERY": "function",
    "REGISTRAR_TOKEN": "abc",
    "AZURE_LOCATION": "westeurope",
    "AZURE_SUBSCRIPTION_ID": "11111111-2222-3333-4444-555555555555",
}


def test_what_the_workspace_says_is_kept(stage: Stage) -> None:
    done = stage.run("find_sources.py", answers(), REGISTRAR_WORKSPACE=WORKSPACE)

    assert (done.returncode, done.stderr) == (0, "")
    assert stage.kept == {"REGISTRAR_WORKSPACE_STORAGE": STORAGE}


def test_topics_that_sources_have_are_kept(stage: Stage) -> None:
    drops = json.dumps([{"id": DROPS, "containers": [{"name": "incoming"}]}])
    found = answers(topic(WORKSPACE.upper()), topic(DROPS, name="of-drops"))

    done = stage.run("find_sources.py", found, REGISTRAR_WORKSPACE=WORKSPACE, REGISTRAR_DROPS=drops)

    assert done.returncode == 0
    assert stage.kept["REGISTRAR_WORKSPACE_TOPIC"] == f"{TOPICS}/theirs"
    assert json.loads(stage.kept["REGISTRAR_DROPS"])[0]["systemTopic"] == f"{TOPICS}/of-drops"


def test_a_topic_that_an_earlier_deployment_made_is_made_again(stage: Stage) -> None:
    ours = topic(WORKSPACE, name="evgs-registrar-abc", tags={"azd-env-name": "ours"})

    done = stage.run("find_sources.py", answers(ours), REGISTRAR_WORKSPACE=WORKSPACE)

    assert done.returncode == 0
    assert "REGISTRAR_WORKSPACE_TOPIC" not in stage.kept


def test_nothing_is_asked_of_azure_that_changes_it(stage: Stage) -> None:
    stage.run("find_sources.py", answers(), REGISTRAR_WORKSPACE=WORKSPACE, REGISTRAR_HEAR_OUTPUTS="true")

    assert all(" show " in call or " list " in call for call in stage.calls if call.startswith("az "))


@pytest.mark.parametrize(
    ("environment", "found", "says"),
    [
        ({}, [], "azd env set REGISTRAR_WORKSPACE /subscriptions/"),
        ({"REGISTRAR_WORKSPACE": WORKSPACE}, [topic(WORKSPACE, identity=None)], "--identity SystemAssigned"),
        ({"REGISTRAR_WORKSPACE": WORKSPACE, "REGISTRAR_DROPS": "[{"}, [], "REGISTRAR_DROPS is not JSON"),
        ({"REGISTRAR_WORKSPACE": WORKSPACE, "REGISTRAR_DROPS": '["a"]'}, [], "REGISTRAR_DROPS must be a list like"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    stage: Stage, environment: dict[str, str], found: list[Any], says: str
) -> None:
    done = stage.run("find_sources.py", answers(*found), **environment)

    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_program_that_is_not_there_is_named(stage: Stage) -> None:
    done = stage.run("find_sources.py", answers(), REGISTRAR_WORKSPACE=WORKSPACE, PATH=os.devnull)

    assert (done.returncode, "az is not on the PATH" in done.stderr) == (1, True)


def test_subscriptions_are_deployed_when_the_functions_are_there(stage: Stage) -> None:
    done = stage.run("subscribe.py", {"/functions?": [shown(*functions_with("eventGridTrigger"))]}, **SUBSCRIBING)

    assert done.returncode == 0
    assert stage.calls[-1].startswith("az deployment sub create --name registrar-events-abc --location westeurope")
    assert stage.calls[-1].partition("--parameters ")[2].startswith(str(ROOT / "infra" / "events.bicepparam"))


def test_functions_that_come_late_are_waited_for(stage: Stage) -> None:
    late = ["refused", shown("WarmUp"), shown("on_job_event"), shown(*functions_with("eventGridTrigger"))]

    done = stage.run("subscribe.py", {"/functions?": late}, REGISTRAR_WAIT_SECONDS="6", **SUBSCRIBING)

    assert (done.returncode, done.stderr) == (0, "")
    assert "waiting for on_drop_event, on_job_event" in done.stdout


def test_functions_that_never_come_end_the_wait(stage: Stage) -> None:
    never = {"/functions?": [shown("on_job_event")]}

    done = stage.run("subscribe.py", never, REGISTRAR_WAIT_SECONDS="0.2", **SUBSCRIBING)

    assert done.returncode == 1
    assert "Azure does not show on_drop_event" in done.stderr
    assert "azd hooks run postdeploy" in done.stderr
    assert not any("deployment" in call for call in stage.calls)


def test_delivery_to_the_queue_waits_for_no_function(stage: Stage) -> None:
    done = stage.run("subscribe.py", {}, **{**SUBSCRIBING, "REGISTRAR_DELIVERY": "queue"})

    assert done.returncode == 0
    assert [call.split()[1] for call in stage.calls] == ["deployment"]


def test_a_deployment_that_is_refused_is_told(stage: Stage) -> None:
    answered: dict[str, list[Any]] = {
        "/functions?": [shown(*functions_with("eventGridTrigger"))],
        "deployment sub": ["refused"],
    }

    done = stage.run("subscribe.py", answered, **SUBSCRIBING)

    assert (done.returncode, "ERROR: refused" in done.stderr) == (1, True)


def test_a_hook_that_runs_before_its_time_says_so(stage: Stage) -> None:
    done = stage.run("subscribe.py", {})

    assert (done.returncode, "REGISTRAR_APP_ID is not set; run azd provision" in done.stderr) == (1, True)
