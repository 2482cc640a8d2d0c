"""safetensors: a JSON header that says where each tensor lies, then the numbers. It holds no code.

https://huggingface.co/docs/safetensors: the tensors follow each other without a hole and end where the file ends, so
nothing else fits in. One read of the head is enough.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from registration.artifacts.formats import json_text
from registration.artifacts.formats.format import Format, Look
from registration.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_LENGTH = 8  # bytes of the header's length, little endian
_MANY = 5  # more than 2^40 bytes of header: the file only looks like one
_METADATA = "__metadata__"
_BITS = {
    **dict.fromkeys(("F4",), 4),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E5M2FNUZ", "F8_E4M3FNUZ"), 8),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 16),
    **dict.fromkeys(("U32", "I32", "F32"), 32),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 64),
}


class Tensor(NamedTuple):
    """Where a tensor lies, in bytes from the end of the header."""

    begin: int
    end: int
    name: str


def _matches(look: Look) -> bool:
    return look.head[_LENGTH : _LENGTH + 1] == b"{" and not any(look.head[_MANY:_LENGTH])


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    length = int.from_bytes(reader.read(0, _LENGTH), "little")
    if not reader.reaches(_LENGTH + length):
        raise UnreadableError("safetensors.broken", f"the header states {length} bytes, and there are fewer")
    text = reader.read(_LENGTH, length)
    context.tally.step(len(text))
    header = json_text.parse(text, code="safetensors.broken", what="the header")
    tensors = sorted(_tensor(name, entry) for name, entry in header.items() if name != _METADATA)
    _are_text(header.get(_METADATA, {}))
    end = 0
    for tensor in tensors:
        if tensor.begin != end:
            yield _misplaced(context, tensor, after=end, start=_LENGTH + length)
        end = max(end, tensor.end)
    if not reader.reaches(_LENGTH + length + end):
        raise UnreadableError("safetensors.broken", "the header states more bytes of tensors than there are")
    if reader.reaches(_LENGTH + length + end + 1):
        yield context.finding(
            "safetensors.trailing_bytes",
            "something lies behind the last tensor",
            offset=_LENGTH + length + end,
            action="save the tensors again with the safetensors library",
        )


def _tensor(name: str, entry: Any) -> Tensor:
    try:
        begin, end = entry["data_offsets"]
        shape, bits = entry["shape"], _BITS[entry["dtype"]]
    except (KeyError, TypeError, ValueError):
        raise UnreadableError(
            "safetensors.broken", f"the tensor {name!r} does not state a known dtype, shape and place"
        ) from None
    if not isinstance(shape, list) or not all(type(number) is int and number >= 0 for number in (begin, end, *shape)):
        raise UnreadableError(
            "safetensors.broken", f"the tensor {name!r} has a shape or a place that is no whole number"
        )
    if math.prod(shape) * bits != (end - begin) * 8:
        raise UnreadableError(
            "safetensors.broken", f"the tensor {name!r} has another size than its shape and dtype say"
        )
    return Tensor(begin, end, name)


def _are_text(metadata: Any) -> None:
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise UnreadableError("safetensors.broken", f"{_METADATA} is no mapping of text to text")


def _misplaced(context: Context, tensor: Tensor, *, after: int, start: int) -> Finding:
    action = "save the tensors again with the safetensors library"
    if tensor.begin < after:
        message = f"the tensor {tensor.name!r} lies over another one"
        return context.finding("safetensors.overlap", message, offset=start + tensor.begin, action=action)
    message = f"the tensor {tensor.name!r} leaves bytes before it unused"
    return context.finding("safetensors.hole", message, offset=start + after, action=action)


FORMAT = Format("safetensors", _matches, _scan, frozenset({".safetensors"}), is_data=True)
