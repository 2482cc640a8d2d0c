"""Other people's scanners, each in an environment of its own below `.bench/`, made by uv when first needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".bench"
# The newest Python that each can be installed on.
REQUIREMENTS = {"modelscan": "modelscan[h5py]"}  # what else than its name brings all that it can read
TOOLS = {"picklescan": sys.executable, "fickling": sys.executable, "modelaudit": sys.executable, "modelscan": "3.12"}


@dataclass(frozen=True)
class Environment:
    """`python` runs what was installed; without it `why` says why there is none."""

    tool: str
    python: Path | None
    version: str = ""
    why: str = ""


def environment(tool: str) -> Environment:
    """The environment of `tool`, made if it is not there."""
    python = FOLDER / tool / "bin" / "python"
    if (found := _version(python, tool)) or not (why := _make(tool, python)):
        return Environment(tool, python, found or _version(python, tool))
    return Environment(tool, None, why=why)


def _make(tool: str, python: Path) -> str:
    uv = shutil.which("uv") or next((str(path) for path in ROOT.glob(".uv/**/bin/uv")), None)
    if uv is None:
        return "uv is not there; run `make setup`"
    for command in (
        ["venv", "-q", "--clear", "--python", _interpreter(TOOLS.get(tool, sys.executable)), str(python.parent.parent)],
        ["pip", "install", "-q", "--python", str(python), REQUIREMENTS.get(tool, tool)],
    ):
        done = subprocess.run([uv, *command], check=False, capture_output=True, text=True)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["uv failed"])[-1].strip()
    return ""


def _interpreter(wanted: str) -> str:
    """A path if there is one: uv does not look inside pyenv's folder when the version is not the active one."""
    if Path(wanted).is_absolute():
        return wanted
    folder = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    return next((str(path) for path in folder.glob(f"{wanted}.*/bin/python")), wanted)


def _version(python: Path, tool: str) -> str:
    if not python.exists():
        return ""
    code = f"import importlib.metadata as m; print(m.version({tool!r}))"
    done = subprocess.run([python, "-c", code], check=False, capture_output=True, text=True)
    return done.stdout.strip()
