"""Decision records to make portable evidence of: the one in the documents, with whatever a test wants different."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registration.artifacts.inventory import digest
from registration.portable.decided import Decided

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = Path(__file__).parent.parent / "docs" / "formats" / "decision.md"
WORKSPACE = (
    "/subscriptions/3b1f4c7e-9a52-4d0e-8f6b-2c5d7e9a1b30/resourceGroups/ml-prod"
    "/providers/Microsoft.MachineLearningServices/workspaces/ml-prod"
)
LINEAGE = {
    "attested_by": "workspace",
    "job": "plum_wave_9xd4t",
    "job_output_uri": "azureml://jobs/plum_wave_9xd4t/outputs/model/paths/model.joblib",
    "experiment": "churn-weekly",
    "step": "train",
    "parent_job": "calm_drum_x1",
    "git_commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
    "git_repository": "https://example.org/ml/churn.git",
    "git_branch": "main",
    "datasets": '["azureml:churn-rows:12", "azureml://datastores/workspaceblobstore/paths/churn/2026-11/"]',
    "base_models": '["azureml://registries/shared/models/encoder/versions/3"]',
    "environment": f"{WORKSPACE}/environments/sklearn/versions/7",
    "parameters": '{"depth": "7"}',
}


def record(**changes: Any) -> dict[str, Any]:
    """A whole decision record; `changes` replace members of it, those of `candidate` and its `lineage` one by one."""
    (shown,) = re.findall(r"^```json\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    known: dict[str, Any] = json.loads(shown)
    candidate = {**known["candidate"], **changes.pop("candidate", {})}
    lineage: Mapping[str, str] = changes.pop("lineage", LINEAGE)
    candidate["lineage"] = {f"lineage.{name}": said for name, said in lineage.items()}
    return {**known, "candidate": candidate, **changes}


def decided(**changes: Any) -> Decided:
    """The same, as portable evidence reads it."""
    made = record(**changes)
    return Decided.of(digest(made), made, workspace=WORKSPACE)
