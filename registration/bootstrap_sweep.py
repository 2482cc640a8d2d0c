"""The composition root of the sweep, for the timer and for the command line.

Apart from `bootstrap`, because nothing here is needed to work on a candidate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration import bootstrap
from registration.azure.listing import DropBlobs, WorkspaceJobs
from registration.inspecting import Inspector
from registration.retention import Retention
from registration.showing import Showing
from registration.sweep import Sweep
from registration.upkeep import Upkeep
from registration.watermark import Watermarks

if TYPE_CHECKING:
    from registration.bootstrap import Parts


def deployed() -> Sweep:
    """The sweep of this process, by its environment; raises `SettingsError`."""
    return sweep(bootstrap.parts())


def sweep(parts: Parts) -> Sweep:
    """Finds what no event told of."""
    return Sweep(
        jobs=WorkspaceJobs(parts.rest, parts.settings.workspace),
        drops=DropBlobs(parts.credential, suffix=parts.settings.storage_suffix),
        resolver=parts.resolver,
        ledger=parts.ledger,
        quiet_for=parts.ledger.quiet_for,
        pauses=parts.pauses,
        upkeep=upkeep(parts),
        leftovers=parts.leftovers,
        send=parts.queue.send,
        watermarks=Watermarks(parts.state),
        now=parts.state.now,
        observes=parts.settings.observes,
    )


def upkeep(parts: Parts) -> Upkeep:
    """What the sweep does about versions that were registered."""
    # Not the registrar's: it loads telemetry.
    versioning, now = parts.leftovers.versioning, parts.leftovers.now
    return Upkeep(
        ledger=parts.ledger,
        showing=Showing(parts.ledger, versioning),
        inspector=Inspector(parts.ledger, parts.places, parts.store, now=now),
        retention=Retention(parts.ledger, versioning, parts.deployments, now),
        pauses=parts.pauses,
        observes=parts.settings.observes,
    )
