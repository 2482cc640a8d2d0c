"""A CycloneDX bill of materials: the model with its card, its files, and what it was made from.

https://cyclonedx.org/docs/1.6/json/. The card has the metrics; what CycloneDX has no member for are properties that
begin with `registrar:`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from registration.assets import asset_in
from registration.portable.decided import as_uri
from registration.step import word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.portable.decided import Decided, DecidedFile

VERSION: Final = "1.6"
SCHEMA: Final = f"http://cyclonedx.org/schema/bom-{VERSION}.schema.json"
_MODEL: Final = "machine-learning-model"
_REPOSITORIES: Final = ("https://", "http://", "ssh://", "git://")


def bill_of_materials(decided: Decided) -> dict[str, Any]:
    """The bill."""
    made_from = [*_made_from(decided)]
    needs = [{"ref": _ref(decided), "dependsOn": [each["bom-ref"] for each in made_from]}]
    return {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": VERSION,
        "serialNumber": f"urn:uuid:{decided.uuid('bom')}",
        "version": 1,
        "metadata": _metadata(decided),
        "components": made_from,
        "dependencies": [*needs, *({"ref": each["bom-ref"]} for each in made_from)],
    }


def _metadata(decided: Decided) -> dict[str, Any]:
    tool = {"type": "application", "name": "registrar", "version": word(decided.step.record.get("engine")) or "0"}
    return {"timestamp": decided.at, "tools": {"components": [tool]}, "component": _model(decided)}


def _model(decided: Decided) -> dict[str, Any]:
    version = {} if decided.step.version is None else {"version": str(decided.step.version)}
    return {
        "type": _MODEL,
        "bom-ref": _ref(decided),
        "name": decided.model,
        **version,
        **_code(decided),
        "components": [_file(file) for file in decided.files],
        "modelCard": _card(decided),
        "properties": [*_properties(decided)],
    }


def _ref(decided: Decided) -> str:
    return f"model:{decided.name}"


def _file(file: DecidedFile) -> dict[str, Any]:
    hashes = {"hashes": [{"alg": "SHA-256", "content": file.sha256}]} if file.sha256 else {}
    size = {"name": "registrar:size", "value": str(file.size)}
    return {"type": "file", "bom-ref": f"file:{file.path}", "name": file.path, **hashes, "properties": [size]}


def _card(decided: Decided) -> dict[str, Any]:
    metrics = [_metric(*found) for found in decided.metrics]
    card: dict[str, Any] = {"quantitativeAnalysis": {"performanceMetrics": metrics}}
    if decided.lineage.datasets:
        datasets = [{"ref": _dataset_ref(uri)} for uri in dict.fromkeys(decided.lineage.datasets)]
        card["modelParameters"] = {"datasets": datasets}
    return card


def _metric(slice_: str | None, name: str, value: str) -> dict[str, str]:
    return {"type": name, "value": value, **({} if slice_ is None else {"slice": slice_})}


def _made_from(decided: Decided) -> Iterator[dict[str, Any]]:
    """Data, base models, the framework and the environment, each once."""
    lineage = decided.lineage
    for uri in dict.fromkeys(lineage.datasets):
        named, url = _asset(uri), as_uri(uri)
        contents = {"contents": {"url": url}} if url else {}
        data = [{"type": "dataset", "name": uri, **contents}]
        yield {"type": "data", "bom-ref": _dataset_ref(uri), **named, "data": data}
    for uri in dict.fromkeys(lineage.base_models):
        yield {"type": _MODEL, "bom-ref": f"base-model:{uri}", **_asset(uri)}
    if name := decided.properties.get("framework.name"):
        version = decided.properties.get("framework.version")
        yield {
            "type": "framework",
            "bom-ref": f"framework:{name}",
            "name": name,
            **({"version": version} if version else {}),
        }
    if lineage.environment:
        yield {"type": "platform", "bom-ref": f"environment:{lineage.environment}", **_asset(lineage.environment)}


def _dataset_ref(uri: str) -> str:
    return f"dataset:{uri}"


def _asset(uri: str) -> dict[str, str]:
    """Name and version of an asset; anything else is its own name."""
    asset = asset_in(uri)
    return {"name": uri} if asset is None else {"name": asset.name, "version": asset.version}


def _code(decided: Decided) -> dict[str, Any]:
    """The commit, and where its repository is."""
    commit, repository = decided.lineage.git_commit, decided.lineage.git_repository
    url = as_uri(repository) if repository and repository.startswith(_REPOSITORIES) else None
    found: dict[str, Any] = {}
    if commit:
        found["pedigree"] = {"commits": [{"uid": commit, **({"url": url} if url else {})}]}
    if url:
        found["externalReferences"] = [{"type": "vcs", "url": url}]
    return found


def _properties(decided: Decided) -> Iterator[dict[str, str]]:
    step = decided.step
    told: Mapping[str, object] = {
        "outcome": step.outcome,
        "decision": step.digest,
        "work": step.work,
        "artifact_sha256": decided.artifact_sha256,
        "policy": step.policy.get("name"),
        "policy_digest": step.policy.get("digest"),
        "policy_text_sha256": step.policy.get("text_sha256"),
    }
    more = (*sorted(decided.properties.items()), *sorted(decided.lineage.properties().items()))
    for name, value in (*told.items(), *more):
        if value is not None:
            yield {"name": f"registrar:{name}", "value": word(value)}
    for verdict in step.verdicts:
        yield {"name": f"registrar:rule:{word(verdict.get('rule'))}", "value": word(verdict.get("result"))}
