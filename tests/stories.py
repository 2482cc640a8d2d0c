"""Random stories: jobs and drops, people, policies, hands in the registry, faults and time, in any order.

A rule brings something about, or has messages delivered, by workers that fail, die and are overtaken at any of their
calls. `settle` ends a chapter: nothing is pending any more, and then `tests.complaints` has nothing to complain of.

    .venv/bin/python -m tests.stories 1000 7    # a thousand stories of the seed 7, and what happened in them
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from registration.ledger import HELD_FOR
from registration.policy.override import open_rules
from registration.sources.job import Job, JobOutput
from tests.answering import ADA, BOB, asked
from tests.fakes import OUTPUTS
from tests.stage import HOMES, Stage, Trouble
from tests.world import INCOMING, drop_event, job_event, output_event

OF_JOBS = {"churn": ("churn",), "pair": ("left", "right"), "both": ("churn", "left", "right")}
CHANGES: dict[str, list[Any]] = {
    "least": [0.8, 0.91, 0.5],
    "severity": ["block", "hold"],
    "on_pass": ["promote", "register_only", "[promote, share: contoso]"],
    "on_fail": ["reject", "register_only"],
    "people": [1, 2],
    "keep": [None, 0, 1],
    "group": [None, "pair", "other"],
    "pin": ["source", "copy"],
}
ANSWERS = {"approve": {"held"}, "reject": {"held"}, "reevaluate": {"held", "rejected", "registered"}}
STEPS = 40

KIND = st.sampled_from(sorted(OF_JOBS))
MODEL = st.sampled_from(sorted(HOMES))
FILES = st.sampled_from(["new", "champion", "earlier", "rejected", "revoked", "revoked"])
METRIC = st.sampled_from([0.9, 0.92, 0.95, 0.97, 0.85, 0.7, None])
PLACE = st.integers(0, 30)
CALL = st.one_of(st.just(0), st.integers(1, 60))
YES = st.booleans()
WRITE = st.one_of(st.just(0), st.integers(1, 16))
TROUBLE = st.builds(Trouble, call=CALL, write=WRITE, done=YES, dead=YES, between=CALL, other=PLACE, stalls=YES)
SOON = st.one_of(st.none(), st.just(Trouble()), TROUBLE)
SPAN = st.sampled_from([HELD_FOR, timedelta(hours=2), timedelta(days=15)])
CHANGE = st.sampled_from([(name, value) for name, values in CHANGES.items() for value in values])


class Stories(RuleBasedStateMachine):
    """What may happen."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()
        self.world, self.best = self.stage.world, 0.97

    @initialize(
        severity=st.sampled_from(["block", "hold"]), keep=st.sampled_from([None, 1]), people=st.sampled_from([1, 1, 2])
    )
    def policies_are_written(self, severity: str, keep: int | None, people: int) -> None:
        self.stage.publish(severity=severity, keep=keep, people=people)

    # What comes from outside

    @rule(kind=KIND, files=FILES, other=FILES, metric=METRIC, is_heard=YES, soon=SOON)
    def a_job_completes(  # noqa: PLR0913,PLR0917 - one for each draw
        self, kind: str, files: str, other: str, metric: float | None, is_heard: bool, soon: Trouble | None
    ) -> None:
        name, models = self.stage.new(kind), OF_JOBS[kind]
        outputs = {model: JobOutput("custom_model", None) for model in models}
        self.world.workspace.jobs[name] = Job(name, "Completed", experiment=f"{kind}-nightly", outputs=outputs)
        for model, which in zip(models, (files, other, files), strict=False):
            self.write(name, model, which, metric)
        self.stage.azure.show(name, created=self.stage.azure.now)
        if is_heard:
            self.stage.comes(job_event(name), soon)

    @rule(kind=KIND, soon=SOON)
    def a_better_job_completes(self, kind: str, soon: Trouble | None) -> None:
        self.best += 0.001
        self.a_job_completes(kind, "new", "new", self.best, is_heard=True, soon=soon)

    @rule(kind=KIND, trouble=TROUBLE, is_first=YES)
    def two_jobs_race(self, kind: str, trouble: Trouble, is_first: bool) -> None:
        """One is settled while the worker of the other stands, the better one or the lesser."""
        for _ in range(2):
            self.a_better_job_completes(kind, None)
        message = self.stage.taken_at(-2 if is_first else -1)
        self.stage.troubled(message, replace(trouble, between=max(1, trouble.between), other=-1, stalls=False))

    @precondition(lambda self: self.world.workspace.jobs)
    @rule(place=PLACE, which=PLACE, files=FILES, metric=METRIC, soon=SOON)
    def a_job_writes_again(
        self, place: int, which: int, files: str, metric: float | None, soon: Trouble | None
    ) -> None:
        name = self.job(place)
        model = pick(sorted(self.world.workspace.jobs[name].outputs), which)
        self.write(name, model, files, metric)
        self.stage.comes(output_event(name, "model.onnx", output=model), soon)

    @rule(folder=st.sampled_from(["a", "b"]), files=FILES, metric=METRIC, is_heard=YES, soon=SOON)
    def a_team_drops(self, folder: str, files: str, metric: float | None, is_heard: bool, soon: Trouble | None) -> None:
        place, content = f"vendor-a/{folder}", self.stage.content("digits", files)
        self.world.drop(place, files={"model.onnx": content}, metrics=logged(metric))
        self.stage.azure.modified[INCOMING / f"{place}/model.manifest.json"] = self.stage.azure.now
        if is_heard:
            self.stage.comes(drop_event(place), soon)

    @precondition(lambda self: self.stage.sent)
    @rule(place=PLACE)
    def a_message_comes_twice(self, place: int) -> None:
        self.stage.queue.append(pick(self.stage.sent, place))

    @precondition(lambda self: self.world.workspace.jobs)
    @rule(place=PLACE, status=st.sampled_from(["Running", "Completed"]))
    def another_event_tells_of_a_job(self, place: int, status: str) -> None:
        self.stage.comes(job_event(self.job(place), kind="RunStatusChanged", status=status))

    @rule(model=MODEL, change=CHANGE)
    def a_policy_changes(self, model: str, change: tuple[str, Any]) -> None:
        name, value = change
        if name != "group" or HOMES[model] == "pair":
            self.stage.terms[model] = replace(self.stage.terms[model], **{name: value})
            self.stage.publish()

    # What people ask

    @rule(place=PLACE, action=st.sampled_from(["approve", *ANSWERS]), who=st.sampled_from([ADA, BOB]), soon=SOON)
    def a_person_answers(self, place: int, action: str, who: dict[str, str], soon: Trouble | None) -> None:
        settled = [work for work in self.world.works() if work["result"] and work["result"]["decision"]]
        found = [work for work in settled if work["result"]["outcome"] in ANSWERS[action]]
        if found:
            self.answer(pick(sorted(found, key=lambda each: each["work"]), place), action, who, soon)

    @rule(action=st.sampled_from(sorted(ANSWERS)), soon=SOON)
    def a_held_job_is_answered(self, action: str, soon: Trouble | None) -> None:
        self.a_policy_changes("churn", ("severity", "hold"))
        self.a_job_completes("churn", "new", "new", 0.7, is_heard=True, soon=Trouble())
        work = self.world.works()[-1]
        if work["result"] and work["result"]["outcome"] == "held" and work["result"]["decision"]:
            for who in (ADA, BOB):
                self.answer(work, action, who, soon)

    def answer(self, work: dict[str, Any], action: str, who: dict[str, str], soon: Trouble | None) -> None:
        rules = self.open_rules(work) if action == "approve" else {}
        self.stage.comes(asked(self.world, action, work["work"], actor=who, id=self.stage.id(), **rules), soon)

    @rule(model=MODEL, place=PLACE, soon=SOON)
    def a_person_rolls_back(self, model: str, place: int, soon: Trouble | None) -> None:
        were = [step["version"] for step in self.world.history(model) if step["promoted"]]
        moves = self.stage.moves(model, to=pick([None, *were], place))
        if moves:
            self.stage.comes(self.stage.request("rollback", model, moves[0]["to"], moves=moves), soon)

    @rule(model=MODEL, place=PLACE, follows=st.sampled_from(["nothing", "earlier", "nobody"]), soon=SOON)
    def a_person_revokes(self, model: str, place: int, follows: str, soon: Trouble | None) -> None:
        known = self.digests(model)
        if not known:
            return
        version = pick(sorted(known), place)
        more: dict[str, Any] = {"no_champion": True} if follows == "nobody" else {}
        if follows == "earlier" and (moves := self.stage.moves(model, denied=known[version])):
            more = {"moves": moves}
        self.stage.comes(self.stage.request("revoke", model, version, artifact_sha256=known[version], **more), soon)

    @rule(model=MODEL, place=PLACE, by_hand=YES, soon=SOON)
    def a_person_adopts(self, model: str, place: int, by_hand: bool, soon: Trouble | None) -> None:
        registry = self.world.registry
        if by_hand:
            registry.register_by_hand(model, registry.next_version(model))
        found = sorted(number for name, number in registry.versions if name == model)
        self.stage.comes(self.stage.request("adopt", model, pick([*found, 99], place)), soon)

    @rule(model=st.one_of(st.none(), MODEL), action=st.sampled_from(["pause", "resume"]))
    def a_person_pauses_or_resumes(self, model: str | None, action: str) -> None:
        self.stage.comes(self.stage.request(action, model))

    # What hands do in the registry

    @precondition(lambda self: self.world.registry.versions)
    @rule(place=PLACE, what=st.sampled_from(["archive", "restore", "delete", "strip", "crown"]))
    def somebody_edits_a_version(self, place: int, what: str) -> None:
        if what == "delete" and self.world.ledger.unfinished():
            return  # its message would end in quarantine, for a person to see
        self.stage.tell(f"hands {what}")
        self.stage.hands.do(what, pick(sorted(self.world.registry.versions), place), self.world.registry)

    @rule(how=st.sampled_from(["slow", "closed", "open"]))
    def the_shared_registry_changes(self, how: str) -> None:
        self.stage.publish(on_pass="[promote, share: contoso]")
        self.stage.shared_registry(how)

    # What becomes of messages

    @rule(span=SPAN)
    def time_goes_by(self, span: timedelta) -> None:
        self.stage.azure.later(span)

    @precondition(lambda self: self.stage.queue)
    @rule(place=PLACE, trouble=TROUBLE)
    def a_message_is_delivered(self, place: int, trouble: Trouble) -> None:
        self.stage.troubled(self.stage.taken_at(place), trouble)

    @precondition(lambda self: self.stage.queue)
    @rule(count=st.integers(1, 6))
    def some_messages_are_delivered(self, count: int) -> None:
        for message in self.stage.taken(count):
            self.stage.deliver(message)

    @rule(trouble=TROUBLE)
    def the_sweep_runs(self, trouble: Trouble) -> None:
        self.stage.fails(trouble)
        self.stage.sweep(may_fail=True)
        self.world.faults.calm()

    @rule()
    def settle(self) -> None:
        self.stage.settle(again=self.stage.sent[-5:])

    def teardown(self) -> None:
        self.stage.settle(again=self.stage.sent)

    def job(self, place: int) -> str:
        return pick(sorted(self.world.workspace.jobs), place)

    def write(self, job: str, model: str, files: str, metric: float | None) -> None:
        """What a job writes into one of its outputs, and logs."""
        self.world.store.put(OUTPUTS / f"azureml/{job}/{model}/model.onnx", self.stage.content(model, files))
        self.world.workspace.logged[job] = logged(metric)

    def open_rules(self, work: dict[str, Any]) -> dict[str, Any]:
        """The rules that hold a work, as an approval names them."""
        held = self.world.ledger.decision(work["result"]["model"], work["result"]["decision"])
        return {"rules": list(open_rules(held["verdicts"]))}

    def digests(self, model: str) -> dict[int, str]:
        """The digest of the files of each version, where it is known."""
        told = [(step["version"], step["candidate"].get("artifact_sha256")) for step in self.world.history(model)]
        return {version: sha256 for version, sha256 in told if version and sha256}


def logged(metric: float | None) -> dict[str, object]:
    return {} if metric is None else {"accuracy": metric}


def pick[T](found: list[T], place: int) -> T:
    return found[place % len(found)]


def tell(number: int, *, of: int) -> None:
    """So many stories of the seed `of`, always the same ones; raises what is wrong with one of them."""
    how = settings(max_examples=number, stateful_step_count=STEPS, deadline=None, database=None)
    run_state_machine_as_test(seed(of)(Stories), settings=settings(how, suppress_health_check=[*HealthCheck]))


if __name__ == "__main__":
    tell(int(sys.argv[1]), of=int(sys.argv[2]))
    for what, often in sorted(Stage.happened.items()):
        sys.stdout.write(f"{often:7} {what}\n")
