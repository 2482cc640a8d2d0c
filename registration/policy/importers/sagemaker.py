"""The gate of a SageMaker pipeline, a `ConditionStep` in its definition JSON, as a policy.

The form is that of workflow/conditions.py and workflow/functions.py of the Python SDK at commit a248126: when all of a
step's `Conditions` hold, the steps under `IfSteps` run, else those under `ElseSteps`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.policy.importers import foreign
from registration.policy.importers.conditions import Bound, Reader
from registration.policy.importers.draft import Draft, Imported, at_least, at_most
from registration.policy.importers.section import Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TOOL = "a condition step of a SageMaker pipeline"

_REGISTERS = {"RegisterModel", "Model"}
_NOT_OURS = "says how the pipeline runs, which stays the pipeline's business; left out"
_JOINED = "conditions of several steps; all of them must hold here"
_NO_MODEL = "neither branch registers a model; the conditions are taken for the gate all the same"
_EITHER_WAY = "both branches register a model, so the conditions keep nothing out; left out"
_ELSE = "the model is registered when the conditions do not hold, so they are turned around"
_ELSE_OF_SEVERAL = (
    "registers the model when any one of several conditions fails; a policy asks for all its rules; left out"
)


@dataclass(frozen=True)
class _Step:
    """A step, read to its leaves; a step of any other type than Condition has no conditions and no branches."""

    section: Section
    kind: str
    conditions: tuple[Section, ...]
    then: tuple[_Step, ...]
    otherwise: tuple[_Step, ...]
    package: str | None

    def registers(self) -> bool:
        """Whether it, or a step below it, registers a model."""
        return self.kind in _REGISTERS or _any_registers(self.then) or _any_registers(self.otherwise)

    def below(self) -> Iterator[_Step]:
        """It, and every step in its branches."""
        yield self
        for step in (*self.then, *self.otherwise):
            yield from step.below()


def read(text: str, *, source: str, name: str | None = None, experiment: str | None = None) -> Imported:
    """The policy that the pipeline's conditions ask for; raises `ForeignConfigError` naming the place."""
    draft = Draft(source, TOOL)
    root = Section(source, {}, draft.warnings).child(foreign.read_json(text, source=source))
    definition = _definition(root)
    definition.require_any(TOOL, ("Steps", "Type"))
    parameters = {str(one.text("Name")): one.take("DefaultValue") for one in definition.sections("Parameters")}
    tops = [_step(one) for one in ([definition] if definition.text("Type") else definition.sections("Steps"))]
    steps = [step for top in tops for step in top.below()]
    if package := next((step.package for step in steps if step.package), None):
        draft.put("name", package, place="ModelPackageGroupName")
    _write(draft, Reader(parameters), steps)
    if not definition.text("Type"):
        definition.rest(_NOT_OURS)
    return draft.finish(name=name, experiment=experiment)


def _definition(root: Section) -> Section:
    """What `describe-pipeline` answers with holds the definition as text."""
    written = root.take("PipelineDefinition")
    if written is None:
        return root
    root.rest(_NOT_OURS)
    inner = foreign.read_json(written, source=root.source) if isinstance(written, str) else written
    return root.child(inner, "PipelineDefinition")


def _step(section: Section) -> _Step:
    kind = section.required_text("Type")
    arguments = section.section("Arguments")
    if arguments is None or kind != "Condition":
        return _Step(section, kind, (), (), (), _package(arguments) if kind in _REGISTERS else None)
    conditions, then, otherwise = map(arguments.sections, ("Conditions", "IfSteps", "ElseSteps"))
    section.text("Name")
    for part in (arguments, section):
        part.rest(_NOT_OURS)
    return _Step(section, kind, tuple(conditions), tuple(map(_step, then)), tuple(map(_step, otherwise)), None)


def _package(arguments: Section | None) -> str | None:
    group = arguments.take("ModelPackageGroupName") if arguments else None
    return group if isinstance(group, str) else None


def _any_registers(steps: Sequence[_Step]) -> bool:
    return any(step.registers() for step in steps)


def _write(draft: Draft, reader: Reader, steps: Sequence[_Step]) -> None:
    gates = [step for step in steps if step.conditions]
    deciding = [step for step in gates if step.registers()] or gates
    for step in gates:
        if step not in deciding:
            step.section.warn(message="no model is registered below this step; its conditions are left out")
    if others := [str(step.section.text("Name")) for step in steps if step.kind != "Condition"]:
        draft.warn("Steps", f"{', '.join(others)}: no conditions; {_NOT_OURS}")
    if len(deciding) > 1:
        draft.warn("Steps", f"{', '.join(str(step.section.text('Name')) for step in deciding)}: {_JOINED}")
    for step in deciding:
        for bound in _bounds(step, reader):
            _ask(draft, bound)


def _bounds(step: _Step, reader: Reader) -> Iterator[Bound]:
    then, otherwise = _any_registers(step.then), _any_registers(step.otherwise)
    if then and otherwise:
        step.section.warn(message=_EITHER_WAY)
        return
    if otherwise and len(step.conditions) > 1:
        step.section.warn(message=_ELSE_OF_SEVERAL)
        return
    if then == otherwise:
        step.section.warn(message=_NO_MODEL)
    elif otherwise:
        step.section.warn(message=_ELSE)
    for condition in step.conditions:
        yield from reader.bounds(condition, negated=otherwise)


def _ask(draft: Draft, bound: Bound) -> None:
    rules = draft.rules(bound.metric, place=bound.place)
    if bound.sign in {">", ">=", "=="}:
        at_least(rules, bound.value, key="above" if bound.sign == ">" else "min")
    if bound.sign in {"<", "<=", "=="}:
        at_most(rules, bound.value, key="below" if bound.sign == "<" else "max")
