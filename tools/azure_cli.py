"""The Azure CLI, as the hooks of azure.yaml call it. Standard library only: hooks run where nothing is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any


class CliError(RuntimeError):
    """A command line tool is missing or refused; the message says what to do."""


def az(*arguments: str) -> Any:
    """What `az` answers, parsed; None when it answers nothing."""
    answer = run("az", *arguments, "--output", "json", "--only-show-errors")
    return json.loads(answer) if answer.strip() else None


def run(program: str, *arguments: str) -> str:
    """What a program prints; raises `CliError` with its error output."""
    found = shutil.which(program)
    if found is None:
        raise CliError(f"{program} is not on the PATH; install it and run the command again")
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CliError(f"{program} {' '.join(arguments)}\n{done.stderr.strip()}")
    return done.stdout
