"""Tracing through OpenTelemetry to Azure Monitor. Loaded only where messages are worked on.

One trace a work key: the trace id is the key's first 128 bits, so the deliveries of one work, on whatever instance,
lie in one trace, and a work key found in the ledger leads straight to it.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from opentelemetry import metrics, trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import TokenCredential
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

NAME = "registrar"
# What the distribution instruments unless it is told not to.
NOT_INSTRUMENTED = ("azure_sdk", "requests", "urllib", "urllib3")


class OpenTelemetryTracing:
    """Spans and metrics of the given providers, the process's own by default."""

    def __init__(self, *, traces: TracerProvider | None = None, meters: MeterProvider | None = None) -> None:
        self._tracer = trace.get_tracer(NAME, tracer_provider=traces)
        meter = metrics.get_meter(NAME, meter_provider=meters)
        self._seconds = meter.create_histogram("registrar.step.duration", unit="s", description="Time of one step.")
        self._outcomes = meter.create_counter("registrar.outcomes", description="Offers by outcome.")

    @contextlib.contextmanager
    def work(self, key: str) -> Iterator[None]:
        """A span in the trace of the work `key`, 64 hexadecimal digits."""
        origin = SpanContext(
            trace_id=int(key[:32], 16),
            span_id=int(key[32:48], 16),
            is_remote=True,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )
        parent = trace.set_span_in_context(NonRecordingSpan(origin))
        with self._tracer.start_as_current_span("work", context=parent, attributes={"registrar.work": key}):
            yield

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A span below the work's, and its seconds."""
        started = time.perf_counter()
        with self._tracer.start_as_current_span(name):
            try:
                yield
            finally:
                self._seconds.record(time.perf_counter() - started, {"step": name})

    def count(self, outcome: str) -> None:
        """One more offer ended as `outcome`."""
        self._outcomes.add(1, {"outcome": outcome})


def to_azure_monitor(connection_string: str, credential: TokenCredential) -> OpenTelemetryTracing:
    """Send the traces and metrics of this module to Application Insights, signing in with the app's identity.

    The distribution's own are off: two spans for each call of an Azure client are most of what would be paid for. So is
    its sampler, which leaves out whole works after five spans a second.
    """
    from azure.monitor.opentelemetry import configure_azure_monitor  # noqa: PLC0415 - loads half a second of packages

    configure_azure_monitor(
        connection_string=connection_string,
        credential=credential,
        disable_logging=True,
        enable_live_metrics=False,
        enable_performance_counters=False,
        sampling_ratio=1.0,
        instrumentation_options={name: {"enabled": False} for name in NOT_INSTRUMENTED},
    )
    return OpenTelemetryTracing()
