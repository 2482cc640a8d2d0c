"""Promotion policies: the document people write, its rules, and the pure decision made with them."""

from registration.policy.decision import ENGINE_VERSION, Decision, Outcome, decide
from registration.policy.document import JobOutput, MetricPolicy, ModelPolicy, Policy, parse
from registration.policy.evidence import Evidence
from registration.policy.verdict import Result, Verdict

__all__ = [
    "ENGINE_VERSION",
    "Decision",
    "Evidence",
    "JobOutput",
    "MetricPolicy",
    "ModelPolicy",
    "Outcome",
    "Policy",
    "Result",
    "Verdict",
    "decide",
    "parse",
]
