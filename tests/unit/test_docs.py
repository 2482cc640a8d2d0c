"""The documents say what the code does: names, codes, examples and links."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from registration import cli, manifest, notices, outcome, record, request, versioning
from registration.artifacts.inventory import Artifact
from registration.artifacts.store import Location, StoredFile
from registration.artifacts.validation import Validation
from registration.candidate import Candidate, DropSource, JobSource
from registration.group import Group
from registration.head import Champion, Head
from registration.lineage import Lineage
from registration.outcome import DECIDED, Outcome
from registration.policy import Evidence, document
from registration.policy.catalog import PolicyInForce
from registration.policy.require import LINEAGE, QUALITIES
from registration.question import Question
from registration.record import Beside, Case, Past
from registration.registry import Registration
from registration.revocation import Revocation
from registration.settings import Settings
from registration.work import Work
from tests.policy_texts import ACCURATE

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FORMATS = DOCS / "formats"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "tests").rglob("*.md"))]
RECORDS = sorted((DOCS / "adr").glob("*.md"))
HEADINGS = ["Context", "Drivers", "Options", "Outcome"]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def section(page: Path, title: str) -> str:
    """The text under the heading `title`, up to the next of its level."""
    return page.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[str]:
    """The word in backticks that each table row begins with."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


@cache
def nodes() -> tuple[ast.AST, ...]:
    files = (ROOT / "registration").rglob("*.py")
    return tuple(node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


def calls() -> Iterator[ast.Call]:
    return (node for node in nodes() if isinstance(node, ast.Call))


def text_of(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def text_of_name(node: ast.AST) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))


def callee(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def finding_codes(*makers: str) -> set[str]:
    """The code, a literal, that every call of `makers` begins with, or that a parser is given for what is broken."""
    made = [call for call in calls() if callee(call) in makers]
    given = [keyword.value for call in made for keyword in call.keywords if keyword.arg == "code"]
    return {code for value in (*given, *(call.args[0] for call in made if call.args)) if (code := text_of(value))}


def outcome_words() -> set[str]:
    said = (keyword.value for call in calls() for keyword in call.keywords if keyword.arg == "outcome")
    return {word for value in said if (word := text_of(value))} | set(DECIDED.values())


def examples(page: Path) -> list[Any]:
    """Every JSON example of a page, parsed."""
    blocks = re.findall(r"^```json\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [json.loads(block) for block in blocks]


def example(name: str) -> dict[str, Any]:
    """The first JSON example of a format's page."""
    shown: dict[str, Any] = examples(FORMATS / f"{name}.md")[0]
    return shown


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def a_decision() -> dict[str, Any]:
    """A decision record as the code writes one."""
    policy = document.parse(ACCURATE, source="p")
    file = StoredFile("model.bin", 1, "etag", "account", "container", "model.bin")
    place = Location("account", "container", "")
    source = JobSource("workspace", "job", "o", "")
    offer = Candidate(source, policy.models[0], PolicyInForce("p", ACCURATE, policy), place, Lineage(), "event")
    case = Case(offer, "work", Artifact((file,)), Validation("sha256", {}, ()), Evidence({"accuracy": 0.9}))
    beside = Beside(Past(1, "decision", Evidence({"accuracy": 0.8}, artifact_sha256="sha256")))
    decision = beside.decide(offer.model, case.evidence)
    return record.write(case, decision, beside=beside, version=2, decided_at="2026-01-01T00:00:00+00:00")


def commands(command: Any, *, said: str = "") -> Iterator[tuple[str, str | None]]:
    """Every command by what is typed, a group's by both words, with its help."""
    for name, inner in command.commands.items():
        yield from commands(inner, said=f"{name} ") if hasattr(inner, "commands") else [(f"{said}{name}", inner.help)]


def some_notices() -> dict[str, dict[str, Any]]:
    """The notices of a promoted drop, by sink."""
    outcome = Outcome("event", "registered", ("reason",), model="m", version=2, promoted=True)
    source = DropSource(Location("account", "container", "folder"))
    return {notice["sink"]: notice for notice in notices.of(outcome, source=source, workspace="w", at="now")}


def test_every_setting_is_documented_and_no_other() -> None:
    ours = ("REGISTRAR_", "APPLICATIONINSIGHTS_")
    of_the_app, _, _ = (DOCS / "settings.md").read_text().partition("\n## Settings that others read\n")
    documented = [name for name in rows(of_the_app) if name.startswith(ours)]

    assert documented == [field.alias for field in Settings.model_fields.values()]


def test_the_settings_that_are_required_are_said_to_be() -> None:
    text = (DOCS / "settings.md").read_text()

    said = re.findall(r"^\| `(REGISTRAR_\w+)` \| yes \|", text, re.MULTILINE)

    assert said == [field.alias for field in Settings.model_fields.values() if field.is_required()]


def test_every_error_is_documented_and_no_other() -> None:
    raised = {node.name for node in nodes() if isinstance(node, ast.ClassDef) and node.name.endswith("Error")}

    assert sorted(rows(section(DOCS / "errors.md", "Errors"))) == sorted(raised)


NUMBERS = {"five": 5, "six": 6, "nine": 9}


def test_a_root_of_errors_stands_above_as_many_as_it_says() -> None:
    bases = {
        node.name: {text_of_name(base) for base in node.bases} for node in nodes() if isinstance(node, ast.ClassDef)
    }
    text = section(DOCS / "errors.md", "Errors")
    listed = rows(text)

    told = re.findall(r"^\| `(\w+)` \|[^|]*[Rr]oot of the next (\w+)", text, re.MULTILINE)
    assert told
    for root, number in told:
        family = {root}
        for _ in bases:
            family |= {name for name, above in bases.items() if above & family}
        after = listed.index(root) + 1
        assert set(listed[after : after + NUMBERS[number]]) == family - {root}


def test_every_finding_is_documented_and_no_other() -> None:
    assert sorted(rows(section(DOCS / "errors.md", "Findings"))) == sorted(finding_codes("Finding"))


def test_every_finding_of_the_scan_is_documented_and_no_other() -> None:
    made = finding_codes("finding", "UnreadableError", "TooLargeError", "parse", "Message")

    assert sorted(rows(section(DOCS / "errors.md", "Findings of the scan"))) == sorted(made)


def test_every_outcome_is_documented_and_no_other() -> None:
    assert sorted(rows(section(DOCS / "errors.md", "Outcomes"))) == sorted(outcome_words())


def test_every_event_type_is_documented_and_no_other() -> None:
    documented = {word for word in rows((FORMATS / "outcome-events.md").read_text()) if word.startswith("Registrar.")}

    assert documented == {*notices.EVENT_TYPES.values(), "Registrar.ChampionChanged", "Registrar.ModelShared"}


@pytest.mark.parametrize("place", [(), ("policy",), ("candidate",), ("champion",), ("verdicts", 0)])
def test_the_decision_in_the_documents_has_the_keys_the_code_writes(place: tuple[str | int, ...]) -> None:
    shown: Any = example("decision")
    written: Any = {**a_decision(), "seq": 1, "previous": None, "last_promotion": None, "champion_seq": 0}

    for step in place:
        shown, written = shown[step], written[step]

    assert shown.keys() == written.keys()


def test_the_decision_in_the_documents_has_the_digest_that_the_head_names() -> None:
    text = json.dumps(example("decision"), sort_keys=True, separators=(",", ":"))

    assert hashlib.sha256(text.encode()).hexdigest() == example("head")["log_digest"]


def test_the_work_record_in_the_documents_reads_back_as_it_was_written() -> None:
    shown = example("work-record")

    read = Work.from_dict(shown)

    assert json.loads(json.dumps(asdict(read))) == shown
    assert Outcome.from_dict(shown["result"]).to_dict() == shown["result"]


def test_the_question_in_the_documents_reads_back_as_it_was_written() -> None:
    shown = example("question")

    read = Question.from_dict(shown, etag="", name="the question")

    assert json.loads(json.dumps(read.to_dict())) == shown


def test_the_head_in_the_documents_has_the_keys_the_code_writes() -> None:
    shown = example("head")

    written = Head("m", champion=Champion(1, "decision", "work")).to_dict()

    assert shown.keys() == written.keys()
    assert shown["champion"].keys() == written["champion"].keys()


def test_the_group_in_the_documents_reads_back_as_it_was_written() -> None:
    _, shown = examples(FORMATS / "head.md")

    read = Group.from_dict(shown, etag="", name="the group")

    assert read.to_dict() == shown
    assert {head["champion"] is None for head in shown["heads"].values()} == {True, False}


def test_the_revocation_in_the_documents_reads_back_as_it_was_written() -> None:
    shown = example("revocation")

    read = Revocation.from_dict(shown, name="the revocation")

    assert json.loads(json.dumps(read.to_dict())) == shown
    assert request.parse(shown["request"]).to_dict() == shown["request"]


def test_the_receipt_in_the_documents_has_the_keys_the_code_writes() -> None:
    notice = some_notices()["receipt"]

    assert example("receipt").keys() == notice["receipt"].keys()
    assert notice["place"]["name"] == "folder/model.receipt.json"


def test_the_outcome_event_in_the_documents_has_the_keys_the_code_writes() -> None:
    shown, written = example("outcome-events"), some_notices()["topic"]["event"]

    assert shown.keys() == written.keys()
    assert shown["data"].keys() == written["data"].keys()


def test_the_model_version_in_the_documents_has_the_members_the_code_writes() -> None:
    shown = example("model-version")

    assert list(shown) == [field.name for field in fields(Registration)]
    assert set(shown["properties"]) <= set(rows((FORMATS / "model-version.md").read_text()))


LIMITS = [
    ("manifest", f"1 to {manifest.MOST_FILES:,} files"),
    ("manifest", f"{manifest.MOST_TAGS} tags at most, names of {manifest.LONGEST_TAG_NAME} characters"),
    ("receipt", f"{outcome.MOST_REASONS} at most"),
    ("outcome-events", f"{outcome.MOST_REASONS} at most"),
    ("model-version", f"at most {versioning.MOST_METRIC_TAGS} metrics"),
    ("model-version", f"at most {versioning.LONGEST_TAG} characters"),
]


@pytest.mark.parametrize(("page", "said"), LIMITS)
def test_the_limits_in_the_documents_are_those_of_the_code(page: str, said: str) -> None:
    assert said in (FORMATS / f"{page}.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_resolves(page: Path) -> None:
    links = re.findall(r"\]\(([^()\s]+)\)", page.read_text(encoding="utf-8"))
    local = [link.partition("#") for link in links if not re.match(r"[a-z]+:", link)]

    for path, _, anchor in local:
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_json_example_is_a_json_object(page: Path) -> None:
    assert all(isinstance(shown, dict) for shown in examples(page))


def test_every_make_target_that_is_named_exists() -> None:
    code = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
    shown = [part for page in PAGES for part in code.findall(page.read_text(encoding="utf-8"))]
    named = {target for part in shown for target in re.findall(r"^`?make ([a-z-]+)", part, re.MULTILINE)}
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert {"setup", "check-infra", "crash-matrix"} <= named <= targets


@pytest.mark.parametrize("page", RECORDS, ids=name_of)
def test_a_decision_of_ours_has_the_agreed_headings_and_length(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert 25 <= len(text.splitlines()) <= 60
    assert text.startswith(f"# {page.name[:4]}. ")


def test_the_glossary_has_each_word_once_in_alphabetical_order() -> None:
    words = re.findall(r"^\| (\w[\w ]*) \|", (DOCS / "glossary.md").read_text(), re.MULTILINE)[1:]

    assert words == sorted(set(words))
    assert {"candidate", "champion", "decision", "finding", "verdict", "drop", "receipt"} <= set(words)


def test_the_page_of_assumptions_says_that_nothing_ran_against_azure() -> None:
    assert "Nothing here has been run against live Azure" in (DOCS / "verified.md").read_text()


def test_every_command_is_documented_and_explains_itself() -> None:
    found = dict(commands(typer.main.get_command(cli.app)))
    documented = set(re.findall(r"^\| `registrar (\w+(?: \w+)?)`", (DOCS / "commands.md").read_text(), re.MULTILINE))

    assert documented == found.keys()
    assert all(found.values())


def test_every_field_of_a_lineage_has_its_row_and_its_property() -> None:
    page, version = (DOCS / "lineage.md").read_text(), (FORMATS / "model-version.md").read_text()

    documented = rows(page.partition("## In Azure ML")[0])
    assert sorted(documented) == sorted(part.name for part in fields(Lineage))
    assert all(f"`lineage.{name}`" in version for name in documented)


def test_the_words_that_require_lineage_takes_are_documented() -> None:
    text = (DOCS / "lineage.md").read_text() + (FORMATS / "policy.md").read_text()

    assert all(f"`{word}`" in text for word in LINEAGE)
    assert rows(section(DOCS / "lineage.md", "What a policy can ask")) == list(QUALITIES)
