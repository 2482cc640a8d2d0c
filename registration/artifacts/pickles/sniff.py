"""Whether content without a header is a pickle: it is one if it can be followed as one to anything that matters."""

from __future__ import annotations

from registration.artifacts.pickles.alone import alone
from registration.artifacts.pickles.globals import Profile
from registration.artifacts.pickles.machine import Machine
from registration.artifacts.reader import Memory
from registration.errors import UnreadableError

ENOUGH = 64  # opcodes; text and numbers stop making sense much sooner
MOST = 100  # pickles in a row
_NOTHING = Profile("none", {})


def is_pickle(head: bytes) -> bool:
    """Whether `head`, the beginning of a file or all of it, names a global, ends as a pickle, or goes on for long."""
    offset, followed = 0, 0
    for _ in range(MOST):
        machine = Machine(Memory(head), alone(_NOTHING), _NOTHING, offset=offset)
        is_complete = _run(machine)
        followed += machine.opcodes
        offset = machine.end or offset
        if machine.told or machine.names.table or followed >= ENOUGH or (is_complete and offset == len(head)):
            return True
        if not is_complete:
            return False
    return True


def _run(machine: Machine) -> bool:
    try:
        for _ in machine.run():
            pass
    except UnreadableError:
        return False
    return True
