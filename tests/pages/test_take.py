"""Charts and tables that can be taken along: that all are, under names of their own, and what is written."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages._ui import take
from tests.pages.conftest import Shown
from tests.pages.hostile import CORPUS

PAGES = Path(__file__).resolve().parents[2] / "pages"
DRAWING = {"plotly_chart", "dataframe", "to_csv", "table", "data_editor", "write", "line_chart", "bar_chart"}


def drawing(path: Path) -> list[str]:
    """Where a file draws a table or a chart by Streamlit itself."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    found = [call for call in calls if isinstance(call, ast.Attribute) and call.attr in DRAWING]
    own = [
        call for call in found if call.attr == "to_csv" or (isinstance(call.value, ast.Name) and call.value.id == "st")
    ]
    return [f"{call.attr} in line {call.lineno}" for call in own]


def test_nothing_is_drawn_that_cannot_be_taken_along() -> None:
    found = {path.relative_to(PAGES).as_posix(): drawing(path) for path in PAGES.rglob("*.py")}
    assert found.pop("_ui/take.py"), "the test finds what it looks for"
    assert {name: calls for name, calls in found.items() if calls} == {}


def same_names() -> None:
    import pandas as pd
    import plotly.graph_objects as go

    from pages._ui import take

    for number in range(3):
        take.table(pd.DataFrame({"a": [number]}), name="words", alt="one")
        take.chart(go.Figure(go.Bar(y=[number])), name="words", alt="two")
    take.table(pd.DataFrame({"a": [9]}), name="<b> www.evil.example", alt="three", key="own")


def test_several_of_one_name_do_not_clash() -> None:
    at = AppTest.from_function(same_names, default_timeout=30).run()
    assert not at.exception and len(at.get("plotly_chart")) == 3 and len(at.dataframe) == 4
    assert [button.label for button in at.get("download_button")] == ["CSV", "HTML"] * 3 + ["CSV"]
    assert len(at.get("bidi_component")) == 3


@pytest.mark.parametrize("name", [*CORPUS, "", "..", "../../etc/passwd", "con", "a" * 500])
def test_file_names_hold_nothing_but_letters_and_a_few_signs(name: str) -> None:
    made = take.file_name(name, ".csv")
    assert made.endswith(".csv") and not set(made) & set('/\\:*?"<>|\x00\n\r\t ') and not made.startswith(".")
    assert len(made) <= take.LONGEST + 4 and take.file_name("en-de avgmax+csls") == "en-de_avgmax+csls"


def options(shown: Shown, label: str) -> dict[str, Any]:
    ((given, made),) = [(given, made) for name, given, made in shown.calls if name == "download_button"]
    assert given[0] == label
    return {"data": given[1], "file": given[2], **made}


def test_a_table_without_pictures_and_with_its_index(shown: Shown) -> None:
    frame = pd.DataFrame({"word": ["=a", "b"], "picture": ["data:image/webp;base64,AA", ""]}, index=["x", "-y"])
    columns = {"picture": st.column_config.ImageColumn(), "word": None}
    take.table(frame, name="t", alt="a table", column_config=columns)
    made = options(shown, "CSV")
    assert made["file"] == "t.csv" and made["data"]().decode("utf-8-sig") == '"","word"\r\n"x","\'=a"\r\n"\'-y","b"\r\n'
    assert list(made["data"].args[0]) == ["word"], "what each window holds until a click is without pictures"
    shown.calls.clear()
    take.table(frame.style.format("{}"), name="t", alt="a table", hide_index=True)
    assert options(shown, "CSV")["data"]().decode("utf-8-sig").startswith('"word","picture"\r\n"\'=a","data:')
    shown.calls.clear()
    take.table(frame, name="t", alt="a table", csv=pd.DataFrame({"n": [1]}))
    assert options(shown, "CSV")["data"]() == b'\xef\xbb\xbf"n"\r\n1\r\n'
    shown.calls.clear()
    take.table(frame, name="t", alt="a table", csv=frame, column_config=columns)
    assert options(shown, "CSV")["data"]().decode("utf-8-sig") == '"word"\r\n"\'=a"\r\n"b"\r\n'
    assert shown.of("dataframe") == [frame] or shown.of("dataframe")[0] is frame


def test_a_chart_without_toolbar_keeps_its_camera(shown: Shown) -> None:
    figure = go.Figure(go.Bar(y=[1]))
    take.chart(figure, name="c", alt="a chart", config={"displayModeBar": False}, key="k", on_select="rerun")
    drawn = shown.options("plotly_chart")[0]
    assert "displayModeBar" not in drawn["config"] and drawn["alt"] == "a chart" and drawn["on_select"] == "rerun"
    assert shown.of("plotly_chart") == [figure]
    assert options(shown, "HTML")["file"] == "c.html"


def test_the_page_of_a_chart_needs_nothing_and_holds_no_markup_of_others() -> None:
    texts = ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", *CORPUS]
    made = take.page(go.Figure(go.Bar(x=texts, y=[1] * len(texts))), "</title><script>alert(2)</script>")
    scripts = made.count("<script")
    plain = take.page(go.Figure(go.Bar(x=["a"], y=[1])), "a")
    assert scripts == plain.count("<script") and len(made) > 4_000_000
    assert "src=" not in made[: made.index("<body>")] and "<script src" not in made
    assert "<title>&lt;/title&gt;" in made and made.index("charset") < 1024
