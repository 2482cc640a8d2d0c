"""What a scan may cost, and the tally of what it has cost. Beyond a limit nothing is called safe."""

from __future__ import annotations

from dataclasses import dataclass, field

from registration.errors import TooLargeError

GIB = 1024**3


@dataclass(frozen=True)
class Limits:
    """Of one file with everything inside it. Sizes in bytes."""

    depth: int = 4  # containers in containers
    members: int = 100_000
    inflated: int = 16 * GIB
    ratio: int = 200  # inflated to packed bytes, judged only beyond `unjudged` inflated bytes of one stream
    unjudged: int = 64 * 1024**2
    findings: int = 200
    opcodes: int = 200_000_000  # of one pickle
    # Opcodes of all pickles; a field of a message and a text of GGUF count as 16, one of HDF5 as 64, and a byte of
    # YAML as 32, of TorchScript as 4, of JSON as 1.
    steps: int = 400_000_000
    memo: int = 4_000_000  # entries


@dataclass
class Tally:
    """Shared by everything that is visited in one file; its methods raise `TooLargeError` at the limit."""

    limits: Limits
    inflated: int = 0
    members: int = 0
    steps: int = 0
    formats: set[str] = field(default_factory=set)
    spent: bool = False

    def inflate(self, count: int) -> None:
        """`count` more bytes came out of a packed stream."""
        self.inflated += count
        if self.inflated > self.limits.inflated:
            self.spent = True
            message = f"more than {self.limits.inflated} bytes come out of what is packed; the scan stopped here"
            raise TooLargeError("scan.too_large", message)

    def step(self, count: int) -> None:
        """`count` more steps were taken by what follows a content bit by bit."""
        self.steps += count
        if self.steps > self.limits.steps:
            self.spent = True
            message = f"following what is in the file takes more than {self.limits.steps} steps; the scan stopped here"
            raise TooLargeError("scan.too_large", message)

    def member(self) -> None:
        """One more member of a container."""
        self.members += 1
        if self.members > self.limits.members:
            self.spent = True
            message = f"there are more than {self.limits.members} members; the scan stopped here"
            raise TooLargeError("scan.too_many_members", message)
