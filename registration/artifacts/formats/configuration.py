"""A configuration that tells its reader which Python objects to make, or which other files to read.

Hydra, and NeMo with it, call what stands under `_target_`; PyYAML makes what a tag says, if it is asked to trust the
file. transformers takes code from where `auto_map` points, sentence-transformers imports the types in `modules.json`,
and shards are read from where `weight_map` says.
https://hydra.cc/docs/advanced/instantiate_objects/overview, https://pyyaml.org/wiki/PyYAMLDocumentation
"""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from typing import TYPE_CHECKING, Any

import yaml

from registration.artifacts.formats import environment, json_text, plain_yaml
from registration.artifacts.formats.format import Format, Look, extension
from registration.artifacts.formats.names import escapes, named
from registration.artifacts.pickles.globals import is_dangerous
from registration.errors import UnreadableError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_LARGEST = 8 * 1024 * 1024
_YAML = {".yaml", ".yml"}
_KEYS = ("_target_", "auto_map", "weight_map")
_MODULES = named(r"modules\.json")
_TARGET = "_target_"
# What a key or a tag needs, however it is spelled.
_HINT = re.compile(rb"_target_|[!%]|\\[xuU]")
_TAG = "tag:yaml.org,2002:python/"
_DEEPEST = 64  # the time that PyYAML takes grows with each level
_PLAIN_TAGS = {"bool", "bytes", "complex", "dict", "float", "int", "list", "long", "none", "str", "tuple", "unicode"}
_MAKES = ("object/apply:", "object/new:", "module:")


def _matches(look: Look) -> bool:
    kind = extension(look.name)
    if kind in _YAML:
        return environment.NAMES.fullmatch(look.name) is None and _may_name(look)
    if kind != ".json" or not json_text.begins(look.head, b"{", b"[") or look.reader.reaches(_LARGEST + 1):
        return False
    if _MODULES.fullmatch(look.name):
        return True
    text = look.reader.read(0, _LARGEST)
    return any(json_text.has_key(text, key.encode()) for key in _KEYS)


def _may_name(look: Look) -> bool:
    text = look.head if look.is_whole else look.reader.read(0, _LARGEST)
    return text.startswith((BOM_UTF16_BE, BOM_UTF16_LE)) or _HINT.search(text) is not None


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    if extension(context.name) in _YAML:
        yield from _in_yaml(reader, context)
        return
    data = json_text.as_utf8(reader.read(0, _LARGEST))
    context.tally.step(len(data))
    said = json_text.parse(data, code="configuration.broken", what="the configuration")
    yield from _in_json(said, context)
    if _MODULES.fullmatch(context.name) and isinstance(said, list):
        yield from _modules(said, context)


def _in_yaml(reader: Reader, context: Context) -> Iterator[Finding]:
    """Read event by event: what it would make is never made, and an alias costs nothing."""
    text = plain_yaml.text(reader)
    context.tally.step(plain_yaml.STEPS * len(text))
    is_target, depth = False, 0
    try:
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise UnreadableError("configuration.broken", "is nested too deeply")
            if tag := getattr(event, "tag", None):
                yield from _tagged(tag, context)
            value = event.value if isinstance(event, yaml.ScalarEvent) else None
            if is_target and value is not None:
                yield from _target(value, context)
            is_target = value == _TARGET
    except (yaml.YAMLError, ValueError, RecursionError) as broken:
        if _TARGET.encode() in text or b"python/" in text:
            message = f"is not YAML: {' '.join(str(broken).split())[:200]}"
            raise UnreadableError("configuration.broken", message) from None


def _in_json(said: Any, context: Context) -> Iterator[Finding]:
    waiting = [said]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from _target(value.get(_TARGET), context)
            yield from _borrowed(value.get("auto_map"), context)
            yield from _shards(value.get("weight_map"), context)
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)


def _tagged(tag: str, context: Context) -> Iterator[Finding]:
    kind = tag.removeprefix(_TAG)
    if kind != tag and kind not in _PLAIN_TAGS:
        level = Level.UNSAFE if kind.startswith(_MAKES) else Level.UNLISTED
        yield _names(f"who trusts this YAML makes the Python object {kind!r} of it", level, context)


def _target(value: object, context: Context) -> Iterator[Finding]:
    if isinstance(value, str) and value:
        module, _, name = value.rpartition(".")
        level = Level.UNSAFE if is_dangerous(module, name) else Level.UNLISTED
        yield _names(f"Hydra and NeMo call {value!r} to make what this describes", level, context)


def _borrowed(value: object, context: Context) -> Iterator[Finding]:
    """Classes of another repository; those of this one are files beside it."""
    for said in value.values() if isinstance(value, dict) else ():
        for name in said if isinstance(said, list) else [said]:
            if isinstance(name, str) and "--" in name:
                yield _names(f"who trusts remote code runs {name!r} of another repository", Level.UNLISTED, context)


def _shards(value: object, context: Context) -> Iterator[Finding]:
    shards = {
        shard
        for said in (value.values() if isinstance(value, dict) else ())
        for shard in (said if isinstance(said, list) else [said])
        if isinstance(shard, str)
    }
    yield from (_escapes(shard, context) for shard in sorted(shards) if _is_far(shard))


def _modules(said: list[Any], context: Context) -> Iterator[Finding]:
    for module in said:
        kind, path = (module.get(key) if isinstance(module, dict) else None for key in ("type", "path"))
        if isinstance(kind, str) and not kind.startswith("sentence_transformers."):
            yield _names(f"sentence-transformers imports {kind!r} to load the model", Level.UNLISTED, context)
        if isinstance(path, str) and _is_far(path):
            yield _escapes(path, context)


def _is_far(path: str) -> bool:
    return escapes(path) or "://" in path


def _names(message: str, level: Level, context: Context) -> Finding:
    return context.finding(
        "configuration.names_code",
        message,
        level=level,
        action="do not load it; ask who made it" if level is Level.UNSAFE else "have a person read what it names",
    )


def _escapes(path: str, context: Context) -> Finding:
    return context.finding(
        "configuration.path_escapes",
        f"it is loaded with {path!r}, outside of the model's folder",
        action="do not load it; ask who made it",
    )


FORMAT = Format("configuration", _matches, _scan, frozenset({*_YAML, ".json"}), weak=True, holds_code=True, hides=True)
