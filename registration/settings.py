"""Settings: what the app must be told, read once from the environment. The only file that reads it.

Names and meanings are documented in docs/settings.md; a missing or wrong one is an error that names the variable.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from registration import documents
from registration.documents import Document
from registration.errors import SettingsError
from registration.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Mapping

EVIDENCE = ("intoto", "svr", "openlineage", "cyclonedx")  # as in registration/portable/formats.py
_WORKSPACE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/(?P<name>[^/]+)",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Storage/storageAccounts/[a-z0-9]{3,24}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class WorkspaceId:
    """The parts of a workspace's ARM id."""

    id: str
    subscription: str
    group: str
    name: str


def _workspace(text: str) -> str:
    if not _WORKSPACE.fullmatch(text):
        raise ValueError("must be the workspace's resource id, /subscriptions/…/workspaces/<name>")
    return text


def _listed(text: object) -> object:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text


def _account(text: str) -> str:
    if not _ACCOUNT.fullmatch(text):
        raise ValueError("must be a storage account's resource id, /subscriptions/…/storageAccounts/<name>")
    return text.lower()


def _format(text: str) -> str:
    if text not in EVIDENCE:
        raise ValueError(f"{text!r} is not a format of evidence; there are {', '.join(EVIDENCE)}")
    return text


def _endpoint(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or parts.query:
        raise ValueError("must be an https URL without a query; identities are used, never keys or SAS tokens")
    return text.rstrip("/")


Endpoint = Annotated[str, AfterValidator(_endpoint)]


class Settings(Document):
    """Every setting, under the name of its environment variable."""

    workspace: Annotated[str, AfterValidator(_workspace)] = Field(
        alias="REGISTRAR_WORKSPACE", description="Resource id of the Azure ML workspace."
    )
    blob_endpoint: Endpoint = Field(
        alias="REGISTRAR_STORAGE__blobServiceUri", description="Blob endpoint of the account that holds the ledger."
    )
    queue_endpoint: Endpoint = Field(
        alias="REGISTRAR_STORAGE__queueServiceUri", description="Queue endpoint of the same account."
    )
    drop_accounts: Annotated[tuple[Annotated[str, AfterValidator(_account)], ...], BeforeValidator(_listed)] = Field(
        default=(),
        alias="REGISTRAR_DROP_ACCOUNTS",
        description="Resource ids of the storage accounts whose blob events are heard, comma separated.",
    )
    policy: str = Field(
        default="policies",
        alias="REGISTRAR_POLICY",
        description="Where the policies are: a folder of the app, or the https URL of a blob prefix.",
    )
    outcome_topic: Endpoint | None = Field(
        default=None, alias="REGISTRAR_OUTCOME_TOPIC", description="Event Grid topic that outcome events are sent to."
    )
    champion_stage: str = Field(
        default="Production",
        alias="REGISTRAR_CHAMPION_STAGE",
        description="Stage that the champion has in the registry.",
    )

    attempts: int = Field(
        default=20,
        ge=1,
        le=100,
        alias="REGISTRAR_ATTEMPTS",
        description="How often a message is tried before it is kept in quarantine.",
    )
    first_pause_seconds: float = Field(
        default=15.0,
        ge=0,
        le=3600,
        alias="REGISTRAR_FIRST_PAUSE_SECONDS",
        description="Pause after the first failed attempt; each further pause is twice as long, 15 minutes at most.",
    )

    mode: Literal["act", "observe"] = Field(
        default="act",
        alias="REGISTRAR_MODE",
        description="act, or observe: decide and record, but write nothing to Azure ML and move no champion.",
    )

    evidence: Annotated[tuple[Annotated[str, AfterValidator(_format)], ...], BeforeValidator(_listed)] = Field(
        default=(),
        alias="REGISTRAR_EVIDENCE",
        description="Formats of portable evidence to keep beside each decision, comma separated.",
    )

    @property
    def observes(self) -> bool:
        """Whether the app decides and records only."""
        return self.mode == "observe"

    monitor: str | None = Field(
        default=None,
        alias="APPLICATIONINSIGHTS_CONNECTION_STRING",
        description="Application Insights that traces and metrics are sent to, with the app's identity.",
    )

    @property
    def patience(self) -> Patience:
        """How often a message is tried, and how long it waits in between."""
        return Patience(attempts=self.attempts, first_pause_seconds=self.first_pause_seconds)

    @property
    def workspace_id(self) -> str:
        """The workspace's ARM id, lower-case, as events are compared with it."""
        return self.workspace.lower()

    @property
    def account_ids(self) -> frozenset[str]:
        """The ARM ids of the accounts whose blob events are heard, lower-case."""
        return frozenset(self.drop_accounts)

    @cached_property
    def workspace_parts(self) -> WorkspaceId:
        """The workspace's ARM id in parts."""
        found = _WORKSPACE.fullmatch(self.workspace)
        if found is None:
            raise AssertionError(self.workspace)
        return WorkspaceId(self.workspace, found["subscription"], found["group"], found["name"])

    @property
    def storage_suffix(self) -> str:
        """The cloud's storage suffix, such as `core.windows.net`, read off the ledger's own endpoint."""
        host = urlsplit(self.blob_endpoint).hostname or ""
        return host.partition(".blob.")[2]


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environment`, the process's own by default.

    Raises `SettingsError` naming every variable that is missing or wrong.
    """
    found = os.environ if environment is None else environment
    names = [str(field.alias) for field in Settings.model_fields.values()]
    given = {name: found[name] for name in names if found.get(name)}
    return documents.load(Settings, given, source="environment", error=SettingsError)
