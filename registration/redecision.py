"""A redecision: a recorded decision made again from its record alone, by the same policy or by another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registration import kept
from registration.policy.decision import Decision, Member, Outcome, decide
from registration.policy.override import Override
from registration.record import baselines_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.policy.document import ModelPolicy


def again(record: Mapping[str, Any], policy: ModelPolicy) -> Decision:
    """What `policy` decides from what `record` kept; under the policy of the record and its engine, the same as then.

    Raises `KeyError`, `TypeError`, `AttributeError` or `ValueError` for a record that this app did not write, and for
    an adoption, which no policy decided.
    """
    champion = record["champion"]
    return decide(
        policy,
        candidate=kept.evidence_in(record["candidate"]),
        champion=None if champion is None else kept.evidence_in(champion),
        past=[kept.evidence_in(one) for one in record.get("past", ())],
        unadopted=_unadopted(record),
        overrides=[Override.from_dict(said) for said in record.get("overrides", ()) if said.get("stands", True)],
        group=[Member(member["model"], Outcome(member["outcome"])) for member in record.get("group", ())],
        baselines=baselines_in(record),
    )


def _unadopted(record: Mapping[str, Any]) -> bool:
    """Decisions of engine 1 say it only by the verdict that it made."""
    said = record.get("unadopted")
    return any(verdict["rule"] == "adoption" for verdict in record["verdicts"]) if said is None else bool(said)
