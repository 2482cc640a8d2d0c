"""What torch wrote before 1.6: its pickles are followed, and the numbers behind them have to be theirs to the byte."""

from __future__ import annotations

import pickle
import struct

import pytest

from registration.artifacts import profiles
from registration.artifacts.formats.torch_legacy import MAGIC
from registration.artifacts.scan import Report, Verdict
from tests import scanning
from tests.pickle_assembly import EMPTY_TUPLE, REDUCE, STOP, called, items, mapping, named, number, proto, put, text
from tests.pickle_corpus import PAYLOAD
from tests.scanning import codes

TORCH = profiles.named("torch")
KINDS = {"FloatStorage": 4, "LongStorage": 8}


def tensor(key: str, *, kind: str = "FloatStorage", count: int = 3) -> bytes:
    storage = items(text("storage"), named("torch", kind), text(key), text("cpu"), number(count), b"N") + b"Q"
    hooks = named("collections", "OrderedDict") + EMPTY_TUPLE + REDUCE
    shape, stride = items(number(count)), items(number(1))
    return called(named("torch._utils", "_rebuild_tensor_v2"), storage, number(0), shape, stride, b"\x89", hooks)


def storage(count: int, width: int, *, stated: int | None = None) -> bytes:
    return struct.pack("<q", count if stated is None else stated) + bytes(count * width)


def keys(*names: str) -> bytes:
    written = b"".join(text(name) + put(place) for place, name in enumerate(names, 1))
    return proto(2) + b"]" + put(0) + b"(" + written + b"e" + STOP


OUT_OF_ORDER = proto(2) + b"]" + put(5) + b"(" + text("11") + put(9) + text("7") + put(1) + b"e" + STOP


def a_file(state: bytes | None = None, *, listed: bytes = keys("11", "7"), numbers: bytes | None = None) -> bytes:
    if state is None:
        state = mapping(w=tensor("7", kind="LongStorage", count=2), b=tensor("11"))
    told = pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}, 2)
    whole = storage(3, 4) + storage(2, 8) if numbers is None else numbers
    return MAGIC + pickle.dumps(1001, 2) + told + proto(2) + state + STOP + listed + whole


def report(data: bytes) -> Report:
    return scanning.report(data, "model.pth", profile=TORCH)


def test_a_state_dict_is_safe() -> None:
    found = report(a_file())

    assert (found.format, found.verdict, codes(found)) == ("torch legacy", Verdict.SAFE, [])


def test_a_payload_in_the_state_is_found() -> None:
    assert "pickle.dangerous_global" in codes(report(a_file(mapping(w=PAYLOAD), listed=keys(), numbers=b"")))


@pytest.mark.parametrize("place", range(4))
def test_a_payload_in_any_of_the_pickles_is_found(place: int) -> None:
    parts = [pickle.dumps(1001, 2), pickle.dumps({}, 2), proto(2) + mapping() + STOP, keys()]
    parts[place] = proto(2) + PAYLOAD + STOP

    assert "pickle.dangerous_global" in codes(report(MAGIC + b"".join(parts)))


@pytest.mark.parametrize("listed", [keys("11"), keys("11", "8"), keys("11", "7", "9"), keys("11", "11"), OUT_OF_ORDER])
def test_a_list_of_storages_that_is_not_that_of_the_tensors_is_broken(listed: bytes) -> None:
    assert "pickle.broken" in codes(report(a_file(listed=listed)))


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        (storage(3, 4), "pickle.broken"),
        (storage(3, 4) + storage(2, 4), "pickle.broken"),
        (storage(3, 4) + storage(2, 8, stated=-1), "pickle.broken"),
        (storage(3, 4) + storage(2, 8, stated=2**62), "pickle.broken"),
        (storage(3, 4) + storage(2, 8) + b"x", "pickle.trailing_bytes"),
        (storage(2, 8) + storage(3, 4), "pickle.trailing_bytes"),
    ],
)
def test_numbers_that_do_not_end_where_the_file_does_are_found(numbers: bytes, code: str) -> None:
    assert codes(report(a_file(numbers=numbers))) == [code]


def test_a_whole_module_is_no_state_dict() -> None:
    module = items(text("module"), named("mine.nets", "Net"), text("net.py"), text("class Net: ...")) + b"Q)\x81"

    found = report(a_file(module, listed=keys(), numbers=b""))

    assert set(codes(found)) == {"pickle.unlisted_global", "pickle.persistent_id"}
    assert found.verdict == Verdict.UNSCANNABLE
