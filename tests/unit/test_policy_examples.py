"""Every policy shown to a user is one that works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from registration.policy import document
from registration.policy.folder import files_at, is_policy
from registration.policy.rules import rules_of

ROOT = Path(__file__).parents[2]
POLICIES = [path for path in files_at([ROOT / "policies"]) if is_policy(path.name)]
PAGE = ROOT / "docs" / "formats" / "policy.md"


def examples(page: Path) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_every_example_policy_parses_and_is_called_like_its_file(path: Path) -> None:
    policy = document.parse(path.read_text(encoding="utf-8"), source=path.name)

    assert policy.name == path.stem
    assert all(rules_of(model) for model in policy.models)


def test_the_example_policies_are_there() -> None:
    assert [path.stem for path in POLICIES] == [
        "breast-cancer",
        "delivery-times",
        "digits-vendor",
        "house-prices",
        "nyc-taxi",
        "partner-vision",
        "wine",
    ]


def test_every_example_in_the_reference_parses() -> None:
    found = examples(PAGE)

    assert found
    assert all(document.parse(text, source=PAGE.name) for text in found)


def test_every_code_of_a_verdict_is_in_the_format_page() -> None:
    modules = ("rules", "bounds", "criteria", "unjudged", "required", "decision", "sides", "subject", "number")
    written = "".join((ROOT / f"registration/policy/{name}.py").read_text(encoding="utf-8") for name in modules)

    found = re.findall(r'code: ClassVar\[str\] = "(\w+)"|Flaw\(\s*"(\w+)"|, "((?:\w+_)?\w+)"(?:, |\))', written)
    codes = {code for group in found for code in group if "_" in code or code in {"missing", "nonfinite", "error"}}

    page = PAGE.read_text(encoding="utf-8")
    assert [code for code in sorted(codes) if f"`{code}`" not in page] == []
