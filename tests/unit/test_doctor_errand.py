"""An errand: the app looks at itself when it is asked, once, and says so where it can be read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registration import names
from registration.doctor import errand
from registration.doctor.check import Check, State, failed, ok, skipped
from registration.doctor.checkup import Report
from registration.doctor.errand import App, Errand, Errands
from registration.errors import UnavailableError
from tests.fakes import MemoryShelf
from tests.world import World

KEY = "5b0c2f9e-8a41-4c67-9d3e-1f2a7b6c4d58"
SICK = Report((failed("workspace.jobs", "may not list jobs", then="Give it a role.", commands=["az it"]),))
PAGE = Path(__file__).resolve().parents[2] / "docs/formats/checkup.md"


def answered(shelf: MemoryShelf, report: Report = SICK) -> Any:
    return Errands(shelf, lambda: report).read({"format": errand.FORMAT, "id": KEY})()


def kept(shelf: MemoryShelf) -> dict[str, Any]:
    entry = shelf.read(names.checkup(KEY))
    assert entry is not None
    return entry.document


def test_the_app_keeps_what_it_saw() -> None:
    shelf = MemoryShelf()

    outcome = answered(shelf)

    assert (outcome.outcome, outcome.reasons) == ("examined", ("1 of 1 checks failed",))
    assert Report.from_dict(kept(shelf)["report"]) == SICK


def test_the_first_answer_stays() -> None:
    shelf = MemoryShelf()
    answered(shelf)

    again = answered(shelf, Report((ok("workspace.jobs", "may list jobs"),)))

    assert again.reasons == ("it was answered before",)
    assert Report.from_dict(kept(shelf)["report"]) == SICK


def test_a_message_is_settled_by_what_reads_its_key() -> None:
    world, shelf = World(), MemoryShelf()
    desk = replace(world.desk, reads={names.CHECKUP: Errands(shelf, lambda: SICK).read})

    (outcome,) = desk.process(Errand(id=KEY).message)

    assert outcome.outcome == "examined"
    assert kept(shelf)["id"] == KEY


@pytest.mark.parametrize(
    "said", [{"format": errand.FORMAT}, {"format": "other/v1", "id": KEY}, {"id": "../x"}, [], "x"]
)
def test_a_message_that_cannot_be_read_is_quarantined(said: object) -> None:
    world, shelf = World(), MemoryShelf()
    desk = replace(world.desk, reads={names.CHECKUP: Errands(shelf, lambda: SICK).read})

    (outcome,) = desk.process(json.dumps({names.CHECKUP: said}))

    assert outcome.outcome == "quarantined"
    assert list(shelf.names("")) == []


def test_whoever_asks_gets_the_answer_to_the_own_question() -> None:
    shelf = MemoryShelf()

    def send(message: str) -> None:
        Errands(shelf, lambda: SICK).read(json.loads(message)[names.CHECKUP])()

    report, check = App(send, shelf).ask(seconds=1)

    assert report == SICK
    assert check.state is State.OK


def test_an_app_that_is_silent_is_not_waited_for_for_ever() -> None:
    slept: list[float] = []

    report, check = App(lambda _: None, MemoryShelf(), sleep=slept.append).ask(seconds=0)

    assert report is None
    assert check.seen == "the app did not answer in 0 s"
    assert len(slept) <= 1


def test_who_may_not_ask_is_told_which_roles_that_takes() -> None:
    def send(message: str) -> None:
        raise UnavailableError(f"the work queue answered 403 to {len(message)} characters")

    _, check = App(send, MemoryShelf()).ask(seconds=1)

    assert check.state is State.FAILED
    assert "Storage Queue Data Message Sender on the work queue" in check.next


def test_the_app_is_believed_where_it_can_look() -> None:
    here = Report((ok("a", "from here"), skipped("b", "not seen"), ok("events", "from here")))
    there = Report(
        (failed("a", "by the app", then=""), ok("b", "by the app"), skipped("events", "may not"), ok("c", "new"))
    )

    both = errand.together(here, there, answer=ok(errand.ANSWER, "answered"))

    assert [(check.name, check.seen) for check in both.checks] == [
        (errand.ANSWER, "answered"),
        ("a", "by the app"),
        ("b", "by the app"),
        ("events", "from here"),
        ("c", "new"),
    ]


def test_the_answer_in_the_documents_reads_back_as_it_was_written() -> None:
    shown = json.loads(PAGE.read_text(encoding="utf-8").partition("```json\n")[2].partition("```")[0])

    read = Report.from_dict(shown["report"])

    assert read.to_dict() == shown["report"]
    assert all(isinstance(check, Check) for check in read.checks)
