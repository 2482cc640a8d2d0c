"""Laws of the scan of pickles, for streams that nobody thought of."""

from __future__ import annotations

import io
import pickle
from contextlib import suppress
from typing import Any, Self, override

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registration.artifacts.pickles.globals import resolved
from registration.errors import UnreadableError
from registration.finding import Level
from tests.pickle_assembly import array, data, get, items, named, number, proto, put, text
from tests.pickle_corpus import CASES
from tests.pickle_scans import followed, found

_WORDS = ["os", "system", "collections", "a.b", "builtins", "eval", "__builtin__", "é", ""]
_words = st.sampled_from(_WORDS)
_SINGLE = [bytes([code]) for code in b"(012N)]}\x85\x86\x87tlda\x91esu\x90\x94\x93oR\x81\x92b\x8f\x88\x89Q."]
_opcodes = st.one_of(
    st.sampled_from(_SINGLE),
    st.sampled_from(_SINGLE),
    st.builds(text, _words),
    st.builds(text, _words),
    st.builds(named, _words, _words),
    st.builds(lambda module, name: f"i{module}\n{name}\n".encode(), _words, _words),
    st.builds(lambda word: f"V{word.encode('raw-unicode-escape').decode('latin1')}\n".encode("latin1"), _words),
    st.builds(lambda word: f"S{word!a}\n".encode(), _words),
    st.builds(lambda word: b"X" + len(word.encode()).to_bytes(4, "little") + word.encode(), _words),
    st.builds(get, st.integers(0, 6)),
    st.builds(put, st.integers(0, 6)),
    st.builds(lambda entry: b"g%d\n" % entry, st.integers(0, 6)),
    st.builds(lambda entry: b"p%d\n" % entry, st.integers(0, 6)),
    st.builds(number, st.integers(0, 300)),
    st.builds(data, st.binary(max_size=5)),
    st.builds(proto, st.integers(0, 5)),
)
_streams = st.lists(_opcodes, max_size=40).map(lambda parts: b"".join(parts) + b".")


class Inert:
    """Stands for whatever a global may be: takes everything, does nothing."""

    def __init__(self, *_arguments: Any, **_keywords: Any) -> None:
        pass

    def __new__(cls, *_arguments: Any, **_keywords: Any) -> Self:
        return super().__new__(cls)

    def __call__(self, *_arguments: Any, **_keywords: Any) -> Inert:
        return Inert()

    def __setstate__(self, _state: Any) -> None:
        pass

    def __setitem__(self, _key: Any, _value: Any) -> None:
        pass

    def ignore(self, *_items: Any) -> None:
        pass

    append = extend = add = update = ignore


def inert(base: Any) -> Any:
    """An unpickler that makes nothing but inert objects, and remembers which names it was asked for."""

    class Unpickler(base):  # type: ignore[misc]  # the base is chosen while the test runs
        def __init__(self, stream: bytes) -> None:
            super().__init__(io.BytesIO(stream))
            self.asked: set[tuple[str, str]] = set()

        @override
        def find_class(self, module: str, name: str) -> Any:
            self.asked.add((module, name))
            return Inert

        @override
        def persistent_load(self, _id: Any) -> Any:
            return Inert()

    return Unpickler


def asked_of(base: Any, stream: bytes) -> set[tuple[str, str]]:
    unpickler = inert(base)(stream)
    with suppress(Exception):  # how far it gets is what matters
        unpickler.load()
    asked: set[tuple[str, str]] = unpickler.asked
    return asked


@pytest.mark.parametrize("base", [pickle.Unpickler, pickle._Unpickler], ids=["C", "Python"])
@settings(max_examples=100, deadline=None)
@given(stream=_streams)
@example(stream=text("os") + b"0" + text("a") + b"\x940" + get(0) + text("b") + b"\x93.")
@example(stream=b"(" + text("os") + b"1" + text("a") * 2 + b"\x93.")
@example(stream=b"ccollections\na\n)R}b0ccollections\nb\n.")  # past a call and a state, where chance hardly comes
def test_every_name_that_pickle_would_look_up_is_seen(base: Any, stream: bytes) -> None:
    asked = asked_of(base, stream)

    seen, is_clean = followed(stream)

    assert not is_clean or all({resolved(*name, protocol=2), name} & seen for name in asked)


@settings(max_examples=60, deadline=None)
@given(stream=_streams)
def test_what_names_anything_is_never_safe_under_an_empty_profile(stream: bytes) -> None:
    asked = asked_of(pickle.Unpickler, stream)

    findings = [finding for finding in found(stream, profile="base") if finding.level is not Level.NOTE]

    assert findings or all(resolved(*name, protocol=2)[0] in ("builtins", "collections") for name in asked)


@settings(max_examples=60, deadline=None)
@given(stream=st.binary(max_size=300))
def test_no_bytes_make_the_scan_fail(stream: bytes) -> None:
    assert isinstance(found(stream), list)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_change_of_a_pickle_makes_the_scan_fail(data: st.DataObject) -> None:
    stream = bytearray(data.draw(st.sampled_from([pickle for _, pickle in CASES.values() if len(pickle) < 10_000])))

    for _ in range(data.draw(st.integers(1, 5))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))

    assert isinstance(found(bytes(stream)), list)


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 8, 13, 21])
def test_a_pickle_that_is_cut_short_is_never_safe(cut: int) -> None:
    whole = pickle.dumps({"weights": [1.0] * 20, "names": ("a", "b")}, 4)

    assert found(whole) == []
    assert found(whole[:-cut])


# A dictionary may become the state of an object, so a key that is a hook there is never plain.
_keys = st.text().filter(lambda key: not key.startswith("__"))
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=300), st.binary(max_size=300)),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(_keys, inner), st.tuples(inner, inner)),
    max_leaves=30,
)


@settings(max_examples=50, deadline=None)
@given(value=_values, protocol=st.integers(0, 5))
def test_plain_data_is_safe_in_every_protocol(value: Any, protocol: int) -> None:
    assert found(pickle.dumps(value, protocol), profile="base") == []


@settings(deadline=None)
@given(_streams, st.integers(0, 2))
@example(b"\x81", 0)  # an instance of what stands in front of the array
@example(get(0) + b"a", 0)  # into a list that the memo has
@example(get(1) + put(9) + get(9) + b")R", 1)  # a global of the memo, given another number
def test_an_array_of_old_joblib_that_reads_as_opcodes_never_breaks_the_scan(raw: bytes, before: int) -> None:
    front = [b"", named("collections", "OrderedDict") + put(1), b")\x94"][before]
    old = array(raw.ljust(48, b"."), shape=items(number(6)), padding=None)

    with suppress(UnreadableError):
        found(proto(4) + b"]" + put(0) + b"(" + front + old + b"e.")
