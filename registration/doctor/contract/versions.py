"""Clauses about model versions, on the scratch model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from registration.doctor.contract.bench import MADE
from registration.doctor.contract.clause import Clause, Needs, Seen, settled, words
from registration.doctor.workspace import MODELS_API
from registration.lineage import LONGEST_PROPERTY

if TYPE_CHECKING:
    from registration.doctor.contract.bench import Bench

ARCHIVED: Final = "Archived"
_PATH_FIXED: Final = "Asset paths cannot be updated"
_MANY: Final = {f"metric_{number}": "9" * 250 for number in range(50)}
_ODD: Final = {"empty": "", "umlaut": "größer", "line": "a\nb", "number": "007"}
_BAD_REQUEST: Final = 400


def _replaced(bench: Bench) -> Seen:
    number = bench.fresh()
    bench.put(number)
    second = bench.put(number, headers={"If-None-Match": "*"}, description="again")
    return settled(holds=second.status in MADE, what=f"the second write answered {words(second)}")


def _path_fixed(bench: Bench) -> Seen:
    number = bench.fresh()
    bench.put(number)
    again = bench.put(number, modelUri=bench.path_of("other.txt"), modelType="custom_model")
    fixed = again.status == _BAD_REQUEST and _PATH_FIXED in again.said
    return settled(holds=fixed, what=f"another path was answered {words(again)}")


def _next_version(bench: Bench) -> Seen:
    number = bench.fresh()
    bench.put(number)
    return settled(holds=_next(bench) == number + 1, what=f"after {number} it is {_next(bench)}")


def _archived_count(bench: Bench) -> Seen:
    number = bench.fresh()
    bench.put(number, isArchived=True)
    return settled(holds=_next(bench) == number + 1, what=f"after {number}, archived, it is {_next(bench)}")


def _datastore_path(bench: Bench) -> Seen:
    number = bench.fresh()
    written = bench.put(number)
    shown = str(bench.version(number).get("modelUri"))
    return settled(
        holds=written.status in MADE and bench.folder in shown, what=f"it was answered {words(written)}, {shown}"
    )


def _stage_default(bench: Bench) -> Seen:
    return _stage(bench, None, "Development")


def _stage_kept(bench: Bench) -> Seen:
    return _stage(bench, "Production", "Production")


def _stage_any(bench: Bench) -> Seen:
    return _stage(bench, "Champion", "Champion")


def _stage(bench: Bench, given: str | None, expected: str) -> Seen:
    number = bench.fresh()
    said: dict[str, Any] = {"stage": given} if given else {}
    bench.put(number, **said)
    shown = bench.version(number).get("stage")
    return settled(holds=shown == expected, what=f"the stage is {shown}")


def _archived_stage(bench: Bench) -> Seen:
    number = bench.fresh()
    bench.put(number)
    bench.put(number, isArchived=True)
    shown = bench.version(number).get("stage")
    return settled(holds=shown == ARCHIVED, what=f"the stage is {shown}")


def _active_only(bench: Bench) -> Seen:
    number = bench.fresh()
    bench.put(number, isArchived=True)
    listed = bench.get(f"/models/{bench.model}/versions", MODELS_API, listViewType="ActiveOnly").document or {}
    shown = sorted(str(one["name"]) for one in listed.get("value") or ())
    return settled(
        holds=str(number) not in shown, what=f"{number} is archived, and listed are {', '.join(shown) or 'none'}"
    )


def _kept(bench: Bench) -> Seen:
    number = bench.fresh()
    bench.put(number, tags=_ODD, properties=_ODD)
    found = bench.version(number)
    differ = [
        name for name in _ODD for kind in ("tags", "properties") if (found.get(kind) or {}).get(name) != _ODD[name]
    ]
    return settled(holds=not differ, what=f"different are {', '.join(differ) or 'none'}")


def _many_tags(bench: Bench) -> Seen:
    number = bench.fresh()
    written = bench.put(number, tags=_MANY)
    return settled(holds=bench.version(number).get("tags") == _MANY, what=f"it was answered {words(written)}")


def _linked(bench: Bench) -> Seen:
    number = bench.fresh()
    data = f"{bench.patient.settings.workspace}/data/{bench.model}/versions/1"
    written = bench.put(number, jobName=bench.model, datasets=[{"name": bench.model, "id": data}])
    found = bench.version(number)
    shown = [str(one.get("id")) for one in found.get("datasets") or ()]
    holds = found.get("jobName") == bench.model and [one.lower() for one in shown] == [data.lower()]
    seen = f"jobName is {found.get('jobName')}, datasets are {', '.join(shown) or 'none'}"
    return settled(holds=holds, what=f"it was answered {words(written)}; {seen}")


def _long_property(bench: Bench) -> Seen:
    number, said = bench.fresh(), {"long": "9" * LONGEST_PROPERTY}
    written = bench.put(number, properties=said)
    return settled(holds=bench.version(number).get("properties") == said, what=f"it was answered {words(written)}")


def _dotted(bench: Bench) -> Seen:
    name = f"{bench.model}.x"
    written = bench.put(1, model=name)
    bench.delete(f"/models/{name}")
    return settled(holds=written.status in MADE, what=f"it was answered {words(written)}")


def _unknown_member(bench: Bench) -> Seen:
    written = bench.put(bench.fresh(), registrarDoctor=True)
    return settled(holds=written.status == _BAD_REQUEST, what=f"it was answered {words(written)}")


def _next(bench: Bench) -> int | None:
    found = bench.get(f"/models/{bench.model}", MODELS_API).document or {}
    said = (found.get("properties") or {}).get("nextVersion")
    return int(said) if said is not None else None


CLAUSES: Final = (
    Clause("version-replaced", "writing a version replaces it, whatever the condition", _replaced, Needs.VERSIONS),
    Clause("path-fixed", "the path of a version cannot be changed", _path_fixed, Needs.VERSIONS),
    Clause("next-version", "nextVersion is one above the highest number", _next_version, Needs.VERSIONS),
    Clause("archived-count", "archived versions count for nextVersion", _archived_count, Needs.VERSIONS),
    Clause("datastore-path", "a path in a datastore is taken", _datastore_path, Needs.VERSIONS),
    Clause("stage-default", "a version without a stage is in Development", _stage_default, Needs.VERSIONS),
    Clause("stage-kept", "the stage Production is kept", _stage_kept, Needs.VERSIONS),
    Clause("stage-any", "any other word is kept as a stage", _stage_any, Needs.VERSIONS),
    Clause("archived-stage", "an archived version shows the stage Archived", _archived_stage, Needs.VERSIONS),
    Clause("active-only", "the list of active versions leaves archived ones out", _active_only, Needs.VERSIONS),
    Clause("tags-kept", "tags and properties come back as written", _kept, Needs.VERSIONS),
    Clause("many-tags", "50 tags of 250 characters fit on a version", _many_tags, Needs.VERSIONS),
    Clause("origin-kept", "a version takes jobName and datasets", _linked, Needs.VERSIONS),
    Clause("long-property", f"a property may have {LONGEST_PROPERTY} characters", _long_property, Needs.VERSIONS),
    Clause("dotted-name", "a model's name may have a dot", _dotted, Needs.VERSIONS),
    Clause("unknown-member", "a member that does not exist is refused with 400", _unknown_member, Needs.VERSIONS),
)
