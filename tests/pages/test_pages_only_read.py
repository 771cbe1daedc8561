"""Whatever a link asks for, pages only read: no score but those of one word is computed, and no file is written."""

from __future__ import annotations

import errno
import os
import shlex
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st

from cldi_core import rankers
from cldi_core.data import storage
from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import image_methods, rankings, stored_scores
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import evidence, explanation
from cldi_core.scoring import best_match, pooling, scores, transport, word_facts
from cldi_core.scoring.imagesets import ImageSets
from tests import ranked
from tests.conftest import BACKBONE, build_small
from tests.pages_data import PAGES, board_of, healthy, open_page, score_all, texts, unescaped, view_of

ALONE = ("avgmax", "knn-c", "sinkhorn", "rrf", "rrf=avgmax,sinkhorn")  # a word at a time
WHOLE = ("avgmax+csls", "cnn-mean+isf", "rrf=avgmax,knn,avgmax+csls", "identity")
Snapshot = dict[str, tuple[int, int, bytes]]


@pytest.fixture(autouse=True)
def fresh(data: Path) -> None:
    """Nothing is kept from the test before."""
    st.cache_data.clear()
    st.cache_resource.clear()


def owns(sets: ImageSets, allowed: Collection[frozenset[str]], words: Collection[str]) -> bool:
    """Whether sets are one word's: it alone, or made of one word's pictures and not called as words of the data set.

    Args:
        allowed: of each word that may be taken apart, the ids of its pictures; words: those of the data set.
    """
    if len(sets) == 1:
        return True
    ids = {sets.ids[row] if sets.ids is not None else "" for row in sets.members}
    return not set(sets.words) & set(words) and any(ids <= own for own in allowed)


def guard(monkeypatch: pytest.MonkeyPatch, pair: Pair, asked: str = "run") -> list[str]:
    """Make everything fail that pages must not do, as on a read-only disk: a list of what is tried from now on.

    What they may do is to compare one word, or subsets of its pictures, with all candidates; and subsets of the
    pictures of one right answer with all words, as hubness corrections need it.  A pass of several words of the data
    set is counted as tried, and goes on.
    """
    tried: list[str] = []

    def refused(what: str) -> Callable[..., Any]:
        def refuse(*given: object, **named: object) -> None:
            tried.append(what)
            raise OSError(errno.EROFS, f"{what} on a read-only disk")

        return refuse

    own = [frozenset(pair.source.word_ids(asked))]
    answers = [frozenset(pair.target.word_ids(right)) for right in pair.queries[pair.find(asked)].right]

    def one_word(function: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(source: ImageSets, target: ImageSets, *given: Any, **named: Any) -> Any:
            if not owns(source, own, pair.source.words) and not owns(target, answers, pair.target.words):
                tried.append(f"{function.__name__} of {len(source)} words")
            return function(source, target, *given, **named)

        return guarded

    for module, name in (
        (storage, "write"), (storage, "save_tensors"), (tempfile, "mkstemp"), (Path, "mkdir"), (Path, "write_text"),
        (stored_scores, "scored"), (stored_scores, "keep"), (rankings, "rankings"), (rankings, "ranked"),
        (evidence, "evidence"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, refused(name))
    for module, name in (
        (image_methods, "score"), (image_methods, "score_all"), (scores, "score_all"), (best_match, "match"),
        (pooling, "pooled_cosines"), (transport, "sinkhorn"), (transport, "settle"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, one_word(getattr(module, name)))
    return tried


@pytest.mark.parametrize(
    "method", ["avgmax", "maxmax", "knn", "knn-c", "cnn-mean", "cnn-max", "sinkhorn", "avgmax+csls"]
)
def test_a_pass_of_several_words_is_seen_and_one_of_pictures_of_one_word_is_none(
    small: Dataset, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """The watcher itself, as the tests below are worth nothing if it overlooks a pass."""
    pair = open_pair(small, BACKBONE, "en-de")
    source, target = pair.source, pair.target
    tried = guard(monkeypatch, pair)
    kept = np.array([[True, True, False], [False, True, True], [True, True, True]])
    scores.score(source.select(["run"]), target, method)
    scores.score(word_facts.as_words(source, "run", kept), target, method)
    scores.score(source, word_facts.as_words(target, "rennen", kept[:2, 1:]), method)
    assert tried == []
    several = (
        (source, target), (source.select(["run", "red"]), target),  # "red" has no picture that "run" has not
        (word_facts.alone(source, np.concatenate([source.rows("run"), source.rows("dog")])), target),
        (source, word_facts.as_words(target, "Hund", kept[:2, 1:])),
    )  # fmt: skip
    for number, (one, other) in enumerate(several, 1):
        before = len(tried)
        scores.score(one, other, method)
        assert len(tried) > before, number


def snapshot(folder: Path) -> Snapshot:
    """Every file and folder below: its size, its time and what is in it."""
    found = sorted(folder.rglob("*"))
    assert len(found) > 5
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in found
    }


@pytest.mark.parametrize("is_scored", [False, True], ids=["unscored", "scored"])
@pytest.mark.parametrize("method", [*ALONE, *WHOLE])
def test_a_link_to_any_page_and_method_computes_and_writes_nothing(
    small: Dataset, monkeypatch: pytest.MonkeyPatch, method: str, is_scored: bool
) -> None:
    if is_scored:
        pair, ranker = open_pair(small, BACKBONE, "en-de"), rankers.ranker(method)
        ranked.rankings(pair, [method, "maxmax"])
        evidence.keep_evidence(pair, [ranker], stored_scores.scored(pair, [ranker]))
    before, tried = snapshot(small.path), guard(monkeypatch, open_pair(small, BACKBONE, "en-de"))
    options = f"--dataset small --pair en-de --backbone {BACKBONE} --method {shlex.quote(method)}"
    at = healthy(open_page("overview", method=method, word="run.V", contenders=f"{method}@{BACKBONE}"))
    for page in PAGES:
        at = healthy(at.switch_page(f"pages/{page}.py").run())
        assert view_of(at)["method"] == method
        if page in ("overview", "word", "dispersion"):
            commands = [code.value for code in at.main.code]
            assert (f"python -m cldi_core score {options}" in commands) != is_scored, page
    both = f"{method}@{BACKBONE},maxmax@{BACKBONE}"
    at = healthy(open_page("compare", contenders=both))
    assert len(at.dataframe) == (4 if is_scored else 0)
    assert is_scored or f"python -m cldi_core score {options}" in at.main.code[0].value.splitlines()
    assert tried == []
    assert snapshot(small.path) == before


@pytest.mark.parametrize("method", ALONE)
def test_the_asked_word_alone_is_looked_at(small: Dataset, tmp_path: Path, method: str) -> None:
    pair = open_pair(build_small(tmp_path / "twin"), BACKBONE, "en-de")
    at = healthy(open_page("word", method=method, word="run.V"))
    assert "# run →" in texts(at) and "This word alone was looked at" in texts(at)
    row = ranked.scores(pair, [method])[method][pair.source.row("run")]
    wanted = dict(zip(pair.target.words, row, strict=True))
    known = {row.candidate: row.score for row in at.dataframe[0].value.itertuples() if not np.isnan(row.score)}
    assert len(known) == 8 and known == pytest.approx({word: wanted[word] for word in known}, abs=1e-5)
    assert at.selectbox(key="word").options == [
        "big → groß · adjective", "dog → Hund, Köter · noun", "ghost → Geist · noun", "hand → Hand · noun",
        "hat → Hut · noun", "red → rot · adjective", "run → laufen, rennen · verb",
    ]  # fmt: skip
    assert "word 7 of 7, in alphabetical order" in texts(at)


@pytest.mark.parametrize("method", WHOLE)
def test_where_all_words_are_needed_the_word_page_shows_the_command_until_it_was_run(
    small: Dataset, method: str
) -> None:
    at = healthy(open_page("word", method=method, word="run.V"))
    told = f"The candidates are not shown: for en-de there are no scores yet of {rankers.label(method)} with"
    assert not at.dataframe and told in unescaped(texts(at))
    assert "# run → laufen :gray-badge[not scored]" in texts(at), "it has pictures"
    for word, language, count in (("run", "en", 3), ("laufen", "de", 1), ("rennen", "de", 2)):
        assert f"**{word}** · {language} · {counted(count, 'picture')}" in texts(at)
    assert [len(part.value) for part in at.get("image")] == [3, 1, 2]
    pair = open_pair(small, BACKBONE, "en-de")
    ranked.rankings(pair, [method])
    at = healthy(at.run())
    row = ranked.scores(pair, [method])[method][pair.source.row("run")]
    best = explanation.explain(pair, pair.find("run"), row).candidates[0].word
    assert at.dataframe[0].value["candidate"][0] == best and "not shown" not in texts(at)
    assert at.selectbox(key="word").options[0].endswith("#1") and "alphabetical" not in texts(at)


def test_ranks_without_scores_are_walked_through_by_rank(small: Dataset) -> None:
    """As they are shipped: rankings are small, scores are not."""
    score_all(small)
    for file in (small.path / "scores").rglob("*.safetensors"):
        file.unlink()
    at = healthy(open_page("word", method="avgmax+csls", word="run.V"))
    assert at.selectbox(key="word").options[0].endswith("#1") and "alphabetical" not in texts(at)
    assert "The candidates are not shown" in texts(at) and not at.dataframe
    for method in ("avgmax", "rrf"):
        at = healthy(open_page("word", method=method, word="run.V"))
        assert at.selectbox(key="word").options[0].endswith("#1")
        assert at.dataframe and "This word alone" not in texts(at)


def test_the_map_of_what_was_found_needs_ranks(small: Dataset) -> None:
    at = healthy(open_page("map"))
    assert not at.main.info
    at = healthy(at.segmented_control(key="colour").set_value("outcome").run())
    (info,) = at.main.info
    assert unescaped(info.value).startswith("What was found or missed is not known: for en-de there are no scores")
    score_all(small)
    at = healthy(at.run())
    assert not at.main.info


def test_a_contender_without_scores_is_named_and_the_others_are_compared(small: Dataset) -> None:
    ranked.rankings(open_pair(small, BACKBONE, "en-de"), ["avgmax", "knn"])
    asked = ",".join(f"{name}@{BACKBONE}" for name in ("avgmax", "rrf=avgmax,knn", "knn", "cnn-max"))
    at = healthy(open_page("compare", contenders=asked))
    (info,) = at.main.info
    assert unescaped(info.value).endswith(
        "yet of fusion of AVGMAX, KNN with EfficientNet-Lite0, CNN-MAX with EfficientNet-Lite0."
    )
    assert [line.rpartition(" ")[2] for line in at.main.code[0].value.splitlines()] == ["rrf=avgmax,knn", "cnn-max"]
    assert at.dataframe[0].value[""].tolist() == ["AVGMAX · EfficientNet-Lite0", "KNN · EfficientNet-Lite0"]


def test_commands_are_quoted(data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder's name, a backbone's and a method's are one word of the shell each."""
    made = build_small(data / "my $(touch x) set")
    (made.path / "features" / BACKBONE).rename(made.path / "features" / "net; rm -rf")
    at = healthy(open_page("word", method="rrf=avgmax,knn", word="run.V"))
    (command,) = [code.value for code in at.main.code]
    assert shlex.split(command) == [
        "python", "-m", "cldi_core", "score", "--dataset", "my $(touch x) set", "--pair", "en-de", "--backbone",
        "net; rm -rf", "--method", "rrf=avgmax,knn",
    ]  # fmt: skip
    for page in PAGES:
        at = healthy(at.switch_page(f"pages/{page}.py").run())
        for line in (code.value for code in at.main.code if code.value.startswith("python")):
            assert "my $(touch x) set" in shlex.split(line), line


def test_a_path_that_shares_its_name_with_another_set_shows_its_own_pictures(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = build_small(tmp_path / "x" / "small")
    score_all(other)
    for file in (small.path / "images").iterdir():
        file.unlink()
    monkeypatch.setenv("CLDI_DATASET", str(other.path))
    at = healthy(open_page("word", word="dog.N"))
    assert view_of(at)["dataset"] == str(other.path)
    shown = board_of(at)["pictures"].values()
    assert "missing or broken" not in texts(at).lower() and len(shown) >= 3 and all(one["url"] for one in shown)
    assert at.dataframe[0].value["pictures"].notna().sum() == 8
    assert os.environ["CLDI_DATASET"] in at.sidebar.selectbox(key="dataset").value
