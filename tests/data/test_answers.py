"""Answers of people: kept whole whatever happens, by several players at once, and deleted for good."""

from __future__ import annotations

import json
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path

import pytest

from cldi_core.data import answers, storage
from cldi_core.data.answers import Answer
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError
from cldi_core.insight import health

ONE = Answer("Ada", "2024-05-01T10:00:00+00:00", 7, 1, "en-de", "net", "run.V", ("laufen", "Hund"), "Hund", "laufen",
             1200, "d")  # fmt: skip


def many(folder: Path, player: str, count: int) -> None:
    for number in range(1, count + 1):
        answers.add(folder, replace(ONE, player=player, number=number))


def test_answers_come_back_in_the_order_in_which_they_were_given(tmp_path: Path) -> None:
    assert answers.read(tmp_path) == answers.Kept()
    given = [replace(ONE, number=number, player=name) for number, name in ((2, "Ada"), (1, "Ada"), (1, "日本 <b>"))]
    for one in given:
        answers.add(tmp_path, one)
    found = answers.read(tmp_path)
    assert found.answers == tuple(given) and found.broken == 0
    assert found.players == {"Ada": 2, "日本 <b>": 1}
    assert not ONE.hit and replace(ONE, chosen="laufen").hit
    assert not list(tmp_path.rglob("*Ada*")), "a name is no file's name"


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_line_that_a_kill_left_unfinished_spoils_itself_alone(tmp_path: Path, cut: int) -> None:
    many(tmp_path, "Ada", 2)
    path = answers.path_of(tmp_path)
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rpartition(b"\n")[2]
    path.write_bytes(whole[: len(whole) - 1 - len(last)] + last[:-cut])
    assert [one.number for one in answers.read(tmp_path).answers] == [1]
    assert answers.read(tmp_path).broken == 1
    many(tmp_path, "Bob", 2)
    found = answers.read(tmp_path)
    assert [(one.player, one.number) for one in found.answers] == [("Ada", 1), ("Bob", 1), ("Bob", 2)]
    assert found.broken == 1


def test_a_whole_line_without_its_end_is_an_answer(tmp_path: Path) -> None:
    many(tmp_path, "Ada", 2)
    path = answers.path_of(tmp_path)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    many(tmp_path, "Bob", 1)
    assert answers.read(tmp_path).players == {"Ada": 2, "Bob": 1} and answers.read(tmp_path).broken == 0


def test_two_players_at_once_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    players = [context.Process(target=many, args=(tmp_path, name, 50)) for name in ("Ada", "Bob")]
    for one in players:
        one.start()
    for one in players:
        one.join(60)
    assert [one.exitcode for one in players] == [0, 0]
    found = answers.read(tmp_path)
    assert found.players == {"Ada": 50, "Bob": 50} and found.broken == 0
    for name in ("Ada", "Bob"):
        assert [one.number for one in found.answers if one.player == name] == list(range(1, 51))


def test_nobody_writes_while_another_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that came while another player's are deleted would be lost."""
    many(tmp_path, "Ada", 1)
    monkeypatch.setattr(storage, "LOCK_WAIT", 0.05)
    with storage.lock(answers.path_of(tmp_path).parent, "be slow"):
        for write in (lambda: many(tmp_path, "Bob", 1), lambda: answers.delete(tmp_path, "Ada")):
            with pytest.raises(DatasetError, match="has been writing"):
                write()
    assert answers.read(tmp_path).players == {"Ada": 1}


def test_a_write_that_takes_a_part_at_a_time_ends_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:50]))
    many(tmp_path, "Ada", 2)
    assert answers.read(tmp_path).players == {"Ada": 2} and answers.read(tmp_path).broken == 0


def test_one_players_answers_are_deleted_for_good(tmp_path: Path) -> None:
    for name in ("Ada", "Bob", "Ada "):
        many(tmp_path, name.strip() or name, 3)
    path = answers.path_of(tmp_path)
    with path.open("ab") as file:
        file.write(b'{"player": "Ada", "unread')
    assert answers.delete(tmp_path, "ada") == 0
    assert answers.delete(tmp_path, "Ada") == 6
    assert b"Ada" not in path.read_bytes(), "nor in a line that nobody can read"
    assert answers.read(tmp_path) == answers.Kept(answers.read(tmp_path).answers, 0)
    assert answers.read(tmp_path).players == {"Bob": 3}
    assert [one.name for one in path.parent.iterdir() if not one.name.startswith(".lock")] == [answers.FILE]
    assert answers.delete(tmp_path, "Bob") == 3 and answers.read(tmp_path) == answers.Kept()


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  Ada \t Lovelace\n", "Ada Lovelace"),
        ("../../etc/passwd", "../../etc/passwd"),  # a name, never a path
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # drawn as any foreign text
        ("a\x00b\x1b[31m\u202egnp", "ab[31mgnp"),
        ("\u200b\u2066\x00 \ufeff", ""),
        ("\ud800x", "x"),
        ("e\u0301", "é"),
        ("x" * 5000, "x" * answers.LONGEST_NAME),
        ("y" * (answers.LONGEST_NAME - 1) + " z", "y" * (answers.LONGEST_NAME - 1)),
        ("", ""),
    ],
)
def test_names_are_made_safe_to_keep(typed: str, name: str, tmp_path: Path) -> None:
    assert answers.player_name(typed) == name == answers.player_name(name)
    if name:
        answers.add(tmp_path, replace(ONE, player=name))
        assert answers.read(tmp_path).players == {name: 1}
        assert len(answers.path_of(tmp_path).read_bytes().splitlines()) == 1


def broken(**changes: object) -> str:
    return json.dumps({**ONE.__dict__, **changes})


@pytest.mark.parametrize(
    "line",
    [
        "{}", "[]", "7", "null", "[" * 100_000, "\xff", broken(player="a\nb"), broken(player=""), broken(player=7),
        broken(player="x" * 5000), broken(options=["laufen"]), broken(options=["laufen", "laufen"]),
        broken(options="ab", chosen="a", right="b"), broken(options=[["laufen"], "Hund"]), broken(chosen="Katze"),
        broken(right=None), broken(seed=-1), broken(seed=True), broken(seed=1e3), broken(milliseconds=10**30),
        broken(number="1"), broken(query=""), broken(pictures="d" * 10_000), broken(player="\ud800"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_counted_and_left_out(tmp_path: Path, line: str) -> None:
    many(tmp_path, "Ada", 1)
    with answers.path_of(tmp_path).open("ab") as file:
        file.write(line.encode("latin-1", "replace") + b"\n\n")
    many(tmp_path, "Bob", 1)
    assert answers.read(tmp_path).players == {"Ada": 1, "Bob": 1} and answers.read(tmp_path).broken == 1


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    for wrong in (replace(ONE, player=""), replace(ONE, options=("a",)), replace(ONE, right="b" * 2000)):
        with pytest.raises(DatasetError, match="cannot be kept"):
            answers.add(tmp_path, wrong)
    assert not answers.path_of(tmp_path).exists()


def test_where_nothing_can_be_written_one_line_says_so(tmp_path: Path) -> None:
    (tmp_path / answers.FOLDER).write_text("not a folder")
    with pytest.raises(DatasetError, match="cannot be written to"):
        answers.add(tmp_path, ONE)
    assert answers.read(tmp_path) == answers.Kept()
    (tmp_path / answers.FOLDER).unlink()
    answers.path_of(tmp_path).mkdir(parents=True)
    with pytest.raises(DatasetError, match="not a regular file"):
        answers.read(tmp_path)
    with pytest.raises(DatasetError, match="cannot be written to"):
        answers.add(tmp_path, ONE)


def test_an_answer_is_no_change_of_the_data_set_and_nothing_to_complain_of(small: Dataset) -> None:
    before, found = small.stamp(), health.findings(small)
    many(small.path, "Ada", 3)
    again = Dataset(small.path)
    assert again.stamp() == before and health.findings(again) == found
    assert again.stamp((answers.PATTERN,)) != storage.digest([]), "pages that ask for it see it change"
    seen = again.stamp((answers.PATTERN,))
    many(small.path, "Bob", 1)
    assert again.stamp((answers.PATTERN,)) != seen
