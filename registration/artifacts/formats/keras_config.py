"""A Keras configuration: the layers of a model as JSON, from a `.keras` file, an HDF5 attribute or a SavedModel.

Loading one creates the objects that it names. Keras imports what it is told to, so only names that this version knows
to be plain layers, losses and the like are let pass; a Lambda layer is a program.
https://keras.io/api/models/model_saving_apis/serialization_utils
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registration.artifacts.formats import json_text
from registration.artifacts.formats.format import Format, Look
from registration.errors import TooLargeError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_MOST = 500_000  # values in one configuration
_LARGEST = 8 * 1024 * 1024
_PACKAGES = ("keras.src.", "keras.", "tf_keras.src.", "tf_keras.")
_PARTS = {
    "",
    "activations",
    "constraints",
    "dtype_policies",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "quantizers",
    "random",
    "regularizers",
}
# Parts of which only modules that hold operations and nothing else count.
_OPERATIONS = {f"ops.{part}" for part in ("core", "einops", "image", "linalg", "math", "nn", "numpy")}
# Classes of Keras that run or load something of the author's choice.
_RUNS = {
    "Lambda": "a function of the author's",
    "__lambda__": "a function of the author's",
    "TFSMLayer": "another saved model",
    "TorchModuleWrapper": "a pickled torch module",
    "FlaxLayer": "a Flax module",
    "JaxLayer": "a function of the author's",
}


def _matches(look: Look) -> bool:
    return look.head.lstrip()[:1] == b"{" and b'"class_name"' in look.head


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    if reader.reaches(_LARGEST + 1):
        raise TooLargeError("scan.too_large", f"a configuration of more than {_LARGEST} bytes")
    yield from judged(reader.read(0, _LARGEST), context)


def judged(data: bytes, context: Context) -> Iterator[Finding]:
    """What is to be said of a configuration; raises `UnreadableError` for what is no JSON."""
    config = json_text.parse(data, code="keras.broken", what="the configuration")
    for entry in _objects(config):
        yield from _object(entry, context)


def _objects(config: Any) -> Iterator[Mapping[str, Any]]:
    """Every object that loading would create, however deep it lies."""
    waiting, seen = [config], 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > _MOST:
            raise TooLargeError("scan.too_large", f"more than {_MOST} values in the configuration")
        if isinstance(value, dict):
            if "class_name" in value:
                yield value
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)


def _object(entry: Mapping[str, Any], context: Context) -> Iterator[Finding]:
    name, module = entry["class_name"], entry.get("module")
    if isinstance(name, str) and (runs := _RUNS.get(name.rpartition(">")[2])):
        yield context.finding(
            "keras.runs_code", f"a {name} runs {runs} when the model is loaded or used", action="do not load it"
        )
    elif module is not None and not _is_plain(module, name):
        yield context.finding(
            "keras.foreign_module",
            f"loading imports {name!r} from {module!r}",
            action="do not load it; ask who made it",
        )
    elif _is_brought(entry.get("registered_name"), name, module):
        yield context.finding(
            "keras.custom_object",
            f"{entry['registered_name']!r} is a class that whoever loads the model has to bring",
            level=Level.UNLISTED,
            action="build the model of Keras' own layers, or have a person vouch for the class",
        )


def _is_plain(module: Any, name: Any) -> bool:
    """Whether it is a class of Keras in a part of Keras that holds no more than that."""
    if not isinstance(module, str) or not isinstance(name, str) or not name[:1].isupper():
        return False
    package = next((package for package in _PACKAGES if f"{module}.".startswith(package)), None)
    if package is None:
        return False
    part = f"{module}.".removeprefix(package).rstrip(".")
    return part in _OPERATIONS or part.partition(".")[0] in _PARTS


def _is_brought(registered: Any, name: Any, module: Any) -> bool:
    """Whether the class is to be registered by whoever loads the model: Keras names the module of its own."""
    if registered is None:
        return False
    return module is None or (registered != name and str(registered) != f"keras>{name}")


FORMAT = Format("keras configuration", _matches, _scan, frozenset({".json"}), weak=True, holds_code=True)
