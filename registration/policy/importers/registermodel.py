"""Azure/aml-registermodel's `registermodel.json` as a policy.

The keys are those of the action's schema (code/schemas.py at commit 6826159); what it did with them is read from its
code, which differs from its documentation where a warning says so.
"""

from __future__ import annotations

import json
from decimal import Decimal

from registration.policy import number
from registration.policy.importers import foreign
from registration.policy.importers.draft import Draft, Imported
from registration.policy.importers.section import Section

TOOL = "the configuration of the GitHub action aml-registermodel"

_DEFAULT_FILE = "model.pkl"
_LONGEST_NAME = 32
_CUSTOM = "custom"  # what the action called a framework that it did not know
_KEYS = (
    "model_name",
    "model_file_name",
    "model_framework",
    "model_framework_version",
    "cpu_cores",
    "memory_gb",
    "model_tags",
    "model_properties",
    "model_description",
    "metrics_max",
    "metrics_min",
    "force_registration",
    "experiment_name",
    "pipeline_child_run_name",
)
_NO_WORSE = {"max_regression": Decimal(0)}

_SAMPLE = (
    "the action took the latest version of this dataset, whichever that was; write the one that is meant as "
    '`serving: {{{}: "azureml:NAME:VERSION"}}`'
)
_NO_EQUAL = {
    "datasets": (
        "the action linked these datasets to the version by name and passed over those it did not find; here lineage "
        "comes from the job's own inputs (`require: {lineage: [datasets]}` refuses a candidate without any)"
    ),
    "sample_input_dataset": _SAMPLE.format("sample_input"),
    "sample_output_dataset": _SAMPLE.format("sample_output"),
    "run_id": "no run is named here; every job of the experiment that completes offers its model",
    "parameters_file": "an input of the action; there is nothing to point at here",
    "azure_credentials": "not read and not needed: Registrar signs in with an identity; take it out of the file",
}

_STEP = (
    "the action took the first child of a step that had children, whichever that was; here it is the best trial of a "
    "sweep, and any other step's own artifacts"
)
_PROPERTY = "a version's properties are Registrar's own; written as a tag"
_ALONE = "the action recorded no resources unless it had both cpu_cores and memory_gb; here each is recorded alone too"
_COMPARED = (
    "metrics_max, metrics_min: the action compared with the latest version and let NaN pass; it compared text as text "
    "and lists item by item. Here the champion counts, and what is no finite number fails"
)
_FIRST = (
    "metrics_max, metrics_min: the action registered a first model unseen, and one whose predecessor had no run; here "
    "it is held for a person, unless you add a `min` or `max`, or `defaults: {no_champion: accept}`"
)
_INVERTED = (
    "the action enforced the opposite of what it documents: it refused a lower value and registered a higher one. Here "
    "lower is better, so verdicts change; compare your recent versions before you trust today's champion"
)


def read(text: str, *, source: str, name: str | None = None, experiment: str | None = None) -> Imported:
    """The policy that a registermodel.json asks for; raises `ForeignConfigError` naming the place."""
    draft = Draft(source, TOOL)
    config = Section(source, {}, draft.warnings).child(foreign.read_json(text, source=source))
    config.require_any(TOOL, (*_KEYS, *_NO_EQUAL))
    _identity(config, draft)
    _file(config, draft)
    _tags(config, draft)
    _framework(config, draft)
    _resources(config, draft)
    _metrics(config, draft)
    _unlike(config)
    config.rest("unknown to the action too, which passed over it", likeness=0.5)
    return draft.finish(name=name, experiment=experiment or config.text("experiment_name"))


def _identity(config: Section, draft: Draft) -> None:
    config.take("experiment_name")
    if name := config.text("model_name"):
        draft.put("name", name, place="model_name")
        if len(name) > _LONGEST_NAME:
            config.warn("model_name", message=f"the action took {_LONGEST_NAME} characters at most; taken whole here")
    if description := config.text("model_description"):
        draft.put("description", description, place="model_description")


def _file(config: Section, draft: Draft) -> None:
    file = config.text("model_file_name")
    if file is None:
        config.warn("model_file_name", message=f"absent; the action then looked for {_DEFAULT_FILE}, and so does this")
        file = _DEFAULT_FILE
    path = file if "/" in file else f"outputs/{file}"
    draft.put("from", {**_step(config), "output": "artifacts", "path": path}, place="model_file_name")
    if path != file:
        message = f"the action took the first file of the run whose name contains {file!r}; here it is {path}, exactly"
        config.warn("model_file_name", message=message)


def _step(config: Section) -> dict[str, list[str]]:
    step = config.text("pipeline_child_run_name")
    if step is None:
        return {}
    config.warn("pipeline_child_run_name", message=_STEP)
    return {"step": [step]}


def _tags(config: Section, draft: Draft) -> None:
    tags: dict[str, str] = {}
    for name, message in (("model_tags", ""), ("model_properties", _PROPERTY)):
        found = config.section(name) or config.child({}, name)
        for key in found.entries:
            _put(tags, key, found, key, message)
    if tags:
        draft.put("tags", tags, place="model_tags")


def _framework(config: Section, draft: Draft) -> None:
    name, version = config.text("model_framework"), config.text("model_framework_version")
    if name or version:
        said = {"name": name or _CUSTOM, **({"version": version} if version else {})}
        draft.put("framework", said, place="model_framework")


def _resources(config: Section, draft: Draft) -> None:
    found = {"cpu": config.number("cpu_cores"), "memory_gb": config.number("memory_gb")}
    said = {key: size for key, size in found.items() if size is not None}
    if said:
        draft.put("serving", said, place="cpu_cores" if "cpu" in said else "memory_gb")
    if len(said) == 1:
        config.warn("memory_gb" if "cpu" in said else "cpu_cores", message=_ALONE)


def _put(tags: dict[str, str], tag: str, found: Section, key: str, message: str) -> None:
    """Write one tag from what is `found` under `key`, unless its name is taken or not ours to give."""
    value = found.take(key)
    if value is None:
        return
    if tag in tags:
        found.warn(key, message=f"left out: there is a tag {tag!r} already")
    elif not tag or tag.startswith("registrar."):
        found.warn(key, message="left out: a tag's name must not be empty nor start with 'registrar.'")
    else:
        tags[tag] = _text(found, key, value)
        if not isinstance(value, str):
            found.warn(key, message=f"a tag is text; written as {tags[tag]!r}")
        if message:
            found.warn(key, message=message)


def _text(found: Section, key: str, value: object) -> str:
    if isinstance(value, Decimal):
        read = number.read(value)
        if isinstance(read, number.Flaw):
            raise found.error(key, message=f"{read.says}; put it in quotes")
        return number.text(read)
    return value if isinstance(value, str) else json.dumps(value, default=float)


def _metrics(config: Section, draft: Draft) -> None:
    up, down = config.texts("metrics_max"), config.texts("metrics_min")
    for key, names, direction in (("metrics_max", up, "maximize"), ("metrics_min", down, "minimize")):
        for index, metric in enumerate(names):
            rules = draft.rules(metric, place=config.place(key, index))
            if rules.get("direction", direction) != direction:
                raise config.error(key, index, message=f"{metric!r} is in metrics_max too; which way is it better?")
            rules |= {"direction": direction, "vs_champion": dict(_NO_WORSE)}
        if names:
            config.once(_COMPARED)
    if down:
        config.warn("metrics_min", message=_INVERTED)
    if up or down:
        config.once(_FIRST)


def _unlike(config: Section) -> None:
    if config.flag("force_registration"):
        message = (
            "refused: a policy cannot say that rules do not count. To register one candidate in spite of a rule, "
            "`registrar approve` it, under your own name and with a reason"
        )
        config.warn("force_registration", message=message)
    for key, message in _NO_EQUAL.items():
        if config.take(key) not in (None, [], {}):
            config.warn(key, message=message)
