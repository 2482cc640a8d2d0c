"""Second opinions: what other scanners say of the same files, beside our verdict and never part of it.

`registrar validate --second-opinions` asks them. A scanner is a program of its own, found where Registrar is installed
or on the PATH: picklescan comes with the extra `second-opinions`, modelscan cannot be installed on our Python. It runs
in an empty folder, without our environment, for a limited time. What it says is not checked, and its memory is not
limited.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registration.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SECONDS = 60
_LONGEST = 1024 * 1024  # bytes of an answer that are read
_NAMED = 3  # reasons that are repeated


class Word(StrEnum):
    """What a scanner said of one file, in one word for all of them."""

    FLAGGED = "flagged"
    ERROR = "error"  # it stopped, could not parse the file, or took too long
    UNSURE = "unsure"  # it knows nothing bad of some names, and nothing good either
    SKIPPED = "skipped"  # it did not look at the file
    CLEAN = "clean"


@dataclass(frozen=True)
class Opinion:
    """`scanner` about the file at `path`; `detail` is its reason in its own words, or empty."""

    path: str
    scanner: str
    word: Word
    detail: str = ""


@dataclass(frozen=True)
class Answer:
    """How a scanner ended: its exit status, and what it printed or wrote, cut after 1 MiB."""

    status: int
    said: str


@dataclass(frozen=True)
class Scanner:
    """A program that looks at one file; `read` turns its answer into a word and a reason."""

    name: str
    arguments: tuple[str, ...]
    read: Callable[[Answer], tuple[Word, str]]
    install: str
    written: str = ""  # the file that it writes its answer to, if it does not print it

    def asked(self, program: Path, file: Path, *, seconds: float = SECONDS) -> tuple[Word, str]:
        """What it says of `file`; never raises for anything that the scanner does."""
        with tempfile.TemporaryDirectory(prefix="registrar-") as made:
            try:
                answer = self._run([str(program), *self.arguments, str(file.resolve())], Path(made), seconds)
                return self.read(answer)
            except subprocess.TimeoutExpired:
                return Word.ERROR, f"no answer within {seconds:g} seconds"
            except (OSError, ValueError, LookupError, TypeError, AttributeError) as strange:
                return Word.ERROR, f"its answer could not be understood: {type(strange).__name__}"

    def _run(self, command: Sequence[str], folder: Path, seconds: float) -> Answer:
        # A token or a setting of ours is none of its business, and a settings file beside the model must not count.
        bare = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LC_ALL": "C.UTF-8"}
        printed = folder / "printed"
        with printed.open("wb") as target:
            done = subprocess.run(  # noqa: S603 - a program that the user installed, and no shell
                command, cwd=folder, env=bare, stdin=subprocess.DEVNULL, stdout=target, stderr=subprocess.STDOUT,
                timeout=seconds, check=False,
            )  # fmt: skip
        with (folder / self.written if self.written else printed).open("rb") as answer:
            return Answer(done.returncode, answer.read(_LONGEST).decode("utf-8", "replace"))


def _picklescan(answer: Answer) -> tuple[Word, str]:
    # Names that a pickle chose are printed as they are and can imitate a line: they must never make the word better.
    said = answer.said
    if answer.status == 1 or any(_counts(said, "Dangerous globals")):
        return Word.FLAGGED, _some(re.findall(r"^  \* (.+) - dangerous$", said, re.MULTILINE))
    if answer.status:
        return Word.ERROR, _some(re.findall(r"^ERROR: (.+)$", said, re.MULTILINE))
    if unread := re.findall(r"^WARNING: could not parse .* as (\w+):", said, re.MULTILINE):
        return Word.SKIPPED, f"could not parse it as {unread[0]}"
    if not min(_counts(said, "Scanned files")):
        return Word.SKIPPED, ""
    unsure = re.findall(r"^  \* (.+) - suspicious$", said, re.MULTILINE)
    return (Word.UNSURE, _some(unsure)) if any(_counts(said, "Suspicious globals")) else (Word.CLEAN, "")


def _counts(said: str, name: str) -> list[int]:
    return [int(count) for count in re.findall(rf"^{name}: (\d{{1,9}})$", said, re.MULTILINE)]


def _modelscan(answer: Answer) -> tuple[Word, str]:
    said: dict[str, Any] = json.loads(answer.said)
    if said["issues"]:
        return Word.FLAGGED, _some([str(issue["description"]) for issue in said["issues"]])
    if said["errors"]:
        return Word.ERROR, _some([str(error["description"]) for error in said["errors"]])
    return (Word.CLEAN if said["summary"]["scanned"]["total_scanned"] else Word.SKIPPED), ""


def _some(reasons: Sequence[str]) -> str:
    more = len(reasons) - _NAMED
    return "; ".join((*reasons[:_NAMED], *([f"and {more} more"] if more > 0 else [])))


SCANNERS = (
    Scanner("picklescan", ("--globals", "--path"), _picklescan, "pip install '.[second-opinions]'"),
    Scanner(
        "modelscan",
        ("scan", "--reporting-format", "json", "--output-file", "answer.json", "--path"),
        _modelscan,
        "uv tool install --python 3.12 modelscan",
        written="answer.json",
    ),
)


@dataclass(frozen=True)
class Panel:
    """The scanners that are installed, each with its program, and what is missing."""

    asked: tuple[tuple[Scanner, Path], ...]
    missing: tuple[Scanner, ...]

    def opinions(self, files: Sequence[tuple[str, Path]], *, seconds: float = SECONDS) -> Iterator[Opinion]:
        """What each says of each of `files`, (path, where it lies), one after the other."""
        for path, place in files:
            for scanner, program in self.asked:
                yield Opinion(path, scanner.name, *scanner.asked(program, place, seconds=seconds))


def panel(scanners: Sequence[Scanner] = SCANNERS, *, search: str | None = None) -> Panel:
    """Who can be asked; raises `InputError` if nobody can. `search` is a PATH, the usual one if it is not given."""
    beside = str(Path(sys.executable).parent)
    places = os.pathsep.join((beside, os.environ.get("PATH", os.defpath))) if search is None else search
    found = [(scanner, shutil.which(scanner.name, path=places)) for scanner in scanners]
    asked = tuple((scanner, Path(program)) for scanner, program in found if program is not None)
    if not asked:
        ways = ", or ".join(f"{scanner.name} with {scanner.install}" for scanner in scanners)
        raise InputError(f"--second-opinions: no other scanner is installed; install {ways}")
    return Panel(asked, tuple(scanner for scanner, program in found if program is None))
