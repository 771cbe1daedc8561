"""One word is one word: on every page of a data set that holds one, and in what commands print of it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from google.protobuf.text_format import MessageToString
from PIL import Image
from streamlit.testing.v1 import AppTest

from cldi_core.commands import main
from cldi_core.data import dataset, pictures, wordlists
from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset
from cldi_core.features import shards
from tests.conftest import ABOUT, BACKBONE, encoded
from tests.pages_data import PAGES, healthy, open_page

THINGS = (
    "word", "picture", "pair", "query", "candidate", "method", "translation", "noun", "verb", "adjective", "thing",
    "line", "file", "row", "answer", "judgement", "split", "group", "item", "number", "data set", "shard", "dimension",
    "sense", "other word", "listed word", "player", "search", "request", "set", "draw", "point",
)  # fmt: skip
MANY = "|".join(counted(2, thing).removeprefix("2 ") for thing in THINGS)
ODD = re.compile(rf"(?<![\d.,×/−-])(?<!\d )\b1 ({MANY})\b")
COMMANDS = (
    "score --method avgmax", "score --method avgmax", "check", "evaluate", "explain --pair en-de --word dog",
    "learning-curve --draws 1", "export-lexicon --pair en-de --output OUT/lexicon.tsv", "export OUT/all.zip",
)  # fmt: skip


def run(command: str) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(sys, "argv", ["cldi_core", *command.split()])
        main.main()


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A noun with one picture and its right answer with one, scored."""
    folder = tmp_path_factory.mktemp("data") / "one"
    dataset.create(folder, "One")
    drawn = [
        pictures.Picture(encoded(Image.new("RGB", (16, 16), (40, 90, red))), f"{red}.png", 16, 16,
                         provider="tests", licence="CC0-1.0", concept="dog")
        for red in (10, 200)
    ]  # fmt: skip
    (shard,) = pictures.write_shards(folder / "images", drawn)
    path = folder / "features" / BACKBONE / f"{shard.stem}.safetensors"
    shards.write_shard(path, [made.id for made in drawn], np.eye(2, dtype=np.float32) + 0.5, ABOUT)
    dataset.write_words(folder, [("en", "dog", 0, drawn[0].id), ("de", "Hund", 0, drawn[1].id)])
    wordlists.write_list(folder / "lexicon" / "en-de.tsv", [wordlists.Row("dog", "Hund", "N")])
    run(f"score --method avgmax --dataset {folder}")
    run(f"learning-curve --draws 1 --dataset {folder}")
    return Dataset(folder)


@pytest.fixture(autouse=True)
def _here(one: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLDI_DATA", str(one.path.parent))
    monkeypatch.delenv("CLDI_DATASET", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()


def everything(at: AppTest) -> str:
    """All that a page was sent, figures, tooltips and alternative texts too, without escapes."""
    protos = (getattr(one, "proto", None) for block in (at.main, at.sidebar) for one in block)
    sent = [MessageToString(proto, as_utf8=True) for proto in protos if proto is not None]
    return re.sub(r"\\+(.)", r"\1", "\n".join(sent))


@pytest.mark.parametrize(
    ("page", "more"),
    [
        *((page, {}) for page in PAGES),
        *(("failure", {"topic": topic}) for topic in ("winners", "hubs", "pictures", "confidence")),
        ("results", {"part": "words"}),
        *(("overview", {"tour": step}) for step in "15"),
        ("data", {"section": "words"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value.values()) or "plain",
)
def test_every_page_says_one_word(page: str, more: dict[str, str]) -> None:
    at = healthy(open_page(page, pair="en-de", method="avgmax", **more))
    text = everything(at)
    assert len(text) > 500 and "One" in text
    assert not [text[max(found.start() - 60, 0) : found.end() + 20] for found in ODD.finditer(text)]


def test_commands_say_one_word(one: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = ""
    for command in COMMANDS:
        run(f"{command.replace('OUT', str(tmp_path))} --dataset {one.path}")
        printed = capsys.readouterr()
        said += f"$ {command}\n{printed.out}{printed.err}"
    assert "1 word" in said and "Hund" in said
    assert not [said[max(found.start() - 60, 0) : found.end() + 20] for found in ODD.finditer(said)]


@pytest.mark.parametrize("wrong", ["1 words", "all 1 queries", "0 of 1 pictures", "n = 1 words."])
def test_what_is_looked_for_is_found(wrong: str) -> None:
    assert ODD.search(wrong) and not ODD.search(wrong.replace("1", "11"))
