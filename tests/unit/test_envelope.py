"""Envelopes: an event travels as it came, and what was added to it can always be taken off again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration import envelope
from registration.envelope import LARGEST_EVENT, Envelope
from registration.errors import MalformedEventError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def large_event(**data: object) -> dict[str, Any]:
    return {"eventType": "T", "data": {"runId": "J", "runTags": {"note": "ü" * LARGEST_EVENT}, **data}}


@pytest.mark.parametrize("text", ['{ "id" :\t"1", "b": 1.50 }\n', "not JSON", "", "[1]", "\ud800"])
def test_ordinary_text_is_sealed_byte_for_byte(text: str) -> None:
    assert envelope.seal(text) == text


def test_an_event_at_the_limit_is_not_trimmed() -> None:
    frame = '{"data": {"runTags": {"a": "%s"}}}'
    text = frame % ("x" * (LARGEST_EVENT - len(frame) + 2))

    assert len(text.encode()) == LARGEST_EVENT
    assert envelope.seal(text) == text
    assert envelope.seal(text + " ") != text + " "


@pytest.mark.parametrize("key", ["runTags", "RunTags", "run_tags", "runProperties", "RunProperties"])
def test_a_large_event_loses_tags_and_properties_in_any_spelling(key: str) -> None:
    text = json.dumps({"id": "1", "data": {"runId": "J", key: {"a": "x" * LARGEST_EVENT}}})

    opened = envelope.open_(envelope.seal(text))

    assert opened == Envelope({"id": "1", "data": {"runId": "J"}}, attempt=1, trimmed=True)


def test_size_is_measured_in_bytes_not_characters() -> None:
    text = json.dumps({"data": {"runTags": {"a": "語" * (LARGEST_EVENT // 2)}}}, ensure_ascii=False)

    assert envelope.open_(envelope.seal(text)).trimmed


def test_a_large_event_with_nothing_to_leave_out_stays_as_it_came() -> None:
    text = json.dumps({"eventType": "T", "data": {"url": "x" * LARGEST_EVENT}})

    assert envelope.seal(text) == text


@pytest.mark.parametrize("text", ["{" + "x" * LARGEST_EVENT, "[" * 200_000])
def test_large_text_that_cannot_be_read_stays_as_it_came(text: str) -> None:
    assert envelope.seal(text) == text


def test_a_plain_event_opens_as_its_first_attempt() -> None:
    assert envelope.open_('{"id": "1"}') == Envelope({"id": "1"}, attempt=1, trimmed=False)


def test_each_retry_counts_one_attempt_more() -> None:
    first = envelope.open_('{"id": "1"}')

    second = envelope.open_(envelope.again(first))
    third = envelope.open_(envelope.again(second))

    assert (second.attempt, third.attempt) == (2, 3)
    assert third.event == first.event


def test_a_retry_remembers_that_the_event_was_trimmed() -> None:
    opened = envelope.open_(envelope.seal(json.dumps(large_event())))

    assert envelope.open_(envelope.again(opened)) == Envelope(opened.event, attempt=2, trimmed=True)


def test_a_retry_of_the_largest_event_fits_a_queue_message() -> None:
    text = json.dumps({"data": {"runTags": {"a": "語" * ((LARGEST_EVENT - 40) // 3)}}}, ensure_ascii=False)

    again = envelope.again(envelope.open_(envelope.seal(text)))

    assert len(again.encode()) * 4 / 3 < 64 * 1024


@settings(max_examples=40)
@given(event=JSON, attempt=st.integers(1, 99), trimmed=st.booleans())
def test_what_is_sealed_again_opens_to_the_same_event(event: object, attempt: int, trimmed: bool) -> None:
    again = envelope.again(Envelope(event, attempt=attempt, trimmed=trimmed))

    assert envelope.open_(again.encode().decode()) == Envelope(event, attempt=attempt + 1, trimmed=trimmed)


def test_a_lone_surrogate_survives_a_retry() -> None:
    opened = envelope.open_(r'{"tag": "\ud800"}')

    assert envelope.open_(envelope.again(opened).encode().decode()).event == {"tag": "\ud800"}


def test_an_event_that_carries_its_own_registrar_key_stays_an_event() -> None:
    event = {"eventType": "T", "registrar": {"envelope": 1, "attempt": 9}, "event": {}}

    assert envelope.open_(json.dumps(event)) == Envelope(event)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1 column 1"),
        ('{"id":\n 1,,}', "line 2 column 4"),
        ("[" * 200_000, "nested too deeply"),
        ("1" * 5000, "^event: "),
    ],
)
def test_text_that_is_not_json_is_malformed(text: str, place: str) -> None:
    with pytest.raises(MalformedEventError, match=place):
        envelope.open_(text)


@pytest.mark.parametrize(
    ("header", "place"),
    [
        (None, "^registrar: "),
        ([], "^registrar: "),
        ({"attempt": 2}, r"^registrar\.envelope: "),
        ({"envelope": 2, "attempt": 2}, r"^registrar\.envelope: "),
        ({"envelope": 1}, r"^registrar\.attempt: "),
        ({"envelope": 1, "attempt": 0}, r"^registrar\.attempt: "),
        ({"envelope": 1, "attempt": True}, r"^registrar\.attempt: "),
        ({"envelope": 1, "attempt": "2"}, r"^registrar\.attempt: "),
        ({"envelope": 1, "attempt": 2, "trimmed": "no"}, r"^registrar\.trimmed: "),
    ],
)
def test_an_envelope_of_another_shape_is_malformed(header: object, place: str) -> None:
    with pytest.raises(MalformedEventError, match=place):
        envelope.open_(json.dumps({"registrar": header, "event": {}}))


def test_an_event_nested_too_deeply_cannot_be_sealed_again() -> None:
    deep: list[Any] = []
    for _ in range(200_000):
        deep = [deep]

    with pytest.raises(MalformedEventError, match="nested too deeply"):
        envelope.again(Envelope(deep))
