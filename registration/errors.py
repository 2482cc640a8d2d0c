"""Every error Registrar raises, and who must act on it.

    RegistrarError
    ├── InputError                 somebody wrote something unusable; the same message fails the same way for ever
    │   ├── MalformedEventError        the event cannot be understood
    │   └── DocumentError              a policy, manifest or settings document is wrong, and where
    │       ├── PolicyError
    │       ├── EvidenceError
    │       ├── ManifestError
    │       ├── SignatureError
    │       ├── SettingsError
    │       └── ForeignConfigError
    ├── TransientError             the world will answer differently later; the message comes again
    │   ├── NotVisibleYetError         a job or its output is not readable yet
    │   ├── UnavailableError           Azure ML, storage or the ledger did not answer
    │   ├── ArtifactChangedError       a file changed while it was read; what is there now is new work
    │   ├── ClaimHeldError             another worker holds this work
    │   └── PausedError                somebody paused the model, or the app
    ├── UnreadableError            the content of a file cannot be followed any further; becomes a finding
    │   └── TooLargeError              following it would take more memory or time than the limits allow
    ├── PermanentError             a service will not do what it was asked, however often; the message is given up
    ├── LedgerFormatError          a ledger document is damaged, or was written by another version of this app
    ├── LedgerConflictError        somebody wrote the ledger first; read it again and decide again
    ├── PublicationConflictError   somebody published policies meanwhile; look at the difference again
    └── RegistryMismatchError      the registry does not say what was written to it

A refusal is not an error: it is a recorded value (`registration.artifacts.Finding`, `registration.policy.Verdict`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class RegistrarError(Exception):
    """Root of everything Registrar raises on purpose."""


class InputError(RegistrarError):
    """Something a person or another system wrote cannot be used as it is."""


class MalformedEventError(InputError):
    """An event cannot be understood; the message names the place inside the event."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a document: where (`models[0].metrics.accuracy.mim`, empty for the whole) and what.

    `line` counts from 1 and is None where it is not known, or the message says it.
    """

    path: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        told = f"{self.path}: {self.message}" if self.path else self.message
        return told if self.line is None else f"{told} (line {self.line})"


class DocumentError(InputError):
    """A document is wrong in one or more places; `source` names the document, `problems` the places."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{source}: {problem}" for problem in self.problems))


class PolicyError(DocumentError):
    """A promotion policy cannot be used."""


class EvidenceError(DocumentError):
    """An evidence file cannot be used."""


class ManifestError(DocumentError):
    """A drop's manifest breaks the drop contract."""


class SignatureError(DocumentError):
    """A file that should be a signature is none; never leaves the verification, which makes a finding of it."""


class SettingsError(DocumentError):
    """The app's settings are missing or wrong; `problems` name the environment variables."""


class ForeignConfigError(DocumentError):
    """A config of another tool cannot be imported; `problems` name places in that config."""


class TransientError(RegistrarError):
    """Trying the same message later can succeed."""

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class NotVisibleYetError(TransientError):
    """A job, or the files of its output, cannot be seen yet."""


class UnavailableError(TransientError):
    """A service this app depends on did not answer, or answered with a fault of its own."""


class ArtifactChangedError(TransientError):
    """A file is no longer the one that was listed; the next try sees what is there now."""


class ClaimHeldError(TransientError):
    """Another worker holds the work for `retry_after_seconds` at most."""

    def __init__(self, work: str, *, seconds: float) -> None:
        super().__init__(f"work {work} is held by another worker", retry_after_seconds=seconds)
        self.work = work


class PausedError(TransientError):
    """Somebody paused the model, or the app; the message comes again until it is resumed."""


class UnreadableError(RegistrarError):
    """The content of a file cannot be followed any further. Never leaves the scan, which makes a finding of it.

    `code` is that finding's; `offset` counts bytes from the start of what was being read, None if no place is known.
    """

    def __init__(self, code: str, message: str, *, offset: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.offset = offset


class TooLargeError(UnreadableError):
    """Following the content would take more memory or time than the limits of a scan allow."""


class PermanentError(RegistrarError):
    """A service will not do what it was asked, now or later; the message says what it answered."""


class LedgerFormatError(RegistrarError):
    """A document of the ledger is damaged, or of a format this version does not read; the message says what to do."""


class LedgerConflictError(RegistrarError):
    """A conditional write to the ledger lost: another worker wrote first."""


class PublicationConflictError(RegistrarError):
    """A published policy is no longer the one that was compared; the message names it."""


class RegistryMismatchError(RegistrarError):
    """A model version read back differs from what was written; the message names each difference."""
