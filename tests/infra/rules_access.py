"""Rules about who may do what: every role assignment is one of registration/access.py, and the other way round."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from registration import access, manifest, names
from registration.access import GRANTS, Grant, Where, Who
from tests.infra.bicep import Code, Loop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.bicep import Declaration, Template
    from tests.infra.project import Project

ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
DEFINITION = "Microsoft.Authorization/roleDefinitions"
ROLES = "modules/roles.bicep"

# How roles.bicep writes what a grant says.
PRINCIPALS = {Who.APP: "app", Who.TOPICS: "topic", Who.DEPLOYERS: "deployer.id", Who.OPERATORS: "operator.id"}
CUSTOM = {access.WORKSPACE: "workspaceRole", access.SHARED: "sharedRole", access.WRITER: "writerRole"}
SCOPES = {
    Where.HOST: ("Microsoft.Storage/storageAccounts", "host"),
    Where.LEDGER: ("Microsoft.Storage/storageAccounts", "ledger"),
    Where.SHELVES: ("Microsoft.Storage/storageAccounts/blobServices/containers", "'${ledger}/default/${shelf}'"),
    Where.POLICIES: (
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        f"'${{ledger}}/default/{names.POLICIES}'",
    ),
    Where.DEAD_LETTERS: (
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        f"'${{ledger}}/default/{names.DEAD_LETTERS}'",
    ),
    Where.WORK: (
        "Microsoft.Storage/storageAccounts/queueServices/queues",
        f"'${{ledger}}/default/{names.WORK_QUEUE}'",
    ),
    Where.POISON: (
        "Microsoft.Storage/storageAccounts/queueServices/queues",
        f"'${{ledger}}/default/{names.POISON_QUEUE}'",
    ),
    Where.INSIGHTS: ("Microsoft.Insights/components", "insights"),
    Where.OUTCOMES: ("Microsoft.EventGrid/topics", "outcomes"),
    Where.WORKSPACE: ("Microsoft.MachineLearningServices/workspaces", "workspace"),
    Where.REGISTRIES: ("Microsoft.MachineLearningServices/registries", "sharedWith"),
    Where.OUTPUTS: ("Microsoft.Storage/storageAccounts/blobServices/containers", "'${outputs}/default/${container}'"),
    Where.COPIES: ("Microsoft.Storage/storageAccounts/blobServices/containers", "'${outputs}/default/${copies}'"),
    Where.DROPS: ("Microsoft.Storage/storageAccounts/blobServices/containers", "'${drops}/default/${container}'"),
}


def assignments_are_the_grants(project: Project) -> Iterator[str]:
    """roles.bicep makes one assignment for each grant, and no other file makes any."""
    for template, one in project.made(ASSIGNMENT):
        if template.name != ROLES:
            yield f"{template.name}:{one.line}: {one.name} belongs into {ROLES}"
    made = {one.name for one in project.templates[ROLES].made(ASSIGNMENT)}
    granted = {grant.name for grant in GRANTS}
    yield from (f"{ROLES}: no assignment {name}, which registration/access.py grants" for name in granted - made)
    yield from (f"{ROLES}: {name} is no grant of registration/access.py" for name in made - granted)


def assignments_give_what_is_granted(project: Project) -> Iterator[str]:
    """Principal, role, scope and condition of each assignment are those of the grant of its name."""
    template = project.templates[ROLES]
    grants = {grant.name: grant for grant in GRANTS}
    for one in template.made(ASSIGNMENT):
        grant = grants.get(one.name)
        for what, found, wanted in _differences(template, one, grant) if grant else ():
            yield f"{ROLES}:{one.line}: {one.name} has {what} {found!r}, not {wanted!r}"


def assignments_are_named_by_what_they_give(project: Project) -> Iterator[str]:
    """A name made of scope, principal and role can be deployed again, and never means another assignment."""
    for template, one in project.made(ASSIGNMENT):
        said = one.body["properties"]
        wanted = f"guid({one.body['scope']}.id, {said['principalId']}, {said['roleDefinitionId']})"
        if one.body["name"] != wanted:
            yield f"{template.name}:{one.line}: {one.name} is named {one.body['name']}, not {wanted}"
        if not said.get("principalType") or not said.get("description"):
            yield f"{template.name}:{one.line}: {one.name} does not say what the principal is, or why it has the role"


def shelves_are_the_ledgers(project: Project) -> Iterator[str]:
    """The containers that the app may write are those that the ledger writes."""
    template = project.templates[ROLES]
    found = set(re.findall(r"'([a-z-]+)'", str(template.all("variable")["ledgerShelves"].body)))
    if found != {names.STATE, names.DECISIONS, names.QUARANTINE}:
        yield f"{ROLES}: ledgerShelves are {sorted(found)}, which are not the containers of the ledger"


def definitions_allow_what_the_code_does(project: Project) -> Iterator[str]:
    """The custom roles hold the actions of registration/access.py, none more, and no wildcard."""
    wanted = {"workspaceRole": access.WORKSPACE, "sharedRole": access.SHARED, "writerRole": access.WRITER}
    for template, one in project.made(DEFINITION):
        role = wanted.pop(one.name, None)
        if role is None:
            yield f"{template.name}:{one.line}: {one.name} is no role of registration/access.py"
            continue
        (allowed,) = one.body["properties"]["permissions"]
        for kind, actions in (("actions", role.actions), ("dataActions", role.data_actions)):
            if set(allowed[kind]) != actions:
                yield f"{template.name}:{one.line}: {one.name} {kind}: {sorted(set(allowed[kind]) ^ actions)} differ"
    yield from (f"no template defines {name}" for name in wanted)


def every_identity_is_given_its_roles(project: Project) -> Iterator[str]:
    """Whatever module hands out a principal id, main.bicep gives that principal roles; the app gets them everywhere."""
    main = project.templates["main.bicep"]
    given = [one.body["params"] for one in main.all("module").values() if one.about == ROLES]
    if any(params.get("app") != "identity.outputs.principalId" for params in given):
        yield "main.bicep: a use of roles.bicep does not name the identity of the app"
    said = " ".join(_flat(params) for params in given)
    for one in main.all("module").values():
        outputs = project.templates.get(one.about)
        if (
            outputs
            and "principalId" in outputs.all("output")
            and not re.search(rf"\b{one.name}\b[^ ]*\.principalId", said)
        ):
            yield f"main.bicep:{one.line}: nothing is granted to the identity of {one.name}"
    passed = {name for params in given for name in params}
    parameters = project.templates[ROLES].all("parameter")
    yield from (f"main.bicep: no use of roles.bicep gives {name}" for name in parameters.keys() - passed)


def the_app_starts_after_its_roles(project: Project) -> Iterator[str]:
    """The app is deployed when every role is given: a host that may not read its storage shows no function."""
    main = project.templates["main.bicep"]
    modules = main.all("module")
    roles = {name for name, one in modules.items() if one.about == ROLES}
    missing = roles - {str(name) for name in modules["app"].body.get("dependsOn", [])}
    yield from (f"main.bicep:{modules['app'].line}: app does not wait for {name}" for name in sorted(missing))


def _differences(template: Template, one: Declaration, grant: Grant) -> Iterator[tuple[str, Any, Any]]:
    said = one.body["properties"]
    yield from _unequal("principal", said["principalId"], PRINCIPALS[grant.who])
    yield from _unequal("role", _role(template, said["roleDefinitionId"]), grant.role.id or CUSTOM[grant.role])
    yield from _unequal("scope", _scope(template, one.body["scope"]), SCOPES[grant.where])
    yield from _unequal("condition", _condition(template, said.get("condition")), grant.only)
    yield from _unequal("condition version", said.get("conditionVersion"), "2.0" if grant.only else None)


def _unequal(what: str, found: Any, wanted: Any) -> Iterator[tuple[str, Any, Any]]:
    if found != wanted:
        yield what, found, wanted


def _role(template: Template, named: Code) -> str:
    """The id of a built-in role, or the parameter that a custom one comes in."""
    found = str(template.resolved(named))
    role = re.fullmatch(rf"subscriptionResourceId\('{DEFINITION}', '?([\w-]+)'?\)", found)
    return role[1] if role else found


def _scope(template: Template, named: Code) -> tuple[str, str]:
    scope = template.all("resource")[str(named).partition("[")[0]]
    return scope.type, str(scope.body["name"]) if isinstance(scope.body["name"], Code) else f"'{scope.body['name']}'"


def _condition(template: Template, named: Any) -> str | None:
    """The pattern of paths that a condition allows; the whole condition if it is not of the form that is agreed."""
    if named is None:
        return None
    text = _filled(template, str(template.resolved(named)))
    actions = r" AND ".join(rf"!\(ActionMatches\{{\\'{re.escape(action)}\\'\}}\)" for action in _WRITES)
    path = r"@Resource\[Microsoft\.Storage/storageAccounts/blobServices/containers/blobs:path\] StringLike \\'(\S+)\\'"
    found = re.fullmatch(rf"'\(\({actions}\) OR \({path}\)\)'", text)
    return found[1] if found else text


def _filled(template: Template, text: str) -> str:
    """The string with the variables that it names put in; apostrophes stay escaped."""
    return re.sub(r"\$\{(\w+)\}", lambda found: str(template.resolved(Code(found[1]))).replace("'", "\\'"), text)


def _flat(found: Any) -> str:
    match found:
        case dict():
            return " ".join(_flat(value) for value in found.values())
        case list():
            return " ".join(map(_flat, found))
        case Loop():
            return _flat(found.body)
        case _:
            return str(found)


_WRITES = (
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
)


def grants_fit_what_the_code_writes(_project: Project) -> Iterator[str]:
    """The paths that grants allow are those of receipts and of copies."""
    wanted = {"receipts": f"*{manifest.RECEIPT_SUFFIX}", "copyWrites": f"{names.COPIES}*"}
    for grant in GRANTS:
        if grant.only != wanted.get(grant.name):
            yield f"registration/access.py: {grant.name} allows {grant.only}, not {wanted.get(grant.name)}"
