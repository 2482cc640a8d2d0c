"""Pages: that a table loses nothing on a terminal that is too narrow for its columns."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from registration import pending_page, standings_page
from registration.pages import NARROW, verdict_table
from registration.pending import Waiting
from registration.standings import Standing

if TYPE_CHECKING:
    from rich.console import RenderableType

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
VERDICT: dict[str, Any] = {
    "rule": "metrics.accuracy.vs_champion.max_regression",
    "result": "failed",
    "candidate": 0.93,
    "champion": 0.99,
    "bound": 0.9801,
    "margin": -0.0501,
}


def printed(page: RenderableType, *, width: int) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(page)
    return file.getvalue()


def labelled(page: str) -> dict[str, str]:
    """What stands behind each label of a page that has one of each."""
    return {line[:11].strip(): line[11:].strip() for line in page.splitlines() if line.strip()}


def test_forty_columns_still_name_each_model_and_its_champion() -> None:
    page = printed(standings_page.table_of([Standing("churn-classifier", 6, 4, "w", AT)]), width=40)

    told = {"model": "churn-classifier", "champion": "4", "since, UTC": "2026-03-02 08:00", "decisions": "6"}
    assert labelled(page).items() >= told.items()


def test_forty_columns_still_show_each_number_of_a_verdict_in_one_piece() -> None:
    page = printed(verdict_table([VERDICT]), width=40)

    told = labelled(page)
    assert told.items() >= {"candidate": "0.93", "bound": "0.9801", "margin": "-0.0501"}.items()
    assert max(map(len, page.splitlines())) <= 40


def test_forty_columns_still_say_in_words_what_waits() -> None:
    each = Waiting("held", "churn", "w", "drop vendor/x", ("too slow",), AT.isoformat(), None, ("registrar approve w",))
    file = io.StringIO()

    pending_page.show([each], now=AT, console=Console(file=file, width=40))

    told = labelled(file.getvalue())
    assert told.items() >= {"model": "churn", "waits for": "held", "source": "drop vendor/x"}.items()


@pytest.mark.parametrize(("width", "lines"), [(NARROW, 1), (80, 1), (NARROW - 1, 4)])
def test_a_table_keeps_its_columns_where_they_fit(width: int, lines: int) -> None:
    page = printed(verdict_table([VERDICT]), width=width)

    numbers = ("0.93", "0.99", "0.9801", "-0.0501")
    assert len([line for line in page.splitlines() if any(number in line for number in numbers)]) == lines
