"""Other people's scanners, asked about every file of a folder in a process of their own environment.

Each answers one word a file: `flagged`, `error` (it stopped), `unsure` (said to be suspicious, and nothing more),
`skipped` (not looked at), or `clean`. No file gets more than `SECONDS`.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from bench.environments import Environment

SECONDS = 20
_EACH = """
import contextlib, json, logging, signal, sys
from pathlib import Path
logging.disable(logging.CRITICAL)
def late(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, late)
{ask}
said = {{}}
with contextlib.redirect_stdout(sys.stderr):
    for path in sorted(Path(sys.argv[1]).iterdir()):
        signal.alarm({seconds})
        try:
            said[path.name] = ask(str(path))
        except Exception:
            said[path.name] = "error"
        finally:
            signal.alarm(0)
print(json.dumps(said))
"""
_ASK = {
    "picklescan": """
from picklescan.scanner import SafetyLevel, scan_file_path
def ask(path):
    found = scan_file_path(path)
    if found.infected_files or found.issues_count:
        return "flagged"
    if found.scan_err:
        return "error"
    if not found.scanned_files:
        return "skipped"
    return "unsure" if any(each.safety == SafetyLevel.Suspicious for each in found.globals) else "clean"
""",
    "fickling": """
from fickling.analysis import Severity, check_safety
from fickling.fickle import StackedPickle
def ask(path):
    with open(path, "rb") as file:
        found = StackedPickle.load(file)
    unsafe = any(check_safety(each).severity > Severity.LIKELY_SAFE for each in found)
    return "flagged" if unsafe else "clean"
""",
    "modelscan": """
from modelscan.modelscan import ModelScan
def ask(path):
    found = ModelScan().scan(path)
    if found["summary"]["total_issues"]:
        return "flagged"
    if found["errors"]:
        return "error"
    return "clean" if found["summary"]["scanned"]["total_scanned"] else "skipped"
""",
    "modelaudit": """
from click.testing import CliRunner
from modelaudit.cli import cli
def ask(path):
    done = CliRunner().invoke(cli, ["scan", "--no-cache", "--format", "json", path])
    return {0: "clean", 1: "flagged"}.get(done.exit_code, "error")
""",
}


def ask(tool: Environment, folder: Path) -> dict[str, str]:
    """What `tool` says of each file in `folder`, by name; raises `CalledProcessError` if it cannot even be asked."""
    program = _EACH.format(ask=_ASK[tool.tool], seconds=SECONDS)
    # One of them reports its use to a server unless it is told not to; nothing leaves this machine.
    around = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "NO_ANALYTICS": "1"}
    command = [str(tool.python), "-c", program, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=around)
    return dict(json.loads(done.stdout))
