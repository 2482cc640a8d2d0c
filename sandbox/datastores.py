"""The datastores of the workspace: names for containers in storage accounts.

The four that every workspace has are there from the start; two of them are file shares that this sandbox only names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sandbox import names, timestamps


@dataclass(frozen=True)
class Datastore:
    """A name for a container (`AzureBlob`, `AzureDataLakeGen2`) or a file share (`AzureFile`) of a storage account."""

    name: str
    account: str
    container: str
    kind: str = "AzureBlob"
    is_default: bool = False
    is_system: bool = False
    created: int = field(default_factory=timestamps.now)


def of_a_new_workspace() -> dict[str, Datastore]:
    """The datastores the service makes with a workspace, by name."""
    account = names.WORKSPACE_ACCOUNT
    share = f"azureml-filestore-{names.WORKSPACE_GUID}"
    system = (
        Datastore("workspacefilestore", account, share, kind="AzureFile", is_system=True),
        Datastore("workspaceartifactstore", account, names.ARTIFACT_CONTAINER, is_system=True),
        Datastore("workspaceworkingdirectory", account, _CODE_SHARE, kind="AzureFile", is_system=True),
        Datastore("workspaceblobstore", account, names.BLOBSTORE_CONTAINER, is_default=True, is_system=True),
    )
    return {store.name: store for store in system}


_CODE_SHARE: Final = "code-2f5c8e14-9a06-4d7b-b3f8-61e0c97a4d25"
