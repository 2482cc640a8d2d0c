"""The Azure CLI, as the hooks of azure.yaml call it. Standard library only: hooks run where nothing is installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

PATIENCE = 180  # seconds that a look at Azure takes at most
SHOWN = 300  # characters of an answer that cannot be read
DEPLOYING = "docs/infrastructure.md#deploying"

# What tools say, and what to do then; the first that fits counts.
REMEDIES = (
    (r"az login|AADSTS|InvalidAuthenticationToken|ExpiredAuthenticationToken", "sign in: az login --tenant <tenant>"),
    (
        r"SubscriptionNotFound|InvalidSubscriptionId|subscription .* (doesn't|does not) exist",
        "whoever is signed in does not see that subscription: az account list, then az login --tenant <its tenant>",
    ),
    (
        r"AuthorizationFailed|does not have authorization|Forbidden|AuthorizationPermissionMismatch",
        f"whoever is signed in lacks a role there: {DEPLOYING} says which",
    ),
    (r"TooManyRequests|\b429\b|throttl", "Azure asks for patience: wait a minute and run it again"),
    (
        r"(download|retrieve) .*Bicep",
        "az loads Bicep from GitHub; or put it on the PATH, and: az config set bicep.use_binary_from_path=true",
    ),
    (r"\bBCP\d+\b", "the Bicep of az is too old, or the parameters do not fit: az bicep upgrade"),
    (r"ResourceNotFound|ResourceGroupNotFound|was not found", "see that the id is right, and that the thing is there"),
)


class CliError(RuntimeError):
    """A command line tool is missing or refused; the message says what to do."""


def az(*arguments: str, seconds: float = PATIENCE) -> Any:
    """What `az` answers, parsed; None when it answers nothing."""
    answer = run("az", *arguments, "--output", "json", "--only-show-errors", seconds=seconds)
    try:
        return json.loads(answer) if answer.strip() else None
    except ValueError as odd:
        raise CliError(f"az {' '.join(arguments)}\nanswered what is no JSON: {answer[:SHOWN]!r}") from odd


def run(program: str, *arguments: str, seconds: float = PATIENCE) -> str:
    """What a program prints; raises `CliError` with its error output and what to do."""
    found = shutil.which(program)
    if found is None:
        raise CliError(f"{program} is not on the PATH; install it and run the command again")
    called = f"{program} {' '.join(arguments)}"
    try:
        done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired as late:
        raise CliError(f"{called}\ndid not answer in {seconds:.0f} s: try it by hand, then run azd again") from late
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}"
        raise CliError(f"{called}\n{said}{_then(said)}")
    return done.stdout


def _then(said: str) -> str:
    remedies = (then for pattern, then in REMEDIES if re.search(pattern, said, re.IGNORECASE))
    then = next(remedies, "")
    return f"\n-> {then}" if then else ""
