"""An OpenLineage run event: the decision as a run that reads data and files and writes a model version.

The run's parent is the job that trained the model, with its code and its parameters; the rules are the run's tests.
https://openlineage.io/spec. One event is all there is: the run begins and ends with the decision.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any, Final

from registration.assets import Asset, asset_in
from registration.errors import InputError
from registration.portable.decided import PRODUCER, as_uri
from registration.step import word
from registration.uris import DatastoreUri, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.portable.decided import Decided

SPEC: Final = "https://openlineage.io/spec"
SCHEMA: Final = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_STATUS: Final = {"passed": "pass", "skipped": "skip"}
_WENT_ON: Final = ("warned", "overridden")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_TOLD: Final = {"bound": "expected", "candidate": "actual", "reason": "description"}


def run_event(decided: Decided) -> dict[str, Any]:
    """The event."""
    return {
        "eventType": "COMPLETE" if decided.step.outcome == "register" else "FAIL",
        "eventTime": decided.at,
        "producer": decided.producer,
        "schemaURL": SCHEMA,
        "run": {"runId": decided.uuid("run"), "facets": _run_facets(decided)},
        "job": {"namespace": _home(decided), "name": f"registrar.{decided.model}", "facets": _job_facets(decided)},
        "inputs": [*_inputs(decided)],
        "outputs": [_output(decided)] if decided.step.version is not None else [],
    }


def _run_facets(decided: Decided) -> dict[str, Any]:
    tests = _facet(decided, "1-0-1/TestRunFacet", tests=[_test(said) for said in decided.step.verdicts])
    lineage = decided.lineage
    # The job of a version that was taken ran in another workspace, and nobody says in which.
    is_ours = lineage.job is not None and lineage.shared_version is None
    parent = {"parent": _parent(decided, str(lineage.job))} if is_ours else {}
    return {"test": tests, **parent}


def _test(said: Mapping[str, Any]) -> dict[str, str]:
    result = word(said.get("result"))
    told = {theirs: word(said.get(ours)) for ours, theirs in _TOLD.items() if said.get(ours) is not None}
    severity = "warn" if result in _WENT_ON else "error"
    status = _STATUS.get(result, "fail")
    return {"name": word(said.get("rule")), "status": status, "severity": severity, "type": result, **told}


def _parent(decided: Decided, job: str) -> dict[str, Any]:
    """The job that wrote the files, and the pipeline or sweep that it was part of."""
    lineage = decided.lineage
    facets = {"run": _training(decided), "job": _code(decided)}
    trained = _named(decided, job, of=lineage.step or lineage.experiment)
    parent = {side: {**said, **({"facets": facets[side]} if facets[side] else {})} for side, said in trained.items()}
    if lineage.parent_job:
        parent["root"] = _named(decided, lineage.parent_job, of=lineage.experiment)
    return _facet(decided, "1-2-0/ParentRunFacet", **parent)


def _named(decided: Decided, job: str, *, of: str | None) -> dict[str, Any]:
    """A job of Azure ML is one run of the experiment, or of the pipeline's step, `of` that name."""
    run = uuid.uuid5(uuid.NAMESPACE_URL, f"{PRODUCER}/job{decided.workspace.lower()}/{job}")
    return {"run": {"runId": str(run)}, "job": {"namespace": _home(decided), "name": of or job}}


def _training(decided: Decided) -> dict[str, Any]:
    parameters = [{"key": key, "value": value} for key, value in sorted(decided.lineage.parameters.items())]
    if not parameters:
        return {}
    return {"executionParameters": _facet(decided, "1-0-0/ExecutionParametersRunFacet", parameters=parameters)}


def _code(decided: Decided) -> dict[str, Any]:
    commit, repository = decided.lineage.git_commit, decided.lineage.git_repository
    url = _url(repository) or (f"swh:1:rev:{commit}" if commit and _COMMIT.fullmatch(commit) else None)
    if commit is None or url is None:
        return {}
    said = {"type": "git", "url": url, "version": commit}
    more = {"repoUrl": repository, "branch": decided.lineage.git_branch}
    known = {name: value for name, value in more.items() if value}
    return {"sourceCodeLocation": _facet(decided, "1-1-0/SourceCodeLocationJobFacet", **said, **known)}


def _url(repository: str | None) -> str | None:
    return as_uri(repository) if repository and repository.startswith(("https://", "http://")) else None


def _job_facets(decided: Decided) -> dict[str, Any]:
    said = {"processingType": "BATCH", "integration": "REGISTRAR", "jobType": "REGISTRATION"}
    return {"jobType": _facet(decided, "2-0-4/JobTypeJobFacet", **said)}


def _inputs(decided: Decided) -> Iterator[dict[str, Any]]:
    lineage = decided.lineage
    if lineage.shared_version:  # what it was made from was read by another workspace, as that one may tell
        yield _dataset(decided, lineage.shared_version, kind="MODEL")
        return
    for uri in (*lineage.datasets, *lineage.base_models):
        yield _dataset(decided, uri, kind="MODEL" if uri in lineage.base_models else None)
    if files := lineage.job_output_uri or lineage.drop:
        yield _dataset(decided, files, kind="JOB_OUTPUT" if files == lineage.job_output_uri else None)


def _output(decided: Decided) -> dict[str, Any]:
    facets = _dataset_facets(decided, version=str(decided.step.version), kind="MODEL")
    return {"namespace": _home(decided), "name": f"models/{decided.model}", "facets": facets}


def _dataset(decided: Decided, uri: str, *, kind: str | None) -> dict[str, Any]:
    namespace, name, version = _place(decided, uri)
    return {"namespace": namespace, "name": name, "facets": _dataset_facets(decided, version=version, kind=kind)}


def _dataset_facets(decided: Decided, *, version: str | None, kind: str | None) -> dict[str, Any]:
    facets = {}
    if version is not None:
        facets["version"] = _facet(decided, "1-0-1/DatasetVersionDatasetFacet", datasetVersion=version)
    if kind is not None:
        facets["datasetType"] = _facet(decided, "1-0-1/DatasetTypeDatasetFacet", datasetType=kind)
    return facets


def _place(decided: Decided, uri: str) -> tuple[str, str, str | None]:
    """Namespace, name and version of data: assets of the workspace and paths in its datastores are told apart."""
    if (asset := asset_in(uri)) is not None:
        return _shelf(decided, asset), f"{asset.kind or 'data'}/{asset.name}", asset.version
    try:
        parsed = parse_uri(uri)
    except InputError:
        scheme, found, rest = uri.partition("://")
        host, _, path = rest.partition("/")
        return (f"{scheme}://{host}", path or "/", None) if found else (_home(decided), uri, None)
    if isinstance(parsed, DatastoreUri):
        return f"{_home(decided)}/datastores/{parsed.datastore}", parsed.path or "/", None
    return f"{_home(decided)}/jobs/{parsed.job}", f"{parsed.output}/{parsed.path}".rstrip("/"), None


def _shelf(decided: Decided, asset: Asset) -> str:
    return f"azureml://registries/{asset.registry}" if asset.registry else _home(decided)


def _home(decided: Decided) -> str:
    return f"azureml:/{decided.workspace}"


def _facet(decided: Decided, schema: str, **said: Any) -> dict[str, Any]:
    name = schema.partition("/")[2]
    return {"_producer": decided.producer, "_schemaURL": f"{SPEC}/facets/{schema}.json#/$defs/{name}", **said}
