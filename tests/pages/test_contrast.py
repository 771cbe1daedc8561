"""Whether what pages are coloured with can be read: the themes' colours and the palettes of figures."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from pages._ui import figures
from tools.browser import ROOT

TEXT, GRAPHICS = 4.5, 3  # WCAG 2.2, 1.4.3 and 1.4.11
HUES = ("red", "orange", "yellow", "blue", "green", "violet", "gray")
STYLE = (ROOT / "pages/_ui/style.css").read_text("utf-8")
BOARD = (ROOT / "pages/_ui/board.css").read_text("utf-8")
TAKE = (ROOT / "pages/_ui/take.css").read_text("utf-8")
Colour = tuple[float, ...]


def rgb(name: str) -> Colour:
    digits = name.removeprefix("#")
    return tuple(int(digits[place : place + 2], 16) for place in (0, 2, 4))


def luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """The ratio of WCAG 2.2, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def over(colour: Colour, ground: Colour, share: float) -> Colour:
    """What a colour is on a ground that shines through."""
    return tuple(share * above + (1 - share) * below for above, below in zip(colour, ground, strict=True))


def grounds(theme: dict[str, str]) -> list[Colour]:
    return [rgb(theme["backgroundColor"]), rgb(theme["secondaryBackgroundColor"])]


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> dict[str, str]:
    options: dict[str, Any] = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))
    return options["theme"][request.param]


def test_the_ratio_is_that_of_the_standard() -> None:
    assert contrast(rgb("#000000"), rgb("#FFFFFF")) == pytest.approx(21)
    assert contrast(rgb("#777777"), rgb("#FFFFFF")) == pytest.approx(4.48, abs=0.005)


def test_texts_can_be_read_on_pages_and_in_the_sidebar(theme: dict[str, str]) -> None:
    names = ["textColor", "linkColor", "codeTextColor", *(f"{hue}TextColor" for hue in HUES)]
    low = {(name, ground): contrast(rgb(theme[name]), ground) for name in names for ground in grounds(theme)}
    assert {pair: ratio for pair, ratio in low.items() if ratio < TEXT} == {}


def test_badges_and_messages_can_be_read(theme: dict[str, str]) -> None:
    low = {hue: contrast(rgb(theme[f"{hue}TextColor"]), rgb(theme[f"{hue}BackgroundColor"])) for hue in HUES}
    assert {hue: ratio for hue, ratio in low.items() if ratio < TEXT} == {}


def test_what_is_faded_can_be_read(theme: dict[str, str]) -> None:
    captions = re.search(r'stCaptionContainer"\] \{[^}]*currentcolor (\d+)%', STYLE)
    faint = re.search(r"button \[[^{]* p \{[^}]*opacity: (0\.\d+)", STYLE)
    soft = re.search(r"--soft: color-mix\(in srgb, var\(--st-text-color\) (\d+)%", BOARD)
    take = re.search(r"color-mix\(in srgb, var\(--st-text-color\) (\d+)%", TAKE)
    assert captions and faint and soft and take
    shares = [0.6, float(faint[1]), *(int(found[1]) / 100 for found in (captions, soft, take))]  # 0.6 is Streamlit's
    text = rgb(theme["textColor"])
    assert all(contrast(over(text, ground, share), ground) >= TEXT for ground in grounds(theme) for share in shares)


def test_the_primary_colour_is_read_as_text_and_under_text(theme: dict[str, str]) -> None:
    primary = rgb(theme["primaryColor"])
    on_it = re.search(r"light-dark\(#fff, (#\w{6})\)", STYLE)
    assert on_it
    above = rgb("#FFFFFF") if luminance(rgb(theme["backgroundColor"])) > 0.5 else rgb(on_it[1])
    assert contrast(above, primary) >= TEXT
    # What is chosen among pills stands on a tenth of it.
    assert all(contrast(primary, over(primary, ground, 0.1)) >= TEXT for ground in grounds(theme))


def test_what_figures_draw_is_seen_in_both_themes(theme: dict[str, str]) -> None:
    palettes = [*figures.COLOURS.values(), *figures.LANGUAGE_COLOURS, *figures.OUTCOME_COLOURS.values()]
    ground = rgb(theme["backgroundColor"])
    assert {colour for colour in palettes if contrast(rgb(colour), ground) < GRAPHICS} == set()
