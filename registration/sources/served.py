"""What is served: the files that a policy's `serving` names, held against the listing of a candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.inventory import Artifact
    from registration.policy.serving import Serving


def missing(serving: Serving | None, artifact: Artifact) -> Iterator[Finding]:
    """The files that are named and not there; whoever deployed the version would find out later."""
    for key, path in serving.files.items() if serving else ():
        if path not in artifact.paths:
            message = f"the policy names it as serving.{key}, and the candidate has no such file"
            action = "write it beside the model, or mend the path in the policy"
            yield Finding("serving.file_missing", path, message, action=action)
