"""Charts and tables that a reader can take along: each is drawn with what downloads it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from . import figures


def chart(figure: go.Figure, *, name: str, alt: str, **how: Any) -> Any:
    """Draw a chart; what Streamlit says of a selection in it.

    Args:
        name: what a download is called, without an ending; made safe here.
        alt: for those who don't see it; how: what ``st.plotly_chart`` takes besides, such as ``key`` and ``on_select``.
    """
    return st.plotly_chart(figure, config=figures.CONFIG, alt=alt, **how)


def table(shown: pd.DataFrame, *, name: str, alt: str, **how: Any) -> Any:
    """Draw a table; what Streamlit says of a selection in it.

    Args:
        name, alt: as those of ``chart``; how: what ``st.dataframe`` takes besides.
    """
    return st.dataframe(shown, alt=alt, **how)
