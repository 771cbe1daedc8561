"""What ``check`` says of the data set, and the licence of every picture."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages._ui import draw, extraction, frame, load, take, view

ICONS = {"error": "✕", "warning": "!", "info": "·"}
ROWS = 200


def main() -> None:
    """Draw the page."""
    current = view.current()
    dataset = load.opened(current.dataset)
    st.title("Data")
    st.markdown(f"**{draw.safe(dataset.title)}** ({draw.safe(dataset.name)})")
    if about := str(dataset.info.get("about", "")):
        st.caption(draw.safe(about))
    findings = load.findings(current.dataset)
    worst = [finding for finding in findings if finding.level != "info"]
    st.subheader("Check")
    if worst:
        st.warning(f"Findings that need a look: {len(worst)}.")
    else:
        st.success("Nothing is missing, broken or unlicensed.")
    order = {level: place for place, level in enumerate(ICONS)}
    findings = sorted(findings, key=lambda finding: order[finding.level])
    take.table(
        pd.DataFrame(
            {
                "": [ICONS[finding.level] for finding in findings],
                "level": [finding.level for finding in findings],
                "area": [finding.area for finding in findings],
                "what": [finding.text for finding in findings],
                "next step": [finding.next_step for finding in findings],
            }
        ),
        name=f"check-{dataset.name}",
        hide_index=True,
        alt="Findings of the check",
        column_config={"what": st.column_config.TextColumn(width="large"), "": st.column_config.TextColumn(width=30)},
    )
    st.caption(draw.safe(f"The same in a terminal: {load.command(current.dataset, 'check')}"))
    extraction.panel(current.dataset)
    licences(current)


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
    st.caption(f"{len(rows)} of {len(ids)} pictures of “{draw.safe(word)}”.")


frame.draw(main)
