"""A small load settles with every claim upheld, and each claim is one that broken records would break."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bench import load
from bench.load_checks import check
from bench.load_numbers import numbers
from bench.load_report import page
from bench.load_run import Seen, run

if TYPE_CHECKING:
    from bench.load_ledger import Record

EVENTS = 60
pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def seen() -> Seen:
    return run(EVENTS, seed=7, say=lambda _: None)


def broken(seen: Seen) -> list[str]:
    """The first words of every claim that does not hold."""
    return [each.claim.partition(",")[0] for each in check(seen) if not each.holds]


def without(records: dict[str, Record], name: str) -> dict[str, Record]:
    return {key: record for key, record in records.items() if key != name}


def a_model(seen: Seen) -> str:
    """The model with the longest history."""
    return max(seen.ledger.heads, key=lambda model: seen.ledger.heads[model]["log_seq"])


def test_a_small_load_settles_and_every_claim_holds(seen: Seen) -> None:
    found = numbers(seen)

    assert [(each.claim, each.exceptions) for each in check(seen) if not each.holds] == []
    assert found.events == EVENTS
    assert found.injected > 0
    assert {"registered", "rejected"} <= found.outcomes.keys()
    assert 0 < found.latency.p50 <= found.latency.slowest <= found.seconds


def test_a_load_has_repeats_of_every_kind_in_both_schemas(seen: Seen) -> None:
    offers = [sent.posting for sent in seen.sent if sent.posting.candidate]

    ids = {posting.event["id"] for posting in offers}
    assert len({posting.candidate for posting in offers}) < len(ids) < len(offers)
    assert {"specversion" in posting.event for posting in offers} == {True, False}
    assert any(sent.posting.is_unusable for sent in seen.sent)


def test_a_missing_work_record_is_noticed(seen: Seen) -> None:
    some = next(iter(seen.ledger.works))

    less = replace(seen, ledger=replace(seen.ledger, works=without(dict(seen.ledger.works), some)))

    assert "no candidate is lost: one finished work record each" in broken(less)


def test_a_missing_decision_is_noticed(seen: Seen) -> None:
    first = f"{a_model(seen)}/{seen.ledger.heads[a_model(seen)]['log_digest']}"

    less = replace(seen, ledger=replace(seen.ledger, decisions=without(dict(seen.ledger.decisions), first)))

    assert "every model's decisions form one whole chain" in broken(less)


def test_a_second_version_of_one_work_is_noticed(seen: Seen) -> None:
    model = a_model(seen)
    twice = [*seen.versions[model], replace(seen.versions[model][0], version="999")]

    more = replace(seen, versions={**seen.versions, model: twice})

    assert "active versions are the registered works" in broken(more)


def test_two_champions_are_noticed(seen: Seen) -> None:
    model = a_model(seen)
    first, *others = seen.versions[model]
    other = replace(others[0], content=replace(others[0].content, tags={"registrar.champion": "true"}))

    more = replace(seen, versions={**seen.versions, model: [first, other, *others[1:]]})

    assert broken(more) == ["exactly one version shows as champion"]


@pytest.mark.parametrize("change", [{"id": "another"}, {"type": "Registrar.ModelHeld"}])
def test_a_notice_under_another_id_or_type_is_noticed(seen: Seen, change: dict[str, Any]) -> None:
    more = replace(seen, topic=(*seen.topic, {**seen.topic[0], **change}))

    assert broken(more) == ["every outcome event was sent at least once"]


def test_a_lost_quarantine_entry_is_noticed(seen: Seen) -> None:
    less = replace(seen, ledger=replace(seen.ledger, quarantine=seen.ledger.quarantine[1:]))

    assert broken(less) == ["every event that cannot be used is in quarantine once"]


def test_a_lost_receipt_is_noticed(seen: Seen) -> None:
    less = replace(seen, receipts=dict(list(seen.receipts.items())[1:]))

    assert broken(less) == ["every drop has the receipt of its outcome"]


def test_the_report_names_the_exceptions_of_a_claim_that_fails(seen: Seen) -> None:
    restless = replace(seen, clock=replace(seen.clock, is_at_rest=False))

    text = page([(numbers(seen), check(seen)), (numbers(restless), check(restless))], seed=7)

    assert "FAILS  every door took every event" in text
    assert "holds  no candidate is lost" in text
    assert f"{EVENTS} events: the queues were not empty when the patience ran out" in text
    assert "x1.00" in text


def test_too_few_events_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        load.main(["--events", "3"])

    assert refusal.value.code == 2
    assert "must be a number from 20 up, not '3'" in capsys.readouterr().err
