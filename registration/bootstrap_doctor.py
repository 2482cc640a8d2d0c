"""The composition root of the doctor: what a checkup is made of, for the command line and for the app itself.

Apart from `bootstrap`, because nothing here is needed to work on a candidate.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from registration import settings
from registration.azure.identity import Identity
from registration.azure.policies import BlobPolicies
from registration.azure.wire import AzureWire
from registration.doctor.app import settings as settings_of
from registration.doctor.checkup import Checkup
from registration.doctor.policies import Place
from registration.policy.folder import FolderPolicies

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from registration.settings import Settings

APP = Path(__file__).parent.parent


def checkup(app: str | None = None) -> Checkup:
    """A checkup under the identity that is signed in; by the settings of `app`, a resource id, or of this process."""
    credential = Identity()
    wire = AzureWire(credential)

    def found() -> Settings:
        return settings.from_environment(settings_of(wire, app) if app else None)

    return Checkup(found, lambda said: _place(said.policy, credential), wire, app)


def _place(policy: str, credential: TokenCredential) -> Place:
    if policy.startswith("https://"):
        return Place(policy, BlobPolicies(credential, policy))
    return Place(policy, FolderPolicies(APP / policy), APP / policy)
