"""Telemetry: what happened, counted. A count is a log line that a query over the logs can sum.

Loads nothing beyond the standard library, because the doors count too.
"""

from __future__ import annotations

import logging

log = logging.getLogger("registration.counts")


def count(outcome: str, *, reason: str) -> None:
    """Count one event that ended as `outcome`; both values become fields of the log record."""
    log.info("counted %s: %s", outcome, reason, extra={"registrar_outcome": outcome, "registrar_reason": reason})
