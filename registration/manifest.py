"""A manifest: what an outside team says about the model it dropped, `model.manifest.json`, written last.

The team makes it; `parse` refuses anything that is not exactly the contract of docs/formats/manifest.md. It lists every
file of the drop by path, size and SHA-256, all relative to the folder that holds the manifest.

Not promised: that the files exist or match, and that the drop's location may offer the model it names. Inventory and
policy decide that. Metrics are kept as written, `NaN` included.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, PlainValidator, StrictBool, StrictInt, StrictStr

from registration import json_text, paths, uris
from registration.documents import Document, load, schema
from registration.errors import InputError, ManifestError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MANIFEST_NAME: Final = "model.manifest.json"
RECEIPT_NAME: Final = "model.receipt.json"
RECEIPT_SUFFIX: Final = ".receipt.json"  # of the receipt of a single file, after its name
MAX_BYTES: Final = 1024 * 1024  # of a manifest
LONGEST_PROBLEM: Final = 500  # characters
MOST_FILES: Final = 1_000
MOST_TAGS: Final = 100
LONGEST_TAG_NAME: Final = 256  # characters; the registry is sent every tag in one request with the version

_LARGEST_FILE: Final = 2**53  # bytes; storage allows far less
_LARGEST_STEP: Final = 2**53
_OWN_FOLDER: Final = "registrar"
_OWN_ENDINGS: Final = (RECEIPT_SUFFIX, ".sig")
_LINES: Final = str.maketrans("", "", "\t\r\n")
_CREDENTIAL: Final = re.compile(
    r"(?:^|[?&;])(?:sig|sharedaccesssignature|accountkey)=|//[^/@:]{0,256}:[^/@]{0,256}@", re.IGNORECASE
)
_AZURE_URI: Final = ("azureml:", "runs:")
_REPAIRS: Final = {
    "is not UTF-8": "save it as UTF-8; PowerShell 5 needs -Encoding utf8",
    "is not JSON": "write it with a JSON library, not by hand",
    "is longer than": "list fewer files, or leave out what the model does not need",
    "the key ": "remove one of the two",
    "holds a whole number": "write it with fewer digits, or as text",
    "is nested too deeply": "write it as docs/formats/manifest.md shows",
    "must be a mapping": "write one JSON object, as docs/formats/manifest.md shows",
}


def is_own_write(path: str) -> bool:
    """Whether a path, relative to a drop's folder or to a container, is one this app writes: no event of it counts."""
    folders, _, name = path.casefold().rpartition("/")
    return name.endswith(_OWN_ENDINGS) or folders.partition("/")[0] == _OWN_FOLDER


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty; give it a value or leave it out")
    if paths.is_unprintable(value):
        raise ValueError("holds a control character; remove it")
    return _without_key(value)


def _without_key(value: str) -> str:
    """Everything a manifest says may be copied into records that are kept for ever, so nothing may carry a key."""
    if _CREDENTIAL.search(value):
        raise ValueError("carries a credential; name the place without its SAS, key or password")
    return value


def _prose(value: str) -> str:
    if paths.is_unprintable(value.translate(_LINES)):
        raise ValueError("holds a control character other than tabs and line ends; remove it")
    return _without_key(value)


def _run_uri(value: str) -> str:
    if value.startswith(_AZURE_URI):
        try:
            uris.parse_uri(value)
        except InputError as unknown:
            raise ValueError(str(unknown)) from None
    return value


def _model_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", value):
        raise ValueError("must be 1 to 255 letters, digits, '.', '_' or '-', beginning with a letter or digit")
    return value


def _path(value: str) -> str:
    wrong = paths.fault(value) or _reserved(value)
    if wrong:
        raise ValueError(f"{value[:200]!r} {wrong}")
    return value


def _reserved(path: str) -> str | None:
    if is_own_write(path):
        return "is a name that Registrar writes itself; rename the file or leave it out"
    is_manifest = path.rpartition("/")[2].casefold() == MANIFEST_NAME
    return "is the manifest itself; leave it out" if is_manifest else None


def _sha256(value: str) -> str:
    if not re.fullmatch(r"[0-9A-Fa-f]{64}", value):
        raise ValueError("must be 64 hexadecimal digits, as sha256sum prints them")
    return value.lower()


def _metric(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number, or text such as 'NaN'")  # noqa: TRY004 - pydantic reports ValueError only
    return _text(value) if isinstance(value, str) else value


def _names[V](entries: dict[str, V]) -> dict[str, V]:
    if any(_CREDENTIAL.search(name) for name in entries):
        raise ValueError("has a name that carries a credential; use names without a SAS, key or password")
    for name in entries:
        try:
            _text(name)
        except ValueError as wrong:
            raise ValueError(f"the name {name[:200]!r} {wrong}") from None
    return entries


def _tags(tags: dict[str, str]) -> dict[str, str]:
    reserved = next((key for key in _names(tags) if key.casefold().startswith("registrar.")), None)
    if reserved:
        raise ValueError(
            f"{reserved!r} is reserved: tags beginning with 'registrar.' are written by Registrar only; rename it"
        )
    if len(tags) > MOST_TAGS:
        raise ValueError(f"must be {MOST_TAGS} tags at most, not {len(tags)}; put more into a file of the model")
    long = next((key for key in tags if len(key) > LONGEST_TAG_NAME), None)
    if long:
        raise ValueError(f"the name {long[:40]!r}… has more than {LONGEST_TAG_NAME} characters; shorten it")
    return tags


def _counted[F](files: tuple[F, ...]) -> tuple[F, ...]:
    # Not pydantic's own limits: its minimum also complains when every file of the list is wrong.
    if not 1 <= len(files) <= MOST_FILES:
        repair = "pack files into an archive" if files else "list every file of the model"
        raise ValueError(f"must list 1 to {MOST_FILES} files, not {len(files)}; {repair}")
    return files


# Not pydantic's own patterns: their messages would show a pattern where a sentence is due.
_PATH_SCHEMA: Final[dict[str, Any]] = {"minLength": 1, "maxLength": paths.LONGEST}
_SHA256_SCHEMA: Final[dict[str, Any]] = {"pattern": "^[0-9A-Fa-f]{64}$"}
_MODEL_SCHEMA: Final[dict[str, Any]] = {"pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$"}

type Sha256 = Annotated[StrictStr, Field(json_schema_extra=_SHA256_SCHEMA), AfterValidator(_sha256)]
type Text = Annotated[StrictStr, Field(max_length=2048), AfterValidator(_text)]
type Prose = Annotated[StrictStr, Field(max_length=5000), AfterValidator(_prose)]
type TagValue = Annotated[StrictStr, Field(max_length=2048), AfterValidator(_without_key)]
type Metric = Annotated[int | float | str, PlainValidator(_metric, json_schema_input_type=float | str)]
type MetricsOfSlice = Annotated[dict[str, Metric], AfterValidator(_names)]


class File(Document):
    """One file of the drop; `size` in bytes, `sha256` in lower case."""

    path: Annotated[StrictStr, Field(json_schema_extra=_PATH_SCHEMA), AfterValidator(_path)]
    size: Annotated[StrictInt, Field(ge=0, le=_LARGEST_FILE)]
    sha256: Sha256


class ManifestLineage(Document):
    """Where the team says the model comes from. Nothing named here is ever fetched."""

    job: Text | None = None
    run_uri: Annotated[Text, AfterValidator(_run_uri)] | None = None
    git_commit: Text | None = None
    git_dirty: StrictBool | None = None
    git_repository: Text | None = None
    datasets: tuple[Text, ...] = ()
    environment: Text | None = None
    parameters: Annotated[dict[str, Text], AfterValidator(_names)] = Field(default_factory=dict)


class LoggedValue(Document):
    """One value in the history of a metric."""

    step: Annotated[StrictInt, Field(ge=-_LARGEST_STEP, le=_LARGEST_STEP)]
    value: Metric


class Manifest(Document):
    """The whole contract, version 1. Made by `parse`, which also compares the files with one another."""

    api_version: Annotated[Literal["registrar/v1"], Field(alias="apiVersion")]
    kind: Literal["DropManifest"]
    model: Annotated[StrictStr, Field(json_schema_extra=_MODEL_SCHEMA), AfterValidator(_model_name)]
    files: Annotated[
        tuple[File, ...],
        Field(json_schema_extra={"minItems": 1, "maxItems": MOST_FILES}),
        AfterValidator(_counted),
    ]
    metrics: Annotated[dict[str, Metric], AfterValidator(_names)] = Field(default_factory=dict)
    slices: Annotated[dict[str, MetricsOfSlice], AfterValidator(_names)] = Field(default_factory=dict)
    history: Annotated[dict[str, tuple[LoggedValue, ...]], AfterValidator(_names)] = Field(default_factory=dict)
    comparable: Annotated[dict[str, Text], AfterValidator(_names)] = Field(default_factory=dict)
    lineage: ManifestLineage = Field(default_factory=ManifestLineage)
    tags: Annotated[
        dict[str, TagValue], Field(json_schema_extra={"maxProperties": MOST_TAGS}), AfterValidator(_tags)
    ] = Field(default_factory=dict)
    description: Prose | None = None
    producer: Text | None = None


def parse(data: bytes, *, source: str) -> Manifest:
    """The manifest in the bytes of `model.manifest.json`; `source` names it in errors.

    UTF-8, with or without a byte order mark. Raises ManifestError with every problem found and its place
    (`files[2].path: ...`).
    """
    try:
        raw = json_text.parse(data, source=source, limit_bytes=MAX_BYTES, error=ManifestError)
    except ManifestError as wrong:
        raise ManifestError(source, [_told(problem) for problem in wrong.problems]) from None
    manifest = checked(Manifest, raw, source=source)
    if conflicts := [*_conflicts(manifest.files)]:
        raise ManifestError(source, conflicts)
    return manifest


def checked[T: Document](kind: type[T], raw: object, *, source: str) -> T:
    """What a team said, as `kind`; raises ManifestError, whose problems are short and repeat no credential."""
    try:
        return load(kind, raw, source=source, error=ManifestError)
    except ManifestError as wrong:
        raise ManifestError(source, [_told(problem) for problem in wrong.problems]) from None


def _told(problem: Problem) -> Problem:
    """The problem as it goes into receipts and events: cut off where it grows long or would repeat a credential.

    What is wrong with the whole document gets what to do about it.
    """
    repair = next((repair for said, repair in _REPAIRS.items() if problem.message.startswith(said)), "")
    whole = f"{_cut(problem.message)}; {repair}" if repair and not problem.path else _cut(problem.message)
    return replace(problem, path=_cut(problem.path), message=whole)


def _cut(text: str) -> str:
    found = _CREDENTIAL.search(text)
    end = min(found.start() if found else LONGEST_PROBLEM, LONGEST_PROBLEM)
    return text if end >= len(text) else f"{text[:end]}…"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a manifest. It cannot say that two paths collide, or that text carries a key; `parse` does."""
    return schema(Manifest, title="Drop manifest of Registrar")


def _conflicts(files: Sequence[File]) -> Iterator[Problem]:
    names = [file.path for file in files]
    for found in paths.conflicts(names):
        place, other = f"files[{found.second}].path", f"files[{found.first}].path"
        if found.is_inside:
            yield Problem(place, f"{names[found.second]!r} lies in {other}, which is a file; rename one of them")
        else:
            yield Problem(place, f"{names[found.second]!r} can be the same file as {other}; rename or remove one")
