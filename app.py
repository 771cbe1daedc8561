"""CLDI Explorer: ``streamlit run app.py`` (or ``make run``)."""

import sys
from pathlib import Path

if __name__ == "__main__":  # the processes that decode what is imported read this file again, and need none of it
    if "streamlit" not in sys.modules:  # it is run as a program, by ``cldi app``: let Streamlit run it
        from pages._ui import serve

        serve.run(__file__, sys.argv[1:])
    else:
        import streamlit as st

        from pages._ui import frame

        icon = Path(__file__).parent / "pages/_ui/icon.png"
        st.set_page_config(page_title="CLDI Explorer", page_icon=icon, layout="wide")
        frame.run()
