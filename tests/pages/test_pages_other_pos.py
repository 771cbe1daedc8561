"""Word lists without parts of speech, or with others than the three: every page shows them, and none breaks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import streamlit as st

from cldi_core.commands import main
from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from tests.conftest import BACKBONE
from tests.pages_data import PAGES, board_of, build_wide, healthy, open_page, texts, unescaped, view_of

OTHERS = {"dog", "cow", "fog", "run", "owe", "red", "sea"}


def _made(folder: Path, others: set[str]) -> Dataset:
    """The data set with known ranks, of which some words are of no part of speech, scored by the commands."""
    made = build_wide(folder)
    for pair in made.pairs:
        rows = [row if row.source not in others else wordlists.Row(row.source, row.target, "X")
                for row in made.lexicon(pair)]  # fmt: skip
        wordlists.write_list(made.path / "lexicon" / f"{pair}.tsv", rows)
    for command in ("score", "learning-curve --draws 1"):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
            patch.setattr(sys, "argv", ["cldi_core", *command.split(), "--dataset", str(made.path), "--method", "avgmax"])
            main.main()
        assert not ended.value.code
    return Dataset(made.path)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Dataset]:
    folder = tmp_path_factory.mktemp("data")
    words = {row.source for row in build_wide(folder / "plain").lexicon("en-de")}
    return {"mixed": _made(folder / "mixed", OTHERS), "only": _made(folder / "only", words)}


@pytest.fixture(autouse=True)
def _here(sets: dict[str, Dataset], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLDI_DATA", str(sets["mixed"].path.parent))
    monkeypatch.delenv("CLDI_DATASET", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.mark.parametrize("name", ["mixed", "only"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(name: str, page: str) -> None:
    at = healthy(open_page(page, dataset=name, pair="en-de", method="avgmax", backbone=BACKBONE))
    assert view_of(at)["pos"] == "NVAX"


@pytest.mark.parametrize("name", ["mixed", "only"])
@pytest.mark.parametrize("topic", ["winners", "hubs", "pictures", "confidence"])
def test_every_section_on_failure_opens(name: str, topic: str) -> None:
    at = healthy(open_page("failure", dataset=name, pair="en-de", method="avgmax", backbone=BACKBONE, topic=topic))
    assert "missed others" not in texts(at)
