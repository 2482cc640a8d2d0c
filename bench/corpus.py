"""Models to be judged: hostile or malformed ones, built as the tests build them, and benign ones of real libraries.

Nothing of it is ever loaded, and each file is what its name in the corpus says.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import zlib
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
from onnx import TensorProto, helper
from sklearn.datasets import load_iris

from bench.large_files import safetensors, torch
from tests.archives import Piece, tarred, zip_of, zipped
from tests.lz4_frames import lz4_frame
from tests.pickle_assembly import named
from tests.pickle_corpus import CASES, DANGERS, PAYLOAD, one
from tests.unit import test_format_torch_legacy as torch_legacy
from tests.unit import test_format_torchscript as torchscript
from tests.unit.test_format_hdf5 import DENSE, LAMBDA, a_file, described, link, outside, virtual
from tests.unit.test_format_npy import npy
from tests.unit.test_format_onnx import a_model
from tests.unit.test_format_safetensors import a_file as safetensors_file
from tests.unit.test_format_zip import MALFORMED
from tests.unit.test_pickle_models import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOSTILE = one(PAYLOAD)
type Files = Iterator[tuple[str, str, bytes]]  # kind, name of the file, content


def hostile() -> Files:
    """What runs something when it is loaded, reaches out of its place, or can be read in two ways."""
    yield from (("pickle", f"{_slug(name)}.pkl", data) for name, (_, data) in CASES.items())
    yield from (("dangerous name", f"{module}.{name}.pkl", one(named(module, name))) for module, name in DANGERS)
    yield from (("joblib", name, data) for name, data in _packed())
    yield from (
        ("other name", name, HOSTILE) for name in ("a.bin", "a.safetensors", "a.onnx", "a.txt", "a.json", "a.pt")
    )
    yield from (("container", name, data) for name, data in _containers())
    yield from (("malformed zip", f"{_slug(name)}.zip", data) for name, (data, _) in MALFORMED.items())
    yield from (("Keras and HDF5", name, data) for name, data in _keras())
    yield from (
        ("ONNX", f"{n}.onnx", a_model(location=place)) for n, place in enumerate(("../../etc/passwd", "/etc/passwd"))
    )
    overlap = {name: {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]} for name in ("a", "b")}
    yield "safetensors", "overlap.safetensors", safetensors_file(overlap)
    yield "safetensors", "huge_header.safetensors", safetensors_file(stated=2**60)


def benign() -> Files:
    """What the libraries write of models that they fitted, and of numbers."""
    for name, make in MODELS.items():
        model = make()
        for protocol in (2, 4, 5):
            yield "scikit-learn, pickle", f"{_slug(name)}_{protocol}.pkl", pickle.dumps(model, protocol)
        for compress in (0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3)):
            joblib.dump(model, packed := io.BytesIO(), compress=compress)
            title = compress[0] if isinstance(compress, tuple) else "raw"
            yield "scikit-learn, joblib", f"{_slug(name)}_{title}.joblib", packed.getvalue()
    numbers = load_iris().data
    np.save(made := io.BytesIO(), numbers)
    yield "numpy", "iris.npy", made.getvalue()
    np.savez_compressed(made := io.BytesIO(), a=numbers, b=numbers)
    yield "numpy", "iris.npz", made.getvalue()
    yield from (("HDF5", f"dense_{n}.h5", a_file(described(DENSE, varying=bool(n)))) for n in (0, 1))
    yield "ONNX", "add.onnx", a_model()
    yield "ONNX", "scaled.onnx", _onnx()
    torch(made := io.BytesIO(), 1024 * 1024, tensors=4)
    yield "torch layout", "state_dict.pt", made.getvalue()
    yield "torch layout", "legacy.pth", torch_legacy.a_file()
    yield "torch layout", "scripted.pt", torchscript.saved()
    safetensors(made := io.BytesIO(), 1024 * 1024)
    yield "safetensors", "model.safetensors", made.getvalue()


def _packed() -> Iterator[tuple[str, bytes]]:
    packers: dict[str, Callable[[bytes], bytes]] = {
        "zlib": zlib.compress,
        "gzip": gzip.compress,
        "bz2": bz2.compress,
        "xz": lzma.compress,
        "lz4": lz4_frame,
    }
    array = CASES["a payload behind an array"][1]
    for name, pack in packers.items():
        yield f"{name}.joblib", pack(HOSTILE)
        yield f"{name}_behind_an_array.joblib", pack(array)
    yield "lzma.joblib", lzma.compress(HOSTILE, lzma.FORMAT_ALONE)
    yield "plain.joblib", HOSTILE
    yield "zlib.pkl", zlib.compress(HOSTILE)


def _containers() -> Iterator[tuple[str, bytes]]:
    in_torch = {"archive/data.pkl": HOSTILE, "archive/version": b"3\n"}
    yield "torch.pt", zipped(in_torch)
    yield "torch_deflated.pt", zipped(in_torch, deflated=True)
    yield "torch.txt", zipped(in_torch)
    yield "torch.safetensors", zipped(in_torch)
    yield "torch.zlib.joblib", zlib.compress(zipped(in_torch))
    yield "zip_in_zip.zip", zipped({"in.zip": zipped({"model.pkl": HOSTILE})})
    flagged: dict[str, Any] = {
        "encrypted_central": {"central": {"flags": 1}},
        "encrypted_local": {"local": {"flags": 1}},
    }
    for name, flags in flagged.items():
        yield f"{name}.pt", zip_of(Piece("archive/data.pkl", HOSTILE, **flags))
    yield "bad_crc.pt", zip_of(Piece("archive/data.pkl", HOSTILE, local={"crc": 1}, central={"crc": 1}))
    yield "another_name.pt", zip_of(Piece("archive/data.pkl", HOSTILE, local={"name": "archive/data.txt"}))
    yield "prefixed.pt", zip_of(Piece("archive/data.pkl", HOSTILE), front=b"noise")
    yield "twice.pt", zip_of(Piece("archive/data.pkl", HOSTILE), Piece("archive/data.pkl", one(b"N")))
    yield "model.tar", tarred({"model.pkl": HOSTILE})
    yield "model.tar.gz", tarred({"model.pkl": HOSTILE}, mode="w:gz")
    objects = npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", HOSTILE)
    yield "objects.npy", objects
    yield "objects.npz", zipped({"a.npy": objects})


def _keras() -> Iterator[tuple[str, bytes]]:
    yield "lambda.h5", a_file(described(LAMBDA))
    yield "lambda_varying.h5", a_file(described(LAMBDA, varying=True))
    yield from ((f"{fill.__name__}.h5", a_file(fill)) for fill in (link, outside, virtual))
    named_layers: dict[str, dict[str, Any]] = {
        "lambda": {"module": "keras.layers", "class_name": "Lambda", "config": {}, "registered_name": None},
        "foreign": {"module": "os", "class_name": "system", "config": {}, "registered_name": None},
    }
    for name, layer in named_layers.items():
        layers: dict[str, Any] = {
            "nested": {"module": "keras.layers", "class_name": "TimeDistributed", "config": {"layer": layer}}
        }
        for where, inner in {"top": layer, **layers}.items():
            model: dict[str, Any] = {"module": "keras", "class_name": "Sequential", "config": {"layers": [inner]}}
            members = {"config.json": json.dumps(model).encode(), "metadata.json": b'{"keras_version": "3.8.0"}'}
            yield f"{name}_{where}.keras", zipped(members)


def _onnx() -> bytes:
    scale = helper.make_tensor("s", TensorProto.FLOAT, [1], [2.0])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    node = helper.make_node("Mul", ["x", "s"], ["y"])
    return bytes(helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:], [scale])).SerializeToString())


def _slug(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)
