"""Hostile pickles are found, whatever hides them."""

from __future__ import annotations

import pytest

from registration.artifacts.pickles.globals import PROFILES, named
from registration.finding import Level
from tests.pickle_assembly import STACK_GLOBAL, STOP, mapping, number, proto, text
from tests.pickle_assembly import named as global_
from tests.pickle_corpus import CASES, DANGERS
from tests.pickle_scans import codes, found, pairs


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_pickle_is_found_under_its_code(name: str) -> None:
    code, pickle = CASES[name]

    findings = found(pickle)

    assert code in codes(findings)
    assert any(finding.level is not Level.NOTE for finding in findings)


@pytest.mark.parametrize("profile", PROFILES)
def test_no_profile_makes_a_hostile_pickle_safe(profile: str) -> None:
    notes_only = [
        name
        for name, (_, pickle) in CASES.items()
        if all(finding.level is Level.NOTE for finding in found(pickle, profile=profile))
    ]

    assert notes_only == []


@pytest.mark.parametrize(("module", "name"), DANGERS)
def test_a_dangerous_name_is_unsafe_in_each_way_to_write_it(module: str, name: str) -> None:
    spelled = [global_(module, name), text(module) + text(name) + STACK_GLOBAL]

    findings = [found(proto(4) + way + STOP) for way in spelled]

    assert [codes(each) for each in findings] == [["pickle.dangerous_global"]] * 2


def test_a_name_on_no_list_is_unlisted_and_told_once() -> None:
    pickle = proto(4) + global_("vendor.models", "Model") * 3 + STOP

    findings = found(pickle)

    assert [(finding.code, finding.level) for finding in findings] == [("pickle.unlisted_global", Level.UNLISTED)]
    assert "vendor.models.Model" in findings[0].message


def test_a_finding_tells_where_it_was_found() -> None:
    opening = proto(4) + b"N" * 10

    (finding,) = found(opening + global_("os", "system") + STOP)

    assert finding.offset == len(opening) + 1
    assert "os.system" in finding.message


def test_what_a_pickle_before_protocol_3_refers_to_is_looked_up_as_python_3_does() -> None:
    pickle = proto(2) + global_("__builtin__", "set") + global_("copy_reg", "_reconstructor") + STOP

    assert pairs(pickle) == {("builtins", "set"), ("copyreg", "_reconstructor")}
    assert found(pickle, profile="base") == []


def test_a_name_is_looked_up_anew_when_the_protocol_changes() -> None:
    old = global_("copy_reg", "_reconstructor")
    pickle = proto(2) + old + proto(4) + old + STOP

    assert pairs(pickle) == {("copyreg", "_reconstructor"), ("copy_reg", "_reconstructor")}
    assert codes(found(pickle, profile="base")) == ["pickle.unlisted_global"]


def test_a_listed_name_is_not_a_prefix() -> None:
    listed = next(iter(named("sklearn").names))

    findings = found(proto(4) + global_(listed[0], f"{listed[1]}.fit") + global_(f"{listed[0]}.more", listed[1]) + STOP)

    assert codes(findings) == ["pickle.unlisted_global"] * 2


def test_words_that_are_methods_of_lists_are_words() -> None:
    vocabulary = mapping(add=number(1), append=number(2), extend=number(3))

    assert found(proto(4) + vocabulary + STOP) == []
