"""Rules about a candidate's lineage as a whole: what it says taken together, and how much of it is known.

They are judged from the text that decision records keep of the lineage, so a decision can be made again years later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.completeness import COUNTED, completeness, uncommitted, unreproducible
from registration.lineage import CHECKED, WORKSPACE, Lineage
from registration.policy import number
from registration.policy.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from registration.policy.sides import Sides

_FULFILLED = {
    "git_clean": "the candidate's code is a commit without further changes",
    "attested": "Azure ML says where the candidate comes from, or bears it out",
    "reproducible": "commit, versions of data and environment, and parameters of the candidate are known",
}
_CODES = {"git_clean": "git_dirty", "attested": "lineage_claimed", "reproducible": "not_reproducible"}


@dataclass(frozen=True, slots=True)
class Quality:
    """`require.lineage` with a word that is about the lineage as a whole: `git_clean`, `attested`, `reproducible`."""

    word: str

    @property
    def name(self) -> str:
        """The word's place in the policy."""
        return f"require.lineage.{self.word}"

    def judge(self, sides: Sides) -> Verdict:
        """Passed if nothing is missing for it; the reason names everything that is."""
        (candidate,) = sides.candidate.among
        faults = _faults(self.word, candidate.lineage)
        if not faults:
            return Verdict(self.name, Result.PASSED, _FULFILLED[self.word], "passed")
        told = "; ".join(faults)
        return Verdict(self.name, Result.FAILED, told, _CODES[self.word], counterfactual=f"needs otherwise: {told}")


@dataclass(frozen=True, slots=True)
class Complete:
    """`require.completeness`: so much of the lineage is known."""

    at_least: Decimal

    @property
    def name(self) -> str:
        """The rule's place in the policy."""
        return "require.completeness"

    def judge(self, sides: Sides) -> Verdict:
        """Passed if the share that is known reaches what is asked for; the reason names what is missing."""
        (candidate,) = sides.candidate.among
        found = completeness(candidate.lineage)
        score, asked = number.text(found.score), number.text(self.at_least)
        missing = f"; nobody said {', '.join(found.missing)}" if found.missing else ""
        numbers = {"candidate": score, "bound": asked, "margin": number.text(found.score - self.at_least)}
        if found.score >= self.at_least:
            reason = f"the lineage is {score} complete, which reaches {asked}{missing}"
            return Verdict(self.name, Result.PASSED, reason, "passed", **numbers)
        reason = f"the lineage is {score} complete, below {asked}{missing}"
        fix = f"needs {asked} of the {len(COUNTED)} parts that count, had {score}"
        return Verdict(self.name, Result.FAILED, reason, "lineage_incomplete", counterfactual=fix, **numbers)


def _faults(word: str, said: Mapping[str, str]) -> tuple[str, ...]:
    if word == "reproducible":
        return unreproducible(said)
    if word == "git_clean":
        return uncommitted(said)
    who = Lineage.of_properties(said).attested_by
    if who in {WORKSPACE, CHECKED}:
        return ()
    return (f"where the candidate comes from, {f'only its {who}' if who else 'nobody'} says",)
