"""Claims: where a team says that its drop comes from. Nobody has checked them, and the lineage says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.lineage import Lineage

if TYPE_CHECKING:
    from registration.artifacts.store import Location
    from registration.manifest import ManifestLineage


def lineage_of(
    said: ManifestLineage, *, event: str, attested_by: str, drop: Location, producer: str | None = None
) -> Lineage:
    """The lineage that is claimed by `attested_by`: a manifest, or metadata. `drop` is where the files were left."""
    return Lineage(
        job=said.job,
        job_output_uri=said.run_uri,
        git_commit=said.git_commit,
        git_dirty=said.git_dirty,
        git_repository=said.git_repository,
        datasets=tuple(said.datasets),
        environment=said.environment,
        parameters=said.parameters,
        drop=str(drop),
        producer=producer,
        source_event=event,
        attested_by=attested_by,
    )
