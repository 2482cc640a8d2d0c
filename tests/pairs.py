"""Two models of one group, `left` and `right`, in a world: what one job trains, and who is champion."""

from __future__ import annotations

from registration.ledger import HELD_FOR
from registration.sources.job import Job, JobOutput
from tests.fakes import OUTPUTS
from tests.world import World, job_event

GROUP = """
apiVersion: registrar/v1
kind: PromotionPolicy
name: churn
match: {any: [{job: {experiment: "churn-*"}}]}
models:
  - name: left
    group: pair
    from: {output: left}
    metrics: {left: {min: 0.8}}
  - name: right
    group: pair
    from: {output: right}
    metrics: {right: {direction: maximize, min: 0.8, vs_champion: {max_regression: 0}}}
  - name: other
    from: {output: left}
    metrics: {left: {min: 0}}
"""
PAIR = GROUP.partition("  - name: other")[0]


def of_two(policy: str = PAIR, *, measured: tuple[float, ...] = ()) -> World:
    """The two of them; each job that `measured` so much made both its champions, and no claim on it is held."""
    world = World()
    world.policies.kept["churn.yaml"] = policy
    for number, value in enumerate(measured, start=1):
        world.deliver(job(world, f"j{number}", left=value, right=value))
        world.clock.forward(HELD_FOR)
    world.topic.events.clear()
    return world


def champions(world: World) -> tuple[int | None, int | None]:
    return world.champion("left"), world.champion("right")


def job(world: World, name: str, *, left: float, right: object, outputs: tuple[str, ...] = ("left", "right")) -> str:
    """The event of a job that trained both; `left` and `right` are what it measured, each for the model of its name."""
    declared = {output: JobOutput("custom_model", None) for output in outputs}
    world.workspace.jobs[name] = Job(name, "Completed", experiment="churn-nightly", outputs=declared)
    world.workspace.logged[name] = {"left": left, "right": right}
    for output in outputs:
        world.store.put(OUTPUTS / f"azureml/{name}/{output}/model.onnx", f"{name} {output}".encode())
    return job_event(name)
