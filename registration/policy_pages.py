"""How what is said of policies looks on a terminal of eighty columns: decisions, remarks, cases, differences."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from registration.backtest import Fate
from registration.pages import (
    Fitted,
    Row,
    coloured,
    count,
    counterfactuals,
    listed,
    plain,
    rows,
    text,
    unsaid,
    verdict_table,
)
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from registration.backtest import Again, Backtest
    from registration.history import Break
    from registration.policy.cases import CaseResult, Mismatch
    from registration.policy.difference import Change
    from registration.policy.document import Policy
    from registration.policy.lint import Checked
    from registration.policy.remark import Remark
    from registration.policy.trial import Trial
    from registration.publication import Item, Proposal

_NOTES = {
    "relaid": "another text with the same meaning",
    "kept": "published, and not among these files; --prune removes it",
}


def trial(found: Trial, *, policy: Policy) -> Group:
    """A decision that nothing comes of: the outcome, each rule's numbers, and what would have changed it."""
    verdicts = [verdict.to_dict() for verdict in found.verdicts]
    told: list[Row] = [
        ("model", found.model),
        ("outcome", coloured(found.outcome)),
        ("promote", _yes(said=found.promote)),
    ]
    parts: list[RenderableType] = [rows([*told, *listed("why", found.reasons)])]
    if verdicts:
        parts += [verdict_table(verdicts), *unsaid(verdicts, reasons=found.reasons)]
    ends: list[Row] = [*counterfactuals(verdicts), ("policy", policy.name), ("digest", policy.digest)]
    return Group(*parts, rows([*ends, ("engine", found.engine)]))


def checked(found: Checked, *, files: int) -> Group:
    """Every remark, and how many there are."""
    total = f"{count(files, 'file')}: {count(found.errors, 'error')}, {count(found.warnings, 'warning')}"
    return Group(*map(_remark, found.remarks), Text(total, style="bold red" if found.errors else "bold"))


def case(result: CaseResult) -> Group:
    """One case: a line if it passed, else everything that differs from what was expected."""
    head = Text("passed " if result.passed else "FAILED ", style="green" if result.passed else "bold red")
    head.append(shown(result.name if result.passed else f"{result.name}  ({result.source})"), style="")
    return Group(head, *(Padding.indent(_mismatch(each), 4) for each in result.mismatches))


def totals(results: Sequence[CaseResult], *, files: int, untested: Iterable[object]) -> Group:
    """How many cases passed and failed, and which policies no case tests."""
    failed = sum(not result.passed for result in results)
    told = f"{count(len(results), 'case')} in {count(files, 'file')}: {len(results) - failed} passed, {failed} failed"
    notes = (plain(f"no cases test {policy}") for policy in untested)
    return Group(*notes, Text(told, style="bold red" if failed else "bold"))


def changes(found: Iterable[Change]) -> Group:
    """What differs, a line for each thing; says so if nothing does."""
    said = [plain(f"- {each}") for each in found]
    return Group(*said or [plain("no difference in meaning")])


def publication(found: Proposal) -> Group:
    """What publishing would do, and what is wrong: remarks, cases that failed, and every file."""
    checked_, cases = found.checked, found.cases
    told = f"{count(checked_.errors, 'error')}, {count(checked_.warnings, 'warning')}; {_cases(cases)}"
    failed = (case(result) for result in cases if not result.passed)
    return Group(*map(_remark, checked_.remarks), *failed, plain(told), *map(_item, found.items))


def backtest(made: Backtest, *, since: datetime, breaks: Sequence[Break]) -> Group:
    """Which decisions would have been others, and what could not be said."""
    flipped = made.of(Fate.FLIPPED)
    told = f"this policy would have flipped {len(flipped)} of {count(made.judged, 'decision')}"
    told += f" since {since:%Y-%m-%d %H:%M} UTC"
    parts: list[RenderableType] = [_flips(flipped)] if flipped else []
    parts += [Text(told, style="bold"), *_aside(made, Fate.LEFT_OUT), *_aside(made, Fate.INCOMPLETE)]
    return Group(*parts, *(Text(shown(f"broken  {found}"), style="red") for found in breaks))


def _flips(flipped: Iterable[Again]) -> Fitted:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("no", justify="right", no_wrap=True)
    for name in ("decided, UTC", "was", "would be"):
        table.add_column(name, no_wrap=True)
    table.add_column("model and why", overflow="fold", ratio=1)
    for again in flipped:
        when = again.step.decided_at
        cells = (text(again.step.seq), f"{when:%Y-%m-%d %H:%M}" if when else "unknown")
        why = f"{again.model}: {'; '.join(again.reasons)}"
        table.add_row(*cells, coloured(again.was), coloured(text(again.now)), plain(why))
    return Fitted(table)


def _aside(made: Backtest, fate: Fate) -> Iterator[Text]:
    """How many decisions have this fate, by reason; nothing for none."""
    reasons = Counter("; ".join(again.reasons) for again in made.of(fate))
    for reason, number in reasons.most_common():
        yield plain(f"{count(number, 'decision')} {fate}: {reason}")


def _item(item: Item) -> Group:
    head = Text(f"{item.kind:8}", style="bold" if item.is_written else "dim")
    head.append(shown(item.name), style="")
    said = [plain(f"- {change}") for change in item.changes]
    said += [plain(f"what is published cannot be read: {item.broken}")] if item.broken else []
    said += [plain(_NOTES[item.kind])] if item.kind in _NOTES else []
    return Group(head, *(Padding.indent(line, 4) for line in said))


def _cases(cases: Sequence[CaseResult]) -> str:
    if not cases:
        return "no cases test these policies"
    return f"{sum(result.passed for result in cases)} of {count(len(cases), 'case')} passed"


def _remark(remark: Remark) -> Group:
    place = f"{remark.source}:{remark.line}" if remark.line else remark.source
    head = coloured(remark.weight)
    head.append(shown(f" {remark.code}  {place}  {remark.path}"), style="bold")
    return Group(head, Padding.indent(plain(remark.message), 4))


def _mismatch(found: Mismatch) -> Group:
    grid = rows([("expected", found.expected), ("got", found.got), *listed("", found.why)])
    return Group(Text(shown(found.place), style="bold"), Padding.indent(grid, 2))


def _yes(*, said: bool) -> str:
    return "yes" if said else "no"
