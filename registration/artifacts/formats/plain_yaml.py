"""YAML that other people wrote, read as text, lists and mappings, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from registration.errors import TooLargeError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.artifacts.reader import Reader

STEPS = 32  # what a byte costs to parse beside an opcode of a pickle
_LARGEST = 512 * 1024
_MERGES = "tag:yaml.org,2002:merge"


class _Plain(yaml.BaseLoader):
    """An alias would let a small file grow without bound, and a merge hides a key from who does not follow it."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias is not allowed here")
        return super().compose_node(parent, index)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if "<<" in keys or any(key.tag == _MERGES for key, _ in node.value):
            raise yaml.YAMLError("a merge is not allowed here")
        if len(set(keys)) < len(node.value):
            raise yaml.YAMLError("a key is given twice in one mapping, or is no text")
        return node


def text(reader: Reader) -> bytes:
    """All of a small file; raises `TooLargeError`."""
    if reader.reaches(_LARGEST + 1):
        raise TooLargeError("scan.too_large", f"a text of more than {_LARGEST} bytes")
    return reader.read(0, _LARGEST)


def parsed(text: bytes, *, code: str) -> Mapping[str, Any]:
    """The mapping in `text`; raises `UnreadableError` with `code`."""
    try:
        said = yaml.load(text, Loader=_Plain)  # noqa: S506 - it makes plain values only
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as broken:
        raise UnreadableError(code, f"is not YAML: {' '.join(str(broken).split())[:200]}") from None
    if not isinstance(said, dict):
        raise UnreadableError(code, "is no mapping")
    return said
