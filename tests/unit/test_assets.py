"""Assets: a name and an exact version, in every form that Azure ML writes them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.assets import KINDS, Asset, asset_in, parse_asset
from registration.errors import InputError

SUBSCRIPTION = "1b0d2c3e-5f61-4a7b-8c9d-0e1f2a3b4c5d"
ARM = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-ml/providers/Microsoft.MachineLearningServices/workspaces/ml"
LONG = f"azureml://subscriptions/{SUBSCRIPTION}/resourcegroups/rg-ml/workspaces/ml"
PART = st.text(
    st.characters(exclude_characters="/:@", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12
).filter(lambda part: part not in {".", ".."})

KNOWN = [
    "azureml:churn-2026:3",
    "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu:33",
    "azureml://registries/shared-ml/models/churn/versions/3",
    "azureml://registries/shared-ml/environments/sklearn/versions/1.2.0",
    "azureml://locations/westeurope/workspaces/8e7dad76-df37-472b-b882-0c1c58adfcf9/data/azureml_J_output/versions/1",
    f"{LONG}/data/churn-2026/versions/3",
    "azureml://resourceGroups/rg-ml/workspaces/ml/models/churn/versions/3",
    "azureml://models/churn/versions/3",
    "azureml://data/churn-2026/versions/3",
    f"{ARM}/environments/sklearn/versions/7",
    f"azureml:{ARM}/codes/4f1a/versions/1",
]


@pytest.mark.parametrize("text", KNOWN)
def test_an_asset_comes_back_letter_for_letter(text: str) -> None:
    assert str(parse_asset(text)) == text


def test_an_asset_is_taken_apart() -> None:
    found = parse_asset(f"{ARM}/data/churn-2026/versions/3")

    assert (found.kind, found.short) == ("data", "churn-2026:3")
    assert (found.subscription, found.resource_group, found.workspace) == (SUBSCRIPTION, "rg-ml", "ml")


def test_how_an_asset_was_spelt_does_not_make_it_another() -> None:
    arm = parse_asset(f"{ARM}/data/churn-2026/versions/3")

    assert arm == parse_asset(f"azureml:{ARM}/data/churn-2026/versions/3")
    assert arm == parse_asset(f"{LONG}/data/churn-2026/versions/3")


@given(known=st.sampled_from(KNOWN), name=PART, version=PART, kind=st.sampled_from(KINDS))
def test_an_asset_round_trips(known: str, name: str, version: str, kind: str) -> None:
    like = parse_asset(known)
    asset = replace(like, name=name, version=version, kind=like.kind and kind)

    found = parse_asset(str(asset))

    assert (found, str(found)) == (asset, str(asset))


@given(
    form=st.sampled_from(["{}", "azureml:{}", "azureml://{}", f"{ARM}/data/{{}}"]),
    text=st.text() | st.sampled_from(KNOWN),
)
def test_any_text_either_comes_back_or_is_refused(form: str, text: str) -> None:
    try:
        found = parse_asset(form.format(text))
    except InputError:
        return

    assert str(found) == form.format(text)


@pytest.mark.parametrize(
    "text",
    [
        "azureml:churn@latest",
        "azureml://registries/shared-ml/models/churn/labels/latest",
        f"{ARM}/data/churn-2026/labels/latest",
    ],
)
def test_a_label_is_refused_because_what_it_stands_for_changes(text: str) -> None:
    with pytest.raises(InputError, match="only a label, and what that stands for changes; name a version"):
        parse_asset(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "churn:3",
        "azureml:churn",
        "azureml:churn:",
        "azureml:a:b:c",
        "azureml:churn/3:1",
        "azureml://registries/r/models/churn",
        "azureml://registries/r/unheard-of/churn/versions/3",
        "azureml://registries/r/models/../versions/3",
        "azureml://jobs/J/outputs/model",
        "azureml://datastores/d/paths/versions/3",
        f"{ARM}/data/churn/versions/3/more",
        ARM.replace("Microsoft", "Contoso") + "/data/churn/versions/3",
    ],
)
def test_anything_else_is_no_asset(text: str) -> None:
    assert asset_in(text) is None
    with pytest.raises(InputError):
        parse_asset(text)


@pytest.mark.parametrize("wrong", [{"name": "a:b"}, {"version": "x@y"}, {"name": ".."}, {"kind": "data"}])
def test_an_asset_that_could_not_be_read_back_is_not_built(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError):
        Asset(**{"name": "churn", "version": "3", **wrong})


@pytest.mark.parametrize(
    ("other", "can_be"),
    [
        (f"{ARM}/environments/sklearn/versions/7", True),
        ("azureml://registries/azureml/environments/sklearn/versions/7", True),
        (f"{ARM}/environments/sklearn/versions/8", False),
        (f"{ARM}/environments/torch/versions/7", False),
    ],
)
def test_two_ways_to_say_an_asset_are_compared_by_what_both_say(other: str, *, can_be: bool) -> None:
    assert parse_asset("azureml:sklearn:7").may_be(parse_asset(other)) is can_be
    assert (
        parse_asset(f"{ARM}/data/sklearn/versions/7").may_be(parse_asset(f"{ARM}/environments/sklearn/versions/7"))
        is False
    )
