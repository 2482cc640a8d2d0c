"""What the functions of these apps were given: one file for each invocation, in the folder that RECORD_DIR names."""

import json
import os
import time
import uuid
from pathlib import Path


def record(function: str, given: str) -> None:
    """Note that a function was given a text."""
    directory = Path(os.environ["RECORD_DIR"])
    draft = directory / f".{uuid.uuid4().hex}"
    draft.write_text(json.dumps({"function": function, "given": given}), encoding="utf-8")
    draft.rename(directory / f"{time.time_ns():020}.json")


def recorded(directory: Path, function: str, *, containing: str = "") -> list[str]:
    """The texts that a function was given so far and that contain a word, oldest first."""
    notes = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(directory.glob("*.json"))]
    return [note["given"] for note in notes if note["function"] == function and containing in note["given"]]
