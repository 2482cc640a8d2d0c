"""A trial: one decision made from evidence that somebody wrote down, outside the app; nothing comes of it.

`of` makes it as the worker would, for `registrar decide` and for the cases of a policy. Groups are not looked at: the
other members' candidates are not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registration.errors import InputError
from registration.policy.baseline import Baseline
from registration.policy.decision import ENGINE_VERSION, decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registration.policy.document import ModelPolicy, Policy
    from registration.policy.evidence_file import EvidenceDocument
    from registration.policy.verdict import Verdict

DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Trial:
    """`outcome` is `register`, `hold`, `reject`, or `duplicate`: no rule ran, because the champion has the same bytes.

    `promote` says whether the candidate would become the champion.
    """

    model: str
    outcome: str
    promote: bool
    reasons: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    engine: str = ENGINE_VERSION

    @property
    def explanation(self) -> str:
        """The outcome and every reason for it, a line each, with what would have helped where that is known."""
        helps = {verdict.reason: verdict.counterfactual for verdict in self.verdicts if verdict.counterfactual}
        lines = (f"- {reason}" + (f"; {helps[reason]}" if reason in helps else "") for reason in self.reasons)
        return "\n".join([f"{self.model}: {self.outcome}", *lines])

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "model": self.model,
            "outcome": self.outcome,
            "promote": self.promote,
            "reasons": list(self.reasons),
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "engine": self.engine,
            "explanation": self.explanation,
        }


def of(
    model: ModelPolicy,
    *,
    candidate: EvidenceDocument,
    champion: EvidenceDocument | None,
    past: Sequence[EvidenceDocument] = (),
    unadopted: bool = False,
) -> Trial:
    """The trial of `candidate`; `champion` is None when the model has none yet, `past` are earlier ones, oldest first.

    Where the policy compares with a shared registry, `champion` is that of the registry. `unadopted` is what `decide`
    takes it for.
    """
    is_own = model.baseline is None  # the same files may be new here
    if is_own and champion and champion.artifact_sha256 and champion.artifact_sha256 == candidate.artifact_sha256:
        return _duplicate(model, champion)
    made = decide(
        model,
        candidate=candidate.evidence,
        champion=champion.evidence if champion else None,
        past=[one.evidence for one in past],
        unadopted=unadopted,
        baselines=[Baseline(*model.baseline, champion.evidence if champion else None)] if model.baseline else (),
    )
    return Trial(model.name, made.outcome.value, made.promote, made.reasons, made.verdicts, made.engine)


def chosen(policy: Policy, name: str | None) -> ModelPolicy:
    """The model of that name, or the only one; raises `InputError` naming the models if that does not settle it."""
    if name is None and len(policy.models) == 1:
        return policy.models[0]
    known = ", ".join(model.name for model in policy.models)
    if name is None:
        raise InputError(f"{policy.name} decides about several models, so say which: {known}")
    if (found := policy.model(name)) is None:
        raise InputError(f"{policy.name} has no model {name!r}; it has {known}")
    return found


def _duplicate(model: ModelPolicy, champion: EvidenceDocument) -> Trial:
    version = f", version {champion.version}" if champion.version else ""
    reason = f"the same bytes as the champion{version}; no rule was judged"
    return Trial(model.name, DUPLICATE, promote=False, reasons=(reason,), verdicts=())
