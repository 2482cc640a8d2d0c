"""Zips: every member is looked at, and whatever lets two programs read two different zips is found."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import zipfile
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration.artifacts.formats.summed import Summed
from registration.artifacts.limits import Limits
from registration.artifacts.reader import Memory, Part
from registration.artifacts.scan import Verdict
from tests.archives import Piece, zip_of, zipped
from tests.scanning import codes, pinned_report, report, some_bytes

PROGRAM = b"\x7fELF" + bytes(60)  # a member that is never safe, so that a test sees that it was looked at
LARGE = some_bytes(6 * 1024 * 1024)


@pytest.mark.parametrize("deflated", [False, True])
def test_a_zip_of_plain_data_is_safe(deflated: bool) -> None:
    found = report(zipped({"a.txt": b"text", "b/c.csv": b"1,2\n" * 50_000, "empty": b""}, deflated=deflated), "m.zip")

    assert (found.format, found.verdict, codes(found)) == ("zip", Verdict.SAFE, [])


@pytest.mark.parametrize("deflated", [False, True])
def test_every_member_is_looked_at_and_named(deflated: bool) -> None:
    found = report(zipped({"a.txt": b"text", "b/run": PROGRAM, "c": PROGRAM}, deflated=deflated), "m.zip")

    assert [(finding.code, finding.member) for finding in found.findings] == [
        ("code.program", "b/run"),
        ("code.program", "c"),
    ]


def test_a_zip_in_a_zip_is_opened() -> None:
    inner = zipped({"run": PROGRAM}, deflated=True)

    (finding,) = report(zipped({"in.zip": zipped({"in2.zip": inner})}, deflated=True), "m.zip").findings

    assert (finding.code, finding.member) == ("code.program", "in.zip!in2.zip!run")


def test_zips_are_opened_four_deep() -> None:
    data = PROGRAM
    for _ in range(6):
        data = zipped({"in": data})

    assert codes(report(data, "m.zip")) == ["scan.too_deep"]


def differs(*, local: dict[str, Any]) -> bytes:
    return zip_of(Piece("a"), Piece("b", local=local))


MALFORMED = {
    "another name": (differs(local={"name": "x"}), "zip.local_header_differs"),
    "another length of name": (differs(local={"name": "longer"}), "zip.local_header_differs"),
    "another method": (differs(local={"method": 8}), "zip.local_header_differs"),
    "another CRC": (differs(local={"crc": 1}), "zip.local_header_differs"),
    "another size": (differs(local={"size": 1}), "zip.local_header_differs"),
    "encrypted here": (differs(local={"flags": 1}), "zip.local_header_differs"),
    "encrypted there": (zip_of(Piece("b", central={"flags": 1})), "zip.encrypted"),
    "encrypted in both": (zip_of(Piece("b", central={"flags": 1}, local={"flags": 1})), "zip.encrypted"),
    "no local header": (
        zip_of(Piece("a"), Piece("b", central={"offset": 44, "packed": 5, "size": 5})),
        "zip.local_header_differs",
    ),
    "a name twice": (zip_of(Piece("a"), Piece("a")), "zip.duplicate_name"),
    "a wrong CRC": (zip_of(Piece("b", local={"crc": 1}, central={"crc": 1})), "zip.crc_differs"),
    "a wrong CRC, deflated": (
        zip_of(Piece("b", deflated=True, local={"crc": 1}, central={"crc": 1})),
        "zip.crc_differs",
    ),
    "a wrong size, deflated": (
        zip_of(Piece("b", deflated=True, local={"size": 3}, central={"size": 3})),
        "zip.size_differs",
    ),
    "two sizes, stored": (zip_of(Piece("b", local={"size": 3}, central={"size": 3})), "zip.broken"),
    "an unknown method": (zip_of(Piece("b", local={"method": 93}, central={"method": 93})), "zip.method"),
    "a damaged member": (zip_of(Piece("b", local={"method": 8}, central={"method": 8})), "packed.damaged"),
    "a member cut short": (zip_of(Piece("b", b"", local={"method": 8}, central={"method": 8})), "packed.truncated"),
    "something in front": (zip_of(Piece("a"), front=b"#!/bin/sh\n"), "zip.prefixed_data"),
    "something in front, not counted": (zip_of(Piece("a"), front=b"#!/bin/sh\n", adjusted=False), "zip.prefixed_data"),
    "something behind": (zip_of(Piece("a"), behind=b"x"), "zip.trailing_data"),
    "a zip in the comment": (zip_of(Piece("a"), comment=zip_of(Piece("b"))), "zip.prefixed_data"),
    "an end record in the comment": (zip_of(Piece("a"), comment=b"PK\5\6"), "zip.several_directories"),
    "several disks": (zip_of(Piece("a"), disk=1), "zip.several_directories"),
    "members that overlap": (zip_of(Piece("a"), Piece("b", central={"offset": 0})), "zip.overlap"),
    "a member into the directory": (zip_of(Piece("a", central={"packed": 99, "size": 99})), "zip.overlap"),
    "bytes of no member": (zip_of(Piece("a", b"x" * 70_000, central={"packed": 9, "size": 9})), "zip.hidden_data"),
    "a path out": (zip_of(Piece("../a")), "archive.path_escapes"),
    "an absolute path": (zip_of(Piece("/etc/a")), "archive.path_escapes"),
    "a path out, backwards": (zip_of(Piece("b\\..\\..\\a")), "archive.path_escapes"),
    "a drive": (zip_of(Piece("C:a")), "archive.path_escapes"),
    "a link": (zip_of(Piece("a", b"/etc/passwd", central={"mode": 0o120777})), "archive.link"),
    "too few entries": (zip_of(Piece("a"), count=2), "zip.broken"),
    "too many entries": (zip_of(Piece("a"), Piece("b"), count=1), "zip.broken"),
    "a directory elsewhere": (zip_of(Piece("a"), offset=2**31), "zip.broken"),
    "no directory": (zip_of(Piece("a"))[:-22], "zip.broken"),
}


@pytest.mark.parametrize(("data", "code"), MALFORMED.values(), ids=MALFORMED)
def test_what_a_zip_can_lie_about_is_found(data: bytes, code: str) -> None:
    found = report(data, "m.zip")

    assert code in codes(found)
    assert found.verdict != Verdict.SAFE


@given(st.binary(max_size=50), st.lists(st.tuples(st.integers(0, 9), st.integers(1, 20)), max_size=9), st.booleans())
def test_a_crc_is_held_against_a_member_that_was_read_to_its_end(
    data: bytes, steps: list[tuple[int, int]], is_wrong: bool
) -> None:
    member, offset = Summed(Part(Memory(data), 0, len(data)), zlib.crc32(data) ^ is_wrong), 0

    for back, length in steps:
        offset = max(offset, max(0, offset - back) + len(member.read(max(0, offset - back), length)))

    assert (member.complaint is not None) == (is_wrong and offset == len(data))


@pytest.mark.parametrize("name", ["encrypted there", "another name", "something in front", "a wrong CRC, deflated"])
def test_a_zip_that_lies_is_still_looked_into(name: str) -> None:
    changes: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "another name": ({"name": "x"}, {}),
        "encrypted there": ({}, {"flags": 1}),
        "a wrong CRC, deflated": ({"crc": 1}, {"crc": 1}),
    }
    local, told = changes.get(name, ({}, {}))

    found = report(
        zip_of(Piece("b", PROGRAM, "deflated" in name, local, told), front=b"#!" * ("front" in name)), "m.zip"
    )

    assert "code.program" in codes(found)


def test_a_file_of_another_kind_with_a_zip_behind_it_is_both() -> None:
    found = report(b"a,b\n" + zip_of(Piece("a", PROGRAM)), "m.csv")

    assert codes(found) == ["zip.prefixed_data", "code.program", "format.contradicts_name"]


def test_sizes_that_follow_the_data_are_no_lie() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    made = Pipe()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"text" * 1000)

    assert codes(report(made.getvalue(), "m.zip")) == []


def test_a_zip64_is_read() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive, archive.open("run", "w", force_zip64=True) as member:
        member.write(PROGRAM)

    assert codes(report(made.getvalue(), "m.zip")) == ["code.program"]


def _delimited(number: int, data: bytes) -> bytes:
    """A field of a message that holds bytes; shorter than 16,384."""
    length = len(data)
    return bytes([number << 3 | 2, *([length] if length < 128 else [length & 127 | 128, length >> 7])]) + data


def zip64_of(piece: Piece, *, count: int = 1, stated: int | None = None) -> bytes:
    """A zip whose end is stated by the zip64 records, as torch writes it."""
    data = zip_of(piece)
    size, offset = struct.unpack_from("<2L", data, len(data) - 10)
    place = len(data) - 22
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, place if stated is None else stated, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:place] + record + locator + end


def test_an_end_in_zip64_records_is_read() -> None:
    assert codes(report(zip64_of(Piece("run", PROGRAM)), "m.zip")) == ["code.program"]


@pytest.mark.parametrize("data", [zip64_of(Piece("a"), count=2), zip64_of(Piece("a"), stated=5)])
def test_zip64_records_that_do_not_fit_are_found(data: bytes) -> None:
    assert "zip.broken" in codes(report(data, "m.zip"))


def test_of_a_large_zip_only_what_matters_is_fetched() -> None:
    data = zip_of(Piece("a.txt"), Piece("b.png", b"\x89PNG\r\n\x1a\n" + LARGE), Piece("c.txt"))

    found, traffic = pinned_report(data, "m.zip")

    assert codes(found) == []
    assert traffic.requests == 2
    assert traffic.bytes < 400_000


def test_members_that_are_looked_into_are_fetched_together() -> None:
    data = zip_of(*(Piece(f"{n}.png", b"\x89PNG\r\n\x1a\n" + LARGE[: 150 * 1024]) for n in range(60)))

    found, traffic = pinned_report(data, "m.zip")

    assert codes(found) == []
    assert traffic.requests < 10
    assert traffic.bytes < len(data) + 400_000


def test_of_large_members_the_end_of_one_and_the_begin_of_the_next_are_one_request() -> None:
    data = zip_of(*(Piece(f"{n}.png", b"\x89PNG\r\n\x1a\n" + LARGE) for n in range(12)))

    found, traffic = pinned_report(data, "m.zip")

    assert codes(found) == []
    assert traffic.requests <= 2 + 12


def test_a_bomb_is_stopped() -> None:
    bomb = zipped({"a": zlib.compress(bytes(8 * 1024 * 1024), 9)}, deflated=True)

    found = report(bomb, "m.zip", limits=Limits(unjudged=1024 * 1024))

    assert "packed.bomb" in codes(found)


def test_what_comes_out_altogether_is_limited() -> None:
    data = zipped({f"{number}.gz": gzip.compress(b"a,b\n" * 20_000) for number in range(9)}, deflated=True)

    found = report(data, "m.zip", limits=Limits(inflated=200_000))

    assert codes(found).count("scan.too_large") == 1
    assert found.verdict == Verdict.UNSCANNABLE


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("list.pkl", pickle.dumps(list(range(5_000)), 4)),
        ("graph.onnx", b"\x08\x0a" + _delimited(7, _delimited(2, b"g") + _delimited(1, b"") * 700)),
    ],
)
def test_steps_are_added_up_over_all_members(name: str, data: bytes) -> None:
    limits = Limits(steps=20_000)

    alone = report(zipped({name: data}), "m.zip", limits=limits)
    many = report(zipped({f"{number}/{name}": data for number in range(9)}, deflated=True), "m.zip", limits=limits)

    assert codes(alone) == []
    assert codes(many) == ["scan.too_large"]


def test_members_are_counted_before_they_are_kept() -> None:
    data = zip_of(*(Piece(str(number)) for number in range(9)))

    assert codes(report(data, "m.zip", limits=Limits(members=5))) == ["scan.too_many_members"]


@given(st.integers(0, 400), st.integers(0, 7), st.booleans())
@settings(max_examples=300)
def test_no_flipped_bit_and_no_cut_breaks_the_scan(place: int, bit: int, cut: bool) -> None:
    data = bytearray(zipped({"a.txt": b"text" * 9, "b.zip": zipped({"c": PROGRAM}, deflated=True)}, deflated=True))
    place %= len(data)
    data[place] ^= 1 << bit

    found = report(bytes(data[: place + 1] if cut else data), "m.zip")

    assert "scan.failed" not in codes(found)
    assert found.verdict != Verdict.SAFE or found.format == "text"
