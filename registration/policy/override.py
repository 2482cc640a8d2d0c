"""An override: named people answered for named results of one piece of work, and take them upon themselves.

It is only a value here. Whether it is still good for the artifact, the policy and the champion of the moment, and
whether enough people agreed, is known before a decision is made with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EVERY_RULE: Literal["*"] = "*"
# What nobody may take upon himself: whether the files are safe and whole, and which version came first.
NOT_OVERRIDABLE = ("artifact.", "adoption")


@dataclass(frozen=True)
class Override:
    """`rules` are names of verdicts, names that end in `.*` for all that begin so, or `*` for every one.

    `actors` are the people who agreed, `expires` is ISO 8601. `artifact_sha256`, `policy_digest` and `champion_seq` are
    what they saw.
    """

    work: str
    actors: tuple[str, ...]
    reason: str
    expires: str
    rules: tuple[str, ...] | Literal["*"]
    artifact_sha256: str | None
    policy_digest: str
    champion_seq: int

    def covers(self, rule: str) -> bool:
        """Whether it answers for the verdict of `rule`; never for what nobody may take upon himself."""
        if rule.startswith(NOT_OVERRIDABLE):
            return False
        return self.rules == EVERY_RULE or any(_names(name, rule) for name in self.rules)


def _names(name: str, rule: str) -> bool:
    return name in {rule, EVERY_RULE} or (name.endswith(".*") and rule.startswith(name[:-1]))
