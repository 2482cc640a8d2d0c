"""Places: where in storage the files lie that a URI of Azure ML names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.assets import Asset
from registration.errors import InputError
from registration.sources.outputs import job_with, place_in
from registration.uris import DatastoreUri, parse_uri

if TYPE_CHECKING:
    from registration.artifacts.store import Location
    from registration.registry import ModelRegistry
    from registration.sources.job import Workspace
    from registration.uris import JobOutputUri, Uri


@dataclass(frozen=True)
class Places:
    """Asks one workspace; every method raises `UnavailableError` when it does not answer."""

    workspace: Workspace
    registry: ModelRegistry

    def of(self, named: Uri | Asset) -> Location | None:
        """The file or folder; None for what the workspace does not have, or does not keep in storage of its own."""
        match named:
            case Asset():
                return self._of_model(named)
            case DatastoreUri():
                return self.workspace.place(named)
            case _:
                return self._of_output(named)

    def _of_model(self, asset: Asset) -> Location | None:
        is_here = asset.kind in {"models", None} and asset.registry is None and asset.version.isdecimal()
        found = self.registry.find(asset.name, int(asset.version)) if is_here else None
        try:
            return self.of(parse_uri(found.uri)) if found else None
        except InputError:
            return None

    def _of_output(self, uri: JobOutputUri) -> Location | None:
        job = job_with(uri.job, uri.reported_output, self.workspace)
        if job is None or uri.reported_output not in job.outputs:
            return None
        home = self.workspace.output_location(job, uri.reported_output)
        return place_in(home, uri) if home else None
