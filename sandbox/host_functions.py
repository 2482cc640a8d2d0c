"""A function of the app under the sandbox's host: its name and its bindings, as the worker library indexed them.

Made by `sandbox.host_worker.Worker`. Bindings carry what the decorators say, before settings are put in.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

_SETTING = re.compile(r"%([^%]+)%")

EVENT_GRID_TRIGGER = "eventGridTrigger"
QUEUE_OUTPUT = "queue"
QUEUE_TRIGGER = "queueTrigger"
TIMER_TRIGGER = "timerTrigger"


class HostError(Exception):
    """The app cannot be hosted as it is; the message says what is wrong and where."""


@dataclass(frozen=True)
class Binding:
    """One binding of a function; `document` is all of it, as `function.json` would spell it."""

    name: str
    type: str
    output: bool
    document: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> Self:
        """A binding from the worker library's raw binding."""
        document = json.loads(text)
        return cls(
            name=document["name"],
            type=document["type"],
            output=document["direction"] == "OUT",
            document=document,
        )


@dataclass(frozen=True)
class Function:
    """One indexed function; `id` is the worker library's name for it."""

    id: str
    name: str
    bindings: tuple[Binding, ...]

    @property
    def trigger(self) -> Binding:
        """The binding that starts the function. Raises HostError when there is none."""
        for binding in self.bindings:
            if binding.type.endswith("Trigger"):
                return binding
        raise HostError(f"function {self.name} has no trigger: give it a trigger decorator")

    def output(self, name: str) -> Binding:
        """The output binding of that name. Raises HostError when there is none."""
        for binding in self.bindings:
            if binding.output and binding.name == name:
                return binding
        raise HostError(f"function {self.name} has no output binding named {name!r}")

    def document(self) -> dict[str, Any]:
        """The function as `GET /admin/functions` lists it."""
        bindings = [dict(binding.document) for binding in self.bindings]
        return {"name": self.name, "language": "python", "isDisabled": False, "config": {"bindings": bindings}}


def resolve_settings(text: str, environment: Mapping[str, str]) -> str:
    """Replace every `%NAME%` by that app setting. Raises HostError when a setting is missing."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in environment:
            raise HostError(f"'%{name}%' does not resolve to a value: set the app setting {name}")
        return environment[name]

    return _SETTING.sub(value, text)
