"""Rows over several arrays: what is read is what one array would have given, and nothing else is read."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cldi_core.errors import FeatureError
from cldi_core.scoring import feature_rows
from cldi_core.scoring.feature_rows import FeatureRows, blocks, joined, row_digests

RNG = np.random.default_rng(3)
PARTS = [RNG.normal(size=(size, 5)).astype(np.float16) for size in (0, 4, 1, 0, 7, 0)]
WHOLE = np.concatenate(PARTS)
KEYS = {
    "a row": 3,
    "a row from the end": -1,
    "a number of numpy": np.int64(11),
    "slice": slice(3, 9),
    "slice with steps": slice(10, None, -3),
    "everything": slice(None),
    "nothing": slice(4, 4),
    "list": [5, 0, 11, 5],
    "empty list": [],
    "array": np.array([11, 4, 3, 4, 0]),
    "from the end": np.array([-1, 0, -12]),
    "two-dimensional": np.array([[1, 2, 3], [11, 10, 1]]),
    "mask": np.arange(12) % 3 == 0,
}


@pytest.fixture(params=[1, 20, 1 << 20], ids="{} bytes".format)
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Passes by one row, by two, and at once."""
    monkeypatch.setattr(feature_rows, "BLOCK_BYTES", request.param)
    return int(request.param)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_rows_are_those_of_one_array(key: object, block: int) -> None:
    for stack, whole in ((FeatureRows(PARTS), WHOLE), (FeatureRows(PARTS).take(np.arange(12)[::-1]), WHOLE[::-1])):
        found = stack[key]
        assert type(found) is np.ndarray and found.dtype == np.float16
        np.testing.assert_array_equal(found, whole[key], strict=True)
        assert not any(np.shares_memory(found, part) for part in PARTS)


@pytest.mark.parametrize("key", [12, -13, [0, 12], np.array([-13])])
def test_rows_that_do_not_exist_are_refused(key: object) -> None:
    with pytest.raises(IndexError):
        FeatureRows(PARTS)[key]
    with pytest.raises(IndexError):
        FeatureRows(PARTS).take([0])[1]


def test_it_looks_like_an_array() -> None:
    stack = FeatureRows(PARTS)
    assert (stack.shape, stack.dtype, stack.ndim, len(stack)) == ((12, 5), np.float16, 2, 12)
    np.testing.assert_array_equal(np.asarray(stack), WHOLE, strict=True)
    np.testing.assert_array_equal(np.asarray(stack, np.float64), WHOLE.astype(np.float64), strict=True)
    np.testing.assert_array_equal(np.abs(stack), np.abs(WHOLE))
    np.testing.assert_array_equal(list(stack), WHOLE)
    with pytest.raises(ValueError, match="without a copy"):
        np.array(stack, copy=False)
    with pytest.raises(TypeError):
        stack[0] = 1  # type: ignore[index]


@pytest.mark.parametrize("index", [[7, 7, 0], np.array([], np.int64), slice(2, 8), np.array([-1, 3])], ids=str)
def test_a_view_of_a_view(index: object) -> None:
    base = FeatureRows(PARTS)
    view = base.take([11, 2, 3, 3, 9, 0, 5, 1, 8]).take(index)
    expected = WHOLE[[11, 2, 3, 3, 9, 0, 5, 1, 8]][index]
    assert view.shape == expected.shape and view.dtype == np.float16
    np.testing.assert_array_equal(view[:], expected, strict=True)
    np.testing.assert_array_equal(WHOLE[view.index], expected)
    assert len(base) == 12, "the stack itself is as it was"


def test_the_index_of_a_view_cannot_be_changed() -> None:
    given = np.array([1, 2])
    view = FeatureRows(PARTS).take(given)
    given[0] = 5
    np.testing.assert_array_equal(view[0], WHOLE[1])
    for stack in (view, FeatureRows(PARTS), FeatureRows(PARTS).take(slice(1, 3))):
        with pytest.raises(ValueError, match="read-only"):
            stack.index[0] = 3


def test_nothing_is_copied_to_make_a_stack_or_a_view(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, WHOLE)
    mapped = np.load(path, mmap_mode="r")
    stack = FeatureRows([mapped[:6], mapped[6:]])
    assert all(np.shares_memory(part, mapped) for part in stack._parts)
    assert all(np.shares_memory(part, mapped) for part in stack.take([9, 1])._parts)
    np.testing.assert_array_equal(stack.take([9, 1])[:], WHOLE[[9, 1]])


def test_no_parts_and_no_rows() -> None:
    assert (FeatureRows([]).shape, FeatureRows([])[:].shape, FeatureRows([]).dtype) == ((0, 0), (0, 0), np.float16)
    empty = FeatureRows([np.zeros((0, 3), np.float16)])
    assert (empty.shape, empty[:].shape, empty.take([])[[]].shape) == ((0, 3), (0, 3), (0, 3))
    assert list(blocks(empty)) == [] and row_digests(empty).shape == (0, 16)
    assert FeatureRows([np.zeros((2, 0), np.float16)])[[1]].shape == (1, 0)


BAD_PARTS = {
    "dimensions": ([np.zeros((1, 3), np.float16), np.zeros((1, 4), np.float16)], ["part 1", "4 dim", "3 of float16"]),
    "types": ([np.zeros((1, 3), np.float16), np.zeros((1, 3), np.float32)], ["part 1", "float32", "3 of float16"]),
    "one-dimensional": ([np.zeros(3, np.float16)], ["part 0", "(3,)", "(n_pictures, dim)"]),
    "whole numbers": ([np.zeros((1, 3), np.int64)], ["part 0", "int64", "floats"]),
}


@pytest.mark.parametrize(("parts", "told"), BAD_PARTS.values(), ids=BAD_PARTS)
def test_parts_that_do_not_fit_are_refused(parts: list[np.ndarray], told: list[str]) -> None:
    with pytest.raises(FeatureError) as error:
        FeatureRows(parts)
    assert [part for part in told if part not in str(error.value)] == []
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "given", [WHOLE, WHOLE[::2], WHOLE.T, FeatureRows(PARTS), FeatureRows(PARTS).take([3, 9, 9])], ids=type
)
def test_blocks_cover_every_row_once(given: np.ndarray | FeatureRows, block: int) -> None:
    found = list(blocks(given))
    np.testing.assert_array_equal(np.concatenate([part for _, part in found]), np.asarray(given))
    sizes = [len(part) for _, part in found]
    assert [start for start, _ in found] == [sum(sizes[:number]) for number in range(len(sizes))]
    assert all(part.flags.c_contiguous and (part.nbytes <= block or len(part) == 1) for _, part in found)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_digest_is_that_of_the_bytes_of_a_row(dtype: type, block: int) -> None:
    whole = WHOLE.astype(dtype)
    expected = [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in whole]
    for given in (whole, np.asfortranarray(whole), FeatureRows([whole[:2], whole[2:]])):
        found = row_digests(given)
        assert (found.shape, found.dtype) == ((12, 16), np.uint8)
        assert [row.tobytes() for row in found] == expected


def frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


def test_slices_that_follow_each_other_are_one_array() -> None:
    whole = frozen(WHOLE.copy())
    for cuts in ([0, 12], [0, 4, 12], [0, 1, 2, 3, 12], [3, 5, 9]):
        slices = [whole[begin:end] for begin, end in pairwise(cuts)]
        found = joined(slices)
        assert found is not None
        np.testing.assert_array_equal(found, whole[cuts[0] : cuts[-1]], strict=True)
        assert np.shares_memory(found, whole) and found.flags.c_contiguous and not found.flags.writeable


def test_one_column_and_one_row() -> None:
    """numpy gives arrays of one row or column strides that mean nothing."""
    column = frozen(np.arange(6.0).reshape(6, 1).copy())
    assert (joined([column[:1], column[1:2], column[2:]]) == column).all()  # type: ignore[union-attr]
    single = frozen(np.asfortranarray(np.arange(8.0).reshape(2, 4))[:1].copy())
    assert (joined([single]) == single).all()  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_slices_of_a_mapped_file_are_one_array(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.npy"
    np.save(path, WHOLE)
    mapped = np.load(path, mmap_mode=mode)  # type: ignore[call-overload]
    for given in (mapped, np.asarray(mapped)):
        found = joined([given[:5], given[5:6], given[6:]])
        assert found is not None and np.shares_memory(found, mapped) and not found.flags.writeable
        np.testing.assert_array_equal(found, WHOLE)


def _two_files(folder: Path) -> list[np.ndarray]:
    """Two mapped files of whole pages, which a system may well put next to each other."""
    maps = []
    for name in "ab":
        np.ones((1024, 2)).tofile(folder / name)
        maps.append(np.memmap(folder / name, np.float64, "r", shape=(1024, 2)))
    return sorted(maps, key=lambda each: each.ctypes.data)


def test_arrays_that_are_not_one_are_not_joined(tmp_path: Path) -> None:
    whole = frozen(WHOLE.copy())
    bytes_of = frozen(np.zeros((4, 4), np.float32))
    apart = {
        "nothing": [],
        "in another order": [whole[4:], whole[:4]],
        "with a gap": [whole[:4], whole[5:]],
        "twice": [whole, whole],
        "overlapping": [whole[:5], whole[4:]],
        "columns": [whole[:, :3]],
        "steps": [whole[::2]],
        "Fortran's order": [frozen(np.asfortranarray(WHOLE))],
        "may be written to": [WHOLE[:4], WHOLE[4:]],
        "read-only view of what may be written to": [frozen(WHOLE[:4])],
        "copies": [frozen(whole[:4].copy()), frozen(whole[4:].copy())],
        "other types": [bytes_of[:2], bytes_of[2:].view(np.float16)],
        "other dimensions": [bytes_of[:2], bytes_of[2:].reshape(1, 8)],
        "two files": _two_files(tmp_path),
    }
    assert {name for name, arrays in apart.items() if joined(arrays) is not None} == set()
