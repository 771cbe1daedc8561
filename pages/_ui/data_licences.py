"""Where pictures come from, and those of one word each with its own licence."""

from __future__ import annotations

import streamlit as st

from cldi_core.data.counting import counted

from . import draw, load, take, view

ROWS = 200


def licences(current: view.View) -> None:
    """Where the pictures come from, and those of one word each with its own licence."""
    st.subheader("Pictures and their licences")
    dataset = load.opened(current.dataset)
    table = dataset.pictures.table
    if not len(table):
        draw.empty("There are no pictures yet.", load.command(current.dataset, "import-folder DIR"))
        return
    # Only addresses of the web become links: what else a file calls a page may be a script.
    table = table.assign(page=table["page"].where(table["page"].astype(str).str.match(r"https?://")))
    columns = ["provider", "author", "licence", "source_url", "page"]
    counts = table.groupby(columns, dropna=False).size().rename("pictures").reset_index()
    take.table(
        counts,
        name=f"licences-{dataset.name}",
        hide_index=True,
        alt="Pictures by source and licence",
        column_config={"page": st.column_config.LinkColumn()},
    )
    languages = [language for language in dataset.languages if dataset.members(language)]
    with st.container(horizontal=True):
        language = st.selectbox("Language", languages, key="licence language", width=160)
        words = sorted(dataset.members(language))
        word = st.selectbox("Word", words, key=f"licence word {language}", width=300)
    if word is None:
        return
    ids = dataset.members(language)[word]
    rows = table.loc[[key for key in ids if key in table.index]].head(ROWS)
    strips = [load.strip(current.dataset, [key]) for key in rows.index]
    shown = rows[[*columns, "width", "height"]].assign(picture=strips, id=rows.index)
    take.table(
        shown[["picture", "licence", "author", "provider", "source_url", "page", "width", "height", "id"]],
        name=f"licences-{dataset.name}-{word}",
        key="licences",
        hide_index=True,
        row_height=56,
        alt=f"Pictures of {word} with their licences",
        column_config={"picture": st.column_config.ImageColumn(width=70), "page": st.column_config.LinkColumn()},
    )
    st.caption(f"{len(rows)} of {counted(len(ids), 'picture')} of “{draw.safe(word)}”.")
