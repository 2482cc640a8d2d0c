"""A TensorFlow Model Analysis `EvalConfig`, in protobuf's text format or JSON, as a policy.

Fields are those of tensorflow_model_analysis/proto/config.proto, behaviour that of evaluators/metrics_validator.py,
both at commit 422dbd3.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registration.policy.importers import foreign, prototext, slices, threshold
from registration.policy.importers.draft import Draft, Imported
from registration.policy.importers.section import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.policy.importers.slices import Slices
    from registration.policy.importers.threshold import Threshold

TOOL = "an EvalConfig of TensorFlow Model Analysis"

_NO_EQUAL = "has no equal in a policy; left out"
_NOT_OURS = "says how a model is evaluated, which is the job's own business; left out"
_NO_NAME = "slices that a policy has no name for; the threshold is left out"
_WIDER = "every value of these features; here {!r} also takes slices of more features, such as {}"


def read(text: str, *, source: str, name: str | None = None, experiment: str | None = None) -> Imported:
    """The policy that an EvalConfig asks for; raises `ForeignConfigError` naming the place."""
    draft = Draft(source, TOOL)
    root = Section(source, {}, draft.warnings, camel=True).child(_parsed(text, source))
    config = root.section("eval_config") or root
    config.require_any(TOOL, ("metrics_specs", "model_specs", "slicing_specs"))
    reader = _Reader([slices.read(spec) for spec in config.sections("slicing_specs")])
    for spec in config.sections("metrics_specs"):
        reader.metrics_spec(spec)
    for metric, thresholds in reader.found.items():
        if thresholds:
            threshold.write(thresholds, draft, metric, sliced=reader.sliced)
    for section in {id(config): config, id(root): root}.values():
        section.rest(_NOT_OURS)
    return draft.finish(name=name, experiment=experiment)


def _parsed(text: str, source: str) -> object:
    is_json = text.lstrip().startswith("{")
    return foreign.read_json(text, source=source) if is_json else prototext.read(text, source=source)


@dataclass
class _Reader:
    """Finds the thresholds of every metric; `defined` are the slices that the config computes metrics for."""

    defined: list[Slices]
    found: defaultdict[str, list[Threshold]] = field(default_factory=lambda: defaultdict(list))

    @property
    def sliced(self) -> bool:
        """Whether metrics are computed for slices at all."""
        return any(one.name != slices.OVERALL for one in self.defined)

    def metrics_spec(self, spec: Section) -> None:
        """All thresholds of one MetricsSpec, by metric name and in metrics."""
        idle = [name for config in spec.sections("metrics") if not self._metric(config, name := _name(config))]
        if idle:
            spec.warn("metrics", message=f"{', '.join(idle)}: no threshold, so nothing is asked here either")
        for metric, value, place in spec.pairs("thresholds"):
            self.found[metric].append(threshold.read(spec.child(value, *place)))
        for metric, value, place in spec.pairs("per_slice_thresholds"):
            inner = spec.child(value, *place)
            self.found[metric] += self._per_slice(inner, "thresholds")
            inner.rest(_NO_EQUAL)
        spec.rest(_NO_EQUAL)

    def _metric(self, config: Section, metric: str) -> bool:
        """Whether a MetricConfig has any threshold."""
        found = [threshold.read(everywhere)] if (everywhere := config.section("threshold")) else []
        found += self._per_slice(config, "per_slice_thresholds")
        config.rest(_NO_EQUAL)
        if found:
            self.found[metric] += found
            config.warn(message=f"the job has to log this metric as {metric!r}")
        return bool(found)

    def _per_slice(self, section: Section, key: str) -> Iterator[Threshold]:
        for entry in section.sections(key):
            asked = threshold.read(entry.section("threshold") or entry.child({}, "threshold"))
            for spec in entry.sections("slicing_specs"):
                if where := self._where(spec):
                    yield asked.within(where)
            entry.rest(_NO_EQUAL)

    def _where(self, spec: Section) -> Slices | None:
        wanted = slices.read(spec)
        if wanted.name is None:
            spec.warn(message=_NO_NAME)
            return None
        if more := next((one.name for one in self.defined if wanted.takes_more(one)), None):
            spec.warn(message=_WIDER.format(wanted.name, more))
        return wanted


def _name(config: Section) -> str:
    """What TFMA calls the metric: the name in its settings, or its class in snake case."""
    class_name = config.required_text("class_name")
    settings = _settings(config)
    if settings.keys() - {"name"} or config.text("module"):
        config.warn("config" if settings else "module", message="says how the metric is computed; left out")
    named = settings.get("name")
    return named if isinstance(named, str) and named.strip() else _snake(class_name)


def _settings(config: Section) -> dict[str, object]:
    """The JSON under `config`, which may come without its braces."""
    written = (config.text("config") or "").strip()
    if not written:
        return {}
    try:
        settings = json.loads(written if written.startswith("{") else f"{{{written}}}")
    except (ValueError, RecursionError):
        raise config.error("config", message="is not JSON") from None
    return settings if isinstance(settings, dict) else {}


def _snake(name: str) -> str:
    """As metric_specs.py makes a name of a class."""
    return re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)).lower()
