"""Content that is made to look like something harmless is found for what whoever loads it would take it for."""

from __future__ import annotations

import io
import json
import lzma
import tarfile
from struct import pack

import h5py
import pytest

from registration.artifacts.limits import Limits
from registration.artifacts.scan import Verdict
from tests.archives import Piece, tarred, zip_of, zipped
from tests.pickle_assembly import STOP, called, named, number, proto, text
from tests.pickle_assembly import items as values
from tests.scanning import Allowing, codes, report
from tests.unit.test_format_keras_config import a_model as keras
from tests.unit.test_format_keras_config import an_object
from tests.unit.test_format_savedmodel import a_model as saved_model
from tests.unit.test_format_savedmodel import field, varint

PAYLOAD = b"cos\nsystem\n(S'true'\ntR."
DANGEROUS = "pickle.dangerous_global"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(504)
INDEX = bytes.fromhex("57fb808b247547db")
LAMBDA = keras(an_object("Lambda"))
WRITES = saved_model(ops=("WriteFile",))
UNKNOWN_FIELDS = b"PAR1" + bytes(49)  # to a reader of protocol buffers
GROUPS = varint(99 << 3 | 3) + varint(9 << 3 | 3) + field(2, b"x") + varint(9 << 3 | 4) + varint(99 << 3 | 4)
CUT = varint(99 << 3 | 1 << 33) + b"\1"
OUTSIDE = field(13, field(1, b"location") + field(2, b"../x"))
ONNX = field(1, 8) + field(7, field(5, OUTSIDE))


PICKLES = {
    "behind the head, after a long line of text": b"S'" + b"A" * 70_000 + b"'\n0" + PAYLOAD,
    "behind the head, after bytes that look like numbers": b"B" + pack("<I", 70_000) + bytes(70_000) + b"0" + PAYLOAD,
    "behind the magic number of a picture": b"GIF89a\0\0\0" + b"0" + PAYLOAD,
    "behind the magic number of a picture, with an object by a line at its end": b"GIF89a\x00\x00\x000"
    + PAYLOAD.replace(b".", b"P1\n."),
    "behind the magic number of CatBoost": b"CBM1" + pack("<I", 80) + b"A" * 60 + b"0" + PAYLOAD + bytes(99),
    "as the name of a member of a tar": tarred({PAYLOAD.decode(): b"text"}, format=tarfile.USTAR_FORMAT),
    "before the end of an index": PAYLOAD + INDEX,
}


@pytest.mark.parametrize("name", PICKLES)
@pytest.mark.parametrize("path", ["model.pkl", "variables/variables.data-00000-of-00001", "x.index"])
def test_a_pickle_without_a_header_is_found(name: str, path: str) -> None:
    found = report(PICKLES[name], path)

    assert DANGEROUS in codes(found)
    assert found.verdict is Verdict.UNSAFE


@pytest.mark.parametrize("name", ["model.pkl", "model.h5", "model.keras", "frozen_graph.pb", "model.mar"])
@pytest.mark.parametrize("data", [PICTURE, b"GIF89a" + bytes(99), b"version https://example.org\n"])
def test_data_under_the_name_of_a_program_is_not_safe(name: str, data: bytes) -> None:
    found = report(data, name)

    assert (codes(found), found.verdict) == (["format.contradicts_name"], Verdict.UNSCANNABLE)


@pytest.mark.parametrize("name", ["a.zip", "a.png", "a.gif", "a.npz"])
def test_magic_numbers_that_unpicklers_follow_are_no_pickle(name: str) -> None:
    data = {"a.png": PICTURE, "a.gif": b"GIF89a" + bytes(99)}.get(name) or zipped({"a.txt": b"text\nmore\n"})

    assert codes(report(data, name)) == []


JSON = {
    "an XGBoost model": b'{"version": [1], "learner": 1, ' + LAMBDA[1:],
    "text with a key far behind": b'{"a": "' + b"A" * 70_000 + b'", ' + LAMBDA[1:],
    "text with an escaped key": LAMBDA.replace(b"class_name", b"class\\u005fname"),
    "text in UTF-16": LAMBDA.decode().encode("utf-16"),
    "text with a mark of its order": b"\xef\xbb\xbf" + LAMBDA,
    "a list": b"[" + LAMBDA + b"]",
    "text behind much space": b" " * 70_000 + LAMBDA,
}


@pytest.mark.parametrize("name", JSON)
def test_a_keras_configuration_that_looks_like_something_else_is_judged(name: str) -> None:
    found = report(zipped({"config.json": JSON[name], "metadata.json": b"{}"}), "model.keras")

    assert "keras.runs_code" in codes(found)


def test_a_configuration_that_is_too_large_is_not_taken_for_text() -> None:
    data = b'{"a": "' + b"A" * 9_000_000 + b'", ' + LAMBDA[1:]

    assert codes(report(zipped({"config.json": data}), "model.keras")) == ["scan.too_large"]


def test_lzma_is_found_by_as_little_as_joblib_asks_for() -> None:
    packed = lzma.compress(PAYLOAD, format=lzma.FORMAT_ALONE)

    found = report(packed[:1] + pack("<I", 1 << 16 | 1 << 8) + packed[5:], "variables.data-00000-of-00001")

    assert DANGEROUS in codes(found)


PROTOBUFS = {
    "a SavedModel before the end of an index": (WRITES + field(15, INDEX), "savedmodel.reaches_out"),
    "a SavedModel behind a magic number": (UNKNOWN_FIELDS + WRITES, "savedmodel.reaches_out"),
    "an ONNX model before the end of an index": (ONNX + field(15, INDEX), "onnx.external_data_escapes"),
    "an ONNX model behind a magic number": (UNKNOWN_FIELDS + ONNX, "onnx.external_data_escapes"),
    "a SavedModel behind many fields": (UNKNOWN_FIELDS + field(99, 1) * 1_100 + WRITES, "savedmodel.reaches_out"),
    "an ONNX model behind many fields": (UNKNOWN_FIELDS + field(99, 1) * 9_000 + ONNX, "onnx.external_data_escapes"),
    "a SavedModel behind groups": (UNKNOWN_FIELDS + GROUPS + WRITES, "savedmodel.reaches_out"),
    "an ONNX model behind groups": (UNKNOWN_FIELDS + GROUPS + ONNX, "onnx.external_data_escapes"),
    "an ONNX model behind a key that some readers cut": (UNKNOWN_FIELDS + CUT + ONNX, "onnx.broken"),
    "a SavedModel in a tar": (tarred({"a.png": PICTURE + field(9, WRITES)}), "savedmodel.broken"),
    "a key that some readers cut": (
        field(1, 1) + field(2, field(2, varint((1 << 3 | 2) + (1 << 32)) + field(1, b"x")[1:])),
        "savedmodel.broken",
    ),
}


@pytest.mark.parametrize(("data", "code"), PROTOBUFS.values(), ids=PROTOBUFS)
def test_a_message_that_looks_like_something_else_is_judged(data: bytes, code: str) -> None:
    found = report(data, "model.onnx" if code.startswith("onnx") else "m/saved_model.pb")

    assert code in codes(found)
    assert found.verdict is not Verdict.SAFE


def test_a_message_of_more_fields_than_are_looked_at_is_not_taken_for_something_else() -> None:
    found = report(UNKNOWN_FIELDS + field(99, 1) * 9_000 + ONNX, "model.png", limits=Limits(steps=30_000))

    assert found.verdict is not Verdict.SAFE
    assert "scan.too_large" in codes(found)


@pytest.mark.parametrize("fill", [0, 65_480, 65_490, 70_000])
@pytest.mark.parametrize("message", [WRITES, ONNX])
def test_a_message_that_looks_like_something_else_is_judged_in_an_archive_too(message: bytes, fill: int) -> None:
    data = UNKNOWN_FIELDS + field(15, bytes(fill)) + message + field(15, bytes(99_000))

    found = report(tarred({"model.pb": data}, mode="w:gz"), "model.tar.gz")

    assert {"savedmodel.reaches_out", "onnx.external_data_escapes"} & set(codes(found))


def test_a_saved_model_that_is_text_is_unscannable() -> None:
    assert codes(report(b'meta_graphs { graph_def { node { op: "WriteFile" } } }', "m/saved_model.pbtxt")) == [
        "savedmodel.text"
    ]


def test_a_pickle_cannot_pass_its_neighbours_off_as_tensors() -> None:
    storage = values(text("storage"), named("torch", "FloatStorage"), text("data.pkl"), text("cpu"), number(1))
    hidden = proto(2) + called(named("os", "system"), text("true")) + STOP
    archive = zipped({"archive.pkl": proto(2) + storage + b"Q" + STOP, "archive/data.pkl": hidden})

    found = report(archive, "model.pt", profile=Allowing(frozenset({("torch", "FloatStorage")})))

    assert codes(found) == [DANGEROUS]


@pytest.mark.parametrize("name", ["config.json", "../config.json"])
def test_a_member_with_two_names_is_found(name: str) -> None:
    extra = pack("<HHBL", 0x7075, 5 + len(name), 1, 0) + name.encode()
    piece = Piece("notes.txt", b"text", central={"extra": extra}, local={"extra": extra})

    assert codes(report(zip_of(piece), "a.zip")) == ["zip.duplicate_name"]


def test_a_member_whose_last_name_is_another_one_is_found() -> None:
    names = (b"notes.txt", b"config.json")
    extra = b"".join(pack("<HHBL", 0x7075, 5 + len(name), 1, 0) + name for name in names)

    found = report(zip_of(Piece("notes.txt", b"text", central={"extra": extra})), "a.zip")

    assert codes(found) == ["zip.duplicate_name"]


def test_a_name_that_is_not_ascii_may_be_spelled_in_two_ways() -> None:
    name = "größe.txt".encode()
    extra = pack("<HHBL", 0x7075, 5 + len(name), 1, 0) + name

    assert codes(report(zip_of(Piece("groesse.txt", b"text", central={"extra": extra})), "a.zip")) == []


def _header(kind: bytes, size: int, name: str = "a.png") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.USTAR_FORMAT)


def _special(kind: bytes, content: bytes) -> bytes:
    return _header(kind, len(content), "special") + content.ljust(512, b"\0")


HIDDEN = _header(b"0", len(PAYLOAD), "hidden.pkl") + PAYLOAD.ljust(512, b"\0")
SIZES = _special(b"x", b"12 size=508\n"), _special(b"x", b"13 size=1536\n")
TARS = {
    "a size for all members": _special(b"g", b"13 size=1536\n") + _header(b"0", 512) + PICTURE + HIDDEN,
    "two sizes": SIZES[0] + SIZES[1] + _header(b"0", 508) + PICTURE + HIDDEN,
    "two names": _special(b"L", b"../../x\0") + _special(b"x", b"11 path=ab\n") + _header(b"0", 512) + PICTURE,
    "a long name with more behind": _special(b"L", b"a\0b") + _header(b"0", 512) + PICTURE,
    "a folder with a size and headers": _header(b"\0", 512, "a/") + _header(b"0", 0, "b.png"),
    "a folder with a size": _header(b"\0", 1536, "a/") + PICTURE + HIDDEN,
}


@pytest.mark.parametrize("name", TARS)
def test_a_tar_that_programs_read_in_two_ways_is_not_safe(name: str) -> None:
    found = report(TARS[name] + bytes(1024), "m.tar")

    assert "tar.broken" in codes(found)
    assert found.verdict is not Verdict.SAFE


def test_what_a_tar_says_of_all_members_besides_is_fine() -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", pax_headers={"comment": "of git"}) as archive:
        archive.addfile(tarfile.TarInfo("a"))

    assert codes(report(made.getvalue(), "m.tar")) == []


@pytest.mark.parametrize("front", [PICTURE, b"GIF89a".ljust(1024, b"\0"), b"\xff\xd8\xff".ljust(32768, b"\0")])
def test_hdf5_behind_a_block_of_the_authors_is_not_safe(front: bytes) -> None:
    found = report(front + b"\x89HDF\r\n\x1a\n" + bytes(600), "model.bin")

    assert "hdf5.unsupported" in codes(found)
    assert found.verdict is not Verdict.SAFE


def test_hdf5_whose_block_in_front_looks_like_its_beginning_is_not_safe() -> None:
    with io.BytesIO() as made:
        with h5py.File(made, "w", userblock_size=512) as file:
            file.attrs["model_config"] = LAMBDA
        behind = made.getvalue()[512:]
    nothing = b"\1" + bytes(15)  # the header of an object without messages
    front = b"# hello\n" + bytes(5) + b"\x08\x08" + bytes(25) + pack("<QQ", 512 + len(behind), 0) + bytes(8)
    front = front[:64] + pack("<Q", 256)

    found = report(front.ljust(256, b"\0") + nothing.ljust(256, b"\0") + behind, "model.h5")

    assert (codes(found), found.verdict) == (["hdf5.unsupported"], Verdict.UNSCANNABLE)


NAMED = {
    "MLmodel": (b"{flavors: {python_function: {loader_module: os}}, signature: s}", "mlmodel.loader_module"),
    "requirements.txt": (b"-i evil\n", "environment.foreign_source"),
    "config.pbtxt": (b'backend: "python"', "triton.backend"),
    "saved_model.pbtxt": (b"meta_graphs { }", "savedmodel.text"),
    "saved_model.pb": (b"GIF89a" + bytes(99), "savedmodel.broken"),
    "keras_metadata.pb": (b"GIF89a" + bytes(99), "savedmodel.broken"),
    "schema.json": (b" " * 70_000 + b'{"__loader__": "TypeNode"}', "skops.unlisted_type"),
}


@pytest.mark.parametrize("folder", ["", "a/", "a\nb/", "a\\", "x.zip!"])
@pytest.mark.parametrize("name", NAMED)
def test_what_is_asked_for_by_its_name_is_judged_in_any_folder(name: str, folder: str) -> None:
    data, code = NAMED[name]

    found = report(data, folder + name)

    assert code in codes(found)
    assert found.verdict is not Verdict.SAFE


def test_plain_json_is_text() -> None:
    data = json.dumps({"feature_names": ["class_name", "b"], "a": "\u00e9"}).encode()

    assert (report(data, "notes.json").format, codes(report(data, "notes.json"))) == ("text", [])


@pytest.mark.parametrize("more", ["None", "0", "Mouse", "(unknown)", "Van\nbus", "New York", "horse"])
@pytest.mark.parametrize("first", ["cat\ndog", "city\nBerlin", "car\ntruck"])
def test_a_list_of_words_is_text(first: str, more: str) -> None:
    found = report(f"{first}\n{more}\n".encode(), "labels.txt")

    assert (found.format, codes(found)) == ("text", [])


@pytest.mark.parametrize("pickle", [b"cvendor\nrun\n(S'x'\ntR0", b"(cvendor\nrun\no0", b"(ivendor\nrun\n0"])
def test_text_that_calls_what_nobody_knows_is_a_pickle(pickle: bytes) -> None:
    assert "pickle.unlisted_global" in codes(report(pickle + b"!!! and more text\n", "labels.txt"))


@pytest.mark.parametrize("length", [*range(0x40, 0x100), 384, 640, 0x10280])
def test_no_length_of_a_header_makes_tensors_a_pickle(length: int) -> None:
    header = b'{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}'.ljust(length)

    found = report(length.to_bytes(8, "little") + header + bytes(4), "model.safetensors")

    assert (found.format, codes(found)) == ("safetensors", [])


def test_a_pickle_with_a_header_that_looks_like_a_length_is_found() -> None:
    data = b"\x80\4" + b"C\xff" + bytes(4) + b"{" + bytes(250) + PAYLOAD

    assert DANGEROUS in codes(report(data, "model.safetensors"))


def test_text_that_tensorflow_has_a_name_for_is_text() -> None:
    found = report(b"item {\n  id: 1\n  name: 'cat'\n}\n", "label_map.pbtxt")

    assert (codes(found), found.verdict) == ([], Verdict.SAFE)


def test_hdf5_that_looks_like_a_part_of_a_member_of_a_tar_is_not_safe() -> None:
    with io.BytesIO() as made:
        with h5py.File(made, "w", userblock_size=2048) as file:
            file.attrs["model_config"] = LAMBDA
        behind = made.getvalue()[2048:]
    picture = b"GIF89a".ljust(1536, b"\0") + behind.ljust(-(-len(behind) // 512) * 512, b"\0")

    found = report(_header(b"0", len(picture), "a.gif") + picture + bytes(1024), "model.h5")

    assert (codes(found), found.verdict) == (["format.ambiguous", "hdf5.unsupported"], Verdict.UNSAFE)


@pytest.mark.parametrize("front", [{}, {"a/b.txt": b"text" * 99}])
@pytest.mark.parametrize("name", ["model.h5", "folder/" * 30 + "model.h5"])
def test_hdf5_in_a_tar_is_that_of_a_member(front: dict[str, bytes], name: str) -> None:
    with io.BytesIO() as made:
        with h5py.File(made, "w") as file:
            file.attrs["a"] = "b"
        data = made.getvalue()

    assert codes(report(tarred({**front, name: data}), "model.tar")) == []
