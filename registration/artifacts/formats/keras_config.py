"""A Keras configuration: the layers of a model as JSON, from a `.keras` file, an HDF5 attribute or a SavedModel.

Loading one creates the objects that it names. Keras imports what it is told to, so only names that this version knows
to be plain layers, losses and the like are let pass; a Lambda layer is a program.
https://keras.io/api/models/model_saving_apis/serialization_utils
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from registration.artifacts.formats import json_text, keras_names
from registration.artifacts.formats.format import Format, Look
from registration.artifacts.formats.names import escapes
from registration.errors import TooLargeError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_MOST = 500_000  # values in one configuration
_LARGEST = 8 * 1024 * 1024
# Layers of tf-keras that call what they name, and layers that may be given a file's name.
_OPERATIONS = {"TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty"}
_WRAPPERS = {"DropoutWrapper", "ResidualWrapper"}  # of cells; of old ones too, which are given a Lambda's bytes
_LOOKUPS = {"StringLookup", "IntegerLookup", "IndexLookup", "TextVectorization"}
# What names a file: to layers that look words up, and to columns of features.
_FILES = ("vocabulary", "vocabulary_file", "ckpt_to_load_from")
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
    """JSON that names a class somewhere, or may do so where nobody looks and goes by the name that Keras reads."""
    if not json_text.begins(look.head, b"{", b"["):
        return False
    if look.is_whole:
        return names_class(look.head)
    if look.reader.reaches(_LARGEST + 1):
        return _is_named(look) or names_class(look.head)
    return names_class(look.reader.read(0, _LARGEST))


def _is_named(look: Look) -> bool:
    return re.split("[/!]", look.name)[-1] == "config.json"


def names_class(text: bytes) -> bool:
    """Whether JSON has a key `class_name`."""
    return json_text.has_key(text, b"class_name")


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    if reader.reaches(_LARGEST + 1):
        raise TooLargeError("scan.too_large", f"a configuration of more than {_LARGEST} bytes")
    yield from judged(reader.read(0, _LARGEST), context)


def judged(data: bytes, context: Context) -> Iterator[Finding]:
    """What is to be said of a configuration; raises `UnreadableError` for what is no JSON."""
    context.tally.step(len(data))
    config = json_text.parse(json_text.as_utf8(data), code="keras.broken", what="the configuration")
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
    name, module, config = entry["class_name"], entry.get("module"), entry.get("config")
    short = name.rpartition(">")[2] if isinstance(name, str) else ""
    said = config if isinstance(config, dict) else {}
    if runs := _RUNS.get(short):
        yield context.finding(
            "keras.runs_code", f"a {name} runs {runs} when the model is loaded or used", action="do not load it"
        )
    elif (module, name) == ("builtins", "function") and keras_names.is_function(config):
        return
    elif module is not None and not keras_names.is_plain(module, name):
        yield context.finding(
            "keras.foreign_module",
            f"loading imports {name!r} from {module!r}",
            action="do not load it; ask who made it",
        )
    elif _is_brought(entry.get("registered_name"), name, module):
        yield _brought(f"{entry['registered_name']!r} is a class that whoever loads the model has to bring", context)
    yield from _used(name, short, said, context)


def _used(name: Any, short: str, said: Mapping[str, Any], context: Context) -> Iterator[Finding]:
    """What an object of Keras' own calls or reads."""
    if short in _WRAPPERS and any(str(key).endswith("_fn_type") for key in said):
        yield context.finding("keras.runs_code", f"a {name} calls a function of the author's", action="do not load it")
    if short == "TensorFlowOpLayer":
        yield _brought(f"a {name} is any operator of TensorFlow, which may do more than compute", context)
    if short in _OPERATIONS and ("cls_symbol" in said or not keras_names.is_operation(said.get("function"))):
        symbol = said.get("function") or said.get("cls_symbol")
        yield _brought(f"a {name} calls {symbol!r} of TensorFlow, which may do more than compute", context)
    for key in _FILES if short in _LOOKUPS else _FILES[1:]:
        if isinstance(said.get(key), str):
            yield _reads(short, said[key], context)


def _brought(message: str, context: Context) -> Finding:
    return context.finding(
        "keras.custom_object",
        message,
        level=Level.UNLISTED,
        action="build the model of Keras' own layers, or have a person vouch for it",
    )


def _reads(layer: str, path: str, context: Context) -> Finding:
    is_far = escapes(path) or "://" in path
    return context.finding(
        "keras.reads_file",
        f"a {layer} reads what it needs from {path!r} when the model is loaded",
        level=Level.UNSAFE if is_far else Level.UNLISTED,
        action="do not load it; ask who made it" if is_far else "give the layer its words, not the name of a file",
    )


def _is_brought(registered: Any, name: Any, module: Any) -> bool:
    """Whether the class is to be registered by whoever loads the model: Keras names the module of its own."""
    if registered is None:
        return False
    return module is None or (registered != name and str(registered) != f"keras>{name}")


FORMAT = Format("keras configuration", _matches, _scan, frozenset({".json"}), weak=True, holds_code=True, hides=True)
