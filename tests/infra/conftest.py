"""What the tests of the hooks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.infra.stage import Stage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage of its own for each test."""
    return Stage(tmp_path)
