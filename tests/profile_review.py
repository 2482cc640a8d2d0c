"""What a name must not do to be on a profile, looked for in its source.

A pickle may call what is listed for `call` with any arguments; of what is listed for `new` it may make an instance and
set any state. So neither may run text, import, open, load, nor call what it is handed.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FORBIDDEN = {"exec", "eval", "compile", "__import__", "import_module", "run_path", "run_module", "system", "popen"}
FORBIDDEN |= {"Popen", "run", "call", "check_output", "spawn", "open", "load", "loads", "memmap", "fromfile", "loadtxt"}
FORBIDDEN |= {"genfromtxt", "urlopen"}
_BY_ITSELF = ("__setstate__", "__new__", "__reduce__")


def complaints(module: str, name: str, uses: frozenset[str]) -> list[str]:
    """What a person would have to look at before the name may be listed; nothing if its source is harmless."""
    target = _found(module, name)
    if inspect.isclass(target):
        methods = [*_BY_ITSELF[:2], "__init__"] if "call" in uses else list(_BY_ITSELF[:2])
        return [said for method in methods for said in _of_method(target, method, set())]
    return _of_function(target, target, set()) if "call" in uses else []


def has_source(module: str, name: str) -> bool:
    """Whether it is written in Python."""
    target = _found(module, name)
    return inspect.isclass(target) or inspect.isfunction(target)


def _found(module: str, name: str) -> Any:
    target: Any = importlib.import_module(module)
    for step in name.split("."):
        target = getattr(target, step)
    return target


def _of_method(kind: type, name: str, seen: set[str]) -> list[str]:
    if name in seen:
        return []
    seen.add(name)
    # What object and C types do with their state runs no text.
    method = inspect.getattr_static(kind, name, None)
    function = getattr(method, "__func__", method)
    return _of_function(function, kind, seen) if inspect.isfunction(function) else []


def _of_function(function: Any, owner: Any, seen: set[str]) -> list[str]:
    if not inspect.isfunction(function):
        return []
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    handed = set(inspect.signature(function).parameters) - {"self", "cls"}
    said = [f"{function.__qualname__}: {what}" for what in _wrong(tree, handed)]
    return said + [
        more for name in _own_calls(tree) if inspect.isclass(owner) for more in _of_method(owner, name, seen)
    ]


def _wrong(tree: ast.AST, handed: set[str]) -> Iterator[str]:
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = call.func
        if isinstance(called, ast.Name) and called.id in handed:
            yield f"calls its argument {called.id}"
        name = getattr(called, "attr", getattr(called, "id", ""))
        if name in FORBIDDEN:
            yield f"calls {name}"


def _own_calls(tree: ast.AST) -> Iterator[str]:
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = call.func
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "self":
            yield called.attr
