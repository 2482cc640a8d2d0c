"""Rules about secrets: none is read, passed on or accepted, and nothing is open that need not be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.infra.project import Project

# What a template writes when it reads, takes or passes on a key.
SECRETS = (
    r"\blist(Keys|Secrets|AccountSas|ServiceSas|ConnectionStrings|Credentials|Value|[A-Z]\w*)?\(",
    r"\.list[A-Z]\w*\(",
    r"[?&](code|sig)=",
    r"\b(AccountKey|SharedAccessKey|SharedAccessSignature|InstrumentationKey|DefaultEndpointsProtocol)\b",
    r"@secure\(\)",
    r"\bendpointType: 'WebHook'",
    r"\bAzureWebJobsStorage\b(?!__)",
)
# The address that Application Insights is sent to: with local authentication off it lets nobody send.
ADDRESS = "insights.properties.ConnectionString"

# What a resource of a type has to say, by the path of the property.
HARDENED: Mapping[str, Mapping[str, Any]] = {
    "Microsoft.Storage/storageAccounts": {
        "properties.allowSharedKeyAccess": False,
        "properties.allowBlobPublicAccess": False,
        "properties.allowCrossTenantReplication": False,
        "properties.defaultToOAuthAuthentication": True,
        "properties.minimumTlsVersion": "TLS1_2",
        "properties.supportsHttpsTrafficOnly": True,
        "properties.networkAcls.bypass": "AzureServices",
    },
    "Microsoft.Storage/storageAccounts/blobServices/containers": {"properties.publicAccess": "None"},
    "Microsoft.Web/sites": {
        "properties.httpsOnly": True,
        "properties.siteConfig.minTlsVersion": "1.2",
        "properties.siteConfig.scmMinTlsVersion": "1.2",
        "properties.functionAppConfig.deployment.storage.authentication.type": "UserAssignedIdentity",
        "identity.type": "UserAssigned",
    },
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"properties.allow": False},
    "Microsoft.EventGrid/topics": {
        "properties.disableLocalAuth": True,
        "properties.minimumTlsVersionAllowed": "1.2",
        "properties.inputSchema": "CloudEventSchemaV1_0",
    },
    "Microsoft.EventGrid/systemTopics": {"identity.type": "SystemAssigned"},
    "Microsoft.Insights/components": {"properties.DisableLocalAuth": True},
    "Microsoft.OperationalInsights/workspaces": {"properties.features.disableLocalAuth": True},
}
PUBLISHING = {"ftp", "scm"}


def nothing_is_secret(project: Project) -> Iterator[str]:
    """No key, no connection string and no function key is read, taken or written anywhere."""
    for template in (*project.templates.values(), *project.parameters.values()):
        for number, line in enumerate(template.text.splitlines(), start=1):
            said = line.partition("//")[0] if "://" not in line else line
            for pattern in SECRETS:
                if re.search(pattern, said):
                    yield f"{template.name}:{number}: looks like a secret ({pattern}): {line.strip()}"
            if re.search(r"connectionstring", said.replace(ADDRESS, ""), re.IGNORECASE) and ADDRESS not in said:
                yield f"{template.name}:{number}: a connection string: {line.strip()}"


def resources_are_closed(project: Project) -> Iterator[str]:
    """Shared keys, public access, old TLS, user names and passwords are off."""
    for template, one in project.made():
        body = {**one.body, "properties": template.resolved(one.body.get("properties", {}))}
        for path, wanted in HARDENED.get(one.type, {}).items():
            if _at(body, path) != wanted:
                yield f"{template.name}:{one.line}: {one.name} has {path} = {_at(body, path)!r}, not {wanted!r}"


def subnets_are_guarded(project: Project) -> Iterator[str]:
    """Each subnet names its network security group: one that somebody attached would be taken off."""
    for template, one in project.made("Microsoft.Network/virtualNetworks"):
        for subnet in one.body["properties"]["subnets"]:
            if "networkSecurityGroup" not in subnet["properties"]:
                yield f"{template.name}:{one.line}: the subnet {subnet['name']} has no network security group"


def publishing_takes_no_password(project: Project) -> Iterator[str]:
    """Both ways of publishing with a user name and password are turned off."""
    policies = project.made("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    found = {str(one.body["name"]) for _, one in policies}
    yield from (f"no template turns off publishing through {name}" for name in PUBLISHING - found)


def _at(body: Any, path: str) -> Any:
    for step in path.split("."):
        body = body.get(step) if isinstance(body, dict) else None
    return body
