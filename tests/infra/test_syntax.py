"""Every template parses, with a grammar that is pinned."""

from __future__ import annotations

from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_bicep

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "infra").rglob("*.bicep"))
PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_template_parses(template: Path) -> None:
    assert not PARSER.parse(template.read_bytes()).root_node.has_error
