"""The shape of a JSON document: member names, the types of their values, and where nulls are.

Used to hold the stand-in's bodies against bodies of the real service. Values, orders and lengths of lists do not
belong to a shape. Members that people fill as they like (`tags`, `properties` inside `properties`, ...) are compared
as wholes only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FREE: Final = frozenset(
    {"tags", "flavors", "inputs", "outputs", "jobs", "parameters", "values", "properties.properties", "settings"}
)


def differences(ours: Any, theirs: Any, *, free: frozenset[str] = FREE, path: str = "") -> Iterator[str]:
    """Each place where the shape of `ours` differs from that of `theirs`; nothing when they are the same.

    `free` names members, or the last two members of a path, whose insides are not compared.
    """
    if _kind(ours) != _kind(theirs):
        yield f"{path or 'the whole'}: {_kind(ours)} here, {_kind(theirs)} there"
    elif isinstance(ours, dict) and not _is_free(path, free):
        yield from _members(ours, theirs, free, path)
    elif isinstance(ours, list):
        yield from _members(_by_type(ours), _by_type(theirs), free, path)


def _members(ours: Mapping[str, Any], theirs: Mapping[str, Any], free: frozenset[str], path: str) -> Iterator[str]:
    for name in theirs.keys() - ours.keys():
        yield f"{_below(path, name)}: only there"
    for name in ours.keys() - theirs.keys():
        yield f"{_below(path, name)}: only here"
    for name in ours.keys() & theirs.keys():
        yield from differences(ours[name], theirs[name], free=free, path=_below(path, name))


def _by_type(items: list[Any]) -> dict[str, Any]:
    """A list that tells its items apart by `type`, as `additionalInfo` does, by that; any other by its first item."""
    if all(isinstance(item, dict) and set(item) == {"type", "info"} for item in items):
        return {item["type"]: item for item in items}
    return {"0": items[0]} if items else {}


def _is_free(path: str, free: frozenset[str]) -> bool:
    parts = path.split(".")
    return parts[-1] in free or ".".join(parts[-2:]) in free


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _kind(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "boolean", False: "boolean"}[value]
    kinds = {dict: "object", list: "list", str: "text", int: "number", float: "number"}
    return kinds[type(value)]
