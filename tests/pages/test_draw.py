"""Grids of pictures: pages, numbers, and pictures that are missing or listed twice."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from cldi_core.data.dataset import Dataset
from cldi_core.data.pictures import data_url
from cldi_core.insight.explanation import Match
from pages._ui import draw, load

grid, matches = draw._grid.__wrapped__, draw.matches.__wrapped__  # type: ignore[attr-defined]  # as their fragments run


class Images:
    """Stands in for ``st.image``: keeps what it is given, and refuses what the real one cannot draw."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.alt: list[str] = []
        self.calls = 0

    def __call__(self, files: list[str], *, alt: list[str], **options: Any) -> None:
        assert files and len(files) == len(alt) and all(isinstance(file, str) for file in files)
        self.files, self.alt, self.calls = [*self.files, *files], [*self.alt, *alt], self.calls + 1


@pytest.fixture
def drawn(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> Images:
    """The pictures that are drawn; of the data set all but ``"lost"`` are there."""
    found = Images()
    monkeypatch.setattr(st, "image", found)
    monkeypatch.setattr(load, "thumbnails", lambda name, ids: {key: f"file of {key}" for key in ids if key != "lost"})
    st.session_state.clear()
    return found


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The captions that are drawn."""
    found: list[str] = []
    monkeypatch.setattr(st, "caption", lambda text, **options: found.append(text))
    return found


def test_a_picture_that_is_listed_twice_is_drawn_twice(drawn: Images, said: list[str]) -> None:
    grid("small", ("a", "b", "a"), "dog", "key", 66)
    assert drawn.files == ["file of a", "file of b", "file of a"]
    assert drawn.alt == ["dog, picture 1 of 3", "dog, picture 2 of 3", "dog, picture 3 of 3"]
    assert said == [], "nothing is missing"


def test_numbers_stay_where_a_picture_is_missing(drawn: Images, said: list[str]) -> None:
    grid("small", ("a", "lost", "b", "lost"), "dog", "key", 66)
    assert drawn.alt == ["dog, picture 1 of 4", "dog, picture 3 of 4"]
    assert [line.split(";")[0].replace("\\", "") for line in said] == ["Missing or broken: 2 of these 4 pictures"]
    draw.row("small", ["lost", "a"], "cow", width=40)
    assert drawn.alt[2:] == ["cow, picture 2 of 2"]


def test_nothing_is_drawn_where_all_are_missing(drawn: Images, said: list[str]) -> None:
    grid("small", ("lost",), "dog", "key", 66)
    draw.row("small", ["lost", "lost"], "dog", width=40)
    draw.row("small", [], "dog", width=40)
    assert drawn.calls == 0 and len(said) == 1


def test_numbers_go_on_over_the_pages(drawn: Images, said: list[str]) -> None:
    ids = [f"p{number}" for number in range(1, 51)]
    st.session_state["page-key"] = 1
    grid("small", tuple(ids), "dog", "key", 66)
    assert drawn.alt == [f"dog, picture {number} of 50" for number in range(25, 49)]
    assert drawn.files == [f"file of p{number}" for number in range(25, 49)]
    assert said == ["25–48 of 50"]


@pytest.mark.parametrize("count", [1, 23, 24, 25, 47, 48, 49])
@pytest.mark.parametrize("page", [0, 1, 2, 3, 99])
def test_a_page_beyond_the_last_is_the_last(drawn: Images, count: int, page: int) -> None:
    """Another word has fewer pictures than the one whose pages were turned."""
    st.session_state["page-key"] = page
    numbers = draw._page(count, 24, "key")
    last = (count - 1) // 24
    assert numbers == range(min(page, last) * 24, min((min(page, last) + 1) * 24, count)) and len(numbers) > 0


def test_matches_of_missing_pictures_are_left_out(
    drawn: Images, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    monkeypatch.setattr(load, "strip", lambda name, ids, arrow: None if "lost" in ids else " ".join(ids))
    found = [Match("a", "b", 0.9), Match("lost", "b", 0.8), Match("c", "d", 0.7)]
    matches("small", found, ("dog", "Hund"), "key")
    assert drawn.files == ["a b", "c d"]
    assert [text.rpartition(" ")[2] for text in drawn.alt] == ["0.90", "0.70"]
    matches("small", found[1:2], ("dog", "Hund"), "key")
    assert drawn.calls == 1


def test_a_strip_shows_every_picture_that_it_is_asked_for(small: Dataset) -> None:
    one, other = small.members("en")["dog"]
    twice, both = load.strip("small", (one, one)), load.strip("small", (one, other))
    assert twice and both and twice != both
    assert load.strip("small", (one, "0" * 32)) == load.strip("small", (one,)) != twice
    assert load.strip("small", ("0" * 32,)) is None


def test_a_pair_is_shown_whole_or_not_at_all(small: Dataset) -> None:
    """The picture that both words share is compared with itself; a missing one is compared with nothing."""
    one, other = small.members("en")["dog"]
    assert load.strip("small", (one, one), arrow=True) not in (None, load.strip("small", (one,)))
    assert load.strip("small", (one, other), arrow=True) != load.strip("small", (one, one), arrow=True)
    assert load.strip("small", (one, "0" * 32), arrow=True) is None
    assert load.strip("small", (one, other), arrow=True) != data_url(b"", "svg+xml")
