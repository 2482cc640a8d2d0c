"""The walk: content decides, names are claims, limits end it, and nothing but the store raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.artifacts.context import LONGEST
from registration.artifacts.formats.format import Format, nothing
from registration.artifacts.formats.tree import TreeFormat
from registration.artifacts.inventory import Artifact
from registration.artifacts.limits import Limits
from registration.artifacts.reader import Memory, Part, Traffic
from registration.artifacts.scan import Report, Verdict, scan, scan_tree, verdict
from registration.artifacts.validation import Folder
from registration.errors import ArtifactChangedError, UnreadableError
from registration.finding import Finding, Level
from tests.archives import zipped
from tests.fakes import MemoryStore
from tests.scanning import HERE, NOTHING, codes, pinned, report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.formats.tree import Tree
    from registration.artifacts.reader import Reader


def boxes(reader: Reader, context: Context) -> Iterator[Finding]:
    """A container for tests: `B`, a count, and that many members of equal length."""
    count = reader.read(1, 1)[0]
    length = (reader.size - 2) // count
    for number in range(count):
        yield from context.scan_inner(Part(reader, 2 + number * length, length), f"m{number}.x")


def danger(_reader: Reader, context: Context) -> Iterator[Finding]:
    yield context.finding("test.danger", "it is dangerous", offset=1)


def broken(_reader: Reader, context: Context) -> Iterator[Finding]:
    yield context.finding("test.before", "said before", level=Level.NOTE)
    raise UnreadableError("test.broken", "it ends here", offset=7)


def bug(_reader: Reader, _context: Context) -> Iterator[Finding]:
    raise ZeroDivisionError


def format_(name: str, first: bytes, scanner: object, *extensions: str, code: bool = False) -> Format:
    return Format(
        name,
        lambda look: look.head.startswith(first),
        scanner,  # type: ignore[arg-type] # the functions above
        frozenset(extensions),
        holds_code=code,
    )


FORMATS = (
    format_("box", b"B", boxes, ".box"),
    format_("danger", b"D", danger, ".danger", code=True),
    format_("calm", b"C", nothing, ".calm"),
    format_("broken", b"X", broken),
    format_("bug", b"Y", bug),
)


def scanned(data: bytes, path: str = "file", **limits: int) -> Report:
    return scan(Memory(data, path), profile=NOTHING, limits=Limits(**limits), formats=FORMATS)


def box(*members: bytes) -> bytes:
    return b"B" + bytes([len(members)]) + b"".join(members)


def test_a_finding_names_file_member_and_offset() -> None:
    (finding,) = scanned(box(b"CCCC", box(b"CC"), box(b"DD"))).findings

    assert (finding.path, finding.member, finding.offset) == ("file", "m2.x!m0.x", 1)
    assert str(finding) == "file!m2.x!m0.x: it is dangerous"


def test_what_a_file_says_of_itself_is_cut_and_moves_no_cursor() -> None:
    def loud(_reader: Reader, context: Context) -> Iterator[Finding]:
        yield context.finding("test.loud", "\x1b[2J" + "a" * 10_000)

    (finding,) = scan(Memory(b"L"), profile=NOTHING, formats=(format_("loud", b"L", loud),)).findings

    assert finding.message.startswith("\\x1b[2Jaaa")
    assert len(finding.message) == LONGEST


def test_what_nobody_claims_is_unscannable() -> None:
    found = scanned(b"?")

    assert (found.format, found.verdict, codes(found)) == ("unknown", Verdict.UNSCANNABLE, ["format.unknown"])


def test_a_format_that_gives_up_leaves_what_it_found_and_why_it_stopped() -> None:
    found = scanned(b"X")

    assert codes(found) == ["test.before", "test.broken"]
    assert (found.verdict, found.findings[1].offset) == (Verdict.UNSCANNABLE, 7)


def test_a_bug_of_ours_is_never_called_safe(caplog: pytest.LogCaptureFixture) -> None:
    found = scanned(b"Y")

    assert (found.verdict, codes(found)) == (Verdict.UNSCANNABLE, ["scan.failed"])
    assert "the scan of file failed" in caplog.text


def test_members_are_followed_to_the_stated_depth_and_not_further() -> None:
    three = box(box(box(b"CC")))

    assert codes(scanned(three, depth=3)) == []
    assert codes(scanned(three, depth=2)) == ["scan.too_deep"]


def test_too_many_members_end_the_scan_once() -> None:
    found = scanned(box(*[b"D"] * 9), members=2)

    assert codes(found) == ["test.danger", "test.danger", "scan.too_many_members"]


def test_too_many_findings_end_the_scan_and_are_never_safe() -> None:
    found = scanned(box(*[b"X"] * 9), findings=3)

    assert codes(found)[-1] == "scan.too_many_findings"
    assert (len(found.findings), found.verdict) == (4, Verdict.UNSCANNABLE)


@pytest.mark.parametrize(
    ("data", "path", "level"),
    [
        (b"DD", "model.calm", Level.UNSAFE),
        (box(b"DD"), "model.calm", Level.UNSAFE),
        (box(b"CC"), "model.calm", Level.NOTE),
        (b"CC", "model.danger", Level.NOTE),
    ],
)
def test_a_name_that_says_another_format_is_found(data: bytes, path: str, level: Level) -> None:
    (finding,) = [found for found in scanned(data, path).findings if found.code == "format.contradicts_name"]

    assert finding.level == level


@pytest.mark.parametrize("path", ["model.calm", "model", "model.whatever", "MODEL.CALM"])
def test_a_name_that_says_nothing_else_is_fine(path: str) -> None:
    assert scanned(b"CC", path).findings == ()


def test_content_of_two_formats_is_scanned_as_both() -> None:
    both = (*FORMATS, format_("double", b"DD", broken))

    found = scan(Memory(b"DD"), profile=NOTHING, formats=both)

    assert found.format == "danger+double"
    assert codes(found) == ["format.ambiguous", "test.danger", "test.before", "test.broken"]


def test_a_file_written_meanwhile_ends_the_scan_with_its_error() -> None:
    reader, store, _ = pinned(b"CC")
    store.put(HERE, b"CC")

    with pytest.raises(ArtifactChangedError):
        scan(reader, profile=NOTHING)


LEVELS = st.lists(st.sampled_from(Level))


@given(LEVELS)
def test_safe_is_said_only_if_nothing_else_can_be(levels: list[Level]) -> None:
    findings = [Finding("c", "p", "m", level=level) for level in levels]

    said = verdict(findings)

    assert (said == Verdict.SAFE) == (set(levels) <= {Level.NOTE})
    assert (said == Verdict.UNSAFE) == (Level.UNSAFE in levels)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_the_answer_is_a_report(data: bytes) -> None:
    found = report(data)

    assert "scan.failed" not in codes(found)


def pair(tree: Tree, context: Context) -> Iterator[Finding]:
    if tree.open("left").read(0, 9) != tree.open("right").read(0, 9):
        yield context.finding("test.unlike", "left and right differ")


PAIR = TreeFormat("pair", lambda paths: {"left", "right"} <= paths, pair)


def test_files_of_an_archive_are_looked_at_together() -> None:
    data = zipped({"left": b"a", "right": b"b", "other": b"c"}, deflated=True)

    found = scan(Memory(data, "in.zip"), profile=NOTHING, trees=(PAIR,))

    assert [(finding.code, finding.path) for finding in found.findings] == [("test.unlike", "in.zip")]


@pytest.mark.parametrize(("right", "said"), [(b"a", []), (b"b", ["test.unlike"])])
def test_files_of_an_artifact_are_looked_at_together(right: bytes, said: list[str]) -> None:
    store = MemoryStore()
    for name, data in (("left", b"a"), ("right", right)):
        store.put(HERE / name, data)

    files = Folder(store, Artifact.of(store.files(HERE)), Traffic())
    found = scan_tree(files, profile=NOTHING, trees=(PAIR,))

    assert (found.format, codes(found)) == ("pair", said)


MAGIC = [b"PK\3\4", b"PK\5\6", b"\x1f\x8b\x08", b"BZh91AY&SY", b"\xfd7zXZ\0", b"]\0\0", b"x\x9c", b"\x04\x22\x4d\x18"]
MAGIC += [b"\x93NUMPY\1\0", b"MZ", b"\x89PNG\r\n\x1a\n", b"\x80\4", b"\x89HDF\r\n\x1a\n", b"a" * 257 + b"ustar\0"]


@given(st.sampled_from(MAGIC), st.binary(max_size=400), st.sampled_from(["m", "m.pt", "m.json", "m.safetensors"]))
def test_whatever_follows_a_magic_number_the_answer_is_a_report(magic: bytes, rest: bytes, path: str) -> None:
    assert "scan.failed" not in codes(report(magic + rest, path))


PARSED = {
    "model.safetensors": (120).to_bytes(8, "little") + b"{}".ljust(120),
    "config.json": b'{"class_name": "Dense", "config": {}}'.ljust(120),
    "schema.json": b'{"__loader__": "TypeNode"}'.ljust(120),
    "modules.json": b"[]".ljust(120),
    "net.py": b"def forward(self, x: Tensor) -> Tensor:\n  return torch.relu(x)\n".ljust(120),
}


@pytest.mark.parametrize("name", PARSED)
def test_what_is_parsed_counts_with_all_that_a_file_holds(name: str) -> None:
    archive = zipped({f"{number}/{name}": PARSED[name] for number in range(9)})

    assert "scan.too_large" in codes(report(archive, "a.zip", limits=Limits(steps=600)))
    assert "scan.too_large" not in codes(report(archive, "a.zip"))
