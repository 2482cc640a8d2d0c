"""`registrar decide` and `registrar policy`: plain files, plain answers, exit statuses that scripts can use."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from registration import cli_decide, cli_policy
from registration.errors import EvidenceError, InputError, PolicyError
from registration.policy import ENGINE_VERSION, document, evidence_file
from registration.policy.remark import Code
from tests.world import CHURN

if TYPE_CHECKING:
    from typer.testing import Result

ROOT = Path(__file__).parents[2]
CANCER = str(ROOT / "policies" / "breast-cancer.yaml")
GOOD: dict[str, object] = {"metrics": {"accuracy": 0.96, "log_loss": 0.1}}
WORSE: dict[str, object] = {"metrics": {"accuracy": 0.93, "log_loss": 0.1}}


def registrar(*arguments: str) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode="rich")
    cli_decide.add_to(app)
    cli_policy.add_to(app)
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with evidence and policies."""
    evidence: dict[str, object] = {"good": GOOD, "worse": WORSE, "past": [GOOD], "broken": {"metric": {}}}
    same = {"artifact_sha256": "ab" * 32}
    for name, said in {**evidence, "same": {**GOOD, **same}, "champion": {**WORSE, **same, "version": 7}}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(said), encoding="utf-8")
    (tmp_path / "two.yaml").write_text(CHURN + "  - {name: other, from: {output: o}}\n", encoding="utf-8")
    return tmp_path


def decide(files: Path, candidate: str, champion: str | None = None, *more: str, policy: str = CANCER) -> Result:
    chosen = ["--champion", str(files / f"{champion}.json")] if champion else []
    return registrar("decide", "--policy", policy, "--candidate", str(files / f"{candidate}.json"), *chosen, *more)


def answer(files: Path, candidate: str, champion: str | None = None, *more: str) -> dict[str, Any]:
    result = decide(files, candidate, champion, "--json", *more)
    assert result.exit_code == 0
    told: dict[str, Any] = json.loads(result.output)
    return told


def test_a_decision_is_told_to_machines(files: Path) -> None:
    told = answer(files, "worse", "good")

    assert (told["outcome"], told["promote"], told["engine"]) == ("reject", False, ENGINE_VERSION)
    assert told["policy_digest"] == document.parse(Path(CANCER).read_text(encoding="utf-8"), source="p").digest
    assert [verdict["result"] for verdict in told["verdicts"]] == ["passed", "failed", "passed"]
    assert told["verdicts"][1]["margin"] == "-0.03"
    assert told["explanation"].splitlines()[0] == "breast-cancer-classifier: reject"
    assert "0.03 worse than the champion's 0.96" in told["explanation"]
    assert "would pass if max_regression were at least 0.03" in told["explanation"]


def test_a_candidate_without_a_champion_is_a_first_model(files: Path) -> None:
    told = answer(files, "good")

    assert (told["outcome"], told["promote"]) == ("register", True)


def test_the_bytes_of_the_champion_are_a_duplicate(files: Path) -> None:
    told = answer(files, "same", "champion")

    assert (told["outcome"], told["promote"], told["verdicts"]) == ("duplicate", False, [])


def test_a_decision_is_told_to_people_on_eighty_columns(files: Path) -> None:
    result = decide(files, "worse", "good")

    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 80
    said = " ".join(result.output.split())
    assert "outcome reject" in said
    assert "metrics.log_loss.max passed 0.1 0.5 0.4" in said
    assert "needs accuracy >= 0.96, had 0.93" in said


def test_a_duplicate_is_told_to_people(files: Path) -> None:
    assert "the same bytes as the champion, version 7" in decide(files, "same", "champion").output


def test_which_model_must_be_said_where_there_are_several(files: Path) -> None:
    unsaid = decide(files, "good", policy=str(files / "two.yaml"))
    said = decide(files, "good", None, "--model", "churn", policy=str(files / "two.yaml"))

    assert str(unsaid.exception) == "churn decides about several models, so say which: churn, other"
    assert said.exit_code == 0


@pytest.mark.parametrize(
    ("candidate", "more", "error"),
    [
        ("broken", [], EvidenceError),
        ("nowhere", [], EvidenceError),
        ("good", ["--past", "good.json"], EvidenceError),
        ("good", ["--model", "nobody"], InputError),
    ],
)
def test_what_cannot_be_used_is_an_error(files: Path, candidate: str, more: list[str], error: type[InputError]) -> None:
    result = decide(files, candidate, None, *[str(files / one) if one.endswith(".json") else one for one in more])

    assert isinstance(result.exception, error)
    assert result.stdout == ""


def test_deciding_needs_nothing_of_azure(files: Path) -> None:
    """In a process of its own, through the installed command's entry: not even an import."""
    script = f"""
import sys
from registration import cli
sys.argv = ["registrar", "decide", "--policy", {CANCER!r}, "--candidate", {str(files / "good.json")!r}, "--json"]
try:
    cli.main()
except SystemExit as left:
    print(left.code, sorted(name for name in sys.modules if name.partition(".")[0] in ("azure", "opentelemetry")))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.splitlines()[-1] == "0 []"


def test_unusable_input_is_a_message_and_exit_status_2(files: Path) -> None:
    script = f"""
import sys
from registration import cli
sys.argv = ["registrar", "decide", "--policy", {CANCER!r}, "--candidate", {str(files / "broken.json")!r}]
cli.main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"registrar: {files}/broken.json: metric: unknown key; did you mean 'metrics'?\n"


def policy(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_a_clean_policy_is_said_to_be_clean(tmp_path: Path) -> None:
    result = registrar("policy", "check", policy(tmp_path, "churn.yaml", CHURN))

    assert (result.exit_code, result.output) == (0, "1 file: 0 errors, 0 warnings\n")


def test_an_error_makes_the_status_1_and_names_file_line_and_place(tmp_path: Path) -> None:
    place = policy(tmp_path, "churn.yaml", CHURN.replace("min: 0.8", "mim: 0.8"))

    result, told = registrar("policy", "check", place), registrar("policy", "check", place, "--json")

    assert result.exit_code == told.exit_code == 1
    [remark] = json.loads(told.output)["remarks"]
    assert (remark["source"], remark["line"], remark["path"]) == (place, 11, "models[0].metrics.accuracy.mim")
    assert f"{place}:11" in "".join(result.output.split())


@pytest.mark.parametrize(("strict", "status"), [((), 0), (("--strict",), 1), (("--strict", "--allow", "vacuous"), 0)])
def test_warnings_make_the_status_1_only_if_asked(tmp_path: Path, strict: tuple[str, ...], status: int) -> None:
    place = policy(tmp_path, "churn.yaml", CHURN.replace("min: 0.8", "min: 0"))

    assert registrar("policy", "check", place, *strict).exit_code == status


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("vacous", "there is no such code; what can be left out is unsatisfiable, never_judged,"),
        ("two_policies", "the app can use no such policies"),
        ("unusable", "the app can use no such policies"),
    ],
)
def test_what_cannot_be_left_out_is_refused(tmp_path: Path, code: str, said: str) -> None:
    place = policy(tmp_path, "churn.yaml", CHURN)

    result = registrar("policy", "check", place, "--allow", code)

    assert result.exit_code == 2
    assert f"{code!r}: {said}" in " ".join(result.output.replace("│", " ").split())


def test_a_folder_is_checked_as_a_whole(tmp_path: Path) -> None:
    policy(tmp_path, "a.yaml", CHURN)
    policy(tmp_path, "b.yaml", CHURN)

    result = registrar("policy", "check", str(tmp_path))

    assert result.exit_code == 1
    assert "two_policies" in result.output


@pytest.mark.parametrize("command", ["check", "test"])
def test_a_path_that_is_not_there_is_an_error(tmp_path: Path, command: str) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        assert isinstance(registrar("policy", command, str(path)).exception, InputError)


def cases(outcome: str) -> str:
    case = f"{{name: a tie, candidate: {{metrics: {{accuracy: 0.9}}}}, expect: {{outcome: {outcome}}}}}"
    return f"policy: churn.yaml\ncases:\n  - {case}\n"


def test_the_example_policies_pass_their_tests() -> None:
    result = registrar("policy", "test", str(ROOT / "policies"))

    assert result.exit_code == 0
    assert " 0 failed" in result.output


def test_a_case_that_fails_shows_what_was_expected_and_what_came(tmp_path: Path) -> None:
    policy(tmp_path, "churn.yaml", CHURN)
    place = policy(tmp_path, "churn.test.yaml", cases("hold"))

    result = registrar("policy", "test", place)

    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert "FAILED a tie" in said
    assert "outcome expected hold got register accuracy 0.9 reaches the minimum 0.8" in said
    assert "1 case in 1 file: 0 passed, 1 failed" in said


def test_the_results_are_told_to_machines(tmp_path: Path) -> None:
    policy(tmp_path, "churn.yaml", CHURN)
    policy(tmp_path, "churn.test.yaml", cases("hold"))
    untested = policy(tmp_path, "untested.yaml", CHURN)

    told = json.loads(registrar("policy", "test", str(tmp_path), "--json").output)

    assert told["untested"] == [untested]
    [case] = told["cases"]
    assert (case["name"], case["passed"], case["outcome"]) == ("a tie", False, "register")
    assert case["mismatches"][0]["expected"] == "hold"


def test_a_policy_stands_for_the_cases_beside_it(tmp_path: Path) -> None:
    place = policy(tmp_path, "churn.yaml", CHURN)
    beside = policy(tmp_path, "churn.test.yaml", cases("register"))

    result = registrar("policy", "test", place, beside)

    assert (result.exit_code, "1 case in 1 file: 1 passed" in result.output) == (0, True)


def test_cases_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    place = policy(tmp_path, "churn.test.yaml", "cases: []")

    assert isinstance(registrar("policy", "test", place).exception, PolicyError)


def test_a_difference_is_told_and_makes_the_status_1(tmp_path: Path) -> None:
    laxer = CHURN.replace("regression: 0", "regression: 2%")
    old, new = policy(tmp_path, "a.yaml", CHURN), policy(tmp_path, "b.yaml", laxer)

    result, told = registrar("policy", "diff", old, new), registrar("policy", "diff", old, new, "--json")

    assert result.exit_code == told.exit_code == 1
    assert result.output == "- churn: accuracy may now be 2% worse than the champion (was 0)\n"
    [change] = json.loads(told.output)["changes"]
    assert (change["model"], change["old"], change["new"]) == ("churn", "0", "2%")


def test_another_layout_makes_no_difference_in_meaning(tmp_path: Path) -> None:
    old = policy(tmp_path, "a.yaml", CHURN)
    new = policy(tmp_path, "b.yaml", "# the same\n" + CHURN.replace("0.8", "0.80"))

    result = registrar("policy", "diff", old, new)

    assert (result.exit_code, result.output) == (0, "no difference in meaning\n")


def test_a_policy_that_cannot_be_read_has_no_difference(tmp_path: Path) -> None:
    result = registrar("policy", "diff", policy(tmp_path, "a.yaml", CHURN), str(tmp_path / "nowhere.yaml"))

    assert isinstance(result.exception, InputError)


def test_the_schema_is_json() -> None:
    schema = json.loads(registrar("policy", "schema").output)

    assert schema["required"] == ["apiVersion", "kind", "name", "match", "models"]


@pytest.mark.parametrize("command", ["check", "test", "diff", "replay", "publish", "schema"])
def test_every_command_teaches_its_exit_status(command: str) -> None:
    said = registrar("policy", command, "--help").output

    assert "Exit status" in said


def shown(text: str) -> str:
    """What a terminal shows: without the spaces that end a line."""
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_the_cases_in_the_documents_pass(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "formats" / "policy-tests.md").read_text(encoding="utf-8")
    policy(tmp_path, "churn.yaml", CHURN.replace("regression: 0", "regression: 1%"))
    place = policy(tmp_path, "churn.test.yaml", page.partition("```yaml\n")[2].partition("```")[0])

    result = registrar("policy", "test", place)

    assert "3 cases in 1 file: 3 passed, 0 failed" in result.output


def test_the_evidence_in_the_documents_has_every_member(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "formats" / "evidence.md").read_text(encoding="utf-8")
    place = policy(tmp_path, "evidence.json", page.partition("```json\n")[2].partition("```")[0])

    read = evidence_file.read(Path(place))

    assert read.model_fields_set == evidence_file.EvidenceDocument.model_fields.keys()


def test_every_code_of_a_remark_is_documented_and_no_other() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")

    documented = re.findall(r"^\| `(\w+)` \| (?:error|warning) \|", page, re.MULTILINE)

    assert sorted(documented) == sorted(Code)


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"\xff", "is not UTF-8 (byte 0)"), (b" " * (1024 * 1024 + 1), "is longer than 1048576 bytes")],
)
@pytest.mark.parametrize("command", [("test",), ("diff", CANCER)])
def test_a_file_that_is_no_text_is_named(tmp_path: Path, command: tuple[str, ...], data: bytes, message: str) -> None:
    (tmp_path / "churn.test.yaml").write_bytes(data)

    result = registrar("policy", *command, str(tmp_path / "churn.test.yaml"))

    assert isinstance(result.exception, PolicyError)
    assert message in str(result.exception)


def test_the_policy_package_loads_nothing_of_azure() -> None:
    code = "import sys, registration.policy; print([name for name in sys.modules if name.split('.')[0] == 'azure'])"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout == "[]\n"


def test_a_file_that_is_no_text_does_not_hide_what_is_wrong_in_others(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff")
    (tmp_path / "b.yaml").write_text("name: x", encoding="utf-8")

    ran = registrar("policy", "check", str(tmp_path), "--json")

    told = {Path(remark["source"]).name: remark["message"] for remark in json.loads(ran.stdout)["remarks"]}
    assert told == {"a.yaml": "is not UTF-8 (byte 0)", "b.yaml": "is required"}
    assert ran.exit_code == 1
