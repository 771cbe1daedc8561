"""Many ids: found in the order that they have, told from what is no id, and as bytes what they are as texts."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from cldi_core.data import ids
from cldi_core.data.ids import GrowingIds, PictureIds

RNG = np.random.default_rng(3)
ROWS = np.concatenate([RNG.integers(0, 256, (50, 16), np.uint8), np.zeros((1, 16), np.uint8)])
ROWS[7, 8:] = 0  # zeros at the end, which numpy's texts do not have
KEYS = [row.tobytes().hex() for row in ROWS]
NONE = ["", "x" * 32, KEYS[0].upper(), KEYS[0][:-1], f" {KEYS[0][1:]}", f"{KEYS[0]}\n", "f" * 32]


def test_ids_are_the_same_as_bytes_and_as_texts() -> None:
    assert (ids.raw(KEYS) == ROWS).all() and ids.texts(ROWS) == KEYS
    for kind in (pa.string(), pa.large_string()):
        column = pa.chunked_array([pa.array(KEYS[:20], kind), pa.array(KEYS, kind)[20:]])
        assert (ids.raw_of_column(column) == ROWS).all()
    for some in (KEYS, KEYS[:1], []):
        assert ids.as_json(ids.raw(some)) == json.dumps(some).encode()
    assert len(ids.raw([])) == len(ids.raw_of_column(pa.array([], pa.string()))) == 0


@pytest.mark.parametrize("bad", NONE[:-1])
def test_what_is_no_id_is_refused(bad: str) -> None:
    assert not ids.is_id(bad)
    for read in (ids.raw, lambda keys: ids.raw_of_column(pa.array(keys, pa.string()))):
        with pytest.raises(ValueError, match="not 32 hex digits"):
            read([KEYS[0], bad])
    with pytest.raises(ValueError, match="not 32 hex digits"):
        ids.raw_of_column(pa.array([KEYS[0], None]))


def test_pictures_are_found_where_they_stand() -> None:
    found = PictureIds(ROWS)
    assert len(found) == 51 and list(found) == KEYS and found[7] == KEYS[7] and found[3:5] == KEYS[3:5]
    assert found.find(KEYS[::-1]).tolist() == list(range(51))[::-1]
    assert found.find([*NONE, KEYS[4]]).tolist() == [-1] * len(NONE) + [4]
    assert found.at(np.array([4, 0, 4])) == [KEYS[4], KEYS[0], KEYS[4]] and found.at(np.zeros(0, int)) == []
    assert KEYS[50] in found and not any(key in found for key in NONE) and 5 not in found
    assert PictureIds.of([]).find(KEYS[:2]).tolist() == [-1, -1] and not PictureIds.of([])


def test_of_an_id_that_is_there_twice_the_last_is_found() -> None:
    twice = np.concatenate([ROWS, ROWS[::-1]])
    assert PictureIds(twice).find(KEYS).tolist() == list(range(51, 102))[::-1]
    assert ids.first_rows(twice).tolist() == [True] * 51 + [False] * 51
    assert ids.texts(ids.unique(twice)) == sorted(KEYS)


@pytest.mark.parametrize("few", [0, 3, 1000])
def test_a_set_that_grows_has_what_was_added(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(ids, "_FEW", few)
    grown = GrowingIds()
    grown.add_rows(ROWS[:10])
    for row in ROWS[10:40]:
        assert row.tobytes() not in grown
        grown.add(row.tobytes())
    assert [row.tobytes() in grown for row in ROWS] == [True] * 40 + [False] * 11
