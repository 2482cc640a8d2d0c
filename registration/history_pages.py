"""How histories and explanations look on a terminal of eighty columns. Outside text is shown, never obeyed."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from registration.pages import (
    Fitted,
    Row,
    coloured,
    count,
    counterfactuals,
    listed,
    plain,
    rows,
    second,
    unsaid,
    verdict_table,
)
from registration.step import asked_by, items, members, source_of, word
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from rich.console import RenderableType

    from registration.explanation import Explanation
    from registration.history import Break, History, Reign
    from registration.inspection import Inspection
    from registration.step import Step
    from registration.work import Share, Shares, Work

MOST_REASONS = 2
MOST_GIVEN_UP = 5


def table_of(history: History, shares: Mapping[str, Shares]) -> Group:
    """Every decision, newest last, and what was shared, by the decision that promoted it."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("no", justify="right", no_wrap=True)
    for name in ("decided, UTC", "outcome", "version", "champion"):
        table.add_column(name, no_wrap=True)
    table.add_column("why", overflow="fold", ratio=1)
    for step in history.steps:
        cells = (word(step.seq), _minute(step.decided_at), coloured(step.outcome), word(step.version))
        table.add_row(*cells, _mark(history, step), _told(step))
    return Group(Fitted(table), plain(_now(history)), *_shared(history, shares), *_warnings(history.breaks))


def _told(step: Step) -> Text:
    """Why it ended so, and what tells more of it; a registered version is known by its number."""
    told = plain(_first(step.reasons))
    if step.work and (step.version is None or step.outcome != "register"):
        told.append(f"\nregistrar explain {shown(step.work[:8])}", style="dim")
    return told


def _shared(history: History, shares: Mapping[str, Shares]) -> Iterator[Text]:
    for step in history.steps:
        for share in shares.get(step.digest, ()):
            done = "shared as" if share.id else "not shared yet," if share.is_owed else "not shared,"
            yield plain(f"Version {step.version} is {done} {shown(_share(share))}")


def inspected(found: Inspection | None) -> Group:
    """That the champion has other files than were judged; nothing while they are as judged."""
    if found is None or found.last is None or not found.is_changed:
        return Group()
    told = f"Version {found.version} is the champion and has other files than were judged, since {found.changed_since}:"
    text = plain(told)
    text.stylize("red")
    return Group(text, *(plain(f"  {shown(str(finding))}") for finding in found.last.findings[:MOST_GIVEN_UP]))


def given_up(kept: Iterable[Mapping[str, Any]]) -> Group:
    """Messages in quarantine, of whatever model, the first few with their reasons; nothing when there are none."""
    reasons = [str(document.get("reason", "")) for document in islice(kept, MOST_GIVEN_UP + 1)]
    if not reasons:
        return Group()
    told = "Messages in quarantine, of whatever model; registrar replay --dry-run shows what would be tried again:"
    lines = [plain(f"  {shown(reason)}") for reason in reasons[:MOST_GIVEN_UP]]
    return Group(plain(told), *lines, *([plain("  and more")] if len(reasons) > MOST_GIVEN_UP else []))


def champion_then(history: History, moment: datetime) -> Group:
    """Who was champion at `moment`."""
    reign = history.champion_at(moment)
    told: list[Row] = [("model", history.model), ("at", second(moment)), ("champion", "none")]
    if reign is not None:
        told = [*told[:2], *_reign(reign)]
    return Group(rows(told), *_warnings(history.breaks))


def verification(history: History) -> Group:
    """Whether the chain is whole, else every break in it."""
    if history.is_whole:
        return Group(plain(f"{_decisions(history)}, chain whole"))
    return Group(plain(f"{_decisions(history)} could be read, chain broken"), *map(_broken, history.breaks))


def explanation(found: Explanation) -> Group:
    """All about one piece of work: what came of it, the verdicts, and what they were made from."""
    parts: list[RenderableType] = [rows([*_result(found), *_state(found.work)])]
    if found.step is not None:
        told = (*_decision(found, found.step), *_asked(found.step), *listed("later", map(_entry, found.later)))
        parts += [rows(told), *([verdict_table(found.step.verdicts)] if found.step.verdicts else [])]
        parts += unsaid(found.step.verdicts, reasons=found.step.reasons)
        parts += [rows([*counterfactuals(found.step.verdicts), *_beside(found.step), *_inputs(found.step)])]
    return Group(*parts, *map(_broken, found.breaks))


def _reign(reign: Reign) -> Iterator[Row]:
    step = reign.step
    yield "champion", f"version {step.version}"
    yield "since", second(reign.since)
    yield "until", second(reign.until) if reign.until else "now"
    yield "decision", step.digest
    yield "", f"number {step.seq} of its history"
    yield "work", step.work
    yield from listed("why", step.reasons)


def _result(found: Explanation) -> Iterator[Row]:
    work, step, result = found.work, found.step, found.result
    subject = work.subject if work else {}
    yield "model", found.model or "none that it may name"
    yield (
        "outcome",
        coloured(word(result.get("outcome")) or (step.outcome if step and not found.is_draft else "none yet")),
    )
    yield "version", _version(found, step.version if step and not found.is_draft else None)
    yield from listed("why", _why(found))
    yield "source", step.source if step else source_of(subject.get("source"))
    yield "event", step.event if step else word(subject.get("event"))
    yield "work", work.work if work else f"{step.work if step else ''}, whose record is gone"


def _why(found: Explanation) -> Iterable[str]:
    """The decision has every reason; what a request led to, and by whom, only its own result tells."""
    said = map(word, items(found.result.get("reasons")))
    is_request = found.work is not None and items(found.work.subject.get("source"))[:1] == ["request"]
    return found.step.reasons if found.step and not found.is_draft and not is_request else said


def _version(found: Explanation, version: int | None) -> str:
    champion = "no version is" if found.champion is None else f"version {found.champion} is"
    if version is None and not found.result:
        return "none yet"
    if version is None:
        return "none was registered" + (f"; {champion} the champion" if found.model else "")
    if version == found.champion:
        return f"{version}, the champion"
    if found.step is not None and not found.step.promoted:
        return f"{version}, registered and not promoted; {champion} the champion"
    return f"{version}, champion once; {champion} now"


def _state(work: Work | None) -> Iterator[Row]:
    if work is None:
        return
    yield "state", f"{work.state}, attempt {work.attempt}" + ("" if work.owner else ", given back for the next try")
    yield from listed("shared", map(_share, work.shares))
    if work.state == "finished":
        return
    if work.intent:
        yield "intent", f"version {work.intent.version} from {work.intent.uri}"
    if work.draft:
        yield "draft", work.draft.digest
        yield "", f"written to be decision {work.draft.seq}"
    yield "owed", f"{len(work.outbox)} notices"


def _share(share: Share) -> str:
    if share.id is not None:
        return share.id
    if share.withheld:
        return f"withheld from {share.registry}: {share.reason}"
    return f"owed to {share.registry}, as {share.model}: {share.reason or 'not tried yet'}"


def _decision(found: Explanation, step: Step) -> Iterator[Row]:
    yield ("draft" if found.is_draft else "decision"), step.digest
    if found.is_draft:
        yield "", "not a decision yet: the head does not lead to it, and another may take its place"
    yield "decided", f"{second(step.decided_at)}, number {step.seq} of {found.model}"
    yield from _judged(step) if step.is_judged else [("policy", "none: no rule was asked")]


def _judged(step: Step) -> Iterator[Row]:
    yield "policy", step.policy.get("name")
    yield "digest", step.policy.get("digest")
    yield "text", step.policy.get("text_sha256")
    if step.champion:
        yield "compared", f"with the champion of then, version {step.compared_with}"
        yield "", step.champion.get("decision")
    else:
        yield "compared", "with nothing: there was no champion"


def _beside(step: Step) -> Iterator[Row]:
    """What else was looked at, and what policies said that decide nothing."""
    yield from listed("baseline", map(_baseline, items(step.record.get("baselines"))))
    if past := items(step.record.get("past")):
        yield "past", f"{count(len(past), 'earlier champion')}, from version {word(members(past[0]).get('version'))} on"
    group = (members(member) for member in items(step.record.get("group")))
    yield from listed("group", (f"{word(one.get('model'))} alone: {word(one.get('outcome'))}" for one in group))
    yield from listed("shadow", map(_shadow, items(step.record.get("shadow"))))


def _baseline(said: object) -> str:
    baseline = members(said)
    whose = f"{word(baseline.get('model'))} in registry {word(baseline.get('registry'))}"
    if baseline.get("problem"):
        return f"{whose} could not be told: {word(baseline.get('problem'))}"
    version = baseline.get("version")
    return f"{whose}: " + ("nothing was shared there yet" if version is None else f"version {word(version)}")


def _shadow(said: object) -> str:
    shadow = members(said)
    reasons = _first(tuple(map(word, items(shadow.get("reasons")))))
    return f"{word(shadow.get('policy'))} would {word(shadow.get('outcome')) or 'not be asked'}: {reasons}"


def _asked(step: Step) -> Iterator[Row]:
    """What people had to do with it."""
    requests = [members(each) for each in items(step.record.get("requests"))]
    said = (f"{word(each.get('action'))} by {asked_by(each)}: {word(each.get('reason'))}" for each in requests)
    yield from listed("asked", said)
    for override in map(members, items(step.record.get("overrides"))):
        effect = "counted" if override.get("stands") is True else "did not count: files, policy or champion were others"
        yield "override", f"{', '.join(map(word, items(override.get('rules'))))}; it {effect}"
    if step.record.get("follows"):
        yield "follows", f"work {word(step.record.get('follows'))}"


def _entry(step: Step) -> str:
    return f"{second(step.decided_at)}, number {step.seq}: {'; '.join(step.reasons)}"


def _inputs(step: Step) -> Iterator[Row]:
    files = [members(file) for file in items(step.candidate.get("files"))]
    sizes = [size for file in files if isinstance(size := file.get("size"), int)]
    yield "artifact", step.candidate.get("artifact_sha256") or "was not read: its listing alone was refused"
    yield "", f"{count(len(files), 'file')}, {sum(sizes):,} bytes"
    signers = (members(each) for each in items(step.candidate.get("signed_by")))
    yield from listed("signed", (f"{word(one.get('path'))} by {_signer(one)}" for one in signers))
    lineage = sorted(members(step.candidate.get("lineage")).items())
    for place, (name, value) in enumerate(lineage):
        yield ("" if place else "lineage"), f"{name.removeprefix('lineage.')}: {word(value)}"


def _signer(said: Mapping[str, Any]) -> str:
    return word(said.get("identity")) or f"the key {word(said.get('key'))}"


def _first(reasons: tuple[str, ...]) -> str:
    left = len(reasons) - MOST_REASONS
    return "; ".join(reasons[:MOST_REASONS]) + (f"; and {left} more" if left > 0 else "")


def _mark(history: History, step: Step) -> str:
    if not step.promoted:
        return ""
    champion = history.head.champion
    return "now" if champion is not None and champion.decision == step.digest else "once"


def _now(history: History) -> str:
    champion = history.head.champion
    who = f"version {champion.version} is" if champion else "no version is"
    return f"{_decisions(history)}, newest last; {who} the champion of {history.model}."


def _decisions(history: History) -> str:
    return count(len(history.steps), "decision")


def _warnings(breaks: tuple[Break, ...]) -> Iterator[Text]:
    if breaks:
        yield Text("The chain is broken, so this may not be what happened:", style="red")
        yield from map(_broken, breaks)


def _broken(found: Break) -> Text:
    text = plain(f"broken  {found}")
    text.stylize("red", 0, len("broken"))
    return text


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "unknown"
