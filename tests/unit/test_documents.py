"""Reports about documents: the place as a person would write it, and what to do."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 pydantic reads the annotations at run time
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from pydantic import Field, field_validator

from registration.documents import Document, load, nearest, spelled
from registration.errors import DocumentError, ManifestError, Problem


class Wheel(Document):
    size: int = 1
    spokes: Annotated[tuple[int, ...], Field(min_length=1)] = (1,)

    @field_validator("size")
    @classmethod
    def _is_odd(cls, size: int) -> int:
        if size % 2 == 0:
            raise ValueError("MUST be odd")
        return size


type Wheels = tuple[Wheel, ...]


class Cart(Document):
    name: str
    kind: Literal["hand", "dog"] = "hand"
    wheels: Wheels = ()
    spare: Mapping[Annotated[str, Field(max_length=5)], Wheel] = Field(default_factory=dict)
    origin: Wheel | None = Field(None, alias="via")


def problems(data: object) -> list[Problem]:
    with pytest.raises(DocumentError) as caught:
        load(Cart, data, source="cart.json")
    return list(caught.value.problems)


def test_a_valid_document_becomes_its_model() -> None:
    cart = load(Cart, {"name": "c", "wheels": [{"size": 3}], "via": {}}, source="cart.json")

    assert (cart.wheels[0].size, cart.origin) == (3, Wheel())


def test_the_error_is_of_the_kind_asked_for_and_names_the_document() -> None:
    with pytest.raises(ManifestError, match=r"^cart\.json: name: is required$"):
        load(Cart, {}, source="cart.json", error=ManifestError)


def test_every_problem_is_reported_at_once() -> None:
    found = problems({"kind": "cat", "nome": 1})

    assert [problem.path for problem in found] == ["name", "kind", "nome"]


def test_an_unknown_key_names_the_nearest_known_one() -> None:
    assert problems({"nam": "c", "name": "c"}) == [Problem("nam", "unknown key; did you mean 'name'?")]


def test_an_unknown_key_with_no_near_one_lists_the_known() -> None:
    [problem] = problems({"name": "c", "wheels": [{"zzz": 1}]})

    assert problem == Problem("wheels[0].zzz", "unknown key; known keys: size, spokes")


def test_keys_are_looked_up_inside_mappings_even_if_an_entry_is_called_like_a_field() -> None:
    [problem] = problems({"name": "c", "spare": {"size": {"siz": 1}}})

    assert problem == Problem("spare.size.siz", "unknown key; did you mean 'size'?")


def test_a_field_with_an_alias_is_known_by_its_alias_only() -> None:
    [problem] = problems({"name": "c", "origin": {}})

    assert problem.message.startswith("unknown key; known keys: kind, name, spare, via, wheels")


def test_keys_are_looked_up_behind_an_alias() -> None:
    assert problems({"name": "c", "via": {"sise": 1}}) == [Problem("via.sise", "unknown key; did you mean 'size'?")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (1, 'must be text; put it in quotes: "1"'),
        (True, 'must be text; put it in quotes: "true"'),
        (Decimal("1.50"), 'must be text; put it in quotes: "1.50"'),
        ([], "must be text"),
    ],
)
def test_a_number_where_text_belongs_comes_with_a_hint_to_quote(given: object, message: str) -> None:
    assert problems({"name": given}) == [Problem("name", message)]


@pytest.mark.parametrize("data", [[], "text", None, 3])
def test_a_document_that_is_no_mapping_is_one_problem_of_the_whole(data: object) -> None:
    assert problems(data) == [Problem("", "must be a mapping of keys to values")]


def test_a_wrong_choice_names_the_choices_and_the_nearest() -> None:
    assert problems({"name": "c", "kind": "hnd"}) == [Problem("kind", "must be 'hand' or 'dog'; did you mean 'hand'?")]


def test_a_single_choice_needs_no_second_hint() -> None:
    class One(Document):
        kind: Literal["Cart"]

    with pytest.raises(DocumentError, match=r"kind: must be 'Cart'$"):
        load(One, {"kind": "Cort"}, source="one.json")


def test_a_validator_s_own_sentence_is_left_as_it_is() -> None:
    assert problems({"name": "c", "wheels": [{"size": 2}]}) == [Problem("wheels[0].size", "MUST be odd")]


def test_a_list_of_wrong_entries_is_not_also_called_empty() -> None:
    assert [found.path for found in problems({"name": "c", "wheels": [{"spokes": ["x"]}]})] == ["wheels[0].spokes[0]"]
    assert problems({"name": "c", "wheels": [{"spokes": []}]}) == [Problem("wheels[0].spokes", "must not be empty")]


def test_a_wrong_key_of_a_mapping_is_reported_at_that_key() -> None:
    [problem] = problems({"name": "c", "spare": {"much too long": {}}})

    assert problem.path == 'spare["much too long"]'


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("models", 0, "name"), "models[0].name"),
        (("metrics", "val.loss", "min"), 'metrics["val.loss"].min'),
        ((0,), "[0]"),
        ((), ""),
    ],
)
def test_a_path_is_spelled_as_a_person_would_write_it(path: tuple[str | int, ...], text: str) -> None:
    assert spelled(path) == text


def test_nothing_is_nearest_to_a_word_unlike_all_others() -> None:
    assert nearest("accuracy", ["min", "max"]) is None
