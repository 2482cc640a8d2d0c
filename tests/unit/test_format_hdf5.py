"""HDF5, written by h5py itself: plain files are safe, what leads out of the file or runs code is not."""

from __future__ import annotations

import io
import json
from struct import pack
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from registration.artifacts.limits import Limits
from registration.artifacts.scan import Verdict, scan
from tests.scanning import NOTHING, codes, pinned, report

if TYPE_CHECKING:
    from collections.abc import Callable

LAMBDA = {
    "class_name": "Sequential",
    "config": {"layers": [{"class_name": "Lambda", "config": {"function": ["4wEA"]}}]},
}
DENSE = {"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"units": 2}}]}}


def a_file(fill: Callable[[Any], None], **options: Any) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        fill(file)
    return buffer.getvalue()


def weights(file: Any) -> None:
    for layer in range(4):
        group = file.create_group(f"layers/dense_{layer}/vars")
        group.create_dataset("0", data=np.zeros((4, 4)), chunks=(2, 2), compression="gzip")
        group.attrs["names"] = np.array([b"kernel", b"bias"])


def described(config: object, *, varying: bool = False) -> Callable[[Any], None]:
    def fill(file: Any) -> None:
        weights(file)
        text = json.dumps(config)
        file.attrs["model_config"] = text if varying else text.encode()

    return fill


@pytest.mark.parametrize("fill", [weights, described(DENSE), described(DENSE, varying=True), lambda _file: None])
@pytest.mark.parametrize("version", ["earliest", "v108", "v110", "latest"])
def test_a_plain_file_is_safe(fill: Callable[[Any], None], version: str) -> None:
    found = report(a_file(fill, libver=version), "model.h5")

    assert (found.format, found.verdict, codes(found)) == ("hdf5", Verdict.SAFE, [])


def test_a_group_with_many_members_is_followed() -> None:
    found = report(a_file(many, libver="earliest"), "model.h5")

    assert (found.verdict, codes(found)) == (Verdict.SAFE, [])


@pytest.mark.parametrize("varying", [False, True])
def test_a_lambda_layer_in_the_configuration_is_unsafe(*, varying: bool) -> None:
    found = report(a_file(described(LAMBDA, varying=varying)), "model.h5")

    assert (found.verdict, codes(found)) == (Verdict.UNSAFE, ["keras.runs_code"])


def link(file: Any) -> None:
    file["stolen"] = h5py.ExternalLink("/etc/secrets.h5", "/key")


def outside(file: Any) -> None:
    file.create_dataset("w", (10,), dtype="u1", external=[("/etc/passwd", 0, 10)])


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout(shape=(4,), dtype="i4")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "data", shape=(4,))
    file.create_virtual_dataset("w", layout)


@pytest.mark.parametrize(
    ("fill", "code"), [(link, "hdf5.external_link"), (outside, "hdf5.external_data"), (virtual, "hdf5.external_data")]
)
def test_what_leads_out_of_the_file_is_unsafe(fill: Callable[[Any], None], code: str) -> None:
    found = report(a_file(fill), "model.h5")

    assert (found.verdict, codes(found)) == (Verdict.UNSAFE, [code])


def test_an_external_link_names_file_and_place() -> None:
    (finding,) = report(a_file(link), "model.h5").findings

    assert finding.message == "'stolen' leads to '/key' in the file '/etc/secrets.h5'"


def many(file: Any) -> None:
    for number in range(400):
        file.create_group(f"g{number}")


def test_links_in_a_fractal_heap_are_not_followed_and_not_called_safe() -> None:
    found = report(a_file(many, libver="latest"), "model.h5")

    assert (found.verdict, codes(found)) == (Verdict.UNSCANNABLE, ["hdf5.unsupported"])


def test_bytes_behind_the_end_are_not_called_safe() -> None:
    assert codes(report(a_file(weights) + b"x", "model.h5")) == ["hdf5.trailing_bytes"]


def test_a_file_cut_off_anywhere_is_never_safe() -> None:
    file = a_file(described(DENSE))

    verdicts = {report(file[:length], "model.h5").verdict for length in range(8, len(file), 257)}

    assert verdicts == {Verdict.UNSCANNABLE}


def test_the_numbers_of_a_large_file_are_not_read() -> None:
    reader, _, traffic = pinned(a_file(lambda file: file.create_dataset("w", data=np.zeros(4_000_000))))

    assert scan(reader, profile=NOTHING).verdict is Verdict.SAFE
    assert traffic.bytes < 1024 * 1024


def test_a_configuration_whose_type_is_kept_elsewhere_is_not_overlooked() -> None:
    def fill(file: Any) -> None:
        file["type"] = h5py.string_dtype()
        file.attrs.create("model_config", json.dumps(LAMBDA), dtype=file["type"])

    found = report(a_file(fill), "model.h5")

    assert (codes(found), found.verdict) == (["hdf5.unsupported"], Verdict.UNSCANNABLE)


def test_a_configuration_with_an_escaped_key_is_judged() -> None:
    def fill(file: Any) -> None:
        file.attrs["model_config"] = json.dumps(LAMBDA).replace("class_name", "class\\u005fname")

    assert "keras.runs_code" in codes(report(a_file(fill), "model.h5"))


def test_a_header_that_goes_on_in_the_same_place_for_ever_takes_neither_time_nor_memory() -> None:
    again = b"".join(pack("<HHB3xQQ", 0x10, 16, 0, 65536, 1 << 20) for _ in range(900))
    block = b"\x89HDF\r\n\x1a\n" + bytes([0, 0, 0, 0, 0, 8, 8, 0]) + pack("<HHI", 4, 16, 0)
    block += pack("<4Q", 0, 2**64 - 1, 65536 + (1 << 20), 2**64 - 1) + pack("<QQII", 0, 96, 0, 0) + bytes(16)
    data = (block + pack("<BxHII4x", 1, 900, 1, len(again)) + again).ljust(65536 + (1 << 20), b"\0")

    found = report(data, "model.h5", limits=Limits(steps=1_000_000))

    assert "scan.too_large" in codes(found)


def test_many_attributes_with_one_text_take_no_time() -> None:
    def fill(file: Any) -> None:
        for number in range(7):
            file.attrs[f"config{number}"] = json.dumps({**DENSE, "name": "a" * 30_000})

    assert codes(report(a_file(fill), "model.h5", limits=Limits(steps=100_000))) == ["scan.too_large"]
