"""The patient: one installation, the identity that looks at it, and the wire that leads there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from registration.access import GRANTS
from registration.doctor.probe import judge
from registration.doctor.wire import Ask

if TYPE_CHECKING:
    from registration.access import Grant
    from registration.doctor.check import Check
    from registration.doctor.identity import Identity
    from registration.doctor.probe import Probe
    from registration.doctor.wire import Answer, Wire
    from registration.policy.drop import DropMatch
    from registration.settings import Settings

ARM: Final = "https://management.azure.com"
_GRANTS: Final = {grant.name: grant for grant in GRANTS}
_MOST_PAGES: Final = 20


def grant(name: str) -> Grant:
    """A grant by its name in `registration.access`."""
    return _GRANTS[name]


@dataclass(frozen=True)
class Patient:
    """`drops` are the places that the policies in force expect drops in.

    `registries` are those that they share to, `compared` those that they only compare with or take from. `app` is the
    app's resource id, if it is known.
    """

    settings: Settings
    identity: Identity
    wire: Wire
    drops: tuple[DropMatch, ...] = ()
    registries: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    app: str | None = None

    def look(self, probe: Probe) -> Check:
        """What comes of one probe."""
        return self.seen(probe)[1]

    def seen(self, probe: Probe) -> tuple[Answer, Check]:
        """The same, with the answer."""
        answer = self.wire.ask(probe.ask)
        return answer, judge(probe, answer, self.identity)

    def rest_of(self, answer: Answer) -> tuple[list[Any], Answer]:
        """The entries of a list of the resource manager, following its pages from the first, and the last answer."""
        found: list[Any] = []
        for _ in range(_MOST_PAGES):
            document = answer.document if isinstance(answer.document, dict) else {}
            found += document.get("value") or []
            following = document.get("nextLink")
            # Our token goes wherever this leads.
            if not isinstance(following, str) or not following.startswith(f"{ARM}/"):
                break
            answer = self.wire.ask(Ask("GET", following))
        return found, answer
