"""Before azd provisions: find in Azure what main.bicep has to be told, and keep it in the azd environment.

That is the storage account of the workspace, and the system topic that each source of events has already: a source has
one at most, and Azure refuses a second. A topic that the environment names is looked at, and stays. What cannot be
deployed, or could not be taken away again without harm, is refused here. Nothing in Azure is changed.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

from azure_cli import SHOWN, CliError, az, run

WORKSPACES_API, TOPICS_API = "2024-10-01", "2025-02-15"
WORKSPACE, STORAGE, DROPS = "REGISTRAR_WORKSPACE", "REGISTRAR_WORKSPACE_STORAGE", "REGISTRAR_DROPS"
TOPIC, OUTPUTS_TOPIC = "REGISTRAR_WORKSPACE_TOPIC", "REGISTRAR_OUTPUTS_TOPIC"
GROUP = "AZURE_RESOURCE_GROUP"
WORKSPACE_TYPE, ACCOUNT_TYPE = "Microsoft.MachineLearningServices/workspaces", "Microsoft.Storage/storageAccounts"
TOPIC_TYPE = "Microsoft.EventGrid/systemTopics"
PROVIDER = "Microsoft.App"  # https://learn.microsoft.com/azure/azure-functions/flex-consumption-how-to
NO_PROVIDER = "MissingSubscriptionRegistration"  # where Event Grid was never used, there are no topics


def main() -> int:
    """Exit status 0, or 1 with what to do."""
    try:
        find()
    except CliError as error:
        sys.stderr.write(f"find_sources: {error}\n")
        return 1
    return 0


def find() -> None:
    """Find everything; raises `CliError`."""
    workspace = _id(WORKSPACE, os.environ.get(WORKSPACE) or "", WORKSPACE_TYPE)
    drops = _drops()
    said = _object(az("resource", "show", "--ids", workspace, "--api-version", WORKSPACES_API))
    # Not what the environment says: it may be of the workspace that was heard before.
    storage = _id(STORAGE, str(_member(said, "storageAccount")), ACCOUNT_TYPE)
    _refuse_the_group_of(workspace, storage, *(drop["id"] for drop in drops))
    _refuse_a_network_without_its_provider()
    _refuse_copies_among_drops(drops, storage, f"azureml-blobstore-{_member(said, 'workspaceId')}")
    _keep(STORAGE, storage)
    _keep(TOPIC, _topic_of(workspace, variable=TOPIC, named=os.environ.get(TOPIC)))
    if os.environ.get("REGISTRAR_HEAR_OUTPUTS", "").lower() == "true":
        _keep(OUTPUTS_TOPIC, _topic_of(storage, variable=OUTPUTS_TOPIC, named=os.environ.get(OUTPUTS_TOPIC)))
    if drops:
        topics = [_topic_of(drop["id"], variable=DROPS, named=drop.get("systemTopic")) for drop in drops]
        heard = [{**drop, "systemTopic": topic} for drop, topic in zip(drops, topics, strict=True)]
        _keep(DROPS, json.dumps(heard))


def _drops() -> list[dict[str, Any]]:
    text = os.environ.get(DROPS) or "[]"
    try:
        found = json.loads(text)
    except ValueError as broken:
        raise CliError(f"{DROPS} is not JSON: {broken}") from broken
    if not isinstance(found, list) or not all(map(_is_drop, found)):
        raise CliError(
            f'{DROPS} must be a list like [{{"id": "<id of the account>", "containers": [{{"name": "drops"}}]}}]'
        )
    accounts = [_id(DROPS, drop["id"], ACCOUNT_TYPE).lower() for drop in found]
    twice = sorted({account for account in accounts if accounts.count(account) > 1})
    if twice:
        raise CliError(f"{DROPS} names {twice[0]} more than once: put its containers into one entry")
    return found


def _is_drop(drop: Any) -> bool:
    if not isinstance(drop, dict) or not isinstance(drop.get("id"), str):
        return False
    containers = drop.get("containers")
    return isinstance(containers, list) and all(isinstance(one, dict) and one.get("name") for one in containers)


def _id(variable: str, text: str, kind: str) -> str:
    """`text` if it is the resource id of something of a kind."""
    pattern = rf"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/{re.escape(kind)}/[^/]+"
    if not re.fullmatch(pattern, text, re.IGNORECASE):
        wanted = f"/subscriptions/<subscription>/resourceGroups/<group>/providers/{kind}/<name>"
        raise CliError(f"{variable} is {text or 'not set'}, and has to name a resource by its id: {wanted}")
    return text


def _object(said: Any) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise CliError(f"az answered {json.dumps(said)[:SHOWN]} where an object was to come: az upgrade")
    return said


def _member(said: dict[str, Any], name: str) -> Any:
    found = _object(said.get("properties") or {}).get(name)
    if not found:
        raise CliError(f"Azure does not tell the {name} of the workspace: see az resource show --ids <its id>")
    return found


def _refuse_the_group_of(*sources: str) -> None:
    """The group of the installation may hold no source: `azd down` deletes it with everything in it."""
    name = os.environ.get(GROUP) or f"rg-{os.environ.get('AZURE_ENV_NAME', '')}"
    subscription = os.environ.get("AZURE_SUBSCRIPTION_ID")  # azd may not have asked for it yet
    for source in sources:
        _, _, its, _, group, *_ = source.split("/")
        if group.lower() == name.lower() and its.lower() == (subscription or its).lower():
            raise CliError(
                f"{GROUP} is {name}, which holds {source.rpartition('/')[2]}, and azd down would delete both: "
                f"azd env set {GROUP} <a group for this installation alone>"
            )


def _refuse_a_network_without_its_provider() -> None:
    """Only what a template makes is registered by deploying it, and it makes nothing of Microsoft.App."""
    if os.environ.get("REGISTRAR_PRIVATE_NETWORK", "").lower() == "true":
        subscription = os.environ.get("AZURE_SUBSCRIPTION_ID")
        where = ["--subscription", subscription] if subscription else []
        state = _object(az("provider", "show", "--namespace", PROVIDER, *where)).get("registrationState")
        if state != "Registered":
            command = " ".join(["az provider register --namespace", PROVIDER, "--wait", *where])
            raise CliError(f"an app in a virtual network needs the provider {PROVIDER}, which is {state}: {command}")


def _refuse_copies_among_drops(drops: list[dict[str, Any]], storage: str, container: str) -> None:
    """In the container that drops are copied to, the app may write copies alone, and so no receipts."""
    for drop in drops:
        names = [str(one["name"]) for one in drop["containers"]]
        if drop["id"].lower() == storage.lower() and container in names:
            raise CliError(f"{DROPS} names {container}, the default datastore's: let drops arrive in another container")


def _topic_of(source: str, *, variable: str, named: str | None) -> str:
    """The id of the system topic that is used for `source` and was not made here; empty when there is none."""
    if named:
        return _named(_id(variable, named, TOPIC_TYPE), source, variable)
    for topic in _topics(source.split("/")[2]):
        is_ours = (topic.get("tags") or {}).get("azd-env-name") == os.environ.get("AZURE_ENV_NAME")
        if str(topic.get("source")).lower() == source.lower() and not is_ours:
            return _usable(topic, source)
    return ""


def _named(topic: str, source: str, variable: str) -> str:
    try:
        return _usable(_object(az("resource", "show", "--ids", topic, "--api-version", TOPICS_API)), source)
    except CliError as refused:
        raise CliError(f"{refused}\n{variable} names {topic}; without it, the right one is found or made") from refused


def _topics(subscription: str) -> list[dict[str, Any]]:
    try:
        found = az("eventgrid", "system-topic", "list", "--subscription", subscription)
    except CliError as refused:
        if NO_PROVIDER in str(refused):
            return []
        raise
    return [_object(topic) for topic in found] if isinstance(found, list) else [_object(found)] if found else []


def _usable(topic: dict[str, Any], source: str) -> str:
    """The id of a topic, as `az eventgrid` or `az resource` tells of it."""
    heard = str(topic.get("source") or (topic.get("properties") or {}).get("source"))
    if heard.lower() != source.lower():
        raise CliError(f"{topic.get('name')} is the system topic of {heard}, not of {source}")
    name, group = topic.get("name"), topic.get("resourceGroup")
    if "systemassigned" not in str((topic.get("identity") or {}).get("type")).lower():
        raise CliError(
            f"the system topic {name} needs an identity to keep dead letters with: "
            f"az eventgrid system-topic update --name {name} --resource-group {group} --identity SystemAssigned"
        )
    return str(topic["id"])


def _keep(name: str, value: str) -> None:
    if value and value != os.environ.get(name):
        run("azd", "env", "set", name, value)
        print(f"{name} = {value}")


if __name__ == "__main__":
    sys.exit(main())
