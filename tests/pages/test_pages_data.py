"""What pages are opened with in tests (``pages_data``, which the fixtures import), where one never comes to its end."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def endless() -> None:
    import streamlit as st

    while True:
        st.caption("again")


def test_a_page_that_never_ends_is_given_up_after_its_own_time() -> None:
    with pytest.raises(RuntimeError, match=r"^the page was not drawn within 0\.25 seconds$"):
        AppTest.from_function(endless, default_timeout=0.25).run()
