"""Settings: what is missing or wrong is named by its environment variable, all of it at once."""

from __future__ import annotations

import pytest

from registration import settings
from registration.errors import SettingsError
from tests.world import DROP_ACCOUNT, OUTPUT_ACCOUNT, WORKSPACE

LEAST = {
    "REGISTRAR_WORKSPACE": WORKSPACE,
    "REGISTRAR_STORAGE__blobServiceUri": "https://state.blob.core.windows.net/",
    "REGISTRAR_STORAGE__queueServiceUri": "https://state.queue.core.windows.net",
}


def named(environment: dict[str, str]) -> list[str]:
    """The variables that the error names."""
    with pytest.raises(SettingsError) as wrong:
        settings.from_environment(environment)
    return [problem.path for problem in wrong.value.problems]


def test_what_may_be_left_out_has_a_default() -> None:
    found = settings.from_environment(LEAST)

    assert (found.policy, found.champion_stage, found.outcome_topic) == ("policies", "Production", None)
    assert found.account_ids == frozenset()


def test_every_missing_variable_is_named() -> None:
    assert named({}) == list(LEAST)


def test_an_empty_variable_is_a_missing_one() -> None:
    assert named(LEAST | {"REGISTRAR_WORKSPACE": ""}) == ["REGISTRAR_WORKSPACE"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REGISTRAR_WORKSPACE", "ml-Prod"),
        ("REGISTRAR_WORKSPACE", WORKSPACE + "/jobs/j1"),
        ("REGISTRAR_STORAGE__blobServiceUri", "http://state.blob.core.windows.net"),
        ("REGISTRAR_STORAGE__blobServiceUri", "https://state.blob.core.windows.net/?sv=2026&sig=abc"),
        ("REGISTRAR_STORAGE__queueServiceUri", "state"),
        ("REGISTRAR_OUTCOME_TOPIC", "topic"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    assert named(LEAST | {name: value}) == [name]


def test_a_key_given_where_an_endpoint_belongs_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as wrong:
        settings.from_environment(LEAST | {"REGISTRAR_OUTCOME_TOPIC": "https://t.example/?sig=c2VjcmV0"})

    assert "c2VjcmV0" not in str(wrong.value)


def test_the_account_that_is_wrong_in_a_list_is_named_by_its_place() -> None:
    assert named(LEAST | {"REGISTRAR_DROP_ACCOUNTS": f"{DROP_ACCOUNT},drops"}) == ["REGISTRAR_DROP_ACCOUNTS[1]"]


def test_accounts_are_compared_in_lower_case() -> None:
    found = settings.from_environment(LEAST | {"REGISTRAR_DROP_ACCOUNTS": f" {DROP_ACCOUNT} , {OUTPUT_ACCOUNT},"})

    assert found.account_ids == {DROP_ACCOUNT.lower(), OUTPUT_ACCOUNT.lower()}


def test_the_workspace_is_compared_in_lower_case_and_called_as_it_is_written() -> None:
    found = settings.from_environment(LEAST)

    assert found.workspace_id == WORKSPACE.lower()
    assert (found.workspace_parts.id, found.workspace_parts.name) == (WORKSPACE, "ml-Prod")
    assert found.workspace_parts.group == "rg-Models"


@pytest.mark.parametrize("suffix", ["core.windows.net", "core.chinacloudapi.cn"])
def test_the_cloud_is_that_of_the_ledger(suffix: str) -> None:
    found = settings.from_environment(LEAST | {"REGISTRAR_STORAGE__blobServiceUri": f"https://state.blob.{suffix}"})

    assert found.storage_suffix == suffix


def test_variables_of_others_are_left_alone() -> None:
    assert settings.from_environment(LEAST | {"REGISTRAR_UNKNOWN": "1", "PATH": "/"})
