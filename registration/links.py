"""Links: what a version says of its origin in Azure ML's own fields, `jobName` and `datasets`, where Studio looks.

The service sets `jobName` itself for a path that is a job's output, and nobody sets `datasets`. Both are told to it
after the version was made, and read back. The properties say the same, so what it does not take is only told.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from registration.assets import asset_in
from registration.errors import PermanentError
from registration.lineage import CHECKED, WORKSPACE

if TYPE_CHECKING:
    from registration.lineage import Lineage
    from registration.registry import ModelRegistry, ModelVersion, Registration

log = logging.getLogger(__name__)


def links_of(lineage: Lineage) -> dict[str, Any]:
    """`job` and `datasets` of a registration: what is known of jobs, and of claims that the workspace bears out."""
    if lineage.attested_by not in {WORKSPACE, CHECKED}:
        return {}
    read = () if "datasets" in lineage.claimed else lineage.datasets
    assets = ((uri, asset_in(uri)) for uri in read)
    data = tuple(uri for uri, asset in assets if asset and asset.kind in {"data", None} and not asset.is_anonymous)
    return {"job": lineage.job, "datasets": data}


def link(wanted: Registration, found: ModelVersion, *, registry: ModelRegistry) -> tuple[str, ...]:
    """Tell the service what `found` does not say of its origin; the names of the fields that do not say it afterwards.

    Those are logged. Raises `UnavailableError` when the registry does not answer.
    """
    if not unlinked(wanted, found):
        return ()
    name = f"{wanted.model}:{wanted.version}"
    try:
        registry.link(wanted)
    except PermanentError as refused:
        log.warning("Azure ML does not take the origin of %s: %s", name, refused)
    now = registry.find(wanted.model, wanted.version)
    fields = unlinked(wanted, now) if now else ()
    if fields:
        said = {"registrar_model": wanted.model, "registrar_version": wanted.version, "registrar_unlinked": fields}
        log.warning("%s does not say its origin in %s; its properties do", name, " and ".join(fields), extra=said)
    return fields


def unlinked(wanted: Registration, found: ModelVersion) -> tuple[str, ...]:
    """The service's own fields that do not say what is wanted of them, by their names."""
    said, asked = [asset_in(uri) for uri in found.datasets], [asset_in(uri) for uri in wanted.datasets]
    lacks_data = any(one and not any(other and one.may_be(other) for other in said) for one in asked)
    lacks_job = wanted.job is not None and found.job != wanted.job
    return (*(("jobName",) if lacks_job else ()), *(("datasets",) if lacks_data else ()))
