"""Data sets at addresses, on a real object store: what is fetched and put, and what goes wrong, in one line each."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cldi_core.commands import main
from cldi_core.data import dataset, pictures, remote, remote_files, remote_room, storage
from cldi_core.data.dataset import Dataset, available, open_dataset
from cldi_core.data.listing import listing
from cldi_core.data.remote_files import Entry, Files
from cldi_core.errors import DatasetError
from cldi_core.features import extraction, shards
from tests.conftest import BACKBONE, FakeExtractor, encoded, write_features
from tests.data.test_dataset import error_of
from tests.object_store import SECRET, Elsewhere, elsewhere, store  # noqa: F401 (fixtures)

TOML = 'title = "Elsewhere"\n'


def photos(folder: Path, count: int = 48) -> Dataset:
    """Pictures as large as photographs, and features of them: one word has the first three."""
    made = dataset.create(folder)
    random = np.random.default_rng(0)
    drawn = []
    for number in range(count):
        data = encoded(Image.fromarray(random.integers(0, 256, (90, 90, 3), np.uint8)))
        drawn.append(pictures.Picture(data, f"{number}.png", 90, 90))
    pictures.write_shards(folder / "images", drawn)
    dataset.write_words(folder, [("en", "dog" if at < 3 else "cat", at, one.id) for at, one in enumerate(drawn)])
    write_features(folder, dim=4096)
    return Dataset(made.path)


def total(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern))


def room(cache: Path) -> int:
    """Bytes on the disk of pictures, features and scores."""
    return sum(path.stat().st_blocks * 512 for path in cache.rglob("*") if path.suffix in (".parquet", ".safetensors"))


def test_it_is_what_was_copied_there(elsewhere: Elsewhere, small: Dataset) -> None:  # noqa: F811
    url = elsewhere.put(small.path)
    opened = open_dataset(url)
    assert (opened.name, opened.address, opened.title, opened.pairs) == ("small", url, "Small", ("en-de",))
    assert opened.command("extract") == f"python -m cldi_core extract --dataset {url}"
    assert opened.path.is_relative_to(os.environ["CLDI_CACHE"])
    assert opened.lexicon("en-de") == small.lexicon("en-de") and opened.words.equals(small.words)
    assert opened.pictures.table.equals(small.pictures.table)
    assert opened.pictures.read(small.pictures.table.index) == small.pictures.read(small.pictures.table.index)
    mine, theirs = (shards.open_features(each, BACKBONE) for each in (opened, small))
    assert mine.digest == theirs.digest and (mine.digests == theirs.digests).all()
    assert (np.asarray(mine.matrix) == np.asarray(theirs.matrix)).all()


def test_what_is_not_asked_for_is_not_fetched(elsewhere: Elsewhere, tmp_path: Path) -> None:  # noqa: F811
    local = photos(tmp_path / "photos")
    opened = open_dataset(elsewhere.put(local.path))
    assert elsewhere.read["pictures"] == elsewhere.read["features"] == 0
    dog = opened.members("en")["dog"]
    assert opened.pictures.read(dog) == local.pictures.read(dog)
    assert 0 < elsewhere.read["pictures"] < total(local.path, "images/*") / 2
    features = shards.open_features(opened, BACKBONE)
    rows = shards.image_sets(opened, features, "en", ["dog"])["dog"]
    assert (rows == shards.image_sets(local, shards.open_features(local, BACKBONE), "en", ["dog"])["dog"]).all()
    assert 0 < elsewhere.read["features"] < total(local.path, "features/*/*") / 4
    assert max(elsewhere.requests.values()) < 10
    before = dict(elsewhere.read)
    again = Dataset(opened.path)
    assert again.pictures.read(dog) and shards.open_features(again, BACKBONE).matrix[0].any()
    assert elsewhere.read == before, "what is here is not fetched again"
    features.fetch_all()
    assert (np.asarray(features.matrix) == np.asarray(shards.open_features(local, BACKBONE).matrix)).all()


def test_what_is_written_goes_there(elsewhere: Elsewhere, small: Dataset) -> None:  # noqa: F811
    url = elsewhere.put(small.path)
    opened = open_dataset(url)
    storage.write_text(opened.path / "left_out.tsv", "")
    dataset.write_info(opened.path, {"title": "Another"})
    storage.write_text(opened.path / "notes.json", "{}")
    elsewhere.machine("other")
    assert open_dataset(url).title == "Another"
    assert {name for name, _ in Files(url).listing()} >= {"left_out.tsv"}
    assert "notes.json" not in {name for name, _ in Files(url).listing()}, "it is no file of a data set"
    storage.remove(open_dataset(url).path / "left_out.tsv")
    assert "left_out.tsv" not in {name for name, _ in Files(url).listing()}
    elsewhere.machine("here")
    assert not (open_dataset(url).path / "left_out.tsv").exists(), "what was taken away there is taken away here"


def test_a_new_one_begins_there(elsewhere: Elsewhere) -> None:  # noqa: F811
    url = "s3://words/new"
    assert "has no dataset.toml" in error_of(lambda: open_dataset(url)) and url in error_of(lambda: open_dataset(url))
    dataset.create(dataset.locate(url), "New")
    elsewhere.machine("other")
    assert open_dataset(url).title == "New"


@pytest.mark.parametrize("name", ["features/vgg19/part-1.safetensors", "left_out.tsv"])
def test_what_could_not_be_put_there_is_put_by_the_next_run(
    elsewhere: Elsewhere,  # noqa: F811
    small: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    url = elsewhere.put(small.path)
    opened = open_dataset(url)
    with monkeypatch.context() as patched:
        patched.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        remote_files.filesystem.cache_clear()
        message = error_of(lambda: storage.write_text(opened.path / name, "kept"))
        assert "is not allowed" in message
    with monkeypatch.context() as patched:  # the process ends between the two
        patched.setattr(remote, "stored", lambda path: None)
        storage.write_text(opened.path / name, "kept still")
    elsewhere.machine("here")
    open_dataset(url)
    elsewhere.machine("other")
    assert storage.read_text(open_dataset(url).path / name) == "kept still"


def test_a_file_of_holes_is_never_put_there(elsewhere: Elsewhere, small: Dataset) -> None:  # noqa: F811
    url = elsewhere.put(small.path)
    opened = open_dataset(url)
    shard = opened.pictures.shards[0]
    assert not shard.read_bytes().strip(b"\0"), "nothing of it was fetched"
    for database in opened.path.parent.glob(".small.sqlite*"):  # a crash, or somebody who tidied up
        database.unlink()
    elsewhere.machine("here")
    (features,) = (opened.path / "features" / BACKBONE).iterdir()
    Files(url).remove(f"features/{BACKBONE}/{features.name}")
    assert open_dataset(url).pictures.table.equals(small.pictures.table)
    assert not features.exists() and not open_dataset(url).backbones
    assert not [name for name, _ in Files(url).listing() if name.startswith("features")]
    (listed,) = [entry for name, entry in Files(url).listing() if name.startswith("images/")]
    assert Files(url).read(f"images/{shard.name}", 0, listed.size) == small.pictures.shards[0].read_bytes()


def test_a_change_there_is_seen(elsewhere: Elsewhere, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    url = elsewhere.put(small.path)
    opened = open_dataset(url)
    stamp, held = opened.stamp(), np.asarray(shards.open_features(opened, BACKBONE).matrix)
    write_features(small.path, dim=8)
    lexicon = small.path / "lexicon" / "en-de.tsv"
    lexicon.write_text(lexicon.read_text("utf-8").replace("Köter", "Rüde"), "utf-8")  # of the same length
    features = next((small.path / "features" / BACKBONE).iterdir())
    ids, matrix, meta = shards.read_shard(features)
    shards.write_shard(features, ids, np.asarray(matrix)[::-1], meta)
    elsewhere.put(small.path)
    assert opened.stamp() == stamp, "for a while nobody asks"
    monkeypatch.setattr(remote, "FRESH", -1.0)
    assert opened.stamp() != stamp
    again = Dataset(opened.path)
    assert "Rüde" in [row.target for row in again.lexicon("en-de")]
    assert (np.asarray(shards.open_features(again, BACKBONE).matrix) == held[::-1]).all()
    assert opened.stamp() == again.stamp()


def test_a_change_while_it_is_read_gives_no_mixture(elsewhere: Elsewhere, tmp_path: Path) -> None:  # noqa: F811
    local = photos(tmp_path / "photos")
    url = elsewhere.put(local.path)
    features = shards.open_features(open_dataset(url), BACKBONE)
    assert features.matrix[0].any()
    (path,) = (local.path / "features" / BACKBONE).iterdir()
    ids, matrix, meta = shards.read_shard(path)
    shards.write_shard(path, ids, -np.asarray(matrix), meta)
    elsewhere.put(local.path)
    assert "was changed at" in error_of(lambda: features.matrix[40])
    (again,) = (shards.open_features(open_dataset(url), BACKBONE) for _ in "1")
    assert (again.matrix[40] == -matrix[40]).all()


def test_changes_on_both_sides(elsewhere: Elsewhere, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    url = elsewhere.put(small.path)
    opened = open_dataset(url)
    monkeypatch.setattr(remote, "stored", lambda path: None)  # a run that ended before
    made = "rankings/alexnet/en-de/avgmax.parquet"
    for name, here, there in (("left_out.tsv", "# a\n", "# b\n"), (made, "here", "there!"), ("senses.tsv", "s", "s")):
        storage.write_text(opened.path / name, here)
        (small.path / name).parent.mkdir(parents=True, exist_ok=True)
        (small.path / name).write_text(there)
    elsewhere.put(small.path)
    elsewhere.machine("here")
    message = error_of(lambda: open_dataset(url))
    assert "left_out.tsv" in message and "keep one" in message
    (opened.path / "left_out.tsv").unlink()
    again = open_dataset(url)
    assert (again.path / "left_out.tsv").read_text() == "# b\n" and (again.path / "senses.tsv").read_text() == "s"
    assert storage.read_text(again.path / made) == "there!", "of what was computed what is there stands"


def test_the_cache_has_a_bound(elsewhere: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(pictures, "SHARD", 8)
    local = photos(tmp_path / "photos")
    opened = open_dataset(elsewhere.put(local.path))
    most = total(local.path, "images/*") // 2
    monkeypatch.setenv("CLDI_CACHE_GB", str(most / 1e9))
    monkeypatch.setattr(remote_room, "LATELY", 0.0)
    held, stamp = shards.open_features(opened, BACKBONE), opened.stamp()
    first = held.matrix[0].copy()
    for path in opened.pictures.shards:
        with storage.open_regular(path) as file:
            assert file.read() == (local.path / "images" / path.name).read_bytes()
        assert room(Path(os.environ["CLDI_CACHE"])) <= most + 70_000  # and what is stored always
    assert opened.stamp() == stamp, "that something makes room is no change"
    assert (held.matrix[0] == first).all()
    assert (np.asarray(held.matrix) == np.asarray(shards.open_features(local, BACKBONE).matrix)).all()
    assert opened.pictures.read(local.pictures.table.index) == local.pictures.read(local.pictures.table.index)
    for given in ("none", "0", "nan"):
        monkeypatch.setenv("CLDI_CACHE_GB", given)
        assert "CLDI_CACHE_GB" in error_of(remote_room.limit)


HOSTILE = ("../evil.toml", "/evil.toml", "images/../../evil.parquet", "images/..", ".evil", "images/.part.parquet",
           "lexicon/en-de.tsv/evil", "images\\..\\evil.parquet", "evil.py", "dataset.toml\0", "")  # fmt: skip


def test_hostile_names_are_no_files(elsewhere: Elsewhere, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    url = elsewhere.put(small.path)
    own = [*Files(url).listing()]

    def listed(files: Files) -> Iterator[tuple[str, Entry]]:
        yield from own
        yield from ((name, Entry(4, "1")) for name in HOSTILE)

    monkeypatch.setattr(Files, "listing", listed)
    cache = elsewhere.machine("other")
    open_dataset(url)
    there = {path.relative_to(cache).as_posix().partition("/")[2] for path in cache.rglob("*") if path.is_file()}
    extra = {name for name in there if not name.startswith(("small/", ".small.sqlite", ".address"))}
    assert not extra and {name for name in there if name.startswith("small/")} == {f"small/{name}" for name, _ in own}
    assert not list(elsewhere.folder.rglob("*evil*"))


def test_links_in_the_cache_are_not_followed(elsewhere: Elsewhere, small: Dataset, tmp_path: Path) -> None:  # noqa: F811
    url = elsewhere.put(small.path)
    folder = dataset.locate(url)
    (tmp_path / "outside").mkdir()
    folder.mkdir()
    (folder / "dataset.toml").symlink_to(tmp_path / "outside" / "dataset.toml")
    open_dataset(url)
    assert not (tmp_path / "outside" / "dataset.toml").exists() and (folder / "dataset.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://example.org/words", "accepted: s3://"),
        ("s3://key:secret-word@words/x", "password"),
        ("s3://words/x?secret-word", "password"),
        ("s3://words/../x", "no address"),
        ("s3://words/.x", "no address"),
        ("s3://", "no address"),
        ("s3://words//x", "no address"),
        ("gs\0://words/x", "not the name"),
    ],
)
def test_addresses_that_are_none(data: Path, url: str, said: str) -> None:
    message = error_of(lambda: open_dataset(url))
    assert said in message and "secret-word" not in message


def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    """The exit code of a command, and what it says on standard error."""
    monkeypatch.setattr(sys, "argv", ["cldi", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return int(ended.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "environment", "said"),
    [
        ("s3://nowhere-at-all/x", {}, "no such bucket"),
        ("s3://words/x", {"AWS_SECRET_ACCESS_KEY": "wrong-secret"}, "not allowed"),
        ("s3://words/x", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "nobody answers"),
        ("s3://words/x", {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no credentials"),
    ],
)
def test_what_goes_wrong_is_one_line(
    elsewhere: Elsewhere,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    url: str,
    environment: dict[str, str],
    said: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
        if not value:
            monkeypatch.delenv(name)
    code, error = printed(capsys, monkeypatch, "check", "--dataset", url)
    assert (code, error.count("\n")) == (1, 1) and said in error
    assert SECRET not in error and "wrong-secret" not in error


def test_a_package_that_is_missing_is_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote_files.filesystem.cache_clear()
    monkeypatch.setenv("CLDI_CACHE", str(data))
    for name in ("s3fs", "gcsfs", "obstore", "obstore.fsspec", "cldi_core.data.remote_objects"):
        monkeypatch.setitem(sys.modules, name, None)
    assert "pip install obstore" in error_of(lambda: open_dataset("s3://words/x"))
    assert "pip install obstore" in error_of(lambda: open_dataset("gs://words/x"))


def test_a_listing_has_a_bound(elsewhere: Elsewhere, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    url = elsewhere.put(small.path)
    monkeypatch.setattr(remote_files, "MOST", 2)
    assert "more than the 2 that are accepted" in error_of(lambda: open_dataset(url))


def test_pictures_of_a_sibling(elsewhere: Elsewhere, small: Dataset, data: Path) -> None:  # noqa: F811
    elsewhere.put(small.path)
    dataset.create(data / "guest", pictures="../small")
    opened = open_dataset(elsewhere.put(data / "guest"))
    assert opened.home.name == "small" and opened.pictures.table.equals(small.pictures.table)


def test_what_is_extracted_goes_there(
    elsewhere: Elsewhere,  # noqa: F811
    small: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = elsewhere.put(small.path)
    monkeypatch.setattr(extraction, "Extractor", FakeExtractor)
    done = extraction.extract(open_dataset(url), "alexnet", workers=0)
    assert done.extracted == len(small.pictures.table) and not done.failed
    elsewhere.machine("other")
    opened = open_dataset(url)
    assert opened.backbones == ("alexnet", BACKBONE)
    assert len(shards.open_features(opened, "alexnet").ids) == done.extracted
    assert extraction.extract(opened, "alexnet", workers=0).reused == done.extracted


def test_scores_go_there(
    elsewhere: Elsewhere,  # noqa: F811
    small: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = elsewhere.put(small.path)
    code, error = printed(capsys, monkeypatch, "score", "--dataset", url, "--method", "avgmax")
    assert code == 0, error
    elsewhere.machine("other")
    code, error = printed(capsys, monkeypatch, "evaluate", "--dataset", url, "--method", "avgmax", "--json")
    assert code == 0, error
    assert elsewhere.requests["rankings"] and not elsewhere.requests["scores"]


def test_the_one_of_the_environment(elsewhere: Elsewhere, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    url = elsewhere.put(small.path)
    monkeypatch.setenv("CLDI_DATASET", url)
    assert [*available()] == [url, "small"], "its name means another"
    assert open_dataset(url).address == url
    small.path.rename(small.path.parent / "moved")
    assert [*available()] == ["small", "moved"] and dataset.locate("small") == dataset.locate(url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    elsewhere.machine("other")
    found = listing()
    assert [*found.opened] == ["moved"] and "nobody answers" in found.failed["small"]
    monkeypatch.setenv("CLDI_DATASET", "https://example.org/words")
    assert [*available()] == ["moved"]


def test_what_is_here_can_be_read_when_nobody_answers(
    elsewhere: Elsewhere,  # noqa: F811
    small: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = open_dataset(elsewhere.put(small.path))
    stamp = opened.stamp()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    remote_files.filesystem.cache_clear()
    monkeypatch.setattr(remote, "FRESH", -1.0)
    assert opened.stamp() == stamp and opened.lexicon("en-de")
    with pytest.raises(DatasetError, match="nobody answers"):
        opened.pictures.read(opened.words["id"])


def test_only_paths_in_the_cache_are_mirrors(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLDI_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "0123" / "name").mkdir(parents=True)
    for path in (data, tmp_path / "cache", tmp_path / "cache" / "0123", tmp_path / "cache" / "0123" / "name"):
        assert remote.mirror(path) is None and remote.url_of(path) == ""
