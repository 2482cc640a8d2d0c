"""Before azd provisions: find in Azure what main.bicep has to be told, and keep it in the azd environment.

That is the storage account of the workspace, and the system topic that each source of events has already: a source has
one at most, and Azure refuses a second. What the environment names already stays. Nothing in Azure is changed.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from azure_cli import CliError, az, run

WORKSPACES_API = "2024-10-01"
WORKSPACE, STORAGE, DROPS = "REGISTRAR_WORKSPACE", "REGISTRAR_WORKSPACE_STORAGE", "REGISTRAR_DROPS"
UNSET = (
    f"say which workspace is meant: azd env set {WORKSPACE} "
    "/subscriptions/<subscription>/resourceGroups/<group>"
    "/providers/Microsoft.MachineLearningServices/workspaces/<workspace>"
)


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
    workspace = os.environ.get(WORKSPACE)
    if not workspace:
        raise CliError(UNSET)
    storage = os.environ.get(STORAGE) or _storage_of(workspace)
    _keep(STORAGE, storage)
    _keep("REGISTRAR_WORKSPACE_TOPIC", os.environ.get("REGISTRAR_WORKSPACE_TOPIC") or _topic_of(workspace))
    if os.environ.get("REGISTRAR_HEAR_OUTPUTS", "").lower() == "true":
        _keep("REGISTRAR_OUTPUTS_TOPIC", os.environ.get("REGISTRAR_OUTPUTS_TOPIC") or _topic_of(storage))
    drops = _drops()
    if drops:
        _keep(
            DROPS,
            json.dumps([{**drop, "systemTopic": drop.get("systemTopic") or _topic_of(drop["id"])} for drop in drops]),
        )


def _drops() -> list[dict[str, Any]]:
    text = os.environ.get(DROPS) or "[]"
    try:
        found = json.loads(text)
    except ValueError as broken:
        raise CliError(f"{DROPS} is not JSON: {broken}") from broken
    if not isinstance(found, list) or not all(isinstance(drop, dict) and "id" in drop for drop in found):
        raise CliError(
            f'{DROPS} must be a list like [{{"id": "<id of the account>", "containers": [{{"name": "drops"}}]}}]'
        )
    return found


def _storage_of(workspace: str) -> str:
    found = az("resource", "show", "--ids", workspace, "--api-version", WORKSPACES_API)
    return str(found["properties"]["storageAccount"])


def _topic_of(source: str) -> str:
    """The id of the system topic of `source` that this installation did not make; empty when there is none."""
    for topic in az("eventgrid", "system-topic", "list", "--subscription", source.split("/")[2]):
        is_ours = (topic.get("tags") or {}).get("azd-env-name") == os.environ.get("AZURE_ENV_NAME")
        if str(topic["source"]).lower() == source.lower() and not is_ours:
            return _usable(topic)
    return ""


def _usable(topic: dict[str, Any]) -> str:
    name, group = topic["name"], topic["resourceGroup"]
    if "SystemAssigned" not in str((topic.get("identity") or {}).get("type")):
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
