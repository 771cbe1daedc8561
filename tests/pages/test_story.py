"""The steps of the story: what each says and what its buttons do."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from cldi_core.insight import story_words
from cldi_core.insight.causes import Cause
from cldi_core.insight.ceiling import Ceiling
from cldi_core.insight.changes import Change
from cldi_core.insight.groups import Group
from cldi_core.insight.relations import Relation
from cldi_core.insight.story import Attributed, Hub, Place, Share, Story
from pages._ui import cards, draw, load, story, told, view, what_if
from pages._ui.what_if import Trial
from tests.insight.test_explanation import MILK, NAN, case
from tests.pages.conftest import Shown, Url

IDS = {"shake": tuple(f"{n:032x}" for n in range(6)), "schütteln": tuple(f"{n:032x}" for n in range(10, 13))}
LOST = "f" * 32
IDS = {word: tuple(key[::-1] for key in ids) for word, ids in IDS.items()}  # told apart by their first digits
PAIR: Any = SimpleNamespace(
    source=SimpleNamespace(word_ids=lambda word: list(IDS[word])),
    target=SimpleNamespace(word_ids=lambda word: list(IDS[word])),
)
CURRENT = view.View("small", "en-de", method="avgmax", backbone="vgg19", word="shake.V")


def told_of(**changes: Any) -> Story:
    """The story of “shake”, missed, of which nothing is known yet."""
    nothing = Story(case(40, others=(MILK,)))
    return replace(nothing, **changes)


@pytest.fixture(autouse=True)
def drawn(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """A visitor who looks at the word; rows of pictures are kept as calls."""
    st.session_state["view"] = CURRENT
    monkeypatch.setattr(draw, "row", lambda name, ids, alt, *, width: shown.call("row", (name, tuple(ids), alt)))
    known = SimpleNamespace(name="<b>thing</b>")
    monkeypatch.setattr(load, "thumbnails", lambda name, ids: {key: f"{name}/{key}" for key in ids if key != LOST})
    monkeypatch.setattr(
        cards, "show", lambda key, made, layout=cards.GRID: shown.call("cards", made, key=key, layout=layout)
    )
    monkeypatch.setattr(told, "known", lambda name, ids: dict.fromkeys(ids, known))
    return shown


def test_numbers_stand_with_their_percentile_and_meaning(drawn: Shown) -> None:
    places = {"dispersion": Place(0.456, 0.82, 111), "pictures": Place(14, 0.5, 111)}
    story.could_it(told_of(places=places, ceiling=Ceiling(0.6, 1.5, 10, 774)), "small")
    for line, name in zip(drawn.of("markdown"), ("pictures", "dispersion"), strict=False):
        title, meaning = story_words.PLACES[name]
        figure = {"pictures": "14", "dispersion": "0.46"}[name]
        assert line.startswith(f"{title} **{figure}**  \n") and line.endswith(f":small[:gray[{meaning}]]")
    assert f":small[:gray[{draw.safe('82 % of 111 verbs have at most this')}]]" in drawn.of("markdown")[1]
    assert drawn.of("markdown")[-1] == draw.safe(story_words.ceiling(Ceiling(0.6, 1.5, 10, 774), 3))
    assert drawn.of("row") == []


def test_near_duplicates_are_shown(drawn: Shown) -> None:
    story.could_it(told_of(duplicates=(("a", "b"), ("c", "d"))), "small")
    assert drawn.of("row") == [("small", ("a", "b", "c", "d"), "nearly the same")]
    assert any("2 pairs" in line for line in drawn.of("caption")) and "not known" in drawn.of("markdown")[-1]


GROUPS = (Group("<hand>", IDS["shake"][:4], "Hand", 8.0), Group("<*jar*>", IDS["shake"][4:], "Glas", NAN))


def shows(drawn: Shown, trial: Trial, **changes: Any) -> dict[str, tuple[cards.Card, ...]]:
    """The second step; its cards by side."""
    made = told_of(**changes)
    story.what_shows("small", PAIR, made, trial, (GROUPS, (Group("", (*IDS["schütteln"], LOST)),)))
    calls = [(options["key"], given[0]) for name, given, options in drawn.calls if name == "cards"]
    return {key.removeprefix("groups-"): tuple(given) for key, given in calls}


def test_groups_say_their_size_and_what_they_would_choose(drawn: Shown) -> None:
    found = shows(drawn, Trial())
    hand, jar = found["source"]
    assert (hand.title, hand.more, jar.title, jar.more) == ("<hand>", "4 of 6", "<*jar*>", "2 of 6")
    assert hand.text == "alone would choose Hand; the right answer would be #8"
    assert hand.pictures[1] == (f"small/{IDS['shake'][1]}", "shake, <hand>, picture 2 of 4") and len(hand.pictures) == 4
    (nameless,) = found["target"]
    assert (nameless.title, nameless.more, nameless.text) == ("without a name", "4 of 3", "")
    assert len(nameless.pictures) == 3, "one that cannot be read is left out"


def test_a_group_is_tried_alone_and_left_out(drawn: Shown) -> None:
    found = shows(drawn, Trial((), (IDS["schütteln"][0],)))
    kept = (IDS["schütteln"][0],)
    assert found["source"][0].acts == (
        cards.Act("Only these", {"without": what_if.written(IDS["shake"][4:], kept), "first": ""}),
        cards.Act("Without them", {"without": what_if.written(IDS["shake"][:4], kept), "first": ""}),
    )
    assert {act.changes for act in found["target"][0].acts} == {None}, "it is all there is"
    assert {act.why for act in found["target"][0].acts} == {"These are all its pictures."}


def test_the_right_answer_whose_group_is_tried_stands_on_the_board(drawn: Shown) -> None:
    ids = IDS["schütteln"]
    story.what_shows("small", PAIR, told_of(), Trial(), ((), (Group("x", ids[:1]), Group("y", ids[1:]))))
    (given,) = drawn.of("cards")
    assert given[0].acts[0].changes == {"without": what_if.written((), ids[1:]), "first": "", "candidate": "schütteln"}


def test_what_no_url_holds_is_told(drawn: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what_if, "MOST", 3)
    hand, jar = shows(drawn, Trial())["source"]
    assert (hand.acts[1].changes, hand.acts[1].why) == (None, "More than 3 pictures would be left out.")
    assert jar.acts[0].changes is None and hand.acts[0].changes and hand.acts[0].why == ""


def test_groups_of_what_is_not_compared_have_no_buttons(drawn: Shown) -> None:
    found = shows(drawn, Trial(), found=replace(case(40, others=(MILK,)), learned=True))
    assert found and {card.acts for own in found.values() for card in own} == {()}


def test_senses_are_counted_and_explained(drawn: Shown) -> None:
    shows(drawn, Trial(), senses=(("shake.v.01", "move *to* and fro"),))
    assert "shake has 8 WordNet senses." in drawn.of("caption")
    assert f"**{draw.safe('shake.v.01')}** {draw.safe('move *to* and fro')}" in drawn.of("markdown")


def test_without_a_wordnet_nothing_is_said_of_senses(drawn: Shown) -> None:
    shows(drawn, Trial(), found=replace(case(40, others=(MILK,)), senses=None))
    assert not [line for line in drawn.of("caption") if "senses" in line]


def test_more_groups_than_are_shown_are_counted(drawn: Shown) -> None:
    many = tuple(Group(str(n), (IDS["shake"][0],)) for n in range(9))
    story.what_shows("small", PAIR, told_of(), Trial(), (many, ()))
    assert "and 3 smaller groups" in drawn.of("caption")
    assert "There are no pictures to put into groups." in drawn.of("caption")


def attributed(word: str, *shares: float, **parts: float) -> Attributed:
    made = tuple(Share(f"id{n}", f"{word}{n}", 0.5, one) for n, one in enumerate(shares))
    return Attributed(word, sum(shares) + sum(parts.values()), made, tuple(parts.items()))


def test_the_bars_sum_to_the_difference_of_the_scores() -> None:
    rival, right = attributed("r<b>", 0.3, 0.1, hub=-0.05), attributed("g", 0.1, 0.2)
    (bars,) = story.apart("small", rival, right).data
    values, measures = list(bars["x"]), list(bars["measure"])
    assert measures == ["relative"] * 3 + ["total"]
    assert sum(values[:-1]) == pytest.approx(values[-1]) == pytest.approx(rival.score - right.score)
    assert list(bars["text"]) == ["+0.200", "−0.100", "−0.050", "+0.050"]
    layout = story.apart("small", rival, right).layout
    assert list(layout.yaxis.ticktext) == ["&lt;b&gt;thing&lt;/b&gt;"] * 2 + ["hub", "<b>difference</b>"]
    assert layout.xaxis.title.text == "score of r&lt;b&gt; less that of g"


def test_what_no_picture_made_is_not_taken_apart(drawn: Shown) -> None:
    story.taken_apart("small", None, attributed("g", 0.1))
    assert "No picture made these scores" in drawn.of("info")[0] and drawn.of("plotly_chart") == []
    story.taken_apart("small", attributed("r", 0.2), attributed("g", 0.1))
    assert drawn.options("plotly_chart")[0]["alt"] == "What leads from the score of g to that of r, by picture"


def test_the_rival_is_a_hub_or_related(drawn: Shown) -> None:
    story.relation(told_of(hub=Hub(41, 12, 9, 774), relations=(Relation("*same* things", "Both show <x>."),)))
    assert drawn.of("markdown") == [
        draw.safe(story_words.hub(Hub(41, 12, 9, 774), "Milchshake")),
        f"- **{draw.safe('*same* things')}**: {draw.safe('Both show <x>.')}",
    ]


def test_what_nothing_relates_is_told(drawn: Shown) -> None:
    story.relation(told_of())
    story.relation(told_of(found=case(1)))
    assert (
        "Nothing known relates" in drawn.of("markdown")[0] and drawn.of("markdown")[1] == "There is no wrong candidate."
    )


def change(kind: str, text: str, pictures: tuple[str, ...] = (), rank: float = 1.0, side: str = "source") -> Change:
    return Change(text, kind, side, pictures, rank, "Feier", rank <= 1)


@pytest.mark.parametrize(
    ("one", "asked"),
    [
        (change("without", "without crown", IDS["shake"][:2]), {"without": what_if.written(IDS["shake"][:2], ())}),
        (change("only", "only hand", IDS["shake"][4:]), {"without": what_if.written(IDS["shake"][4:], ())}),
        (change("without", "without x", IDS["schütteln"][:1], side="target"),
         {"without": what_if.written((), IDS["schütteln"][:1]), "candidate": "schütteln"}),
        (change("first", "first 3", IDS["shake"][3:]), {"first": "3"}),
        (change("method", "KNN", ("knn",), side=""), {"method": "knn"}),
        (change("backbone", "EfficientNet-Lite2", ("efficientnet-lite2",), side=""),
         {"backbone": "efficientnet-lite2"}),
        (change("pair", "en-fr", ("en-fr",), side=""), {"pair": "en-fr"}),
        (change("pair", "asked back", ("de-en", "Hund.N"), side=""), {"pair": "de-en", "word": "Hund.N"}),
    ],
)  # fmt: skip
def test_what_would_have_saved_it_is_a_click_away(
    drawn: Shown, url: Url, monkeypatch: pytest.MonkeyPatch, one: Change, asked: dict[str, str]
) -> None:
    dataset = SimpleNamespace(backbones=("vgg19", "efficientnet-lite2"), directions=("en-de", "en-fr", "de-en"))
    monkeypatch.setattr(load, "opened", lambda name: dataset)
    monkeypatch.setattr(load, "offered", lambda *here: ["avgmax", "knn"])
    story.saved(CURRENT, told_of(changes=(one,)), PAIR)
    ((card,),) = drawn.of("cards")
    assert drawn.options("cards")[0]["layout"] == cards.LINES
    (act,) = card.acts
    view.go(**act.changes)
    assert {name: url.get(name) for name in asked} == asked and url["word"] == asked.get("word", "shake.V")
    assert act.label == story_words.named(one) and card.text == story_words.change(one)


@pytest.mark.parametrize(
    "one", [change("method", "../x", ("../x",), side=""), change("pair", "en-xx", ("en-xx",), side="")]
)
def test_what_is_not_offered_is_told_and_no_link(drawn: Shown, monkeypatch: pytest.MonkeyPatch, one: Change) -> None:
    monkeypatch.setattr(load, "opened", lambda name: SimpleNamespace(backbones=("vgg19",), directions=("en-de",)))
    monkeypatch.setattr(load, "offered", lambda *here: ["avgmax"])
    story.saved(CURRENT, told_of(changes=(one,)), PAIR)
    ((card,),) = drawn.of("cards")
    assert card.acts[0].changes is None and card.text == story_words.change(one)


def test_nothing_of_the_kind_is_an_answer(drawn: Shown) -> None:
    story.saved(CURRENT, told_of(), PAIR)
    assert drawn.of("markdown") == [
        "Nothing of the kind would have: nothing can be left out, and no other method or pair has it."
    ]
    story.saved(CURRENT, told_of(changes=(change("first", "first 3", IDS["shake"][:3], rank=3.0),)), PAIR)
    assert drawn.of("markdown")[1].startswith("Nothing that was tried would have brought it to the first place.")
    story.saved(CURRENT, told_of(found=case(1)), PAIR)
    assert drawn.of("markdown")[2] == "The right answer is first already."


def test_causes_carry_the_shares_of_missed_and_found_words(drawn: Shown) -> None:
    one = Cause("another *word* owns", "It has <six>.", 0.5, 33, 90, 2, 21, "verbs of en-de")
    story.causes(told_of(causes=(one,)))
    assert drawn.of("markdown") == [
        f"- **{draw.safe('another *word* owns')}**: {draw.safe('It has <six>.')}  \n"
        f"  :small[:gray[{draw.safe(story_words.cause(one))}]]"
    ]
    story.causes(told_of())
    assert drawn.of("markdown")[-1] == "No single cause stands out."
