"""What is set against what on the Compare page: of the URL, or the view's own method and another."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import streamlit as st

from cldi_core.features import backbones
from pages._ui import contenders, load, view
from tests.pages.conftest import Shown, Url

LITE, VGG = "efficientnet-lite0", "vgg19"


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set with two backbones, and a model that is trained with one of them."""
    monkeypatch.setattr(load, "opened", lambda name: SimpleNamespace(backbones=(LITE, VGG)))
    monkeypatch.setattr(load, "offered", lambda name, backbone, pair: ["avgmax", "maxmax", "knn"])
    monkeypatch.setattr(
        load, "learned", lambda name, backbone, pair: ["pivot-sym"] if (backbone, pair) == (VGG, "en-de") else []
    )


def chosen(method: str, backbone: str = LITE) -> list[tuple[str, str]]:
    current = view.View("small", "en-de", method=method, backbone=backbone)
    st.session_state["view"] = current
    return contenders.chooser(current)


@pytest.mark.parametrize(
    ("method", "other"), [("avgmax", "maxmax"), ("knn", "maxmax"), ("maxmax", "avgmax"), ("pivot-sym", "avgmax")]
)
def test_a_method_is_compared_with_another_on_its_own_backbone(
    there: None, shown: Shown, method: str, other: str
) -> None:
    assert chosen(method, VGG) == [(method, VGG), (other, VGG)]


def test_method_and_backbone_are_chosen_apart(there: None, shown: Shown, url: Url) -> None:
    assert chosen("avgmax+csls") == [("avgmax+csls", LITE), ("maxmax", LITE)]
    for place, (name, own) in enumerate((("First", "avgmax+csls"), ("Second", "maxmax"))):
        method, backbone = shown.widget(f"method {place}"), shown.widget(f"backbone {place}")
        assert method["given"][0] == f"{name} method" and method["format_func"]("knn") == "KNN"
        assert method["given"][1] == [["avgmax", "knn", "avgmax+csls"], ["avgmax", "maxmax", "knn"]][place]
        assert backbone["given"] == (f"{name} backbone", [LITE, VGG])
        assert backbone["format_func"](VGG) == backbones.label(VGG)
        assert (st.session_state[f"method {place}"], st.session_state[f"backbone {place}"]) == (own, LITE)
    st.session_state["method 1"] = "knn"
    shown.widget("method 1")["on_change"]()
    assert url["contenders"] == f"avgmax+csls@{LITE},knn@{LITE}"
    st.session_state["backbone 0"] = VGG
    shown.widget("backbone 0")["on_change"]()
    assert url["contenders"] == f"avgmax+csls@{VGG},maxmax@{LITE}"
    assert contenders.label(("knn", LITE)) == "KNN · EfficientNet-Lite0"


def test_a_contender_is_called_by_what_tells_it_from_the_other() -> None:
    assert contenders.short(("knn", LITE), ("avgmax", LITE)) == "KNN" == contenders.short(("knn", LITE), ("vse", VGG))
    assert contenders.short(("knn", VGG), ("knn", LITE)) == backbones.label(VGG)


def test_those_of_the_url_are_compared_in_its_order_each_once(there: None, shown: Shown, url: Url) -> None:
    fusion = ("rrf=avgmax,knn", VGG)
    url["contenders"] = f"knn@{VGG},rrf=avgmax,knn@{VGG},knn@{VGG},avgmax@{LITE}"
    assert chosen("maxmax") == [("knn", VGG), fusion, ("avgmax", LITE)]
    assert shown.widget("method 1")["given"][1] == ["avgmax", "maxmax", "rrf=avgmax,knn"]
    st.session_state["method 2"] = "maxmax"
    shown.widget("method 2")["on_change"]()
    assert url["contenders"] == f"knn@{VGG},rrf=avgmax,knn@{VGG},maxmax@{LITE}"


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_two_to_four_are_compared(there: None, shown: Shown, url: Url, count: int) -> None:
    """A longer link is cut, and nobody can choose more: each of them is compared with each."""
    asked = [f"{name}@{net}" for net in (LITE, VGG) for name in ("avgmax", "maxmax", "knn")][:count]
    url["contenders"] = ",".join(asked)
    assert len(chosen("knn")) == min(count, 4) == min(count, contenders.MOST)
    drops = [options for options in shown.options("button") if options["key"].startswith("drop")]
    assert len(drops) == (min(count, 4) if count > 2 else 0)
    for place, drop in enumerate(drops):
        drop["on_click"](**drop["kwargs"])
        assert url["contenders"].split(",") == [one for one in asked[:4] if one != asked[place]]
    more = [options for options in shown.options("button") if options["key"] == "add contender"]
    assert len(more) == (count < 4)
    for add in more:
        add["on_click"](**add["kwargs"])
        wanted = {2: f"knn@{LITE}", 3: f"avgmax@{VGG}"}[count]
        assert url["contenders"].split(",") == [*asked, wanted] and not add["disabled"]


def test_where_all_are_compared_there_is_no_other(there: None, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "opened", lambda name: SimpleNamespace(backbones=(LITE,)))
    monkeypatch.setattr(load, "offered", lambda name, backbone, pair: ["avgmax", "maxmax"])
    chosen("avgmax")
    assert shown.widget("add contender")["disabled"]


def test_a_model_is_one_only_where_it_is_trained(there: None, shown: Shown, url: Url) -> None:
    url["contenders"] = f"pivot-sym@{VGG},pivot-sym@{LITE},nothing@{VGG},avgmax@../x,avgmax@,@{VGG},avgmax"
    assert chosen("avgmax") == [("pivot-sym", VGG), ("avgmax", VGG)], "beside another, as it alone is none"
    assert shown.widget("backbone 0")["given"][1] == [VGG]
    url["contenders"] = f"nothing@{VGG}"
    assert chosen("avgmax") == [("avgmax", LITE), ("maxmax", LITE)], "without one, as if none were asked for"
