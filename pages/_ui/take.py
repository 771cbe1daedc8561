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
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.errors import StreamlitDuplicateElementKey

from cldi_core.data.csv_safe import as_csv

from . import figures

T = TypeVar("T")
LONGEST = 100  # characters of a file's name
HERE = Path(__file__).parent
_mount = st.components.v2.component(
    "cldi_take",
    html='<div class="take"></div>',
    css=(HERE / "take.css").read_text("utf-8"),
    js=(HERE / "take.js").read_text("utf-8"),
)


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
    key = str(how.get("key", name))
    with st.container(key=kind + key, gap=None):
        event = st.plotly_chart(figure, config=config, alt=alt, **how)
        with st.container(
            key=f"take-row-{key}", horizontal=True, horizontal_alignment="right", vertical_alignment="center"
        ):
            told = {"name": alt, "file": file_name(name)}
            _unique(f"take picture {key}", lambda own: _mount(key=own, data=told, width="content"))
            _download("HTML", f"take html {key}", partial(page, figure, name), file_name(name, ".html"), "text/html")
    return event


def table(shown: pd.DataFrame, *, name: str, alt: str, csv: pd.DataFrame | None = None, **how: Any) -> Any:
    """Draw a table, and beneath it CSV; what Streamlit says of a selection in it.

    Args:
        shown: the frame, or a ``Styler`` of one.
        name, alt: as those of ``chart``; how: what ``st.dataframe`` takes besides.
        csv: what is downloaded where that is more than what is shown, without its index; else what is shown, without
            its pictures.
    """
    key = str(how.get("key", name))
    with st.container(key=f"take-table-{key}", gap=None):
        event = st.dataframe(shown, alt=alt, **how)
        with st.container(key=f"take-row-{key}", horizontal=True, horizontal_alignment="right"):
            data = partial(_written, shown if csv is None else csv, csv is None and not how.get("hide_index"), how)
            _download("CSV", f"take csv {key}", data, file_name(name, ".csv"), "text/csv")
    return event


def file_name(name: str, ending: str = "") -> str:
    """What a download is called: letters, digits and a few signs of a name, whatever it holds."""
    return (re.sub(r"[^\w.+-]+", "_", name).strip("._")[:LONGEST] or "download") + ending


def page(figure: go.Figure, title: str) -> str:
    """A chart as a page of its own, which opens offline."""
    shown = go.Figure(figure).update_layout(template="plotly_white")
    made: str = shown.to_html(include_plotlyjs=True, full_html=True, config=figures.CONFIG)
    return made.replace("<head>", f"<head><title>{html.escape(title)}</title>", 1)


def _written(shown: Any, index: bool, how: Mapping[str, Any]) -> bytes:
    frame: pd.DataFrame = getattr(shown, "data", shown)
    columns = how.get("column_config") or {}
    kinds = {column: (columns[column] or {}).get("type_config") or {} for column in columns if column in frame}
    pictures = [column for column, kind in kinds.items() if kind.get("type") == "image"]
    return as_csv(frame.drop(columns=pictures), index=index)


def _download(label: str, key: str, data: Callable[[], str | bytes], file: str, mime: str) -> None:
    _unique(
        key,
        lambda own: st.download_button(label, data, file, mime, key=own, type="tertiary", on_click="ignore"),
    )


def _unique(key: str, draw: Callable[[str], T]) -> T:
    """Draw a widget under a key, or under the next that nothing on the page has yet."""
    for number in count():
        try:
            return draw(f"{key} {number}" if number else key)
        except StreamlitDuplicateElementKey:
            continue
    raise AssertionError  # ``count`` has no end
