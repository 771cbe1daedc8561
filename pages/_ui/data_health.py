"""What ``check`` says of a data set."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from . import data_load, data_words, draw, load, take, view

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
        column_config={"what": st.column_config.TextColumn(width="large"), "": st.column_config.TextColumn(width=30)},
    )
    st.caption(draw.safe(f"The same in a terminal: {load.command(current.dataset, 'check')}"))


def counts(current: view.View) -> None:
    """The words of each language and part of speech, and how many of them have pictures."""
    found = data_words.pos_counts(data_load.pos_counts(current.dataset))
    if found:
        st.subheader("Words")
        take.table(pd.DataFrame(found), name=f"words-{current.dataset}", hide_index=True, height="content",
                   alt="Words of each language and part of speech, with and without pictures")  # fmt: skip
