"""A probe: a request that needs a right and cannot have an effect, and what its answer says.

    a status that is expected        the right is there
    401                              the token counts for nothing there, usually one of another tenant; or, where the
                                     answer speaks of a permission, a role is missing
    403 of the network               this machine is not let in; roles have nothing to do with it
    403                              a role is missing, or too new to count
    404                              what is asked for is not there
    no answer                        nothing listens, the name does not resolve, or nobody is signed in
    anything else                    said as it came

Storage has two words for 403: AuthorizationPermissionMismatch for a missing role, and AuthorizationFailure, which the
account's network rules answer with: https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from registration.doctor import remedy
from registration.doctor.check import failed, ok, warning

if TYPE_CHECKING:
    from registration.doctor.check import Check
    from registration.doctor.identity import Identity
    from registration.doctor.remedy import Need
    from registration.doctor.wire import Answer, Ask

UNAUTHENTICATED, FORBIDDEN, ABSENT = 401, 403, 404
_NO_PLACE: Final = frozenset({"ContainerNotFound", "QueueNotFound"})
_NETWORK_CODES: Final = frozenset({"AuthorizationFailure", "IpAuthorizationError", "PublicNetworkAccessDisabled"})
_NETWORK_WORDS: Final = re.compile(
    r"public (network )?access|firewall|private (endpoint|link)|ip ?address", re.IGNORECASE
)
_PERMISSION: Final = "does not have permission"  # what Event Grid says to a sender without a role
_ACTION: Final = re.compile(r"perform action '([^']{1,200})'")
_LONGEST: Final = 300  # characters of what a service says
LATER: Final = "Try again later; if it stays, the answer says what is wrong."
_IN_THE_NETWORK: Final = "Run the doctor where the app runs, or let this machine through the network rules."


@dataclass(frozen=True)
class Absence:
    """What it means that a thing is not there, and the command that makes it."""

    then: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Probe:
    """`what` completes "may …". `expected` are the statuses that show the right; `need` is what it takes."""

    name: str
    what: str
    ask: Ask
    expected: frozenset[int]
    need: Need | None = None
    absence: Absence = Absence("See that the name in the settings is right.")


def judge(probe: Probe, answer: Answer, identity: Identity) -> Check:
    """What the answer to `probe` says of `identity`."""
    if answer.status is None:
        return _silent(probe, answer)
    if answer.status in probe.expected and answer.code not in _NO_PLACE:
        return ok(probe.name, f"may {probe.what}")
    if answer.status == UNAUTHENTICATED and _PERMISSION not in answer.said:
        return _unknown(probe, answer, identity)
    if answer.status in {UNAUTHENTICATED, FORBIDDEN}:
        return _shut_out(probe, answer) if is_of_the_network(answer) else _not_allowed(probe, answer, identity)
    if answer.status == ABSENT:
        return failed(
            probe.name,
            f"cannot {probe.what}: {_words(answer)}",
            then=probe.absence.then,
            commands=probe.absence.commands,
        )
    said = f"cannot {probe.what}: {probe.ask.host} answered {_words(answer)}: {answer.said[:_LONGEST]}"
    return failed(probe.name, said, then=LATER)


def is_of_the_network(answer: Answer) -> bool:
    """Whether a 403 comes of where the request came from, not of whom."""
    return answer.code in _NETWORK_CODES or _NETWORK_WORDS.search(answer.said) is not None


def _silent(probe: Probe, answer: Answer) -> Check:
    if not answer.has_token:
        return failed(
            probe.name, f"no token for {probe.ask.host}: {answer.said}", then="Sign in.", commands=["az login"]
        )
    then = "See that the name resolves here. If the service has a private endpoint only, run the doctor in its network."
    said = f"cannot {probe.what}: {probe.ask.host} did not answer: {answer.said}"
    return failed(probe.name, said, then=then, commands=[f"nslookup {probe.ask.host}"])


def _unknown(probe: Probe, answer: Answer, identity: Identity) -> Check:
    then = f"The token is of tenant {identity.tenant}. Sign in to the tenant that {probe.ask.host} belongs to."
    commands = ["az login --tenant TENANT"] if identity.is_person else []
    return failed(probe.name, f"cannot {probe.what}: {_words(answer)}", then=then, commands=commands)


def _shut_out(probe: Probe, answer: Answer) -> Check:
    said = f"cannot {probe.what}: {probe.ask.host} lets nobody in from here: {_words(answer)}"
    account, kind = [*probe.ask.host.split("."), ""][:2]
    commands = [f"az storage account network-rule list --account-name {account}"] if kind in {"blob", "queue"} else []
    return failed(probe.name, said, then=_IN_THE_NETWORK, commands=commands)


def _not_allowed(probe: Probe, answer: Answer, identity: Identity) -> Check:
    action = _ACTION.search(answer.said)
    said = f"may not {probe.what}: {_words(answer)}" + (f", action {action[1]}" if action else "")
    if probe.need is None:
        return failed(probe.name, said, then=f"Give {identity.name} a role that allows it.")
    command = remedy.grant(probe.need, identity)
    if identity.is_person:
        # People need not have the app's rights: that they lack one says nothing of the app.
        then = f"The app needs {probe.need}; you do only if you run it as yourself."
        return warning(probe.name, said, then=then, commands=[command])
    return failed(probe.name, said, then=f"Give it {probe.need}. {remedy.MINUTES}", commands=[command])


def _words(answer: Answer) -> str:
    return f"{answer.status} {answer.code}".rstrip()
