"""Failures: everything is tried, the first failure is raised, and none is lost."""

from __future__ import annotations

import pytest

from registration.failures import Failures


def test_everything_is_tried_and_the_first_failure_raised(caplog: pytest.LogCaptureFixture) -> None:
    failures, tried = Failures("thing"), list[int]()
    for number in range(3):
        with failures.kept():
            tried.append(number)
            raise ValueError(f"number {number}")

    with pytest.raises(ValueError, match="number 0"):
        failures.raise_first()

    assert tried == [0, 1, 2]
    assert [str(record.exc_info and record.exc_info[1]) for record in caplog.records] == ["number 1", "number 2"]


def test_what_ranks_first_is_raised_first() -> None:
    failures = Failures("thing")
    for failure in (ValueError("early"), KeyError("late")):
        failures.keep(failure)

    with pytest.raises(KeyError):
        failures.raise_first(rank=lambda one: (not isinstance(one, KeyError),))


def test_what_is_raised_at_once_is_not_kept() -> None:
    failures = Failures("thing", at_once=(KeyError,))

    with pytest.raises(KeyError), failures.kept():
        raise KeyError

    failures.raise_first()
