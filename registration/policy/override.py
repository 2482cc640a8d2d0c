"""An override: named results of one decision that people answered for, and take upon themselves.

Made from a person's request when a held work is decided again, never from a policy; recorded in the decision that it
took part in. It is worth something only for the artifact, the policy and the champion that the person saw. It covers
no result about what the files are (`artifact.…`) or who the first champion is (`adoption`): those are not opinions.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EVERY_RULE: Final = "*"
BASELINE: Final = "baseline"  # the verdict on a candidate whose baseline cannot be told
JUDGED: Final = "judged"  # the verdict on a candidate that no rule judged
# A rule of a kind that is not listed here cannot be overridden: what is new fails closed.
OVERRIDABLE: Final = ("metrics.", "require.", "budget.", "group.")
REJECTED: Final = "rejected"  # the code of the verdict by which a person rejects what was held
_OPEN: Final = frozenset({"held", "error"})


@dataclass(frozen=True)
class Override:
    """What `actors` said, by these requests, when the held `work` was shown to them.

    `rules` are names of rules, names that end in `.*` for all below, or `*`. It counts until `expires`, ISO 8601, which
    whoever acts on it checks before; nothing here reads a clock.
    """

    work: str
    actors: tuple[str, ...]
    requests: tuple[str, ...]
    reason: str
    expires: str
    rules: tuple[str, ...]
    artifact_sha256: str
    policy_digest: str
    champion_seq: int

    def stands(self, *, artifact_sha256: str | None, policy_digest: str, champion_seq: int) -> bool:
        """Whether the decision at hand is about what the people saw: the same files, policy and champion."""
        seen = (self.artifact_sha256, self.policy_digest, self.champion_seq)
        return seen == (artifact_sha256, policy_digest, champion_seq)

    def covers(self, rule: str) -> bool:
        """Whether it names `rule`, and `rule` is of a kind that a person may answer for."""
        return is_overridable(rule) and any(names(name, rule) for name in self.rules)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Override:
        """The override as a decision record keeps it; members that it does not know are left out."""
        known = {field.name: data[field.name] for field in fields(cls)}
        members: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in known.items()
        }
        return cls(**members)


def is_overridable(rule: str) -> bool:
    """Whether a person may answer for what `rule` says."""
    return rule in {BASELINE, JUDGED} or rule.startswith(OVERRIDABLE)


def open_rules(verdicts: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The rules that keep a held decision from passing, from its verdicts as the record has them."""
    found = dict.fromkeys(str(verdict["rule"]) for verdict in verdicts if verdict["result"] in _OPEN)
    return tuple(found) or (JUDGED,)


def names(name: str, rule: str) -> bool:
    """Whether `name`, as an override has it, means `rule`."""
    return name in {EVERY_RULE, rule} or (name.endswith(".*") and rule.startswith(name[:-1]))
