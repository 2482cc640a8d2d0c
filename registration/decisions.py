"""Decisions as the ledger keeps them: `{model}/{digest}.json`, written once. Whether one counts, only a head says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registration import names
from registration.artifacts.inventory import digest as digest_of
from registration.errors import LedgerFormatError
from registration.revocation import Revocation
from registration.stored import damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from registration.shelf import Shelf
    from registration.work import Work


@dataclass(frozen=True)
class Decisions:
    """The decisions on their shelf. `work` gives the record of a piece of work, or None."""

    shelf: Shelf
    work: Callable[[str], Work | None]

    def read(self, model: str, digest: str) -> dict[str, Any]:
        """A decision that a head names; raises `LedgerFormatError` when it is gone, or not what was written."""
        found = self.kept(model, digest)
        if digest_of(found) != digest:
            raise damaged(names.decision(model, digest), "was changed after it was written")
        return found

    def kept(self, model: str, digest: str) -> dict[str, Any]:
        """The same as it is kept now, whoever may have changed it; raises `LedgerFormatError` when it is gone."""
        name = names.decision(model, digest)
        found = self.shelf.read(name)
        if found is None:
            raise LedgerFormatError(f"decision {digest} of model {model} is not in the ledger: restore the blob {name}")
        return found.document

    def record(self, model: str, decision: Mapping[str, Any]) -> str:
        """Write a decision, once; the digest that names it."""
        text = json.dumps(decision, sort_keys=True, separators=(",", ":"), allow_nan=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        self.shelf.create_text(names.decision(model, digest), text)
        return digest

    def keep_policy(self, *, sha256: str, text: str) -> None:
        """Keep the exact text that decides, once."""
        self.shelf.create_text(names.policy(sha256), text)

    def policy(self, sha256: str) -> str:
        """The exact text that decided; raises `LedgerFormatError` when it is gone, or not what was written."""
        name = names.policy(sha256)
        text = self.shelf.text(name)
        if text is None:
            raise LedgerFormatError(f"the policy text {sha256} is not in the ledger: restore the blob {name}")
        if hashlib.sha256(text.encode()).hexdigest() != sha256:
            raise damaged(name, "was changed after it was written")
        return text

    def revoke(self, revocation: Revocation) -> None:
        """Deny files, once: a revocation that is there already stays."""
        self.shelf.create_text(names.revocation(revocation.artifact_sha256), json.dumps(revocation.to_dict(), indent=2))

    def revocation(self, sha256: str) -> Revocation | None:
        """The revocation of the files with this digest, or None; raises `LedgerFormatError` for a damaged one."""
        name = names.revocation(sha256)
        found = self.shelf.read(name)
        return Revocation.from_dict(found.document, name=name) if found else None

    def revoked(self) -> frozenset[str]:
        """The digests of all files that were revoked."""
        return frozenset(names.key(name) for name, _ in self.shelf.names(names.REVOCATIONS))

    def about(self, model: str) -> Iterator[str]:
        """The decisions about `model` that must have been in its history, for drafts are kept as well."""
        for name, _ in self.shelf.names(f"{model}/"):
            found = self.shelf.read(name) if name.endswith(".json") else None
            if found is not None and self._was_in_history(name, found.document):
                yield name

    def _was_in_history(self, name: str, decision: Mapping[str, Any]) -> bool:
        match decision:
            case {"previous": str()}:  # even a draft for such a place was written after a head
                return True
            case {"candidate": {"work": str(key)}} if work := self.work(key):
                return f"/{(work.result or {}).get('decision')}." in name
        return False


def work_in(decision: Mapping[str, Any], *, name: str) -> str:
    """The work that the decision stored as `name` is about; raises `LedgerFormatError` if it has no place for one."""
    match decision:
        case {"candidate": {"work": str(work)}, "previous": str() | None}:
            return work
        case _:
            raise damaged(name, "does not say which work it decided, and what was decided before")
