"""Judgements on disk: per name, under a lock, whole or not at all; names and notes are anybody's text."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cldi_core.data import judgements as files
from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.judgements import MAX_NAME, MAX_NOTE, Judgement
from cldi_core.data.stamping import STAMPED
from cldi_core.errors import DatasetError

ROOT = Path(__file__).resolve().parents[2]
ONE = Judgement("en-de", "run", "V", "groß", "acceptable", "a note", "2026-11-25T18:51:13Z")
OTHER = Judgement("en-de", "dog", "N", "Hut", "wrong", "", "2026-11-25T18:51:14Z")
NAMES = ("Ann", "../../etc/passwd", "=cmd()", "a\u200db", "Zoë Ñ", "<b>x</b>", "x" * MAX_NAME, "CON", "judge")


@pytest.fixture
def made(tmp_path: Path) -> Dataset:
    """An empty data set."""
    (tmp_path / "dataset.toml").write_text("", "utf-8")
    return Dataset(tmp_path)


def test_what_is_judged_comes_back_in_the_order_of_judging(made: Dataset) -> None:
    assert files.judgements(made, "Ann") == () and files.names(made) == ()
    assert files.judge(made, "Ann", ONE) is None
    assert files.judge(made, "Ann", OTHER) is None
    assert files.judge(made, "Bob", replace(ONE, verdict="wrong")) is None
    assert files.judgements(made, "Ann") == (ONE, OTHER)
    assert files.names(made) == ("Ann", "Bob")
    again = replace(ONE, verdict="wrong", note="")
    assert files.judge(made, "Ann", again) == ONE, "the one that is replaced"
    assert files.judgements(made, "Ann") == (OTHER, again)
    assert files.withdraw(made, "Ann", [ONE.key, ("en-de", "x", "N", "y")]) == 1
    assert files.judgements(made, "Ann") == (OTHER,)
    assert files.judgements(made, "Bob") == (replace(ONE, verdict="wrong"),)
    assert files.delete(made, "Ann") and not files.delete(made, "Ann")
    assert files.names(made) == ("Bob",)
    assert sorted(path.name for path in (made.path / "judgements").iterdir() if path.suffix) == [
        Path(files.pattern("Bob")).name
    ]


def test_the_time_is_that_of_judging(made: Dataset) -> None:
    before = files.now()
    files.judge(made, "Ann", replace(ONE, time=""))
    (kept,) = files.judgements(made, "Ann")
    assert before <= kept.time <= files.now()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_text_and_never_a_path(made: Dataset, name: str) -> None:
    before = {path for path in made.path.parent.rglob("*") if made.path not in path.parents}
    assert files.begin(made, name) == name
    files.judge(made, name, ONE)
    assert files.names(made) == (name,) and files.judgements(made, name) == (ONE,)
    inside = [path.relative_to(made.path).as_posix() for path in made.path.rglob("*.tsv")]
    assert inside == [files.pattern(name)]
    assert {path for path in made.path.parent.rglob("*") if made.path not in path.parents} == before


def test_a_name_is_written_in_one_way(made: Dataset) -> None:
    assert files.begin(made, "  Zoe\u0308   X ") == "Zo\u00eb X"
    files.judge(made, "Zo\u00eb  X", ONE)
    assert files.names(made) == ("Zo\u00eb X",) and files.judgements(made, "Zoe\u0308 X") == (ONE,)


@pytest.mark.parametrize("name", ["", "   ", "x" * (MAX_NAME + 1), "a\tb", "a\nb", "a\x00b", "\u202eann", "a\ud800"])
def test_a_bad_name_is_refused_in_one_line(made: Dataset, name: str) -> None:
    for act in (
        lambda: files.begin(made, name), lambda: files.judge(made, name, ONE), lambda: files.judgements(made, name)
    ):  # fmt: skip
        with pytest.raises(DatasetError, match=r"cannot be the name of a judge") as told:
            act()
        assert "\n" not in str(told.value) and len(str(told.value)) < 200
    assert not (made.path / "judgements").exists()


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("a\tb\r\nc\x00d", "a b c d"),
        ("\u202e=1+1 ", "=1+1"),
        ("  ", ""),
        ("x" * MAX_NOTE, "x" * MAX_NOTE),
        ("👩‍🔬", "👩‍🔬"),
    ],
)
def test_a_note_is_one_line(made: Dataset, note: str, kept: str) -> None:
    files.judge(made, "Ann", replace(ONE, note=note))
    assert files.judgements(made, "Ann") == (replace(ONE, note=kept),)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"note": "x" * (MAX_NOTE + 1)}, "the note has 501"), ({"verdict": "maybe"}, "'maybe' is no verdict"),
        ({"pos": "Z"}, "'Z' is no verdict or part of speech"), ({"word": "a\tb"}, "cannot be judged"),
        ({"candidate": "a\nb"}, "cannot be judged"), ({"pair": ""}, "cannot be judged"), ({"word": " a"}, "cannot be"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_and_nothing_is_lost(made: Dataset, changes: dict[str, str], said: str) -> None:
    files.judge(made, "Ann", ONE)
    with pytest.raises(DatasetError, match=said):
        files.judge_all(made, "Ann", [OTHER, replace(OTHER, **changes)])
    assert files.judgements(made, "Ann") == (ONE,), "all or none"


def test_too_many_are_refused(made: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_JUDGEMENTS", 1)
    monkeypatch.setattr(files, "MAX_NAMES", 1)
    files.judge(made, "Ann", ONE)
    with pytest.raises(DatasetError, match="that would be 2 judgements of one name; at most 1"):
        files.judge(made, "Ann", OTHER)
    with pytest.raises(DatasetError, match="1 names already"):
        files.begin(made, "Bob")
    assert files.judgements(made, "Ann") == (ONE,) and files.begin(made, "Ann") == "Ann"


@pytest.mark.parametrize(
    "text",
    ["", "judge\tAnn", "judge\tBob\n{columns}\n", "judge\tAnn\npair\n", "judge\tAnn\n{columns}\na\tb\n",
     "judge\tAnn\n{columns}\nen-de\trun\tV\tx\tmaybe\t\t\n", "\x00\udcff"],
)  # fmt: skip
def test_a_broken_file_is_one_line_and_not_a_name(made: Dataset, text: str) -> None:
    files.begin(made, "Ann")
    path = made.path / files.pattern("Ann")
    path.write_bytes(text.replace("{columns}", "\t".join(files.COLUMNS)).encode("utf-8", "surrogateescape"))
    with pytest.raises(DatasetError, match=r"judgements/.*cannot be read.*repair or delete it") as told:
        files.judge(made, "Ann", ONE)
    assert "\n" not in str(told.value)
    assert "Bob" not in files.names(made), "the file is not that of the name inside"
    assert files.delete(made, "Ann") and files.judge(made, "Ann", ONE) is None


def test_a_folder_that_cannot_be_written_to_is_one_line(made: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    (made.path / "judgements").write_text("in the way")
    for act in (lambda: files.judge(made, "Ann", ONE), lambda: files.begin(made, "Ann")):
        with pytest.raises(DatasetError, match="cannot be written to"):
            act()
    (made.path / "judgements").unlink()
    monkeypatch.setattr(storage, "write", lambda path, save: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(DatasetError, match=r"cannot be written to \(No space left"):
        files.judge(made, "Ann", ONE)


def test_judging_is_no_change_of_the_data_set(made: Dataset) -> None:
    """What is kept of everything else stays; and of one name's judgements when another judges."""
    files.begin(made, "Ann")
    before = [made.stamp(STAMPED), made.stamp([files.pattern("Ann")]), made.stamp([files.pattern("Bob")])]
    files.judge(made, "Bob", ONE)
    after = [made.stamp(STAMPED), made.stamp([files.pattern("Ann")]), made.stamp([files.pattern("Bob")])]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, True, False]


WRITER = """
import sys
from pathlib import Path
from cldi_core.data import judgements
from cldi_core.data.dataset import Dataset
made = Dataset(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(12):
    judgements.judge(made, "Ann", judgements.Judgement("en-de", f"{sys.argv[2]}{number}", "N", "x", "wrong"))
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from cldi_core.data import judgements
from cldi_core.data.dataset import Dataset
Path.replace = lambda *given: os.kill(os.getpid(), signal.SIGKILL)
judgements.judge(Dataset(Path(sys.argv[1])), "Ann", judgements.Judgement("en-de", "new", "N", "x", "wrong"))
"""


def test_two_at_once_lose_nothing(made: Dataset) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, made.path, name], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for name in ("a", "b")
    ]
    for process in running:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    for process in running:  # both begin now
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 0
    found = files.judgements(made, "Ann")
    assert sorted(one.word for one in found) == sorted(f"{name}{number}" for name in "ab" for number in range(12))
    assert [one.word for one in found if one.word[0] == "a"] == [f"a{number}" for number in range(12)]


def test_a_kill_before_the_file_is_moved_leaves_the_old_one_and_no_lock(made: Dataset) -> None:
    files.judge(made, "Ann", ONE)
    done = subprocess.run([sys.executable, "-c", KILLED, made.path], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == -9
    assert list((made.path / "judgements").glob(".*.tmp")), "it was killed in between"
    assert files.judgements(made, "Ann") == (ONE,) and files.names(made) == ("Ann",)
    files.judge(made, "Ann", OTHER)
    assert files.judgements(made, "Ann") == (ONE, OTHER)
