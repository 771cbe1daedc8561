"""``score`` and its kin: what is asked for twice, and what becomes of results on a disk that takes no more."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from cldi_core.commands import evaluating
from cldi_core.data import dataset, storage
from cldi_core.data.dataset import Dataset
from tests.commands.conftest import Run, strict
from tests.conftest import BACKBONE, picture

pytestmark = pytest.mark.usefixtures("decoding_here")

ROOT = Path(__file__).resolve().parents[2]


def test_several_methods_and_pairs_are_asked_for_by_name(ask: Callable[..., dict], small: Dataset) -> None:
    lexicon = (small.path / "lexicon" / "en-de.tsv").read_bytes()
    for pair in ("en-fr", "en-it"):
        (small.path / "lexicon" / f"{pair}.tsv").write_bytes(lexicon)
    two = ("--method", "maxmax", "--method", "rrf=avgmax,maxmax", "--method", "maxmax")
    pairs = ("--pair", "en-fr", "--pair", "en-de")
    found = [(record["pair"], record["method"]) for record in ask("score", *two, *pairs)["scored"]]
    assert found == [(pair, method) for pair in ("en-fr", "en-de") for method in ("maxmax", "rrf=avgmax,maxmax")]
    results = ask("evaluate", *two, *pairs)["results"]
    assert {record["method"] for record in results} == {"maxmax", "rrf=avgmax,maxmax"}
    assert {record["pair"] for record in results} == {"en-fr", "en-de", "average"}


TWICE = {
    "score": ("--backbone", "a", "--backbone", "b"),
    "evaluate": ("--dataset", "other", "--backbone", "a"),
    "explain": ("--pair", "en-de", "--word", "dog", "--word", "hat"),
    "extract": ("--device", "cpu", "--device", "cuda"),
    "project": ("--backbone", "a", "--backbone", "b"),
    "check": ("--dataset", "other"),
    "pivot train": ("--pair", "en-de", "--pair", "en-fr"),
}


@pytest.mark.parametrize("command", TWICE)
def test_an_option_of_one_value_is_not_given_twice(run: Run, small: Dataset, command: str) -> None:
    """The last would win in silence."""
    code, out, err = run(*command.split(), "--dataset", "small", *TWICE[command])
    assert (code, out) == (2, "") and "was given 2 times; give it once" in err and err.count("\n") == 1


def test_a_flag_may_be_given_twice(run: Run, small: Dataset) -> None:
    assert run("check", "--dataset", "small", "--json", "--json")[0] == 0


def refuse_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a full disk does."""

    def full(path: Path, save: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(storage, "write", full)


def test_score_ends_with_1_where_it_can_keep_nothing(run: Run, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_to_write(monkeypatch)
    code, out, err = run("score", "--dataset", "small", "--method", "avgmax", "--method", "maxmax")
    assert (code, out) == (1, "") and err.count("\n") == 1
    assert "scores of en-de are not kept: avgmax, maxmax (No space left on device)" in err and "run this again" in err
    assert not (small.path / "scores").exists()


def test_score_ends_with_1_where_ranks_alone_are_lost(run: Run, small: Dataset) -> None:
    (small.path / "rankings").write_text("no folder")
    code, out, err = run("score", "--dataset", "small", "--method", "avgmax")
    assert (code, out) == (1, "") and "rankings of en-de are not kept: avgmax" in err and err.count("\n") == 1
    assert (small.path / "scores" / BACKBONE / "en-de" / "avgmax.safetensors").is_file()


def test_a_real_disk_that_takes_no_more(small: Dataset) -> None:
    """The kernel refuses what is longer than a few bytes; nothing half written is left."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)); "
        "from cldi_core.commands import main; main.main()"
    )
    line = [sys.executable, "-c", code, "score", "--dataset", str(small.path), "--method", "cnn-mean"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1
    assert "scores of en-de are not kept: cnn-mean" in done.stderr
    assert [path for path in (small.path / "scores").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("command", ["evaluate", "explain --pair en-de --word dog"])
def test_an_answer_is_given_though_it_cannot_be_kept(
    run: Run, small: Dataset, command: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """These are asked for an answer, which is there, and the same as where it can be kept."""
    asked = (*command.split(), "--dataset", "small", "--method", "avgmax", "--json")
    with monkeypatch.context() as full:
        refuse_to_write(full)
        code, out, _ = run(*asked)
    assert code == 0 and strict(out)
    lost = ["scores", "rankings", *(["rows of evidence"] if command.startswith("explain") else [])]
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        f"{what} of en-de are not kept" for what in lost
    ]
    before = {path for path in small.path.rglob("*") if path.is_file()}
    assert run(*asked)[1] == out and before < {path for path in small.path.rglob("*") if path.is_file()}


def test_project_ends_with_1_where_it_can_keep_nothing(
    run: Run, small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_to_write(monkeypatch)
    code, out, err = run("project", "--dataset", "small")
    assert (code, out) == (1, "") and "No space left on device" in err and err.count("\n") == 1


def test_what_is_stored_is_read_without_writing(
    run: Run, small: Dataset, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    names = ("--method", "avgmax", "--method", "maxmax")
    assert run("score", "--dataset", "small", *names)[0] == 0
    before = sorted(small.path.rglob("*"))
    refuse_to_write(monkeypatch)
    monkeypatch.setattr(Path, "mkdir", lambda *given, **named: pytest.fail("a folder is made"))
    for command in (
        ("evaluate", *names), ("score", *names), ("check",), ("check", "--deep"),
        ("explain", "--pair", "en-de", "--word", "dog", "--method", "avgmax"),
    ):  # fmt: skip
        assert run(command[0], "--dataset", "small", *command[1:])[::2] == (0, "")
    assert caplog.records == [] and sorted(small.path.rglob("*")) == before


def test_people_read_what_was_computed_and_what_was_there(run: Run, small: Dataset) -> None:
    assert run("score", "--dataset", "small", "--method", "maxmax")[1] == (
        "en-de: 7 × 9 words, computed maxmax on cpu; there already: 0 of 1 method\n"
    )
    assert run("score", "--dataset", "small", "--method", "avgmax", "--method", "maxmax", "--method", "cnn-max")[1] == (
        "en-de: 7 × 9 words, computed avgmax, cnn-max on cpu; there already: 1 of 3 methods\n"
    )


def test_controls_are_ranked_beside_all_methods_and_not_beside_named_ones(
    ask: Callable[..., dict], small: Dataset
) -> None:
    def kept() -> set[str]:
        return {path.stem for path in (small.path / "rankings").rglob("*.parquet")}

    ask("score", "--method", "avgmax")
    assert kept() == {"avgmax"}
    ask("score")
    assert {"avgmax", "maxmax", "spelling", "identity"} <= kept()


def test_the_error_of_a_record_is_the_largest_of_its_pairs() -> None:
    def frame(error: float | None) -> pd.DataFrame:
        made = pd.DataFrame()
        made.attrs |= {} if error is None else {"error": error}
        return made

    frames = {
        "en-de": {"sinkhorn": frame(0.1), "avgmax": frame(None)},
        "en-fr": {"sinkhorn": frame(0.3), "avgmax": frame(None)},
        "en-it": {"sinkhorn": frame(0.2), "avgmax": frame(None)},
    }
    found = {
        (pair, method): evaluating._error(frames, {"pair": pair, "method": method})
        for pair in (*frames, "average")
        for method in ("sinkhorn", "avgmax")
    }
    assert [found[pair, "sinkhorn"] for pair in (*frames, "average")] == [0.1, 0.3, 0.2, 0.3]
    assert {found[pair, "avgmax"] for pair in (*frames, "average")} == {0.0}


@pytest.mark.parametrize("command", ["score", "evaluate"])
def test_a_data_set_without_a_word_list_says_how_to_add_one(run: Run, small: Dataset, command: str) -> None:
    (small.path / "lexicon" / "en-de.tsv").unlink()
    code, out, err = run(command, "--dataset", "small")
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert "the data set 'small' has no word list; add one: " in err and "import-lists FILE" in err


def test_evaluate_counts_the_candidates_that_have_pictures(ask: Callable[..., dict]) -> None:
    answer = ask("evaluate", "--method", "avgmax")
    assert answer["candidates"] == {"en-de": 8} and answer["dataset"] == "small" and answer["backbone"] == BACKBONE
    assert {(record["precision"], record["error"]) for record in answer["results"]} == {("exact", 0.0)}
    assert ask("evaluate")["results"] != answer["results"], "of all methods"


def test_both_directions_are_scored_where_they_are_asked_for(ask: Callable[..., dict], small: Dataset) -> None:
    lexicon = (small.path / "lexicon" / "en-de.tsv").read_bytes()
    (small.path / "lexicon" / "en-fr.tsv").write_bytes(lexicon)

    def scored(*options: str) -> list[str]:
        return [record["pair"] for record in ask("score", "--method", "maxmax", *options)["scored"]]

    assert scored() == ["en-de", "en-fr"]
    assert scored("--direction", "back") == ["de-en", "fr-en"]
    assert scored("--direction", "both") == ["en-de", "en-fr", "de-en", "fr-en"]
    assert scored("--pair", "de-en") == ["de-en"] and scored("--pair", "de-en", "--direction", "back") == ["en-de"]
    answer = ask("evaluate", "--direction", "both", "--compare", "maxmax,cnn-mean")
    found = {(record["pair"], record["direction"]) for record in answer["results"]}
    assert found == {("en-de", "forward"), ("en-fr", "forward"), ("average", "forward"),
                     ("de-en", "back"), ("fr-en", "back"), ("average", "back")}  # fmt: skip
    back = next(one for one in answer["results"] if (one["pair"], one["direction"]) == ("average", "back"))
    # Six covered words in two lists each, of the same six English ones; "ghost" has no pictures.
    assert (back["n"], back["asked"], back["clusters"], back["asked_clusters"]) == (8, 18, 6, 7)
    assert answer["candidates"] == {"en-de": 8, "en-fr": 0, "de-en": 6, "fr-en": 6}
    compared = {(one["pair"], one["direction"], one["setting"]) for one in answer["comparisons"]}
    assert compared == {("average", way, part) for way in ("forward", "back") for part in ("ALL", "NN", "VB", "ADJ")}


def test_what_is_compared_is_named(run: Run, ask: Callable[..., dict], small: Dataset) -> None:
    answer = ask("evaluate", "--compare", "maxmax,avgmax", "--compare", "rrf=avgmax,maxmax")
    assert {record["method"] for record in answer["results"]} == {"maxmax", "avgmax", "rrf=avgmax,maxmax"}
    named = {(one["one"], one["other"]) for one in answer["comparisons"]}
    fused = "rrf=avgmax,maxmax"
    assert named == {("maxmax", "avgmax"), ("maxmax", fused), ("avgmax", fused)}
    assert "comparisons" not in ask("evaluate", "--method", "avgmax")
    code, out, err = run("evaluate", "--dataset", "small", "--compare", "avgmax")
    assert (code, out) == (2, "") and "at least two methods" in err and err.count("\n") == 1
    code, out, _ = run("evaluate", "--dataset", "small", "--compare", "avgmax,maxmax")
    assert code == 0 and out.splitlines()[-2].split()[:5] == ["en-de", "ADJ", "avgmax", "to", "maxmax"]


def test_candidates_are_a_setting_that_scoring_writes(ask: Callable[..., dict], run: Run, small: Dataset) -> None:
    rows = list(small.words.itertuples(index=False, name=None))
    dataset.write_words(small.path, [*rows, ("de", "Ring", 0, picture("ring", "de").id)])
    one = ("--method", "avgmax")
    before = ask("score", *one)
    told = {"choice": "listed", "listed": 8, "further": 0, "unlisted": 1}
    assert before["candidates"] == {"en-de": told} and before["scored"][0]["shape"] == [7, 9]
    code, out, _ = run("score", "--dataset", "small", *one)
    assert code == 0 and "of 'de' in no list and no candidates: 1 with pictures" in out and "--candidates all" in out
    found = ask("score", *one, "--candidates", "all")
    assert found["candidates"] == {"en-de": {**told, "choice": "all", "further": 1}}
    assert found["scored"][0]["shape"] == [7, 10]
    assert ask("score", *one)["scored"][0]["found"], "it is written down"
    assert ask("evaluate", *one)["candidates"] == {"en-de": 9}
    assert "candidates in its list: 8, others: 1" in run("score", "--dataset", "small", *one)[1]
    assert ask("score", *one, "--candidates", "listed")["candidates"] == before["candidates"]
    code, _, err = run("score", "--dataset", "small", "--candidates", "some")
    assert code == 2 and err.count("\n") == 1 and "--candidates" in err


def test_figures_of_clean_words_stand_beside_those_of_all(ask: Callable[..., dict], run: Run, small: Dataset) -> None:
    one = ("--method", "avgmax")
    plain, found = ask("evaluate", *one), ask("evaluate", *one, "--clean")
    assert {name: found[name] for name in plain} == plain and set(found) - set(plain) == {"clean", "suspected"}
    (suspected,) = found["suspected"].values()
    assert suspected["findings"]["same-spelled"] == 1 and suspected["queries"] == 7
    asked = {record["setting"]: record["asked"] for record in found["clean"]}
    assert asked["ALL"] == 7 - suspected["taken"] < 7
    code, out, err = run("evaluate", "--dataset", "small", *one, "--clean")
    assert code == 0 and f"en-de: {suspected['taken']} of 7 queries taken away" in out
    assert "a right answer that is spelled alike: 1" in out and "run check" in err
