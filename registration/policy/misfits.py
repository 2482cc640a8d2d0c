"""Parts of a policy that do not fit each other, though each is right by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.documents import nearest, spelled
from registration.errors import Problem
from registration.policy.handling import Handling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.policy.document import ModelPolicy, Policy
    from registration.policy.metrics import MetricPolicy

type Path = tuple[str | int, ...]


def of(policy: Policy) -> Iterator[Problem]:
    """Every misfit, in document order."""
    names = [model.name for model in policy.models]
    for place, entry in enumerate(policy.match.any_of):
        if entry.shared is not None and policy.fed_by_shared(entry.shared.name) is None:
            message = f"several models are here, and none is called {entry.shared.name}: {', '.join(names)}"
            yield Problem(f"match.any[{place}].shared.name", message)
    for index, model in enumerate(policy.models):
        if model.name in names[:index]:
            yield Problem(f"models[{index}].name", f"{model.name} is already models[{names.index(model.name)}]")
        if policy.match.jobs and model.source is None:
            message = "is required, because match has a job: name the output to register"
            yield Problem(f"models[{index}].from", message)
        yield from _of_shares(model, index)
        yield from _of_circles(policy, model, index)
        yield from _of_metrics(model, ("models", index, "metrics"))
        yield from _of_budget(model, ("models", index, "budget", "cumulative_regression"))


def _of_shares(model: ModelPolicy, index: int) -> Iterator[Problem]:
    places = [target.place(model.name) for target in model.then.on_pass.shares]
    for place in sorted({place for place in places if places.count(place) > 1}):
        message = f"shares to the registry {place[0]} as {place[1]} more than once"
        yield Problem(f"models[{index}].then.pass", message)


def _of_circles(policy: Policy, model: ModelPolicy, index: int) -> Iterator[Problem]:
    taken = {entry.place for entry in policy.match.shared if policy.fed_by_shared(entry.name) is model}
    for registry, name in sorted(taken & {target.place(model.name) for target in model.then.on_pass.shares}):
        message = f"shares to the registry {registry} as {name}, where match takes it from"
        yield Problem(f"models[{index}].then.pass", message)


def _of_metrics(model: ModelPolicy, path: Path) -> Iterator[Problem]:
    for name, asked in model.metrics.items():
        whole = Handling().over(model.defaults).over(asked)
        if whole.value == "best" and asked.direction is None:
            yield Problem(spelled((*path, name)), "value: best needs direction: maximize or minimize")
        yield from _of_floors(asked, whole, (*path, name))


def _of_floors(asked: MetricPolicy, whole: Handling, path: Path) -> Iterator[Problem]:
    for place, entry in asked.places:
        here = whole.over(entry) if place is not None else whole
        shares = entry.vs_champion is not None and any(amount.percent for amount in entry.vs_champion.amounts)
        if shares and here.zero_champion == "use_absolute" and here.floor is None:
            message = "zero_champion: use_absolute needs floor, the amount that counts when the champion is at 0"
            yield Problem(spelled(path if place is None else (*path, "slices", place)), message)


def _of_budget(model: ModelPolicy, path: Path) -> Iterator[Problem]:
    for name, amount in (model.budget.cumulative_regression if model.budget else {}).items():
        asked = model.metrics.get(name)
        if asked is None:
            near = nearest(name, model.metrics)
            hint = f"; did you mean {near!r}?" if near else ", which says what is better"
            yield Problem(spelled((*path, name)), f"needs an entry in metrics{hint}")
        elif asked.direction is None:
            yield Problem(spelled((*path, name)), "needs a direction in metrics, which says what is better")
        elif amount.percent and _needs_floor(model, asked):
            message = "zero_champion: use_absolute needs floor in metrics, the amount that counts at 0"
            yield Problem(spelled((*path, name)), message)


def _needs_floor(model: ModelPolicy, asked: MetricPolicy) -> bool:
    whole = Handling().over(model.defaults).over(asked)
    return whole.zero_champion == "use_absolute" and whole.floor is None
