"""What is chosen on the map, beside it: a strip of pictures per word, all reachable, and a table to take along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from cldi_core.data import storage, wordlists
from cldi_core.data.counting import counted
from cldi_core.data.csv_safe import as_csv
from cldi_core.data.dataset import POS
from cldi_core.insight import map_selection

from . import draw, load, take, view
from .foreign import safe

STRIPS = 6  # words of a page
PICTURES = 8  # of a strip
SIZE = 36  # pixels of a picture in a strip
COLUMNS = ["language", "word", "part of speech", "x", "y", "outcome"]


def show(
    current: view.View, rows: pd.DataFrame, own: Mapping[tuple[str, str], Sequence[str]], kind: str, total: int
) -> None:
    """Draw what is chosen.

    Args:
        rows: the chosen points of the map's table; own: their words → pictures; total: points of the map.
    """
    key = f"map-{storage.digest(current.dataset, kind, list(own))[:8]}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(f"{len(rows):,} of {total:,} {kind}", anchor=False, width="content")
        st.download_button(
            "CSV",
            lambda: as_csv(table(rows)),
            take.file_name(f"map-{current.pair}-{current.backbone}-{len(rows)}-{kind}", ".csv"),
            "text/csv",
            key="map csv",
            type="tertiary",
            on_click="ignore",
            help="What is chosen, as a table: language, word, part of speech, place on the map, outcome",
        )
        st.button("Clear", key="map clear", type="tertiary", shortcut="Escape", on_click=clear)
    if len(own) == 1:
        ((language, word), ids) = next(iter(own.items()))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_line(language, word, len(ids)), width="content")
            _open(current, language, word)
        draw.grid(current.dataset, list(ids), word, key, width=60)
        return
    listed = list(own.items())
    numbers = draw.page(len(listed), STRIPS, key)
    for number in numbers:
        _strip(current, number, *listed[number])
    draw.pager(numbers, len(listed), STRIPS, key)


def _strip(current: view.View, number: int, of: tuple[str, str], ids: Sequence[str]) -> None:
    """A word's line and its first pictures."""
    language, word = of
    with st.container(gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(_line(language, word, len(ids)), width="content")
            if len(ids) > PICTURES:
                chosen = map_selection.Chosen("words", language=language, word=word)
                st.button(
                    f"all {len(ids)}",
                    key=f"map all {number}",
                    type="tertiary",
                    on_click=view.go,
                    kwargs={"chosen": chosen.text(), "search": ""},
                    help="Choose this word alone, with all its pictures",
                )
            _open(current, language, word)
        draw.row(current.dataset, ids[:PICTURES], word, width=SIZE)


def _line(language: str, word: str, count: int) -> str:
    return f"**{safe(word)}** · {safe(language)} · {counted(count, 'picture')}"


def _open(current: view.View, language: str, word: str) -> None:
    """A link to the Word page: of a target word, in the pair that is turned round."""
    source, _ = wordlists.pair_languages(current.pair)
    pair = current.pair if language == source else load.opened(current.dataset).back(current.pair)
    if pair:
        params = view.of_word(word, pair=pair)
        st.page_link("pages/word.py", label="open in Word", query_params=params, width="content")


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """The chosen points as they are downloaded: ``COLUMNS``, and the pictures' ids before them."""
    named = rows.assign(**{"part of speech": rows["pos"].map(POS)})
    return named[(["id"] if "id" in rows else []) + COLUMNS]


def clear() -> None:
    """Choose nothing."""
    view.go(chosen="", search="")
