"""A draft: the policy that an importer is writing, and what it has to say about it.

Rules are collected as plain values, as a person would write them; `finish` puts a whole policy around them and has it
checked like any other, so that what an importer hands out is always a policy that parses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from registration.documents import spelled
from registration.errors import ForeignConfigError, PolicyError, Problem
from registration.policy import amounts, document, number
from registration.policy.importers import page
from registration.terminal import shown

if TYPE_CHECKING:
    from registration.policy.document import Policy

OUTPUT = "model"
UNNAMED = "imported-model"
NO_EXPERIMENT = "name-the-experiment"
_STRICTER = {"max_regression": min, "min_improvement": max, "max_improvement": min}

type Rules = dict[str, Any]


@dataclass(frozen=True)
class Imported:
    """A policy as plain values, the same as a document, and what differs from the config it came from."""

    tool: str
    policy: dict[str, Any]
    document: Policy
    warnings: tuple[Problem, ...]

    def shown(self) -> list[str]:
        """The warnings for a terminal, each on one line."""
        return [shown(one) for one in self.warnings]

    def text(self, *, source: str) -> str:
        """The policy as YAML, with the warnings as comments above it."""
        return page.commented(self.policy, source=source, tool=self.tool, warnings=self.warnings)


@dataclass
class Draft:
    """The model being written; `origins` says where in the foreign config a place of the policy comes from."""

    source: str
    tool: str
    warnings: list[Problem] = field(default_factory=list)
    model: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def warn(self, place: str, message: str) -> None:
        """Tell a person about `place` of the foreign config."""
        self.warnings.append(Problem(place, message))

    def warn_once(self, place: str, message: str) -> None:
        """The same, for what may be met again under another slice."""
        if Problem(place, message) not in self.warnings:
            self.warn(place, message)

    def put(self, key: str, value: object, *, place: str) -> None:
        """Write `key` of the model, which the config asks for at `place`."""
        self.model[key] = value
        self.origins[f"models[0].{key}"] = place

    def rules(self, metric: str, *, place: str) -> Rules:
        """The rules of `metric` so far, to be changed; `place` is where the config first asks for them."""
        metrics: dict[str, Rules] = self.model.setdefault("metrics", {})
        self.origins.setdefault(spelled(("models", 0, "metrics", metric)), place)
        return metrics.setdefault(metric, {})

    def finish(self, *, name: str | None, experiment: str | None) -> Imported:
        """The whole policy; the model lies in `OUTPUT` of a job if the config did not say.

        Raises `ForeignConfigError` when what the config asks for makes no policy, naming the place in the config.
        """
        policy = self._policy(name, experiment)
        if not self.model.get("metrics"):
            self.warn(
                "",
                "the config asks nothing of any metric, and a policy without a rule holds every candidate for a person",
            )
        return Imported(self.tool, policy, self._checked(policy), tuple(self.warnings))

    def _policy(self, name: str | None, experiment: str | None) -> dict[str, Any]:
        called = name or self.model.get("name") or self._unnamed()
        self.origins["name"] = self.origins["models[0].name"] = (
            "--name" if name else self.origins.get("models[0].name", "")
        )
        feeds = experiment or self._no_experiment()
        if "from" not in self.model:
            self.warn("", f"the config does not say where in a job the model lies; the output {OUTPUT!r} is assumed")
        model = {"name": called, "from": {"output": OUTPUT}} | _unmistakable(self.model) | {"name": called}
        return {
            "apiVersion": "registrar/v1",
            "kind": "PromotionPolicy",
            "name": called,
            "match": {"any": [{"job": {"experiment": feeds}}]},
            "models": [model],
        }

    def _unnamed(self) -> str:
        self.warn("", f"the config names no model; it is called {UNNAMED!r} until you write its name, or give --name")
        return UNNAMED

    def _no_experiment(self) -> str:
        self.warn(
            "",
            f"the config names no experiment; the policy waits for one called {NO_EXPERIMENT!r} until you write yours, "
            "or give --experiment",
        )
        return NO_EXPERIMENT

    def _checked(self, policy: dict[str, Any]) -> Policy:
        try:
            return document.parse(page.body(policy), source=self.source)
        except PolicyError as error:
            problems = [Problem(self._origin(one.path), one.message) for one in error.problems]
            raise ForeignConfigError(self.source, list(dict.fromkeys(problems))) from None

    def _origin(self, path: str) -> str:
        """Where the config asked for `path` of the policy; that place itself when only an option can have."""
        inside = (known for known in self.origins if path.startswith(known))
        return self.origins.get(max(inside, key=len, default=""), f"the policy's {path}")


def at_least(rules: Rules, bound: Decimal, *, key: str = "min") -> None:
    """Ask for `bound` or more, or for more than it under `above`; of two such rules the stricter one stays."""
    rules[key] = max(bound, rules.get(key, bound))


def at_most(rules: Rules, bound: Decimal, *, key: str = "max") -> None:
    """Ask for `bound` or less, or for less than it under `below`; of two such rules the stricter one stays."""
    rules[key] = min(bound, rules.get(key, bound))


def put_amount(rules: Rules, key: str, amount: Decimal | str) -> None:
    """Ask for `amount` of the champion, beside an amount of the other kind, and the stricter of two of one kind."""
    asked = rules.setdefault("vs_champion", {})
    known = asked.get(key, [])
    kinds = {isinstance(one, str): one for one in (known if isinstance(known, list) else [known])}
    other = kinds.get(isinstance(amount, str))
    kinds[isinstance(amount, str)] = amount if other is None else _STRICTER[key](amount, other, key=_size)
    both = [kinds[kind] for kind in sorted(kinds)]
    asked[key] = both[0] if len(both) == 1 else both


def _size(amount: Decimal | str) -> Decimal:
    return Decimal(amount.removesuffix("%")) if isinstance(amount, str) else amount


def _unmistakable(model: dict[str, Any]) -> dict[str, Any]:
    """The model, with amounts that look like ratios written as the differences that they are."""
    metrics = {name: _rules(rules) for name, rules in model.get("metrics", {}).items()}
    return model | {"metrics": metrics} if metrics else model


def _rules(rules: Rules) -> Rules:
    written = dict(rules)
    if "vs_champion" in rules:
        written["vs_champion"] = {key: _amount(amount) for key, amount in rules["vs_champion"].items()}
    if "slices" in rules:
        written["slices"] = {name: _rules(inside) for name, inside in rules["slices"].items()}
    return written


def _amount(amount: Any) -> Any:
    if isinstance(amount, list):
        return [_amount(one) for one in amount]
    return {"absolute": amount} if isinstance(amount, Decimal) and amounts.is_like_a_ratio(amount) else amount


def percent(share: Decimal) -> str:
    """A fraction as a policy writes it: 0.05 is `5%`."""
    return f"{number.EXACT.normalize(number.EXACT.scaleb(share, 2)):f}%"
