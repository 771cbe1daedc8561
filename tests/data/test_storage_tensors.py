"""Files of tensors that are broken, in every way that a header can be, and those at the border of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cldi_core.data import storage
from cldi_core.errors import DatasetError


def packed(header: object, data: bytes = bytes(64), length: int | None = None) -> bytes:
    """A safetensors file with any header, which may be raw bytes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def tensor(**changes: object) -> bytes:
    """A file with one tensor of eight numbers, changed so that it is broken."""
    return packed({"x": {"dtype": "F64", "shape": [2, 4], "data_offsets": [0, 64]} | changes})


BROKEN = {
    "empty": b"",
    "half a length": b"\x01\x00\x00",
    "a length only": packed(b"", b"", 2),
    "a length beyond the file": packed({}, length=1000),
    "a negative length": b"\xff" * 8 + b"{}",
    "no JSON": packed(b"{nonsense}"),
    "no UTF-8": packed(b'{"\xff\xfe": 1}'),
    "nothing": packed(b""),
    "deep nesting": packed(b"[" * 100_000),
    "an endless number": packed(b'{"x": {"dtype": "F64", "shape": [' + b"9" * 5000 + b"]}}"),
    "a list": packed([]),
    "a null": packed(None),
    "metadata that are no object": packed({"__metadata__": ["x"]}),
    "metadata that are no text": packed({"__metadata__": {"x": 5}}),
    "a tensor that is a number": packed({"x": 5}),
    "a tensor of nothing": packed({"x": {}}),
    "an unknown type": tensor(dtype="BF16"),
    "a type that is a list": tensor(dtype=["F64"]),
    "a type of many lines": tensor(dtype="F\n\n64" * 1000),
    "no shape": tensor(shape=None),
    "a shape of text": tensor(shape="24"),
    "a negative shape": tensor(shape=[-2, -4]),
    "a shape of fractions": tensor(shape=[2.0, 4]),
    "a shape of truths": tensor(shape=[True, 8]),
    "a shape too small": tensor(shape=[2, 3]),
    "a shape too large": tensor(shape=[2**62, 4]),
    "a shape beyond any array": tensor(shape=[0, 2**70, 2**70], data_offsets=[0, 0]),
    "too many dimensions": tensor(shape=[1] * 200 + [8]),
    "offsets beyond the file": tensor(data_offsets=[8, 72]),
    "offsets far beyond": tensor(shape=[2**50], data_offsets=[0, 2**53]),
    "negative offsets": tensor(data_offsets=[-64, 0]),
    "offsets that go back": tensor(data_offsets=[64, 0]),
    "one offset": tensor(data_offsets=[64]),
    "offsets of text": tensor(data_offsets=["0", "64"]),
    "tensors that overlap": packed(
        {
            name: {"dtype": "F64", "shape": [3], "data_offsets": [place, place + 24]}
            for name, place in (("x", 0), ("y", 16))
        }
    ),
    "one place for many": packed({name: {"dtype": "F64", "shape": [8], "data_offsets": [0, 64]} for name in "xy"}),
    "one name for two": packed(
        b'{"x": {"dtype": "F64", "shape": [4], "data_offsets": [0, 32]}, '
        b'"x": {"dtype": "F64", "shape": [4], "data_offsets": [32, 64]}}'
    ),
    "millions of lists": packed(b'{"__metadata__": [' + b"[]," * 5_000_001 + b"1]}"),
    "a long name": packed({"\n" * 5000: 5}),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_of_tensors_is_named_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.safetensors"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"^'t.safetensors' cannot be read \(.+\)$") as caught:
        storage.map_tensors(path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_the_file_that_was_broken_is_read_when_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(tensor())
    assert storage.map_tensors(tmp_path / "t")[0]["x"].tolist() == [[0] * 4] * 2
    (tmp_path / "t").write_bytes(packed({}, b""))
    assert storage.map_tensors(tmp_path / "t") == ({}, {})


@pytest.mark.parametrize("dimensions", [1, 2, 31, 32, 33, 64])
def test_tensors_have_up_to_32_dimensions(tmp_path: Path, dimensions: int) -> None:
    shape = [1] * (dimensions - 1) + [8]
    (tmp_path / "t").write_bytes(tensor(shape=shape))
    if dimensions <= 32:
        assert storage.map_tensors(tmp_path / "t")[0]["x"].shape == tuple(shape)
    else:
        with pytest.raises(DatasetError, match="no proper shape"):
            storage.map_tensors(tmp_path / "t")


def test_a_header_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "t.safetensors"
    with path.open("wb") as file:
        file.write((100_000_001).to_bytes(8, "little") + b"{}")
        file.truncate(200_000_000)  # sparse: takes no room
    with pytest.raises(DatasetError, match="a header of 100000001 bytes"):
        storage.map_tensors(path)


def test_a_missing_file_of_tensors_and_a_folder_are_named(tmp_path: Path) -> None:
    for name in (tmp_path / "none", tmp_path):
        with pytest.raises(DatasetError, match=f"'{name.name}' cannot be read"):
            storage.map_tensors(name)


def test_tensors_at_odd_places_are_read(tmp_path: Path) -> None:
    header = {"x": {"dtype": "F64", "shape": [2], "data_offsets": [3, 19]}}
    for spaces in range(8):
        text = json.dumps(header).encode() + b" " * spaces
        (tmp_path / "t").write_bytes(packed(text, b"abc" + np.array([1.5, -2]).tobytes()))
        assert storage.map_tensors(tmp_path / "t")[0]["x"].tolist() == [1.5, -2]
