"""Policies published to a container: every YAML below the prefix, as it is at this moment."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from azure.storage.blob import ContainerClient

from registration import settings
from registration.azure.policies import BlobPolicies
from registration.bootstrap import Parts
from registration.errors import PolicyError, UnavailableError
from registration.policy import catalog
from sandbox import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.identity import DefaultAzureCredential

    from sandbox.sandbox import Sandbox

ACCOUNT = f"https://{names.blob_host(names.STATE_ACCOUNT)}"
POLICY = """\
apiVersion: registrar/v1
kind: PromotionPolicy
name: churn
match: {any: [{job: {experiment: churn}}]}
models:
  - {name: churn, from: {output: model}, metrics: {accuracy: {min: 0.9}}}
"""


@pytest.fixture
def prefix() -> str:
    return f"tests/{uuid.uuid4().hex}"


@pytest.fixture
def published(credential: DefaultAzureCredential) -> Iterator[ContainerClient]:
    with ContainerClient(ACCOUNT, "registrar-policies", credential=credential) as client:
        yield client


def policies(credential: DefaultAzureCredential, prefix: str) -> BlobPolicies:
    return BlobPolicies(credential, f"{ACCOUNT}/registrar-policies/{prefix}")


def test_every_yaml_below_the_prefix_is_a_policy(
    credential: DefaultAzureCredential, published: ContainerClient, prefix: str
) -> None:
    for name in ("b.yaml", "deep/a.yml", "README.md"):
        published.upload_blob(f"{prefix}/{name}", f"text of {name}".encode())
    published.upload_blob(f"{prefix}-beside/c.yaml", b"of another prefix")

    found = dict(policies(credential, prefix).texts())

    assert found == {f"{prefix}/b.yaml": "text of b.yaml", f"{prefix}/deep/a.yml": "text of deep/a.yml"}


def test_a_prefix_may_end_with_a_slash(
    credential: DefaultAzureCredential, published: ContainerClient, prefix: str
) -> None:
    published.upload_blob(f"{prefix}/a.yaml", "größe: 1".encode())

    assert list(policies(credential, f"{prefix}/").texts()) == [(f"{prefix}/a.yaml", "größe: 1")]


def test_a_policy_published_later_is_seen(
    credential: DefaultAzureCredential, published: ContainerClient, prefix: str
) -> None:
    source = policies(credential, prefix)
    published.upload_blob(f"{prefix}/another.yaml", POLICY.replace("churn", "another").encode())
    assert catalog.load(source).fed_by_job(experiment="churn", tags={}) == []

    published.upload_blob(f"{prefix}/churn.yaml", POLICY.encode())

    [feed] = catalog.load(source).fed_by_job(experiment="churn", tags={})
    assert feed.model.name == "churn"


def test_a_broken_policy_is_named_with_its_place(
    credential: DefaultAzureCredential, published: ContainerClient, prefix: str
) -> None:
    published.upload_blob(f"{prefix}/churn.yaml", POLICY.replace("min:", "mim:").encode())

    with pytest.raises(PolicyError) as broken:
        catalog.load(policies(credential, prefix))

    assert str(broken.value) == (
        f"{prefix}/churn.yaml: models[0].metrics.accuracy.mim: unknown key; did you mean 'min'? (line 6)"
    )


def test_a_policy_that_is_not_text_is_a_broken_policy(
    credential: DefaultAzureCredential, published: ContainerClient, prefix: str
) -> None:
    published.upload_blob(f"{prefix}/churn.yaml", b"\xff\xfe not UTF-8")

    with pytest.raises(PolicyError, match=r"churn\.yaml"):
        catalog.load(policies(credential, prefix))


def test_a_container_that_is_not_there_is_named(credential: DefaultAzureCredential) -> None:
    source = BlobPolicies(credential, f"{ACCOUNT}/registrar-nowhere")

    with pytest.raises((PolicyError, UnavailableError), match=r"policy container|registrar-nowhere"):
        list(source.texts())


def test_the_app_reads_its_policies_at_each_event_over_one_client(
    sandbox: Sandbox, credential: DefaultAzureCredential, published: ContainerClient, prefix: str
) -> None:
    place = {"REGISTRAR_POLICY": f"{ACCOUNT}/registrar-policies/{prefix}"}
    parts = Parts(settings.from_environment({**sandbox.environment(), **place}), credential)
    published.upload_blob(f"{prefix}/churn.yaml", POLICY)
    before, source = parts.resolver.catalog(), parts.policies

    published.upload_blob(f"{prefix}/other.yaml", POLICY.replace("churn", "other"))

    assert (len(before.policies), len(parts.resolver.catalog().policies)) == (1, 2)
    assert parts.policies is source
