"""MLflow's MLmodel: a YAML file that says which libraries load the folder it lies in, and what else they run.

https://mlflow.org/docs/latest/ml/model. A `python_function` of the author's own is a program, whatever the files hold.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import yaml

from registration.artifacts.formats.format import Format, Look
from registration.artifacts.formats.tree import TreeFormat, nothing_together
from registration.errors import TooLargeError, UnreadableError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

NAME = "MLmodel"
_LARGEST = 512 * 1024
_MOST_FLAVORS, _MOST_SAID, _LONGEST_SAID = 20, 50, 250  # flavors, entries of one, and characters of an entry
_FLAVORS = re.compile(rb"^flavors:", re.MULTILINE)
_OWN_CODE = {"mlflow.pyfunc.model", "mlflow.pyfunc.loaders.code_model", "mlflow.pyfunc.loaders.chat_model"}
# What these load is judged by the files they read.
_LOADERS = {
    f"mlflow.{library}"
    for library in (
        *("catboost", "h2o", "keras", "lightgbm", "onnx", "paddle", "pmdarima", "prophet", "pytorch", "sklearn"),
        *("spacy", "spark", "statsmodels", "tensorflow", "transformers", "xgboost"),
    )
}
_NOTHING: tuple[object, ...] = ("", "null", "~", [])
_ENVIRONMENTS = re.compile(r"(?:.*[/!])?(?:requirements\.txt|conda\.ya?ml|python_env\.ya?ml|constraints\.txt)")
_ELSEWHERE = re.compile(
    rb"(?:git|hg|svn|bzr)\+|\b(?:https?|ftp|file|ssh)://|(?:^|\s)(?:-i|--(?:extra-)?index-url|-f|--find-links|-e|--editable)\b",
    re.IGNORECASE,
)


class _Plain(yaml.BaseLoader):
    """Makes text, lists and mappings, nothing else. An alias would let a small file grow without bound."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias is not allowed here")
        return super().compose_node(parent, index)


def flavors(reader: Reader) -> dict[str, dict[str, str]]:
    """What an MLmodel says of each flavor, as text and cut to a size that a version takes; nothing of a broken one."""
    try:
        found = _parsed(_text(reader)).get("flavors")
    except UnreadableError:
        return {}
    known = found if isinstance(found, dict) else {}
    return {_cut(name): _said(flavor) for name, flavor in islice(known.items(), _MOST_FLAVORS)}


def _said(flavor: object) -> dict[str, str]:
    told = flavor if isinstance(flavor, dict) else {}
    kept = {_cut(key): _cut(value) for key, value in told.items() if value not in _NOTHING}
    return dict(islice(kept.items(), _MOST_SAID))


def _cut(said: object) -> str:
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return text.encode(errors="replace").decode()[:_LONGEST_SAID]


def _is_mlmodel(look: Look) -> bool:
    return _FLAVORS.search(look.head) is not None and b"\0" not in look.head


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    said = _parsed(_text(reader))
    flavors = said.get("flavors")
    if not isinstance(flavors, dict):
        raise UnreadableError("mlmodel.broken", "flavors is no mapping")
    for name, flavor in flavors.items():
        yield from _flavor(str(name), flavor if isinstance(flavor, dict) else {}, context)
    if not said.get("signature"):
        yield context.finding(
            "mlmodel.no_signature",
            "no signature says what goes in and what comes out",
            level=Level.NOTE,
            action="log the model with a signature or an input example",
        )


def _text(reader: Reader) -> bytes:
    if reader.reaches(_LARGEST + 1):
        raise TooLargeError("scan.too_large", f"a text of more than {_LARGEST} bytes")
    return reader.read(0, _LARGEST)


def _parsed(text: bytes) -> Mapping[str, Any]:
    try:
        said = yaml.load(text, Loader=_Plain)  # noqa: S506 - it makes plain values only
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as broken:
        raise UnreadableError("mlmodel.broken", f"is not YAML: {' '.join(str(broken).split())[:200]}") from None
    if not isinstance(said, dict):
        raise UnreadableError("mlmodel.broken", "is no mapping")
    return said


def _flavor(name: str, flavor: Mapping[str, Any], context: Context) -> Iterator[Finding]:
    loader = flavor.get("loader_module")
    if name == "python_function" and (loader in _OWN_CODE or flavor.get("python_model")):
        yield context.finding(
            "mlmodel.pyfunc_code",
            "the model is a Python class of the author's, which runs when it is loaded",
            level=Level.UNSCANNABLE,
            action="log the model under its library's own flavor, or have a person read the code",
        )
    elif loader is not None and loader not in _LOADERS:
        yield context.finding(
            "mlmodel.loader_module",
            f"the module {str(loader)!r} loads the model, and nobody has reviewed it",
            level=Level.UNLISTED,
            action="log the model under its library's own flavor, or have a person read that module",
        )
    if flavor.get("code", "") not in _NOTHING:
        yield context.finding(
            "mlmodel.code_paths",
            f"the flavor {name} puts the folder {str(flavor['code'])!r} on Python's path",
            level=Level.UNSCANNABLE,
            action="log the model without code paths, or have a person read that folder",
        )


def _is_environment(look: Look) -> bool:
    return _ENVIRONMENTS.fullmatch(look.name) is not None and b"\0" not in look.head


def _scan_environment(reader: Reader, context: Context) -> Iterator[Finding]:
    for number, line in enumerate(_text(reader).splitlines(), start=1):
        code = line.partition(b"#")[0] if line.lstrip().startswith(b"#") else line
        if _ELSEWHERE.search(code):
            said = code.decode("utf-8", "replace").strip()
            yield context.finding(
                "environment.foreign_source",
                f"line {number} installs from elsewhere than the configured index: {said}",
                level=Level.UNLISTED,
                action="name released packages by version, and keep addresses out of the file",
            )


MLMODEL = Format("mlmodel", _is_mlmodel, _scan, weak=True, holds_code=True)
ENVIRONMENT = Format("environment", _is_environment, _scan_environment, frozenset({".txt", ".yaml", ".yml"}), weak=True)
TREE = TreeFormat("mlflow", lambda paths: NAME in paths, nothing_together)
FORMATS = (MLMODEL, ENVIRONMENT)
