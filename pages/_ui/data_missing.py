"""Pictures that words use and that have no features: which, of how many words, and the step that makes them."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from cldi_core.features.backbones import is_extracted, label
from cldi_core.features.lacking import Lacking

from . import act, data_load, data_tables, data_words, load, take
from .foreign import safe


def draw(name: str, begin: Callable[..., None]) -> None:
    """What each backbone lacks, where it lacks something.

    Args:
        begin: starts an extraction, of the data set's name and the backbone's; for callbacks.
    """
    backbones = load.opened(name).backbones
    found = {backbone: data_load.lacking(name, backbone) for backbone in backbones or ("",)}
    found = {backbone: own for backbone, own in found.items() if own}
    if not found:
        return
    st.header("Features missing")
    rows = [row for backbone, own in found.items() for row in data_words.lacking(backbone, own)]
    words = [row for backbone, own in found.items() for row in data_words.lacking_words(backbone, own)]
    frame = pd.DataFrame(rows)
    take.table(
        frame, name=f"features-missing-{name}", csv=pd.DataFrame(words), hide_index=True, height="content",
        alt="Pictures that words use and that have no features, by language",
        column_config={**data_tables.numbers(frame), "for example": st.column_config.TextColumn(width="large")},
    )  # fmt: skip
    st.caption(data_words.LACKING)
    for backbone, own in found.items():
        _step(name, backbone, own, begin)


def _step(name: str, backbone: str, own: list[Lacking], begin: Callable[..., None]) -> None:
    if not backbone:
        return  # the form below starts the first one
    if not is_extracted(backbone):
        st.code(load.command(name, "import-features FILE", "--backbone", backbone), language="bash")
    elif act.allowed():
        st.button(
            f"Extract them with {safe(label(backbone))}", key=f"extract missing {backbone}",
            icon=":material/play_arrow:", on_click=begin, args=(name, backbone),
        )  # fmt: skip
    else:
        st.code(load.command(name, "extract", "--backbone", backbone), language="bash")
