"""Bars of causes: each piece is as long as its share, says how many, and can be told from its neighbours."""

from __future__ import annotations

import pandas as pd
import pytest

from cldi_core.insight import word_table
from cldi_core.insight.word_table import LABELS
from pages._ui import cause_figures
from tests.insight.words_data import FOUND, OWNED, evidence_of


def counts_of(**rows: dict) -> pd.DataFrame:
    frame = evidence_of({f"{name}.{name[0].upper()}": row for name, row in rows.items()}, 12)
    return word_table.by_cause(word_table.table(frame))


def test_every_piece_is_a_share_of_its_bar() -> None:
    counts = counts_of(**{f"v{place}": OWNED for place in range(6)}, a1={"rank": float("nan")}, n1=FOUND)
    figure = cause_figures.causes(counts)
    pieces = {tuple(key): (trace.x[place], trace.y[place], trace.text[place], trace.hovertext[place], trace.name)
              for trace in figure.data for place, key in enumerate(trace.customdata)}  # fmt: skip
    assert len(pieces) == len(counts)
    for row in counts.itertuples():
        share, bar, text, hover, name = pieces[row.pos, row.cause]
        assert share == row.words / row.of and name == row.label and bar.endswith(f"s, n = {row.of}")
        assert text == "" or str(row.words) in text
        assert f"{row.words} of {row.of} " in hover and f"{row.found} of {row.found_of} that are" in hover
    assert figure.layout.yaxis.categoryarray == ("nouns, n = 12", "verbs, n = 18", "adjectives, n = 13")


@pytest.mark.parametrize("share", [0.0, 0.019, 0.02, 0.079, 0.08, 0.12, 0.2, 0.5, 1.0])
def test_a_label_stands_only_where_it_has_room(share: float) -> None:
    for label in LABELS.values():
        text = cause_figures._label(label, 1234, share)
        *lines, last = text.split("<br>")
        assert all(len(line) <= cause_figures.LETTERS * share + 2 for line in lines) and len(lines) <= 3
        assert (text == "") == (share < 0.02) and ("1234" in last or not text)
        assert not lines or " ".join(lines) == label


def test_causes_look_different_and_their_labels_can_be_read() -> None:
    looks = [look[:2] for look in cause_figures.LOOK.values()]
    assert set(cause_figures.LOOK) == set(LABELS) and len(set(looks)) == len(looks)
    for colour, _, text in cause_figures.LOOK.values():
        high, low = sorted((luminance(colour), luminance(text)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, f"WCAG AA of {text} on {colour}"


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
