"""What ``check`` says of a data set."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from . import data_load, data_tables, data_words, draw, load, take, view

ROW = 68  # pixels: three lines
WIDTHS = {"level": 70, "area": 100, "what": 380, "next step": 340}  # pixels; all is seen on a screen of 1280
ICONS = {"error": "✕", "warning": "!", "info": "·"}


def findings(current: view.View) -> None:
    """What is missing, broken or unlicensed: a row a finding, the worst first."""
    found = load.findings(current.dataset)
    worst = [finding for finding in found if finding.level != "info"]
    if worst:
        st.warning(f"Findings that need a look: {len(worst)}.")
    else:
        st.success("Nothing is missing, broken or unlicensed.")
    order = {level: place for place, level in enumerate(ICONS)}
    found = sorted(found, key=lambda finding: order[finding.level])
    take.table(
        pd.DataFrame(
            {
                "": [ICONS[finding.level] for finding in found],
                "level": [finding.level for finding in found],
                "area": [finding.area for finding in found],
                "what": [finding.text for finding in found],
                "next step": [finding.next_step for finding in found],
            }
        ),
        name=f"check-{load.opened(current.dataset).name}",
        hide_index=True,
        alt="Findings of the check",
        height="content",
        row_height=ROW,
        column_config={
            "": st.column_config.TextColumn(width=30),
            **{name: st.column_config.TextColumn(width=width) for name, width in WIDTHS.items()},
        },
    )
    if any(finding.area == "features" for finding in worst):
        st.button("See which features are missing", icon=":material/arrow_forward:", on_click=view.go,
                  kwargs={"section": "features"})  # fmt: skip
    st.caption(draw.safe(f"The same in a terminal: {load.command(current.dataset, 'check')}"))


def counts(current: view.View) -> None:
    """The words of each language and part of speech, and how many of them have pictures."""
    found = data_words.pos_counts(data_load.pos_counts(current.dataset))
    if found:
        st.header("Words")
        frame = pd.DataFrame(found)
        take.table(frame, name=f"words-{current.dataset}", hide_index=True, height="content",
                   column_config=data_tables.numbers(frame),
                   alt="Words of each language and part of speech, with and without pictures")  # fmt: skip
