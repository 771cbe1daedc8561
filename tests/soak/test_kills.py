"""Commands that are killed: each once here, at a drawn point; ``make soak`` does it at all of them."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from benchmarks.soak import kill_server, kill_stores
from benchmarks.soak.kill_cases import CASES
from benchmarks.soak.kills import chosen, try_kills
from benchmarks.soak.trial import Effort
from cldi_core.commands.main import app

# Commands that write into no data set, and into no file that they are given.
READ_ONLY = {"app", "bench", "doctor", "judgements list", "pivot translate"}
TREE = "data/small"


def names(command: typer.models.CommandInfo | object, before: str = "") -> list[str]:
    inside = getattr(command, "commands", None)
    if inside is None:
        return [before]
    return [name for own, each in inside.items() for name in names(each, f"{before} {own}".strip())]


def test_every_command_that_writes_is_killed() -> None:
    """Whoever adds a command says what it does to the disk."""
    killed = {name for name in names(typer.main.get_command(app)) if any(case.startswith(name) for case in CASES)}
    assert {*names(typer.main.get_command(app))} == killed | READ_ONLY and not killed & READ_ONLY


@pytest.mark.slow
def test_each_ends_as_if_it_had_never_been_killed(tmp_path: Path) -> None:
    found = list(try_kills(tmp_path, Effort(share=0.001)))
    assert [line for one in found for line in one.lost] == []
    assert len(found) == len(CASES) and all(one.tried == 1 for one in found)
    assert sum(one.landed for one in found) > 0.8 * len(CASES), "points that depend on time may not come again"
    points = {one.what.partition(", killed")[0]: int(one.note.split()[2]) for one in found}
    assert min(points.values()) >= 10 and points["score"] > 150


def test_the_effort_says_how_many_points() -> None:
    import random

    kills = [*range(100)]
    assert chosen(kills, Effort(1), random.Random(0)) == kills  # type: ignore[comparison-overlap]
    some = chosen(kills, Effort(0.1), random.Random(0))
    assert len(some) == 10 and some == sorted(some) and some != chosen(kills, Effort(0.1), random.Random(1))


def put(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def space(seconds: float, **more: object) -> bytes:
    about = {"about": {"curve": [{"loss": 1.5, "seconds": seconds}], "seconds": seconds}, **more}
    head = json.dumps({"__metadata__": {"pivot": json.dumps(about)}}).encode()
    return len(head).to_bytes(8, "little") + head + b"\x01\x02"


REPORT = {"time": "1", "kind": "folder", "counts": {"new": 3, "memberships": 4}, "remarks": []}
LINES = '{"search": "a", "time": "1"}\n{"url": "u", "time": "1"}\n'
# Two runs that end alike: name → what the one and the other wrote, and what would be a loss.
ALIKE: dict[str, tuple[str | bytes, str | bytes, str | bytes]] = {
    "collect/commons/journal.jsonl": (
        LINES, '{"url": "u", "time": "2"}\n{"storing": []}\n{"sea\n{"search": "a", "time": "3"}\n', LINES[:29],
    ),
    "collect/commons/status.json": (
        '{"state": "done", "total": 3, "done": 3, "kept": 0}', '{"state": "done", "total": 3, "done": 3, "kept": 2}',
        '{"state": "failed", "total": 3, "done": 3}',
    ),
    "pivot/x/en-de/items/vse/seed-0/en+de.safetensors": (space(1.5), space(2.5), space(1.5, words=["cow"])),
    "left_out.tsv": (
        "word\ten\thand\t\ta hand\t2026-11-25T18:51:13Z\n", "word\ten\thand\t\ta hand\t2026-11-26T18:51:14Z\n",
        "word\ten\that\t\ta hand\t2026-11-25T18:51:13Z\n",
    ),
    "judgements/0f.tsv": ("judge\tAnn\n2026-11-25T18:51:13Z\n", "judge\tAnn\n2026-11-25T18:51:14Z\n", "judge\tBob\n"),
    "dispersions/x/.prepared": ("abc 7", "def 7", "abc 8"),
}  # fmt: skip


@pytest.mark.parametrize("name", ALIKE)
def test_what_may_differ_between_two_runs_is_no_more_than_that(tmp_path: Path, name: str) -> None:
    held = []
    for number, content in enumerate(ALIKE[name]):
        put(tmp_path / str(number), f"{TREE}/{name}", content)
        held.append(kill_stores.held(tmp_path / str(number)))
    assert kill_stores.differences(held[0], held[1]) == []
    assert kill_stores.differences(held[0], held[2]) == [f"{TREE}/{name} (file 644) differs"]


def test_a_report_may_be_there_twice(tmp_path: Path) -> None:
    put(tmp_path / "a", f"{TREE}/imports/20261129T101500-hugging face.json", json.dumps(REPORT))
    expected = kill_stores.held(tmp_path / "a")
    for number, told in enumerate((REPORT, REPORT | {"time": "2", "counts": {"new": 0, "memberships": 4}})):
        put(tmp_path / "b", f"{TREE}/imports/20261129T10160{number}-hugging face-2.json", json.dumps(told))
    assert kill_stores.differences(expected, kill_stores.held(tmp_path / "b")) == []
    other = REPORT | {"counts": {"new": 3, "memberships": 3}}
    put(tmp_path / "b", f"{TREE}/imports/20261129T101700-hugging face.json", json.dumps(other))
    assert len(kill_stores.differences(expected, kill_stores.held(tmp_path / "b"))) == 1


CHANGES: dict[str, Callable[[Path], object]] = {
    "a leftover": lambda folder: put(folder, ".cldi-x.tmp", b""),
    "another byte": lambda folder: put(folder, "words.parquet", b"other"),
    "another mode": lambda folder: (folder / "words.parquet").chmod(0o600),
    "a file that is missing": lambda folder: (folder / "words.parquet").unlink(),
    "a link in its place": lambda folder: ((folder / "words.parquet").unlink(),
                                           (folder / "words.parquet").symlink_to("dataset.toml")),
    "a folder": lambda folder: (folder / "scores").mkdir(),
    "half a report": lambda folder: put(folder, "imports/20261129T101500-folder.json", json.dumps(REPORT)[:20]),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_other_difference_is_a_loss(tmp_path: Path, change: Callable[[Path], object]) -> None:
    for name in ("dataset.toml", "words.parquet", "imports/20261129T101500-folder.json"):
        put(tmp_path / TREE, name, json.dumps(REPORT))
    before = kill_stores.held(tmp_path)
    assert kill_stores.differences(before, kill_stores.held(tmp_path)) == []
    change(tmp_path / TREE)
    assert kill_stores.differences(before, kill_stores.held(tmp_path)) != []


@pytest.mark.parametrize(("jump", "ended"), [(3000.0, True), (9.0, False)])
def test_time_in_which_all_was_stopped_is_not_counted(
    monkeypatch: pytest.MonkeyPatch, jump: float, ended: bool
) -> None:
    looks = itertools.count()
    monkeypatch.setattr(kill_server.time, "monotonic", lambda: (look := next(looks)) * 1e-3 + jump * (look > 5))
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.2)"]) as child:
        status = kill_server._ended(child.pid, until=8.0)
        assert (status == 0) is ended and (status is None) is not ended
