"""A page for the tests of a real browser: every name of the corpus in everything that a page draws names with."""

import plotly.graph_objects as go
import streamlit as st

from pages._ui.foreign import in_figure, safe
from tests.pages.hostile import CORPUS

st.set_page_config(layout="wide")
figure = go.Figure([go.Scatter(x=[0], y=[0], name=in_figure(name)) for name in CORPUS])
figure.update_layout(height=25 * len(CORPUS), legend={"entrywidth": 900}, xaxis={"title": in_figure(CORPUS[0])})
st.plotly_chart(figure)
for number, name in enumerate(CORPUS):
    text = safe(name)
    with st.container(key=f"n{number}"):
        st.markdown(text)
        st.markdown(f"#### {text} → **{text}** :gray-badge[{text}]")
        st.caption(f":orange[“{text}”]")
        st.info(text)
        st.button(text, key=f"button {number}", help=text)
        st.progress(0.5, text)
        st.segmented_control(text, [name], format_func=safe, key=f"choice {number}")
        st.image("data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==", text)
st.html("<p id='end'></p>")
