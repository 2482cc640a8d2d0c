"""Verification: the signatures beside an artifact against what the policy trusts, and what they say against the files.

`model.sig` in the artifact's folder is an OpenSSF Model Signing bundle over the files; a single file `F` has it in
`F.sig`. `model.manifest.json.sig` beside a drop's manifest is a bare signature over the manifest's bytes. Each one that
is there has to hold; keys come from the policy alone, never from the artifact. Nothing is asked over a network.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from registration.artifacts.inventory import SIGNATURE_NAME
from registration.artifacts.store import Location
from registration.errors import SignatureError
from registration.finding import Finding, Level
from registration.manifest import MANIFEST_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from registration.artifacts.inventory import Artifact
    from registration.artifacts.store import Files
    from registration.signatures.bundle import Bundle
    from registration.signatures.certificates import Authority
    from registration.signatures.keys import Key
    from registration.signatures.statement import Statement

ENDING: Final = ".sig"
LONGEST_SIGNATURE: Final = 256  # bytes of a bare one; that of P-521 has 139


@dataclass(frozen=True)
class Trust:
    """Whose signatures count: anybody's who has one of `keys`, or who `authority` vouches for."""

    keys: tuple[Key, ...] = ()
    authority: Authority | None = None
    required: bool = True


@dataclass(frozen=True)
class Signed:
    """What may be signed: the artifact at `location`, and the bytes of a drop's `manifest`, empty if there is none.

    `digests` is SHA-256 by path; it is None if the files are known to be others than was promised, and were not read.
    """

    store: Files
    location: Location
    artifact: Artifact
    digests: Mapping[str, str] | None = field(repr=False)
    manifest: bytes = field(default=b"", repr=False)

    @property
    def one(self) -> str | None:
        """The path of an artifact that is one file and not a folder."""
        files = self.artifact.files
        return files[0].path if len(files) == 1 and files[0].location == self.location else None


@dataclass(frozen=True)
class Signer:
    """Who made a signature that holds, over all that it is over: `path` is the signature's file.

    `key` is the SHA-256 of the public key's PEM. With a certificate it is who `identity` is, else one of the policy's.
    """

    path: str
    key: str
    identity: str | None = None

    def __str__(self) -> str:
        return f"{self.path} by {self.identity or f'the key {self.key[:12]}…'}"


@dataclass(frozen=True)
class Verified:
    """What is wrong with the signatures, or that one is missing, and whose signatures hold."""

    findings: tuple[Finding, ...] = ()
    signers: tuple[Signer, ...] = ()


def verify(trust: Trust, signed: Signed, *, at: datetime) -> Verified:
    """What the signatures come to; without findings all is well.

    Raises `UnavailableError` when storage does not answer, `ArtifactChangedError` when a signature is replaced.
    """
    said = [list(one) for one in _Verification(trust, signed, at).signatures()]
    findings = [[each for each in one if isinstance(each, Finding)] for one in said]
    held = [one for one, wrong in zip(said, findings, strict=True) if all(each.level is Level.NOTE for each in wrong)]
    signers = tuple(each for one in held for each in one if isinstance(each, Signer))
    return Verified(tuple(finding for one in findings for finding in one), signers)


@dataclass(frozen=True)
class _Verification:
    trust: Trust
    signed: Signed
    at: datetime

    def signatures(self) -> Iterator[Iterator[Finding | Signer]]:
        """What there is to say of each signature, or that there is none."""
        from registration.signatures import bundle  # noqa: PLC0415 - most policies ask for no signature

        one = self.signed.one
        name = SIGNATURE_NAME if one is None else one + ENDING
        data = self._read(name, limit=bundle.LONGEST)
        bare = self._read(MANIFEST_NAME + ENDING, limit=LONGEST_SIGNATURE) if self.signed.manifest else None
        if data is not None:
            yield self._of_bundle(data, name, manifest_is_signed=bare is not None)
        if bare is not None:
            yield self._of_manifest(bare)
        if data is None and bare is None and self.trust.required:
            also = f" and no {MANIFEST_NAME}{ENDING}" if self.signed.manifest else ""
            message = f"the policy asks for a signature, and there is no {name}{also}"
            yield iter([Finding("signature.missing", "", message, action=_SIGN)])

    def _read(self, name: str, *, limit: int) -> bytes | None:
        """At most `limit` + 1 bytes of a signature file, pinned to its listing."""
        place = self.signed.location / name if self.signed.one is None else _beside(self.signed.location)
        found = next(iter(self.signed.store.files(place)), None)
        if found is None or found.location != place:
            return None
        return self.signed.store.range(found, offset=0, length=limit + 1)

    def _of_bundle(self, data: bytes, path: str, *, manifest_is_signed: bool) -> Iterator[Finding | Signer]:
        from registration.signatures import bundle, statement  # noqa: PLC0415 - as above

        try:
            found = bundle.parse(data, source=path)
            if isinstance(signer := self._signer(found, path), Finding):
                yield signer
                return
            said = statement.parse(found.envelope.payload, source=path)
        except SignatureError as unreadable:
            yield Finding(
                "signature.unreadable", path, f"is no signature of a model: {_first(unreadable)}", action=_SIGN
            )
            return
        if said.foreign is not None:
            yield Finding("signature.unverifiable", path, f"it {said.foreign}", action=_SIGN)
            return
        yield from self._of_statement(said, path, manifest_is_signed=manifest_is_signed)
        if self.signed.digests is not None:
            yield signer

    def _signer(self, found: Bundle, path: str) -> Signer | Finding:
        """Whom the policy trusts and who signed the envelope, or why nobody is known to have."""
        if self.trust.authority is not None:
            return self._of_identity(found, path, self.trust.authority)
        if (key := next((key for key in self.trust.keys if _made(key, found)), None)) is not None:
            return Signer(path, key.hint)
        if found.material.certificates:
            return Finding("signature.unverifiable", path, _NO_ROOT, action=_AS_ASKED)
        hint = found.material.public_key.hint if found.material.public_key else None
        if hint and hint not in {key.hint for key in self.trust.keys}:
            return Finding("signature.unknown_key", path, _UNKNOWN_KEY, action=_KNOWN_KEY)
        return Finding("signature.invalid", path, _ALTERED, action=_SIGN)

    def _of_identity(self, found: Bundle, path: str, authority: Authority) -> Signer | Finding:
        certificates = found.material.certificates
        if not certificates:
            return Finding("signature.unverifiable", path, _NO_CERTIFICATE, action=_AS_ASKED)
        key = authority.key_in(certificates, path=path, at=self.at)
        if isinstance(key, Finding):
            return key
        if not _made(key, found):
            return Finding("signature.invalid", path, _ALTERED, action=_SIGN)
        return Signer(path, key.hint, authority.identity)

    def _of_statement(self, said: Statement, path: str, *, manifest_is_signed: bool) -> Iterator[Finding]:
        signed = said.digests(of_one=self.signed.one)
        if self.signed.manifest:
            yield from self._of_listed_manifest(signed.pop(MANIFEST_NAME, None), path, or_else=manifest_is_signed)
        if self.signed.digests is not None:
            signature = None if self.signed.one else SIGNATURE_NAME
            found = {name: sha256 for name, sha256 in self.signed.digests.items() if name != signature}
            yield from _differences(signed, found)

    def _of_listed_manifest(self, sha256: str | None, path: str, *, or_else: bool) -> Iterator[Finding]:
        if sha256 is None and not or_else:
            yield Finding(
                "signature.manifest_unsigned", path, _MANIFEST_UNSIGNED, level=Level.NOTE, action=_SIGN_MANIFEST
            )
        if sha256 not in {None, hashlib.sha256(self.signed.manifest).hexdigest()}:
            yield Finding("signature.digest_mismatch", MANIFEST_NAME, "is not the file that was signed", action=_SIGN)

    def _of_manifest(self, bare: bytes) -> Iterator[Finding | Signer]:
        path = MANIFEST_NAME + ENDING
        if not self.trust.keys:
            yield Finding("signature.unverifiable", path, _NO_CERTIFICATE, action=_AS_ASKED)
        elif len(bare) > LONGEST_SIGNATURE:
            yield Finding(
                "signature.unreadable", path, f"is longer than {LONGEST_SIGNATURE} bytes", action=_SIGN_MANIFEST
            )
        elif (key := next((key for key in self.trust.keys if key.made(bare, self.signed.manifest)), None)) is None:
            message = "no key of the policy made it over the manifest as it is"
            yield Finding("signature.invalid", path, message, action=_SIGN_MANIFEST)
        else:
            yield Signer(path, key.hint)


def _differences(signed: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Finding]:
    for path in sorted(signed.keys() - found.keys()):
        yield Finding("signature.file_missing", path, "was signed, and is not among the files", action=_SIGN)
    for path in sorted(found.keys() - signed.keys()):
        yield Finding("signature.file_unsigned", path, "is not among the files that were signed", action=_SIGN)
    for path in sorted(found.keys() & signed.keys()):
        if found[path] != signed[path]:
            message = f"is not the file that was signed: sha256 {signed[path][:12]}… was, it has {found[path][:12]}…"
            yield Finding("signature.digest_mismatch", path, message, action=_SIGN)


def _made(key: Key, found: Bundle) -> bool:
    return key.made(found.envelope.signatures[0].value, found.envelope.signed_bytes)


def _beside(file: Location) -> Location:
    return Location(file.account, file.container, file.name + ENDING)


def _first(unreadable: SignatureError) -> str:
    return str(unreadable.problems[0])[:500]


_SIGN: Final = "sign the files as they are, as docs/signatures.md shows"
_SIGN_MANIFEST: Final = f"sign {MANIFEST_NAME} as it is, as docs/signatures.md shows"
_KNOWN_KEY: Final = "sign with the key that the platform team knows, or ask them to add yours to the policy"
_AS_ASKED: Final = "ask the platform team with what the policy wants it signed; docs/signatures.md shows how"
_ALTERED: Final = "the signature is not one over what it encloses: something was altered"
_UNKNOWN_KEY: Final = "it was made with a key that the policy does not name"
_NO_CERTIFICATE: Final = "it carries no certificate, and the policy trusts certificates of an identity"
_NO_ROOT: Final = "a certificate vouches for it, and the policy names no root that such certificates come from"
_MANIFEST_UNSIGNED: Final = (
    "the files are signed, and the manifest is not: anybody who can write here can state its metrics"
)
