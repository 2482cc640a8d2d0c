"""Targets: what people name on the command line, told apart and kept letter for letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.artifacts.store import Location
from registration.assets import Asset
from registration.errors import InputError
from registration.target import BlobUrl, LocalPath, parse_target
from registration.uris import DatastoreUri, JobOutputUri

ARM = "/subscriptions/1b0d2c3e/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ml"
URIS = {
    "azureml://jobs/J/outputs/model/paths/a b": JobOutputUri,
    "runs:/J/model": JobOutputUri,
    "azureml://datastores/d/paths/x": DatastoreUri,
    "azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.J": DatastoreUri,
    "azureml://subscriptions/s/resourcegroups/r/workspaces/w/datastores/d/paths/x": DatastoreUri,
    "azureml:churn:7": Asset,
    "azureml://registries/shared/models/churn/versions/7": Asset,
    "azureml://subscriptions/s/resourceGroups/r/workspaces/w/models/churn/versions/7": Asset,
    f"{ARM}/models/churn/versions/7": Asset,
    f"azureml:{ARM}/models/churn/versions/7": Asset,
}
HERE = [
    "model.pt",
    "./model.pt",
    "../m",
    "/mnt/models",
    "C:\\models\\m.pt",
    "models/azureml:churn:7",
    "./azureml:x:1",
    "-",
]


@pytest.mark.parametrize(("text", "kind"), URIS.items())
def test_every_uri_of_azure_ml_is_told_from_a_path(text: str, kind: type) -> None:
    found = parse_target(text)

    assert (type(found), str(found)) == (kind, text)


@pytest.mark.parametrize("text", HERE)
def test_anything_else_is_a_path_of_this_machine(text: str) -> None:
    assert parse_target(text) == LocalPath(text)


@pytest.mark.parametrize(
    ("url", "container", "name"),
    [
        ("https://acc.blob.core.windows.net/incoming/a/b%20c", "incoming", "a/b c"),
        ("https://acc.blob.core.windows.net/incoming/", "incoming", ""),
        ("https://acc.blob.core.chinacloudapi.cn/incoming/a", "incoming", "a"),
    ],
)
def test_a_url_names_a_place_in_an_account(url: str, container: str, name: str) -> None:
    found = parse_target(url)

    assert isinstance(found, BlobUrl)
    assert (found.location, str(found)) == (Location("acc", container, name), url)
    assert url.startswith(f"https://acc.blob.{found.suffix}/")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "name a file, a folder, a URL or a URI"),
        ("http://acc.blob.core.windows.net/c/a", "write the URL as https://ACCOUNT.blob"),
        ("https://acc.blob.core.windows.net/c/a?sig=x", "leave out what follows the name"),
        ("azureml:churn@latest", "names no version"),
        ("azureml:churn", "known forms: azureml:NAME:VERSION"),
        ("azureml://job/J/outputs/model", "or a place: azureml://jobs/JOB/outputs/OUTPUT"),
        ("azureml://jobs/J", "known forms: azureml://jobs/"),
        ("runs:/J", "known forms: azureml://jobs/"),
        ("azureml://datastores/d/paths/../x", "cannot be the path"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_write(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        parse_target(text)


@given(text=st.text() | st.sampled_from([*URIS, *HERE]) | st.text().map("azureml:{}".format))
def test_any_text_comes_back_or_is_refused(text: str) -> None:
    try:
        found = parse_target(text)
    except InputError:
        return

    assert str(found) == text
