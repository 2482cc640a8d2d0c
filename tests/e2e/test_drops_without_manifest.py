"""Drops without a manifest, from storage's event to the registry and the receipt, where a policy takes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from azure.storage.blob import ContainerClient

from sandbox import names, raised
from tests.e2e.app import DROPS, NOTHING, dropped_below

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.app import App

SAID = {"registrar_metric_accuracy": "0.95", "registrar_lineage_git_commit": "c0ffee"}


def written(app: App, path: str, data: bytes, said: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The event that storage raises for a file in the drop container, written with metadata."""
    url = f"https://{names.blob_host(names.DROP_ACCOUNT)}"
    with ContainerClient(url, names.DROP_CONTAINER, credential=app.credential) as client:
        answer = client.get_blob_client(path).upload_blob(data, overwrite=True, metadata=dict(said or {}))
    etag = str(answer["etag"])
    return raised.blob_created(names.DROP_ACCOUNT, names.DROP_CONTAINER, path, etag=etag, size=len(data))


def read(app: App, path: str) -> dict[str, Any]:
    url = f"https://{names.blob_host(names.DROP_ACCOUNT)}"
    with ContainerClient(url, names.DROP_CONTAINER, credential=app.credential) as client:
        found: dict[str, Any] = json.loads(client.download_blob(path).readall())
        return found


def taking(app: App, name: str, **more: object) -> None:
    """Let a policy take drops below vendor/`name`/ in this way."""
    place = dropped_below(name)["drop"]
    app.policy(name, {"drop": {**place, **more}})


def test_a_folder_that_a_marker_completes_becomes_a_version(app: App, name: str) -> None:
    taking(app, name, completeness="marker")
    files = [written(app, f"vendor/{name}/{path}", path.encode()) for path in ("model.txt", "data/vocabulary.txt")]

    early = app.raised(DROPS, *files)
    came = app.raised(DROPS, written(app, f"vendor/{name}/_SUCCESS", b"", SAID))

    assert (early, came.outcome["outcome"]) == (NOTHING, "registered")
    [version] = came.versions
    assert (version.properties["lineage.git_commit"], version.tags["metrics.accuracy"]) == ("c0ffee", "0.95")
    listed = app.champion(name)["candidate"]["files"]
    assert [file["path"] for file in listed] == ["data/vocabulary.txt", "model.txt"]
    assert read(app, f"vendor/{name}/model.receipt.json")["outcome"] == "registered"


def test_a_single_file_becomes_a_version_and_gets_its_receipt_beside_it(app: App, name: str) -> None:
    taking(app, name, completeness="single_file", files="*.txt")
    path = f"vendor/{name}/model.txt"
    event = written(app, path, b"a model", SAID)

    came = app.raised(DROPS, event, event)

    assert (came.outcome["outcome"], len(came.versions)) == ("registered", 1)
    receipt = read(app, f"{path}.receipt.json")
    assert (receipt["outcome"], receipt["work"]) == ("registered", came.outcome["work"])
    own = raised.blob_created(names.DROP_ACCOUNT, names.DROP_CONTAINER, f"{path}.receipt.json", etag="0x8D", size=9)
    assert app.raised(DROPS, own) == NOTHING


def test_a_single_file_with_wrong_metadata_is_refused_in_its_receipt(app: App, name: str) -> None:
    taking(app, name, completeness="single_file", files="*.txt")
    path = f"vendor/{name}/model.txt"

    came = app.raised(DROPS, written(app, path, b"a model", {"registrar_metric_accuracy": "high"}))

    assert (came.outcome["outcome"], came.versions) == ("rejected", ())
    assert read(app, f"{path}.receipt.json")["reasons"] == came.outcome["reasons"]
    assert came.outcome["reasons"][0].startswith("model.txt: metadata registrar_metric_accuracy: is not a number")


def test_the_sweep_finds_what_no_event_told_of(app: App, name: str) -> None:
    taking(app, name, completeness="marker")
    app.host.invoke("sweep_candidates")
    app.host.idle(30)
    written(app, f"vendor/{name}/model.txt", b"a model")
    written(app, f"vendor/{name}/_SUCCESS", b"", SAID)

    came = app.came_of(lambda: app.host.invoke("sweep_candidates"))

    assert came.outcome["outcome"] == "registered"
