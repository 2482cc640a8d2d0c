"""What an answer to a probe says, for each way in which Azure answers."""

from __future__ import annotations

import pytest

from registration.doctor import remedy, storage
from registration.doctor.check import State
from registration.doctor.identity import Identity
from registration.doctor.patient import grant
from registration.doctor.probe import Absence, Probe, judge
from registration.doctor.remedy import Need
from registration.doctor.wire import Answer, Ask

APP = Identity("object-1", "tenant-1", "client-1", is_person=False)
PERSON = Identity("object-2", "tenant-1", "ann@example.org", is_person=True)
ASK = Ask("GET", "https://acc.blob.core.windows.net/box")
NEED = Need(grant("dropReads"), remedy.container("acc", "box"))
PROBE = Probe("drops.acc.box", "read box", ASK, frozenset({200}), NEED, Absence("Make it.", ("az make it",)))
AZURE_ML = Probe("workspace.jobs", "list jobs", Ask("GET", "https://management.azure.com/x"), frozenset({200}))
NO_ROLE = "The client 'c' does not have authorization to perform action 'Some.Thing/jobs/read' over scope '/x'."


def test_an_expected_status_shows_the_right() -> None:
    check = judge(PROBE, Answer(200), APP)

    assert (check.state, check.seen) == (State.OK, "may read box")


def test_a_missing_role_is_named_with_its_scope_and_the_command() -> None:
    check = judge(PROBE, Answer(403, "AuthorizationPermissionMismatch"), APP)

    assert check.state is State.FAILED
    assert check.seen == "may not read box: 403 AuthorizationPermissionMismatch"
    assert check.next.startswith("Give it Storage Blob Data Reader on container box of acc.")
    [command] = check.commands
    assert command == (
        "az role assignment create --assignee-object-id object-1 --assignee-principal-type ServicePrincipal "
        "--role 'Storage Blob Data Reader' "
        '--scope "$(az storage account show --name acc --query id --output tsv)"/blobServices/default/containers/box'
    )


def test_a_right_that_a_person_lacks_is_a_warning_and_says_whose_it_is() -> None:
    check = judge(PROBE, Answer(403, "AuthorizationPermissionMismatch"), PERSON)

    assert check.state is State.WARNING
    assert check.next.startswith("The app needs Storage Blob Data Reader on container box of acc;")
    assert "--assignee-object-id object-2 --assignee-principal-type User" in check.commands[0]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AuthorizationFailure", "This request is not authorized to perform this operation."),
        ("Forbidden", "Public network access is disabled for this topic."),
        ("UserError", "The workspace is behind a private endpoint and your IP address is not allowed."),
    ],
)
@pytest.mark.parametrize("identity", [APP, PERSON])
def test_a_refusal_of_the_network_asks_for_no_role(code: str, said: str, identity: Identity) -> None:
    check = judge(PROBE, Answer(403, code, said), identity)

    assert check.state is State.FAILED
    assert "acc.blob.core.windows.net lets nobody in from here" in check.seen
    assert check.commands == ("az storage account network-rule list --account-name acc",)


def test_the_resource_manager_says_which_action_is_missing() -> None:
    check = judge(AZURE_ML, Answer(403, "AuthorizationFailed", NO_ROLE), APP)

    assert check.seen == "may not list jobs: 403 AuthorizationFailed, action Some.Thing/jobs/read"


def test_a_401_is_about_the_tenant() -> None:
    check = judge(PROBE, Answer(401, "InvalidAuthenticationInfo"), PERSON)

    assert check.state is State.FAILED
    assert "The token is of tenant tenant-1" in check.next
    assert check.commands == ("az login --tenant TENANT",)


def test_a_401_that_speaks_of_a_permission_is_about_a_role() -> None:
    check = judge(PROBE, Answer(401, "Unauthorized", "The principal does not have permission to send data"), APP)

    assert check.next.startswith("Give it Storage Blob Data Reader")


def test_what_is_not_there_comes_with_the_command_that_makes_it() -> None:
    check = judge(PROBE, Answer(404, "ContainerNotFound"), APP)

    assert (check.state, check.next, check.commands) == (State.FAILED, "Make it.", ("az make it",))


@pytest.mark.parametrize("code", ["ContainerNotFound", "QueueNotFound"])
def test_a_missing_place_is_never_taken_for_the_404_that_was_expected(code: str) -> None:
    place = {"endpoint": "https://acc.queue.core.windows.net", "queue": "q", "grant": grant("work")}
    probe = storage.take("queue.q.take", **place)  # type: ignore[arg-type]  # the names are its own

    assert judge(probe, Answer(404, "MessageNotFound"), APP).state is State.OK
    assert judge(probe, Answer(404, code), APP).state is State.FAILED


def test_silence_is_about_names_and_networks() -> None:
    check = judge(PROBE, Answer(None, said="Name or service not known"), APP)

    assert check.state is State.FAILED
    assert check.seen == "cannot read box: acc.blob.core.windows.net did not answer: Name or service not known"
    assert check.commands == ("nslookup acc.blob.core.windows.net",)


def test_without_a_token_nothing_is_said_of_the_network() -> None:
    check = judge(PROBE, Answer(None, said="no identity here", has_token=False), APP)

    assert (check.seen, check.commands) == ("no token for acc.blob.core.windows.net: no identity here", ("az login",))


def test_a_service_that_asks_for_patience_is_not_taken_for_silent() -> None:
    check = judge(AZURE_ML, Answer(429, said="management.azure.com answered 429 and asks for 60 seconds"), APP)

    assert check.seen.endswith("answered 429: management.azure.com answered 429 and asks for 60 seconds")
    assert (check.next, check.commands) == ("Try again later; if it stays, the answer says what is wrong.", ())


def test_any_other_answer_is_said_as_it_came() -> None:
    check = judge(PROBE, Answer(500, "InternalError", "Server encountered an internal error."), APP)

    assert check.seen.endswith("answered 500 InternalError: Server encountered an internal error.")
