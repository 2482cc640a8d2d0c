"""TorchScript: the code that `torch.jit.save` keeps beside the tensors, in a small language of its own.

https://pytorch.org/docs/stable/jit_language_reference.html. It is a program, and torch runs it without Python, so what
counts is what it calls: operators by name, in `torch.name` or as methods of values, and functions of its own below
`__torch__`. The text is read word by word. It is safe if it calls nothing but operators of the list beside this file,
which leaves out those that reach files, other processes or raw memory.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from registration.artifacts.formats import plain
from registration.artifacts.formats.format import Format, Look
from registration.errors import TooLargeError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_LARGEST = 4 * 1024 * 1024  # bytes
_STEPS = 4  # what a byte costs beside an opcode of a pickle
_NAMED = 5  # names that a finding repeats
_BEGINS = re.compile(rb"(?:op_version_set = \d+\s+)?(?:class \w+(?:\(\w+\))?:\n|def \w+\()")
_MARKS = re.compile(rb"__torch__\.|\(Module\):|\(NamedTuple\):|: Tensor|\btorch\.\w|\) -> ")
_TOKEN = re.compile(
    r"(?P<space>\s+|\#[^\n]*)"
    r'|(?P<text>"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\')'
    r"|(?P<number>\d[\w.]*(?:(?<=[eE])[+-]\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>->|[-+*/%()\[\]{}:,.=<>|&~^!])"
)
# What may stand in front of a parenthesis: keywords, types that convert, and forms that do nothing by themselves.
_CALLED = frozenset({
    "and", "annotate", "as", "assert", "bool", "complex", "dict", "elif", "float", "getattr", "if", "in", "int",
    "is", "isinstance", "len", "list", "not", "or", "range", "return", "str", "tuple", "unchecked_cast",
    "uninitialized", "while",
})  # fmt: skip
_OTHER_LANGUAGE = frozenset({
    "async", "await", "del", "eval", "except", "exec", "finally", "from", "global", "import", "lambda", "nonlocal",
    "raise", "try", "with", "yield",
})  # fmt: skip
_DUNDERS = frozenset({
    "__annotations__", "__buffers__", "__contains__", "__getitem__", "__getstate__", "__init__", "__len__",
    "__new__", "__parameters__", "__setstate__", "__torch__",
})  # fmt: skip
_FOREIGN = ["torch", "classes"]  # below __torch__: classes that a library of somebody's brings
_PROOF = ("torch.jit._pickle", "restore_type_tag")  # a profile that has this one takes what torch.jit.save writes


class _Token(NamedTuple):
    """`kind` is a group of the pattern; `begins` says that it is the first of its line."""

    kind: str
    text: str
    begins: bool


class _Chain(NamedTuple):
    """Names with dots between them; the first is empty where they belong to what an expression made."""

    names: Sequence[str]
    is_called: bool


def _matches(look: Look) -> bool:
    return _BEGINS.match(look.head) is not None and _MARKS.search(look.head) is not None


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    if reader.reaches(_LARGEST + 1):
        raise TooLargeError("scan.too_large", f"code of more than {_LARGEST} bytes")
    code = reader.read(0, _LARGEST)
    context.tally.step(_STEPS * len(code))
    tokens = _tokens(code)
    if tokens is None:
        yield plain.source(context)
        return
    chains, aliases = list(_chains(tokens)), _aliases(tokens)
    unlisted = sorted({*(name for chain in chains for name in _unlisted(chain, aliases)), *_computed(tokens)})
    if unlisted or not context.profile.allows(*_PROOF):
        more = f" and {len(unlisted) - _NAMED} more" if len(unlisted) > _NAMED else ""
        said = f"uses {', '.join(unlisted[:_NAMED])}{more}" if unlisted else "is there at all"
        yield context.finding(
            "torchscript.unlisted",
            f"TorchScript code {said}, which profile {context.profile.name} does not list",
            level=Level.UNLISTED,
            action="keep the model as a state dict or as ONNX, or have a person read the code",
        )


def _tokens(data: bytes) -> list[_Token] | None:
    """Every token but space; None for what is another language."""
    try:
        code = data.decode()
    except UnicodeDecodeError:
        return None
    tokens: list[_Token] = []
    at, begins = 0, True
    while at < len(code):
        found = _TOKEN.match(code, at)
        if found is None or (found.lastgroup == "name" and found[0] in _OTHER_LANGUAGE):
            return None
        if found.lastgroup == "space":
            begins = begins or "\n" in found[0]
        else:
            tokens.append(_Token(str(found.lastgroup), found[0], begins))
            begins = False
        at = found.end()
    return tokens


def _chains(tokens: Sequence[_Token]) -> Iterator[_Chain]:
    before, names = "", list[str]()
    for place, (kind, text, _) in enumerate(tokens):
        following = tokens[place + 1].text if place + 1 < len(tokens) else ""
        if kind == "name" and before not in {"def", "class"}:
            names = [*(names or [""]), text] if before == "." else [text]
            if following != ".":
                yield _Chain(names, is_called=following == "(")
        elif text != ".":
            names = []
        before = text


def _aliases(tokens: Sequence[_Token]) -> frozenset[str]:
    """Names that are only ever given to functions of the code itself, `_0 = __torch__.nets.function`."""
    own: set[str] = set()
    other: set[str] = set()
    for name, sign, value in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if name.kind == "name" and sign.text == "=":
            (own if value.text == "__torch__" else other).add(name.text)
    return frozenset(own - other)


def _computed(tokens: Sequence[_Token]) -> Iterator[str]:
    """Calls of what an expression made, and what is looked up by a text."""
    depth = 0
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else None
        if token.text == "(" and before and (before.text in {")", "]", "}"} or before.kind == "text"):
            yield from () if token.begins and not depth else ["a computed call"]
        if token.text == "getattr":
            yield from _looked_up(tokens[place + 1 : place + 6])
        depth += (token.text in "([{") - (token.text in ")]}") if token.kind == "sign" else 0


def _looked_up(given: Sequence[_Token]) -> Iterator[str]:
    """What is wrong with the arguments of `getattr`: a name, and a plain text that is no operator, will do."""
    kinds = [token.text if token.kind == "sign" else token.kind for token in given]
    text = given[3].text[1:-1] if kinds == ["(", "name", ",", "text", ")"] else "__"
    if "\\" in text or text.startswith("__") or text in _operators()[1]:
        yield f"getattr {text}"


def _unlisted(chain: _Chain, aliases: frozenset[str]) -> Iterator[str]:
    """Names in it that are neither operators of the list nor the code's own."""
    first, *rest = chain.names
    allowed, refused = _operators()
    if first == "torch":
        yield from () if rest and rest[0] in allowed else [".".join(chain.names[:2])]
        rest = rest[1:]
    elif first == "ops":
        yield from () if ".".join(rest) in allowed else [".".join(chain.names)]
        return
    elif first == "__torch__" and rest[:2] == _FOREIGN:
        yield ".".join(chain.names)
    elif not rest and chain.is_called and first not in _CALLED | aliases:
        yield first
    for name in (first, *rest):
        is_hidden = name.startswith("__") and not name.startswith("___torch_mangle_")
        if name in refused or (is_hidden and name not in _DUNDERS | allowed):
            yield name


@cache
def _operators() -> tuple[frozenset[str], frozenset[str]]:
    """Those that may be used, and those of the same torch that may not."""
    text = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    refused = {line[1:] for line in lines if line.startswith("-")}
    return frozenset(line for line in lines if not line.startswith("-")), frozenset(refused)


FORMAT = Format("torchscript", _matches, _scan, weak=True, holds_code=True)
