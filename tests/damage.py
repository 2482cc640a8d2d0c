"""Damage: small benign files of every format, ways to damage them, and what may never come of it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import lzma
import pickle
import zlib
from typing import TYPE_CHECKING

import h5py
import numpy as np

from registration.artifacts import profiles, validation
from registration.artifacts.inventory import Artifact
from registration.artifacts.scan import Verdict
from registration.artifacts.store import Location
from registration.artifacts.validation import Promise
from tests.archives import tarred, zipped
from tests.fakes import MemoryStore
from tests.lz4_frames import lz4_frame
from tests.pickle_assembly import STOP, array, items, mapping, number, proto
from tests.unit import test_format_gguf as gguf
from tests.unit import test_format_keras_config as keras
from tests.unit import test_format_mlmodel as mlmodel
from tests.unit import test_format_onnx as onnx
from tests.unit import test_format_others as others
from tests.unit import test_format_safetensors as safetensors
from tests.unit import test_format_savedmodel as savedmodel
from tests.unit import test_format_torch_legacy as torch_legacy
from tests.unit import test_format_torchscript as torchscript
from tests.unit.test_format_npy import npy

if TYPE_CHECKING:
    from registration.artifacts.validation import Validation

HERE = Location("acc", "incoming", "file")
ALL = profiles.named("all")


def hdf5() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_group("a/b").create_dataset("w", data=[1, 2, 3])
        file.attrs["model_config"] = json.dumps({"class_name": "Dense"})
        file["soft"] = h5py.SoftLink("/a/b")
    return buffer.getvalue()


def npz() -> bytes:
    np.savez_compressed(buffer := io.BytesIO(), a=np.arange(9), b=np.ones((2, 2)))
    return buffer.getvalue()


PICKLED = pickle.dumps({"weights": np.arange(4.0), "names": ["a", "b"], "scale": 0.5}, 4)
JOBLIB = proto(4) + b"](" + array(bytes(24), shape=items(number(3))) + b"e" + STOP
STATE = {"archive/data.pkl": proto(2) + mapping(a=number(1)) + STOP, "archive/version": b"3\n"}
FILES = {
    "model.pkl": PICKLED,
    "old.pkl": pickle.dumps([1, "a", (2.0, None)], 0),
    "model.joblib": JOBLIB,
    "zlib.joblib": zlib.compress(JOBLIB),
    "gzip.joblib": gzip.compress(JOBLIB),
    "xz.joblib": lzma.compress(JOBLIB),
    "lz4.joblib": lz4_frame(JOBLIB),
    "model.pt": zipped(STATE),
    "legacy.pth": torch_legacy.a_file(),
    "script.pt": torchscript.saved(),
    "model.npz": npz(),
    "model.keras": zipped({"config.json": keras.a_model(keras.PLAIN), "model.weights.h5": hdf5()}),
    "model.tar": tarred({"model.pkl": PICKLED, "notes.txt": b"text\n"}),
    "model.tar.gz": tarred({"model.pkl": PICKLED}, mode="w:gz"),
    "model.safetensors": safetensors.a_file(),
    "model.gguf": gguf.a_file(gguf.NAME, gguf.TOKENS, gguf.SCORES, tensors=(gguf.WEIGHT,)),
    "model.onnx": onnx.a_model(location="weights.bin"),
    "config.json": keras.a_model(keras.PLAIN),
    "saved_model.pb": savedmodel.a_model(in_function=("Add",)),
    "keras_metadata.pb": savedmodel.metadata({"class_name": "Dense"}),
    "MLmodel": (mlmodel.HEAD + mlmodel.SKLEARN + mlmodel.SIGNED).encode(),
    "config.pbtxt": b'backend: "onnxruntime"\n',
    "model.ubj": others.UBJSON,
    "model.h5": hdf5(),
    "model.npy": npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n", bytes(24)),
}


def judged(data: bytes, name: str, *, promised: bytes | None = None) -> Validation:
    """What validation says of `data`, held against a promise of the bytes `promised`."""
    store = MemoryStore()
    store.put(HERE / name, data)
    promise = () if promised is None else (Promise(name, len(promised), hashlib.sha256(promised).hexdigest()),)
    artifact = Artifact.of(store.files(HERE))
    return validation.validate(store, artifact, model_type="custom_model", promises=promise, profile=ALL)


def wrongs(data: bytes, name: str, *, promised: bytes) -> list[str]:
    """What must not be of a damaged file, and is: a scan that fails, another digest, a promise that counts as kept."""
    alone = judged(data, name)
    kept = judged(data, name, promised=promised).verdict is Verdict.SAFE
    return [
        *(["the scan failed"] if any(finding.code == "scan.failed" for finding in alone.findings) else []),
        *(["another digest"] if alone.digests != {name: hashlib.sha256(data).hexdigest()} else []),
        *(["safe with the digest of another file"] if kept else []),
    ]


def flipped(data: bytes, offset: int, *, mask: int) -> bytes:
    """`data` with the bits of `mask`, not 0, turned at one byte."""
    return data[:offset] + bytes([data[offset] ^ mask]) + data[offset + 1 :]
