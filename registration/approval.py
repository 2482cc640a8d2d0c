"""An approval: a person's request to register what was held, and what it has to be held against before it counts.

Pure: what was held, what is now and the time come in; out comes why it may not count, or the override it makes. Two
people who approve the same work make one override, for the rules that both named.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from registration.policy.override import JUDGED, Override, is_overridable, open_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from registration.candidate import Candidate
    from registration.head import Head
    from registration.request import Request

ANEW = "`registrar replay --new-epoch` has it decided again"


@dataclass(frozen=True)
class Circumstances:
    """What an approval is held against: the `held` decision, the model's head, the offer and the time of now.

    It may be approved until it `expires`. `earlier` are the approvals that still count.
    """

    held: Mapping[str, Any]
    head: Head
    offer: Candidate
    expires: str
    earlier: tuple[Mapping[str, Any], ...]
    now: datetime

    @property
    def people(self) -> int:
        """How many different people have to approve."""
        return self.offer.model.approval.people


def why_not(request: Request, around: Circumstances) -> str:
    """Why `request` may not count; empty if it may."""
    return next(_objections(request, around), "")


def override_of(approvals: Sequence[Mapping[str, Any]]) -> Override:
    """What these approvals, as they came, override together; the last one says what they are bound to."""
    last = approvals[-1]
    names = [set(each["rules"]) for each in approvals]
    return Override(
        work=last["of"],
        actors=tuple(each["actor"]["name"] for each in approvals),
        requests=tuple(each["id"] for each in approvals),
        reason="; ".join(dict.fromkeys(each["reason"] for each in approvals)),
        expires=min((each["expires"] for each in approvals), key=datetime.fromisoformat),
        rules=tuple(rule for rule in last["rules"] if all(rule in named for named in names)),
        artifact_sha256=last["seen"]["artifact_sha256"],
        policy_digest=last["seen"]["policy_digest"],
        champion_seq=last["seen"]["champion_seq"],
    )


def counting(answers: Sequence[Mapping[str, Any]], *, now: datetime) -> tuple[Mapping[str, Any], ...]:
    """The approvals among `answers` that have not expired."""
    return tuple(each for each in answers if datetime.fromisoformat(each["expires"]) > now)


def seen_in(held: Mapping[str, Any], digest: str) -> dict[str, Any] | None:
    """What an answer to the decision `digest` is bound to; None if an older version of the app decided.

    Such a record does not say which champion it was made against.
    """
    if "champion_seq" not in held:
        return None
    return {
        "decision": digest,
        "artifact_sha256": held["candidate"]["artifact_sha256"],
        "policy_digest": held["policy"]["digest"],
        "champion_seq": held["champion_seq"],
    }


def unanswerable(verdicts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Why no approval could let a candidate with these verdicts pass, sentence by sentence."""
    for verdict in verdicts:
        if verdict["result"] == "error":
            yield f"{verdict['rule']} could not be judged, which nobody can approve: {verdict['reason']}"
        elif verdict["result"] in {"held", "failed"} and not is_overridable(verdict["rule"]):
            yield f"{verdict['rule']} cannot be overridden: {verdict['reason']}"


def _objections(request: Request, around: Circumstances) -> Iterator[str]:
    yield from _of_time(request, around)
    yield from _of_change(request, around)
    yield from unanswerable(around.held["verdicts"])
    for each in around.earlier:
        if _person(each["actor"]) == _person(request.to_dict()["actor"]):
            yield f"{request.actor} approved it already; a different person has to be the second"
    override = override_of((*around.earlier, request.to_dict()))
    for rule in open_rules(around.held["verdicts"]):
        if not override.covers(rule):
            what = "no rule judged anything" if rule == JUDGED else f"it is held by {rule} too"
            yield f"{what}, and {rule} is not among the rules approved" + (" by both" if around.earlier else "")


def _of_time(request: Request, around: Circumstances) -> Iterator[str]:
    if datetime.fromisoformat(str(request.expires)) <= around.now:
        yield f"the approval expired at {request.expires}"
    if datetime.fromisoformat(around.expires) <= around.now:
        yield f"the policy let it be approved until {around.expires}; {ANEW}"


def _of_change(request: Request, around: Circumstances) -> Iterator[str]:
    seen = request.seen
    bound = seen_in(around.held, seen.decision if seen else "")
    if bound is None:
        yield f"it was held by an older version of the app, which did not record the champion of then; {ANEW}"
    elif seen is None or bound != seen.model_dump():
        yield "the request names other files, another policy or another champion than the decision that held it"
    elif around.head.champion_seq != bound["champion_seq"]:
        yield f"the champion of {around.head.model} changed since it was held; {ANEW}"
    elif around.offer.policy.policy.digest != bound["policy_digest"]:
        yield f"the policy changed since it was held; {ANEW}"


def _person(actor: Mapping[str, Any]) -> tuple[str, str]:
    return actor["tenant"].casefold(), actor["object"].casefold()
