"""`registrar doctor` against the sandbox: all is well, and with each right taken away in turn, that right is named."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient
from typer.testing import CliRunner

from registration import cli
from registration.access import CALLS, GRANTS, Who
from registration.doctor.app import FUNCTIONS
from registration.errors import InputError
from sandbox import names
from sandbox.denials import Because
from sandbox.event_grid import DEAD_LETTERS, DROP_TOPIC, JOB_TOPIC, WORK_QUEUE, to_queue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import TokenCredential

    from sandbox.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
STATE, DROPS = names.blob_host(names.STATE_ACCOUNT), names.blob_host(names.DROP_ACCOUNT)
OUTPUTS, QUEUES = names.blob_host(names.WORKSPACE_ACCOUNT), names.queue_host(names.STATE_ACCOUNT)
NOT_TRIED = {"hostBlobs", "hostQueues", "hostTables", "telemetry"}  # an app without these does not run at all
# What the app needs, by the name of the grant: what is denied then, and the checks that fail.
RIGHTS = {
    "ledgerReads": (STATE, "GET /registrar-decisions", {"ledger.registrar-decisions.read"}),
    "ledgerWrites": (STATE, "PUT /registrar-state", {"ledger.registrar-state.write"}),
    "policyReads": (STATE, "GET /registrar-policies", {"policy", "policy.read", "drops"}),
    "work": (QUEUES, "DELETE /registrar-work/", {"queue.registrar-work.take"}),
    "poison": (QUEUES, "POST /registrar-work-poison/", {"queue.registrar-work-poison.send"}),
    "outcomeEvents": (names.TOPIC_HOST, "POST", {"outcomes.send"}),
    "registry": (names.ARM_HOST, "PUT .*/versions/1", {"workspace.register"}),
    "shared": (names.REGISTRY_HOST, "POST .*/import", {f"shared.{names.REGISTRY}.copy"}),
    "outputReads": (OUTPUTS, "GET /azureml\\?", {"outputs.azureml.read"}),
    "copyWrites": (OUTPUTS, "PUT .*/registrar/", {"copies.write"}),
    "dropReads": (DROPS, "GET .*vendor-a", {"drops.sandboxdrops.incoming/vendor-a.read"}),
    "receipts": (DROPS, "PUT .*partner.*receipt.json", {"drops.sandboxdrops.incoming/partner-vision.receipt"}),
}


@pytest.fixture(autouse=True)
def as_deployed(sandbox: Sandbox) -> Iterator[None]:
    """Leave everything as it was."""
    yield
    sandbox.allow_all()
    sandbox.event_grid.deploy()
    sandbox.app.functions[:] = sorted(FUNCTIONS)


def looked(*options: str, status: int, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """The checks that a run of the command made, by name."""
    given = {"REGISTRAR_APP_ID": names.APP_ID, **(environment or {})}
    done = CliRunner().invoke(cli.app, ["doctor", "--json", *options], env=given)
    assert done.exit_code == status, done.output
    checks = json.loads(done.stdout)["checks"]
    found = {check["name"]: check for check in checks}
    assert len(found) == len(checks)
    return found


def not_well(checks: dict[str, Any]) -> set[str]:
    """The checks that are neither well nor about cases that published policies do not have."""
    return {name for name, check in checks.items() if check["state"] != "ok" and name != "policy.cases"}


def everything(sandbox: Sandbox, credential: TokenCredential) -> object:
    """All that the doctor could have changed."""
    blobs = []
    for account in names.CONTAINERS:
        with BlobServiceClient(f"https://{names.blob_host(account)}", credential) as service:
            for container in service.list_containers():
                with service.get_container_client(container.name) as client:
                    blobs += [(account, container.name, blob.name, blob.etag) for blob in client.list_blobs()]
    with QueueServiceClient(f"https://{QUEUES}", credential=credential) as service:
        queues = {
            queue.name: service.get_queue_client(queue.name).get_queue_properties().approximate_message_count
            for queue in service.list_queues()
        }
    models = [(model.name, model.latest) for model in sandbox.workspace.models.containers()]
    return blobs, queues, models, len(sandbox.topic.events)


def test_a_whole_installation_is_well_and_looking_changes_nothing(
    sandbox: Sandbox, credential: TokenCredential
) -> None:
    before = everything(sandbox, credential)

    checks = looked(status=0)

    assert not_well(checks) == set()
    assert everything(sandbox, credential) == before


def test_every_check_is_documented(sandbox: Sandbox) -> None:
    page = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8").partition("## What is looked at")[2]
    written = [name for row in re.findall(r"^\| (`.*`) \|", page, re.MULTILINE) for name in re.findall("`(.+?)`", row)]
    patterns = [re.sub("[A-Z]+", ".+", re.escape(name)) for name in written]
    sandbox.deny(names.ARM_HOST, "GET .*Microsoft.EventGrid")

    found = (
        looked(status=0).keys()
        | looked(status=1, environment={"REGISTRAR_DROP_ACCOUNTS": "", "REGISTRAR_APP_ID": ""}).keys()
    )

    assert not [name for name in found if not any(re.fullmatch(pattern, name) for pattern in patterns)]


def test_every_call_of_the_app_to_azure_ml_is_tried(sandbox: Sandbox) -> None:
    sandbox.faults.requests.clear()

    looked(status=0)

    asked = {f"{method} {path}" for method, _, path in sandbox.faults.requests}
    missing = [call for call in CALLS if not any(_is(call.method, call.path, one) for one in asked)]
    assert not missing


def _is(method: str, path: str, asked: str) -> bool:
    return re.fullmatch(f"{method} .*/workspaces/{names.WORKSPACE}{path}", asked) is not None


def test_every_right_of_the_app_is_tried() -> None:
    assert RIGHTS.keys() | NOT_TRIED == {one.name for one in GRANTS if one.who is Who.APP}


def policies_that_need(right: str, folder: Path) -> dict[str, str]:
    """Where policies are from which it follows that the app needs the right."""
    if right == "shared":
        copies = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "policies").glob("*.yaml")}
        copies["wine.yaml"] += f"    then: {{pass: [promote, {{share: {names.REGISTRY}}}]}}\n"
        for name, text in copies.items():
            (folder / name).write_text(text, encoding="utf-8")
        return {"REGISTRAR_POLICY": str(folder)}
    return {"REGISTRAR_POLICY": f"https://{STATE}/registrar-policies"} if right == "policyReads" else {}


@pytest.mark.parametrize("right", RIGHTS)
def test_a_right_that_is_missing_is_named_with_role_scope_and_command(
    sandbox: Sandbox, right: str, tmp_path: Path
) -> None:
    [grant] = [one for one in GRANTS if one.name == right]
    host, request, failing = RIGHTS[right]
    sandbox.deny(host, request)

    checks = looked("--app", "", status=1, environment=policies_that_need(right, tmp_path))

    tried = [check for name, check in checks.items() if name in failing and check["commands"]]
    assert not_well(checks) == failing | {"app.functions"}
    assert any(grant.role.name in check["next"] for check in tried)
    assert any("az role assignment create" in command for check in tried for command in check["commands"])


def test_a_closed_network_is_not_taken_for_a_missing_role(sandbox: Sandbox) -> None:
    sandbox.deny(QUEUES, "", because=Because.NETWORK)

    checks = looked(status=1)

    assert not_well(checks) == {name for name in checks if name.startswith("queue.")}
    assert all("lets nobody in from here" in checks[name]["seen"] for name in not_well(checks))


def test_a_container_that_is_not_there_is_named_with_the_command_that_makes_it() -> None:
    elsewhere = {"REGISTRAR_STORAGE__blobServiceUri": f"https://{DROPS}", "REGISTRAR_APP_ID": ""}

    checks = looked(status=1, environment=elsewhere)

    assert checks["ledger.registrar-state.read"]["commands"] == [
        "az storage container create --name registrar-state --account-name sandboxdrops --auth-mode login"
    ]


def test_a_host_that_nobody_reaches_is_said_to_be_silent() -> None:
    nowhere = {"REGISTRAR_STORAGE__queueServiceUri": "https://nowhere.queue.core.invalid", "REGISTRAR_APP_ID": ""}

    checks = looked(status=1, environment=nowhere)

    assert "nowhere.queue.core.invalid did not answer" in checks["queue.registrar-work.send"]["seen"]


def test_a_service_that_is_busy_is_said_to_be(sandbox: Sandbox) -> None:
    sandbox.workspace.fail_next("GET", "(?i)/jobs$", 429, headers={"Retry-After": "600"})
    sandbox.workspace.fail_next("GET", "(?i)/systemTopics$", 429, headers={"Retry-After": "600"}, times=2)

    checks = looked(status=1)

    assert "answered 429" in checks["workspace.jobs"]["seen"]
    assert not checks["workspace.jobs"]["commands"]


def test_settings_that_are_missing_end_the_checkup() -> None:
    checks = looked(status=1, environment={"REGISTRAR_WORKSPACE": "", "REGISTRAR_APP_ID": ""})

    assert list(checks) == ["settings"]
    assert "REGISTRAR_WORKSPACE: is required" in checks["settings"]["seen"]


def test_the_settings_of_an_app_are_read_from_azure() -> None:
    checks = looked("--app", names.APP_ID, status=0, environment={"REGISTRAR_WORKSPACE": ""})

    assert checks["settings"]["seen"] == "mode act, workspace ws-sandbox"


def test_without_the_right_to_read_them_the_settings_of_an_app_are_said_to_be_unreadable(sandbox: Sandbox) -> None:
    sandbox.deny(names.ARM_HOST, "POST .*/appsettings/list")

    checks = looked("--app", names.APP_ID, status=1)

    assert "403 AuthorizationFailed" in checks["settings"]["seen"]


@pytest.mark.parametrize("named", ["func-sandbox", ".example.org/x", f"{names.APP_ID}/functions"])
def test_an_app_is_named_by_its_resource_id_alone(named: str) -> None:
    done = CliRunner().invoke(cli.app, ["doctor", "--app", named])

    assert isinstance(done.exception, InputError)
    assert "Microsoft.Web/sites/<name>" in str(done.exception)


def test_nobody_signed_in_ends_the_checkup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")

    checks = looked("--app", "", status=1)

    assert list(checks) == ["settings", "identity"]
    assert checks["identity"]["commands"] == ["az login"]


def test_a_policy_that_cannot_be_read_fails_and_the_rest_is_looked_at(tmp_path: Any) -> None:
    (tmp_path / "broken.yaml").write_text("kind: Nothing", encoding="utf-8")

    checks = looked("--app", "", status=1, environment={"REGISTRAR_POLICY": str(tmp_path)})

    assert not_well(checks) == {"policy", "drops", "app.functions"}
    assert checks["policy"]["commands"] == [f"registrar policy check {tmp_path}"]


def test_a_workspace_without_a_topic_raises_no_events(sandbox: Sandbox) -> None:
    del sandbox.event_grid.topics[JOB_TOPIC]

    checks = looked(status=1)

    assert not_well(checks) == {"events.ws-sandbox.topic"}
    assert f"--source {names.WORKSPACE_ID}" in checks["events.ws-sandbox.topic"]["commands"][1]


def test_subscriptions_that_lead_elsewhere_are_not_ours(sandbox: Sandbox) -> None:
    for said in sandbox.event_grid.subscriptions[JOB_TOPIC].values():
        said["destination"]["properties"]["resourceId"] = f"{names.APP_ID}-2/functions/on_job_event"

    checks = looked(status=1)

    assert checks["events.ws-sandbox.subscriptions"]["seen"] == "no event subscription leads to this app"


def test_a_subscription_that_loses_events_is_named(sandbox: Sandbox) -> None:
    sandbox.event_grid.subscriptions[DROP_TOPIC]["registrar-drops"]["deadLetterWithResourceIdentity"] = None

    checks = looked(status=1)

    assert not_well(checks) == {"events.sandboxdrops.registrar-drops"}
    assert "dead-letter" in checks["events.sandboxdrops.registrar-drops"]["seen"]


def test_a_topic_that_may_not_keep_dead_letters_is_named_with_the_command(sandbox: Sandbox) -> None:
    del sandbox.event_grid.assignments[DEAD_LETTERS]

    checks = looked(status=1)

    sources = (names.WORKSPACE, names.DROP_ACCOUNT, names.WORKSPACE_ACCOUNT)
    assert not_well(checks) == {f"events.{source}.registrar-dead-letters" for source in sources}
    [command] = checks[f"events.{names.WORKSPACE}.registrar-dead-letters"]["commands"]
    assert "--role 'Storage Blob Data Contributor'" in command
    assert command.endswith(f"--scope {DEAD_LETTERS}")


def test_a_topic_that_delivers_to_the_queue_has_to_be_allowed_to(sandbox: Sandbox) -> None:
    for said in sandbox.event_grid.subscriptions[JOB_TOPIC].values():
        to_queue(said)
    assert not_well(looked(status=0)) == set()
    del sandbox.event_grid.assignments[WORK_QUEUE]

    checks = looked(status=1)

    assert not_well(checks) == {f"events.{names.WORKSPACE}.registrar-work"}


def test_a_topic_without_an_identity_cannot_keep_dead_letters(sandbox: Sandbox) -> None:
    sandbox.event_grid.topics[DROP_TOPIC]["identity"] = None

    checks = looked(status=1)

    assert "has no identity of its own" in checks[f"events.{names.DROP_ACCOUNT}.registrar-dead-letters"]["seen"]


def test_who_may_not_look_at_role_assignments_is_told_so(sandbox: Sandbox) -> None:
    sandbox.deny(names.ARM_HOST, "roleAssignments")

    checks = looked(status=0)

    assert checks[f"events.{names.WORKSPACE}.registrar-dead-letters"]["state"] == "skipped"


def test_a_type_of_event_that_nothing_lets_through_is_named(sandbox: Sandbox) -> None:
    del sandbox.event_grid.subscriptions[JOB_TOPIC]["registrar-completed"]

    checks = looked(status=1)

    assert "RunCompleted" in checks["events.ws-sandbox.types"]["seen"]


def test_a_place_that_no_subscription_hears_is_named(sandbox: Sandbox) -> None:
    wanted = sandbox.event_grid.subscriptions[DROP_TOPIC]["registrar-drops"]["filter"]
    wanted["subjectBeginsWith"] = "/blobServices/default/containers/incoming/blobs/vendor-a/"

    checks = looked(status=1)

    assert not_well(checks) == {"events.sandboxdrops.incoming/partner-vision/model.manifest.json"}


def test_who_may_not_look_at_event_grid_is_told_so_and_nothing_fails(sandbox: Sandbox) -> None:
    sandbox.deny(names.ARM_HOST, "Microsoft.EventGrid|/functions")

    checks = looked(status=0)

    assert checks["events.ws-sandbox.topic"]["state"] == "skipped"
    assert checks["app.functions"]["state"] == "skipped"


def test_topics_are_found_by_who_may_read_their_group_alone(sandbox: Sandbox) -> None:
    sandbox.deny(names.ARM_HOST, f"GET /subscriptions/{names.SUBSCRIPTION}/providers/")

    assert not_well(looked(status=0)) == set()


def test_functions_that_the_host_has_not_found_are_named(sandbox: Sandbox) -> None:
    sandbox.app.functions.remove("sweep_candidates")

    checks = looked(status=1)

    assert checks["app.functions"]["seen"] == "the host has not found sweep_candidates"


def test_a_person_sees_what_to_do_on_a_page(sandbox: Sandbox) -> None:
    sandbox.deny(STATE, "PUT")

    done = CliRunner().invoke(cli.app, ["doctor"], env={"REGISTRAR_APP_ID": ""})

    assert done.exit_code == 1
    assert "failed   ledger.registrar-state.write" in done.stdout
    assert done.stdout.count("$ az role assignment create") == 3
    assert re.search(r"^\d+ ok, 3 failed, 1 skipped$", done.stdout, re.MULTILINE)


def test_a_registry_that_is_only_compared_with_is_only_read(sandbox: Sandbox, tmp_path: Path) -> None:
    policies = policies_that_need("shared", tmp_path)
    wine = tmp_path / "wine.yaml"
    share, compare = f"    then: {{pass: [promote, {{share: {names.REGISTRY}}}]}}\n", {"registry": names.REGISTRY}
    wine.write_text(wine.read_text().replace(share, f"    compare_to: {json.dumps(compare)}\n"))
    sandbox.deny(names.REGISTRY_HOST, "(PUT|POST) ")

    checks = looked("--app", "", status=0, environment=policies)

    found = {name.removeprefix(f"shared.{names.REGISTRY}.") for name in checks if name.startswith("shared.")}
    assert found == {"find", "model", "versions", "version"}
    assert not_well(checks) == {"app.functions"}


def test_a_registry_that_leads_elsewhere_is_given_no_token(sandbox: Sandbox, tmp_path: Path) -> None:
    elsewhere = {"primaryRegionResourceProviderUri": "https://evil.example.org/"}
    sandbox.workspace.fail_next("GET", f"/registries/{names.REGISTRY}/discovery", 200, elsewhere)

    checks = looked("--app", "", status=1, environment=policies_that_need("shared", tmp_path))

    assert "where the app does not follow" in checks[f"shared.{names.REGISTRY}.place"]["seen"]
    assert "evil.example.org" not in sandbox.refused_hosts
