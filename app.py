"""CLDI Explorer: ``streamlit run app.py`` (or ``make run``)."""

from pathlib import Path

import streamlit as st

from pages._ui import frame

st.set_page_config(page_title="CLDI Explorer", page_icon=Path(__file__).parent / "pages/_ui/icon.png", layout="wide")
frame.run()
