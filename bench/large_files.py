"""Large model files, written piece by piece in the exact layout of the libraries, most without the library itself.

Their numbers are the same megabyte of noise again and again; no scanner looks at numbers.
"""

from __future__ import annotations

import json
import pickle
import random
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from tests.pickle_assembly import EMPTY_TUPLE, REDUCE, STOP, array, called, items, mapping, named, number, proto, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO, Any, BinaryIO

MIB = 1024 * 1024
NOISE = random.Random(5).randbytes(MIB)  # noqa: S311 - nothing is secret here


def noise(size: int) -> Iterator[bytes]:
    """`size` bytes in pieces."""
    for offset in range(0, size, MIB):
        yield NOISE[: size - offset]


def torch(file: BinaryIO, size: int, *, tensors: int = 64) -> None:
    """As torch.save: stored members aligned to 64 bytes, sizes behind the data, the pickle in front."""
    each = size // tensors
    state = {f"layer{n}.weight": _tensor(str(n), each // 4) for n in range(tensors)}
    archive = _Torch(file)
    archive.add("archive/data.pkl", [proto(2) + mapping(**state) + STOP])
    archive.add("archive/byteorder", [b"little"])
    for n in range(tensors):
        archive.add(f"archive/data/{n}", noise(each // 4 * 4))
    archive.add("archive/version", [b"3\n"])
    archive.end()


def safetensors(file: BinaryIO, size: int) -> None:
    """300 tensors behind a JSON header."""
    each = size // 300 // 4 * 4
    told = {
        f"w{n}": {"dtype": "F32", "shape": [each // 4], "data_offsets": [n * each, (n + 1) * each]} for n in range(300)
    }
    header = json.dumps(told).encode()
    file.write(struct.pack("<Q", len(header)) + header)
    file.writelines(noise(each * 300))


def in_band(file: BinaryIO, size: int) -> None:
    """A pickle of eight numpy arrays with their bytes in it."""
    import numpy as np  # noqa: PLC0415 - a large import that measurements do without

    rows = np.frombuffer(NOISE * (size // 8 // MIB), "u1")
    pickle.dump([rows + n for n in range(8)], file, 4)


def joblib(file: BinaryIO, size: int) -> None:
    """Eight arrays between the opcodes, as joblib writes them."""
    file.write(proto(4) + b"](")
    for _ in range(8):
        count = size // 8 // 8
        file.write(array(b"", shape=items(number(count))))
        file.writelines(noise(count * 8))
    file.write(b"e" + STOP)


def onnx(file: BinaryIO, size: int, *, tensors: int = 8) -> None:
    """Nodes, then initializers with raw data (field 5 of the graph, field 9 of a tensor)."""
    each = size // tensors
    heads = [_field(1, each) + b"\x10\x02" + _bytes(8, f"w{n}".encode()) + _key(9, each) for n in range(tensors)]
    node = _bytes(1, _bytes(1, b"x") + _bytes(1, b"w0") + _bytes(2, b"y") + _bytes(4, b"Add"))
    front = node + _bytes(2, b"g")
    graph = len(front) + sum(len(_key(5, len(head) + each)) + len(head) + each for head in heads)
    file.write(b"\x08\x0a" + _key(7, graph) + front)
    for head in heads:
        file.write(_key(5, len(head) + each) + head)
        file.writelines(noise(each))
    file.write(_bytes(8, _bytes(1, b"") + b"\x10\x15"))


def hdf5(file: IO[bytes], size: int) -> None:
    """Eight data sets and a Keras configuration."""
    import h5py  # noqa: PLC0415 - the same
    import numpy as np  # noqa: PLC0415 - the same

    rows = np.frombuffer(NOISE * (size // 8 // MIB), "u1")
    with h5py.File(file, "w") as store:
        store.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": []}})
        for n in range(8):
            store.create_dataset(f"layers/dense_{n}/vars/0", data=rows)


def keras(file: BinaryIO, size: int) -> None:
    """A zip as Keras 3 writes it: metadata, configuration, and the weights as HDF5."""
    config: dict[str, Any] = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"layers": []},
        "registered_name": None,
    }
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.8.0"}))
        archive.writestr("config.json", json.dumps(config))
        with archive.open("model.weights.h5", "w") as member:
            hdf5_to(member, size)


def hdf5_to(member: IO[bytes], size: int) -> None:
    """HDF5 needs a file it can go back in; the member gets a copy."""
    import shutil  # noqa: PLC0415 - only here
    import tempfile  # noqa: PLC0415 - only here

    with tempfile.TemporaryFile() as made:
        hdf5(made, size)
        made.seek(0)
        shutil.copyfileobj(made, member, MIB)


def npz(file: BinaryIO, size: int) -> None:
    """1,000 arrays as numpy's savez writes them, stored."""
    count = size // 1000 // 8
    told = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({count},), }}"
    header = told.ljust(-(len(told) + 11) % 64 + len(told)) + "\n"
    front = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode()
    with zipfile.ZipFile(file, "w") as archive:
        for n in range(1000):
            with archive.open(f"layer_{n}.npy", "w") as member:
                member.write(front)
                for piece in noise(count * 8):
                    member.write(piece)


def small_pickle(file: BinaryIO, size: int) -> None:
    """A vocabulary."""
    words = {f"word {n}": n for n in range(size // 20)}
    file.write(pickle.dumps(words, 4))


LARGE: dict[str, tuple[str, int, Callable[[BinaryIO, int], None]]] = {
    "torch zip, 64 tensors": ("model.pt", 1024, torch),
    "torch zip, 1000 tensors": ("model.pt", 1024, lambda file, size: torch(file, size, tensors=1000)),
    "safetensors, 300 tensors": ("model.safetensors", 1024, safetensors),
    "pickle with in-band arrays": ("model.pkl", 256, in_band),
    "joblib, raw arrays": ("model.joblib", 256, joblib),
    "ONNX, 8 initializers": ("model.onnx", 256, onnx),
    "ONNX, 300 initializers": ("small.onnx", 256, lambda file, size: onnx(file, size, tensors=300)),
    "Keras zip": ("model.keras", 256, keras),
    "HDF5": ("model.h5", 256, hdf5),
    "npz, 1000 arrays": ("model.npz", 256, npz),
}  # name of the file, MiB at full size


class _Torch:
    """A zip as PyTorch's writer lays it out."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._directory = b""
        self._count = 0

    def add(self, name: str, data: list[bytes] | Iterator[bytes]) -> None:
        start = self._file.tell()
        gap = -(start + 30 + len(name) + 4) % 64
        local = struct.pack("<4s5H3L2H", b"PK\3\4", 0, 0x0808, 0, 0, 0, 0, 0, 0, len(name), 4 + gap)
        self._file.write(local + name.encode() + struct.pack("<2sH", b"FB", gap) + b"Z" * gap)
        size = crc = 0
        for piece in data:
            self._file.write(piece)
            size, crc = size + len(piece), zlib.crc32(piece, crc)
        self._file.write(struct.pack("<4s3L", b"PK\7\b", crc, size, size))
        told = (0, 0, 0x0808, 0, 0, 0, crc, size, size, len(name), 0, 0, 0, 0, 0, start)
        self._directory += struct.pack("<4s6H3L5H2L", b"PK\1\2", *told) + name.encode()
        self._count += 1

    def end(self) -> None:
        start, size = self._file.tell(), len(self._directory)
        self._file.write(self._directory)
        # torch writes both records of zip64 in front of the old one.
        counts = (self._count, self._count, size, start)
        self._file.write(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 0x31E, 45, 0, 0, *counts))
        self._file.write(struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1))
        self._file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, self._count, self._count, size, start, 0))


def _tensor(key: str, count: int) -> bytes:
    storage = items(text("storage"), named("torch", "FloatStorage"), text(key), text("cpu"), number(count)) + b"Q"
    hooks = named("collections", "OrderedDict") + EMPTY_TUPLE + REDUCE
    shape, stride = items(number(count)), items(number(1))
    return called(named("torch._utils", "_rebuild_tensor_v2"), storage, number(0), shape, stride, b"\x89", hooks)


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _varint(value >> 7)  # noqa: PLR2004 - protobuf


def _key(field: int, length: int) -> bytes:
    return _varint(field << 3 | 2) + _varint(length)


def _bytes(field: int, data: bytes) -> bytes:
    return _key(field, len(data)) + data


def _field(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def write(path: Path, make: Callable[[BinaryIO, int], None], size: int) -> int:
    """Make one file; the size that it came to."""
    with path.open("w+b") as file:
        make(file, size)
    return path.stat().st_size
