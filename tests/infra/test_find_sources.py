"""Before azd provisions: what the hook finds in Azure, keeps, and refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.infra.project import ROOT
from tests.infra.stage import GROUP, REFUSALS

if TYPE_CHECKING:
    from tests.infra.stage import Stage

WORKSPACE = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/ws"
STORAGE = f"{GROUP}/Microsoft.Storage/storageAccounts/wsstorage"
DROPS = f"{GROUP}/Microsoft.Storage/storageAccounts/drops"
TOPICS = "/subscriptions/s/resourceGroups/rg-hub/providers/Microsoft.EventGrid/systemTopics"
MINE = f"{GROUP}/Microsoft.EventGrid/systemTopics/mine"


def topic(source: str, **said: Any) -> dict[str, Any]:
    name = said.pop("name", "theirs")
    found = {"id": f"{TOPICS}/{name}", "name": name, "resourceGroup": "rg-hub", "source": source, "tags": None}
    return {**found, "identity": {"type": "SystemAssigned"}, **said}


def answers(*topics: dict[str, Any]) -> dict[str, list[Any]]:
    workspace = {"properties": {"storageAccount": STORAGE, "workspaceId": "8e7d"}}
    return {"resource show": [workspace], "system-topic list": [list(topics)]}


def dropped(*accounts: str, container: str = "incoming") -> str:
    return json.dumps([{"id": account, "containers": [{"name": container}]} for account in accounts])


def test_what_the_workspace_says_is_kept(stage: Stage) -> None:
    done = stage.run("find_sources.py", answers(), REGISTRAR_WORKSPACE=WORKSPACE)

    assert (done.returncode, done.stderr) == (0, "")
    assert stage.kept == {"REGISTRAR_WORKSPACE_STORAGE": STORAGE}


def test_another_workspace_brings_its_own_storage_account(stage: Stage) -> None:
    before = {"REGISTRAR_WORKSPACE_STORAGE": f"{GROUP}/Microsoft.Storage/storageAccounts/ofanother"}

    done = stage.run("find_sources.py", answers(), REGISTRAR_WORKSPACE=WORKSPACE, **before)

    assert (done.returncode, stage.kept) == (0, {"REGISTRAR_WORKSPACE_STORAGE": STORAGE})


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
        ({}, [], "REGISTRAR_WORKSPACE is not set, and has to name a resource by its id: /subscriptions/"),
        ({"REGISTRAR_WORKSPACE": "ml-team"}, [], "REGISTRAR_WORKSPACE is ml-team, and has to name a resource"),
        ({"REGISTRAR_WORKSPACE": WORKSPACE}, [topic(WORKSPACE, identity=None)], "--identity SystemAssigned"),
        ({"REGISTRAR_WORKSPACE": WORKSPACE, "REGISTRAR_DROPS": "[{"}, [], "REGISTRAR_DROPS is not JSON"),
        *(
            ({"REGISTRAR_WORKSPACE": WORKSPACE, "REGISTRAR_DROPS": drops}, [], "REGISTRAR_DROPS must be a list like")
            for drops in ('["a"]', '[{"id": 1}]', '[{"id": "x"}]', '[{"id": "x", "containers": ["drops"]}]', "{}")
        ),
        (
            {"REGISTRAR_WORKSPACE": WORKSPACE, "REGISTRAR_DROPS": '[{"id": "drops", "containers": []}]'},
            [],
            "REGISTRAR_DROPS is drops, and has to name a resource by its id",
        ),
        (
            {"REGISTRAR_WORKSPACE": WORKSPACE, "REGISTRAR_DROPS": dropped(DROPS, DROPS.upper())},
            [],
            "more than once: put its containers into one entry",
        ),
        (
            {"REGISTRAR_WORKSPACE": WORKSPACE, "REGISTRAR_DROPS": dropped(STORAGE, container="azureml-blobstore-8e7d")},
            [],
            "let drops arrive in another container",
        ),
        (
            {"REGISTRAR_WORKSPACE": WORKSPACE, "REGISTRAR_WORKSPACE_TOPIC": "topic"},
            [],
            "REGISTRAR_WORKSPACE_TOPIC is topic, and has to name a resource",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    stage: Stage, environment: dict[str, str], found: list[Any], says: str
) -> None:
    done = stage.run("find_sources.py", answers(*found), **environment)

    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("group", ["rg-ml", "RG-ML"])
@pytest.mark.parametrize("subscription", [{}, {"AZURE_SUBSCRIPTION_ID": GROUP.split("/")[2]}])
def test_a_group_that_holds_a_source_is_not_deployed_into(
    stage: Stage, group: str, subscription: dict[str, str]
) -> None:
    ours = {"AZURE_RESOURCE_GROUP": group, **subscription}

    done = stage.run("find_sources.py", answers(), REGISTRAR_WORKSPACE=WORKSPACE, **ours)

    assert (done.returncode, stage.kept) == (1, {})
    assert f"AZURE_RESOURCE_GROUP is {group}, which holds ws, and azd down would delete both" in done.stderr


def test_a_group_of_the_same_name_in_another_subscription_is_another_one(stage: Stage) -> None:
    elsewhere = {"AZURE_RESOURCE_GROUP": "rg-ml", "AZURE_SUBSCRIPTION_ID": "99999999-2222-3333-4444-555555555555"}

    assert stage.run("find_sources.py", answers(), REGISTRAR_WORKSPACE=WORKSPACE, **elsewhere).returncode == 0


@pytest.mark.parametrize(("state", "status"), [("Registered", 0), ("NotRegistered", 1)])
def test_a_private_network_needs_a_provider_that_no_template_registers(stage: Stage, state: str, status: int) -> None:
    found = {**answers(), "provider show": [{"registrationState": state}]}

    done = stage.run("find_sources.py", found, REGISTRAR_WORKSPACE=WORKSPACE, REGISTRAR_PRIVATE_NETWORK="true")

    assert done.returncode == status
    assert ("az provider register --namespace Microsoft.App --wait" in done.stderr) == bool(status)


def named(answer: Any) -> tuple[dict[str, list[Any]], dict[str, str]]:
    """Answers and environment where the environment names the workspace's topic, which Azure answers so for."""
    found = {"systemTopics/mine": [answer], **answers()}
    return found, {"REGISTRAR_WORKSPACE": WORKSPACE, "REGISTRAR_WORKSPACE_TOPIC": MINE}


def test_a_topic_that_the_environment_names_is_looked_at_and_stays(stage: Stage) -> None:
    mine = {"id": MINE, "name": "mine", "properties": {"source": WORKSPACE}, "identity": {"type": "SystemAssigned"}}
    found, environment = named(mine)

    assert stage.run("find_sources.py", found, **environment).returncode == 0
    assert "REGISTRAR_WORKSPACE_TOPIC" not in stage.kept
    assert not any("system-topic list" in call for call in stage.calls)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("refused:(ResourceNotFound) The Resource was not found.", "see that the id is right"),
        ({"name": "mine", "properties": {"source": DROPS}}, f"mine is the system topic of {DROPS}, not of {WORKSPACE}"),
        ({"name": "mine", "properties": {"source": WORKSPACE}}, "mine needs an identity to keep dead letters with"),
        ([], "az answered [] where an object was to come"),
    ],
)
def test_a_topic_that_cannot_be_used_is_told_with_the_variable_that_names_it(
    stage: Stage, answer: Any, says: str
) -> None:
    found, environment = named(answer)

    done = stage.run("find_sources.py", found, **environment)

    assert done.returncode == 1
    assert says in done.stderr
    assert f"REGISTRAR_WORKSPACE_TOPIC names {MINE}" in done.stderr


def test_a_subscription_in_which_event_grid_was_never_used_has_no_topics(stage: Stage) -> None:
    refused = "refused:(MissingSubscriptionRegistration) The subscription is not registered to use Microsoft.EventGrid"

    done = stage.run("find_sources.py", {**answers(), "system-topic list": [refused]}, REGISTRAR_WORKSPACE=WORKSPACE)

    assert (done.returncode, stage.kept) == (0, {"REGISTRAR_WORKSPACE_STORAGE": STORAGE})


ODD = [
    ("refused:(ResourceGroupNotFound) Resource group 'rg-ml' could not be found.", "-> see that the id is right"),
    ("refused:(TooManyRequests) The request is being throttled.", "-> Azure asks for patience"),
    ("refused:something new", "ERROR: something new"),
    ("said:WARNING: a new version is there", "answered what is no JSON: 'WARNING: a new version is there"),
    ("said:[1]", "where an object was to come"),
    ("said:", "az answered null where an object was to come"),
    ({}, "Azure does not tell the storageAccount of the workspace"),
    ({"properties": None}, "Azure does not tell the storageAccount of the workspace"),
    ({"properties": []}, "Azure does not tell the storageAccount of the workspace"),
    ({"properties": "x"}, "where an object was to come"),
]


@pytest.mark.parametrize(("answer", "says"), [*REFUSALS, *ODD])
def test_whatever_az_answers_it_is_said_what_to_do(stage: Stage, answer: Any, says: str) -> None:
    done = stage.run("find_sources.py", {"resource show": [answer]}, REGISTRAR_WORKSPACE=WORKSPACE)

    assert (done.returncode, stage.kept) == (1, {})
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_az_is_not_waited_for_for_ever() -> None:
    asked = "from azure_cli import *\ntry: run('sleep', '60', seconds=0.1)\nexcept CliError as late: print(late)"

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT / "tools")

    assert done.stdout.startswith("sleep 60\ndid not answer in 0 s: try it by hand")


def test_a_program_that_is_not_there_is_named(stage: Stage) -> None:
    done = stage.run("find_sources.py", answers(), REGISTRAR_WORKSPACE=WORKSPACE, PATH=os.devnull)

    assert (done.returncode, "az is not on the PATH" in done.stderr) == (1, True)
