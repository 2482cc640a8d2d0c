"""A graph of a SavedModel: its operators, and which of them run when it is loaded or served.

tensorflow/core/protobuf/meta_graph.proto and saved_object_graph.proto. Every SavedModel holds operators that save and
restore its variables, and only who saves or restores runs them. So a graph is followed backwards from what is run: the
outputs of signatures, what begins a session, what restores, and the functions of its objects.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from registration.artifacts.formats import protobuf
from registration.errors import TooLargeError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from registration.artifacts.formats.protobuf import Message

_LONGEST = 1024  # bytes of a name
_MOST_OPERATORS = 10_000  # TensorFlow has fewer than two thousand
_MOST_KEPT = 128 * 1024 * 1024  # bytes, about, for names and what they belong to
_OF_NAME, _OF_PART = 32, 256  # bytes beside the characters
_DEEPEST = 32  # messages in messages
_WRITES = {"MergeV2Checkpoints", "Save", "SaveSlices", "SaveV2"}
_RESTORES = {"DTensorRestoreV2", "Restore", "RestoreSlice", "RestoreV2"}
_BEGINS = {"legacy_init_op", "saved_model_main_op"}  # collections of operators that run first
# Fields of a message that hold another one, by the message's kind; what is not here is stepped over.
_INSIDE: dict[str, dict[int, str]] = {
    "meta graph": {2: "graph", 3: "saver", 4: "collection", 5: "signature", 6: "asset", 7: "objects"},
    "graph": {1: "node", 2: "library"},
    "library": {1: "function"},
    "function": {1: "definition", 3: "body"},
    "node": {5: "attribute"},
    "body": {5: "attribute"},
    "attribute": {2: "value"},
    "value": {1: "list", 10: "called"},
    "list": {9: "called"},
    "called": {2: "attribute"},
    "collection": {2: "collected"},
    "collected": {1: "names", 5: "anything"},
    "anything": {1: "any"},
    "any": {2: "asset"},
    "signature": {2: "said"},
    "said": {2: "output"},
    "output": {2: "tensor"},
    "tensor": {4: "sparse", 5: "composite"},
    "composite": {2: "tensor"},
    "objects": {1: "object", 2: "concrete"},
    "object": {4: "user", 6: "callable", 8: "bare"},
}
# Fields that hold a name, and what that is, by the message's kind.
_NAMES: dict[str, dict[int, str]] = {
    "node": {1: "name", 2: "operator", 3: "input"},
    "body": {2: "operator"},
    "definition": {1: "function"},
    "called": {1: "called"},
    "saver": {3: "restores"},
    "collection": {1: "key"},
    "names": {1: "member"},
    "tensor": {1: "output"},
    "sparse": dict.fromkeys((1, 2, 3), "output"),
    "asset": {2: "asset"},
    "concrete": {1: "callable"},
    "callable": {1: "callable"},
    "bare": {1: "callable"},
}
_METADATA = ("user", 3)

type Names = defaultdict[str, list[str]]


class _Part(NamedTuple):
    """A node or a function: the operators and functions that it names, and the nodes that come before it."""

    named: list[str]
    before: list[str]


_NOTHING = _Part([], [])


@dataclass
class Graph:
    """What one meta graph says. `metadata` is where old versions keep what Keras says of objects: begin and length."""

    operators: Counter[str] = field(default_factory=Counter)
    assets: set[str] = field(default_factory=set)
    metadata: list[tuple[int, int]] = field(default_factory=list)
    _nodes: dict[str, _Part] = field(default_factory=dict)
    _functions: dict[str, _Part] = field(default_factory=dict)
    _served: set[str] = field(default_factory=set)
    _restores: set[str] = field(default_factory=set)
    _callable: set[str] = field(default_factory=set)
    _kept: int = 0

    def read(self, message: Message, kind: str = "meta graph", *, depth: int = 0) -> Names:
        """Everything inside one message; the names in it that belong to the message around it come back."""
        if depth > _DEEPEST:
            raise UnreadableError("scan.too_deep", "the messages lie too deep in each other")
        names: Names = defaultdict(list)
        for found in message:
            if found.kind != protobuf.BYTES:
                continue
            if inner := _INSIDE.get(kind, {}).get(found.number):
                for what, below in self.read(message.inside(found), inner, depth=depth + 1).items():
                    names[what] += below
            elif said := _NAMES.get(kind, {}).get(found.number):
                names[said].append(message.text(found, limit=_LONGEST))
                self._keep(len(names[said][-1]) + _OF_NAME)
            elif (kind, found.number) == _METADATA and found.value:
                self.metadata.append((found.begin, found.value))
                self._keep(_OF_PART)
        return self._left(kind, names)

    def reached(self) -> set[str]:
        """The operators that save or restore though nobody asks for it."""
        served = self._run(self._served, self._callable)
        return served & (_WRITES | _RESTORES) | self._run(self._restores, ()) & _WRITES

    def _keep(self, count: int) -> None:
        self._kept += count
        if self._kept > _MOST_KEPT:
            raise TooLargeError("scan.too_large", f"the names in a graph take more than {_MOST_KEPT} bytes")

    def _left(self, kind: str, names: Names) -> Names:
        """The names that this message does not keep for itself."""
        if kind in ("node", "function"):
            self._part(names)
        elif kind == "collection":
            # Sessions of TensorFlow 1 find the files of the model in one of these.
            self.assets.update(names["asset"])
            self._served.update(map(_node_of, () if _BEGINS.isdisjoint(names["key"]) else names["member"]))
        elif kind == "meta graph":
            self._served.update(map(_node_of, names["output"]))
            self._restores.update(map(_node_of, names["restores"]))
            self._callable.update(names["callable"])
            self.assets.update(names["asset"])
        return names if kind not in ("node", "function", "collection") else defaultdict(list)

    def _part(self, names: Names) -> None:
        self.operators.update(names["operator"])
        if len(self.operators) > _MOST_OPERATORS:
            raise TooLargeError("scan.too_large", f"more than {_MOST_OPERATORS} kinds of operators")
        # Of several names of one node, readers keep the last.
        known, own = (self._functions, names["function"]) if names["function"] else (self._nodes, names["name"])
        part = known.setdefault(own[-1] if own else "", _Part([], []))
        part.named.extend({*names["operator"], *names["called"]})
        part.before.extend(map(_node_of, names["input"]))
        self._keep(_OF_PART)

    def _run(self, nodes: Iterable[str], functions: Iterable[str]) -> set[str]:
        """Every operator that runs for these nodes and functions."""
        before = _closure(nodes, lambda node: self._nodes.get(node, _NOTHING).before)
        named = {name for node in before for name in self._nodes.get(node, _NOTHING).named}
        # An operator can be a function, called by its name.
        return _closure({*named, *functions}, lambda name: self._functions.get(name, _NOTHING).named)


def _node_of(name: str) -> str:
    """The node of a tensor, `node:0`, or of what only has to run before, `^node`."""
    return name.removeprefix("^").partition(":")[0]


def _closure(start: Iterable[str], following: Callable[[str], Iterable[str]]) -> set[str]:
    seen = set(start)
    waiting = list(seen)
    while waiting:
        fresh = set(following(waiting.pop())) - seen
        seen |= fresh
        waiting += fresh
    return seen
