"""A manifest: what an outside team says about the model it dropped, `model.manifest.json`, written last.

The team makes it; `parse` refuses anything that is not exactly the contract of docs/formats/manifest.md. It lists every
file of the drop by path, size and SHA-256, all relative to the folder that holds the manifest.

Not promised: that the files exist or match, and that the drop's location may offer the model it names. Inventory and
policy decide that. Metrics are kept as written, `NaN` included.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, PlainValidator, StrictInt, StrictStr

from registration import json_text, lineage
from registration.documents import Document, load
from registration.errors import InputError, ManifestError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MANIFEST_NAME: Final = "model.manifest.json"
RECEIPT_NAME: Final = "model.receipt.json"
MAX_BYTES: Final = 1024 * 1024  # of a manifest
LONGEST_PROBLEM: Final = 500  # characters
MOST_FILES: Final = 1_000

_LONGEST_PATH: Final = 1024  # characters, as storage allows a blob's name
_LARGEST_FILE: Final = 2**53  # bytes; storage allows far less
_LARGEST_STEP: Final = 2**53
_OWN_FOLDER: Final = "registrar"
_SIGNATURE: Final = ".sig"
_UNPRINTABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})  # Unicode categories
_TURNING: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})  # bidirectional classes
_LINES: Final = str.maketrans("", "", "\t\r\n")
_CREDENTIAL: Final = re.compile(
    r"(?:^|[?&;])(?:sig|sharedaccesssignature|accountkey)=|//[^/@:]{0,256}:[^/@]{0,256}@", re.IGNORECASE
)
_AZURE_URI: Final = ("azureml:", "runs:")


def is_own_write(path: str) -> bool:
    """Whether a path, relative to a drop's folder or to a container, is one this app writes: no event of it counts."""
    folders, _, name = path.casefold().rpartition("/")
    return name == RECEIPT_NAME or name.endswith(_SIGNATURE) or folders.partition("/")[0] == _OWN_FOLDER


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    if _unprintable(value):
        raise ValueError("holds a control character")
    return _without_key(value)


def _without_key(value: str) -> str:
    """Everything a manifest says may be copied into records that are kept for ever, so nothing may carry a key."""
    if _CREDENTIAL.search(value):
        raise ValueError("carries a credential; name the place without its SAS, key or password")
    return value


def _prose(value: str) -> str:
    if _unprintable(value.translate(_LINES)):
        raise ValueError("holds a control character other than tabs and line ends")
    return _without_key(value)


def _unprintable(value: str) -> bool:
    return any(unicodedata.category(one) in _UNPRINTABLE or unicodedata.bidirectional(one) in _TURNING for one in value)


def _run_uri(value: str) -> str:
    if value.startswith(_AZURE_URI):
        try:
            lineage.parse_uri(value)
        except InputError as unknown:
            raise ValueError(str(unknown)) from None
    return value


def _model_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", value):
        raise ValueError("must be 1 to 255 letters, digits, '.', '_' or '-', beginning with a letter or digit")
    return value


def _path(value: str) -> str:
    wrong = next(_path_faults(value), None)
    if wrong:
        raise ValueError(f"{value[:200]!r} {wrong}")
    return value


def _path_faults(path: str) -> Iterator[str]:
    """Why a path is refused, the plainest reason first."""
    segments = path.split("/")
    faults = {
        "is empty": not path,
        f"is longer than {_LONGEST_PATH} characters": len(path) > _LONGEST_PATH,
        "holds a control character": _unprintable(path),
        "holds a backslash; folders are separated by '/'": "\\" in path,
        "begins with a drive letter; paths are relative to the manifest's folder": re.match("[A-Za-z]:", path),
        "is absolute; paths are relative to the manifest's folder": path.startswith("/"),
        "ends with '/'; list files, not folders": path.endswith("/"),
        "has an empty segment ('//')": "" in segments,
        "has a segment '.' or '..'": {".", ".."} & set(segments),
        "has a segment that ends with '.', which storage may drop": any(part.endswith(".") for part in segments),
        "is a name that Registrar writes itself": is_own_write(path),
        "is the manifest itself": segments[-1].casefold() == MANIFEST_NAME,
    }
    return (reason for reason, found in faults.items() if found)


def _sha256(value: str) -> str:
    if not re.fullmatch(r"[0-9A-Fa-f]{64}", value):
        raise ValueError("must be 64 hexadecimal digits")
    return value.lower()


def _metric(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number, or text such as 'NaN'")  # noqa: TRY004 - pydantic reports ValueError only
    return _text(value) if isinstance(value, str) else value


def _names[V](entries: dict[str, V]) -> dict[str, V]:
    for name in entries:
        try:
            _text(name)
        except ValueError as wrong:
            raise ValueError(f"the name {name[:200]!r} {wrong}") from None
    return entries


def _tags(tags: dict[str, str]) -> dict[str, str]:
    reserved = next((key for key in tags if key.casefold().startswith("registrar.")), None)
    if reserved:
        raise ValueError(f"{reserved!r} is reserved: tags beginning with 'registrar.' are written by Registrar only")
    return _names(tags)


def _counted[F](files: tuple[F, ...]) -> tuple[F, ...]:
    # Not pydantic's own limits: its minimum also complains when every file of the list is wrong.
    if not 1 <= len(files) <= MOST_FILES:
        raise ValueError(f"must list 1 to {MOST_FILES} files, not {len(files)}")
    return files


type Text = Annotated[StrictStr, Field(max_length=2048), AfterValidator(_text)]
type Prose = Annotated[StrictStr, Field(max_length=5000), AfterValidator(_prose)]
type TagValue = Annotated[StrictStr, AfterValidator(_without_key)]
type Metric = Annotated[int | float | str, PlainValidator(_metric, json_schema_input_type=float | str)]
type MetricsOfSlice = Annotated[dict[str, Metric], AfterValidator(_names)]


class File(Document):
    """One file of the drop; `size` in bytes, `sha256` in lower case."""

    path: Annotated[StrictStr, AfterValidator(_path)]
    size: Annotated[StrictInt, Field(ge=0, le=_LARGEST_FILE)]
    sha256: Annotated[StrictStr, AfterValidator(_sha256)]


class ManifestLineage(Document):
    """Where the team says the model comes from. Nothing named here is ever fetched."""

    job: Text | None = None
    run_uri: Annotated[Text, AfterValidator(_run_uri)] | None = None
    git_commit: Text | None = None
    datasets: tuple[Text, ...] = ()
    environment: Text | None = None


class LoggedValue(Document):
    """One value in the history of a metric."""

    step: Annotated[StrictInt, Field(ge=-_LARGEST_STEP, le=_LARGEST_STEP)]
    value: Metric


class Manifest(Document):
    """The whole contract, version 1. Made by `parse`, which also compares the files with one another."""

    api_version: Annotated[Literal["registrar/v1"], Field(alias="apiVersion")]
    kind: Literal["DropManifest"]
    model: Annotated[StrictStr, AfterValidator(_model_name)]
    files: Annotated[
        tuple[File, ...],
        Field(json_schema_extra={"minItems": 1, "maxItems": MOST_FILES}),
        AfterValidator(_counted),
    ]
    metrics: Annotated[dict[str, Metric], AfterValidator(_names)] = Field(default_factory=dict)
    slices: Annotated[dict[str, MetricsOfSlice], AfterValidator(_names)] = Field(default_factory=dict)
    history: Annotated[dict[str, tuple[LoggedValue, ...]], AfterValidator(_names)] = Field(default_factory=dict)
    comparable: Annotated[dict[str, Text], AfterValidator(_names)] = Field(default_factory=dict)
    lineage: ManifestLineage = ManifestLineage()
    tags: Annotated[dict[str, TagValue], AfterValidator(_tags)] = Field(default_factory=dict)
    description: Prose | None = None
    producer: Text | None = None

    @property
    def total_size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)


def parse(data: bytes, *, source: str) -> Manifest:
    """The manifest in the bytes of `model.manifest.json`; `source` names it in errors.

    UTF-8, with or without a byte order mark. Raises ManifestError with every problem found and its place
    (`files[2].path: ...`).
    """
    try:
        raw = json_text.parse(data, source=source, limit_bytes=MAX_BYTES, error=ManifestError)
        manifest = load(Manifest, raw, source=source, error=ManifestError)
    except ManifestError as wrong:
        raise ManifestError(source, [_masked(problem) for problem in wrong.problems]) from None
    if conflicts := [*_conflicts(manifest.files)]:
        raise ManifestError(source, conflicts)
    return manifest


def _masked(problem: Problem) -> Problem:
    """The problem cut off where it grows long or would repeat a credential: it goes into receipts and events."""
    return replace(problem, path=_cut(problem.path), message=_cut(problem.message))


def _cut(text: str) -> str:
    found = _CREDENTIAL.search(text)
    end = min(found.start() if found else LONGEST_PROBLEM, LONGEST_PROBLEM)
    return text if end >= len(text) else f"{text[:end]}…"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a manifest. It cannot say that two paths collide; `parse` does."""
    return Manifest.model_json_schema(by_alias=True)


def _conflicts(files: Sequence[File]) -> Iterator[Problem]:
    """Paths that some file system would put in one place, though storage keeps them apart."""
    places: dict[str, int] = {}
    for number, file in enumerate(files):
        first = places.setdefault(_folded(file.path), number)
        if first != number:
            yield Problem(f"files[{number}].path", f"{file.path!r} can be the same file as files[{first}].path")
    for number, file in enumerate(files):
        parent = next((places[folder] for folder in _folders(_folded(file.path)) if folder in places), None)
        if parent is not None:
            yield Problem(f"files[{number}].path", f"{file.path!r} lies in files[{parent}].path, which is a file")


def _folders(path: str) -> Iterator[str]:
    return (path[:end] for end, character in enumerate(path) if character == "/")


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
