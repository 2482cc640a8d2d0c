"""What a policy asks of the files: their formats, and what becomes of what a scan could not clear."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from registration.artifacts import profiles
from registration.artifacts.formats.table import FREE, NAMES
from registration.documents import Document, nearest
from registration.finding import Level
from registration.policy.verdict import Result

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


class ArtifactPolicy(Document):
    """`formats` are those that the model's files may have, or that they are together; without it, any that is safe."""

    formats: Annotated[tuple[FormatName, ...], Field(min_length=1)] | None = None
    code_scan: CodeScan = CodeScan()

    def unwelcome(self, found: Mapping[str, str]) -> dict[str, str]:
        """The files of `found`, format by path, whose format is not asked for; the empty path is all of them together.

        Text, tables and pictures may lie beside any model.
        """
        if self.formats is None or found.get("") in self.formats:
            return {}
        welcome = FREE | {*self.formats}
        return {path: name for path, name in found.items() if path and not welcome.issuperset(name.split("+"))}
