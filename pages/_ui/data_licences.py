"""Where pictures come from, and those of one word each with its own licence."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from . import data_tables, data_words, draw, load, take, view

ROWS = 100
COLUMNS = ["provider", "author", "licence", "source_url", "page"]


@load.cached(resource=True, max_entries=2)
def _origins(name: str) -> pd.DataFrame:
    """How many pictures each origin has; a shard of them is read at a time."""
    frames = load.opened(name).pictures.each(COLUMNS)
    counts = [_linked(frame).groupby(COLUMNS, dropna=False).size().rename("pictures").reset_index() for frame in frames]
    return pd.concat(counts).groupby(COLUMNS, dropna=False)["pictures"].sum().reset_index()


def _linked(table: pd.DataFrame) -> pd.DataFrame:
    """Only addresses of the web become links: what else a file calls a page may be a script."""
    return table.assign(page=table["page"].where(table["page"].astype(str).str.match(r"https?://")))


def licences(current: view.View) -> None:
    """Where the pictures come from, and those of one word each with its own licence."""
    st.header("Pictures and their licences")
    dataset = load.opened(current.dataset)
    if not dataset.pictures.ids:
        draw.empty("There are no pictures yet.", load.command(current.dataset, "import-folder DIR"))
        return
    counts = _origins(current.dataset)
    take.table(
        counts,
        name=f"licences-{dataset.name}",
        hide_index=True,
        alt="Pictures by source and licence",
        column_config={"page": st.column_config.LinkColumn(), **data_tables.numbers(counts)},
    )
    languages = [language for language in dataset.languages if dataset.members(language)]
    if not languages:
        st.caption("No word has a picture yet.")
        return
    with st.container(horizontal=True):
        language = view.one_of("language", languages)
        st.selectbox("Language", languages, width=160, **view.widget("language", language, pictures=""))
        words = sorted(dataset.members(language))
        word = view.one_of("pictures", words)
        st.selectbox("Word", words, width=300, filter_mode="contains", **view.widget("pictures", word))
    members = dataset.members(language)[word]
    ids = [key for key, place in zip(members, dataset.pictures.ids.find(members), strict=True) if place >= 0]
    numbers = data_tables.page("page", len(ids), ROWS)
    rows = _linked(dataset.pictures.about([*COLUMNS, "width", "height"], ids[numbers.start : numbers.stop]))
    strips = [load.strip(current.dataset, [key]) for key in rows.index]
    shown = rows.assign(picture=strips, id=rows.index)
    take.table(
        shown[["picture", "licence", "author", "provider", "source_url", "page", "width", "height", "id"]],
        name=f"licences-{dataset.name}-{word}",
        key="licences",
        hide_index=True,
        row_height=56,
        alt=f"Pictures of {word} with their licences",
        column_config={
            "picture": st.column_config.ImageColumn(width=70),
            "page": st.column_config.LinkColumn(),
            **data_tables.numbers(shown),
        },
    )
    st.caption(draw.safe(f"{data_words.count(len(ids), 'picture')} of “{word}”."))
    data_tables.pager("page", numbers, len(ids), ROWS, "pictures")
