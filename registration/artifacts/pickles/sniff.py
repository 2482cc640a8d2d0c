"""Whether content without a header is a pickle: it is one if it can be followed as one to anything that matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.limits import Limits
from registration.artifacts.pickles import findings
from registration.artifacts.pickles.alone import alone
from registration.artifacts.pickles.globals import Profile, is_dangerous
from registration.artifacts.pickles.machine import Machine
from registration.errors import UnreadableError

if TYPE_CHECKING:
    from registration.artifacts.pickles.values import Global
    from registration.artifacts.reader import Reader

ENOUGH = 64  # opcodes; text and numbers stop making sense much sooner
LEAST = 6  # opcodes that change a class: one names it, others write an attribute
MOST = 100  # pickles in a row
_NOTHING = Profile("none", {})
_FEW = Limits(opcodes=ENOUGH)


def is_pickle(reader: Reader, *, strict: bool = False) -> bool:
    """Whether the content names a global, ends as a pickle, or goes on for long.

    It is read as far as a first few opcodes lead: one may step over megabytes, and what matters comes behind. `strict`
    is for content that is something else already, where chance makes opcodes: the magic numbers of zip and PNG have
    one that looks up an object by a line of text, and without a header nobody loads such a pickle.
    """
    if strict and reader.read(0, 1) == b"P":
        return False
    offset, followed = 0, 0
    for _ in range(MOST):
        machine = Machine(reader, alone(_NOTHING, limits=_FEW), _NOTHING, offset=offset)
        is_complete = _run(machine)
        followed += machine.opcodes
        offset = machine.end or offset
        if _matters(machine, strict=strict):
            return True
        if strict and any(said is findings.persistent_id for said, _ in machine.told):
            return False
        if followed >= ENOUGH or (is_complete and not reader.reaches(offset + 1)):
            return True
        if not is_complete:
            return False
    return True


def _matters(machine: Machine, *, strict: bool) -> bool:
    """Words make globals too, `cat` and `dog` an `at.dog`; but nothing is called, and they soon make no sense."""
    named = [found for found in machine.names.table if _can_be_meant(found)]
    if any(is_dangerous(found.module, found.name) for found in named):
        return True
    if named:
        return machine.calls > 0 or machine.opcodes >= LEAST
    return bool(machine.told) and not machine.names.table and not strict


def _can_be_meant(found: Global) -> bool:
    return all(part.isidentifier() for part in f"{found.module}.{found.name}".split("."))


def _run(machine: Machine) -> bool:
    try:
        for _ in machine.run():
            pass
    except UnreadableError:
        return False
    return True
