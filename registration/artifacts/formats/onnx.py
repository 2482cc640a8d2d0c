"""ONNX: a graph of operators as one protobuf message. The numbers in it are stepped over.

https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3. What can hurt: numbers kept in another file, whose path may
lead anywhere; and operators of a custom domain, which need a library of somebody's to run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registration.artifacts.formats import protobuf
from registration.artifacts.formats.format import Format, Look
from registration.artifacts.formats.names import escapes
from registration.artifacts.formats.protobuf import Budget, Message
from registration.artifacts.stream import Stream
from registration.errors import TooLargeError, UnreadableError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.formats.protobuf import Field
    from registration.artifacts.limits import Tally
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_STANDARD = {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training"}
_IR_VERSION, _GRAPH, _FUNCTIONS = 1, 7, 25
_MODEL = {1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26}  # numbers of a ModelProto's fields
_NEWEST_IR = 100
_MOST_NAMES = 5_000
_LONGEST = 4096  # bytes of a name or path
_DEEPEST = 32  # graphs in attributes of nodes
# Fields of a message that hold another one, by the message's kind; what is not here is stepped over.
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external"},
}
_NAMES = {"node": (7, 4), "function": (10, 1)}  # fields with the domain, and the operator or function in it
_KEY, _VALUE = 1, 2


def _matches(look: Look) -> bool:
    """A ModelProto has no magic number, but few fields, and a graph among them."""
    seen, is_exact = _seen(protobuf.to_be_read(look), look.tally)
    # Readers skip fields that they do not know, which can begin with the magic number of something else.
    return {_IR_VERSION, _GRAPH} <= seen and (is_exact or seen <= _MODEL)


def _seen(reader: Reader, tally: Tally | None) -> tuple[set[int], bool]:
    """The numbers of the fields, and whether the content ends where the last of them does."""
    seen: set[int] = set()
    try:
        for found in Message(Stream(reader), code="onnx.broken", budget=Budget(tally), cuts_keys=True):
            is_version = found.kind == protobuf.VARINT and 0 < found.value < _NEWEST_IR
            if found.number == _IR_VERSION and not is_version:
                return set(), False
            seen.add(found.number)
    except TooLargeError:
        # The model may begin behind the fields that were looked at.
        return {_IR_VERSION, _GRAPH}, True
    except UnreadableError:
        # The graph may go on behind the end of a file that was cut off.
        return seen, False
    return seen, True


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    model = _Model()
    message = Message(Stream(reader), code="onnx.broken", budget=Budget(context.tally))
    model.read(message, "model", depth=0)
    for domain, count in sorted(model.custom.items()):
        yield context.finding(
            "onnx.custom_domain",
            f"{count} operators of the domain {domain!r}, which a library must bring",
            level=Level.UNLISTED,
            action="export with standard operators, or have a person vouch for the library",
        )
    for location in sorted(model.locations):
        yield _outside(context, location) if _is_far(location) else _beside(context, location)


@dataclass
class _Model:
    """What a model refers to outside of itself: operators by domain, and files."""

    operators: Counter[tuple[str, str]] = field(default_factory=Counter)
    defined: set[tuple[str, str]] = field(default_factory=set)
    locations: set[str] = field(default_factory=set)

    @property
    def custom(self) -> dict[str, int]:
        """How many operators of each domain neither the standard nor the model itself defines."""
        found: Counter[str] = Counter()
        for operator, count in self.operators.items():
            found[operator[0]] += 0 if operator[0] in _STANDARD or operator in self.defined else count
        return {domain: count for domain, count in found.items() if count}

    def read(self, message: Message, kind: str, *, depth: int) -> None:
        """Everything inside one message."""
        if depth > _DEEPEST:
            raise UnreadableError("scan.too_deep", "the graphs lie too deep in each other")
        names: dict[int, str] = {}
        for found in message:
            inner = _INSIDE[kind].get(found.number) if found.kind == protobuf.BYTES else None
            if inner == "external":
                self._external(message.inside(found))
            elif inner is not None:
                self.read(message.inside(found), inner, depth=depth + (inner == "graph"))
            elif found.kind == protobuf.BYTES and found.number in _NAMES.get(kind, ()):
                names[found.number] = message.text(found, limit=_LONGEST)
        if kind in _NAMES:
            domain, operator = (names.get(number, "") for number in _NAMES[kind])
            self._name(domain, operator, kind)
        if len(self.defined) + len(self.operators) + len(self.locations) > _MOST_NAMES:
            raise TooLargeError("scan.too_large", f"more than {_MOST_NAMES} names of functions, operators and files")

    def _name(self, domain: str, operator: str, kind: str) -> None:
        if kind == "function":
            self.defined.add((domain, operator))
        elif domain not in _STANDARD:
            self.operators[domain, operator] += 1

    def _external(self, entry: Message) -> None:
        said = {found.number: _text(entry, found) for found in entry}
        if said.get(_KEY) == "location":
            self.locations.add(said.get(_VALUE, ""))


def _text(entry: Message, found: Field) -> str:
    return entry.text(found, limit=_LONGEST) if found.kind == protobuf.BYTES else ""


def _is_far(location: str) -> bool:
    # ONNX Runtime takes a name like `*/_ORT_MEM_ADDR_/*` for an address in memory.
    return not location or "*" in location or escapes(location)


def _outside(context: Context, location: str) -> Finding:
    return context.finding(
        "onnx.external_data_escapes",
        f"the numbers of a tensor are read from {location!r}, outside of the model's folder",
        action="do not load it; ask who made it",
    )


def _beside(context: Context, location: str) -> Finding:
    return context.finding(
        "onnx.external_data",
        f"the numbers of a tensor are in the file {location!r} beside it",
        level=Level.NOTE,
        action="see that the file is part of the artifact",
    )


FORMAT = Format("onnx", _matches, _scan, frozenset({".onnx", ".pb"}), weak=True, hides=True)
