"""A finding: one thing validation has to say against an artifact.

Validation makes findings, the decision counts every one of them as a failed rule, receipts and records show them.
A finding is a value: it never stops a run.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`code` is stable and has a row in docs/errors.md; `path` is the file (empty for the whole artifact)."""

    code: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message
