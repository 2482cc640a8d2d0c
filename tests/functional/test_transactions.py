"""What one event costs in transactions is what docs/deploy.md says."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from bench import transactions

if TYPE_CHECKING:
    from sandbox.sandbox import Sandbox

PAGE = Path(__file__).resolve().parents[2] / "docs" / "deploy.md"


def test_an_event_costs_what_the_page_says(sandbox: Sandbox, tmp_path: Path) -> None:
    found = transactions.measured(sandbox, tmp_path, f"cost-{uuid.uuid4().hex[:8]}")

    assert transactions.table(found) in PAGE.read_text(encoding="utf-8")
