"""GGUF: the format of llama.cpp. Typed keys and values, a list of tensors, then the numbers. It holds no code.

https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. A chat template among the values is a Jinja program that some
servers run without a sandbox, so it is told.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from registration.artifacts.formats.format import Format, Look
from registration.artifacts.stream import Stream
from registration.errors import TooLargeError, UnreadableError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.limits import Tally
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

MAGIC = b"GGUF"
_VERSIONS = {2, 3}
_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # bytes of a value, by its type
_TEXT, _LIST = 8, 9
_LONGEST_NAME = 64 * 1024
_DEEPEST = 4
_MOST = 1_000_000  # keys, tensors, or texts in a list
_MOST_DIMENSIONS = 8
_STEPS = 16  # what a text of a list costs beside an opcode of a pickle
_TEMPLATE = b"tokenizer.chat_template"


def _matches(look: Look) -> bool:
    return look.head.startswith(MAGIC)


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    source = _Source(Stream(reader), context.tally)
    version, tensors, keys = source.header()
    if version not in _VERSIONS or max(tensors, keys) > _MOST:
        raise UnreadableError("gguf.broken", f"version {version} with {tensors} tensors and {keys} keys cannot be read")
    for _ in range(keys):
        name = source.name()
        if name.startswith(_TEMPLATE):
            yield context.finding(
                "gguf.chat_template",
                "this holds a chat template, a program that the server runs for each conversation",
                offset=source.stream.tell(),
                level=Level.NOTE,
                action="serve it with a runtime that sandboxes templates",
            )
        source.skip_value(source.number(4), depth=0)
    for _ in range(tensors):
        source.skip_tensor()


class _Source:
    """What is read of a file, front to back."""

    def __init__(self, stream: Stream, tally: Tally) -> None:
        self.stream = stream
        self._tally = tally

    def header(self) -> tuple[int, int, int]:
        return struct.unpack("<IQQ", self._exactly(len(MAGIC) + 20)[len(MAGIC) :])

    def number(self, width: int) -> int:
        return int.from_bytes(self._exactly(width), "little")

    def name(self) -> bytes:
        length = self.number(8)
        if length > _LONGEST_NAME:
            raise UnreadableError("gguf.broken", f"a name of {length} bytes", offset=self.stream.tell())
        return self._exactly(length)

    def skip_value(self, kind: int, *, depth: int) -> None:
        if kind == _TEXT:
            self._skip(self.number(8))
        elif kind == _LIST and depth < _DEEPEST:
            self._skip_list(depth + 1)
        elif kind in _WIDTHS:
            self._skip(_WIDTHS[kind])
        else:
            raise UnreadableError("gguf.broken", f"a value of the unknown type {kind}", offset=self.stream.tell())

    def _skip_list(self, depth: int) -> None:
        kind, count = self.number(4), self.number(8)
        if kind in _WIDTHS:
            self._skip(_WIDTHS[kind] * count)
            return
        if count > _MOST:
            raise TooLargeError("scan.too_large", f"a list of {count} texts", offset=self.stream.tell())
        for _ in range(count):
            self._tally.step(_STEPS)
            self.skip_value(kind, depth=depth)

    def skip_tensor(self) -> None:
        self.name()
        dimensions = self.number(4)
        if dimensions > _MOST_DIMENSIONS:
            raise UnreadableError("gguf.broken", f"a tensor of {dimensions} dimensions", offset=self.stream.tell())
        self._skip(8 * dimensions + 4 + 8)

    def _skip(self, length: int) -> None:
        if self.stream.skip(length) < length:
            raise self._cut_off()

    def _exactly(self, length: int) -> bytes:
        data = self.stream.read(length)
        if len(data) < length:
            raise self._cut_off()
        return data

    def _cut_off(self) -> UnreadableError:
        return UnreadableError("gguf.broken", "the file ends in the middle of something", offset=self.stream.tell())


FORMAT = Format("gguf", _matches, _scan, frozenset({".gguf"}), is_data=True)
