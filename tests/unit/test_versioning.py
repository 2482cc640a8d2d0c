"""Versioning: one accepted candidate is one version, whoever else writes and however often it is tried."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from registration.errors import ArtifactChangedError, LedgerConflictError, RegistryMismatchError, UnavailableError
from registration.ledger import HELD_FOR
from registration.registry import VersionTakenError
from tests.fakes import OUTPUTS, MemoryRegistry
from tests.world import CHURN, COPIES, INCOMING, World, drop_event, job_event

if TYPE_CHECKING:
    from registration.record import Case
    from registration.registry import ModelVersion, Registration
    from registration.work import Claim

FOLDER = "vendor-a/1"
PINNED = CHURN.replace("    from: {output: model}\n", "    from: {output: model}\n    pin: copy\n")


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1")
    world.drop(FOLDER)
    return world


def claim(world: World, case: Case) -> Claim:
    return world.ledger.claim(case.work, subject={})


def register(world: World, case: Case) -> ModelVersion:
    """The version that is made of a case nobody tried before."""
    made, _ = world.versioning.register(claim(world, case), case)
    intent = made.work.intent
    assert intent is not None
    found = world.registry.find(case.candidate.model.name, intent.version)
    assert found is not None
    return found


def test_a_job_output_is_registered_where_it_lies(world: World) -> None:
    version = register(world, world.case(job_event("j1")))

    assert (version.version, version.type, version.uri) == (1, "custom_model", "azureml://jobs/j1/outputs/model")
    assert version.description == "Who will leave."


def test_a_pinned_job_output_is_registered_from_its_copy_and_still_says_its_job(world: World) -> None:
    world.policies.kept["churn.yaml"] = PINNED
    case = world.case(job_event("j1"))

    version = register(world, case)

    place = f"azureml://datastores/workspaceblobstore/paths/registrar/{case.validation.sha256}"
    assert (version.uri, version.job) == (place, "j1")
    assert version.properties["lineage.job_output_uri"] == "azureml://jobs/j1/outputs/model"
    assert world.store.blobs[COPIES / f"{case.validation.sha256}/model.onnx"][0] == b"j1"


def test_what_a_job_writes_afterwards_does_not_reach_a_pinned_version(world: World) -> None:
    world.policies.kept["churn.yaml"] = PINNED
    assert world.process(job_event("j1")).outcome == "registered"

    world.store.put(OUTPUTS / "azureml/j1/model/model.onnx", b"written again")

    (copy,) = [place for place in world.store.blobs if place.name.startswith("registrar/")]
    assert world.store.blobs[copy][0] == b"j1"


def test_a_version_says_what_made_it(world: World) -> None:
    case = world.case(job_event("j1"), work="w1")

    properties = register(world, case).properties

    assert (properties["registrar.work"], properties["lineage.job"]) == ("w1", "j1")
    assert properties["registrar.artifact_sha256"] == case.validation.sha256


def test_metrics_are_shown_as_tags(world: World) -> None:
    world.workspace.logged["j1"] = {"accuracy": 0.9, "loss": float("nan"), "auc": "NaN"}

    tags = register(world, world.case(job_event("j1"))).tags

    assert tags == {"team": "growth", "metrics.accuracy": "0.9", "metrics.loss": "NaN", "metrics.auc": "NaN"}


def test_metrics_that_the_policy_judges_are_shown_even_if_there_are_too_many(world: World) -> None:
    world.workspace.logged["j1"] = {f"a{number:03}": number for number in range(60)} | {"accuracy": "9" * 300}

    tags = register(world, world.case(job_event("j1"))).tags

    assert len([key for key in tags if key.startswith("metrics.")]) == 50
    assert tags["metrics.accuracy"] == "9" * 250


def test_a_drop_is_copied_to_a_place_named_by_its_content(world: World) -> None:
    case = world.case(drop_event(FOLDER))

    version = register(world, case)

    assert version.uri == f"azureml://datastores/workspaceblobstore/paths/registrar/{case.validation.sha256}"
    assert world.store.blobs[COPIES / f"{case.validation.sha256}/model.onnx"][0] == FOLDER.encode()


class Repeating(MemoryRegistry):
    """A registry behind a client that lost the answer to its write, and sent it again."""

    def create(self, registration: Registration) -> None:
        super().create(registration)
        raise VersionTakenError("the same was written a moment ago")


def test_a_number_that_our_own_write_took_is_ours(world: World) -> None:
    world.registry = Repeating(world.faults)

    version = register(world, world.case(job_event("j1")))

    assert version.version == 1
    assert world.registry.visible("churn") == [1]


def test_a_copy_with_other_bytes_is_never_registered(world: World) -> None:
    case = world.case(drop_event(FOLDER))
    world.store.put(COPIES / f"{case.validation.sha256}/model.onnx", b"put there by somebody")

    with pytest.raises(ArtifactChangedError, match="the copy in"):
        world.versioning.register(claim(world, case), case)

    assert not world.registry.versions


def test_a_drop_changed_before_it_is_copied_is_never_registered(world: World) -> None:
    case = world.case(drop_event(FOLDER))
    world.store.put(INCOMING / f"{FOLDER}/model.onnx", b"changed")

    with pytest.raises(ArtifactChangedError):
        world.versioning.register(claim(world, case), case)

    assert not world.registry.versions


def test_a_drop_cannot_set_tags_that_are_ours(world: World) -> None:
    case = world.case(drop_event(FOLDER))
    claimed = {"registrar.champion": "true", "metrics.auc": "1.0", "team": "a"}

    tags = register(world, replace(case, candidate=replace(case.candidate, tags=claimed))).tags

    assert tags == {"team": "a", "metrics.accuracy": "0.9"}


def test_the_policy_outweighs_the_tags_of_a_drop(world: World) -> None:
    policy = world.policies.kept["digits.yaml"].replace("description:", "tags: {team: ours}\n    description:")
    world.policies.kept["digits.yaml"] = policy
    world.drop(FOLDER, tags={"team": "theirs"})

    assert register(world, world.case(drop_event(FOLDER))).tags["team"] == "ours"


def test_the_number_follows_the_highest_the_registry_knows(world: World) -> None:
    world.registry.register_by_hand("churn", 7)
    world.registry.archive("churn", 7, tags={})

    assert register(world, world.case(job_event("j1"))).version == 8


def test_a_number_reserved_by_other_work_is_left_to_it(world: World) -> None:
    world.ledger.reserve("churn", work="another", at_least=1)

    assert register(world, world.case(job_event("j1"))).version == 2


def test_a_number_that_somebody_took_is_left_to_them(world: World) -> None:
    world.faults.meanwhile("registry create", lambda: world.registry.register_by_hand("churn", 1))

    assert register(world, world.case(job_event("j1"))).version == 2
    assert world.registry.versions["churn", 1].uri == "azureml://by-hand/churn/1"


def test_our_own_version_found_on_a_retry_is_not_written_again(world: World) -> None:
    case = world.case(job_event("j1"))
    first, place = world.versioning.register(claim(world, case), case)
    before = len(world.faults.writes)

    again, same_place = world.versioning.register(first, case)

    assert (again.work.intent, same_place) == (first.work.intent, place)
    assert [name for name in world.faults.writes[before:] if name.startswith("registry")] == []


def test_a_version_written_before_a_crash_is_found_again(world: World) -> None:
    case = world.case(job_event("j1"))
    held = claim(world, case)
    world.faults.fail("registry create", done=True)
    with pytest.raises(UnavailableError):
        world.versioning.register(held, case)
    world.ledger.give_back(held)

    version = register(world, case)

    assert version.version == 1
    assert world.registry.visible("churn") == [1]


def spoilt_property(version: ModelVersion) -> ModelVersion:
    return replace(version, properties={**version.properties, "registrar.artifact_sha256": "0"})


def spoilt_tag(version: ModelVersion) -> ModelVersion:
    return replace(version, tags={key: value for key, value in version.tags.items() if key != "team"})


@pytest.mark.parametrize(
    ("stores", "says"),
    [
        (spoilt_property, "properties.registrar.artifact_sha256 is '0', not"),
        (spoilt_tag, "tags.team is None, not 'growth'"),
        (lambda version: replace(version, type="mlflow_model"), "type is 'mlflow_model', not 'custom_model'"),
        (lambda version: replace(version, description=None), "description is None, not 'Who will leave.'"),
    ],
)
def test_a_version_stored_otherwise_than_written_is_named(world: World, stores: Any, says: str) -> None:
    case = world.case(job_event("j1"))
    world.registry.stores = stores

    with pytest.raises(RegistryMismatchError, match="churn:1 was not stored as written") as mismatch:
        world.versioning.register(claim(world, case), case)

    assert says in str(mismatch.value)


def test_tags_and_properties_of_the_service_are_no_difference(world: World) -> None:
    world.registry.stores = lambda version: replace(version, tags={**version.tags, "theirs": "1"})

    assert register(world, world.case(job_event("j1"))).tags["theirs"] == "1"


CHANGES = [
    ("model.onnx", b"j1", "was written again while"),
    ("model.onnx", None, "vanished while"),
    ("more.bin", b"x", "was added while"),
]


@pytest.mark.parametrize(("path", "data", "says"), CHANGES)
def test_every_change_of_a_registered_output_is_a_finding(
    world: World, path: str, data: bytes | None, says: str
) -> None:
    case = world.case(job_event("j1"))
    _, place = world.versioning.register(claim(world, case), case)
    world.change(OUTPUTS / f"azureml/j1/model/{path}", data)

    (finding,) = world.versioning.changes(case, place)

    assert (finding.code, finding.path) == ("artifact.changed", path)
    assert finding.message.startswith(says)


@pytest.mark.parametrize(("path", "data", "says"), CHANGES)
def test_every_change_of_a_copy_is_a_finding(world: World, path: str, data: bytes | None, says: str) -> None:
    case = world.case(drop_event(FOLDER))
    _, place = world.versioning.register(claim(world, case), case)
    world.change(COPIES / f"{case.validation.sha256}/{path}", data)

    (finding,) = world.versioning.changes(case, place)

    assert (finding.code, finding.path) == ("artifact.changed", path)
    assert finding.message.startswith(says)


@pytest.mark.parametrize("message", [job_event("j1"), drop_event(FOLDER)])
def test_what_is_left_alone_has_not_changed(world: World, message: str) -> None:
    case = world.case(message)
    _, place = world.versioning.register(claim(world, case), case)

    assert world.versioning.changes(case, place) == ()


def test_the_files_of_a_drop_may_change_once_they_are_copied(world: World) -> None:
    case = world.case(drop_event(FOLDER))
    _, place = world.versioning.register(claim(world, case), case)
    world.store.put(INCOMING / f"{FOLDER}/model.onnx", b"changed")

    assert world.versioning.changes(case, place) == ()


def test_a_manifest_that_was_replaced_is_a_finding(world: World) -> None:
    case = world.case(drop_event(FOLDER))
    _, place = world.versioning.register(claim(world, case), case)
    world.drop(FOLDER)

    (finding,) = world.versioning.changes(case, place)

    assert (finding.code, finding.path) == ("drop.replaced", "model.manifest.json")


def test_a_manifest_that_was_deleted_is_no_finding(world: World) -> None:
    case = world.case(drop_event(FOLDER))
    _, place = world.versioning.register(claim(world, case), case)
    del world.store.blobs[INCOMING / f"{FOLDER}/model.manifest.json"]

    assert world.versioning.changes(case, place) == ()


def test_a_withdrawn_version_is_archived_with_its_reason(world: World) -> None:
    case = world.case(job_event("j1"))
    made, _ = world.versioning.register(claim(world, case), case)

    world.versioning.withdraw(made, case, status="superseded")

    found = world.registry.find("churn", 1)
    assert found is not None
    assert (found.stage, found.tags["registrar.status"]) == ("Archived", "superseded")
    assert world.registry.visible("churn") == []


def test_a_version_withdrawn_twice_is_written_to_the_registry_once(world: World) -> None:
    case = world.case(job_event("j1"))
    made, _ = world.versioning.register(claim(world, case), case)
    again = world.versioning.withdraw(made, case, status="superseded")
    before = dict(world.registry.versions)

    world.versioning.withdraw(again, case, status="superseded")

    assert world.registry.versions == before
    assert world.registry.visible("churn") == []


def test_work_that_made_no_version_withdraws_nothing(world: World) -> None:
    case = world.case(job_event("j1"))
    held = claim(world, case)
    before = world.everything()

    assert world.versioning.withdraw(held, case, status="superseded") == held
    assert world.everything() == before


def test_a_worker_that_lost_its_claim_archives_nothing(world: World) -> None:
    case = world.case(job_event("j1"))
    stalled, _ = world.versioning.register(claim(world, case), case)
    world.clock.forward(HELD_FOR)
    claim(world, case)
    before = world.everything()

    with pytest.raises(LedgerConflictError):
        world.versioning.withdraw(stalled, case, status="superseded")

    assert world.everything() == before
    assert world.registry.visible("churn") == [1]


def test_the_champions_version_is_never_archived(world: World) -> None:
    case = world.case(job_event("j1"))
    made, _ = world.versioning.register(claim(world, case), case)
    world.promote("churn", 1, work=case.work)

    world.versioning.withdraw(made, case, status="superseded")

    assert world.registry.visible("churn") == [1]


def test_a_version_of_other_work_is_never_archived(world: World) -> None:
    case = world.case(job_event("j1"))
    made, _ = world.versioning.register(claim(world, case), case)
    world.registry.register_by_hand("churn", 1, work="another")

    world.versioning.withdraw(made, case, status="superseded")

    assert world.registry.visible("churn") == [1]


def shown(world: World) -> list[tuple[str | None, str, str]]:
    """Stage, champion tag and status tag of every version."""
    versions = world.registry.versions.values()
    return [(found.stage, found.tags["registrar.champion"], found.tags["registrar.status"]) for found in versions]


def test_a_promotion_is_shown_on_both_versions(world: World) -> None:
    for number in (1, 2):
        world.registry.register_by_hand("churn", number)

    world.promote("churn", 1)
    world.versioning.project("churn", version=1, former=None)
    world.promote("churn", 2)
    world.versioning.project("churn", version=2, former=1)

    assert shown(world) == [("Development", "false", "former"), ("Production", "true", "champion")]


def test_a_version_that_is_champion_no_more_is_shown_as_a_former_one(world: World) -> None:
    for number in (1, 2):
        world.registry.register_by_hand("churn", number)
        world.promote("churn", number)
    world.versioning.project("churn", version=2, former=1)

    world.versioning.project("churn", version=1, former=None)

    assert shown(world) == [("Development", "false", "former"), ("Production", "true", "champion")]


def test_a_promotion_just_before_a_champion_is_shown_leaves_one_champion_shown(world: World) -> None:
    for number in (1, 2):
        world.registry.register_by_hand("churn", number)
    world.promote("churn", 1)
    world.faults.meanwhile("registry project churn:1", lambda: promoted_and_shown(world))

    world.versioning.project("churn", version=1, former=None)

    assert shown(world) == [("Development", "false", "former"), ("Production", "true", "champion")]


def promoted_and_shown(world: World) -> None:
    """Another worker promotes version 2 over version 1."""
    world.promote("churn", 2)
    world.versioning.project("churn", version=2, former=1)


def test_a_stage_the_registry_does_not_keep_is_named(world: World) -> None:
    world.registry.register_by_hand("churn", 1)
    world.promote("churn", 1)
    world.registry.stores = lambda version: replace(version, stage="Development")

    with pytest.raises(RegistryMismatchError, match="churn:1 does not show stage Production"):
        world.versioning.project("churn", version=1, former=None)


def test_a_former_champion_that_is_gone_is_no_obstacle(world: World) -> None:
    world.registry.register_by_hand("churn", 2)
    world.promote("churn", 2)

    world.versioning.project("churn", version=2, former=1)

    assert world.registry.versions["churn", 2].stage == "Production"


def test_a_former_champion_that_a_person_archived_stays_archived(world: World) -> None:
    for number in (1, 2):
        world.registry.register_by_hand("churn", number)
    world.registry.archive("churn", 1, tags={})
    world.promote("churn", 2)

    world.versioning.project("churn", version=2, former=1)

    assert world.registry.visible("churn") == [2]


def test_a_version_that_waited_and_is_the_champion_by_now_is_not_shown_as_any_other(world: World) -> None:
    case = world.case(job_event("j1"))
    world.versioning.register(claim(world, case), case, is_pending=True)
    world.promote("churn", 1)
    before = dict(world.registry.versions)

    world.versioning.confirm("churn", 1)

    assert world.registry.versions == before
