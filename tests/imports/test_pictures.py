"""The one way of pictures into a data set: streamed, bounded, repeatable, and killed at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from cldi_core.data import checksums
from cldi_core.data.dataset import Dataset, create
from cldi_core.data.pictures import Picture, picture_id, write_shards
from cldi_core.errors import DatasetError
from cldi_core.imports import pictures
from cldi_core.imports.memberships import KnownIds
from cldi_core.imports.pictures import Found, Provenance, import_pictures
from cldi_core.imports.report import Report
from tests.conftest import draw, encoded

ROOT = Path(__file__).resolve().parents[2]


def dot(number: int) -> bytes:
    """A picture of one pixel, another for each number."""
    return encoded(Image.new("RGB", (1, 1), (number // 65536, number // 256 % 256, number % 256)), "BMP")


def dots(count: int, per_word: int = 20) -> Iterator[Found]:
    for number in range(count):
        word, place = divmod(number, per_word)
        about = Provenance(source_url=f"https://x/{number}", title=f"a dot of {number}")
        yield Found("en", f"word {word}", place, f"en/{word}/{place}.bmp", dot(number), about)


def run(dataset: Dataset, found: object, **options: object) -> Report:
    return import_pictures(dataset, found, Report("test", "x"), **{"workers": 0, **options})  # type: ignore[arg-type]


@pytest.fixture
def empty(tmp_path: Path) -> Dataset:
    return create(tmp_path / "set")


def content(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in path.rglob("*")
        if file.is_file() and file.name != checksums.LOG
    }


def test_pictures_become_shards_and_words_with_where_they_come_from(empty: Dataset) -> None:
    calls: list[tuple[int, int]] = []
    report = run(empty, dots(1010), progress=lambda *told: calls.append(told), total=1010)
    assert report.is_complete and report.counts == {
        "languages": {"en": 51}, "pictures": 1010, "new": 1010, "memberships": 1010}  # fmt: skip
    assert calls == [(number, 1010) for number in range(1, 1011)]
    opened = Dataset(empty.path)
    assert sorted(opened.pictures.table.groupby("shard").size()) == [10, 1000]
    row = opened.pictures.table.loc[picture_id(dot(1005))]
    assert (row["title"], row["source_url"], row["width"]) == ("a dot of 1005", "https://x/1005", 1)
    assert opened.members("en")["word 50"] == [picture_id(dot(number)) for number in range(1000, 1010)]
    assert opened.pictures.path_of(picture_id(dot(3))) == "en/0/3.bmp"


def test_shards_are_those_that_are_written_all_at_once(empty: Dataset, tmp_path: Path) -> None:
    drawn = [Picture(draw(concept), f"{concept}.png", 96, 96, licence="CC0") for concept in ("sun", "ring", "cross")]
    paths = write_shards(tmp_path / "x" / "images", drawn)
    run(empty, [Found("en", "w", 0, each.path, each.data, Provenance(licence="CC0")) for each in drawn])
    assert content(empty.path / "images") == {path.name: path.read_bytes() for path in paths}


def test_words_get_their_pictures_in_the_order_of_positions_and_then_of_coming(empty: Dataset) -> None:
    places = {"a": (7, 1), "b": (3, 2), "c": (7, 3), "d": (0, 4)}
    found = [Found("en", "w", place, name, dot(number)) for name, (place, number) in places.items()]
    run(empty, [*found, Found("de", "v", 9, "e", dot(1))])
    words = Dataset(empty.path)
    assert words.members("en")["w"] == [picture_id(dot(number)) for number in (4, 2, 1, 3)]
    assert words.words["position"].tolist() == [0, 0, 1, 2, 3]
    assert run(words, [Found("en", "w", 0, "a", dot(9))]).counts["new"] == 1
    assert Dataset(empty.path).members("en")["w"] == [picture_id(dot(9))] and Dataset(empty.path).members("de")


def test_a_picture_is_decoded_and_stored_once_however_often_it_comes(
    empty: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    real = pictures.examine_all
    monkeypatch.setattr(pictures, "examine_all", lambda files: (decoded.append(len(files)), real(files))[1])
    found = [Found("en", f"w{number % 7}", number, f"{number}", dot(number % 3)) for number in range(200)]
    report = run(empty, [*found, *[Found("en", "bad", number, f"bad{number}", b"GIF89a") for number in range(5)]])
    assert sum(decoded) == 4 and report.counts["pictures"] == report.counts["new"] == 3
    assert report.counts["memberships"] == 200
    assert [note.place for note in report.missing.kept] == [f"bad{number}" for number in range(5)]
    decoded.clear()
    assert run(Dataset(empty.path), found).counts["new"] == 0 and sum(decoded) == 0


def test_files_that_cannot_be_read_are_named(empty: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_FILE", 5000)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large").write_bytes(draw("sun") + bytes(9000))
    (tmp_path / "good").write_bytes(dot(1))
    names = ("fifo", "large", "good", "none")
    sources = [Found("en", "w", place, name, tmp_path / name) for place, name in enumerate(names)]
    report = run(empty, [*sources, Found("en", "w", 9, "bytes", bytes(6000)), Found("en", "w", 9, "empty", b"")])
    told = {note.place: note.text for note in report.missing.kept}
    assert set(told) == {"fifo", "large", "none", "bytes", "empty"}
    assert "not a regular file" in told["fifo"] and "larger" in told["large"] and "larger" in told["bytes"]
    assert report.counts["memberships"] == 1


def test_a_jpeg_that_lacks_its_last_bytes_is_used_and_listed(empty: Dataset) -> None:
    whole = encoded(Image.radial_gradient("L").convert("RGB"), "JPEG")
    report = run(
        empty, [Found("en", "w", 0, "cut.jpg", whole[:-200]), Found("en", "w", 1, "half.jpg", whole[: len(whole) // 2])]
    )
    assert [(note.what, note.place) for note in report.changed.kept] == [("lacks its last bytes", "cut.jpg")]
    assert [note.place for note in report.missing.kept] == ["half.jpg"]
    assert len(Dataset(empty.path).members("en")["w"]) == 1


def test_nothing_is_written_of_a_source_without_pictures_or_into_borrowed_ones(small: Dataset, empty: Dataset) -> None:
    before = content(empty.path)
    assert run(empty, []).counts == {} and run(empty, [Found("en", "w", 0, "x", b"x")]).counts == {}
    assert content(empty.path) == before
    with pytest.raises(DatasetError, match="'guest' uses the pictures of 'small'; import there"):
        run(create(small.path.parent / "guest", pictures="../small"), dots(1))


def test_ids_are_known_in_sixteen_bytes_each(empty: Dataset) -> None:
    run(empty, dots(100))
    known = KnownIds(empty.pictures)
    assert known._ids._sorted.nbytes == 1600 and not known._ids._fresh
    assert all(bytes.fromhex(picture_id(dot(number))) in known for number in range(100))
    assert not any(bytes.fromhex(picture_id(dot(number))) in known for number in range(100, 200))
    assert bytes(16) not in known and bytes(16) not in known.others, "of no pictures too"


def test_two_at_once_end_in_what_one_alone_would(empty: Dataset, tmp_path: Path) -> None:
    """The second begins while the first is half done, and stores nothing that is stored meanwhile."""
    other = create(tmp_path / "alone" / "set")
    run(other, dots(2500))

    def interrupted() -> Iterator[Found]:
        for number, found in enumerate(dots(2500)):
            if number == 1500:
                assert run(Dataset(empty.path), dots(2500)).counts["new"] == 1500
            yield found

    assert run(empty, interrupted()).counts["new"] == 1000
    assert content(empty.path) == content(other.path)


SCRIPT = """
import sys
from pathlib import Path
from cldi_core.data.dataset import create
from tests.imports.test_pictures import dots, run
if __name__ == "__main__":
    dataset = create(Path(sys.argv[1]))
    print("begins", flush=True)
    run(dataset, dots(3300), workers=int(sys.argv[2]))
"""


def test_what_a_killed_import_left_goes_also_where_nothing_is_left_to_store(tmp_path: Path) -> None:
    made = create(tmp_path / "set")
    run(made, dots(3))
    left = [made.path / "images" / ".cldi-0123.tmp", made.path / ".cldi-x.tmp"]
    for path in left:
        path.write_bytes(b"half")
    run(Dataset(made.path), dots(3))
    assert not any(path.exists() for path in left)


def test_one_that_was_killed_goes_on_and_ends_in_the_same_files(tmp_path: Path) -> None:
    alone = create(tmp_path / "alone" / "set")
    run(alone, dots(3300))
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    target, drawn = tmp_path / "set", random.Random(7)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for moment in (0.2, 0.5, 0.8):
        child = subprocess.Popen(
            [sys.executable, str(script), str(target), "0"], stdout=subprocess.PIPE, env=environment
        )
        assert child.stdout is not None and child.stdout.readline()
        time.sleep(drawn.uniform(0, 2 * moment))
        child.send_signal(signal.SIGKILL)
        child.wait()
    # As one that was killed while it wrote leaves them.
    for name in ("images/.cldi-0123.tmp", ".cldi-x.tmp"):
        (target / name).parent.mkdir(exist_ok=True)
        (target / name).write_bytes(b"half")
    run(Dataset(target), dots(3300))
    assert content(target) == content(alone.path)
