"""Charts and tables that a reader can take along: each is drawn with what downloads it.

What is downloaded is made when somebody asks for it: PNG and SVG by Plotly in the reader's browser, HTML (with Plotly
in it, 4.8 MB) and CSV by the server.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitDuplicateElementKey

from cldi_core.data.csv_safe import as_csv

from . import figures
from .component import component

LONGEST = 100  # characters of a file's name
_mount = component("take", '<div class="take"></div>')


def chart(figure: go.Figure, *, name: str, alt: str, **how: Any) -> Any:
    """Draw a chart, and beneath it PNG, SVG and HTML; what Streamlit says of a selection in it.

    Args:
        name: what a download is called, without an ending; made safe here.
        alt: for those who don't see it.
        how: what ``st.plotly_chart`` takes besides, such as ``key`` and ``on_select``; with a ``config`` whose
            ``displayModeBar`` is false, the chart has no toolbar.
    """
    # Without a toolbar there would be no camera, which makes the pictures: it is there and not seen.
    config = {**figures.CONFIG, **how.pop("config", {})}
    kind = "take-chart-" if config.pop("displayModeBar", True) else "take-chart-bare-"
    box, key = _box(kind + str(how.get("key", name)))
    with box:
        event = st.plotly_chart(figure, config=config, alt=alt, **how)
        with _row(key):
            _mount(key=f"picture {key}", data={"name": alt, "file": file_name(name)}, width="content")
            _download("HTML", key, partial(page, figure, name), file_name(name, ".html"), "text/html")
    return event


def table(shown: pd.DataFrame, *, name: str, alt: str, csv: pd.DataFrame | None = None, **how: Any) -> Any:
    """Draw a table, and beneath it CSV; what Streamlit says of a selection in it.

    Args:
        shown: the frame, or a ``Styler`` of one.
        name, alt: as those of ``chart``; how: what ``st.dataframe`` takes besides.
        csv: what is downloaded where that is more than what is shown, without its index; else what is shown, without
            its pictures.
    """
    box, key = _box(f"take-table-{how.get('key', name)}")
    with box:
        event = st.dataframe(shown, alt=alt, **how)
        with _row(key):
            data = _unpictured(shown if csv is None else csv, how)
            written = partial(as_csv, data, index=csv is None and not how.get("hide_index"))
            _download("CSV", key, written, file_name(name, ".csv"), "text/csv")
    return event


def file_name(name: str, ending: str = "") -> str:
    """What a download is called: letters, digits and a few signs of a name, whatever it holds."""
    return (re.sub(r"[^\w.+-]+", "_", name).strip("._")[:LONGEST] or "download") + ending


def page(figure: go.Figure, title: str) -> str:
    """A chart as a page of its own, which opens offline."""
    shown = go.Figure(figure).update_layout(template="plotly_white")
    made: str = shown.to_html(include_plotlyjs=True, full_html=True, config=figures.CONFIG)
    return made.replace("<head>", f"<head><title>{html.escape(title[:LONGEST])}</title>", 1)


def _unpictured(shown: Any, how: Mapping[str, Any]) -> pd.DataFrame:
    """What is downloaded, of a frame or a ``Styler`` of one: without its pictures, as each window holds it."""
    frame: pd.DataFrame = getattr(shown, "data", shown)
    columns = how.get("column_config") or {}
    kinds = {column: (columns[column] or {}).get("type_config") or {} for column in columns if column in frame}
    pictures = [column for column, kind in kinds.items() if kind.get("type") == "image"]
    return frame.drop(columns=pictures)


def _download(label: str, key: str, data: Callable[[], str | bytes], file: str, mime: str) -> None:
    st.download_button(label, data, file, mime, key=f"file {key}", type="tertiary", on_click="ignore")


def _row(key: str) -> DeltaGenerator:
    return st.container(
        key=key.replace("take-", "take-row-", 1),
        horizontal=True,
        horizontal_alignment="right",
        vertical_alignment="center",
    )


def _box(key: str) -> tuple[DeltaGenerator, str]:
    """A container under a key, or under the next that nothing on the page has yet; and that key."""
    for number in count():
        own = f"{key} {number}" if number else key
        try:
            return st.container(key=own, gap=None), own
        except StreamlitDuplicateElementKey:
            continue
    raise AssertionError  # ``count`` has no end
