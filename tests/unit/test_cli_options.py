"""What several commands take: a time is one that has passed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from registration.cli_options import time_of
from registration.errors import InputError


@pytest.mark.parametrize("option", ["--since", "--at"])
def test_a_time_that_is_still_to_come_is_refused(option: str) -> None:
    with pytest.raises(InputError, match=f"{option} 9999-01-01 is still to come; give a time that has passed"):
        time_of("9999-01-01", option=option)


def test_a_time_without_a_zone_is_one_in_utc() -> None:
    assert time_of("2026-03-02T08:30", option="--since") == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
