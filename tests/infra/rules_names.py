"""Rules about names and numbers that stand in a template and in the code: both say the same."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any, get_args

from registration.settings import Settings
from tests.infra import project as facts
from tests.infra.bicep import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.project import Project

CONTAINER = "Microsoft.Storage/storageAccounts/blobServices/containers"
QUEUE = "Microsoft.Storage/storageAccounts/queueServices/queues"
STORAGE = "modules/storage.bicep"


def containers_are_those_of_the_code(project: Project) -> Iterator[str]:
    """The containers of the ledger's account are those that the code and Event Grid use."""
    made = {str(one.body["name"]) for _, one in project.made(CONTAINER) if one.body["parent"] == "ledgerBlobs"}
    yield from _unequal(STORAGE, "containers", made, set(facts.CONTAINERS))


def queues_are_those_of_the_code(project: Project) -> Iterator[str]:
    """The queues are those that the functions are triggered by."""
    made = {str(one.body["name"]) for _, one in project.made(QUEUE)}
    triggers = {str(found["queueName"]) for found in facts.functions().values() if "queueName" in found}
    yield from _unequal(STORAGE, "queues", made, set(facts.QUEUES))
    yield from _unequal("function_app.py", "queues", triggers, set(facts.QUEUES))


def settings_are_those_that_are_read(project: Project) -> Iterator[str]:
    """The app is given every setting that the code or the documents name, and no other."""
    made = {name for _, one in project.made("Microsoft.Web/sites/config") for name in one.body["properties"]}
    yield from _unequal(
        "modules/app.bicep", "settings", made, set(facts.settings_of_the_app() | facts.settings_of_others())
    )


def settings_have_values(project: Project) -> Iterator[str]:
    """No setting is the empty text or a left-over literal where a parameter is meant."""
    fixed = {"managedidentity", "12"}
    for template, one in project.made("Microsoft.Web/sites/config"):
        for name, said in one.body["properties"].items():
            if not isinstance(said, Code) and said not in fixed:
                yield f"{template.name}:{one.line}: {name} is {said!r} for every installation"


def threads_are_as_many_as_messages(project: Project) -> Iterator[str]:
    """The worker has a thread for each message that host.json hands out at once."""
    queues = json.loads((facts.ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["queues"]
    wanted = str(queues["batchSize"] + queues["newBatchThreshold"])
    for template, one in project.made("Microsoft.Web/sites/config"):
        found = one.body["properties"].get("PYTHON_THREADPOOL_THREAD_COUNT")
        if found != wanted:
            yield f"{template.name}:{one.line}: {found} threads for {wanted} messages at once"


def parameters_have_the_defaults_of_the_code(project: Project) -> Iterator[str]:
    """Defaults, bounds and choices of a parameter are those of the setting that it becomes."""
    parameters = project.templates["main.bicep"].all("parameter")
    fields = {str(field.alias): field for field in Settings.model_fields.values()}
    pairs = {
        "championStage": "REGISTRAR_CHAMPION_STAGE",
        "attempts": "REGISTRAR_ATTEMPTS",
        "firstPauseSeconds": "REGISTRAR_FIRST_PAUSE_SECONDS",
        "mode": "REGISTRAR_MODE",
    }
    for name, setting in pairs.items():
        one, field = parameters[name], fields[setting]
        bounds = {
            type(bound).__name__.lower(): getattr(bound, type(bound).__name__.lower()) for bound in field.metadata
        }
        wanted = (field.default, bounds.get("ge"), bounds.get("le"), list(get_args(field.annotation)) or None)
        said = one.decorators
        found = (one.body, *(said.get(bound, [None])[0] for bound in ("minValue", "maxValue", "allowed")))
        if found != wanted:
            yield f"main.bicep:{one.line}: {name} has default, bounds and choices {found}, {setting} has {wanted}"


def python_is_the_projects(project: Project) -> Iterator[str]:
    """The app runs on the Python that the project is written and tested for, on Flex Consumption."""
    wanted = tomllib.loads((facts.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    lowest = re.findall(r">=([\d.]+)", wanted)[0]
    for template, one in project.made("Microsoft.Web/sites"):
        runtime = one.body["properties"]["functionAppConfig"]["runtime"]
        if runtime != {"name": "python", "version": lowest}:
            yield f"{template.name}:{one.line}: runs on {runtime}, not on Python {lowest}"
    for template, one in project.made("Microsoft.Web/serverfarms"):
        if one.body["sku"] != {"name": "FC1", "tier": "FlexConsumption"}:
            yield f"{template.name}:{one.line}: {one.body['sku']} is not Flex Consumption"


def nothing_of_the_ledger_expires(project: Project) -> Iterator[str]:
    """No lifecycle rule exists, decisions alone may be immutable, and what is overwritten or deleted can come back."""
    for template, one in project.made("Microsoft.Storage/storageAccounts/managementPolicies"):
        yield f"{template.name}:{one.line}: a lifecycle rule would delete records"
    for template, one in project.made(f"{CONTAINER}/immutabilityPolicies"):
        if one.body["parent"] != "decisions":
            yield f"{template.name}:{one.line}: {one.body['parent']} is written over and over and cannot be immutable"
    for _, one in project.made("Microsoft.Storage/storageAccounts/blobServices"):
        if one.body["parent"] == "ledger":
            yield from _unkept(one.body.get("properties", {}))


def _unkept(said: dict[str, Any]) -> Iterator[str]:
    if said.get("isVersioningEnabled") is not True:
        yield f"{STORAGE}: the ledger keeps no versions"
    for kept in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
        if said.get(kept, {}).get("enabled") is not True:
            yield f"{STORAGE}: the ledger has no {kept}"


def alerts_look_for_lines_that_are_logged(project: Project) -> Iterator[str]:
    """What an alert or the workbook looks for in the log is the beginning of a line that the code writes."""
    for place, query in queries(project):
        for beginning in re.findall(r"Message startswith '([^']+)'", query):
            if not any(_begins(line, beginning) for line in facts.log_lines()):
                yield f"{place}: no line of the code begins with {beginning!r}"
        for name in re.findall(r"^AppRequests .*\bName == '(\w+)'", query):
            if name not in facts.functions():
                yield f"{place}: there is no function {name}"
        for name in re.findall(r"^AppMetrics .*\bName == '([^']+)'", query):
            if name not in facts.metrics():
                yield f"{place}: the code has no metric {name}"


def queries(project: Project) -> Iterator[tuple[str, str]]:
    """Every query over the logs, and where it stands."""
    for one in project.templates["modules/alerts.bicep"].all("variable")["watched"].body:
        yield f"modules/alerts.bicep {one['name']}", one["query"]
    for item in project.workbook["items"]:
        if "query" in item["content"]:
            yield f"workbook.json {item['name']}", item["content"]["query"]


def alerts_exist_for_what_is_lost(project: Project) -> Iterator[str]:
    """What is lost, given up, broken, changed or silent is watched."""
    variables = project.templates["modules/alerts.bicep"].all("variable")
    watched = {str(one["name"]) for one in variables["watched"].body}
    wanted = {"lost", "poison", "quarantined", "policy-broken", "coverage", "no-sweep", "failures", "quiet"}
    yield from _unequal("modules/alerts.bicep", "alerts", watched, wanted | {"champion-changed"})
    counted = {name for _, query in queries(project) for name in re.findall(r"'(\w+Count)'", query)}
    wanted = {"DeadLetteredCount", "DroppedEventCount", "MatchedEventCount"}
    yield from _unequal("modules/alerts.bicep", "counts of Event Grid", counted, wanted)


def alerts_miss_nothing_that_comes_late(project: Project) -> Iterator[str]:
    """A line is in the log minutes after its time, so an alert looks back further than to its last look."""
    template = project.templates["modules/alerts.bicep"]
    for one in template.all("variable")["watched"].body:
        if one["window"] == "PT15M":
            yield f"modules/alerts.bicep: {one['name']} never sees a line that is late"
    for one in template.made("Microsoft.Insights/scheduledQueryRules"):
        if one.body["properties"]["evaluationFrequency"] != "PT15M":
            yield f"modules/alerts.bicep:{one.line}: looks at other times than the windows are made for"


def _begins(line: str, beginning: str) -> bool:
    """Whether a line logged as `line` can begin so; a placeholder stands for anything."""
    fixed = line.partition("%")[0]
    return fixed.startswith(beginning) or (beginning.startswith(fixed) and "%" in line and bool(fixed))


def _unequal(place: str, what: str, found: set[str], wanted: set[str]) -> Iterator[str]:
    if found != wanted:
        here, there = sorted(found - wanted), sorted(wanted - found)
        yield f"{place}: {what} differ from the code's: only here {here}, only there {there}"
