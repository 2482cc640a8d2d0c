"""A Python literal, read without Python: strings, whole numbers, True, False, None, tuples, lists and dictionaries.

For the headers of numpy's files. Nothing is evaluated; depth is bounded, and so is the length by who calls.
"""

from __future__ import annotations

import re
from typing import Any

from registration.errors import UnreadableError

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'[^'\\\n]*'|"[^"\\\n]*")|(?P<number>-?\d{1,20})L?|(?P<word>\w+)|(?P<sign>[][(){},:]))"""
)
_WORDS = {"True": True, "False": False, "None": None}
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_DEEPEST = 16


def parse(text: str) -> Any:
    """The value written in `text`; raises `UnreadableError` for anything else."""
    tokens = _Tokens(text)
    value = tokens.value(0)
    if tokens.sign() is not None or text[tokens.at :].strip():
        raise tokens.broken()
    return value


class _Tokens:
    def __init__(self, text: str) -> None:
        self._text = text
        self._ahead: re.Match[str] | None = None
        self.at = 0

    def broken(self) -> UnreadableError:
        return UnreadableError("npy.broken", "the header is no literal of numpy", offset=self.at)

    def _take(self) -> re.Match[str]:
        found, self._ahead = self._ahead or _TOKEN.match(self._text, self.at), None
        if found is None:
            raise self.broken()
        self.at = found.end()
        return found

    def sign(self) -> str | None:
        """The next token if it is a sign; it is not taken."""
        self._ahead = self._ahead or _TOKEN.match(self._text, self.at)
        return self._ahead["sign"] if self._ahead else None

    def value(self, depth: int) -> Any:
        token = self._take()
        if token["string"] is not None:
            return token["string"][1:-1]
        if token["number"] is not None:
            return int(token["number"])
        if token["word"] in _WORDS:
            return _WORDS[token["word"]]
        if token["sign"] not in _CLOSES or depth == _DEEPEST:
            raise self.broken()
        return self._group(token["sign"], depth + 1)

    def _group(self, opening: str, depth: int) -> Any:
        items: list[Any] = []
        keys: list[str] = []
        has_comma = False
        while self.sign() != _CLOSES[opening]:
            if items and not has_comma:
                raise self.broken()
            if opening == "{":
                keys.append(self._key(depth))
            items.append(self.value(depth))
            has_comma = self.sign() == ","
            if has_comma:
                self._take()
        self._take()
        if opening == "{":
            return dict(zip(keys, items, strict=True))
        return items if opening == "[" else items[0] if len(items) == 1 and not has_comma else tuple(items)

    def _key(self, depth: int) -> str:
        key = self.value(depth)
        if not isinstance(key, str) or self._take()["sign"] != ":":
            raise self.broken()
        return key
