"""Protobuf's text format, as far as configs use it, read as plain values.

A field that stands once is its value, one that is repeated a list of its values; identifiers are text, `true` and
`false` are themselves, numbers are `Decimal`. Which fields exist, and which may be repeated, is for the caller to know.
Extensions and `Any` are refused. https://protobuf.dev/reference/protobuf/textformat-spec/
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from registration.errors import ForeignConfigError, Problem
from registration.policy.importers import foreign

_TOKEN = re.compile(
    r"""(?P<space>(?:\s|\#[^\n]*)+)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>0[xX][0-9a-fA-F]{1,16} | (?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,9})?[fF]?)(?![A-Za-z0-9_.])
      | (?P<text>"(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*')
      | (?P<sign>[-:{}<>\[\],;])""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_LETTERS = {b"a": 7, b"b": 8, b"f": 12, b"n": 10, b"r": 13, b"t": 9, b"v": 11}
_CLOSING = {"{": "}", "<": ">"}
_WORDS = {"true": True, "false": False}
_NON_FINITE = {"inf": "Infinity", "infinity": "Infinity", "nan": "NaN"}


def read(text: str, *, source: str) -> dict[str, object]:
    """The message in `text`; raises `ForeignConfigError` with line and column."""
    foreign.check_size(text, source=source)
    return _Reader(source, text, tuple(_tokens(text, source))).message("", 0)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def _tokens(text: str, source: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ForeignConfigError(source, [Problem(_place(text, at), f"{text[at]!r} is no text format here")])
        if match.lastgroup != "space":
            found.append(_Token(str(match.lastgroup), match[0], at))
        at = match.end()
    return [*found, _Token("end", "", at)]


@dataclass
class _Reader:
    """Walks the tokens once."""

    source: str
    text: str
    tokens: tuple[_Token, ...]
    next: int = 0

    def message(self, closing: str, depth: int) -> dict[str, object]:
        """The fields up to `closing`."""
        if depth > foreign.DEEPEST:
            self._refuse("is nested too deeply")
        fields: dict[str, list[object]] = {}
        while not self._is(closing):
            name = self._name()
            fields.setdefault(name, []).extend(self._values(depth))
            self._is(",") or self._is(";")
        return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}

    def _name(self) -> str:
        token = self._take()
        if token.kind != "word":
            self._refuse(f"a field's name is expected, not {_said(token)}", token)
        return token.text

    def _values(self, depth: int) -> list[object]:
        colon = self._is(":")
        if self._is("["):
            return self._list(depth)
        if not colon and self._peek().text not in _CLOSING:
            self._refuse(f"':' or '{{' is expected after a field's name, not {_said(self._peek())}")
        return [self._value(depth)]

    def _list(self, depth: int) -> list[object]:
        values: list[object] = []
        while not self._is("]"):
            if values and not self._is(","):
                self._refuse(f"',' or ']' is expected in a list, not {_said(self._peek())}")
            values.append(self._value(depth))
        return values

    def _value(self, depth: int) -> object:
        token = self._take()
        if token.text in _CLOSING:
            return self.message(_CLOSING[token.text], depth + 1)
        if token.kind == "text":
            return self._joined(token)
        minus = token.text == "-"
        number = self._scalar(self._take() if minus else token)
        if minus and not isinstance(number, Decimal):
            self._refuse("'-' needs a number after it", token)
        return number.copy_negate() if minus and isinstance(number, Decimal) else number

    def _scalar(self, token: _Token) -> object:
        if token.kind == "number":
            return _number(token.text)
        if token.kind != "word":
            self._refuse(f"a value is expected, not {_said(token)}", token)
        low = token.text.lower()
        return Decimal(_NON_FINITE[low]) if low in _NON_FINITE else _WORDS.get(low, token.text)

    def _joined(self, token: _Token) -> str:
        """Text in quotes; pieces that follow each other are one."""
        raw = _unescaped(token.text)
        while self._peek().kind == "text":
            raw += _unescaped(self._take().text)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self._refuse("the text is not UTF-8", token)

    def _is(self, sign: str) -> bool:
        """Whether the next token is `sign`, which is then passed; the empty one is the end."""
        found = self._peek().text == sign and self._peek().kind in {"sign", "end"}
        self.next += found
        return found

    def _peek(self) -> _Token:
        return self.tokens[self.next]

    def _take(self) -> _Token:
        token = self._peek()
        if token.kind == "end":
            self._refuse("ends too early; a brace or a value is missing", token)
        self.next += 1
        return token

    def _refuse(self, message: str, token: _Token | None = None) -> NoReturn:
        raise ForeignConfigError(self.source, [Problem(_place(self.text, (token or self._peek()).at), message)])


def _number(written: str) -> Decimal:
    if written[:2] in {"0x", "0X"}:
        return Decimal(int(written, 16))
    if re.fullmatch("0[0-7]{1,22}", written):
        return Decimal(int(written, 8))
    return Decimal(written.rstrip("fF"))


def _unescaped(quoted: str) -> bytes:
    return _ESCAPE.sub(_meant, quoted[1:-1].encode())


def _meant(escape: re.Match[bytes]) -> bytes:
    hexadecimal, octal, short, long, letter = escape.groups()
    if hexadecimal or octal:
        return bytes([int(hexadecimal or octal, 16 if hexadecimal else 8) & 0xFF])
    if short or long:
        code = int(short or long, 16)
        return chr(code).encode(errors="replace") if code <= sys.maxunicode else b"\xff"
    return bytes([_LETTERS[letter]]) if letter in _LETTERS else bytes(letter)


def _said(token: _Token) -> str:
    return repr(token.text) if token.text else "the end"


def _place(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - text.rfind('\n', 0, at)}"
