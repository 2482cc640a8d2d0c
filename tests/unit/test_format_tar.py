"""Tars: every regular member is looked at, and whatever unpacks to another place or another file is found."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration.artifacts.limits import Limits
from registration.artifacts.scan import Verdict
from tests.archives import tarred
from tests.scanning import codes, pinned_report, report, some_bytes

PROGRAM = b"\x7fELF" + bytes(60)
LONG = "folder/" * 30 + "name"
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
MODES = ["w", "w:gz", "w:bz2", "w:xz"]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_tar_of_plain_data_is_safe(format_: int) -> None:
    found = report(tarred({"a.txt": b"text", "b/c.csv": b"1\n" * 999, "empty": b""}, format=format_), "m.tar")

    assert (found.format, found.verdict, codes(found)) == ("tar", Verdict.SAFE, [])


@pytest.mark.parametrize("mode", MODES)
def test_every_member_is_looked_at_in_any_wrapping(mode: str) -> None:
    data = tarred({"large": b"1,2\n" * 200_000, "run": PROGRAM, "more": b"1,2\n" * 200_000, "c": PROGRAM}, mode=mode)

    found = report(data, "m.tar" + mode[1:].replace(":", "."))

    said = [(finding.code, finding.member.rpartition("!")[2]) for finding in found.findings]
    assert said == [("code.program", "run"), ("code.program", "c")]


@pytest.mark.parametrize("format_", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", [LONG, "größe/模型" * 9])
def test_a_long_name_is_read(format_: int, name: str) -> None:
    (finding,) = report(tarred({name: PROGRAM, "a": b"text"}, format=format_), "m.tar").findings

    assert finding.member == name


def test_a_size_in_a_pax_header_counts() -> None:
    data = tarred({"run": PROGRAM, "b": PROGRAM}, pax_headers={"size": "64"})

    assert codes(report(data, "m.tar")) == ["code.program"] * 2


MALFORMED = {
    "a link": (tarred({"a": b""}, kind=tarfile.SYMTYPE, linkname="/etc/passwd"), "archive.link"),
    "a hard link": (tarred({"a": b""}, kind=tarfile.LNKTYPE, linkname="b"), "archive.link"),
    "a device": (tarred({"a": b""}, kind=tarfile.CHRTYPE), "archive.device"),
    "a pipe": (tarred({"a": b""}, kind=tarfile.FIFOTYPE), "archive.device"),
    "a path out": (tarred({"a/../../b": b"x"}), "archive.path_escapes"),
    "an absolute path": (tarred({"/a": b"x"}), "archive.path_escapes"),
    "a long path out": (tarred({"../" * 90: b"x"}, format=tarfile.GNU_FORMAT), "archive.path_escapes"),
    "a name twice": (tarred({"a": b"x"})[:1024] + tarred({"a": b"y"}), "tar.duplicate_name"),
    "a sparse member": (tarred({"a": b""}, kind=tarfile.GNUTYPE_SPARSE), "tar.member_type"),
    "an unknown type": (tarred({"a": b""}, kind=b"Z"), "tar.member_type"),
    "no end": (tarred({"a": b"x"})[:1024], "tar.broken"),
    "an end inside a member": (tarred({"a.txt": b"x" * 2000})[:1500], "tar.broken"),
    "a damaged header": (tarred({"a": b"x"})[:1024] + b"x" * 512, "tar.broken"),
    "something behind": (tarred({"a": b"x"}) + b"x", "tar.trailing_data"),
    "an archive behind": (tarred({"a": b"x"}) + tarred({"b": b"x"}), "tar.trailing_data"),
    "a bad pax header": (tarred({"a": b"x"}, pax_headers={"path": "b"}).replace(b"path=b", b"path:b"), "tar.broken"),
}


@pytest.mark.parametrize(("data", "code"), MALFORMED.values(), ids=MALFORMED)
def test_what_a_tar_can_lie_about_is_found(data: bytes, code: str) -> None:
    found = report(data, "m.tar")

    assert code in codes(found)
    assert found.verdict != Verdict.SAFE


def test_what_python_reads_is_what_is_scanned() -> None:
    data = tarred({"a": b"1", LONG: b"22", "c": b"333"}, format=tarfile.GNU_FORMAT)

    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = archive.getnames()

    assert codes(report(data, "m.tar")) == []
    assert names == ["a", LONG, "c"]


def test_of_a_large_tar_only_what_matters_is_fetched() -> None:
    data = tarred({"a.png": b"\x89PNG\r\n\x1a\n" + some_bytes(9 * 1024 * 1024), "b.txt": b"text"})

    found, traffic = pinned_report(data, "m.tar")

    assert codes(found) == []
    assert (traffic.requests, traffic.bytes < 500_000) == (2, True)


def test_headers_without_content_are_counted() -> None:
    data = tarred({str(number): b"" for number in range(9)}, kind=tarfile.DIRTYPE)

    assert codes(report(data, "m.tar", limits=Limits(members=5))) == ["scan.too_many_members"]


@given(st.integers(0, 5000), st.integers(0, 7), st.booleans())
@settings(max_examples=300)
def test_no_flipped_bit_and_no_cut_breaks_the_scan(place: int, bit: int, cut: bool) -> None:
    data = bytearray(tarred({LONG: b"text" * 9, "run": PROGRAM}))
    data[place % len(data)] ^= 1 << bit

    found = report(bytes(data[:place] if cut else data), "m.tar")

    assert "scan.failed" not in codes(found)
