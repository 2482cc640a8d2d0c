"""Promotion policies: the document people write, its rules, and the pure decision made with them."""

from registration.policy.decision import ENGINE_VERSION, Decision, Member, Outcome, decide
from registration.policy.document import ModelPolicy, Policy, parse
from registration.policy.evidence import Evidence, Point
from registration.policy.job_output import JobOutput
from registration.policy.metrics import MetricPolicy
from registration.policy.override import Override
from registration.policy.verdict import Result, Verdict

__all__ = [
    "ENGINE_VERSION",
    "Decision",
    "Evidence",
    "JobOutput",
    "Member",
    "MetricPolicy",
    "ModelPolicy",
    "Outcome",
    "Override",
    "Point",
    "Policy",
    "Result",
    "Verdict",
    "decide",
    "parse",
]
