"""`registrar adopt` and `registrar pause`: a person's decision, sent as a request; the app does it and records it."""

from __future__ import annotations

import json as text
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from registration.access_token import NOBODY, claims
from registration.cli_options import Json, Reason, version_of
from registration.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from registration.bootstrap import Parts
    from registration.ledger import Ledger
    from registration.pauses import Pauses
    from registration.question import Questions
    from registration.request import Request
    from registration.standstill import Standstills

STORAGE = "https://storage.azure.com/.default"  # the token that the message is sent with
_NAMES = ("upn", "preferred_username", "unique_name", "appid", "azp", "oid")  # the first that a token has is shown

Said = Annotated[
    str, typer.Argument(metavar="MODEL:VERSION", help="A version that the registry has.", show_default=False)
]
Model = Annotated[str | None, typer.Argument(help="The model, or nothing for the whole app.", show_default=False)]
Resume = Annotated[bool, typer.Option("--resume", help="Let candidates go on that were paused.")]


class Desk(Protocol):
    """What the commands need: who asks, and the queue."""

    def token(self) -> str:
        """The person's own access token."""
        ...

    def send(self, message: str) -> None:
        """Put a message into the work queue."""
        ...


def add_to(app: typer.Typer, *, desk: Callable[[], Desk] | None = None) -> None:
    """Add the commands; `desk` opens what they send through, the configured queue by default."""
    commands = Commands(desk or configured)
    app.command()(commands.adopt)
    app.command()(commands.pause)


@dataclass(frozen=True)
class Commands:
    """The commands, over the desk that `desk` opens when one of them runs."""

    desk: Callable[[], Desk]

    def adopt(self, said: Said, *, reason: Reason, json: Json = False) -> None:
        """Make a version that is there already the first champion of its model.

        For a model that had versions before Registrar came: until one of them is
        adopted, every candidate is held, unless the policy says [bold]adopt: none[/bold].
        Its metrics are read from the job that the registry shows for it; without
        one, rules against the champion hold. It is declined if there is a champion
        already.

        You need Storage Queue Data Message Sender on the work queue; the app does
        it, and records your name.

        Exit status 0 means that the request was sent, not yet that it was done;
        2 that it could not be sent.
        """
        self._send("adopt", *version_of(said), reason=reason, as_json=json)

    def pause(self, model: Model = None, *, reason: Reason, resume: Resume = False, json: Json = False) -> None:
        """Let the candidates of a model wait, or all of them, until [bold]--resume[/bold].

        Nothing is lost: their messages come again every five minutes, and no
        attempt is counted. What is being worked on is finished first. A model and
        the whole app are paused and resumed each by itself.

        You need Storage Queue Data Message Sender on the work queue; the app does
        it, and records your name.

        Exit status 0 means that the request was sent, not yet that it was done;
        2 that it could not be sent.
        """
        self._send("resume" if resume else "pause", model, None, reason=reason, as_json=json)

    def _send(self, action: str, model: str | None, version: int | None, *, reason: str, as_json: bool) -> None:
        desk = self.desk()
        request = request_of(action, model, version, reason=reason, actor=actor_of(desk.token()))
        send(desk, request, as_json=as_json)


def actor_of(token: str) -> dict[str, str]:
    """Who an access token is for, as it says itself; nobody has checked it. Raises `InputError` if it does not say."""
    said = claims(token)
    if not said.get("tid") or not said.get("oid"):
        raise InputError(NOBODY)
    name = next(str(said[name]) for name in _NAMES if said.get(name))
    return {"tenant": str(said["tid"]), "object": str(said["oid"]), "name": name}


def send(desk: Desk, request: Request, *, as_json: bool) -> None:
    """Put a request into the work queue; say what was sent and how to see what came of it."""
    desk.send(request.message)
    if as_json:
        named = {name: value for name, value in request.to_dict().items() if name not in {"format", "id"}}
        typer.echo(text.dumps({"request": request.id, "work": request.work, **named}))
        return
    whom = request.model or (f"files {request.artifact_sha256[:12]}" if request.artifact_sha256 else "the whole app")
    about = f"{whom}:{request.version}" if request.version else whom
    about = f"{request.of[:12]} of {about}" if request.of else about
    typer.echo(f"sent: {request.action} {about}, as {request.actor}")
    typer.echo(f"request {request.id}")
    typer.echo("The app answers within a minute or so. What came of it:")
    typer.echo(f"  registrar explain {request.work}")


def request_of(  # noqa: PLR0913 - the members of a request
    action: str,
    model: str | None,
    version: int | None,
    *,
    reason: str,
    actor: dict[str, str],
    about: Mapping[str, Any] | None = None,
) -> Request:
    """A new request, made now; `about` are the members that only answers have. Raises `DocumentError`."""
    from registration import request  # noqa: PLC0415 - what it needs is slow to load

    said: dict[str, Any] = {"format": request.FORMAT, "id": str(uuid.uuid4()), "action": action, "model": model}
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return request.parse({**said, "version": version, "reason": reason, "actor": actor, "at": at, **(about or {})})


@dataclass(frozen=True)
class SignedIn:
    """The configured queue, under the identity that is signed in."""

    parts: Parts

    def token(self) -> str:
        """The person's token for storage; raises `UnavailableError` if nobody is signed in."""
        from registration.azure.faults import answering  # noqa: PLC0415 - loads the Azure clients

        with answering("Entra ID"):
            return self.parts.credential.get_token(STORAGE).token

    def send(self, message: str) -> None:
        """Put a message into the work queue; raises `UnavailableError` if the queue does not take it."""
        self.parts.queue.send(message)

    @property
    def ledger(self) -> Ledger:
        """Works and decisions."""
        return self.parts.ledger

    @property
    def questions(self) -> Questions:
        """What held works ask."""
        return self.parts.questions

    @property
    def pauses(self) -> Pauses:
        """What people paused."""
        return self.parts.pauses

    @property
    def standstills(self) -> Standstills:
        """What waits for a policy in force to be mended."""
        return self.parts.standstills


def configured() -> SignedIn:
    """The person who is signed in, at the configured app."""
    from registration import bootstrap  # noqa: PLC0415 - as above

    return SignedIn(bootstrap.parts())
