"""The page that the Word page is measured beside: it is drawn whole, and another with each switch."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from benchmarks import pages


def test_the_bare_page_is_drawn_whole_and_another_with_each_switch() -> None:
    at = AppTest.from_file(str(pages.BARE), default_timeout=60).run()
    before = [element.value for element in (*at.markdown, *at.caption)]
    at = at.button(key="step-right").click().run()
    now = [element.value for element in (*at.markdown, *at.caption)]
    assert not at.exception and len(at.expander) == 6 and at.get("plotly_chart") and at.dataframe
    assert len(now) == len(before) and sum(one != other for one, other in zip(before, now, strict=True)) > len(now) / 2
