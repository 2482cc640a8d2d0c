"""`registrar validate`: the answer, for people and for machines, and the exit status that says it too."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from registration import cli_validate
from registration.artifacts import profiles
from registration.artifacts.store import Location
from registration.errors import RegistrarError
from tests.archives import zipped
from tests.fakes import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from registration.artifacts.store import Files
    from registration.assets import Asset
    from registration.uris import Uri

PROGRAM = b"\x7fELF" + bytes(60)
URL = "https://acc.blob.core.windows.net/incoming/folder"


def ran(*said: str, store: MemoryStore | None = None) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    cli_validate.add_to(app, blobs=lambda _suffix: store or MemoryStore())
    return CliRunner().invoke(app, ["validate", *said])


def answered(*said: str, store: MemoryStore | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(ran(*said, "--json", store=store).stdout)
    return answer


def refused(*said: str) -> str:
    found = ran(*said)
    assert isinstance(found.exception, RegistrarError), found.output
    return str(found.exception)


def test_what_a_uri_names_is_looked_into_where_it_lies() -> None:
    store, asked = MemoryStore(), []
    store.put(Location("acc", "c", "j1/model/a.txt"), b"text")

    def azure(named: Uri | Asset) -> tuple[Files, Location]:
        asked.append(str(named))
        return store, Location("acc", "c", "j1/model")

    app = typer.Typer()
    app.callback()(lambda: None)
    cli_validate.add_to(app, azure=azure)

    done = CliRunner().invoke(app, ["validate", "azureml://jobs/j1/outputs/model", "--json"])

    assert (done.exit_code, asked) == (0, ["azureml://jobs/j1/outputs/model"])
    assert [file["path"] for file in json.loads(done.stdout)["files"]] == ["a.txt"]


def test_a_safe_file_is_told_with_its_digest_and_what_it_cost(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text")

    answer = answered(str(tmp_path / "a.txt"))

    assert (answer["verdict"], answer["format"], answer["findings"]) == ("safe", "text", [])
    assert answer["files"][0]["sha256"] == hashlib.sha256(b"text").hexdigest()
    assert (answer["bytes_read"], answer["requests"]) == (4, 1)


@pytest.mark.parametrize("name", ["a[bold]b.txt", "a-name-of-more-than-a-line-" * 4 + ".txt"])
def test_the_name_of_a_file_is_shown_whole_and_never_obeyed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"text")

    said = ran(str(tmp_path))

    rows = (line.split("  ")[0] for line in said.stdout.splitlines()[1:])
    assert name in "".join(rows)


def test_one_request_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text")

    assert "4 bytes read in 1 request\n" in ran(str(tmp_path / "a.txt")).stdout


@pytest.mark.parametrize(("data", "status"), [(b"text", 0), (PROGRAM, 1), (zipped({"../a": b"x"}), 1)])
def test_the_exit_status_says_whether_it_is_safe(tmp_path: Path, data: bytes, status: int) -> None:
    (tmp_path / "model").write_bytes(data)

    assert ran(str(tmp_path / "model")).exit_code == status
    assert ran(str(tmp_path / "model"), "--json").exit_code == status


def test_a_finding_is_told_in_full(tmp_path: Path) -> None:
    (tmp_path / "m.zip").write_bytes(zipped({"run": PROGRAM}))

    (finding,) = answered(str(tmp_path))["findings"]

    assert set(finding) == {"code", "path", "message", "member", "offset", "level", "action"}
    assert (finding["code"], finding["path"], finding["member"]) == ("code.program", "m.zip", "run")


def test_people_see_file_finding_action_and_verdict(tmp_path: Path) -> None:
    (tmp_path / "m.zip").write_bytes(zipped({"run": PROGRAM}))

    said = ran(str(tmp_path)).output

    for part in ("m.zip!run", "code.program", "leave it out of the artifact", "unscannable"):
        assert part in said


def test_blobs_are_read_where_the_url_says() -> None:
    store = MemoryStore()
    store.put(Location("acc", "incoming", "folder/a b.txt"), b"text")

    answer = answered(f"{URL}/a%20b.txt", store=store)

    assert (answer["verdict"], [file["path"] for file in answer["files"]]) == ("safe", ["a b.txt"])


@pytest.mark.parametrize(
    "url", ["http://acc.blob.core.windows.net/c/a", "https://example.org/c/a", "https://acc.blob.core.windows.net/"]
)
def test_a_url_of_no_blob_is_refused(url: str) -> None:
    assert "https://ACCOUNT.blob" in refused(url)


def test_a_sas_is_refused_and_not_repeated() -> None:
    said = refused(f"{URL}?sv=1&sig=secret")

    assert "SAS" in said
    assert "secret" not in said


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "no such file" in refused(str(tmp_path / "gone"))
    assert "no files" in refused(str(tmp_path))


def test_an_unknown_profile_is_refused_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text")

    assert refused(str(tmp_path), "--profile", "other").endswith(f"there are {', '.join(profiles.NAMES)}")


def dropped(folder: Path, **changed: object) -> str:
    data = b"text"
    (folder / "a.txt").write_bytes(data)
    listed = {"path": "a.txt", "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), **changed}
    document = {"apiVersion": "registrar/v1", "kind": "DropManifest", "model": "m", "files": [listed]}
    (folder / "model.manifest.json").write_text(json.dumps(document))
    return str(folder)


def test_a_manifest_that_is_kept_leaves_nothing_to_say(tmp_path: Path) -> None:
    assert answered(dropped(tmp_path), "--manifest")["verdict"] == "safe"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"size": 9}, "drop.size_mismatch"),
        ({"sha256": "0" * 64}, "drop.digest_mismatch"),
        ({"path": "b"}, "drop.file_missing"),
        ({"path": "../b"}, "manifest.invalid"),
    ],
)
def test_a_manifest_that_is_broken_is_a_finding(tmp_path: Path, changed: dict[str, object], code: str) -> None:
    answer = answered(dropped(tmp_path, **changed), "--manifest")

    worse = [finding["code"] for finding in answer["findings"] if finding["level"] != "note"]
    assert (answer["verdict"], worse) == ("unsafe", [code])


def test_a_folder_without_the_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text")

    assert "no model.manifest.json" in refused(str(tmp_path), "--manifest")
