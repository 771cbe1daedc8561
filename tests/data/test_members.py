"""Words with many pictures, held in bytes: what dicts of lists would say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cldi_core.data import ids, members, word_table
from cldi_core.data.members import Members
from cldi_core.data.word_table import WordTable

A, B, C, D = (letter * 32 for letter in "abcd")
HELD = {"dog": [B, A, B], "cat": [C], "hat": [A, C]}
ROWS = [("en", word, place, key) for word, keys in HELD.items() for place, key in enumerate(keys)]


@pytest.fixture
def made() -> Members:
    return Members.packed([*((word, ids.raw(keys)) for word, keys in HELD.items()), ("none", ids.raw([]))])


def test_members_are_a_mapping_as_any(made: Members) -> None:
    assert made == HELD and list(made) == list(HELD) and "none" not in made and made.get("none", ()) == ()
    assert made.keys() - {"dog"} == {"cat", "hat"} and Members.packed([]) == {}


def test_owners_are_the_words_of_a_picture_in_their_order(made: Members) -> None:
    slow: dict[str, dict[str, None]] = {}
    for word, keys in HELD.items():
        for key in keys:
            slow.setdefault(key, {})[word] = None
    owners = made.owners
    assert (
        owners == slow
        and list(owners) == list(slow)
        and [list(owners[key]) for key in slow] == [*map(list, slow.values())]
    )
    assert owners.of([C, "x", D, A, C]) == {key: list(slow[key]) for key in (C, A)}
    assert D not in owners and "x" not in owners and owners.get(D) is None
    assert owners.often(2) == [B, A, C] and owners.often(3) == []
    assert owners.ordered([C, D, A, "x", C]) == [A, C]
    other = Members.packed([("Hut", ids.raw([D, C, A]))]).owners
    assert owners.common(other) == [A, C] and other.common(owners) == [C, A]
    empty = Members.packed([]).owners
    assert not empty and owners.common(empty) == empty.common(owners) == empty.ordered([A]) == []


def test_a_picture_is_shared_by_words_of_other_spellings(made: Members) -> None:
    german = Members.packed([("cat", ids.raw([C, D])), ("Hut", ids.raw([D]))])
    assert members.shared([made]) == [A, C], "B stands twice in one word"
    assert members.shared([german]) == [D] and members.shared([]) == []
    assert members.shared([Members.packed([("cat", ids.raw([C]))]), german]) == [D], "one spelling in two languages"


def test_the_table_is_written_sorted_and_read_again(tmp_path: Path) -> None:
    rows = [*ROWS[::-1], ROWS[0], ("de", "Hut", 3, D)]
    word_table.write(tmp_path / "words.parquet", WordTable.of(rows))
    stored = pd.read_parquet(tmp_path / "words.parquet")
    assert list(stored.itertuples(index=False, name=None)) == sorted(set(rows))
    read = word_table.read(tmp_path / "words.parquet")
    assert read.members() == {"de": {"Hut": [D]}, "en": {word: HELD[word] for word in sorted(HELD)}}
    assert list(read.members()["en"]) == sorted(HELD)


def test_words_in_any_order_come_as_they_are_met() -> None:
    mixed = [("en", "b", 0, A), ("de", "x", 0, B), ("en", "a", 0, C), ("en", "b", 1, D)]
    found = WordTable.of(mixed).members()
    assert list(found) == ["en", "de"] and list(found["en"]) == ["b", "a"] and found["en"]["b"] == [A, D]


def test_some_words_make_room_for_others() -> None:
    table = WordTable.of(ROWS).without({("en", "dog")}).joined(WordTable.of([("en", "dog", 0, D), ("de", "Hut", 0, A)]))
    assert table.sorted().members() == {"de": {"Hut": [A]}, "en": {"cat": [C], "dog": [D], "hat": [A, C]}}
    empty = WordTable.of([])
    assert empty.without({("en", "dog")}).joined(empty).sorted().members() == {}


def test_batches_number_their_words_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    rows = [
        ("en", f"w{number // 3:02}", number % 3, bytes(rng.integers(0, 256, 16, np.uint8)).hex())
        for number in range(60)
    ]
    word_table.write(tmp_path / "words.parquet", WordTable.of(rows))
    whole = word_table.read(tmp_path / "words.parquet").members()
    monkeypatch.setattr(word_table, "_ROWS", 7)
    assert word_table.read(tmp_path / "words.parquet").members() == whole and len(whole["en"]) == 20
