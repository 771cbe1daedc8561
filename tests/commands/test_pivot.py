"""``pivot train``, ``evaluate`` and ``translate``; and agreement with judged sentence pairs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import typer

from cldi_core.commands import main, pivot, terminal
from cldi_core.data import dataset, descriptions, storage
from cldi_core.errors import DatasetError
from cldi_core.evaluation import metrics
from cldi_core.pivot import sources, sts
from tests import pivot_data
from tests.conftest import BACKBONE

Run = Callable[..., tuple[int, str, str]]
QUICK = ("--word-dim", 8, "--joint-dim", 16, "--rate", 0.02, "--batch", 8, "--epochs", 2)
JUDGED = "5.0\ta red cow\tred cow\n0.0\tblue sun\ta green hat\n4.0\tblack boat\tboat\n"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a pivot command in this process: → exit code, standard output, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cldi_core", "pivot", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return call


@pytest.fixture
def made(data: Path) -> Path:
    """A data set of described swatches, named ``made``."""
    found = pivot_data.build(data / "made").path
    pivot_data.write_descriptions(found)
    return found


def train(run: Run, *arguments: object) -> list[dict]:
    code, out, err = run("train", "--dataset", "made", *QUICK, *arguments, "--json")
    assert (code, err) == (0, "")
    found: list[dict] = json.loads(out)["experiments"]
    return found


def test_training_reports_controls_and_chance_and_is_found_again(run: Run, made: Path) -> None:
    (report,) = train(run, "--model", "pivot-sym", "--model", "vse", "--holdout", "items")
    models = {record["model"] for record in report["results"]}
    assert models == {"pivot-sym", "pivot-sym-permuted", "vse", "ridge", "spelling", "identity", "chance"}
    assert {record["task"] for record in report["results"]} == {"text→picture", "picture→text", "text→text"}
    for record in report["results"]:
        assert 0 <= record["r@1"] <= 1 and record["n"] < metrics.ENOUGH
        assert record["model"] == "chance" or record["r@1_low"] is record["r@1_high"] is None, "n too small"
        assert record["model"] == "chance" or 0 <= record["unknown"] <= 1
        if record["model"] == "chance":
            assert record["r@1"] == pytest.approx(1 / record["candidates"])
    against = {(one["model"], one["against"]) for one in report["comparisons"]}
    assert ("pivot-sym", "ridge") in against and ("pivot-sym", "pivot-sym-permuted") in against
    assert set(report["seconds"]) == {"pivot-sym", "pivot-sym-permuted", "vse"}

    file = next((made / "pivot").rglob("items/pivot-sym/seed-0/en+de.safetensors"))
    before = file.stat().st_mtime_ns
    assert train(run, "--model", "pivot-sym", "--holdout", "items")[0]["results"]
    assert file.stat().st_mtime_ns == before, "nothing was trained again"
    train(run, "--model", "pivot-sym", "--holdout", "items", "--force")
    assert file.stat().st_mtime_ns != before

    code, out, err = run("evaluate", "--dataset", "made", "--model", "pivot-sym", "--json")
    (again,) = json.loads(out)["experiments"]
    assert (code, err) == (0, "")
    same = [
        {name: value for name, value in record.items() if name != "stored"}
        for record in again["results"]
        if record["model"] == "pivot-sym"
    ]
    assert same == [
        {name: value for name, value in record.items() if name != "stored"}
        for record in report["results"]
        if record["model"] == "pivot-sym"
    ], "the same model gives the same figures"
    stored = {record["model"]: record.get("stored") for record in again["results"]}
    assert not stored["pivot-sym"] and not stored["ridge"] and stored["vse"] and stored["pivot-sym-permuted"]


def test_both_ways_to_hold_out_and_words_apart(run: Run, made: Path) -> None:
    items, words = train(run, "--model", "pivot-sym")
    assert (items["holdout"], words["holdout"]) == ("items", "words")
    assert "words" not in items and set(words["words"]) == {"all", "held_out"}
    everything, unseen = (
        {record["model"]: record["n"] for record in words["words"][name] if record["setting"] == "ALL"}
        for name in ("all", "held_out")
    )
    assert set(everything) == {"pivot-sym", "avgmax", "spelling", "identity"}
    assert everything["spelling"] == everything["pivot-sym"] + 1, "it needs no picture of the ghost"
    assert everything["pivot-sym"] == everything["avgmax"] == everything["identity"]
    assert all(0 < unseen[name] < n for name, n in everything.items())

    code, out, _ = run("translate", "cow", "zzz", "…", "--dataset", "made", "--top", 3, "--json")
    cow, zzz, nothing = json.loads(out)["texts"]
    assert code == 0 and [one["rank"] for one in cow["candidates"]] == [1, 2, 3]
    assert zzz["unseen"] == ["zzz"] and cow["unseen"] == [] and nothing["candidates"] == []
    code, out, err = run("translate", "cow", "…", "--dataset", "made", "--back")
    assert code == 1 and "no translation" in err and "cow" in out


def test_tables_for_people(run: Run, made: Path) -> None:
    arguments = ("--dataset", "made", *QUICK, "--model", "pivot-asym", "--seed", 0, "--seed", 1, "--holdout", "items")
    code, out, _ = run("train", *arguments)
    assert code == 0 and "seeds 0, 1" in out and "chance" in out and "unknown words" in out
    assert "pivot-asym does not beat: " in out and "beats every rival" not in out, "of 7 items nothing can be told"
    assert out.count("(n too small)") > 6 and "95 % intervals over items and seeds together" in out
    judged = made / "sts.tsv"
    judged.write_text(JUDGED, "utf-8")
    code, out, _ = run("evaluate", "--dataset", "made", "--sts", judged)
    assert code == 0 and out.count("sts.tsv: pivot-asym seed") == 2 and "n = 3" in out


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (("train", "--model", "lstm"), "unknown model 'lstm'", 2),
        (("train", "--preset", "huge"), "unknown preset 'huge'", 2),
        (("train", "--encoder", "rnn"), "unknown encoder 'rnn'", 2),
        (("train", "--rate", "0"), "rate = 0.0", 2),
        (("train", "--holdout", "faces"), "unknown way to hold out 'faces'", 2),
        (("train", "--device", "tpu"), "unknown device 'tpu'", 2),
        (("train", "--pair", "en-fr"), "describes nothing in 'fr'", 1),
        (("train", "--texts", "missing.tsv"), "'missing.tsv' cannot be read", 1),
        (("evaluate",), "no model of", 2),
        (("evaluate", "--backbone", "vgg19"), "vgg19", 2),
        (("translate", "cow"), "there is no trained model", 1),
        (("translate", "cow", "--model", "x"), "unknown model 'x'", 2),
    ],
)
def test_mistakes_end_in_one_line(run: Run, made: Path, arguments: tuple[str, ...], said: str, code: int) -> None:
    ended, out, err = run(*arguments, "--dataset", "made")
    assert (ended, out) == (code, "") and said in err and err.count("\n") == 1


def test_multi30k_says_which_files_and_where(run: Run, tmp_path: Path) -> None:
    code, _, err = run("train", "--multi30k", tmp_path, "--output", tmp_path / "out", "--features", tmp_path)
    assert code == 1 and "task2.train.1.en" in err and "Multi30k repository" in err


def test_a_table_of_descriptions_is_kept_where_pages_find_it(run: Run, made: Path) -> None:
    table = made / "mine.tsv"
    names = dataset.Dataset(made).pictures.about(["path"])["path"]
    rows = [(name, language, f"{language} {name[:-4]} {number % 7}") for number, name in enumerate(sorted(names))
            if "/" in name for language in ("en", "de")]  # fmt: skip
    table.write_text("picture\tlanguage\ttext\n" + "".join("\t".join(row) + "\n" for row in rows), "utf-8")
    code, _, err = run("train", "--dataset", "made", "--texts", table, *QUICK)
    assert code == 2 and "descriptions of its own" in err
    code, out, _ = run(
        "train", "--dataset", "made", "--texts", table, *QUICK, "--model", "vse", "--output", made / "out"
    )
    assert code == 0 and "mine.tsv" in out and not (made / descriptions.TABLE).exists()
    (made / descriptions.FILE).unlink()
    items, words = train(run, "--texts", table, "--model", "pivot-sym")
    assert (made / descriptions.TABLE).read_text("utf-8") == table.read_text("utf-8")
    assert words["holdout"] == "words" and items["described_in_both"]
    (again,) = train(run, "--model", "pivot-sym", "--holdout", "items")
    assert again["results"] == items["results"]


def test_parallel_needs_items_in_both_languages(run: Run, made: Path) -> None:
    pivot_data.write_descriptions(made, by_turns=True)
    code, _, err = run("train", "--dataset", "made", "--model", "parallel-sym", *QUICK)
    assert code == 2 and "PARALLEL is then the same as PIVOT" in err


def described(made: Path, words: Sequence[str]) -> None:
    """Leave out the descriptions of the items of some colours or shapes."""
    pivot_data.write_descriptions(made)
    file = made / descriptions.FILE
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(one for one in lines if not set(words) & set(one.split("\t")[0].split())), "utf-8")


def test_after_more_descriptions_nothing_is_tested_on_what_it_was_trained_on(run: Run, made: Path) -> None:
    """Describe more items and train one more model: ranks of the former corpus are left out, by name."""
    described(made, ["ring"])
    train(run, "--model", "vse", "--model", "pivot-sym", "--holdout", "items")
    before = set(sources.of_dataset(dataset.Dataset(made), BACKBONE, "en-de").split(0).train)
    described(made, [])
    corpus = sources.of_dataset(dataset.Dataset(made), BACKBONE, "en-de")
    assert before & set(corpus.split(0).test), "the old models have seen some of what is tested now"
    (report,) = train(run, "--model", "pivot-asym", "--holdout", "items")
    assert {one["model"] for one in report["results"]} == {"pivot-asym", "ridge", "spelling", "identity", "chance"}
    assert report["left_out"] == {name: [0] for name in ("vse", "pivot-sym", "pivot-sym-permuted")}

    code, out, err = run("evaluate", "--dataset", "made", "--holdout", "items")
    assert (code, out) == (1, "") and err.count("\n") == 1
    assert "VSE of seed 0 was trained on other descriptions, pictures or features than those of" in err
    again = f"python -m cldi_core pivot train --dataset made --pair en-de --backbone {BACKBONE}"
    assert f"train it again: {again} --model vse --seed 0 --holdout items" in err
    assert run("evaluate", "--dataset", "made", "--holdout", "items", "--model", "pivot-asym")[0] == 0

    (report,) = train(run, "--model", "vse", "--model", "pivot-sym", "--holdout", "items")
    models = {one["model"] for one in report["results"]}
    assert models >= {"vse", "pivot-sym", "pivot-sym-permuted", "pivot-asym"} and report["left_out"] == {}
    frame = storage.whole_frame(next((made / "pivot").rglob("items/ranks.parquet")))
    assert set(frame["item"]) == set(corpus.split(0).test) and frame["corpus"].nunique() == 1
    code, out, _ = run("evaluate", "--dataset", "made", "--holdout", "items")
    assert code == 0 and "left out" not in out


def test_a_model_of_another_corpus_does_not_translate(run: Run, made: Path) -> None:
    train(run, "--model", "pivot-sym", "--holdout", "words")
    assert run("translate", "cow", "--dataset", "made")[0] == 0
    described(made, ["ring"])
    code, out, err = run("translate", "cow", "--dataset", "made")
    assert (code, out) == (1, "") and "PIVOT-SYM of seed 0 was trained on items of which" in err


def test_what_was_not_measured_before_is_kept(run: Run, made: Path) -> None:
    train(run, "--model", "pivot-sym", "--model", "vse")
    files = sorted((made / "pivot").rglob("*.parquet"))
    assert len(files) == 3
    before = [file.read_bytes() for file in files]
    assert run("evaluate", "--dataset", "made")[0] == 0
    assert [file.read_bytes() for file in files] == before, "it stands"
    for file in files:
        file.unlink()
    assert run("evaluate", "--dataset", "made", "--model", "vse")[0] == 0
    assert all({"vse"} < set(storage.whole_frame(file)["model"]) for file in files)
    assert run("evaluate", "--dataset", "made")[0] == 0
    assert all({"vse", "pivot-sym"} < set(storage.whole_frame(file)["model"]) for file in files)


def test_training_and_testing_share_their_options() -> None:
    commands = typer.main.get_command(pivot.app).commands  # type: ignore[attr-defined]
    shared = {field.name for field in fields(pivot.Chosen)}
    ours, theirs = ({one.name: one for one in commands[name].params} for name in ("train", "evaluate"))
    assert shared <= set(ours) & set(theirs) and len(shared) == 11
    for name in shared:
        assert (ours[name].help, ours[name].default, ours[name].opts) == (
            theirs[name].help,
            theirs[name].default,
            theirs[name].opts,
        )
    assert [one.name for one in commands["evaluate"].params][: len(shared)] == [
        one.name for one in fields(pivot.Chosen)
    ]


def test_a_broken_model_is_named(run: Run, made: Path) -> None:
    train(run, "--model", "pivot-sym", "--holdout", "items")
    file = next((made / "pivot").rglob("items/pivot-sym/seed-0/*.safetensors"))
    file.write_bytes(file.read_bytes()[:1000])
    code, out, err = run("evaluate", "--dataset", "made", "--model", "pivot-sym")
    assert (code, out) == (1, "") and "cannot be read" in err and err.count("\n") == 1


def test_correlation_is_pearsons() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 50))
    found = sts.correlation(one, one + other)
    assert found.pearson == pytest.approx(np.corrcoef(one, one + other)[0, 1])
    assert found.low < found.pearson < found.high and found.n == 50
    assert np.isnan(sts.correlation(np.ones(5), np.arange(5.0)).pearson)


def test_both_kinds_of_judged_files_are_read(tmp_path: Path) -> None:
    three, seven = tmp_path / "three.tsv", tmp_path / "seven.csv"
    three.write_text(JUDGED, "utf-8")
    seven.write_text("".join(f"main\tx\t2015\t{n}\t{line}\n" for n, line in enumerate(JUDGED.splitlines())), "utf-8")
    one, other = sts.read(three), sts.read(seven)
    assert one.left == other.left == ("a red cow", "blue sun", "black boat")
    assert one.scores.tolist() == other.scores.tolist() == [5, 0, 4]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (JUDGED + "x\ta\tb\n", "line 4"),
        (JUDGED + "1.0\ta\n", "line 4"),
        (JUDGED + "nan\ta\tb\n", "line 4"),
        (JUDGED + "1.0\t\tb\n", "line 4"),
        ("1.0\ta\tb\n", "expected at least 3"),
    ],
)
def test_lines_that_are_no_judged_pair_are_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "file.tsv").write_text(text, "utf-8")
    with pytest.raises(DatasetError, match=said):
        sts.read(tmp_path / "file.tsv")
    with pytest.raises(DatasetError, match="cannot be read"):
        sts.read(tmp_path / "none.tsv")


def test_the_bar_of_epochs_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.epochs() as bar:
        bar("VSE en", 1, 2, "loss 1")
        bar("VSE de", 1, 2, "loss 1")
    assert capsys.readouterr().err == ""


def test_the_backbone_is_that_of_the_tests() -> None:
    assert BACKBONE == "efficientnet-lite0", "the default of --backbone, which the tests above leave out"
