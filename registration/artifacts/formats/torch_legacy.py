"""What torch wrote before version 1.6, and still writes if asked: five pickles, then the numbers of all tensors.

https://github.com/pytorch/pytorch/blob/main/torch/serialization.py. The pickles are a magic number, a version, sizes of
numbers, the object itself, and the keys of the storages in the order in which they follow. Each storage states how many
numbers it has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from registration.artifacts.formats.format import Format, Look
from registration.artifacts.pickles import findings
from registration.artifacts.pickles.globals import Profile
from registration.artifacts.pickles.machine import Machine
from registration.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # the pickle of 0x1950a86a20f9469cfc6c
_PICKLES = 5
_COUNT = 8  # bytes


def _matches(look: Look) -> bool:
    return look.head.startswith(MAGIC)


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    storages: dict[str, int] = {}
    inner, profile, end = replace(context, storages=storages), Profile.of(context.profile), 0
    keys: list[str] = []
    for _ in range(_PICKLES):
        machine = Machine(reader, inner, profile, offset=end, steps_over_arrays=False)
        yield from machine.run()
        end, keys = machine.end or end, _texts(machine)
    if len(keys) != len(storages) or set(keys) != storages.keys():
        raise UnreadableError("pickle.broken", "its list of storages is not that of its tensors", offset=end)
    end = _behind(reader, end, {key: storages[key] for key in keys})
    if reader.reaches(end + 1):
        yield findings.trailing_bytes(context, end)


def _texts(machine: Machine) -> list[str]:
    """The texts of a pickle, each of which torch memoizes; none if it numbers them as picklers do not."""
    try:
        said = [machine.memo.get(number) for number in range(len(machine.memo))]
    except LookupError:
        return []
    return [text.decode("utf-8", "replace") for text in said if type(text) is bytes]


def _behind(reader: Reader, offset: int, widths: Mapping[str, int]) -> int:
    """Where the last storage ends; raises `UnreadableError` if the file ends before."""
    for width in widths.values():
        count = int.from_bytes(reader.read(offset, _COUNT), "little", signed=True)
        if count < 0 or not reader.reaches(offset + _COUNT + count * width):
            raise UnreadableError("pickle.broken", f"a storage of {count} numbers does not fit", offset=offset)
        offset += _COUNT + count * width
    return offset


# Torch files are called .bin too, as many others are: a name that says nothing is not contradicted.
_EXTENSIONS = frozenset({".pt", ".pth", ".ckpt", ".tar"})
FORMAT = Format("torch legacy", _matches, _scan, _EXTENSIONS, holds_code=True)
