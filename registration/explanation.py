"""An explanation: all the ledger knows about one piece of work, found by its key or by the version it became.

`find` makes it, for `registrar explain`; it changes nothing. Messages in quarantine never became work and are not here.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from registration import history
from registration.errors import InputError
from registration.step import Step, members, word
from registration.terminal import shown

if TYPE_CHECKING:
    from registration.history import Break
    from registration.ledger import Ledger
    from registration.work import Work

_KEY = re.compile(r"[0-9a-f]{8,64}")
_WHOLE_KEY = 64
_VERSION = re.compile(r"(?P<model>.+):(?P<version>[0-9]{1,18})", re.DOTALL)


@dataclass(frozen=True)
class Explanation:
    """`work` is None when its record is gone, `step` when no decision was made or written.

    `later` are entries about the version that was asked for: it became champion again, was revoked or archived.
    `is_draft` says that `step` was written and the head does not lead to it; `champion` is the model's champion of now,
    `past` its history where that was read.
    """

    work: Work | None
    step: Step | None = None
    later: tuple[Step, ...] = ()
    breaks: tuple[Break, ...] = ()
    is_draft: bool = False
    champion: int | None = None
    result: dict[str, Any] = field(default_factory=dict)
    past: history.History | None = None

    @property
    def model(self) -> str:
        """The model it was offered for; empty if a refused drop named none that it may name."""
        named = self.work.subject.get("model") if self.work else self.step and self.step.record.get("model")
        return word(named)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the work record and the decision as they are stored."""
        return {
            "work": asdict(self.work) if self.work else None,
            "decision": self.step and dict(self.step.record),
            "digest": self.step and self.step.digest,
            "later": [step.to_dict() for step in self.later],
            "is_draft": self.is_draft,
            "breaks": [asdict(found) for found in self.breaks],
        }


def find(ledger: Ledger, said: str) -> Explanation:
    """The explanation of the work that `said` names: a key, eight or more digits of one, or `MODEL:VERSION`.

    Raises `InputError` when there is none, or more than one.
    """
    if version := _VERSION.fullmatch(said):
        return _of_version(ledger, version["model"], int(version["version"]))
    key = said.strip().lower()
    if not _KEY.fullmatch(key):
        raise InputError(f"{shown(said)!r}: write the key of a work, at least 8 digits of it, or MODEL:VERSION")
    return _of_work(ledger, _work(ledger, key))


def policy_text(ledger: Ledger, found: Explanation) -> str:
    """The policy that decided, word for word.

    Raises `InputError` when none did, and `LedgerFormatError` when the text is gone or is not the one that decided.
    """
    said = word(found.step.policy.get("text_sha256")) if found.step else ""
    if not said:
        raise InputError("no policy decided this: no rule was asked")
    return ledger.policy(said)


def _of_version(ledger: Ledger, model: str, version: int) -> Explanation:
    past = history.known(ledger, model)
    step = past.with_version(version)
    if step is None:
        raise InputError(f"no decision about {shown(model)} registered version {version}; {_versions(past)}")
    breaks = tuple(found for found in past.breaks if found.digest == step.digest)
    work = ledger.work(step.work)
    later = tuple(one for one in past.steps if one.tells_of(version))
    return Explanation(work, step, later, breaks, champion=past.champion, result=_result(work), past=past)


def _of_work(ledger: Ledger, work: Work) -> Explanation:
    model, result = word(work.subject.get("model")), _result(work)
    if not model:
        return Explanation(work, result=result)
    if not work.result and work.draft:
        return _of_draft(ledger, work, model, work.draft.digest)
    champion = ledger.head(model).champion
    step, breaks = history.look_up(ledger, model, word(result["decision"])) if result.get("decision") else (None, ())
    return Explanation(work, step, breaks=breaks, champion=champion.version if champion else None, result=result)


def _of_draft(ledger: Ledger, work: Work, model: str, digest: str) -> Explanation:
    past = history.read(ledger, model)
    step = next((step for step in past.steps if step.work == work.work), None)
    if step is not None:
        breaks = tuple(found for found in past.breaks if found.digest == step.digest)
        return Explanation(work, step, breaks=breaks, champion=past.champion, past=past)
    step, breaks = history.look_up(ledger, model, digest)
    return Explanation(work, step, breaks=breaks, is_draft=step is not None, champion=past.champion)


def _work(ledger: Ledger, key: str) -> Work:
    keys = [key] if len(key) == _WHOLE_KEY else sorted(ledger.works(key))
    if len(keys) > 1:
        raise InputError(f"{key} begins more than one key: {', '.join(keys)}")
    found = ledger.work(keys[0]) if keys else None
    if found is None:
        raise InputError(f"the ledger has no work {key}; `registrar history MODEL` names those of a model")
    return found


def _versions(past: history.History) -> str:
    found = sorted({step.version for step in past.steps if step.version is not None})
    return f"it registered {', '.join(map(str, found))}" if found else "it has registered none"


def _result(work: Work | None) -> dict[str, Any]:
    return dict(members(work.result)) if work else {}
