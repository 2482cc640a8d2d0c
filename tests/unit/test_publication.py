"""Publishing: only what is fit is written, only what differs, and only over what was compared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from registration import cli_policy_publish
from registration.errors import InputError, PublicationConflictError
from tests.fakes import MemoryPublished
from tests.world import CHURN

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

URL = "https://account.blob.core.windows.net/registrar-policies"
WINE = CHURN.replace("churn", "wine")
CASES = """\
policy: churn.yaml
cases:
  - {name: good enough, candidate: {metrics: {accuracy: 0.8}}, expect: {outcome: register}}
"""


@pytest.fixture
def store() -> MemoryPublished:
    return MemoryPublished()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one policy and its cases."""
    (tmp_path / "churn.yaml").write_text(CHURN, encoding="utf-8")
    (tmp_path / "churn.test.yaml").write_text(CASES, encoding="utf-8")
    return tmp_path


def publish(folder: Path, store: MemoryPublished, *arguments: str, says: bool | None = None) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    ask = None if says is None else lambda _number: bool(says)
    cli_policy_publish.add_to(app, place=lambda _url: store, ask=ask)
    return CliRunner().invoke(app, ["publish", str(folder), "--to", URL, *arguments])


def told(folder: Path, store: MemoryPublished, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(publish(folder, store, "--yes", "--json", *arguments).output)
    return found


def test_a_new_policy_is_published_without_its_cases(folder: Path, store: MemoryPublished) -> None:
    result = publish(folder, store, "--yes")

    assert result.exit_code == 0
    assert {name: data for name, (data, _) in store.kept.items()} == {"churn.yaml": CHURN.encode()}
    assert f"written at {URL}: churn.yaml" in " ".join(result.output.split())


def test_what_is_the_same_is_not_written_again(folder: Path, store: MemoryPublished) -> None:
    store.has("churn.yaml", CHURN.encode())

    result = publish(folder, store, "--yes")

    assert (result.exit_code, store.writes) == (0, [])
    assert "nothing to publish" in result.output


def test_a_change_is_shown_in_words_before_it_is_written(folder: Path, store: MemoryPublished) -> None:
    store.has("churn.yaml", CHURN.replace("regression: 0", "regression: 2%").encode())

    result = publish(folder, store, says=True)

    assert store.writes == ["put churn.yaml"]
    assert "- churn: accuracy may now not be worse than the champion (was 2%)" in result.output
    assert max(map(len, result.output.splitlines())) <= 80


def test_another_layout_is_published_and_said_to_mean_the_same(folder: Path, store: MemoryPublished) -> None:
    store.has("churn.yaml", CHURN.replace("0.8", "0.80").encode())

    [item] = told(folder, store)["files"]

    assert (item["kind"], item["changes"], store.writes) == ("relaid", [], ["put churn.yaml"])


def test_whoever_says_no_publishes_nothing(folder: Path, store: MemoryPublished) -> None:
    result = publish(folder, store, says=False)

    assert (result.exit_code, store.kept) == (1, {})
    assert "nothing was written" in result.output


def test_without_somebody_to_ask_nothing_is_published(folder: Path, store: MemoryPublished) -> None:
    result = publish(folder, store)

    assert isinstance(result.exception, InputError)
    assert store.kept == {}


def test_a_dry_run_writes_nothing_and_asks_nobody(folder: Path, store: MemoryPublished) -> None:
    result = publish(folder, store, "--dry-run")

    assert (result.exit_code, store.kept) == (0, {})
    assert "new     churn.yaml" in result.output


def test_a_policy_that_cannot_be_read_stops_it(folder: Path, store: MemoryPublished) -> None:
    (folder / "wine.yaml").write_text(WINE.replace("min:", "mim:"), encoding="utf-8")

    result = publish(folder, store, "--yes")

    assert (result.exit_code, store.kept) == (1, {})
    assert "unknown key; did you mean 'min'?" in result.output


def test_a_case_that_fails_stops_it(folder: Path, store: MemoryPublished) -> None:
    (folder / "churn.yaml").write_text(CHURN.replace("0.8", "0.9"), encoding="utf-8")

    result = publish(folder, store, "--yes")

    assert (result.exit_code, store.kept) == (1, {})
    assert "accuracy 0.8 is below the minimum 0.9" in result.output


def test_a_remark_can_be_allowed(folder: Path, store: MemoryPublished) -> None:
    (folder / "churn.yaml").write_text(CHURN.replace("0.8", "80"), encoding="utf-8")
    (folder / "churn.test.yaml").unlink()

    refused = publish(folder, store, "--yes").exit_code
    allowed = publish(folder, store, "--yes", "--allow", "unsatisfiable").exit_code

    assert (refused, allowed) == (1, 0)


def test_two_policies_about_one_model_cannot_be_allowed(folder: Path, store: MemoryPublished) -> None:
    (folder / "again.yaml").write_text(CHURN, encoding="utf-8")

    result = publish(folder, store, "--yes", "--allow", "two_policies")

    assert (result.exit_code, store.kept) == (2, {})


def test_a_model_that_a_published_policy_has_already_stops_it(folder: Path, store: MemoryPublished) -> None:
    store.has("old.yaml", CHURN.encode())

    result = publish(folder, store, "--yes")

    assert (result.exit_code, store.writes) == (1, [])
    assert "'churn' is decided by churn.yaml already" in " ".join(result.output.split())


def test_what_is_gone_stays_unless_it_is_pruned(folder: Path, store: MemoryPublished) -> None:
    store.has("wine.yaml", WINE.encode())

    kept = told(folder, store)["files"]
    pruned = told(folder, store, "--prune")

    assert [(item["name"], item["kind"]) for item in kept] == [("churn.yaml", "new"), ("wine.yaml", "kept")]
    assert pruned["written"] == ["wine.yaml"]
    assert list(store.kept) == ["churn.yaml"]


def test_what_is_removed_goes_last(folder: Path, store: MemoryPublished) -> None:
    store.has("a-former-name.yaml", CHURN.encode())

    publish(folder, store, "--yes", "--prune")

    assert store.writes == ["put churn.yaml", "remove a-former-name.yaml"]


def test_a_broken_policy_that_stays_published_stops_it(folder: Path, store: MemoryPublished) -> None:
    store.has("wine.yaml", b"kind: nothing")

    assert publish(folder, store, "--yes").exit_code == 1
    assert publish(folder, store, "--yes", "--prune").exit_code == 0


@pytest.mark.parametrize("broken", [b"kind: nothing", b"\xff\xfe"])
def test_a_broken_policy_is_mended_by_publishing_over_it(folder: Path, store: MemoryPublished, broken: bytes) -> None:
    store.has("churn.yaml", broken)

    [item] = told(folder, store)["files"]

    assert item["broken"].startswith("churn.yaml: ")
    assert store.kept["churn.yaml"][0] == CHURN.encode()


def test_a_policy_that_somebody_else_published_meanwhile_is_not_written_over(
    folder: Path, store: MemoryPublished
) -> None:
    (folder / "wine.yaml").write_text(WINE, encoding="utf-8")
    store.meddle = lambda name: store.has(name, b"theirs") if name == "wine.yaml" else None

    result = publish(folder, store, "--yes")

    assert isinstance(result.exception, PublicationConflictError)
    assert store.kept["wine.yaml"][0] == b"theirs"
    assert "stopped; written before that: churn.yaml" in result.stderr


def test_one_policy_alone_can_be_published(folder: Path, store: MemoryPublished) -> None:
    (folder / "wine.yaml").write_text(WINE, encoding="utf-8")

    publish(folder / "wine.yaml", store, "--yes")

    assert list(store.kept) == ["wine.yaml"]


def test_json_cannot_ask(folder: Path, store: MemoryPublished) -> None:
    result = publish(folder, store, "--json")

    assert isinstance(result.exception, InputError)
    assert store.kept == {}
