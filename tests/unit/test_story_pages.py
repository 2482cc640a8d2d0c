"""What a person sees of an outcome: nothing is cut off, and nothing falls back to the edge, at eighty columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from sandbox.story import CHAMPION, CHAPTERS
from sandbox.story_pages import outcome_page, outcome_table

README = Path(__file__).parents[2] / "README.md"
WORKSPACE = "/subscriptions/5f0c1a52-3b7e-4d5e-9a54-2f6c0e7d1b90/resourcegroups/rg-models/providers/ml/workspaces/w"
REASONS = ["accuracy 0.9181 is 0.0585 worse than the champion's 0.9766; it may not be worse", f"it is from {WORKSPACE}"]


def lines(page: RenderableType, *, width: int = 80) -> list[str]:
    console = Console(width=width, force_terminal=False, no_color=True)
    with console.capture() as captured:
        console.print(page)
    return [line.rstrip() for line in captured.get().splitlines()]


def found(outcome: str = "rejected", **more: Any) -> dict[str, Any]:
    return {"outcome": outcome, "model": "churn", "version": None, "reasons": REASONS, **more}


def test_a_reason_that_is_too_long_goes_on_below_where_it_began() -> None:
    title, *reasons = lines(outcome_page(found(), is_expected=True))

    assert title == "   rejected churn"
    assert all(line.startswith(("     · ", "       ")) and len(line) <= 80 for line in reasons)


def test_a_word_that_is_too_long_is_broken_and_not_cut() -> None:
    text = "".join(line.strip() for line in lines(outcome_page(found(), is_expected=True)))

    assert WORKSPACE in text


def test_a_reason_is_no_markup() -> None:
    page = outcome_page(found(reasons=["[red]model[/red] is unknown"]), is_expected=True)

    assert "     · [red]model[/red] is unknown" in lines(page)


@pytest.mark.parametrize("outcome", ["observed", "adopted", "ignored"])
def test_an_outcome_without_a_colour_is_shown_too(outcome: str) -> None:
    assert lines(outcome_page(found(outcome), is_expected=True))[0] == f"   {outcome} churn"


def test_what_was_not_expected_is_told() -> None:
    assert lines(outcome_page(found(), is_expected=False))[-1] == "     this is not what was expected"


def test_the_table_has_a_row_for_each_event_with_its_model() -> None:
    rows = [("RunCompleted of cancer-01", found("registered", version=7), True), ("BlobCreated", found(), True)]

    shown = lines(outcome_table(rows))

    assert shown[1].split() == ["event,", "model", "outcome", "version", "why"]
    assert any(line.split()[:5] == ["RunCompleted", "of", "cancer-01", "registered", "7"] for line in shown)
    assert sum(line.strip().startswith("churn") for line in shown) == 2
    assert max(map(len, shown)) <= 80


def test_the_page_that_people_see_first_shows_the_story_as_it_is_told() -> None:
    shown = README.read_text(encoding="utf-8").partition("<!-- demo:begin -->")[2].partition("<!-- demo:end -->")[0]

    titles = [line for line in shown.splitlines() if line[:1].isdecimal()]
    assert titles == [f"{number}. {chapter.title}" for number, chapter in enumerate(CHAPTERS, start=1)]
    assert [line for line in shown.splitlines() if line.startswith("registrar lineage ")] == [
        f"registrar lineage {CHAMPION}:2"
    ]
