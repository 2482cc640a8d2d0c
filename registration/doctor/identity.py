"""Who the doctor is: the identity that its tokens are for, and whether that is a person or an app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from registration.access_token import NOBODY, claims
from registration.doctor.check import failed, ok
from registration.doctor.wire import Audience
from registration.errors import InputError, UnavailableError

if TYPE_CHECKING:
    from registration.doctor.check import Check
    from registration.doctor.wire import Wire

NAME: Final = "identity"
_PERSONAL: Final = ("upn", "preferred_username", "unique_name")


@dataclass(frozen=True)
class Identity:
    """An Entra identity by its object id and tenant; `name` is what to show for it."""

    object: str
    tenant: str
    name: str
    is_person: bool

    @property
    def kind(self) -> str:
        """What role assignments call it."""
        return "User" if self.is_person else "ServicePrincipal"


def found(wire: Wire) -> tuple[Identity | None, Check]:
    """Who is signed in, and the check that says so."""
    try:
        identity = _of(wire.token(Audience.ARM))
    except (InputError, UnavailableError) as nobody:
        then = "Sign in; in the app, see that it has its identity and that AZURE_CLIENT_ID names that one."
        return None, failed(NAME, str(nobody), then=then, commands=["az login"])
    whom = "a person" if identity.is_person else "an app"
    return identity, ok(NAME, f"{identity.name}, {whom}: object {identity.object} in tenant {identity.tenant}")


def _of(token: str) -> Identity:
    said = claims(token)
    if not said.get("oid") or not said.get("tid"):
        raise InputError(NOBODY)
    # A token that an app has for itself has no scopes: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
    personal = next((str(said[name]) for name in _PERSONAL if said.get(name)), "")
    app = str(said.get("appid") or said.get("azp") or said["oid"])
    return Identity(str(said["oid"]), str(said["tid"]), personal or app, is_person=bool(personal or said.get("scp")))
