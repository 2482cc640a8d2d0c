"""Damage: whatever happens to a file of any format, a scan ends with a report and never with a fault of its own."""

from __future__ import annotations

import io
import json

import h5py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scanning import codes, report
from tests.unit import test_format_gguf as gguf
from tests.unit import test_format_keras_config as keras
from tests.unit import test_format_mlmodel as mlmodel
from tests.unit import test_format_onnx as onnx
from tests.unit import test_format_others as others
from tests.unit import test_format_safetensors as safetensors
from tests.unit import test_format_savedmodel as savedmodel


def hdf5() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_group("a/b").create_dataset("w", data=[1, 2, 3])
        file.attrs["model_config"] = json.dumps({"class_name": "Dense"})
        file["soft"] = h5py.SoftLink("/a/b")
    return buffer.getvalue()


FILES = {
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
}


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_bytes_that_are_changed_never_break_the_scan(name: str, data: st.DataObject) -> None:
    file = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 6))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))

    assert "scan.failed" not in codes(report(bytes(file), name))


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_file_that_is_cut_or_stuffed_never_breaks_the_scan(name: str, data: st.DataObject) -> None:
    file = FILES[name]
    begin, end = (data.draw(st.integers(0, len(file))) for _ in range(2))

    stuffed = file[:begin] + data.draw(st.binary(max_size=40)) + file[end:]

    assert "scan.failed" not in codes(report(stuffed, name))
