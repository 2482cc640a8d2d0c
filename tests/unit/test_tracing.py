"""Tracing: one trace a work, its steps below it, and counts by outcome."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from registration.azure.monitor import OpenTelemetryTracing

KEY = "0123456789abcdef" * 4


class Told:
    """Tracing into memory."""

    def __init__(self) -> None:
        self._spans, self._metrics = InMemorySpanExporter(), InMemoryMetricReader()
        traces = TracerProvider()
        traces.add_span_processor(SimpleSpanProcessor(self._spans))
        self.tracing = OpenTelemetryTracing(traces=traces, meters=MeterProvider([self._metrics]))

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self._spans.get_finished_spans()}

    def points(self, name: str) -> list[Any]:
        document = self._metrics.get_metrics_data()
        assert document is not None
        found = [metric for scope in document.resource_metrics[0].scope_metrics for metric in scope.metrics]
        return [point for metric in found if metric.name == name for point in metric.data.data_points]


@pytest.fixture
def told() -> Told:
    return Told()


def test_every_delivery_of_one_work_lies_in_the_trace_that_its_key_names(told: Told) -> None:
    with told.tracing.work(KEY):
        pass

    span = told.spans["work"]
    assert f"{span.context.trace_id:032x}" == KEY[:32]
    assert span.attributes == {"registrar.work": KEY}


def test_a_step_lies_below_its_work(told: Told) -> None:
    with told.tracing.work(KEY), told.tracing.step("validate"):
        pass

    parent = told.spans["validate"].parent
    assert parent is not None
    assert parent.span_id == told.spans["work"].context.span_id


def test_a_step_that_fails_is_measured_too(told: Told) -> None:
    with pytest.raises(ValueError, match="broken"), told.tracing.step("register"):
        raise ValueError("broken")

    (point,) = told.points("registrar.step.duration")
    assert (point.count, point.attributes) == (1, {"step": "register"})


def test_outcomes_are_counted_apart(told: Told) -> None:
    for outcome in ("registered", "registered", "rejected"):
        told.tracing.count(outcome)

    counts = {point.attributes["outcome"]: point.value for point in told.points("registrar.outcomes")}
    assert counts == {"registered": 2, "rejected": 1}
