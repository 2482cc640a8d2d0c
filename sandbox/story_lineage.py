"""The story's last page: `registrar lineage`, run as a person would run it in this sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from sandbox.stage import APP, StageError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

COMMAND = (sys.executable, "-c", "from registration.cli import main; main()", "lineage")
SECONDS = 60.0


def lineage_page(version: str, *, like: Console) -> RenderableType:
    """The command that is typed, and what it prints on a terminal such as `like`.

    This process's environment leads into the sandbox. Raises `StageError` when the command fails.
    """
    colour = {"FORCE_COLOR": "1"} if like.is_terminal else {"NO_COLOR": "1"}
    environment = {**os.environ, "PYTHONPATH": str(APP), "COLUMNS": str(like.width), **colour}
    done = subprocess.run(
        [*COMMAND, version], cwd=APP, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode != 0:
        raise StageError(f"registrar lineage {version} ended with status {done.returncode}: {done.stderr.strip()}")
    return Group(Text(f"registrar lineage {version}", style="dim"), Text.from_ansi(done.stdout.rstrip("\n")))
