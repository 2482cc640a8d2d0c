"""Claims: where a team says that its drop comes from. Nobody has checked them, and the lineage says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.lineage import Lineage

if TYPE_CHECKING:
    from registration.manifest import ManifestLineage


def lineage_of(said: ManifestLineage, *, event: str, attested_by: str) -> Lineage:
    """The lineage that is claimed by `attested_by`: a manifest, or metadata."""
    return Lineage(
        job=said.job,
        job_output_uri=said.run_uri,
        experiment=None,
        git_commit=said.git_commit,
        datasets=tuple(said.datasets),
        environment=said.environment,
        source_event=event,
        attested_by=attested_by,
    )
