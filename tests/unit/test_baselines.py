"""Baselines: the champion of one environment is what candidates of the next are compared with, or why it cannot be."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from registration import cli_history, redecision
from registration.errors import UnavailableError
from registration.policy import document
from registration.registry import SHA256_PROPERTY
from registration.shared_evidence import DECISION_PROPERTY, EVIDENCE_PROPERTY, SEQ_PROPERTY, SOURCE_PROPERTY
from tests.world import CHURN, World, job_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.outcome import Outcome
    from registration.shared import SharedVersion

SHARING = CHURN.replace("metrics:", "then: {pass: [promote, share: contoso]}\n    metrics:")
COMPARING = CHURN.replace("metrics:", "compare_to: {registry: contoso}\n    metrics:")


@dataclass
class Environments:
    """Development shares its champions, production compares its candidates with them."""

    development: World = field(default_factory=World)
    production: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.production.shared = self.development.shared
        self.development.policies.kept["churn.yaml"] = SHARING
        self.production.policies.kept["churn.yaml"] = COMPARING

    def develop(self, *accuracies: float) -> None:
        for number, accuracy in enumerate(accuracies, start=1):
            self.development.job(f"dev-{number}", accuracy=accuracy)
            self.development.process(job_event(f"dev-{number}"))

    def produce(self, name: str, accuracy: float) -> Outcome:
        self.production.job(name, accuracy=accuracy)
        return self.production.process(job_event(name))

    @property
    def shared(self) -> dict[tuple[str, str, int], SharedVersion]:
        return self.development.shared.versions_

    def spoil(self, change: Callable[[dict[str, str]], object], *, number: int = 1) -> None:
        key = ("contoso", "churn", number)
        said = dict(self.shared[key].properties)
        change(said)
        self.shared[key] = replace(self.shared[key], properties=said)


@pytest.fixture
def environments() -> Environments:
    return Environments()


@pytest.mark.parametrize(("accuracy", "outcome"), [(0.93, "registered"), (0.92, "registered"), (0.91, "rejected")])
def test_a_candidate_has_to_be_as_good_as_the_champion_of_the_other_environment(
    environments: Environments, accuracy: float, outcome: str
) -> None:
    environments.develop(0.9, 0.92)

    settled = environments.produce("prod-1", accuracy)

    assert settled.outcome == outcome
    assert any("the shared champion's 0.92" in reason for reason in settled.reasons)


def test_its_own_champion_stays_what_the_head_says(environments: Environments) -> None:
    environments.develop(0.9)
    environments.produce("prod-1", 0.95)

    assert environments.produce("prod-2", 0.91).promoted

    (_, second) = environments.production.history("churn")
    assert second["champion"]["metrics"] == {"accuracy": 0.95}
    assert environments.production.champion("churn") == 2
    assert environments.production.shown("churn") == [2]


def test_the_last_promotion_counts_and_not_the_last_number(environments: Environments) -> None:
    environments.develop(0.9, 0.95)
    environments.spoil(lambda said: said.update({SEQ_PROPERTY: "9"}), number=1)

    assert environments.produce("prod-1", 0.91).promoted


def test_what_was_archived_there_does_not_count(environments: Environments) -> None:
    environments.develop(0.9, 0.95)
    environments.development.shared.archived.add(("contoso", "churn", 2))

    assert environments.produce("prod-1", 0.91).promoted


def test_while_nothing_was_shared_there_is_no_champion(environments: Environments) -> None:
    settled = environments.produce("prod-1", 0.81)

    assert settled.promoted
    verdict = environments.production.history("churn")[0]["verdicts"][-1]
    assert (verdict["result"], verdict["code"]) == ("skipped", "no_champion")


def test_another_name_in_the_registry_may_be_given(environments: Environments) -> None:
    environments.production.policies.kept["churn.yaml"] = COMPARING.replace("contoso}", "contoso, name: other}")
    environments.develop(0.95)

    assert environments.produce("prod-1", 0.81).promoted


def hashed(said: dict[str, str], **changes: Any) -> None:
    """Evidence that somebody wrote anew, with its right digest."""
    text = json.dumps({**json.loads(said[f"{EVIDENCE_PROPERTY}.1"]), **changes})
    said |= {f"{EVIDENCE_PROPERTY}.1": text, EVIDENCE_PROPERTY: hashlib.sha256(text.encode()).hexdigest()}


def unnamed(said: dict[str, str]) -> None:
    """Evidence and version that do not say about which files they are."""
    hashed(said, artifact_sha256=None)
    del said[SHA256_PROPERTY]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda said: said.pop(DECISION_PROPERTY), "none of its 1 versions says which decision promoted it"),
        (lambda said: said.pop(EVIDENCE_PROPERTY), "the evidence of version 1 is not whole"),
        (lambda said: said.update({f"{EVIDENCE_PROPERTY}.1": "{}"}), "the evidence of version 1 is not whole"),
        (lambda said: hashed(said, format="registrar/shared-evidence/v9"), "has the format"),
        (lambda said: hashed(said, artifact_sha256="0" * 64), "is about other files"),
        (unnamed, "is about other files"),
        (lambda said: hashed(said, history={"accuracy": 3}), "cannot be read"),
        (lambda said: hashed(said, metrics=["accuracy"]), "cannot be read"),
        (lambda said: hashed(said, metrics=None), "cannot be read"),
        (lambda said: hashed(said, slices={"country=DE": 3}), "cannot be read"),
        (lambda said: hashed(said, comparable=4), "cannot be read"),
        (lambda said: hashed(said, format="registrar/shared-evidence/v9", metrics=3), "has the format"),
        (lambda said: said.update({SEQ_PROPERTY: "9" * 5000}), "as registrar.decision_seq"),
        (lambda said: said.update({SEQ_PROPERTY: "-1"}), "version 1 has '-1' as registrar.decision_seq"),
        (lambda said: said.pop(SEQ_PROPERTY), "version 1 has '' as registrar.decision_seq"),
    ],
)
def test_a_champion_that_cannot_be_told_holds_every_candidate(
    environments: Environments, change: Callable[[dict[str, str]], object], told: str
) -> None:
    environments.develop(0.9)
    environments.spoil(change)

    settled = environments.produce("prod-1", 0.99)

    assert settled.outcome == "held"
    assert settled.reasons[0].startswith("the champion churn of registry contoso cannot be told: ")
    assert told in settled.reasons[0]
    assert environments.production.registry.versions == {}


def test_lenient_defaults_do_not_let_a_candidate_pass_an_unread_baseline(environments: Environments) -> None:
    lenient = COMPARING + "    defaults: {champion_metric_missing: absolute_only, no_champion: accept}\n"
    environments.production.policies.kept["churn.yaml"] = lenient
    environments.develop(0.9)
    environments.spoil(lambda said: said.pop(EVIDENCE_PROPERTY))

    assert environments.produce("prod-1", 0.99).outcome == "held"


def test_two_environments_under_one_name_are_not_taken_for_one(environments: Environments) -> None:
    environments.develop(0.9, 0.91)
    environments.spoil(lambda said: said.update({SOURCE_PROPERTY: "/elsewhere/models/churn/versions/1"}))

    settled = environments.produce("prod-1", 0.99)

    assert settled.outcome == "held"
    assert "several environments share under this name: /elsewhere/models/churn, /subscriptions/" in settled.reasons[0]


def test_a_registry_that_is_not_there_holds_and_one_that_is_silent_is_waited_for(
    environments: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments.production.shared.registries.clear()
    assert environments.produce("prod-1", 0.99).outcome == "held"
    environments.production.shared.registries.add("contoso")
    environments.production.job("prod-2", accuracy=0.99)
    monkeypatch.setattr(environments.production.shared, "versions", silent)

    with pytest.raises(UnavailableError):
        environments.production.process(job_event("prod-2"))

    assert [step["candidate"]["source"][2] for step in environments.production.history("churn")] == ["prod-1"]


def silent(_registry: str, _model: str) -> Any:
    raise UnavailableError("a shared registry did not answer")


@pytest.mark.parametrize("shared", [True, False])
def test_the_record_is_enough_to_decide_again(environments: Environments, shared: bool) -> None:
    if shared:
        environments.develop(0.92)
    environments.produce("prod-1", 0.91)
    (record,) = environments.production.history("churn")
    policy = document.parse(COMPARING, source="churn.yaml").models[0]

    again = redecision.again(record, policy)

    assert [verdict.to_dict() for verdict in again.verdicts] == record["verdicts"]
    assert again.outcome == record["outcome"]


def test_a_record_of_what_could_not_be_told_decides_the_same_again(environments: Environments) -> None:
    environments.develop(0.92)
    environments.spoil(lambda said: said.pop(EVIDENCE_PROPERTY))
    environments.produce("prod-1", 0.99)
    (record,) = environments.production.history("churn")

    again = redecision.again(record, document.parse(COMPARING, source="churn.yaml").models[0])

    assert [verdict.to_dict() for verdict in again.verdicts] == record["verdicts"]


def test_the_record_says_what_it_was_compared_with(environments: Environments) -> None:
    environments.develop(0.92)
    environments.produce("prod-1", 0.95)

    (baseline,) = environments.production.history("churn")[0]["baselines"]

    assert (baseline["registry"], baseline["model"], baseline["version"]) == ("contoso", "churn", 1)
    assert baseline["metrics"] == {"accuracy": 0.92}
    assert baseline["decision"] == environments.development.ledger.head("churn").log_digest


def test_an_explanation_names_the_baseline(environments: Environments) -> None:
    environments.develop(0.92)
    environments.produce("prod-1", 0.95)
    app = typer.Typer()
    cli_history.add_to(app, ledger=lambda: environments.production.ledger)

    page = CliRunner().invoke(app, ["explain", "churn:1"], catch_exceptions=False).output

    assert "churn in registry contoso: version 1" in page


def test_a_shadow_has_a_baseline_of_its_own(environments: Environments) -> None:
    environments.develop(0.92)
    environments.production.policies.kept |= {
        "churn.yaml": CHURN,
        "shadow.yaml": COMPARING.replace("name: churn\nmatch", "name: shadow\nmode: shadow\nmatch"),
    }

    assert environments.produce("prod-1", 0.9).promoted

    (record,) = environments.production.history("churn")
    assert record["shadow"][0]["outcome"] == "reject"
    assert [one["model"] for one in record["baselines"]] == ["churn"]


def test_a_policy_that_asks_no_registry_reads_none(environments: Environments) -> None:
    environments.production.policies.kept["churn.yaml"] = CHURN
    environments.production.shared.registries.clear()

    assert environments.produce("prod-1", 0.9).promoted
    assert "baselines" not in environments.production.history("churn")[0]
