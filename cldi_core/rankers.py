"""Everything that can rank the candidates of a pair: image methods, controls and trained models, in one dict.

Besides the names in ``RANKERS`` there are composed image methods such as ``maxmax+csls`` (see ``scoring.methods``).
"""

from __future__ import annotations

from collections.abc import Container

from cldi_core.data.dataset import Dataset
from cldi_core.errors import UnknownNameError, unknown_name
from cldi_core.evaluation.controls import CONTROLS
from cldi_core.evaluation.image_methods import IMAGE_METHODS, ranker_of
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import CONTROL, IMAGES, TRAINED, Ranker
from cldi_core.evaluation.rankings import stored_rankings
from cldi_core.pivot.translation import TRAINED_MODELS
from cldi_core.scoring import methods

__all__ = ["CONTROL", "IMAGES", "RANKERS", "TRAINED", "Ranker", "available", "exists", "is_trained", "label"]
__all__ += ["offered", "ranker", "shown", "usual"]

RANKERS: dict[str, Ranker] = IMAGE_METHODS | TRAINED_MODELS | CONTROLS


def ranker(name: str) -> Ranker:
    """What ranks under this name, also a composed image method.

    Raises:
        UnknownNameError: nothing does.
    """
    if name in RANKERS:
        return RANKERS[name]
    try:
        return ranker_of(methods.find_method(name))
    except UnknownNameError as error:
        raise unknown_name("method", name, RANKERS, methods.COMPOSING) from error


def exists(name: str) -> bool:
    """Whether something ranks under this name."""
    try:
        ranker(name)
    except UnknownNameError:
        return False
    return True


def is_trained(name: str) -> bool:
    """Whether a trained model ranks under this name: it reads the words and looks at no picture of them."""
    return name in RANKERS and RANKERS[name].kind == TRAINED


def label(name: str) -> str:
    """What people see of a name."""
    return ranker(name).label


def available(dataset: Dataset, backbone: str, pair: str, *kinds: str) -> list[Ranker]:
    """Those in ``RANKERS`` that can rank a pair, of some kinds or of all."""
    return [
        one for one in RANKERS.values() if (not kinds or one.kind in kinds) and one.available(dataset, backbone, pair)
    ]


def usual(dataset: Dataset, backbone: str, pair: str) -> list[Ranker]:
    """The image methods and trained models that score a pair where nobody names any: those that are not dear."""
    return [one for one in available(dataset, backbone, pair, IMAGES, TRAINED) if not one.dear]


def shown(pair: Pair) -> list[Ranker]:
    """The image methods and trained models whose ranks are shown where nobody names any.

    Those of ``usual``, and dear ones as far as their ranks are stored; what stands for such a one is left out then, if
    it is not stored itself.
    """
    every = available(pair.dataset, pair.backbone, pair.name, IMAGES, TRAINED)
    dear = {one.name for one in every if one.dear}
    asked = [one for one in every if one.name in dear or one.stands_for in dear]
    stored = stored_rankings(pair, asked)
    return [one for one in every if one not in asked or one.name in stored or _is_needed(one, stored)]


def _is_needed(one: Ranker, stored: Container[str]) -> bool:
    return bool(one.stands_for) and one.stands_for not in stored


def offered(dataset: Dataset, backbone: str, pair: str) -> list[str]:
    """The names that a list of methods shows: image methods, each followed by its corrections; then trained models."""
    return [*methods.offered(), *(one.name for one in available(dataset, backbone, pair, TRAINED))]
