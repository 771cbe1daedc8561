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


def test_every_method_with_every_backbone_can_be_chosen(there: None, shown: Shown) -> None:
    chosen("avgmax+csls")
    box = shown.widget("contenders")
    offered = [f"{way}@{net}" for net in (LITE, VGG) for way in ("avgmax", "maxmax", "knn", "avgmax+csls")]
    assert box["given"] == ("Compare", offered)
    assert box["format_func"](f"avgmax+csls@{VGG}") == f"AVGMAX + CSLS · {backbones.label(VGG)}"
    assert contenders.label(("knn", LITE)) == "KNN · EfficientNet-Lite0"


def test_those_of_the_url_are_compared_in_its_order_each_once(there: None, shown: Shown, url: Url) -> None:
    fusion = ("rrf=avgmax,knn", VGG)
    url["contenders"] = f"knn@{VGG},rrf=avgmax,knn@{VGG},knn@{VGG},avgmax@{LITE}"
    assert chosen("maxmax") == [("knn", VGG), fusion, ("avgmax", LITE)]
    assert f"rrf=avgmax,knn@{VGG}" in shown.widget("contenders")["given"][1]
    st.session_state["contenders"] = [f"rrf=avgmax,knn@{VGG}", f"maxmax@{LITE}"]
    shown.widget("contenders")["on_change"]()
    assert url["contenders"] == f"rrf=avgmax,knn@{VGG},maxmax@{LITE}"


def test_a_model_is_one_only_where_it_is_trained(there: None, shown: Shown, url: Url) -> None:
    url["contenders"] = f"pivot-sym@{VGG},pivot-sym@{LITE},nothing@{VGG},avgmax@../x,avgmax@,@{VGG},avgmax"
    assert chosen("avgmax") == [("pivot-sym", VGG)]
    url["contenders"] = f"nothing@{VGG}"
    assert chosen("avgmax") == [("avgmax", LITE), ("maxmax", LITE)], "without one, as if none were asked for"
