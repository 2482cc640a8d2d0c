"""What a policy asks of the files: formats, signatures, and what becomes of what a scan could not clear."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, model_validator

from registration.artifacts import profiles
from registration.artifacts.formats.table import FREE, NAMES
from registration.documents import Document, nearest
from registration.finding import Level
from registration.policy.fields import Word
from registration.policy.verdict import Result

if TYPE_CHECKING:
    from registration.signatures.verification import Trust

_FATES = {"reject": Result.FAILED, "hold": Result.HELD}


def _profile(written: str) -> str:
    if written not in profiles.NAMES:
        raise ValueError(_unknown("a profile", written, profiles.NAMES))
    return written


def _format(written: str) -> str:
    if written not in NAMES:
        raise ValueError(_unknown("a format", written, NAMES))
    return written


def _unknown(what: str, written: str, known: tuple[str, ...]) -> str:
    near = nearest(written, known)
    return f"{written!r} is not {what}; did you mean {near!r}?" if near else f"must be one of {', '.join(known)}"


type Profile = Annotated[str, AfterValidator(_profile), Field(json_schema_extra={"enum": [*profiles.NAMES]})]
type FormatName = Annotated[str, AfterValidator(_format), Field(json_schema_extra={"enum": [*NAMES]})]


def _keys(written: str) -> str:
    from registration.signatures import keys  # noqa: PLC0415 - loads cryptography, which most policies do without

    return "".join(key.pem for key in keys.parse(written))


def _roots(written: str) -> str:
    from registration.signatures import certificates  # noqa: PLC0415 - as above

    return certificates.pem(certificates.parse(written))


class CodeScan(Document):
    """By which list the names in pickles are judged, and what becomes of what nobody can tell from here."""

    profile: Profile = profiles.DEFAULT
    unscannable: Literal["reject", "hold"] = "reject"
    unlisted: Literal["reject", "hold"] = "hold"

    def result(self, level: Level) -> Result:
        """What a finding of `level` comes to; what is unsafe always fails."""
        match level:
            case Level.UNSCANNABLE:
                return _FATES[self.unscannable]
            case Level.UNLISTED:
                return _FATES[self.unlisted]
            case Level.NOTE:
                return Result.WARNED
            case _:
                return Result.FAILED


class SignaturePolicy(Document):
    """Whose signature the files need: of a `key`, or of who `root` says is `identity`; PEM, one block or several."""

    required: StrictBool = True
    key: Annotated[str, AfterValidator(_keys)] | None = None
    root: Annotated[str, AfterValidator(_roots)] | None = None
    identity: Word | None = None
    issuer: Word | None = None

    @model_validator(mode="after")
    def _can_be_verified(self) -> Self:
        if (self.key is None) == (self.root is None):
            raise ValueError("needs key or root, one of them: who signed is never taken from what was signed")
        if (self.root is None) != (self.identity is None):
            raise ValueError(
                "root and identity belong together: the root says who somebody is, identity who it must be"
            )
        if self.issuer is not None and self.root is None:
            raise ValueError("issuer is what a certificate says; it needs root and identity")
        return self

    @property
    def trust(self) -> "Trust":
        """The same as values that verify."""
        from registration.signatures import certificates, keys  # noqa: PLC0415 - loads cryptography
        from registration.signatures.verification import Trust  # noqa: PLC0415 - as above

        trusted = keys.parse(self.key) if self.key else ()
        authority = None
        if self.root and self.identity:
            authority = certificates.Authority(certificates.parse(self.root), self.identity, self.issuer)
        return Trust(trusted, authority, self.required)


class ArtifactPolicy(Document):
    """`formats` are those that the model's files may have, or that they are together; without it, any that is safe.

    Without `signature`, none is looked for.
    """

    formats: Annotated[tuple[FormatName, ...], Field(min_length=1)] | None = None
    code_scan: CodeScan = CodeScan()
    signature: SignaturePolicy | None = None

    def unwelcome(self, found: Mapping[str, str]) -> dict[str, str]:
        """The files of `found`, format by path, whose format is not asked for; the empty path is all of them together.

        Text, tables and pictures may lie beside any model.
        """
        if self.formats is None or found.get("") in self.formats:
            return {}
        welcome = FREE | {*self.formats}
        return {path: name for path, name in found.items() if path and not welcome.issuperset(name.split("+"))}
