"""A Bicep file as data: its declarations, with literal values as Python's own and everything else as text.

Read with a pinned grammar. Not promised: that the file compiles. Types and functions are not looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import tree_sitter
import tree_sitter_bicep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
_GIVEN = re.compile(rb"^param (?=\w+ =)", re.MULTILINE)
_ESCAPES = {"\\'": "'", "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\$": "$"}


class Code(str):
    """An expression as it is written; a string with something in it is one too."""

    __slots__ = ()


@dataclass(frozen=True)
class Loop:
    """`for item, index in items`: `names` are the loop's variables."""

    names: tuple[str, ...]
    items: str
    body: Any


@dataclass(frozen=True)
class Declaration:
    """Something that a file declares. `body` is a default for a parameter, a value for a variable or an output."""

    kind: str
    name: str
    line: int
    about: str = ""  # the type of a resource with its version, the path of a module, the type of a parameter
    body: Any = None
    has_body: bool = True
    existing: bool = False
    condition: str | None = None
    loop: Loop | None = None
    decorators: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The type of a resource, without its version."""
        return self.about.partition("@")[0]


@dataclass(frozen=True)
class Template:
    """One file. `name` is its path below the folder of the templates, `errors` are lines that do not parse."""

    name: str
    text: str
    scope: str
    declared: tuple[Declaration, ...]
    imported: dict[str, str]
    errors: tuple[int, ...]

    def all(self, kind: str) -> dict[str, Declaration]:
        """The declarations of a kind by name."""
        return {one.name: one for one in self.declared if one.kind == kind}

    def made(self, kind: str = "") -> list[Declaration]:
        """The resources that the file makes, of a type or all."""
        made = (one for one in self.declared if one.kind == "resource" and not one.existing)
        return [one for one in made if not kind or one.type == kind]

    def resolved(self, found: Any) -> Any:
        """`found`, or the value of the variable that it names."""
        variable = self.all("variable").get(found) if isinstance(found, Code) else None
        return found if variable is None else variable.body


def read(path: Path, root: Path) -> Template:
    """The file at `path`."""
    return _read(path.relative_to(root).as_posix(), path.read_bytes())


@cache
def _read(name: str, source: bytes) -> Template:
    # The grammar knows no parameter without a type, which is what a parameter file consists of.
    grammatical = _GIVEN.sub(b"var   ", source) if name.endswith("param") else source
    tree = _PARSER.parse(grammatical).root_node
    imports = (node for node in tree.named_children if node.type == "import_functionality")
    imported = {_word(word): _imported_from(node) for node in imports for word in _of(node, "identifier")}
    scopes = [value(node.named_children[0]) for node in tree.named_children if node.type == "target_scope_assignment"]
    return Template(
        name=name,
        text=source.decode(),
        scope=scopes[0] if scopes else "resourceGroup",
        declared=tuple(_declarations(tree)),
        imported=imported,
        errors=tuple(_errors(tree)),
    )


def value(node: tree_sitter.Node) -> Any:
    """A literal as Python's own, anything else as `Code` or `Loop`."""
    literal = _LITERALS.get(node.type)
    if literal is not None and not _of(node, "interpolation"):
        return literal(node)
    return Code(" ".join(_word(node).split()))


def _string(node: tree_sitter.Node) -> str:
    return "".join(_ESCAPES.get(_word(part), _word(part)) for part in node.named_children)


def _object(node: tree_sitter.Node) -> dict[str, Any]:
    return dict(_properties(node))


def _array(node: tree_sitter.Node) -> Any:
    loops = _of(node, "for_statement")
    return _loop(loops[0]) if loops else [value(item) for item in node.named_children if item.type != "comment"]


def _declarations(tree: tree_sitter.Node) -> Iterator[Declaration]:
    decorators: dict[str, list[Any]] = {}
    for node in tree.named_children:
        if node.type == "decorators":
            decorators = dict(_decorator(one) for one in node.named_children if one.type == "decorator")
        elif node.type.endswith("_declaration"):
            yield _declaration(node, decorators)
            decorators = {}


def _decorator(node: tree_sitter.Node) -> tuple[str, list[Any]]:
    call = node.named_children[0]
    arguments = call.named_children[1].named_children if len(call.named_children) > 1 else []
    return _word(call.named_children[0]), [value(argument) for argument in arguments]


def _declaration(node: tree_sitter.Node, decorators: dict[str, list[Any]]) -> Declaration:
    kind = node.type.removesuffix("_declaration")
    name, *rest = (child for child in node.named_children if child.type != "comment")
    about = ""
    if kind in {"resource", "module"}:
        about = str(value(rest.pop(0)))
    elif rest and kind in {"parameter", "output"}:
        about = " ".join(_word(rest.pop(0)).split())
    condition, loop, body = _body(rest[0]) if rest else (None, None, None)
    return Declaration(
        kind=kind,
        name=_word(name),
        line=node.start_point[0] + 1,
        about=about,
        body=body,
        has_body=bool(rest),
        existing=any(child.type == "existing" or _word(child) == "existing" for child in node.children),
        condition=condition,
        loop=loop,
        decorators=decorators,
    )


def _body(node: tree_sitter.Node) -> tuple[str | None, Loop | None, Any]:
    if node.type == "if_statement":
        condition, inner = node.named_children
        return _word(condition)[1:-1], None, value(inner)
    found = value(node)
    if isinstance(found, Loop):
        return None, found, found.body
    return None, None, found


def _loop(node: tree_sitter.Node) -> Loop:
    *head, body = (child for child in node.named_children if child.type != "comment")
    if head[0].type == "for_loop_parameters":
        names = tuple(_word(name) for name in head[0].named_children)
    else:
        names = (_word(head[0]),)
    if body.type == "if_statement":
        body = body.named_children[-1]
    return Loop(names, " ".join(_word(head[1]).split()), value(body))


def _properties(node: tree_sitter.Node) -> Iterator[tuple[str, Any]]:
    for entry in _of(node, "object_property"):
        parts = [child for child in entry.named_children if child.type != "comment"]
        key = value(parts[0])
        yield (key if parts[0].type == "string" else _word(parts[0])), value(parts[-1])


def _imported_from(node: tree_sitter.Node) -> str:
    return str(value(_of(node, "string")[0]))


def _errors(node: tree_sitter.Node) -> Iterator[int]:
    if node.is_error or node.is_missing:
        yield node.start_point[0] + 1
    for child in node.children if node.has_error else ():
        yield from _errors(child)


def _of(node: tree_sitter.Node, kind: str) -> list[tree_sitter.Node]:
    return [child for child in node.named_children if child.type == kind]


def _word(node: tree_sitter.Node) -> str:
    return cast("bytes", node.text).decode()


_LITERALS: Mapping[str, Callable[[tree_sitter.Node], Any]] = {
    "string": _string,
    "number": lambda node: int(_word(node)),
    "boolean": lambda node: _word(node) == "true",
    "null": lambda _node: None,
    "object": _object,
    "array": _array,
    "for_statement": _loop,
}
