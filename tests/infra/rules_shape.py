"""Rules about the shape of templates and of what azd reads: everything that is named exists and fits."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from tests.infra import project as facts
from tests.infra.bicep import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.bicep import Declaration, Template
    from tests.infra.project import Project

HOOKS = {"preprovision", "postdeploy"}
# The first whose `azd down` deletes the groups that a deployment made, and no other that it put something into:
# https://github.com/Azure/azure-dev/pull/7698
SAFE_AZD = "1.24.1"
# Several of these may be of one account, one zone or one topic, which takes one change at a time.
ONE_BY_ONE = (
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    "Microsoft.EventGrid/systemTopics/eventSubscriptions",
)
NEVER_SHIPPED = (".azure", ".venv", ".sandbox")  # what the tools make, with values of one installation in it
SHIPPED = ("function_app.py", "host.json", "requirements.txt", "registration", "policies")


def every_file_parses(project: Project) -> Iterator[str]:
    """No template and no parameter file has a place that the grammar does not know."""
    for template in (*project.templates.values(), *project.parameters.values()):
        yield from (f"{template.name}:{line}: does not parse" for line in template.errors)


def modules_are_local_and_there(project: Project) -> Iterator[str]:
    """Every module is a file beside the one that uses it, deployed at the scope that it is written for."""
    for template, one in project.modules():
        if _used(project, template, one) is None:
            yield f"{template.name}:{one.line}: the module {one.about} is not there; registries are not used"
    for template in project.templates.values():
        for name, path in template.imported.items():
            found = project.templates.get(_beside(template, path))
            if found is None or name not in found.all("type"):
                yield f"{template.name}: imports {name} from {path}, which has no such type"


def modules_get_their_parameters(project: Project) -> Iterator[str]:
    """Each use of a module gives every parameter without a default, and none that the module lacks."""
    for template, one in project.modules():
        used = _used(project, template, one)
        if used is None:
            continue
        taken, given = used.all("parameter"), set(one.body.get("params", {}))
        needed = {name for name, parameter in taken.items() if not parameter.has_body and not _is_optional(parameter)}
        yield from (f"{template.name}:{one.line}: {one.name} lacks {name}" for name in sorted(needed - given))
        yield from (
            f"{template.name}:{one.line}: {one.name} gives {name} in vain" for name in sorted(given - taken.keys())
        )


def outputs_that_are_read_are_there(project: Project) -> Iterator[str]:
    """What is read of a module is one of its outputs."""
    for template in project.templates.values():
        modules = template.all("module")
        for name, output in re.findall(r"\b(\w+)(?:\[\w+\])?\.\??outputs\.(\w+)", template.text):
            used = _used(project, template, modules[name]) if name in modules else None
            if used is None or output not in used.all("output"):
                yield f"{template.name}: reads the output {output} of {name}, which has none of that name"


def everything_that_is_declared_is_used(project: Project) -> Iterator[str]:
    """Each parameter, variable and output of a module is read somewhere."""
    for template in project.templates.values():
        for kind in ("parameter", "variable"):
            for name, one in template.all(kind).items():
                if len(re.findall(rf"\b{name}\b", _without_keys(template.text))) < 2:
                    yield f"{template.name}:{one.line}: nothing uses {name}"


def files_that_are_loaded_are_there(project: Project) -> Iterator[str]:
    """A file whose text a template takes in lies where the template says."""
    for template in project.templates.values():
        for path in re.findall(r"load\w+Content\('([^']+)'\)", template.text):
            if not (project.root / "infra" / _beside(template, path)).is_file():
                yield f"{template.name}: loads {path}, which is not there"


def a_type_has_one_version(project: Project) -> Iterator[str]:
    """A resource type is used in one version of its interface, whoever uses it."""
    versions: dict[str, set[str]] = {}
    for template in project.templates.values():
        for one in template.all("resource").values():
            versions.setdefault(one.type, set()).add(one.about)
    yield from (f"{sorted(used)}: more than one version" for used in versions.values() if len(used) > 1)


def parameters_explain_themselves(project: Project) -> Iterator[str]:
    """Every parameter of what is deployed says what it is."""
    for name in ("main.bicep", "events.bicep"):
        for one in project.templates[name].all("parameter").values():
            if not one.decorators.get("description"):
                yield f"{name}:{one.line}: {one.name} has no description"


def parameter_files_fit(project: Project) -> Iterator[str]:
    """A parameter file names its template and gives each parameter of it, and no other."""
    for given in project.parameters.values():
        template = project.templates.get(given.name.removesuffix("param"))
        using = re.search(r"^using '(.+)'$", given.text, re.MULTILINE)
        if template is None or using is None or using[1] != template.name:
            yield f"{given.name}: does not say which template it is for"
            continue
        found, wanted = given.all("variable").keys(), template.all("parameter").keys()
        yield from (f"{given.name}: gives no {name}" for name in sorted(wanted - found))
        yield from (f"{given.name}: gives {name}, which {template.name} lacks" for name in sorted(found - wanted))


def parameter_files_have_the_defaults_of_the_template(project: Project) -> Iterator[str]:
    """What is not in the environment has the same default with azd as without."""
    parameters = project.templates["main.bicep"].all("parameter")
    for name, one in project.parameters["main.bicepparam"].all("variable").items():
        default = re.search(r"readEnvironmentVariable\('\w+', (.+?)\)+$", str(one.body))
        parameter = parameters.get(name)
        if parameter is None or (default is None and not parameter.has_body):
            continue
        found, wanted = (default[1].strip("'") if default else None), _as_text(parameter.body)
        if found != wanted:
            yield f"main.bicepparam:{one.line}: {name} is {found} if it is not set, and {wanted} in the template"


def events_read_what_main_writes(project: Project) -> Iterator[str]:
    """Each variable that events.bicepparam reads is an output of main.bicep: what is subscribed to was provisioned."""
    outputs = project.templates["main.bicep"].all("output").keys()
    asked = _environment(project.parameters["main.bicepparam"].text)
    for name in sorted(_environment(project.parameters["events.bicepparam"].text) - outputs):
        yield f"events.bicepparam: reads {name}, which is no output of main.bicep"
    hooks = "".join(project.text(f"tools/{name}.py") for name in ("subscribe", "find_sources"))
    named = set(re.findall(r'"(REGISTRAR_\w+)"', hooks)) - {"REGISTRAR_WAIT_SECONDS"}
    yield from (f"a hook names {name}, which nobody reads or writes" for name in sorted(named - outputs - asked))


def azure_yaml_is_what_azd_reads(project: Project) -> Iterator[str]:
    """What azd is told is there: the template, the app by its tag, and the hooks."""
    said = project.azure_yaml
    if said.get("infra") != {"provider": "bicep", "path": "infra", "module": "main"}:
        yield f"azure.yaml: infra is {said.get('infra')}"
    if (said.get("requiredVersions") or {}).get("azd") != f">= {SAFE_AZD}":
        yield f"azure.yaml: older azd than {SAFE_AZD} deletes the groups of others when it is told to take ours away"
    for name, service in said.get("services", {}).items():
        if {key: service.get(key) for key in ("project", "host", "language")} != _SERVICE:
            yield f"azure.yaml: {name} is no Python function app in this folder"
        if not any(f"'azd-service-name': '{name}'" in str(one.body.get("tags")) for _, one in _sites(project)):
            yield f"azure.yaml: no app has the tag azd-service-name with {name}"
    if not any("azd-env-name" in template.text for template in project.templates.values()):
        yield "main.bicep: the tag azd-env-name is missing"
    yield from _hooks(project, said.get("hooks", {}))


def _hooks(project: Project, hooks: dict[str, Any]) -> Iterator[str]:
    if hooks.keys() != HOOKS:
        yield f"azure.yaml: hooks are {sorted(hooks)}, not {sorted(HOOKS)}"
    for name, systems in hooks.items():
        for system in ("posix", "windows"):
            run = str(systems.get(system, {}).get("run"))
            script = run.partition(" ")[2]
            if not script or not (project.root / script).is_file():
                yield f"azure.yaml: {name} on {system} runs {run}, which is not there"


def a_source_has_one_topic(project: Project) -> Iterator[str]:
    """What is made for a source is named after it however its id is spelled, so that no second topic is asked for."""
    for one in project.templates["main.bicep"].all("module").values():
        if one.about == "modules/topic.bicep":
            wanted = f"'evgs-registrar-${{uniqueString(toLower({one.body['params']['source']}), token)}}'"
            if one.body["params"]["newName"] != wanted:
                yield f"main.bicep:{one.line}: {one.name} is named {one.body['params']['newName']}, not {wanted}"


def what_would_collide_is_made_one_by_one(project: Project) -> Iterator[str]:
    """Azure refuses a change of what is being changed: loops over such things make one after another."""
    for kind in ONE_BY_ONE:
        for template, one in project.made(kind):
            if one.loop is not None and one.decorators.get("batchSize") != [1]:
                yield f"{template.name}:{one.line}: {one.name} are made at once, and some would be refused"


def what_takes_tags_has_them(project: Project) -> Iterator[str]:
    """Everything with a place has the tags that a company asks for: Azure takes off what a template does not name."""
    said = project.templates["main.bicep"].all("variable")["tags"].body
    if said != "union(resourceTags, { 'azd-env-name': environmentName })":
        yield f"main.bicep: tags are {said}, without those that are asked for"
    for template, one in project.made():
        if "location" in one.body and not re.search(r"^(union\()?tags\b", str(one.body.get("tags"))):
            yield f"{template.name}:{one.line}: {one.name} has not the tags of the others"


def two_installations_share_nothing(project: Project) -> Iterator[str]:
    """Names of what modules make hold what tells one installation from another, or are given by main.bicep."""
    for template, one in project.made():
        name = str(one.body.get("name"))
        if "parent" in one.body or "scope" in one.body or template.scope == "subscription":
            continue
        if not re.search(r"suffix|\b(new|host|ledger)?[nN]ame\b|one\.account|privatelink", name):
            yield f"{template.name}:{one.line}: {one.name} is named {name} in every installation"


def the_package_holds_the_app(project: Project) -> Iterator[str]:
    """.funcignore leaves in what the app runs on, and leaves out every other folder of the project."""
    patterns = [line for line in project.text(".funcignore").splitlines() if line and not line.startswith("#")]
    for name in SHIPPED:
        if _is_ignored(name, patterns):
            yield f".funcignore: leaves out {name}"
    for name in (*_folders(), *NEVER_SHIPPED):
        if name not in SHIPPED and not _is_ignored(name, patterns):
            yield f".funcignore: {name} would be deployed"


def _is_ignored(name: str, patterns: list[str]) -> bool:
    return any(fnmatch(name, pattern.strip("/")) for pattern in patterns)


def _folders() -> list[str]:
    hidden = {".git"}
    return [entry.name for entry in os.scandir(facts.ROOT) if entry.is_dir() and entry.name not in hidden]


def _used(project: Project, template: Template, one: Declaration) -> Template | None:
    return project.templates.get(_beside(template, one.about))


def _beside(template: Template, path: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(template.name), path))  # noqa: PTH118, PTH120 - names, not files


def _is_optional(parameter: Declaration) -> bool:
    return parameter.about.endswith("?")


def _without_keys(text: str) -> str:
    """The text without comments and without the keys of objects, which may be spelled as a parameter is."""
    return re.sub(r"^\s*//.*$|(?:^|[{,])\s*\w+:(?=\s)", " ", text, flags=re.MULTILINE)


def _environment(text: str) -> set[str]:
    return set(re.findall(r"readEnvironmentVariable\('(\w+)'", text))


def _as_text(found: Any) -> str:
    if isinstance(found, Code):
        return str(found).strip("'")
    return "[]" if found == [] else str(found).lower() if isinstance(found, bool) else str(found)


def _sites(project: Project) -> Iterator[tuple[Template, Declaration]]:
    return project.made("Microsoft.Web/sites")


_SERVICE = {"project": ".", "host": "function", "language": "python"}
