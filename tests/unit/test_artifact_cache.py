"""The cache of a reader: whatever it holds is what was put in, and it never holds much more than it may."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from registration.artifacts.ahead import Span
from registration.artifacts.cache import Cache

MOST = 20
SPANS = st.lists(st.builds(Span, st.integers(0, 30), st.integers(1, 12)), max_size=20)


def data_of(span: Span) -> bytes:
    return bytes(range(span.first, span.end))


@given(SPANS)
def test_what_is_found_has_the_window_that_was_asked_for(spans: list[Span]) -> None:
    cache = Cache(MOST)
    for span in spans:
        cache.add(span, data_of(span))

    for window in range(50):
        found = cache.find(window)
        assert (found is not None) == (window in cache)
        if found is not None:
            span, data = found
            assert data[window - span.first] == window


@given(SPANS)
def test_it_holds_no_more_than_it_may_and_always_what_came_last(spans: list[Span]) -> None:
    cache = Cache(MOST)
    for span in spans:
        cache.add(span, data_of(span))

        assert cache.windows <= MOST
        assert all(window in cache for window in range(span.first, span.end))


def test_a_span_that_is_longer_than_all_that_may_be_held_is_held() -> None:
    cache = Cache(MOST)
    cache.add(Span(0, 3), data_of(Span(0, 3)))

    cache.add(Span(5, MOST + 1), data_of(Span(5, MOST + 1)))

    assert (5 in cache, 0 in cache, cache.windows) == (True, False, MOST + 1)


def test_what_was_read_last_stays_longest() -> None:
    cache = Cache(MOST)
    for first in (0, 10):
        cache.add(Span(first, 10), data_of(Span(first, 10)))
    cache.find(0)

    cache.add(Span(30, 1), data_of(Span(30, 1)))

    assert (0 in cache, 10 in cache) == (True, False)


@given(st.lists(st.builds(Span, st.integers(0, 30), st.integers(1, 12)) | st.integers(0, 41), max_size=40))
def test_spans_that_overlap_may_be_let_go_in_any_order(steps: list[Span | int]) -> None:
    cache = Cache(MOST)
    for step in steps:
        if isinstance(step, Span):
            cache.add(step, data_of(step))
        elif (found := cache.find(step)) is not None:
            assert found[1][step - found[0].first] == step


def test_what_is_left_of_a_span_that_another_one_covered_can_be_let_go() -> None:
    cache = Cache(MOST)
    cache.add(Span(0, 10), data_of(Span(0, 10)))
    cache.add(Span(5, 10), data_of(Span(5, 10)))
    cache.find(0)

    for first in (20, 30):
        cache.add(Span(first, 10), data_of(Span(first, 10)))

    assert (0 in cache, 5 in cache, 30 in cache) == (False, False, True)
