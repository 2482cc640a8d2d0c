"""Protocol buffers on the wire: fields of a message, one after another, without a schema.

https://protobuf.dev/programming-guides/encoding. What nobody asks for is stepped over and not fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from registration.artifacts.reader import Memory
from registration.artifacts.stream import Stream
from registration.errors import TooLargeError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.formats.format import Look
    from registration.artifacts.limits import Tally
    from registration.artifacts.reader import Reader

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_GROUP, _GROUP_END = 3, 4  # no message of today holds one, and every reader steps over those it does not know
_DEEPEST = 100  # groups in groups; readers follow no more
_WIDTHS = {FIXED64: 8, FIXED32: 4}
_LONGEST_VARINT = 10
_LARGEST_NUMBER, _LARGEST_KEY = 2**29 - 1, 2**32 - 1
_MANY = 4_000_000  # fields in one message; each costs time
_COUNTED, _STEPS = 256, 16  # fields that are counted together, and what each costs, in opcodes of a pickle


class Field(NamedTuple):
    """`value` is the number of a varint; of bytes it is their length, and they begin at `begin`."""

    number: int
    kind: int
    value: int
    begin: int

    @property
    def end(self) -> int:
        """Where the field ends in the stream."""
        return self.begin + self.value if self.kind == BYTES else self.begin


class Message:
    """The fields of the message that ends at `end`, or where the stream does; groups are stepped over.

    Raises `UnreadableError` with `code` for what is no message. With `cuts_keys` a key that is too long is cut, as some
    readers do, so that what only they can read is recognised.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        code: str,
        end: int | None = None,
        budget: Budget | None = None,
        cuts_keys: bool = False,
    ) -> None:
        self._stream = stream
        self._end = end
        self._code = code
        self._budget = budget or Budget()
        self._cuts_keys = cuts_keys

    def __iter__(self) -> Iterator[Field]:
        """Each field; whatever was read of its bytes, the next one begins behind them."""
        groups: list[int] = []
        while self._goes_on:
            self._budget.spend(self._stream.tell())
            found = self._field()
            if found.kind in (_GROUP, _GROUP_END):
                self._turn(found, groups)
            elif not groups:
                yield found
            self._go_to(found.end)
        if groups:
            raise self._broken("a group that does not end")

    def inside(self, field: Field) -> Message:
        """The message that the bytes of `field` are; to be read before the next field is asked for."""
        return Message(self._stream, end=field.end, code=self._code, budget=self._budget)

    def text(self, field: Field, *, limit: int) -> str:
        """The bytes of `field` as text, at most `limit` of them."""
        return self._exactly(min(field.value, limit)).decode("utf-8", "replace")

    @property
    def _goes_on(self) -> bool:
        return self._stream.goes_on if self._end is None else self._stream.tell() < self._end

    def _field(self) -> Field:
        key = self._varint()
        number, kind = (key & _LARGEST_KEY if self._cuts_keys else key) >> 3, key & 7
        # Of a longer key some readers drop what is too much, and find a field that others do not know.
        if number == 0 or number > _LARGEST_NUMBER or kind > FIXED32:
            raise self._broken(f"a field with the number {number} and the wire type {kind}")
        value = self._varint() if kind in {VARINT, BYTES} else 0
        if kind in _WIDTHS:
            self._exactly(_WIDTHS[kind])
        begin = self._stream.tell()
        if kind == BYTES and self._end is not None and begin + value > self._end:
            raise self._broken(f"a field of {value} bytes, where only {self._end - begin} are left")
        return Field(number, kind, value, begin)

    def _turn(self, found: Field, groups: list[int]) -> None:
        """Into a group or out of it."""
        if found.kind == _GROUP and len(groups) < _DEEPEST:
            groups.append(found.number)
        elif found.kind == _GROUP or not groups or groups.pop() != found.number:
            raise self._broken("a group that does not end as it begins")

    def _varint(self) -> int:
        value = 0
        for shift in range(_LONGEST_VARINT):
            if (byte := self._stream.byte()) < 0 or (self._end is not None and self._stream.tell() > self._end):
                raise self._broken("the message ends in the middle of a field")
            value |= (byte & 0x7F) << (7 * shift)
            if byte < 0x80:  # noqa: PLR2004 - the bit that says that another byte follows
                return value
        raise self._broken("a number that does not end")

    def _exactly(self, length: int) -> bytes:
        data = self._stream.read(length)
        if len(data) < length or (self._end is not None and self._stream.tell() > self._end):
            raise self._broken("the message ends in the middle of a field")
        return data

    def _go_to(self, place: int) -> None:
        missing = place - self._stream.tell()
        if missing > 0 and self._stream.skip(missing) < missing:
            raise self._broken("the file ends in the middle of a field")

    def _broken(self, what: str) -> UnreadableError:
        return UnreadableError(self._code, what, offset=self._stream.tell())


def to_be_read(look: Look) -> Reader:
    """What has to be read to tell whether content is a message: no more than its head, if that is none already.

    What is packed would have to be unpacked once more to go behind the head.
    """
    if look.reader.is_ranged:
        return look.reader
    try:
        for _ in Message(Stream(Memory(look.head)), code="", cuts_keys=True):
            pass
    except UnreadableError as stop:
        # Where the head ends a field may be cut anywhere.
        goes_on = not look.is_whole and (stop.offset or 0) >= len(look.head) - 2 * _LONGEST_VARINT
        return look.reader if goes_on else Memory(look.head)
    return look.reader


class Budget:
    """How many fields may still be looked at, in a message and all inside it; `tally` adds up those of all messages."""

    def __init__(self, tally: Tally | None = None) -> None:
        self._left = _MANY
        self._tally = tally

    def spend(self, offset: int) -> None:
        """One field; raises `TooLargeError` when there are too many."""
        self._left -= 1
        if self._tally is not None and not self._left % _COUNTED:
            self._tally.step(_COUNTED * _STEPS)
        if self._left < 0:
            raise TooLargeError("scan.too_large", f"more than {_MANY} fields", offset=offset)
