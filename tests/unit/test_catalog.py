"""The catalog: all policies hold together, or none holds; each model is decided by exactly one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from registration.errors import PolicyError
from registration.policy import catalog
from registration.uris import JobOutputUri
from tests.fakes import TextPolicies
from tests.world import CHURN, DIGITS

if TYPE_CHECKING:
    from registration.policy.catalog import Catalog, Feed


def loaded(**texts: str) -> Catalog:
    return catalog.load(TextPolicies(texts))


def models(feeds: list[Feed]) -> list[str]:
    return [feed.model.name for feed in feeds]


def test_a_job_feeds_the_models_of_the_policies_that_match_it() -> None:
    both = loaded(churn=CHURN, digits=DIGITS)

    assert models(both.fed_by_job(experiment="churn-nightly", tags={})) == ["churn"]
    assert models(both.fed_by_job(experiment="other", tags={})) == []
    assert models(both.fed_by_job(experiment=None, tags={})) == []


def test_a_policy_is_parsed_again_only_when_its_text_changed() -> None:
    (before,), (same,), (after,) = (loaded(churn=text).policies for text in (CHURN, CHURN, f"{CHURN}\n# changed"))

    assert same.policy is before.policy
    assert after.policy is not before.policy


def test_a_drop_feeds_the_models_of_the_policies_that_match_its_place() -> None:
    both = loaded(churn=CHURN, digits=DIGITS)
    path = "vendor-a/1/model.manifest.json"

    assert models(both.fed_by_drop(account="dropsprod", container="incoming", path=path)) == ["digits"]
    assert models(both.fed_by_drop(account="others", container="incoming", path=path)) == []
    assert models(both.fed_by_drop(account="dropsprod", container="incoming", path="vendor-b/x")) == []


def test_a_job_feeds_no_model_that_only_drops_bring() -> None:
    either = CHURN.replace("any: [", "any: [{drop: {account: dropsprod, container: incoming}}, ")
    found = loaded(churn=either).fed_by_job(experiment="churn-1", tags={})

    assert models(found) == ["churn"]
    assert models(loaded(digits=DIGITS).fed_by_job(experiment="churn-1", tags={})) == []


@pytest.mark.parametrize("written", ["default", "artifacts"])
def test_default_artifacts_are_known_under_both_names(written: str) -> None:
    found = loaded(churn=CHURN.replace("output: model", f"output: {written}"))

    assert found.fed_by_output(JobOutputUri("j1", "artifacts", "a"))
    assert not found.fed_by_output(JobOutputUri("j1", "model", "a"))


def test_a_policy_in_force_is_named_by_its_exact_text() -> None:
    (policy,) = loaded(churn=CHURN).policies

    assert (policy.name, policy.text) == ("churn", CHURN)
    assert policy.text_sha256 == hashlib.sha256(CHURN.encode()).hexdigest()


def test_a_place_without_any_policy_is_an_error_because_every_event_would_be_ignored() -> None:
    with pytest.raises(PolicyError) as empty:
        loaded()

    assert str(empty.value) == "REGISTRAR_POLICY: names a place that holds no policy"


def test_one_broken_policy_breaks_the_catalog_and_is_named_with_place_and_nearest_key() -> None:
    with pytest.raises(PolicyError) as broken:
        loaded(churn=CHURN, digits=DIGITS.replace("min: 0.8", "mim: 0.8"))

    assert str(broken.value) == "digits: models[0].metrics.accuracy.mim: unknown key; did you mean 'min'? (line 9)"


def test_two_policies_cannot_decide_about_one_model() -> None:
    with pytest.raises(PolicyError) as broken:
        loaded(first=CHURN, second=DIGITS.replace("name: digits", "name: churn"))

    assert str(broken.value) == "second: models[0].name: 'churn' is decided by first already"
