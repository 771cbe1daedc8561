"""Folders and archives of pictures for the import wizard: what is asked, and what was found in them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cldi_core.data import thumbnails
from cldi_core.data.plain import plain
from cldi_core.imports.folder import Plan
from cldi_core.imports.given import Given, Source
from cldi_core.imports.samples import Sample, samples
from cldi_core.imports.wanted import WantedFolder

from . import data_preview, data_reports, data_tables, data_words, load, take, view
from .data_preview import Preview
from .foreign import safe

LARGEST = 200  # MB of an upload, which a server keeps in memory
FIRST = 12  # words that are shown
WIDTH = 96  # pixels of a picture
WORDS_NAME = "words.tsv"  # of the uploaded table, in errors
FILE, PATH, WORDS, LICENCE, AUTHOR = (f"folder {name}" for name in ("file", "path", "words", "licence", "author"))


def ask(current: view.View) -> None:
    """The form of the first step."""
    with st.form("look at folders", border=True):
        st.file_uploader("A zip or tar file of LANGUAGE/WORD/pictures", key=FILE, max_upload_size=LARGEST,
                         type=["zip", "tar", "gz", "tgz", "bz2", "xz"])  # fmt: skip
        st.caption(data_words.upload_limit(LARGEST))
        st.text_input("Path on the server's disk", key=PATH, placeholder="instead: a folder, or a larger archive")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Licence of all pictures", key=LICENCE, max_chars=200, placeholder="unknown", width=240)
            st.text_input("Author", key=AUTHOR, max_chars=200, width=240)
        with st.expander("Words that no folder can be called by"):
            st.file_uploader("A table: folder, tab, word", key=WORDS, type=["tsv", "txt"], max_upload_size=10)
            st.caption(data_words.WORDS_FILE)
        st.form_submit_button("Look at it", icon=":material/search:", on_click=look, args=(current.dataset,))


def look(name: str) -> None:
    """Look at what the form says; for callbacks."""
    data_preview.look(name, lambda: _looked(name))


def _looked(name: str) -> Preview | str:
    state = st.session_state
    uploaded, typed = state.get(FILE), str(state.get(PATH) or "").strip()
    if uploaded is None and not typed:
        return data_words.GIVE_A_FOLDER
    path = str(data_preview.typed_path(typed)) if uploaded is None else ""
    given, words = Given(), state.get(WORDS)
    source = Source(path, path) if uploaded is None else given.take(plain(uploaded.name), uploaded.getbuffer())
    table = given.take(words.name, words.getbuffer(), WORDS_NAME).path if words is not None else ""
    licence, author = (" ".join(str(state.get(key) or "").split()) for key in (LICENCE, AUTHOR))
    wanted = WantedFolder((source,), table, licence, author)
    plan = wanted.look(given.folder, load.opened(name))
    found = samples(plan)
    return Preview(name, wanted, given, wanted.digest(plan), lambda: _draw(plan, found))


def _draw(plan: Plan, found: list[Sample]) -> None:
    languages = pd.DataFrame([{"language": code, **own} for code, own in plan.languages().items()])
    take.table(languages, name="languages", hide_index=True, alt="What was found in each language", height="content",
               column_config=data_tables.numbers(languages))  # fmt: skip
    seen = [one for one in found if one.file]
    if seen:
        st.image(
            [thumbnails.data_url(one.file) for one in seen], [f"{one.language} {safe(one.word)}" for one in seen],
            width=WIDTH, alt=[f"The first picture of {one.word} ({one.language})" for one in seen],
        )  # fmt: skip
    for one in found:
        if one.reason:
            st.caption(safe(data_words.no_sample(one)))
    rows = [(language, word, count) for (language, word), count in plan.words.items()][:FIRST]
    first = pd.DataFrame(rows, columns=["language", "word", "files"])
    take.table(first, name="first-words", hide_index=True, alt="The first words", height="content",
               column_config=data_tables.numbers(first))  # fmt: skip
    st.caption(data_words.first(len(rows), len(plan.words), "word"))
    data_reports.one(plan.report, "look-folder")
