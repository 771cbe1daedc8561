"""A whole data set as one file, and back: what goes along, what stays, and that results stand."""

from __future__ import annotations

import io
import multiprocessing
import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cldi_core.data import checksums, pictures
from cldi_core.data import dataset as datasets
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError, DatasetError
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import open_pair
from cldi_core.features import shards
from cldi_core.imports import report as reports
from cldi_core.imports import whole, whole_shards
from cldi_core.imports.whole import import_whole
from cldi_core.imports.whole_export import export_whole
from cldi_core.insight import evidence, preparing
from cldi_core.rankers import ranker
from tests.conftest import BACKBONE, build_small, picture, write_features


@pytest.fixture
def scored(small: Dataset) -> Dataset:
    """The tiny data set with scores and evidence of AVGMAX, an answer and a judgement."""
    pair = open_pair(small, BACKBONE, "en-de")
    evidence.keep_evidence(pair, [ranker("avgmax")], stored_scores.scored(pair, [ranker("avgmax")]))
    (small.path / "people").mkdir()
    (small.path / "people" / "answers.jsonl").write_text("{}\n", "utf-8")
    (small.path / "judgements").mkdir()
    (small.path / "judgements" / f"{'0' * 32}.tsv").write_text("judge\tEve\n", "utf-8")
    return Dataset(small.path)


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder, without its reports and attributions."""
    own = (checksums.LOG, checksums.SEALED)
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in own)
    named = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    return {name: data for name, data in named.items() if not name.startswith(("imports/", "ATTRIBUTION"))}


def with_licences(folder: Path, *licences: str) -> Dataset:
    """A data set of a picture for each licence, each the picture of a word, with features and a list."""
    drawn = [
        pictures.Picture(
            picture(concept).data, f"{concept}.png", 96, 96, licence=licence, author="=cmd", concept=concept
        )
        for concept, licence in zip(("sun", "house", "tree", "stripes", "ring"), licences, strict=False)
    ]
    datasets.create(folder)
    pictures.write_shards(folder / "images", drawn)
    datasets.write_words(folder, [("en", f"w{number}", 0, one.id) for number, one in enumerate(drawn)])
    write_features(folder)
    return Dataset(folder)


def test_all_of_it_comes_back_but_what_is_peoples(scored: Dataset, data: Path, tmp_path: Path) -> None:
    report = export_whole(scored, tmp_path / "out.zip")
    imported = import_whole(data / "again", tmp_path / "out.zip")
    expected = {name: held for name, held in contents(scored.path).items() if not name.startswith(("people", "judge"))}
    assert contents(data / "again") == expected and len(expected) == report.counts["files"] - 1  # the attribution
    assert report.counts["pictures"] == len(scored.pictures.table) and report.counts["without_files"] == {}
    assert any("people" in remark and "--with-people" in remark for remark in report.remarks)
    (kept,) = reports.reports(Dataset(data / "again"))
    assert kept == imported and kept.counts["parts"]["scores"] == 1 and kept.is_complete
    export_whole(scored, tmp_path / "all.zip", with_people=True)
    import_whole(data / "all", tmp_path / "all.zip")
    assert contents(data / "all") == contents(scored.path)


def test_what_was_prepared_comes_along_and_stands(scored: Dataset, data: Path, tmp_path: Path) -> None:
    made = preparing.prepare(scored, BACKBONE)
    assert made.dispersions and made.maps
    export_whole(Dataset(scored.path), tmp_path / "out.zip")
    import_whole(data / "again", tmp_path / "out.zip")
    there = contents(data / "again")
    assert {"dispersions", "projections", "evidence"} <= {name.partition("/")[0] for name in there}
    again = preparing.prepare(Dataset(data / "again"), BACKBONE)
    assert (again.dispersions, again.explained, again.ceilings) == (0, {}, [])
    assert {name: held for name, held in contents(data / "again").items() if "/." not in f"/{name}"} == there


def test_equal_data_sets_make_equal_bytes(scored: Dataset, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        export_whole(scored, tmp_path / name, languages=["de"], pictures="none")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert {entry.compress_type for entry in archive.filelist} == {zipfile.ZIP_STORED}
        assert archive.filelist[-1].filename == whole.MANIFEST


def test_pictures_stay_behind_as_their_licences_say_and_results_stand(data: Path, tmp_path: Path) -> None:
    made = with_licences(data / "made", "CC0-1.0", "unknown", " ", "All rights reserved", "MIT")
    report = export_whole(made, tmp_path / "out.zip")
    assert report.counts["without_files"] == {"": 1, "All rights reserved": 1, "unknown": 1}
    assert "3 pictures without the file" in report.remarks[0] and "--pictures all" in report.remarks[0]
    import_whole(data / "again", tmp_path / "out.zip")
    again = Dataset(data / "again")
    assert again.pictures.table.equals(made.pictures.table)
    whole_ones = made.pictures.read(made.pictures.table.index)
    assert again.pictures.read(made.pictures.table.index) == {
        key: whole_ones[key] for key in whole_ones if made.pictures.table["licence"][key] in ("CC0-1.0", "MIT")
    }
    stolen = whole_ones[made.pictures.table.index[made.pictures.table["licence"] == "unknown"][0]]
    assert stolen not in (tmp_path / "out.zip").read_bytes()  # nothing is compressed: it would be seen
    lines = (data / "again" / "ATTRIBUTION.tsv").read_text("utf-8").splitlines()
    assert lines[0].split("\t") == ["licence", "author", "title", "provider", "page", "source_url", "pictures", "files"]
    assert [line.split("\t")[::7] for line in lines[1:]] == [
        ["", "0"], ["All rights reserved", "0"], ["CC0-1.0", "1"], ["MIT", "1"], ["unknown", "0"]
    ]  # fmt: skip
    assert all(line.split("\t")[1] == "'=cmd" for line in lines[1:])


def test_without_any_picture_the_scores_are_the_same(scored: Dataset, data: Path, tmp_path: Path) -> None:
    export_whole(scored, tmp_path / "out.zip", pictures="none")
    import_whole(data / "again", tmp_path / "out.zip")
    again = Dataset(data / "again")
    assert again.pictures.read(again.pictures.table.index) == {}
    pair = open_pair(again, BACKBONE, "en-de")
    assert stored_scores.whole_of(pair, ranker("avgmax")) is not None
    assert list(evidence.stored_evidence(pair, [ranker("avgmax")])) == ["avgmax"]  # needs what pictures depict


def test_a_language_is_its_words_its_pictures_and_their_features(scored: Dataset, data: Path, tmp_path: Path) -> None:
    export_whole(scored, tmp_path / "de.zip", languages=["de"])
    import_whole(data / "german", tmp_path / "de.zip")
    german = Dataset(data / "german")
    assert german.languages == ("de",) and german.members("de") == scored.members("de") and german.pairs == ()
    ids = {key for keys in scored.members("de").values() for key in keys}
    assert set(german.pictures.table.index) == ids and set(german.pictures.read(ids)) == ids
    found, before = (shards.open_features(one, BACKBONE) for one in (german, scored))
    assert set(found.ids) == ids
    for key in ids:
        assert np.array_equal(found.matrix[found.ids.find([key])], before.matrix[before.ids.find([key])])
    assert [path.stem for path in german.pictures.shards] == [
        path.stem for path in sorted(shards.folder_of(german, BACKBONE).glob("*.safetensors"))
    ]
    assert not (data / "german" / "senses.tsv").exists() and german.title == "Small (de)"


def test_two_languages_keep_their_lists_and_results(scored: Dataset, data: Path, tmp_path: Path) -> None:
    export_whole(scored, tmp_path / "two.zip", languages=["de", "en", "de"])
    import_whole(data / "two", tmp_path / "two.zip", title="Both")
    two = Dataset(data / "two")
    assert two.pairs == ("en-de",) and two.title == "Both" and (two.path / "senses.tsv").is_file()
    assert stored_scores.whole_of(open_pair(two, BACKBONE, "en-de"), ranker("avgmax")) is not None


def test_a_siblings_pictures_and_features_go_along(scored: Dataset, data: Path, tmp_path: Path) -> None:
    (scored.path / "concreteness.tsv").write_text("Word\tConc.M\ndog\t4.9\n", "utf-8")
    datasets.write_info(data / "hard", {"title": "Hard", "pictures": "../small"})
    datasets.write_words(data / "hard", list(scored.words.itertuples(index=False, name=None))[:3])
    export_whole(Dataset(data / "hard"), tmp_path / "hard.zip")
    import_whole(tmp_path / "elsewhere" / "alone", tmp_path / "hard.zip")
    alone = Dataset(tmp_path / "elsewhere" / "alone")
    assert alone.home == alone.path and "pictures" not in alone.info and alone.backbones == (BACKBONE,)
    assert alone.pictures.table.equals(scored.pictures.table) and len(alone.words) == 3
    assert (alone.path / "concreteness.tsv").is_file() and not (alone.path / "lexicon").exists()


@pytest.mark.parametrize("wrong", [{"languages": ["xx"]}, {"without": ["words"]}, {"pictures": "some"},
                                   {"without": ["people"]}, {"without": ["../x"]}])  # fmt: skip
def test_unknown_names_are_named_and_nothing_is_written(small: Dataset, tmp_path: Path, wrong: dict) -> None:
    with pytest.raises(CldiError, match="choose from"):
        export_whole(small, tmp_path / "out.zip", **wrong)
    assert list(tmp_path.glob("*")) == [tmp_path / "data"]


def test_parts_stay_behind_when_asked(scored: Dataset, tmp_path: Path) -> None:
    report = export_whole(scored, tmp_path / "out.zip", without=["scores", "features", "licences"])
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = archive.namelist()
    assert not any(name.startswith(("scores", "features", "ATTRIBUTION")) for name in names)
    assert {"dataset.toml", "words.parquet", "lexicon/en-de.tsv"} <= set(names)
    assert [remark.split(": ")[1] for remark in report.remarks] == ["scores", "features", "licences", "people"]


def test_an_export_that_cannot_be_finished_leaves_what_was_there(
    scored: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out.zip").write_bytes(b"before")
    (scored.path / "images" / "part-00000000.parquet").write_bytes(b"broken")
    with pytest.raises(DatasetError, match="part-00000000"):
        export_whole(scored, tmp_path / "out.zip")
    assert (tmp_path / "out.zip").read_bytes() == b"before" and len(list(tmp_path.iterdir())) == 2


def _killed(data: Path, file: Path) -> None:
    unpack, done = whole._unpack, []

    def dying(*given: object) -> None:
        if len(done) == 3:
            os._exit(9)
        done.append(unpack(*given))  # type: ignore[arg-type]

    whole._unpack = dying
    import_whole(data / "again", file)


def test_a_killed_import_is_no_data_set_and_the_next_one_works(scored: Dataset, data: Path, tmp_path: Path) -> None:
    export_whole(scored, tmp_path / "out.zip")
    process = multiprocessing.get_context("fork").Process(target=_killed, args=(data, tmp_path / "out.zip"))
    process.start()
    process.join()
    assert process.exitcode == 9 and [path.name for path in data.iterdir() if path.name != "small"] == [
        ".again.importing"
    ]
    assert list(datasets.available()) == ["small"]
    import_whole(data / "again", tmp_path / "out.zip")
    assert sorted(path.name for path in data.iterdir()) == ["again", "small"]


def test_what_an_import_left_that_was_killed_at_its_end_goes(small: Dataset, data: Path, tmp_path: Path) -> None:
    """Its data set was in its place already, so the next one has nothing to do but to say so."""
    export_whole(small, tmp_path / "out.zip")
    import_whole(data / "again", tmp_path / "out.zip")
    (data / ".again.importing").mkdir()
    (data / ".again.importing" / ".lock").touch()
    with pytest.raises(DatasetError, match="is there already"):
        import_whole(data / "again", tmp_path / "out.zip")
    assert sorted(path.name for path in data.iterdir()) == ["again", "small"]


@pytest.mark.parametrize("taken", ["set", "file", "link"])
def test_what_is_there_stays_there(small: Dataset, data: Path, tmp_path: Path, taken: str) -> None:
    export_whole(small, tmp_path / "out.zip")
    target = data / "taken"
    if taken == "set":
        build_small(target)
    elif taken == "file":
        target.write_text("mine", "utf-8")
    else:
        target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="is there already"):
        import_whole(target, tmp_path / "out.zip")
    assert not (tmp_path / "nowhere").exists() and not (data / ".taken.importing").exists()


def test_an_empty_folder_is_taken(small: Dataset, data: Path, tmp_path: Path) -> None:
    export_whole(small, tmp_path / "out.zip")
    (data / "empty").mkdir()
    import_whole(data / "empty", tmp_path / "out.zip")
    assert Dataset(data / "empty").words.equals(small.words)


def test_one_that_was_unpacked_and_zipped_again_is_read(small: Dataset, data: Path, tmp_path: Path) -> None:
    export_whole(small, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as old, zipfile.ZipFile(tmp_path / "new.zip", "w") as new:
        new.mkdir("images")
        for name in sorted(old.namelist()):
            new.writestr(name, old.read(name), zipfile.ZIP_DEFLATED)
    import_whole(data / "again", tmp_path / "new.zip")
    assert contents(data / "again") == contents(small.path)


def test_a_shard_is_never_whole_in_memory(data: Path) -> None:
    import pyarrow as pa

    datasets.create(data / "large")
    noise = np.random.default_rng(0)
    drawn = [pictures.Picture(noise.bytes(20_000), f"{n}.png", 9, 9, licence="MIT") for n in range(640)]
    pictures.write_shards(data / "large" / "images", drawn)
    datasets.write_words(data / "large", [("en", f"w{n}", 0, one.id) for n, one in enumerate(drawn)])
    large = Dataset(data / "large")
    choice = whole_shards.chosen(large, "licensed", ("en",))
    ((_, fill),) = whole_shards.of_pictures(large, {"images/a.parquet": large.pictures.shards[0]}, choice)
    before, held = pa.total_allocated_bytes(), []

    class Out(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, chunk: Any) -> int:
            held.append(pa.total_allocated_bytes() - before + tracemalloc.get_traced_memory()[1])
            return len(memoryview(chunk))

    tracemalloc.start()  # what arrow reads through a file of Python is in Python's memory
    try:
        fill(Out())  # type: ignore[arg-type]
    finally:
        tracemalloc.stop()
    assert max(held) < 6_000_000  # of 13 million
