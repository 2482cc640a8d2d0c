"""A selection: the one file or folder in an output that the path of a policy means.

A path without `*` and `?` is taken as it is, and has to be there. A pattern has to fit exactly one file or folder: none
and several are refused with what there is, because nothing says which of them was meant.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from registration import paths
from registration.errors import NotVisibleYetError
from registration.finding import Finding
from registration.policy.job_output import fits, is_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from registration.artifacts.store import StoredFile

MOST_NAMED: Final = 10  # in a message
_MLMODEL: Final = "MLmodel"  # the file that makes of a folder an MLflow model


def select(files: Iterable[StoredFile], pattern: str, *, model_type: str) -> str | Finding:
    """The path that fits `pattern`, a path of a policy, empty for the whole output; or why there is no such one.

    Of an MLflow model, the file `MLmodel` stands for its folder. Raises `NotVisibleYetError` if there are no files.
    """
    shown: dict[str, None] = {}
    matches: dict[str, None] = {}
    for file in files:
        if len(shown) <= MOST_NAMED:
            shown[file.path] = None
        matches |= dict.fromkeys(each for each in _whole_and_folders(file.path) if _is_meant(each, pattern))
        if len(matches) > MOST_NAMED:
            break
    if not shown:
        raise NotVisibleYetError(f"the output shows no files, so none can fit {pattern!r}")
    if len(matches) != 1:
        return _refused(pattern, list(matches), list(shown))
    path = model_at(next(iter(matches)), model_type=model_type)
    return _usable(path, is_mlflow=model_type == "mlflow_model")


def model_at(path: str, *, model_type: str) -> str:
    """`path`, or the folder of an MLflow model whose file `MLmodel` it is."""
    folder, _, name = path.rpartition("/")
    return folder if model_type == "mlflow_model" and name == _MLMODEL else path


def _is_meant(path: str, pattern: str) -> bool:
    return fits(path, pattern) if is_pattern(pattern) else path == pattern


def _whole_and_folders(path: str) -> Iterator[str]:
    """The path of a file, and of each folder that it lies in."""
    yield from (path[:end] for end, letter in enumerate(path) if letter == "/" and end)
    yield path


def _usable(path: str, *, is_mlflow: bool) -> str | Finding:
    if path and (wrong := paths.fault(path)) is not None:
        return Finding("job.path_unusable", path, wrong)
    if is_mlflow and "." in path.rpartition("/")[2]:
        message = "azure-ai-ml cannot register an mlflow_model folder with a dot in its name"
        return Finding("job.path_unusable", path, message, action="let the job write it to a folder without one")
    return path


def _refused(pattern: str, matches: list[str], shown: list[str]) -> Finding:
    if not matches:
        message = f"nothing in the output fits {pattern!r}; it holds: {_listed(shown)}"
        return Finding("job.path_missing", "", message, action="correct from.path in the policy, or the job")
    message = f"several files or folders in the output fit {pattern!r}: {_listed(matches)}"
    return Finding("job.path_ambiguous", "", message, action="make from.path narrower, so that only one fits")


def _listed(found: list[str]) -> str:
    more = " and more" if len(found) > MOST_NAMED else ""
    return ", ".join(repr(path) for path in islice(found, MOST_NAMED)) + more
