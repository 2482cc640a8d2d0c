"""The lineage tree on a terminal and as a chart: nothing is cut off, and nothing in it is obeyed."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from registration.deployments import Deployment
from registration.lineage_page import chart, page
from registration.lineage_tree import Deployed, Traced
from registration.step import Step
from tests.decided import LINEAGE, record
from tests.unit.test_lineage_tree import judged, traced
from tests.world import World

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "back\rover",
    "two\nlines",
    "right\u202eto left",
    "zero\u200bwidth\u2066isolate",
    "[red]markup[/red]",
    'end"] --> n9["mine',
    "<script>alert(1)</script>",
    "`code` %%{init: {}}%% #quot; &amp;",
    "click n0 href",
]
LABEL = re.compile(r"\w[\w ._:/@,+-]*|(?:[\w ._:/@,+-]|#\d+;)*")
LINE = re.compile(r'flowchart BT|    n\d+\["(?P<text>.*)"\]|    n\d+ --> n\d+')


def tree(*, note: str = "", **lineage: str) -> Traced:
    world = World()
    judged(world, 0.9)
    made = record(lineage={**LINEAGE, **lineage}, reasons=[note])
    deployed = Deployed((Deployment("online", note or "live", "blue", None, 100, note or None),))
    return Traced(Step.of("d" * 64, made), traced(world, "churn:1").past, deployed)


def lines(found: Traced, *, width: int = 80) -> list[str]:
    console = Console(width=width, force_terminal=False, no_color=True)
    with console.capture() as captured:
        console.print(page(found))
    return captured.get().splitlines()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_shows_what_others_wrote_and_does_not_obey_it(text: str) -> None:
    shown = "\n".join(lines(tree(experiment=text, note=text), width=200))

    assert not [sign for sign in shown if unicodedata.category(sign) in {"Cc", "Cf"} and sign != "\n"]
    assert text.encode("unicode_escape").decode()[:4] in shown


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal_and_no_text_is_lost(width: int) -> None:
    long = "azureml://datastores/" + "deep/" * 40

    shown = lines(tree(job_output_uri=long), width=width)

    assert max(map(len, shown)) <= width
    assert long in "".join(re.sub(r"[│├└─ ]", "", line) for line in shown)


@given(text=st.text(max_size=150))
def test_a_chart_has_no_line_that_is_not_ours(text: str) -> None:
    for line in chart(tree(experiment=text, note=text)).splitlines():
        found = LINE.fullmatch(line)
        assert found is not None, line
        assert all(LABEL.fullmatch(part) for part in (found["text"] or "").split("<br>"))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_chart_keeps_what_others_wrote_inside_its_boxes(text: str) -> None:
    made = chart(tree(experiment=text, note=text))

    assert all(LINE.fullmatch(line) for line in made.splitlines())
    assert "<script" not in made
    assert "%%" not in made


@pytest.mark.parametrize("text", ['style = {"a":1}', "classDef:x=1"])
def test_a_chart_holds_nothing_that_mermaid_takes_for_a_style(text: str) -> None:
    made = chart(tree(experiment=text, note=text))

    assert re.search(r"(?:style|classDef).*:\S*#.*;", made) is None


def test_a_chart_leads_from_what_was_there_first() -> None:
    made = chart(tree())

    boxes = {found[2]: found[1] for found in re.finditer(r'(n\d+)\["[^<]*<br>(.*)"\]', made)}
    assert f"{boxes['plum_wave_9xd4t']} --> " in made
    assert f"{boxes['churn-rows:12']} --> {boxes['plum_wave_9xd4t']}" in made
    assert f"n0 --> {boxes['live/blue']}" in made


def test_a_chart_leaves_out_what_is_only_said() -> None:
    assert "not known" not in chart(tree())
    assert "accuracy" not in chart(tree())
