"""Grids of pictures: pages, numbers, and pictures that are missing or listed twice."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError
from cldi_core.scoring.methods import METHODS
from pages._ui import draw, load, view
from tests.conftest import BACKBONE

grid = draw._grid.__wrapped__  # type: ignore[attr-defined]  # as its fragment runs


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
    assert [line.split(";")[0].replace("\\", "") for line in said] == ["Missing or broken: 2 of the 4 pictures here"]
    draw.row("small", ["lost", "a"], "cow", width=40)
    assert drawn.alt[2:] == ["cow, picture 2 of 2"]


def test_the_command_that_looks_into_missing_pictures_is_shown_as_it_is(drawn: Images, said: list[str]) -> None:
    grid("small", ("lost",), "dog", "key", 66)
    (line,) = said
    assert line == draw.safe(
        "Missing or broken: 1 of the 1 picture here; run: python -m cldi_core check --dataset small --deep"
    )


def test_a_grid_without_pictures_says_of_what(drawn: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    begun: list[tuple[Any, ...]] = []
    monkeypatch.setattr(st, "info", told.append)
    monkeypatch.setattr(draw, "_grid", lambda *given: begun.append(given))
    draw.grid("small", [], "*dog* (en)", "key")
    assert (told, begun) == ([f"No pictures of {draw.safe('*dog* (en)')}."], [])
    draw.grid("small", ["a", "b"], "dog", "key", width=40)
    assert (len(told), begun) == (1, [("small", ("a", "b"), "dog", "key", 40)])


def test_a_part_of_a_page_reports_its_own_errors(
    drawn: Images, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    def broken(*given: Any, **named: Any) -> None:
        raise CldiError("images/*.parquet cannot be read")

    told: list[str] = []
    monkeypatch.setattr(load, "thumbnails", broken)
    monkeypatch.setattr(st, "error", told.append)
    grid("small", tuple("abc") * 20, "dog", "key", 66)
    assert told == [draw.safe("images/*.parquet cannot be read")] and (drawn.calls, said) == (0, [])


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
    numbers = draw.page(count, 24, "key")
    last = (count - 1) // 24
    assert numbers == range(min(page, last) * 24, min((min(page, last) + 1) * 24, count)) and len(numbers) > 0


class Buttons(dict[str, Any]):
    """Stands in for ``st.button``: key → its options."""

    def __call__(self, label: str, *, key: str, **options: Any) -> None:
        self[key] = {"label": label, **options}

    def press(self, key: str) -> None:
        """Do what the button does, where it can be pressed."""
        assert not self[key]["disabled"]
        self[key]["on_click"](*self[key]["args"])


@pytest.mark.parametrize("count", [1, 6, 7, 12, 13, 18])
def test_the_buttons_below_lead_to_every_page_and_back(
    drawn: Images, monkeypatch: pytest.MonkeyPatch, said: list[str], count: int
) -> None:
    buttons = Buttons()
    monkeypatch.setattr(st, "button", buttons)

    def shown() -> range:
        numbers = draw.page(count, 6, "key")
        draw.pager(numbers, count, 6, "key")
        return numbers

    ways = [shown()]
    assert bool(buttons) == bool(said) == (count > 6), "one page needs no buttons"
    while ways[-1].stop < count:
        buttons.press("on-key")
        ways.append(shown())
        assert said[-1] == f"{ways[-1].start + 1}–{ways[-1].stop} of {count}"
    assert [number for numbers in ways for number in numbers] == list(range(count))
    if buttons:
        assert buttons["on-key"]["disabled"]
        for numbers in ways[-2::-1]:
            buttons.press("back-key")
            assert shown() == numbers
        assert buttons["back-key"]["disabled"]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The empty states that are drawn: what is said, and the command below."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(st, "info", lambda text: found.append((text, "")))
    monkeypatch.setattr(st, "code", lambda text, **options: found.append((found.pop()[0], text)))
    return found


@pytest.mark.parametrize(("pair", "backbone"), [("", BACKBONE), ("en-de", ""), ("", ""), ("en-de", BACKBONE)])
def test_a_page_needs_a_pair_and_a_backbone(
    small: Dataset, told: list[tuple[str, str]], pair: str, backbone: str
) -> None:
    there = bool(pair and backbone)
    assert draw.ready(view.View("small", pair, backbone=backbone), "compare") is there
    what = "There is nothing to compare yet: the data set needs a word list, pictures and features."
    assert told == [] if there else [(draw.safe(what), "python -m cldi_core check --dataset small")]


def test_methods_without_scores_are_named_with_the_command_that_scores_them(
    small: Dataset, told: list[tuple[str, str]]
) -> None:
    lacking = [name for name in METHODS if name in {"knn", "cnn-max"}]
    records = [{"method": name} for name in METHODS if name not in lacking]
    draw.unscored("small", BACKBONE, records)
    names = ", ".join(METHODS[name].label for name in lacking)
    what = f"Not shown, because they have not been scored for this data set yet: {names}."
    assert told == [(draw.safe(what), f"python -m cldi_core score --dataset small --backbone {BACKBONE}")]
    draw.unscored("small", BACKBONE, [{"method": name} for name in METHODS])
    draw.unscored("small", BACKBONE, records, ["avgmax"])
    assert len(told) == 1, "nothing is missing"


def test_what_is_not_ranked_is_named_with_its_own_commands(small: Dataset, told: list[tuple[str, str]]) -> None:
    current = view.View("small", "en-de", method="maxmax", backbone=BACKBONE)
    draw.unranked(current, "Ranks are not shown", ("knn", "my net"), ("avgmax+csls", BACKBONE))
    score = "python -m cldi_core score --dataset small --pair en-de --backbone"
    assert told == [
        (
            draw.safe(
                "Ranks are not shown: for en-de there are no scores yet of KNN with my net, "
                "AVGMAX + CSLS with EfficientNet-Lite0."
            ),
            f"{score} 'my net' --method knn\n{score} {BACKBONE} --method avgmax+csls",
        )
    ]


def test_a_strip_shows_every_picture_that_it_is_asked_for(small: Dataset) -> None:
    one, other = small.members("en")["dog"]
    twice, both = load.strip("small", (one, one)), load.strip("small", (one, other))
    assert twice and both and twice != both
    assert load.strip("small", (one, "0" * 32)) == load.strip("small", (one,)) != twice
    assert load.strip("small", ("0" * 32,)) is None
