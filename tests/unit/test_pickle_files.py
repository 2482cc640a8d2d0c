"""Pickles as files: found by content, whatever the name and whatever they are packed in, in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
import pickle
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest

from registration.artifacts.limits import Limits
from registration.artifacts.reader import Memory
from registration.finding import Level
from tests.pickle_assembly import EMPTY_LIST, MARK, NONE, POP, STACK_GLOBAL, STOP, get, proto, text
from tests.pickle_corpus import CASES, PAYLOAD, doubled, one
from tests.pickle_scans import SKLEARN, codes, found, scan_of
from tests.scanning import codes as codes_of
from tests.scanning import report

if TYPE_CHECKING:
    from collections.abc import Callable

HEADLESS = CASES["GLOBAL in protocol 0, without a header"][1]
DANGEROUS = "pickle.dangerous_global"
MIB = 1024 * 1024


@pytest.mark.parametrize(
    "name", ["model.pkl", "model.bin", "model.txt", "model.json", "model.safetensors", "model.onnx", "model"]
)
@pytest.mark.parametrize("data", [one(PAYLOAD), HEADLESS], ids=["protocol 4", "protocol 0"])
def test_a_pickle_is_one_under_every_name(data: bytes, name: str) -> None:
    judged = report(data, name)

    assert judged.format == "pickle"
    assert DANGEROUS in codes_of(judged)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, zlib.compress, lzma.compress])
def test_a_payload_in_what_joblib_compresses_is_found(pack: Callable[[bytes], bytes]) -> None:
    judged = report(pack(one(PAYLOAD)), "model.pkl")

    assert DANGEROUS in codes_of(judged)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_payload_behind_a_packed_array_is_found(pack: Callable[[bytes], bytes]) -> None:
    judged = report(pack(CASES["a payload behind an array"][1]), "model.joblib", profile=SKLEARN)

    assert DANGEROUS in codes_of(judged)


@pytest.mark.parametrize(
    "prose",
    [
        b"N.B. this model was trained on data\n",
        b"I am a readme\n",
        b"Name,Value\n1,2\n",
        b'{"a": 1}\n',
        b"]\n",
        b"(.)\n",
        b"a: b\n",
        b"MZ is how some programs begin\n" * 9,
        b"(iris data,\nwith spaces\n",
    ],
)
def test_text_is_not_taken_for_a_pickle(prose: bytes) -> None:
    assert report(prose, "README.txt").format == "text"


def test_an_old_pickle_of_plain_data_is_one() -> None:
    assert report(pickle.dumps({"weights": [1.0, 2.0]}, 0), "model.pkl").format == "pickle"


def test_several_pickles_in_a_row_are_all_looked_at_and_told() -> None:
    findings = found(one(NONE) * 3)

    assert [(finding.code, finding.level) for finding in findings] == [("pickle.several", Level.NOTE)]


def test_no_more_than_a_thousand_pickles_are_followed() -> None:
    assert codes(found(b"N." * 1001)) == ["pickle.too_large"]


def test_what_is_shared_a_little_is_no_bomb() -> None:
    shared = [float(number) for number in range(1000)]

    assert found(pickle.dumps([{"part": shared, "parts": (shared, shared)}] * 50, 4)) == []
    assert found(doubled(20)) == []


def test_things_that_hold_each_other_are_no_bomb() -> None:
    parent: dict[str, object] = {}
    parent["children"] = [{"parent": parent, "siblings": parent} for _ in range(100)]

    assert found(pickle.dumps(parent, 4)) == []


def vocabulary(words: int) -> bytes:
    return pickle.dumps({f"word {number}": number for number in range(words)}, 4)


@pytest.mark.parametrize(
    "data",
    [
        vocabulary(15_000),
        one(EMPTY_LIST * 30_000),
        one((text("a" * 200) + POP) * 2_000 + text("b") * 15_000),
        one((EMPTY_LIST + b"\x94" + POP) * 15_000),
        one(b"B" + (2**31).to_bytes(4, "little") + bytes(1000)),
    ],
    ids=["vocabulary", "stack", "text", "memo", "length"],
)
def test_the_scan_takes_little_memory_whatever_the_pickle_holds(data: bytes) -> None:
    scan_of(Memory(pickle.dumps(None)))  # what is loaded once, by whichever scan is the first

    assert min(peak_of_a_scan(data) for _ in range(3)) < 4 * MIB


def peak_of_a_scan(data: bytes) -> int:
    """Bytes held at most; what other threads allocate meanwhile counts too."""
    tracemalloc.start()
    scan_of(Memory(data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_too_many_marks_or_opcodes_stop_the_scan() -> None:
    few = Limits(opcodes=1000)

    assert codes(found(one(MARK * 200_000))) == ["pickle.too_large"]
    assert codes(scan_of(Memory(vocabulary(100_000)), limits=few)) == ["pickle.too_large"]


def test_a_name_from_beyond_what_is_remembered_is_not_guessed() -> None:
    words = b"".join(text(word) + b"\x94" + POP for word in ["collections", "os", "system"])
    data = proto(4) + words + get(1) + get(2) + STACK_GLOBAL + STOP

    assert codes(scan_of(Memory(data))) == [DANGEROUS]
    assert codes(scan_of(Memory(data), limits=Limits(memo=1))) == ["pickle.forgotten"]


def test_a_vocabulary_beyond_what_is_remembered_is_still_safe() -> None:
    assert scan_of(Memory(vocabulary(3000)), limits=Limits(memo=100)) == []
