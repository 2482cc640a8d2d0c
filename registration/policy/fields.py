"""The small words a policy is written with: names, paths, patterns. Numbers are in `amounts`.

Each is a type that checks one written value and refuses it with a sentence about that value alone. How they stand in
the document is `document.py`'s business.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}", re.ASCII)
_CONTAINER = re.compile(r"(?=.{3,63}\Z)[a-z0-9](?:-?[a-z0-9])*", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}", re.ASCII)
_OWN_TAGS = "registrar."


def name(written: object) -> str:
    """The name of a model, a policy or a group; raises ValueError for anything else."""
    if not isinstance(written, str) or not _NAME.fullmatch(written):
        raise ValueError(
            "must start with a letter or digit and go on with letters, digits, '_', '.' or '-', 255 characters at most"
        )
    return written


def _account(written: str) -> str:
    if not _ACCOUNT.fullmatch(written):
        raise ValueError("must be a storage account's name: 3 to 24 lower-case letters and digits, no pattern")
    return written


def _container(written: str) -> str:
    if not _CONTAINER.fullmatch(written):
        raise ValueError(
            "must be a container's name: 3 to 63 lower-case letters, digits and single hyphens, no pattern"
        )
    return written


def _prefix(written: str) -> str:
    if not written.endswith("/"):
        raise ValueError(f"must end with '/', or it would also match {written}-other/")
    _relative(written[:-1])
    return written


def _relative(written: str) -> str:
    if written.startswith("/") or "\\" in written or re.match("[A-Za-z]:", written):
        raise ValueError("must be relative, with '/' between its parts")
    if is_crooked(written):
        raise ValueError("must not have an empty, '.' or '..' part, nor '/' at its end")
    return written


def is_crooked(path: str) -> bool:
    """Whether a path has a part that leads nowhere or elsewhere: empty, `.` or `..`."""
    return any(part in {"", ".", ".."} for part in path.split("/"))


def _output(written: str) -> str:
    if not written.strip() or "/" in written or written in {".", ".."}:
        raise ValueError("must be the name of an output; what lies inside it goes to path")
    return written


def _pattern(written: str) -> str:
    if not written:
        raise ValueError("must not be empty; '*' matches everything")
    return written


def _own_tag(written: str) -> str:
    if not written or written.startswith(_OWN_TAGS):
        raise ValueError(f"must not be empty nor start with {_OWN_TAGS!r}, which Registrar writes itself")
    return written


def _not_empty(written: str) -> str:
    if not written.strip():
        raise ValueError("must not be empty")
    return written


type Name = Annotated[str, AfterValidator(name), WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$"})]
type Account = Annotated[str, AfterValidator(_account)]
type Container = Annotated[str, AfterValidator(_container)]
type Prefix = Annotated[str, AfterValidator(_prefix)]
type RelativePath = Annotated[str, AfterValidator(_relative)]
type Output = Annotated[str, AfterValidator(_output)]
type Pattern = Annotated[str, AfterValidator(_pattern)]
type TagName = Annotated[str, AfterValidator(_own_tag)]
type Word = Annotated[str, AfterValidator(_not_empty)]
