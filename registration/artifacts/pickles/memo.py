"""The memo: values that a pickle gave a number, to use them again. Millions of them fit in a few bytes each.

An entry is one 32-bit word: three bits say what it is, the others where the rest is kept. Text goes into one
buffer. What does not fit is `Unknown.LOST`, and using it makes the pickle unscannable; most of a vocabulary is never
used again.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from registration.artifacts.pickles.values import Global, Ref, Unknown
from registration.errors import TooLargeError

if TYPE_CHECKING:
    from registration.artifacts.pickles.values import Value

TEXT_BYTES = 8 * 1024 * 1024
SPARSE = 50_000  # entries whose number does not follow the one before
_NONE, _TEXT, _REF, _GLOBAL, _SIZE, _LONG, _LOST = range(7)
_BITS = 3
_KIND = 7
_MOST = 2**29 - 1


class Memo:
    """Entries by number. The first `limit` are remembered, of those that follow only how many there are."""

    __slots__ = ("_globals", "_limit", "_lost", "_sparse", "_text", "_words")

    def __init__(self, globals_: list[Global], *, limit: int) -> None:
        self._globals = globals_
        self._limit = limit
        self._words = array("I")
        self._lost = 0
        self._sparse: dict[int, int] = {}
        self._text = bytearray()

    def __len__(self) -> int:
        return len(self._words) + self._lost + len(self._sparse)

    def add(self, value: Value) -> None:
        """Give `value` the number that MEMOIZE would: how many entries there are."""
        words = self._words
        if self._sparse or len(words) >= self._limit:
            self.put(len(self), value)
        elif isinstance(value, tuple) and value[0] < _MOST:
            words.append(int(value[0]) << _BITS | _SIZE)
        elif type(value) is Ref:
            words.append(value << _BITS | _REF)
        else:
            words.append(self._word(value))

    def put(self, number: int, value: Value) -> None:
        """Give `value` this number; raises `TooLargeError` if too many numbers are out of sequence."""
        dense = len(self._words)
        if number == dense < self._limit and not self._sparse:
            self._words.append(self._word(value))
        elif number < dense:
            self._words[number] = self._word(value)
        elif number > dense + self._lost:
            self._put_sparse(number, value)
        elif number == dense + self._lost:
            self._sparse.pop(number, None)
            self._append(value)

    def _append(self, value: Value) -> None:
        if len(self._words) < self._limit:
            self._words.append(self._word(value))
        else:
            self._lost += 1

    def _put_sparse(self, number: int, value: Value) -> None:
        if len(self._sparse) >= SPARSE and number not in self._sparse:
            message = f"more than {SPARSE} memo entries are out of sequence"
            raise TooLargeError("pickle.too_large", message)
        self._sparse[number] = self._word(value)

    def get(self, number: int) -> Value:
        """The value with this number; raises `KeyError` if there is none."""
        dense = len(self._words)
        if number < dense:
            word = self._words[number]
        elif number < dense + self._lost:
            return Unknown.LOST
        else:
            word = self._sparse[number]
        kind, rest = word & _KIND, word >> _BITS
        if kind == _TEXT:
            return bytes(self._text[rest + 1 : rest + 1 + self._text[rest]])
        return self._globals[rest] if kind == _GLOBAL else self._value(kind, rest)

    def _word(self, value: Value) -> int:
        if value is None:
            return _NONE
        if type(value) is bytes:
            return self._keep(value)
        if isinstance(value, tuple):
            return int(min(value[0], _MOST)) << _BITS | _SIZE
        if isinstance(value, Ref):
            return value << _BITS | _REF
        return self._rare_word(value)

    def _rare_word(self, value: Value) -> int:
        if isinstance(value, Global):
            return value.number << _BITS | _GLOBAL
        if isinstance(value, Unknown):
            return _LONG if value is Unknown.LONG else _LOST
        return int(min(value, _MOST)) << _BITS | _SIZE if isinstance(value, float) else _NONE

    def _keep(self, text: bytes) -> int:
        at = len(self._text)
        if at > TEXT_BYTES:
            return _LOST
        self._text.append(len(text))
        self._text += text
        return at << _BITS | _TEXT

    def _value(self, kind: int, rest: int) -> Value:
        if kind == _REF:
            return Ref(rest)
        if kind == _SIZE:
            return float(rest)
        return _SINGLE[kind]


class Overlay(Memo):
    """A memo on top of another, which stays as it is. What can change down there has no size up here and is nothing."""

    __slots__ = ("_here", "_under")

    def __init__(self, under: Memo) -> None:
        super().__init__([], limit=0)
        self._under = under
        self._here: dict[int, Value] = {}

    def __len__(self) -> int:
        return len(self._under) + len(self._here)

    def add(self, value: Value) -> None:
        """Give `value` the number that MEMOIZE would."""
        self.put(len(self), value)

    def put(self, number: int, value: Value) -> None:
        """Give `value` this number here."""
        self._here[number] = value[0] if isinstance(value, tuple) else value

    def get(self, number: int) -> Value:
        """The value here, else below; raises `KeyError` if there is none."""
        return self._here[number] if number in self._here else unsized(self._under.get(number))


def unsized(value: Value) -> Value:
    """`value` where nobody knows the sizes of what can change."""
    return None if type(value) is Ref else value


_SINGLE: dict[int, Value] = {_NONE: None, _LONG: Unknown.LONG, _LOST: Unknown.LOST}
