"""After azd deployed: the hook waits for the functions and deploys the subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.infra.project import ROOT, functions_with
from tests.infra.stage import GROUP, REFUSALS

if TYPE_CHECKING:
    from tests.infra.stage import Stage

APP = f"{GROUP}/Microsoft.Web/sites/func"


def shown(*names: str) -> dict[str, Any]:
    return {"value": [{"name": f"func/{name}"} for name in names]}


SUBSCRIBING = {
    "REGISTRAR_APP_ID": APP,
    "REGISTRAR_DELIVERY": "function",
    "REGISTRAR_TOKEN": "abc",
    "AZURE_LOCATION": "westeurope",
    "AZURE_SUBSCRIPTION_ID": "11111111-2222-3333-4444-555555555555",
}


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


@pytest.mark.parametrize(
    "answer", ["refused:(BadGateway) Encountered an error from host runtime.", "said:not yet", "said:"]
)
def test_a_host_that_does_not_look_again_may_have_found_them_already(stage: Stage, answer: str) -> None:
    found: dict[str, list[Any]] = {
        "/host/default/sync": [answer],
        "/functions?": [shown(*functions_with("eventGridTrigger"))],
    }

    assert stage.run("subscribe.py", found, **SUBSCRIBING).returncode == 0


@pytest.mark.parametrize("answer", [[], {"value": None}, {"value": ["on_job_event"]}, {"value": [{"id": 1}]}])
def test_an_odd_list_of_functions_shows_none(stage: Stage, answer: Any) -> None:
    done = stage.run("subscribe.py", {"/functions?": [answer]}, REGISTRAR_WAIT_SECONDS="0", **SUBSCRIBING)

    assert done.returncode == 1
    assert "Azure does not show on_drop_event, on_job_event" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("answer", "says"), REFUSALS)
def test_waiting_ends_at_once_where_it_does_not_help(stage: Stage, answer: str, says: str) -> None:
    done = stage.run("subscribe.py", {"az rest": [answer]}, REGISTRAR_WAIT_SECONDS="600", **SUBSCRIBING)

    assert (done.returncode, len(stage.calls)) == (1, 1)
    assert says in done.stderr


def test_a_wait_that_is_no_number_is_refused(stage: Stage) -> None:
    done = stage.run("subscribe.py", {}, REGISTRAR_WAIT_SECONDS="a while", **SUBSCRIBING)

    assert (done.returncode, "azd env set REGISTRAR_WAIT_SECONDS 300" in done.stderr) == (1, True)


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


@pytest.mark.parametrize("said", ["download Bicep CLI: timed out", "retrieve the latest Bicep version: HTTP 403."])
def test_where_az_cannot_load_its_bicep_it_is_said_how_it_gets_one(stage: Stage, said: str) -> None:
    refused: dict[str, list[Any]] = {"deployment sub": [f"refused:Error while attempting to {said}"]}

    done = stage.run("subscribe.py", refused, **{**SUBSCRIBING, "REGISTRAR_DELIVERY": "queue"})

    assert (done.returncode, "-> az loads Bicep from GitHub" in done.stderr) == (1, True)


def test_a_hook_that_runs_before_its_time_says_so(stage: Stage) -> None:
    done = stage.run("subscribe.py", {})

    assert (done.returncode, "REGISTRAR_APP_ID is not set; run azd provision" in done.stderr) == (1, True)
