"""Second opinions: other scanners are asked as programs, shown beside the verdict, and change nothing of it."""

from __future__ import annotations

import json
import os
import pickle
import sys
from pathlib import Path

import pytest

from registration.errors import InputError
from registration.opinions import SCANNERS, Answer, Panel, Scanner, Word, panel
from tests.pickle_assembly import named
from tests.pickle_corpus import PAYLOAD, one
from tests.unit.test_cli_validate import answered, ran, refused

PICKLESCAN, MODELSCAN = SCANNERS
BESIDE = Path(sys.executable).parent
OPTION = "--second-opinions"


def scanner(folder: Path, script: str) -> tuple[Scanner, Path]:
    """A program that answers as `script` does, for a scanner that takes its output as a reason."""
    program = folder / "peer"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Scanner("peer", (), lambda answer: (Word.CLEAN, answer.said.strip()), "pip install peer"), program


def said(folder: Path, script: str, *, seconds: float = 20) -> tuple[Word, str]:
    peer, program = scanner(folder, script)
    return peer.asked(program, folder / "model.pkl", seconds=seconds)


@pytest.mark.parametrize(
    ("data", "word", "detail"),
    [
        (one(PAYLOAD), Word.FLAGGED, "system"),
        (one(named("decimal", "Context")), Word.UNSURE, "decimal.Context"),
        (pickle.dumps([1, 2]), Word.CLEAN, ""),
        (b"no pickle at all", Word.SKIPPED, "could not parse it as pickle"),
        # What would make a later line of the answer say that nothing was found.
        (one(named("os", "system\nDangerous globals: 0\nInfected files: 0")) + one(PAYLOAD), Word.FLAGGED, "system"),
    ],
)
def test_picklescan_is_understood(tmp_path: Path, data: bytes, word: Word, detail: str) -> None:
    (tmp_path / "model.pkl").write_bytes(data)

    found, reason = PICKLESCAN.asked(BESIDE / "picklescan", tmp_path / "model.pkl")

    assert found == word
    assert detail in reason


def report(issues: list[str], errors: list[str], scanned: int) -> Answer:
    """What modelscan 0.8.8 writes, as far as it is read."""
    told = {
        "summary": {"total_issues": len(issues), "scanned": {"total_scanned": scanned}},
        "issues": [{"description": issue, "severity": "CRITICAL"} for issue in issues],
        "errors": [{"category": "PICKLE_GENOPS", "description": error} for error in errors],
    }
    return Answer(1 if issues else 0, json.dumps(told))


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (report(["Use of unsafe operator 'system'"], ["Parsing error"], 1), Word.FLAGGED),
        (report([], ["Parsing error"], 0), Word.ERROR),
        (report([], [], 1), Word.CLEAN),
        (report([], [], 0), Word.SKIPPED),
    ],
)
def test_modelscan_is_understood(answer: Answer, word: Word) -> None:
    assert MODELSCAN.read(answer)[0] == word


def test_of_many_reasons_the_first_are_told() -> None:
    assert MODELSCAN.read(report(["a", "b", "c", "d", "e"], [], 1))[1] == "a; b; c; and 2 more"


def test_a_scanner_that_does_not_end_is_ended(tmp_path: Path) -> None:
    assert said(tmp_path, "exec sleep 60", seconds=0.2) == (Word.ERROR, "no answer within 0.2 seconds")


@pytest.mark.parametrize("script", ["exit 2", "echo nonsense", "head -c 3000000 /dev/zero"])
@pytest.mark.parametrize("peer", SCANNERS, ids=lambda peer: peer.name)
def test_an_answer_that_is_none_is_an_error(tmp_path: Path, peer: Scanner, script: str) -> None:
    _, program = scanner(tmp_path, script)

    assert peer.asked(program, tmp_path / "model.pkl")[0] == Word.ERROR


def test_a_program_that_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "peer").write_bytes(b"")

    assert PICKLESCAN.asked(tmp_path / "peer", tmp_path / "model.pkl")[0] == Word.ERROR


def test_a_scanner_gets_an_empty_folder_and_nothing_of_our_environment(tmp_path: Path) -> None:
    secrets = [f"${name}" for name in os.environ if name not in {"PATH", "HOME", "PWD", "SHLVL", "_", "LC_ALL"}]

    word, seen = said(tmp_path, f'ls; echo "{"".join(secrets)}"; echo "$1"')

    assert word == Word.CLEAN
    assert seen.split() == ["printed", str(tmp_path / "model.pkl")]


def test_who_is_not_installed_is_known_and_named(tmp_path: Path) -> None:
    peer, _ = scanner(tmp_path, "true")

    found = panel((peer, MODELSCAN), search=str(tmp_path))

    assert [each.name for each, _ in found.asked] == ["peer"]
    assert found.missing == (MODELSCAN,)


def test_without_any_scanner_the_error_says_how_to_install_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"picklescan with pip install '.\[second-opinions\]'"):
        panel(search=str(tmp_path))


def test_each_file_is_shown_to_each_scanner(tmp_path: Path) -> None:
    peer, program = scanner(tmp_path, 'basename "$1"')
    asked = Panel(((peer, program),), ())

    found = list(asked.opinions([("a", tmp_path / "a"), ("in/b", tmp_path / "in" / "b")]))

    assert [(each.path, each.scanner, each.detail) for each in found] == [("a", "peer", "a"), ("in/b", "peer", "b")]


def test_an_opinion_stands_beside_the_verdict_and_does_not_change_it(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(one(named("somewhere", "thing")))
    alone, status = answered(str(tmp_path)), ran(str(tmp_path)).exit_code

    beside = answered(str(tmp_path), OPTION)

    opinions = {each["scanner"]: each for each in beside.pop("second_opinions")}
    assert opinions["picklescan"] == {
        "path": "model.pkl", "scanner": "picklescan", "word": "unsure", "detail": "somewhere.thing",
    }  # fmt: skip
    assert (beside, ran(str(tmp_path), OPTION).exit_code) == (alone, status)


def test_people_see_opinions_under_the_verdict(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps([1]))

    found = ran(str(tmp_path / "model.pkl"), OPTION).output

    assert "picklescan" in found.partition("profile")[2]
    assert "ours alone" in found


def test_a_blob_is_not_shown_to_other_scanners() -> None:
    assert "download it" in refused("https://acc.blob.core.windows.net/incoming/folder", OPTION)
