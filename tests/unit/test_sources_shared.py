"""Shared versions as candidates: what one environment promoted and shared is offered to the next, and judged there."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from registration import synthetic
from registration.artifacts.store import Location
from registration.candidate import SharedSource, source_from
from registration.errors import MalformedEventError, PolicyError, UnavailableError
from registration.events import NotOfInterest, VersionShared, parse
from registration.lineage import Lineage
from registration.policy import document
from registration.registry import STATUS_TAG
from registration.shared_evidence import EVIDENCE_PROPERTY, text_in
from tests.fakes import OUTPUTS, MemoryShared
from tests.world import CHURN, WORKSPACE, World, job_event

if TYPE_CHECKING:
    from registration.outcome import Outcome
    from registration.shared import SharedVersion

SHARING = CHURN.replace("metrics:", "then: {pass: [promote, share: Contoso]}\n    metrics:")
TAKING = """
apiVersion: registrar/v1
kind: PromotionPolicy
name: from-development
match: {any: [{shared: {registry: Contoso, name: churn}}]}
models:
  - name: churn-production
    metrics: {accuracy: {direction: maximize, min: 0.85, vs_champion: {max_regression: 0}}}
"""


def shared_event(model: str = "churn", version: object = 1, registry: str = "contoso") -> str:
    shared = {"registry": registry, "model": model, "version": version}
    said = {"specversion": "1.0", "id": f"e-{version}", "type": "Registrar.ModelShared", "source": WORKSPACE}
    return json.dumps({**said, "time": "2026-11-19T06:40:52Z", "data": {"shared": shared}})


@dataclass
class Environments:
    """Development shares its champions, production takes them."""

    development: World = field(default_factory=World)
    production: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.production.shared = self.development.shared
        self.development.policies.kept = {"churn.yaml": SHARING.replace("Contoso", "contoso")}
        self.production.policies.kept = {"taking.yaml": TAKING}

    def develop(self, name: str, accuracy: float = 0.9) -> Outcome:
        """A champion of development's, and its copy with its files."""
        self.development.job(name, accuracy=accuracy)
        made = self.development.process(job_event(name))
        if made.version is not None:
            self.keep(made.version, name.encode())
        return made

    def keep(self, version: int, data: bytes) -> None:
        """The one file of a copy."""
        self.production.store.put(Location("registrystore", "contoso", f"copies/churn/{version}/model.onnx"), data)

    def take(self, **which: Any) -> Outcome:
        return self.production.process(shared_event(**which))

    def change(self, version: int = 1, **changes: Any) -> None:
        key = ("contoso", "churn", version)
        self.shared[key] = replace(self.shared[key], **changes)

    @property
    def shared(self) -> dict[tuple[str, str, int], SharedVersion]:
        return self.development.shared.versions_


@pytest.fixture
def environments() -> Environments:
    return Environments()


def test_a_shared_champion_becomes_a_version_of_the_next_environment(environments: Environments) -> None:
    environments.develop("dev-1")

    outcome = environments.take()

    assert (outcome.outcome, outcome.promoted, outcome.model) == ("registered", True, "churn-production")
    assert outcome.manifest_etag is None
    version = environments.production.registry.versions["churn-production", 1]
    assert version.uri.startswith("azureml://datastores/")
    assert (
        version.properties["registrar.artifact_sha256"]
        == environments.shared["contoso", "churn", 1].properties["registrar.artifact_sha256"]
    )


def test_it_says_where_it_comes_from(environments: Environments) -> None:
    environments.develop("dev-1")
    environments.take()

    version = environments.production.registry.versions["churn-production", 1]
    said = Lineage.of_properties(version.properties)
    assert said.shared_version == environments.shared["contoso", "churn", 1].id
    assert (said.attested_by, said.job, said.source_event) == ("registry", "dev-1", "e-1")
    assert version.job is None  # a job of another workspace is no job of this one


BACK = """
apiVersion: registrar/v1
kind: PromotionPolicy
name: churn
match: {any: [{job: {experiment: "churn-*"}}, {shared: {registry: fabrikam, name: churn-production}}]}
models:
  - name: churn
    from: {output: model}
    metrics: {accuracy: {direction: maximize, min: 0.8, vs_champion: {max_regression: 0}}}
    then: {pass: [promote, share: contoso]}
"""


def test_what_a_model_promoted_does_not_come_back_to_it_from_another_environment(environments: Environments) -> None:
    """As good as its champion, it would become the champion, be shared and taken again, and come back for ever."""
    environments.development.shared.registries.add("fabrikam")
    environments.development.policies.kept["churn.yaml"] = BACK
    sharing = TAKING.replace("    metrics:", "    then: {pass: [promote, share: fabrikam]}\n    metrics:")
    environments.production.policies.kept["taking.yaml"] = sharing
    environments.production.shared = MemoryShared(environments.production.registry)
    environments.production.shared.registries = environments.development.shared.registries
    environments.production.shared.versions_ = environments.shared
    for number in (1, 2):
        environments.develop(f"dev-{number}")
        assert environments.take(version=number).promoted

    back = environments.development.process(shared_event("churn-production", 1, "fabrikam"))

    assert (back.outcome, environments.development.champion("churn")) == ("ignored", 2)
    name = "azureml://registries/fabrikam/models/churn-production/versions/1"
    assert back.reasons == (f"{name} was promoted here before it was shared there",)
    there = environments.shared["fabrikam", "churn-production", 1]
    assert Lineage.of_properties(there.properties).shared_by == (f"{WORKSPACE}/models/churn".lower(),)


def test_its_tags_travel_and_its_standing_does_not(environments: Environments) -> None:
    environments.develop("dev-1")
    environments.change(tags={"team": "growth", STATUS_TAG: "champion"})

    case = environments.production.offer(shared_event())

    assert case.tags == {"team": "growth"}


def test_it_is_judged_by_what_it_was_promoted_with(environments: Environments) -> None:
    environments.develop("dev-1", accuracy=0.82)

    outcome = environments.take()

    assert outcome.outcome == "rejected"
    assert any("0.82" in reason for reason in outcome.reasons)


def test_it_has_to_be_as_good_as_the_champion_that_is_there(environments: Environments) -> None:
    environments.develop("dev-1", accuracy=0.9)
    environments.take()
    environments.develop("dev-2", accuracy=0.95)

    assert environments.take(version=2).promoted
    (_, second) = environments.production.history("churn-production")
    assert second["candidate"]["source"] == ["shared", "contoso", "churn", "2"]
    assert second["champion"]["metrics"] == {"accuracy": 0.9}


def test_the_same_version_is_decided_once(environments: Environments) -> None:
    environments.develop("dev-1")
    environments.take()

    assert environments.take().version == 1
    assert len(environments.production.history("churn-production")) == 1


def test_other_files_than_those_of_the_evidence_are_rejected(environments: Environments) -> None:
    environments.develop("dev-1")
    environments.keep(1, b"something else")

    outcome = environments.take()

    assert outcome.outcome == "rejected"
    assert any("the evidence is about" in reason for reason in outcome.reasons)
    assert environments.production.registry.versions == {}


def test_evidence_that_is_not_whole_refuses_the_offer(environments: Environments) -> None:
    environments.develop("dev-1")
    said = environments.shared["contoso", "churn", 1].properties
    environments.change(properties={name: value for name, value in said.items() if name != EVIDENCE_PROPERTY})

    outcome = environments.take()

    assert (outcome.outcome, outcome.decision, outcome.manifest_etag) == ("rejected", None, None)
    assert any("the evidence of version 1 is not whole" in reason for reason in outcome.reasons)


@pytest.mark.parametrize(
    "edited", [{"tags": {"team": 3}}, {"tags": ["team"]}, {"slices": [1]}, {"metrics": [0.9]}], ids=str
)
def test_evidence_that_somebody_wrote_by_hand_and_nobody_can_read_refuses_the_offer(
    environments: Environments, edited: dict[str, object]
) -> None:
    environments.develop("dev-1")
    said = environments.shared["contoso", "churn", 1].properties
    text = json.dumps({**json.loads(text_in(said) or ""), **edited})
    digest = hashlib.sha256(text.encode()).hexdigest()
    environments.change(properties={**said, f"{EVIDENCE_PROPERTY}.1": text, EVIDENCE_PROPERTY: digest})

    outcome = environments.take()

    assert (outcome.outcome, outcome.decision) == ("rejected", None)
    assert any("the evidence of version 1 cannot be read" in reason for reason in outcome.reasons)


def test_evidence_that_was_mended_is_new_work(environments: Environments) -> None:
    environments.develop("dev-1")
    whole = environments.shared["contoso", "churn", 1].properties
    environments.change(properties={name: value for name, value in whole.items() if name != EVIDENCE_PROPERTY})
    environments.take()

    environments.change(properties=whole)

    assert environments.take().promoted


@pytest.mark.parametrize(
    ("which", "why"),
    [
        ({"model": "other"}, "no policy takes other from registry contoso"),
        ({"registry": "fabrikam"}, "no policy takes churn from registry fabrikam"),
        ({"version": 9}, "registry contoso has no churn:9 any more, or it is archived"),
    ],
)
def test_what_nobody_takes_is_no_work(environments: Environments, which: dict[str, Any], why: str) -> None:
    environments.develop("dev-1")

    found = environments.production.resolver.offers(parse(json.loads(shared_event(**which))))

    assert isinstance(found, NotOfInterest)
    assert found.reason == why


def test_what_was_archived_there_is_not_taken(environments: Environments) -> None:
    environments.develop("dev-1")
    environments.development.shared.archived.add(("contoso", "churn", 1))

    found = environments.production.resolver.offers(parse(json.loads(shared_event())))

    assert isinstance(found, NotOfInterest)


def test_a_registry_that_is_down_lets_the_message_come_again(environments: Environments) -> None:
    environments.develop("dev-1")
    environments.development.shared.registries.clear()

    with pytest.raises(UnavailableError):
        environments.take()

    environments.development.shared.registries.add("contoso")
    assert environments.take().promoted


@pytest.mark.parametrize("version", ["0", "-1", "x", "1.0", "9" * 40])
def test_an_event_whose_version_is_no_number_is_malformed(version: str) -> None:
    with pytest.raises(MalformedEventError, match="version"):
        parse(json.loads(shared_event(version=version)))


def test_the_event_of_the_environment_before_is_understood(environments: Environments) -> None:
    environments.develop("dev-1")
    told = [event for event in environments.development.topic.events if event["type"] == "Registrar.ModelShared"]

    found = parse({"specversion": "1.0", **told[0]})

    assert isinstance(found, VersionShared)
    assert (found.registry, found.model, found.version) == ("contoso", "churn", 1)


def test_a_source_is_found_again_from_its_record() -> None:
    source = SharedSource("contoso", "churn", 3)

    assert source_from(list(source.identity)) == source
    event = World().resolver.event_of(list(source.identity))
    assert event == synthetic.model_shared(WORKSPACE.lower(), "contoso", "churn", 3)
    assert source_from(["shared", "contoso", "churn", "x"]) is None


def test_the_model_of_the_same_name_is_meant_where_there_are_several() -> None:
    policy = TAKING + "  - {name: churn, metrics: {accuracy: {min: 0.5}}}\n"

    found = document.parse(policy, source="p.yaml").fed_by_shared("churn")

    assert found is not None
    assert found.name == "churn"


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (TAKING.replace("name: churn}", "name: other}") + "  - {name: b, metrics: {a: {min: 0}}}\n", "none is called"),
        (TAKING.replace(", name: churn}", "}"), "match.any[0].shared.name: is required"),
        (TAKING.replace("Contoso", "c*"), "match.any[0].shared.registry"),
        (
            TAKING.replace(
                "    metrics:", "    then: {pass: [promote, share: {registry: contoso, name: churn}]}\n    metrics:"
            ),
            "shares to the registry contoso as churn, where match takes it from",
        ),
    ],
)
def test_a_match_that_cannot_be_meant_is_refused(policy: str, told: str) -> None:
    with pytest.raises(PolicyError) as caught:
        document.parse(policy, source="p.yaml")

    assert told in str(caught.value)


def test_the_outputs_of_the_other_environment_are_not_read(environments: Environments) -> None:
    environments.develop("dev-1")

    environments.take()

    assert not [
        place for place in environments.production.store.blobs if str(place).startswith(str(OUTPUTS / "azureml"))
    ]
