"""``export``, ``import`` and ``export-lexicon`` as people use them, in good and in bad ways."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cldi_core.data import dataset as datasets
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import open_pair
from cldi_core.rankers import ranker
from tests.commands.conftest import Run, strict
from tests.conftest import BACKBONE, build_small, copied

METHODS = ("avgmax", "avgmax+csls", "rrf=avgmax,cnn-mean")


@copied
def build_scored(folder: Path) -> None:
    """The tiny data set with the scores of some rankers of every kind that needs no training, in both directions."""
    made = build_small(folder)
    for name in made.directions:
        stored_scores.scored(open_pair(made, BACKBONE, name), map(ranker, METHODS))


@pytest.fixture
def scored(data: Path) -> Dataset:
    return build_scored(data / "small")


def test_there_and_back(run: Run, scored: Dataset, data: Path, tmp_path: Path) -> None:
    code, out, err = run("export", "--dataset", "small", "--output", tmp_path / "out.zip")
    size = (tmp_path / "out.zip").stat().st_size / 1_000_000
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        files = len(archive.namelist()) - 1
    assert (code, err) == (0, "")
    assert out == f"{files} files, 17 pictures: {tmp_path / 'out.zip'} ({size:.1f} MB)\n"
    code, out, err = run("import", tmp_path / "out.zip", "--dataset", "again", "--title", "Again")
    assert (code, out, err) == (0, f"{files} files: {data / 'again'}\n", "")
    assert Dataset(data / "again").title == "Again"
    before = run("score", "--dataset", "small", "--method", "avgmax+csls")[1]
    assert "there already: 2 of 2 methods" in before or "there already: 1 of 1 method" in before
    assert run("score", "--dataset", "again", "--method", "avgmax+csls")[1] == before


def test_what_stays_behind_is_said(run: Run, small: Dataset, data: Path, tmp_path: Path) -> None:
    (small.path / "people").mkdir()
    (small.path / "people" / "answers.jsonl").write_text("{}\n", "utf-8")
    options = ("--dataset", "small", "--output", tmp_path / "out.zip", "--pictures", "none", "--language", "de")
    code, _, err = run("export", *options)
    assert code == 0 and err.splitlines()[0] == ("9 pictures without the file, as was asked (licences: 'CC0-1.0' 9)")
    assert any(line.startswith("left behind: people: ") for line in err.splitlines())
    code, _, err = run("import", tmp_path / "out.zip", "--dataset", "german")
    assert code == 0 and err.startswith("9 pictures without the file")
    report = strict(run("export", *options, "--with-people", "--json")[1])
    assert report["counts"]["parts"]["people"] == 1 and report["counts"]["without_files"] == {"CC0-1.0": 9}


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ("--output TMP", 2, "is a folder; name a file in it"),
        ("--output TMP/none/out.zip", 2, "there is no folder"),
        ("--output TMP/data/small/words.parquet", 2, "is in the data set itself"),
        ("--output TMP/data/small/lexicon/en-de.tsv", 2, "is in the data set itself"),
        ("--output /dev/null", 2, "is no regular file"),
        ("--output TMP/out --pictures some", 2, "unknown choice of pictures 'some'; choose from: all, licensed, none"),
        ("--output TMP/out --without everything", 2, "unknown part 'everything'; choose from: pictures, "),
        ("--output TMP/out --language german", 2, "unknown language 'german'; choose from: en, de"),
        ("", 2, "--output"),
    ],
)
def test_nonsense_is_told_in_one_line(
    run: Run, small: Dataset, tmp_path: Path, options: str, code: int, told: str
) -> None:
    words = (small.path / "words.parquet").read_bytes()
    found = run("export", "--dataset", "small", *options.replace("TMP", str(tmp_path)).split())
    assert found[:2] == (code, "") and told in found[2] and len(found[2].splitlines()) == 1
    assert (small.path / "words.parquet").read_bytes() == words and not (tmp_path / "out").exists()


def test_dictionaries_of_both_directions_and_of_fusions(run: Run, scored: Dataset, tmp_path: Path) -> None:
    for pair, method in (("en-de", "avgmax"), ("de-en", "avgmax+csls"), ("en-de", "rrf=avgmax,cnn-mean")):
        file = tmp_path / "out.tsv"
        options = ("--dataset", "small", "--pair", pair, "--method", method, "--output", file)
        code, out, err = run("export-lexicon", *options)
        lines = [line.split("\t") for line in file.read_text("utf-8").splitlines()]
        assert (code, err) == (0, "") and lines[0][:2] == ["source", "target"] and {len(line) for line in lines} == {8}
        words = {line[0] for line in lines[1:]}
        assert words == set(scored.members(pair[:2])) & {row.source for row in scored.lexicon(pair)}
        told = out.splitlines()
        assert told[0].endswith(f"{len(lines) - 1} lines for {len(words)} of {len(words) + 1} words: {file}")
        assert told[1].startswith("precision ") and told[2].startswith("judged on the words of the list alone")


def test_a_dictionary_that_muse_reads(
    run: Run, scored: Dataset, tmp_path: Path, ask: Callable[..., dict[str, object]]
) -> None:
    options = ("--pair", "en-de", "--output", tmp_path / "out.txt", "--format", "muse", "--top", 2, "--mutual")
    told = ask("export-lexicon", *options)
    lines = [line.split() for line in (tmp_path / "out.txt").read_text("utf-8").splitlines()]
    assert {len(line) for line in lines} == {2} and told["lines"] == len(lines) == told["mutual"]
    assert told["margin"] is None and told["joined"] == 0 and told["judged"] == told["answers"]
    assert {"precision", "precision_low", "precision_why", "judged_on"} <= set(told)
    few = ask("export-lexicon", *options, "--min-margin", 0.1)
    assert few["margin"] == 0.1 and few["lines"] <= told["lines"] and few["answers"] <= told["answers"]


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ("--method maxmax", 1, "make them first: python -m cldi_core score --dataset small --pair en-de"),
        ("--method pivot-sym", 2, "pivot-sym"),
        ("--method no", 2, "unknown method 'no'"),
        ("--pair en-xx", 2, "unknown language pair 'en-xx'"),
        ("--backbone no", 2, "unknown backbone"),
        ("--top 0", 2, "--top"),
        ("--min-margin nan", 2, "it is not a number"),
        ("--min-precision nan", 2, "--min-precision"),
        ("--min-margin 0 --min-precision .5", 2, "give one of"),
        ("--min-precision .5", 1, "are there; ask for less"),
        ("--format csv", 2, "unknown format 'csv'; choose from: tsv, muse"),
        ("--output TMP/data/small/lexicon/en-de.tsv", 2, "is in the data set itself"),
    ],
)
def test_no_dictionary_of_nonsense(
    run: Run, scored: Dataset, tmp_path: Path, options: str, code: int, told: str
) -> None:
    given = options.replace("TMP", str(tmp_path)).split()
    for name, value in (("--pair", "en-de"), ("--output", str(tmp_path / "out"))):
        given += [] if name in given else [name, value]
    found = run("export-lexicon", "--dataset", "small", *given)
    assert found[:2] == (code, "") and told in found[2] and len(found[2].splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("method", METHODS[:2])
def test_words_that_a_method_cannot_add_are_told_of(run: Run, small: Dataset, tmp_path: Path, method: str) -> None:
    words = list(small.words.itertuples(index=False, name=None))
    datasets.write_words(small.path, [*words, ("en", "cat", 0, words[-1][3])])
    assert run("score", "--dataset", "small", "--method", method, "--candidates", "all")[0] == 0
    options = ("--dataset", "small", "--pair", "en-de", "--method", method, "--output", tmp_path / "out.tsv")
    code, _, err = run("export-lexicon", *options)
    written = {line.split("\t")[0] for line in (tmp_path / "out.tsv").read_text("utf-8").splitlines()}
    lost = method != "avgmax"
    assert code == 0 and ("cat" in written) == (not lost)
    assert err.startswith("left out, as they are in no list") == lost and bool(err) == lost


def test_what_was_there_is_replaced_whole(run: Run, scored: Dataset, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("before", "utf-8")
    options = ("--dataset", "small", "--pair", "en-de", "--output", tmp_path / "out")
    assert run("export-lexicon", *options, "--method", "maxmax")[0] == 1
    assert (tmp_path / "out").read_text("utf-8") == "before"
    assert run("export-lexicon", *options)[0] == 0
    assert (tmp_path / "out").read_text("utf-8").startswith("source\ttarget")
