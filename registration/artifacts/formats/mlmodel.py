"""MLflow's MLmodel: a YAML file that says which libraries load the folder it lies in, and what else they run.

https://mlflow.org/docs/latest/ml/model. A `python_function` of the author's own is a program, whatever the files hold.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from registration.artifacts.formats import environment, plain_yaml
from registration.artifacts.formats.format import Format, Look
from registration.artifacts.formats.names import escapes, named
from registration.artifacts.formats.tree import TreeFormat, nothing_together
from registration.errors import UnreadableError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

NAME = "MLmodel"
_MOST_FLAVORS, _MOST_SAID, _LONGEST_SAID = 20, 50, 250  # flavors, entries of one, and characters of an entry
_NAME = named(r"MLmodel")
# Files in which MLflow's flavors for torch and Keras keep the name of a module that they import.
_MODULE = named(r"data[/\\](?:pickle_module_info|keras_module)\.txt")
_MODULES = {"cloudpickle", "keras", "mlflow.pytorch.pickle_module", "pickle", "tensorflow.keras", "tf_keras"}
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
_FILES = (
    *("data", "pickled_model", "model_data", "model_binary", "model_path", "model_code_path", "weights"),
    *("saved_model_dir", "model_dir"),
)
_LIBRARIES = {"spark": "pyspark"}  # of flavors that are not called like it
_NOTHING: tuple[object, ...] = ("", "null", "~", [])


def flavors(reader: Reader) -> dict[str, dict[str, str]]:
    """What an MLmodel says of each flavor, as text and cut to a size that a version takes; nothing of a broken one."""
    try:
        found = plain_yaml.parsed(plain_yaml.text(reader), code="mlmodel.broken").get("flavors")
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


def _is_named(look: Look) -> bool:
    # MLflow asks for nothing but the name, and YAML can write one thing in many ways.
    return _NAME.fullmatch(look.name) is not None and look.head != b""


def _is_mlmodel(look: Look) -> bool:
    return _FLAVORS.search(look.head) is not None and b"\0" not in look.head


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    text = plain_yaml.text(reader)
    context.tally.step(plain_yaml.STEPS * len(text))
    said = plain_yaml.parsed(text, code="mlmodel.broken")
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
    yield from _elsewhere(name, flavor, context)


def _elsewhere(name: str, flavor: Mapping[str, Any], context: Context) -> Iterator[Finding]:
    """What a flavor takes from files or modules that nobody looks into."""
    for key in _FILES:
        if isinstance(path := flavor.get(key), str) and (escapes(path) or "://" in path):
            yield context.finding(
                "mlmodel.path_escapes",
                f"{key} of the flavor {name} is {path!r}, outside of the model's folder",
                action="do not load it; ask who made it",
            )
    env = flavor.get("env")
    for path in env.values() if isinstance(env, dict) else [env] if isinstance(env, str) else []:
        if not environment.NAMES.fullmatch(str(path)) or escapes(str(path)):
            yield context.finding(
                "environment.foreign_source",
                f"the flavor {name} installs what {str(path)!r} says, which is not looked into under that name",
                level=Level.UNLISTED,
                action="call it conda.yaml, python_env.yaml or requirements.txt",
            )
    if (class_ := flavor.get("model_class")) is not None and not _is_of(name, class_):
        yield context.finding(
            "mlmodel.loader_module",
            f"the flavor {name} makes an instance of {str(class_)!r}, which is not its library's own",
            level=Level.UNLISTED,
            action="log the model under its library's own flavor, or have a person read that module",
        )


def _is_of(name: str, class_: object) -> bool:
    """Whether a class is named without a module, or in the library of the flavor."""
    module, _, last = str(class_).rpartition(".")
    return last.isidentifier() and (not module or module.partition(".")[0] == _LIBRARIES.get(name, name))


def _is_module(look: Look) -> bool:
    return _MODULE.fullmatch(look.name) is not None and look.head != b""


def _scan_module(reader: Reader, context: Context) -> Iterator[Finding]:
    said = reader.read(0, _LONGEST_SAID).strip().decode("utf-8", "replace")
    if said not in _MODULES:
        yield context.finding(
            "mlmodel.loader_module",
            f"MLflow imports the module {said!r}, which is named here, to load the model",
            level=Level.UNLISTED,
            action="log the model again with MLflow, or have a person read that module",
        )


MLMODEL = Format("mlmodel", _is_named, _scan, holds_code=True)
UNNAMED = Format("mlmodel", _is_mlmodel, _scan, weak=True, holds_code=True)
TREE = TreeFormat("mlflow", lambda paths: NAME in paths, nothing_together)
MODULE = Format("mlflow module", _is_module, _scan_module, frozenset({".txt"}))
FORMATS = (MLMODEL, UNNAMED, MODULE)
