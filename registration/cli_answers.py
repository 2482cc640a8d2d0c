"""`registrar approve`, `reject` and `pending`: what waits for a person, and the answers to it, sent as requests."""

from __future__ import annotations

import json as text
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from registration import cli_people
from registration.cli_options import Json, Reason, Yes
from registration.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from registration.explanation import Explanation
    from registration.ledger import Ledger
    from registration.pauses import Pauses
    from registration.question import Question, Questions
    from registration.standstill import Standstills
    from registration.step import Step
    from registration.work import Work

Said = Annotated[
    str,
    typer.Argument(
        metavar="WORK", help="The key of the held work, or at least its first 8 digits.", show_default=False
    ),
]
Rules = Annotated[
    list[str] | None,
    typer.Option(
        "--rules",
        metavar="RULE",
        help="Approve only if no other rule holds it; may be given again. Default: every rule that holds it.",
        show_default=False,
    ),
]
Expires = Annotated[
    str, typer.Option("--expires", metavar="SPAN", help="How long your word counts, in days or hours, as 14d or 36h.")
]


class Desk(cli_people.Desk, Protocol):
    """What the commands need: who asks, the queue, and what the ledger says."""

    @property
    def ledger(self) -> Ledger:
        """Works and decisions."""
        ...

    @property
    def questions(self) -> Questions:
        """What held works ask."""
        ...

    @property
    def pauses(self) -> Pauses:
        """What people paused."""
        ...

    @property
    def standstills(self) -> Standstills:
        """What waits for a policy in force to be mended."""
        ...


def ask(sentence: str) -> bool:
    """Whether the person at the terminal says yes; raises `InputError` where there is no terminal."""
    if not sys.stdin.isatty():
        raise InputError("there is no terminal to ask at: look first, then give --yes")
    return typer.confirm(sentence, err=True)


def add_to(app: typer.Typer, *, desk: Callable[[], Desk] | None = None, asks: Callable[[str], bool] = ask) -> None:
    """Add the commands; `desk` opens what they work on, the configured one by default."""
    commands = Commands(desk or cli_people.configured, asks)
    app.command()(commands.approve)
    app.command()(commands.reject)
    app.command()(commands.pending)


@dataclass(frozen=True)
class Commands:
    """The commands, over the desk that `desk` opens when one of them runs; `asks` puts a question to the person."""

    desk: Callable[[], Desk]
    asks: Callable[[str], bool]

    def approve(  # noqa: PLR0913 - one for each option
        self,
        said: Said,
        *,
        reason: Reason,
        rules: Rules = None,
        expires: Expires = "14d",
        yes: Yes = False,
        json: Json = False,
    ) -> None:
        """Have a held candidate registered all the same, and promoted if its policy says so.

        Shows which rules hold it, with their numbers, and asks. Your word counts for
        these files, this policy and this champion only; if one of them is another
        when the app comes to it, the approval is declined. What validation found in
        the files, and that a model waits to be adopted, nobody can approve. The
        policy may ask for a second, different person.

        You need Storage Blob Data Reader on the ledger's account and Storage Queue
        Data Message Sender on the work queue; the app does it, and records your name.

        Exit status 0 means that the request was sent, not yet that it was done;
        1 that you said no; 2 that it could not be sent.
        """
        desk = self.desk()
        held = _held(desk, said)
        answer = {"rules": held.rules(tuple(rules or ())), "expires": _until(expires)}
        self._send(desk, held, "approve", answer, reason=reason, yes=yes, as_json=json)

    def reject(self, said: Said, *, reason: Reason, yes: Yes = False, json: Json = False) -> None:
        """Reject a held candidate: it is settled, and whoever offered it is told why.

        Shows which rules hold it, with their numbers, and asks.

        You need the same roles as for [bold]approve[/bold].

        Exit status 0 means that the request was sent, not yet that it was done;
        1 that you said no; 2 that it could not be sent.
        """
        desk = self.desk()
        self._send(desk, _held(desk, said), "reject", {}, reason=reason, yes=yes, as_json=json)

    def pending(self, *, json: Json = False) -> None:
        """Show everything that waits for a person, and the command that answers it.

        That is held candidates, approvals that wait for a second person, models that
        wait to be adopted, pauses, a policy in force that is broken, and champions whose
        files changed. Nothing is changed.

        You need Storage Blob Data Reader on the ledger's account.

        Exit status 0, whether anything waits or not; 2 if it could not be read.
        """
        from registration.pending import Pending  # noqa: PLC0415 - what it needs is slow to load

        desk, now = self.desk(), datetime.now(UTC)
        found = Pending(desk.ledger, desk.questions, desk.pauses, desk.standstills, now)
        if json:
            typer.echo(text.dumps({"pending": [each.to_dict(now=now) for each in found]}))
            return
        from rich.console import Console  # noqa: PLC0415 - as above

        from registration import pending_page  # noqa: PLC0415 - as above

        oldest_first = sorted(found, key=lambda each: datetime.fromisoformat(each.since))
        pending_page.show(oldest_first, now=now, console=Console())

    def _send(  # noqa: PLR0913 - the answer, and how it is given
        self,
        desk: Desk,
        held: Held,
        action: str,
        answer: dict[str, Any],
        *,
        reason: str,
        yes: bool,
        as_json: bool,
    ) -> None:
        actor = cli_people.actor_of(desk.token())
        about = {"of": held.work.work, "seen": held.seen, **answer}
        made = cli_people.request_of(action, held.model, None, reason=reason, actor=actor, about=about)
        held.show(rules=answer.get("rules", ()))
        if not yes and not self.asks(f"Send this as {actor['name']}: {action} {held.work.work[:12]} of {held.model}?"):
            typer.echo("nothing was sent", err=True)
            raise typer.Exit(1)
        cli_people.send(desk, made, as_json=as_json)


@dataclass(frozen=True)
class Held:
    """A held work as the ledger shows it to whoever answers."""

    work: Work
    step: Step
    question: Question | None
    seen: dict[str, Any]

    @property
    def model(self) -> str:
        """The model it was offered for."""
        return str(self.work.subject.get("model"))

    def rules(self, named: tuple[str, ...]) -> tuple[str, ...]:
        """The rules to approve: those `named`, or all that hold it.

        Raises `InputError` if that cannot be enough, or one of them holds nothing.
        """
        from registration.approval import unanswerable  # noqa: PLC0415 - as above
        from registration.policy.override import names, open_rules  # noqa: PLC0415 - as above

        if why_not := list(unanswerable(self.step.verdicts)):
            raise InputError("; ".join(why_not))
        found = open_rules(self.step.verdicts)
        if idle := [name for name in named if not any(names(name, rule) for rule in found)]:
            raise InputError(f"it is not held by {' or '.join(idle)}, but by {' and '.join(found)}")
        if left := [rule for rule in found if named and not any(names(name, rule) for name in named)]:
            raise InputError(f"it is held by {' and '.join(left)} too; name these as well, or give no --rules")
        return named or found

    def show(self, *, rules: Sequence[str]) -> None:
        """Print it for people."""
        from rich.console import Console  # noqa: PLC0415 - as above

        from registration import approval_page  # noqa: PLC0415 - as above

        approval_page.show(self.work, self.step, self.question, rules=rules, console=Console(stderr=True))


def _held(desk: Desk, said: str) -> Held:
    """The held work that `said` names; raises `InputError` if there is none, or it was answered already."""
    from registration import approval, explanation  # noqa: PLC0415 - as above

    found = explanation.find(desk.ledger, said)
    work, step = found.work, found.step
    if work is None or found.result.get("outcome") != "held" or step is None:
        raise InputError(f"{said} is not held, but {found.result.get('outcome') or 'not settled'}")
    if found.breaks:
        raise InputError(f"the decision about {said} cannot be relied on: {found.breaks[0]}")
    question = desk.questions.read(work.work)
    if question is not None and not question.is_open:
        raise InputError(_answered(said, question))
    seen = approval.seen_in(step.record, step.digest)
    if seen is None:
        raise InputError(f"{said} was held by an older version of the app; {approval.ANEW}")
    return Held(work, step, question, seen)


def _answered(said: str, question: Question) -> str:
    by = question.answers[-1]["actor"]["name"]
    return f"{said} was {question.state} already, by {by}; what follows is work {question.next}"


def reevaluate(desk: Desk, said: str, *, reason: str, as_json: bool) -> None:
    """Ask the app to decide again about what `said`, a work or MODEL:VERSION, offers; raises `InputError`."""
    from registration import explanation  # noqa: PLC0415 - as above

    found: Explanation = explanation.find(desk.ledger, said)
    if found.work is None or not found.result:
        raise InputError(f"{said} is not settled, so there is nothing to decide again")
    question = desk.questions.read(found.work.work)
    if question is not None and not question.is_open:
        raise InputError(_answered(said, question))
    actor = cli_people.actor_of(desk.token())
    about = {"of": found.work.work}
    made = cli_people.request_of("reevaluate", found.model, None, reason=reason, actor=actor, about=about)
    cli_people.send(desk, made, as_json=as_json)


def _until(expires: str) -> str:
    from registration.policy.fate import span  # noqa: PLC0415 - as above

    try:
        return (datetime.now(UTC) + span(expires)).isoformat(timespec="seconds")
    except ValueError as wrong:
        raise InputError(f"--expires {expires}: {wrong}") from None
