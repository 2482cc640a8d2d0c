"""What a person sees before an approval or a rejection is sent: what was held, by which rules, with the numbers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from registration import pages
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from registration.pages import Row
    from registration.question import Question
    from registration.step import Step
    from registration.work import Work


def show(work: Work, step: Step, question: Question | None, *, rules: Sequence[str], console: Console) -> None:
    """Print what is about to be answered; `rules` are those that an approval overrides, none for a rejection."""
    console.print(pages.rows(_rows(work, step, question)))
    console.print(pages.verdict_table(step.verdicts))
    for reason in step.reasons:
        console.print(Text(f"held: {shown(reason)}"))
    for rule in rules:
        console.print(Text(f"you approve: {shown(rule)}", style="bold"))


def _rows(work: Work, step: Step, question: Question | None) -> Iterator[Row]:
    yield "model", work.subject.get("model")
    yield "source", step.source
    yield "work", work.work
    yield "compared", f"with version {step.compared_with}" if step.champion else "with nothing: there was no champion"
    yield "policy", step.policy.get("name")
    yield "artifact", step.candidate.get("artifact_sha256")
    if question is None:
        return
    yield "held", pages.second(datetime.fromisoformat(question.asked_at))
    yield "until", pages.second(datetime.fromisoformat(question.expires))
    for answer in question.answers:
        yield "approved", f"by {answer['actor']['name']}: {answer['reason']}"
