"""`registrar policy publish` and `policy replay` on real storage: what is published is what the app reads."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from azure.storage.blob import ContainerClient
from typer.testing import CliRunner

from registration import cli_policy
from registration.azure.policies import BlobPolicies, place_of
from registration.errors import InputError, PolicyError, PublicationConflictError
from registration.policy import catalog
from sandbox import names

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential
    from typer.testing import Result

ACCOUNT = f"https://{names.blob_host(names.STATE_ACCOUNT)}"
EXAMPLES = Path(__file__).parents[2] / "policies"


@pytest.fixture
def url() -> str:
    return f"{ACCOUNT}/registrar-policies/published/{uuid.uuid4().hex}"


@pytest.fixture
def place(credential: DefaultAzureCredential, url: str) -> BlobPolicies:
    return BlobPolicies(credential, url)


def registrar(*arguments: str) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    cli_policy.add_to(app)
    return CliRunner().invoke(app, ["policy", *arguments])


def test_what_is_published_is_what_the_app_reads(place: BlobPolicies, url: str) -> None:
    result = registrar("publish", str(EXAMPLES), "--to", url, "--yes")

    assert result.exit_code == 0
    assert {one.policy.name for one in catalog.load(place).policies} == {
        path.stem for path in EXAMPLES.glob("*.yaml") if not path.stem.endswith(".test")
    }


def test_publishing_again_writes_nothing(place: BlobPolicies, url: str) -> None:
    registrar("publish", str(EXAMPLES), "--to", url, "--yes")
    before = list(place.published())

    again = registrar("publish", str(EXAMPLES), "--to", url, "--yes", "--json")

    assert (again.exit_code, json.loads(again.output)["written"]) == (0, [])
    assert list(place.published()) == before


def test_a_policy_is_written_only_over_the_one_that_was_read(place: BlobPolicies) -> None:
    place.put("a.yaml", "first", etag=None)
    [first] = place.published()
    place.put("a.yaml", "second", etag=first.etag)

    for etag in (first.etag, None):
        with pytest.raises(PublicationConflictError, match=r"a\.yaml was published by somebody else"):
            place.put("a.yaml", "third", etag=etag)

    assert [one.text for one in place.published()] == ["second"]


def test_a_policy_is_removed_only_if_it_is_the_one_that_was_read(place: BlobPolicies) -> None:
    place.put("a.yaml", "first", etag=None)
    [first] = place.published()
    place.put("a.yaml", "second", etag=first.etag)
    [second] = place.published()

    with pytest.raises(PublicationConflictError):
        place.remove("a.yaml", etag=first.etag)
    place.remove("a.yaml", etag=second.etag)

    assert list(place.published()) == []


def test_cases_are_never_read_as_policies(credential: DefaultAzureCredential, place: BlobPolicies, url: str) -> None:
    with ContainerClient.from_container_url(f"{ACCOUNT}/registrar-policies", credential=credential) as container:
        container.upload_blob(f"{url.partition('registrar-policies/')[2]}/a.test.yaml", b"cases: []")

    assert list(place.published()) == []


def test_a_container_that_is_not_there_is_named(credential: DefaultAzureCredential) -> None:
    assert credential

    result = registrar("publish", str(EXAMPLES), "--to", f"{ACCOUNT}/registrar-nowhere", "--yes")

    assert isinstance(result.exception, PolicyError)
    assert "registrar-nowhere: no such container" in str(result.exception)
    assert str(result.exception).endswith("or --to names it")


@pytest.mark.parametrize(
    "url",
    ["http://a.blob.core.windows.net/c", "https://a.blob.core.windows.net", f"{ACCOUNT}/c?sig=secret", "policies"],
)
def test_a_place_that_is_none_is_refused_without_its_query(url: str) -> None:
    with pytest.raises(InputError) as refused:
        place_of(url)

    assert "secret" not in str(refused.value)
