"""skops: scikit-learn models as a zip of arrays, with a tree of the objects to make in `schema.json`.

https://skops.readthedocs.io/en/stable/persistence.html. Loading makes instances of the classes that the tree
names, once whoever loads it trusts them; the profile says which of them anybody may.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from registration.artifacts.formats import json_text, names
from registration.artifacts.formats.format import Format, Look
from registration.artifacts.pickles.globals import is_dangerous
from registration.artifacts.pickles.names import is_plain
from registration.errors import TooLargeError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_LARGEST = 8 * 1024 * 1024
_NAME = names.named(r"schema\.json")
_LOADER = b"__loader__"
# Loaders that look a name up on what they made, or call what they are handed.
_CALLS = frozenset({"MethodNode", "OperatorFuncNode", "PartialNode"})
# Loaders that call nothing. What a pickle may call with some arguments only, others would call with whatever they find.
_REFERS = frozenset({"FunctionNode", "TypeNode"})
_MAKES = {("collections", "defaultdict"): "DefaultDictNode", ("numpy", "dtype"): "DTypeNode"}
# Types that skops makes in its own way, of numbers alone.
_OWN = re.compile(
    r"numpy\.dtypes\.\w+DType|numpy\.random\.(?:mtrand\.RandomState|_generator\.Generator)|builtins\.(?:NoneType|type)"
)


def _matches(look: Look) -> bool:
    if _NAME.fullmatch(look.name) is None or not json_text.begins(look.head, b"{"):
        return False
    # What is larger than is looked at may have the key anywhere.
    return look.reader.reaches(_LARGEST + 1) or json_text.has_key(look.reader.read(0, _LARGEST), _LOADER)


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    if reader.reaches(_LARGEST + 1):
        raise TooLargeError("scan.too_large", f"a schema of more than {_LARGEST} bytes")
    told: set[str] = set()
    data = reader.read(0, _LARGEST)
    context.tally.step(len(data))
    schema = json_text.parse(json_text.as_utf8(data), code="skops.broken", what="the schema")
    for module, name, loader in _named(schema):
        if f"{module}.{name}" not in told and not _is_plain(module, name, loader, context):
            told.add(f"{module}.{name}")
            yield context.finding(
                "skops.unlisted_type",
                f"it makes {module}.{name} with {loader}, which profile {context.profile.name} does not list for that",
                level=Level.UNSAFE if is_dangerous(str(module), str(name)) else Level.UNLISTED,
                action="choose the profile of the library that made the model, or have a person vouch for the type",
            )


def _named(schema: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Module, name and loader of every object."""
    for node in _nodes(schema):
        loader, content = node.get("__loader__"), node.get("content")
        yield node.get("__module__"), node.get("__class__"), loader
        # Files of protocol 0 name a function there.
        if loader == "FunctionNode" and isinstance(content, dict):
            yield content.get("module_path"), content.get("function"), loader


def _nodes(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Every object that loading would make."""
    waiting = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "__loader__" in value or "__module__" in value:
                yield value
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)


def _is_plain(module: Any, name: Any, loader: Any, context: Context) -> bool:
    if not isinstance(module, str) or not isinstance(name, str) or not isinstance(loader, str) or loader in _CALLS:
        return False
    if not is_plain(module, name) and loader not in _REFERS and loader != _MAKES.get((module, name)):
        return False
    return context.profile.allows(module, name) or _OWN.fullmatch(f"{module}.{name}") is not None


FORMAT = Format("skops schema", _matches, _scan, frozenset({".json"}), holds_code=True)
