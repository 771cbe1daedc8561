"""The view in the URL: a public contract, and the only thing of a visitor that is trusted with nothing."""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace
from urllib.parse import parse_qs, urlencode

import pytest
import streamlit as st

from cldi_core.scoring.methods import METHODS
from pages._ui import contenders, frame, view
from tests.pages.conftest import Url

NAMES = ["demo", "demo-hard"]
CHOICES = {
    "pair": ["en-de", "en-fr"], "backbone": ["efficientnet-lite0", "efficientnet-lite2"], "judge": ["Ann", "Zoë <b>"],
}  # fmt: skip
FULL = view.View("demo-hard", "en-fr", "VA", "maxmax", "efficientnet-lite2", "missed", "shake.V", "sécher", "Zoë <b>")
EVIL = (
    "../../etc",
    "/etc/passwd",
    "demo\x00",
    "<script>alert(1)</script>",
    "[x](http://y.example)",
    "AVGMAX ",
    "x" * 100_000,
)


def resolve(params: dict[str, str], base: view.View | None = None) -> tuple[view.View, list[str]]:
    """As ``view.resolve``, with what the demo offers."""
    return view.resolve(params, base or view.View(), NAMES, CHOICES)


def test_the_names_in_links_never_change() -> None:
    assert view.PARAMS == ("dataset", "pair", "pos", "method", "backbone", "show", "word", "candidate", "judge")
    assert tuple(view.PAGE_PARAMS) == (
        "trained", "picture", "task", "tested", "among", "language", "text", "without", "first", "k",
        "present", "top", "contenders", "beside", "unseen", "topic", "scope", "flow", "bar", "part",
        "outcome", "cause", "find", "seed", "section", "source", "suspects", "report", "why", "pictures",
        "page", "out", "tour", "kind", "colour", "join", "chosen", "search", "figure", "pairs", "alike",
        "clean", "curve", "within",
    )  # fmt: skip
    assert frame.KEYS == ("dataset", "pair", "pos", "method", "backbone")
    pages = "overview word compare failure dispersion map pivoting results play judge data"
    assert " ".join(frame.PAGES) == pages
    assert view.SHOWS == {"all": "All", "found": "Found", "nearly": "Nearly", "missed": "Missed"}
    assert tuple(field.name for field in fields(view.View)) == view.PARAMS


def test_a_full_link_comes_back_as_the_same_view() -> None:
    read = {name: values[0] for name, values in parse_qs(urlencode(FULL.params())).items()}
    assert resolve(read) == (FULL, [])
    assert tuple(read) == view.PARAMS


def test_empty_fields_are_left_out_of_the_link() -> None:
    assert view.View("demo").params() == {"dataset": "demo", "pos": "NVA", "method": "avgmax", "show": "all"}


def test_nothing_asked_gives_the_defaults_without_complaint() -> None:
    found, problems = resolve({})
    assert found == view.View("demo", "en-de", "NVA", "avgmax", "efficientnet-lite0", "all")
    assert problems == []


def test_defaults_are_taken_from_what_is_there() -> None:
    found, problems = view.resolve({}, view.View(), ["mine"], {"pair": ["en-ru", "en-xh"], "backbone": ["vgg19"]})
    assert (found.dataset, found.pair, found.backbone, problems) == ("mine", "en-ru", "vgg19", [])
    usual = {"pair": ["en-ar", "en-de"], "backbone": ["densenet", "efficientnet-lite0"]}
    found, problems = view.resolve({}, view.View(), ["mine"], usual)
    assert (found.pair, found.backbone, problems) == ("en-de", "efficientnet-lite0", []), "not the first of the list"
    bare, problems = view.resolve({}, view.View(), ["mine"], {"pair": [], "backbone": []})
    assert (bare.pair, bare.backbone, problems) == ("", "", [])


def test_what_the_link_leaves_out_comes_from_the_view_before() -> None:
    found, problems = resolve({"word": "owe.V"}, FULL)
    assert found == view.View(**{**FULL.params(), "word": "owe.V"})
    assert problems == []


def test_a_view_before_that_does_not_fit_any_more_is_no_complaint() -> None:
    found, problems = resolve({"dataset": "demo"}, view.View("demo", "en-xh", "NVA", "gone", "old", "odd"))
    assert (found.pair, found.method, found.backbone, found.show) == ("en-de", "avgmax", "efficientnet-lite0", "all")
    assert problems == []


@pytest.mark.parametrize("value", EVIL)
@pytest.mark.parametrize("name", ["dataset", "pair", "method", "backbone", "show"])
def test_a_bad_name_falls_back_and_says_so_in_one_line(name: str, value: str) -> None:
    found, problems = resolve({**FULL.params(), name: value})
    assert getattr(found, name) == getattr(resolve({})[0], name)
    assert all(getattr(found, other) == getattr(FULL, other) for other in view.PARAMS if other != name)
    (line,) = problems
    assert line.startswith(f"There is no {name} “{value[:40]}” here; showing ")
    assert len(line) < 120 and "\n" not in line
    assert getattr(found, name) in line


def test_a_bad_name_where_there_is_nothing_to_fall_back_to() -> None:
    found, problems = view.resolve({"pair": "en-xx"}, view.View(), ["new"], {"pair": [], "backbone": []})
    assert found.pair == ""
    assert problems == ["There is no pair “en-xx” here; showing nothing."]


@pytest.mark.parametrize("value", EVIL)
def test_a_name_that_has_not_judged_is_ignored_in_one_line(value: str) -> None:
    found, problems = resolve({**FULL.params(), "judge": value})
    assert found == view.View(**{**FULL.params(), "judge": ""})
    assert problems == [f"Nobody called “{value[:40]}” has judged here; showing it without judgements."]
    assert view.resolve(FULL.params(), view.View(), NAMES, {**CHOICES, "judge": []})[0].judge == ""


def test_a_name_from_the_view_before_that_has_not_judged_here_is_no_complaint() -> None:
    found, problems = view.resolve({}, FULL, NAMES, {**CHOICES, "judge": ["Bob"]})
    assert (found.judge, problems) == ("", [])
    assert resolve({}, FULL)[0].judge == "Zoë <b>"


def test_every_bad_name_has_its_own_line() -> None:
    problems = resolve(dict.fromkeys(("dataset", "pair", "method", "backbone", "show"), "../x"))[1]
    assert len(problems) == 5


@pytest.mark.parametrize(
    ("asked", "kept"),
    [("V", "V"), ("AN", "NA"), ("NNN", "N"), ("", "NVA"), ("xyz", "NVA"), ("n", "NVA"), ("../A", "A")],
)
def test_parts_of_speech_are_letters_in_one_order(asked: str, kept: str) -> None:
    assert resolve({"pos": asked})[0].pos == kept


@pytest.mark.parametrize("value", EVIL)
def test_words_are_text_of_bounded_length(value: str) -> None:
    found, problems = resolve({"word": value, "candidate": value})
    assert found.word == found.candidate == value[:200]
    assert problems == []


@pytest.mark.parametrize("method", [*METHODS, "maxmax+csls", "rrf=avgmax,knn"])
def test_every_method_can_be_linked_to(method: str) -> None:
    assert resolve({"method": method}) == (view.View(**{**resolve({})[0].params(), "method": method}), [])


@pytest.mark.parametrize("method", ["pivot-sym", "vse"])
@pytest.mark.parametrize("pair", ["en-de", "en-fr"])
@pytest.mark.parametrize("backbone", CHOICES["backbone"])
def test_a_learned_method_is_one_where_it_is_trained(method: str, pair: str, backbone: str) -> None:
    """For this pair, with this backbone."""
    choices = {**CHOICES, "learned": ["efficientnet-lite2/en-fr/pivot-sym"]}
    asked = {"method": method, "pair": pair, "backbone": backbone}
    found, problems = view.resolve(asked, view.View(), NAMES, choices)
    there = f"{backbone}/{pair}/{method}" in choices["learned"]
    assert (found.method, len(problems)) == ((method, 0) if there else ("avgmax", 1))
    assert resolve(asked)[0].method == "avgmax", "nothing is trained there"


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Url:
    """The URL and the session of a visitor who looks at ``FULL``."""
    url = Url(FULL.params())
    monkeypatch.setattr(st, "query_params", url)
    monkeypatch.setattr(st, "session_state", {"view": FULL})
    return url


@pytest.mark.parametrize("address", ["http://x.example/word", "http://x.example/word?old=1&word=y", None])
def test_the_link_holds_the_view_and_what_the_page_was_asked(
    url: Url, monkeypatch: pytest.MonkeyPatch, address: str | None
) -> None:
    monkeypatch.setattr(st, "context", SimpleNamespace(url=address))
    url |= {"contenders": "rrf=avgmax,knn@vgg19", "old": "1"}
    place, _, asked = view.link(FULL).partition("?")
    assert place == ("http://x.example/word" if address else "")
    assert parse_qs(asked, strict_parsing=True) == {
        name: [value] for name, value in (FULL.params() | {"contenders": "rrf=avgmax,knn@vgg19"}).items()
    }


def started(page: str = "Word") -> view.View:
    """The view at the beginning of a run of a page, which nothing was wrong with."""
    found, problems = view.start(NAMES, lambda name: CHOICES, page)
    assert problems == [] and found == view.current()
    return found


def test_choices_are_asked_of_the_chosen_data_set_alone(url: Url) -> None:
    asked: list[str] = []
    for given in ({"dataset": "demo-hard"}, {"dataset": "demo"}, {}, {"dataset": "../x"}):
        url.from_dict(given)
        view.start(NAMES, lambda name: asked.append(name) or CHOICES)
    assert asked == ["demo-hard", "demo", "demo", "demo"]


def test_a_link_stays_as_it_is_and_what_it_leaves_out_has_its_default(url: Url) -> None:
    """To write the URL would make an entry in the browser's history that leads back to itself."""
    del st.session_state["view"]
    for given in ({}, {"word": "shake.V"}, {"word": "shake.V", "text": "cow", "junk": "1"}):
        url.from_dict(given)
        wanted = view.View("demo", "en-de", "NVA", "avgmax", "efficientnet-lite0", word=given.get("word", ""))
        for _ in range(2):  # as it is opened, and as it is drawn again
            assert started() == wanted and url == given


def test_who_comes_back_to_a_link_gets_what_it_gave(url: Url) -> None:
    del st.session_state["view"]
    url.from_dict({"word": "shake.V"})
    first = started()
    view.go(candidate="Hand", pos="V")
    assert started() == view.View(**(first.params() | {"candidate": "Hand", "pos": "V"}))
    url.from_dict({"word": "shake.V"})
    assert started() == first, "nothing of what was looked at in between"


def test_what_is_wrong_with_a_link_is_said_once(url: Url) -> None:
    url.from_dict({"dataset": "demo", "pair": "en-xx", "word": "owe.V"})
    found, problems = view.start(NAMES, lambda name: CHOICES, "Word")
    assert found.pair == "en-de" and len(problems) == 1
    assert started() == found
    view.go(word="shake.V")
    assert started().pair == "en-de" == url["pair"]


def test_features_that_come_to_be_change_nothing_that_is_looked_at(url: Url) -> None:
    del st.session_state["view"]
    url.clear()
    for there in (["vgg19"], ["efficientnet-lite0", "vgg19"]):  # the default would be the other now
        found, _ = view.start(NAMES, lambda name, there=there: {**CHOICES, "backbone": there}, "Data")
        assert found.backbone == "vgg19" and url == {}


def test_where_a_link_without_parameters_leads_the_view_goes_along(url: Url) -> None:
    started()
    url.clear()
    assert started("Map") == FULL and url == FULL.params()


@pytest.fixture
def back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run is begun by the browser's back or forward."""
    told = SimpleNamespace(is_history_navigation=True)
    monkeypatch.setattr(view, "get_script_run_ctx", lambda suppress_warning: told)


def test_who_goes_back_to_a_page_without_parameters_gets_its_defaults(url: Url, back: None) -> None:
    started()
    url.clear()
    assert started("Overview") == resolve({}, view.View(pos=""))[0] and url == {}


def test_a_page_is_found_in_the_menu_as_it_was_left(url: Url) -> None:
    started("Compare")
    view.go(contenders="knn@x,maxmax@x", unseen="1")
    started("Compare")
    assert view.of_menu("Compare") == FULL.params() | {"contenders": "knn@x,maxmax@x", "unseen": "1"}
    assert view.of_menu("Word") == FULL.params()
    url.from_dict(view.of_menu("Word"))
    started("Word")
    view.go(method="knn", without="00000001")
    assert view.of_menu("Compare")["contenders"] == "knn@x,maxmax@x", "also under another method"
    url.from_dict(view.of_menu("Compare"))
    started("Compare")
    assert view.of_menu("Word")["without"] == "00000001"
    view.go(backbone="efficientnet-lite0", word="owe.V")
    assert "without" not in view.of_menu("Word"), "it says nothing of another word"
    url.from_dict(view.of_menu("Word"))
    started("Word")
    assert view.of_menu("Compare") == view.current().params() | {"unseen": "1"}, "nor they of another backbone"


def test_the_way_back_from_a_word_is_to_the_page_as_it_was(
    url: Url, back: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streamlit puts the parameters of the Word page under the address of this one, and then goes there."""
    led: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(st, "switch_page", lambda page, query_params: led.append((page, query_params)))
    url.from_dict({"pair": "en-fr", "contenders": "knn@x,maxmax@x"})
    before = started("Compare")
    view.open_word("owe.V", method="knn")
    assert led == [("pages/word.py", before.params() | {"word": "owe.V", "method": "knn"})]
    url.from_dict(led[0][1])
    assert started("Word").word == "owe.V"
    url.from_dict(led[0][1])
    assert started("Compare") == before and url == {"pair": "en-fr", "contenders": "knn@x,maxmax@x"}


def test_a_new_visitor_has_no_view_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {})
    assert view.current() == view.View()


def test_a_widget_shows_its_parameter_and_writes_it_back(url: Url) -> None:
    given = view.widget("text", "red cow", key="pivot text")
    assert (given["key"], st.session_state["pivot text"]) == ("pivot text", "red cow")
    st.session_state["pivot text"] = "blue sun"
    given["on_change"]()
    assert url == FULL.params() | {"text": "blue sun"} and view.asked("text") == "blue sun"
    st.session_state["pivot text"] = ""
    given["on_change"]()
    assert url == FULL.params() and view.asked("text") == ""


def test_a_widget_of_the_view_changes_the_view(url: Url) -> None:
    done: list[str] = []
    given = view.widget("pos", ["V"], write="".join, then=lambda: done.append(view.current().pos), candidate="")
    assert given["key"] == "pos"
    st.session_state["pos"] = ["N", "A"]
    given["on_change"]()
    assert (view.current().pos, view.current().candidate, done) == ("NA", "", ["NA"])
    assert url == {name: value for name, value in (FULL.params() | {"pos": "NA"}).items() if name != "candidate"}


def test_what_belongs_to_one_page_stays_until_it_has_no_meaning(url: Url) -> None:
    view.go(contenders="knn@x", beside="knn@x", among="all", top="30", bar="V")
    view.go(pos="N")
    assert (url["contenders"], url["among"], url["pos"]) == ("knn@x", "all", "N")
    view.go(method="knn")
    assert (url["contenders"], url["among"], url["method"]) == ("knn@x", "all", "knn") and "bar" not in url
    view.go(contenders="knn@y")
    assert (url["contenders"], url["top"]) == ("knn@y", "30") and "beside" not in url
    view.go(text="cow", picture="1")
    view.go(backbone="efficientnet-lite0", among="test")
    assert "contenders" not in url and "picture" not in url
    assert (url["among"], url["text"], url["top"]) == ("test", "cow", "30")


def test_a_widget_can_change_more_by_what_is_chosen(url: Url) -> None:
    given = view.widget("pos", ["V"], write="".join, more=lambda pos: {"word": "" if pos == "N" else "owe.V"})
    for chosen, word in ((["A"], "owe.V"), (["N"], None)):
        st.session_state["pos"] = chosen
        given["on_change"]()
        assert (url["pos"], url.get("word")) == (chosen[0], word)


@pytest.mark.parametrize("value", EVIL)
def test_a_choice_is_one_of_those_that_exist(url: Url, value: str) -> None:
    url["trained"] = value
    assert view.one_of("trained", ["items/vse/0", "items/oe/0"]) == "items/vse/0"
    url["trained"] = "items/oe/0"
    assert view.one_of("trained", ["items/vse/0", "items/oe/0"]) == "items/oe/0"


@pytest.mark.parametrize("name", ["without", "first", "k", "present"])
@pytest.mark.parametrize("change", view.PARAMS)
def test_what_is_tried_ends_with_the_word_and_a_presentation_with_nothing(url: Url, name: str, change: str) -> None:
    url[name] = "1"
    view.go(**{change: "x"})
    assert (name in url) == (name == "present" or change not in ("dataset", "pair", "word"))


def test_a_parameter_that_is_set_is_not_ended_by_what_changes_with_it(url: Url) -> None:
    url["without"] = "00000001"
    view.go(word="owe.V", without="00000002")
    assert (url["word"], url["without"]) == ("owe.V", "00000002")


def test_the_link_to_a_word_is_to_its_right_answer_and_keeps_the_filter(url: Url) -> None:
    assert FULL.candidate and FULL.show != "all" and FULL.pos != "NVA" and FULL.word != "owe.V"
    params = view.of_word("owe.V")
    assert params == {name: value for name, value in FULL.params().items() if name != "candidate"} | {"word": "owe.V"}
    assert view.of_word("owe.V", pos="N", method="knn") == params | {"pos": "N", "method": "knn"}


@pytest.mark.parametrize("name", ["dataset", "pair", "backbone"])
def test_a_name_of_any_length_is_found(name: str) -> None:
    """That of a data set may be a path."""
    long = "/" + "x" * 400
    choices = {kind: [*known, long] for kind, known in CHOICES.items()}
    found, problems = view.resolve({name: long}, view.View(), [*NAMES, long], choices)
    assert (getattr(found, name), problems) == (long, [])


def test_only_names_of_the_url_can_be_changed(url: Url) -> None:
    with pytest.raises(TypeError):
        view.go(folder="/etc")


@pytest.mark.parametrize("value", EVIL)
def test_a_hostile_contender_is_looked_for_nowhere(url: Url, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(contenders.load, "learned", lambda *names: asked.append(names) or ["pivot-sym"])
    monkeypatch.setattr(contenders.load, "opened", lambda name: SimpleNamespace(backbones=("vgg19",)))
    found = contenders._parsed(f"pivot-sym@{value},{value}@vgg19,rrf=avgmax,knn@vgg19,pivot-sym@vgg19")
    assert ("rrf=avgmax,knn", "vgg19") in found
    known = [one for one in found if contenders._exists(FULL, one)]
    assert known == [("rrf=avgmax,knn", "vgg19"), ("pivot-sym", "vgg19")]
    assert {names[1] for names in asked} == {"vgg19"}
