"""From pictures in folders to explained translations, through the real commands and the real network.

The data set is made by the program as people start it; later commands run in this process, where torch is loaded once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.conftest import draw
from tests.pages_data import board_of, healthy, open_page, texts, view_of

ROOT = Path(__file__).resolve().parents[2]
NAME = "drawn"
# English, German, part of speech, what both sides draw
WORDS = (
    ("sun", "Sonne", "N", "sun"),
    ("house", "Haus", "N", "house"),
    ("tree", "Baum", "N", "tree"),
    ("roll", "rollen", "V", "ring"),
    ("striped", "gestreift", "A", "stripes"),
)


def command(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m cldi_core`` with the data sets of ``root``; it must succeed."""
    environment = {**os.environ, "CLDI_DATA": str(root / "data")}
    environment.pop("CLDI_DATASET", None)
    line = [sys.executable, "-m", "cldi_core", *arguments]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def ask(root: Path, *arguments: str) -> dict:
    """As ``command``, with ``--json``: → what it printed."""
    return json.loads(command(root, *arguments, "--dataset", NAME, "--json").stdout)


def build_dataset(root: Path) -> Path:
    """Make a data set as a user would: two pictures per English and one per German word, a word list, features.

    Returns:
        its folder, ``root/data/drawn``; set ``CLDI_DATA`` to ``root/data`` to find it by the name ``drawn``.
    """
    for english, german, _, concept in WORDS:
        for language, word, count in (("en", english, 2), ("de", german, 1)):
            folder = root / "pictures" / language / word
            folder.mkdir(parents=True)
            for number in range(count):
                (folder / f"{number}.png").write_bytes(draw(concept, language, number))
    lines = "".join(f"{english}\t{german}\t{pos}\n" for english, german, pos, _ in WORDS)
    (root / "imgWords_en_de.txt").write_text(lines, "utf-8")
    folder = str(root / "pictures")
    imported = ask(root, "import-folder", folder, "--licence", "CC0-1.0")
    assert (imported["languages"], imported["pictures"]) == ({"de": 5, "en": 5}, 15)
    assert ask(root, "import-lists", str(root / "imgWords_en_de.txt"))["rows"] == len(WORDS)
    extracted = ask(root, "extract")
    assert (extracted["extracted"], extracted["failed"]) == (15, [])
    return root / "data" / NAME


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("end-to-end")
    build_dataset(folder)
    return folder


@pytest.fixture
def told(root: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a command on the data set: → what it printed; it must succeed."""
    monkeypatch.setenv("CLDI_DATA", str(root / "data"))
    monkeypatch.delenv("CLDI_DATASET", raising=False)

    def call(*arguments: str) -> str:
        code, out, err = run(*arguments, "--dataset", NAME)
        assert code == 0, err
        return out

    return call


def test_words_drawn_alike_are_translations_of_each_other(root: Path, told: Callable[..., str]) -> None:
    scored = ask(root, "score")
    assert {tuple(record["shape"]) for record in scored["scored"]} == {(5, 5)}
    answer = json.loads(told("evaluate", "--method", "avgmax", "--json"))
    figures = {record["setting"]: record for record in answer["results"]}
    assert {setting: record["n"] for setting, record in figures.items()} == {"ALL": 5, "NN": 3, "VB": 1, "ADJ": 1}
    assert [(record["mrr"], record["p@1"], record["coverage"]) for record in figures.values()] == [(1, 1, 1)] * 4


def test_each_translation_is_explained(told: Callable[..., str]) -> None:
    for english, german, _, _ in (WORDS[0], WORDS[3]):
        found = json.loads(told("explain", "--pair", "en-de", "--word", english, "--json"))
        assert found["candidates"][0]["word"] == german and found["candidates"][0]["gold"]
        assert [(gold["word"], gold["rank"]) for gold in found["gold"]] == [(german, 1)]
        assert 0 < found["dispersion"] < 1 and found["outcome"] == "found"
    text = told("explain", "--pair", "en-de", "--word", "sun")
    assert text.startswith("outcome: found\nright answer: Sonne, rank 1 of 5\nverdict: Found: “Sonne” is first, ")
    assert "\nbest cosine " in text and "\ncause: " not in text and "\nceiling: MRR " in text


def test_the_map_and_the_check_are_made(root: Path, told: Callable[..., str]) -> None:
    assert json.loads(told("project", "--json")) == {"words": "pca", "pictures": "pca"}
    assert (root / "data" / NAME / "projections" / "efficientnet-lite0" / "words.parquet").is_file()
    findings = json.loads(told("check", "--deep", "--json"))["findings"]
    assert {finding["level"] for finding in findings} == {"info"}


@pytest.mark.parametrize("page", ["overview", "word", "compare", "dispersion", "map", "results", "data"])
def test_the_dashboard_opens_on_the_users_data(root: Path, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``make run DATASET=path``: the data set lies elsewhere and is the first that is shown."""
    monkeypatch.delenv("CLDI_DATA", raising=False)
    monkeypatch.setenv("CLDI_DATASET", str(root / "data" / NAME))
    at = healthy(open_page(page))
    assert view_of(at)["dataset"] == NAME
    assert at.selectbox(key="dataset").options[0] == NAME
    if page == "word":
        assert "# house → Haus" in texts(at) and "Found" in texts(at)
        board = board_of(at)
        assert [column["word"] for column in board["columns"]][::2] == ["house", "Haus"]
        assert len(board["rows"]) == 2 and len(board["strip"]) == 1
        assert len(board["pictures"]) >= 3 and all(one["url"] for one in board["pictures"].values())
