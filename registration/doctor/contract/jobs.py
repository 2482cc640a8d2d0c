"""Clauses about jobs. They need a job that completed and wrote an output of its own; without one they are skipped."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from registration.doctor.contract.bench import MADE, OK, outputs_of
from registration.doctor.contract.clause import Clause, Needs, Seen, settled, unsettled, words
from registration.doctor.workspace import JOBS_API

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.doctor.contract.bench import Bench

_NO_JOB: Final = unsettled("no job on the first page of the list completed and wrote an output of its own")
_NO_METRIC: Final = unsettled("no finished job on the first page of the list logged a metric")
_ABSENT: Final = 404


def _path(bench: Bench) -> Seen:
    if not bench.finished:
        return _NO_JOB
    job = bench.finished[0]
    number, output = bench.fresh(), next(iter(outputs_of(job)))
    kind = {"mlflow_model": "mlflow_model", "triton_model": "triton_model"}.get(
        outputs_of(job)[output]["jobOutputType"]
    )
    uri = f"azureml://jobs/{job['name']}/outputs/{output}"
    written = bench.put(number, modelUri=uri, modelType=kind or "custom_model")
    found = bench.version(number)
    shown, said = str(found.get("modelUri")), found.get("jobName")
    holds = written.status in MADE and "/datastores/" in shown and said == job["name"]
    return settled(holds=holds, what=f"it was answered {words(written)}, jobName {said}, {shown}")


def _case(bench: Bench) -> Seen:
    name = next((str(job["name"]) for job in bench.jobs if str(job["name"]).swapcase() != job["name"]), None)
    if name is None:
        return unsettled("there is no job")
    found = bench.get(f"/jobs/{name.swapcase()}", JOBS_API)
    shown = (found.document or {}).get("name") if found.status == OK else None
    return settled(
        holds=found.status == _ABSENT or shown == name, what=f"{name.swapcase()} was answered {shown or words(found)}"
    )


def _newest_first(bench: Bench) -> Seen:
    times = [datetime.fromisoformat(job["systemData"]["createdAt"]) for job in bench.jobs]
    if len(times) < 2:  # noqa: PLR2004 - an order takes two
        return unsettled("there are not two jobs")
    return settled(holds=times == sorted(times, reverse=True), what=f"{len(times)} jobs from {times[0]} to {times[-1]}")


def _listed_alike(bench: Bench) -> Seen:
    if not bench.finished:
        return _NO_JOB
    listed = bench.finished[0]
    alone = bench.get(f"/jobs/{listed['name']}", JOBS_API).document or {}
    names = ("status", "experimentName", "tags")
    differ = [name for name in names if (alone.get("properties") or {}).get(name) != listed["properties"].get(name)]
    return settled(holds=not differ, what=f"of {listed['name']}, different are {', '.join(differ) or 'none'}")


def _end(bench: Bench) -> Seen:
    if not bench.finished:
        return _NO_JOB
    said = (bench.finished[0]["properties"].get("properties") or {}).get("EndTimeUtc")
    return settled(holds=said is not None, what=f"EndTimeUtc is {said}")


def _steps(bench: Bench) -> Seen:
    pipeline = next((job for job in bench.jobs if job["properties"].get("jobType") == "Pipeline"), None)
    if pipeline is None:
        return unsettled("no job on the first page of the list is a pipeline")
    path = f"history/v1.0{{}}/runs/{pipeline['name']}/children?api-version=v1.0"
    inside = {str(run.get("runId")) for run in (bench.plane("GET", path).document or {}).get("value") or ()}
    listed = sorted(inside & {str(job["name"]) for job in bench.jobs})
    return settled(
        holds=bool(inside) and not listed, what=f"{len(inside)} steps, listed are {', '.join(listed) or 'none'}"
    )


def _discovery(bench: Bench) -> Seen:
    return settled(holds=bench.dataplane.startswith("https://"), what=bench.dataplane or "no address")


def _metrics(bench: Bench) -> Seen:
    job = _measured(bench)
    if job is None:
        return _NO_METRIC
    metrics = _run(bench, job).get("metrics") or []
    twice = len(metrics) - len({metric["key"] for metric in metrics})
    return settled(holds=not twice, what=f"{len(metrics)} metrics of {job}, {twice} of them more than once")


def _history(bench: Bench) -> Seen:
    job = _measured(bench)
    if job is None:
        return _NO_METRIC
    key = str(_run(bench, job)["metrics"][0]["key"])
    path = f"mlflow/v2.0{{}}/api/2.0/mlflow/metrics/get-history?run_id={job}&run_uuid={job}&metric_key={key}"
    found = bench.plane("GET", path)
    logged = (found.document or {}).get("metrics") or []
    holds = bool(logged) and all({"key", "value", "step"} <= one.keys() for one in logged)
    return settled(holds=holds, what=f"{len(logged)} values of {key}, answered {found.status}")


def _outputs(bench: Bench) -> Seen:
    if not bench.finished:
        return _NO_JOB
    job = bench.finished[0]
    found = _assets(bench, job)
    missing = [name for name in outputs_of(job) if name not in found]
    return settled(holds=not missing, what=f"of {job['name']}, without an asset are {', '.join(missing) or 'none'}")


def _resolved(bench: Bench) -> Seen:
    assets = [asset for job in bench.finished[:1] for asset in _assets(bench, job).values()]
    if not assets:
        return _NO_JOB
    kind = "modelregistry/v1.0{}/models" if "/models/" in assets[0] else "data/v1.0{}/dataversion"
    found = bench.plane("POST", f"{kind}/batchGetResolvedUris", {"values": assets[:1]})
    said = ((found.document or {}).get("values") or {}).get(assets[0]) or {}
    place = str(said.get("uri") or said.get("path"))
    return settled(holds="/datastores/" in place, what=f"{assets[0]} is at {place}")


def _measured(bench: Bench) -> str | None:
    """A finished job that logged a metric."""
    names = (str(job["name"]) for job in bench.jobs if job["properties"].get("status") == "Completed")
    return next((name for name in names if _run(bench, name).get("metrics")), None)


def _run(bench: Bench, job: str) -> Mapping[str, Any]:
    found = bench.plane("GET", f"mlflow/v2.0{{}}/api/2.0/mlflow/runs/get?run_id={job}&run_uuid={job}").document or {}
    run: Mapping[str, Any] = (found.get("run") or {}).get("data") or {}
    return run


def _assets(bench: Bench, job: Mapping[str, Any]) -> dict[str, str]:
    found = bench.plane("POST", "history/v1.0{}/rundata", {"runId": job["name"], "selectRunMetadata": True})
    outputs = ((found.document or {}).get("runMetadata") or {}).get("outputs") or {}
    return {name: str(said["assetId"]) for name, said in outputs.items() if said.get("assetId")}


CLAUSES: Final = (
    Clause("job-path", "a path of a job's output is taken, resolved, and sets jobName", _path, Needs.VERSIONS),
    Clause("job-case", "a job asked for in another case is not there, or answers its true name", _case),
    Clause("jobs-newest-first", "the list of jobs begins with the newest", _newest_first),
    Clause("jobs-listed-alike", "the list says of a job what its own answer says", _listed_alike),
    Clause("job-end", "a job that ended says when", _end),
    Clause("steps-unlisted", "steps of a pipeline are not in the list of jobs", _steps),
    Clause("discovery", "discovery names the data plane", _discovery),
    Clause("metrics", "runs/get answers the last value of each metric", _metrics),
    Clause("metric-history", "metrics/get-history answers values with steps", _history),
    Clause("run-outputs", "run history names the asset of each output", _outputs),
    Clause("resolved", "an asset resolves to a path in a datastore", _resolved),
)
