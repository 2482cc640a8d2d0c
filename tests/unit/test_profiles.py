"""Profiles: exact names, reviewed, and nothing on them that runs what a pickle says."""

from __future__ import annotations

import importlib.util

import pytest

from registration.artifacts.pickles import globals as names
from registration.artifacts.pickles.arguments import RULES
from tests import profile_review

LISTS = sorted({part for parts in names.PROFILES.values() for part in parts})
# Compiled, and read by a person: each makes one object of numbers or text and looks nothing up.
REVIEWED = {
    ("array", "_array_reconstructor"),
    ("pandas._libs.internals", "_unpickle_block"),
    ("pandas._libs.sparse", "BlockIndex"),
    ("pandas._libs.sparse", "IntIndex"),
    ("pandas._libs.tslibs.nattype", "_nat_unpickle"),
    ("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle"),
    ("pandas._libs.tslibs.timestamps", "_unpickle_timestamp"),
}


def _reviewable() -> list[tuple[str, str, frozenset[str]]]:
    """Every name of a library that is installed here, in the version that is."""
    listed = ((module, name, uses) for (module, name), uses in names.named("all").names.items())
    return [entry for entry in listed if _exists(*entry[:2])]


def _exists(module: str, name: str) -> bool:
    if module.startswith("numpy.core."):
        return False  # the same as in numpy._core, under a name that warns
    try:
        return importlib.util.find_spec(module) is not None and hasattr(
            importlib.import_module(module), name.partition(".")[0]
        )
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("part", LISTS)
def test_a_list_has_each_name_once_in_order_with_known_uses(part: str) -> None:
    rows = [line.split() for line in names.lines(f"{part}.txt")]

    assert [row[:2] for row in rows] == sorted([row[:2] for row in rows])
    assert len({(module, name) for module, name, _ in rows}) == len(rows)
    assert all(set(uses.split(",")) <= names.USES for _, _, uses in rows)


@pytest.mark.parametrize("part", LISTS)
def test_a_list_has_no_prefix_and_no_dotted_name(part: str) -> None:
    listed = names.entries(part)

    assert not [pair for pair in listed if "*" in "".join(pair) or "." in pair[1] or not pair[1].isidentifier()]


@pytest.mark.parametrize("part", LISTS)
def test_no_list_has_a_name_that_is_dangerous_or_refused(part: str) -> None:
    refused = set(names.lines("refused.txt"))

    wrong = [pair for pair in names.entries(part) if names.is_dangerous(*pair) or " ".join(pair) in refused]

    assert wrong == []


def test_nothing_listed_runs_imports_opens_or_calls_what_it_is_handed() -> None:
    reviewed = _reviewable()

    wrong = {
        pair[:2]: said for pair in reviewed if (said := profile_review.complaints(*pair)) and pair[:2] not in RULES
    }

    assert len(reviewed) > 300
    assert wrong == {}


def test_every_compiled_function_that_may_be_called_was_read_by_a_person() -> None:
    callables = {(module, name) for module, name, uses in _reviewable() if "call" in uses}

    unread = {pair for pair in callables if not profile_review.has_source(*pair)} - set(RULES) - REVIEWED

    assert unread == set()


@pytest.mark.parametrize(
    ("module", "name", "use"),
    [
        ("scipy.stats._continuous_distns", "norm_gen", "new"),
        ("numpy", "load", "call"),
        ("functools", "reduce", "call"),
        ("joblib", "load", "call"),
        ("numpy", "apply_along_axis", "call"),
    ],
)
def test_the_review_or_the_list_of_dangers_stops_what_would_run_text(module: str, name: str, use: str) -> None:
    said = profile_review.complaints(module, name, frozenset({use}))

    assert said or names.is_dangerous(module, name)


def test_the_review_follows_what_setting_a_state_calls() -> None:
    said = profile_review.complaints("scipy.stats._continuous_distns", "norm_gen", frozenset({"new"}))

    assert any("exec" in complaint for complaint in said)


def test_every_rule_about_arguments_belongs_to_a_listed_name() -> None:
    listed = names.named("all").names

    assert [
        pair for pair in RULES if pair not in listed and pair[0] not in ("copyreg", "pandas.core.indexes.period")
    ] == []


def test_a_profile_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        names.named("everything")
