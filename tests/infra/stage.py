"""A stage for the hooks of azd: programs that call `az` and `azd`, which stand-ins answer here."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.infra.project import ROOT

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-ml/providers"

# Answers with what the first key that its arguments contain stands for, once for each in a list; writes down its calls.
# The text `refused:WHY` is an error, `said:TEXT` an answer that need be no JSON.
STAND_IN = """\
#!{python}
import json, pathlib, sys
here = pathlib.Path(__file__).parent
call = " ".join([pathlib.Path(__file__).name, *sys.argv[1:]])
with (here / "calls").open("a") as calls:
    calls.write(call + "\\n")
answers = json.loads((here / "answers").read_text())
for key, waiting in answers.items():
    if key in call:
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        (here / "answers").write_text(json.dumps(answers))
        if isinstance(answer, str):
            word, _, said = answer.partition(":")
            if word == "refused":
                sys.exit("ERROR: " + (said or "refused"))
            print(said)
        else:
            print(json.dumps(answer))
        break
"""


@dataclass(frozen=True)
class Stage:
    """A folder with stand-ins of `az` and `azd`."""

    path: Path

    def run(self, hook: str, answers: dict[str, list[Any]], **environment: str) -> subprocess.CompletedProcess[str]:
        """The hook with these answers, and nothing else in the environment."""
        for name in ("az", "azd"):
            program = self.path / name
            program.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
            program.chmod(0o755)
        (self.path / "answers").write_text(json.dumps(answers), encoding="utf-8")
        command = [sys.executable, str(ROOT / "tools" / hook)]
        surroundings = {"PATH": str(self.path), "AZURE_ENV_NAME": "ours", **environment}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings, cwd=self.path)

    @property
    def calls(self) -> list[str]:
        """What the stand-ins were called with."""
        return (self.path / "calls").read_text(encoding="utf-8").splitlines()

    @property
    def kept(self) -> dict[str, str]:
        """What the azd environment was told."""
        told = (call.split(" ", 4) for call in self.calls if call.startswith("azd env set "))
        return {name: value for *_, name, value in told}


# What az answers where it is of no use, and what to do then.
REFUSALS = [
    ("refused:Please run 'az login' to setup account.", "-> sign in: az login --tenant"),
    ("refused:(InvalidAuthenticationTokenTenant) The access token is from the wrong issuer", "-> sign in: az login"),
    ("refused:(SubscriptionNotFound) The subscription '1' could not be found.", "-> whoever is signed in does not see"),
    ("refused:(AuthorizationFailed) does not have authorization to perform action", "lacks a role there: docs/"),
]
