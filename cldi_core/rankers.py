"""Everything that can rank the candidates of a pair: image methods, controls and trained models, in one dict.

Besides the names in ``RANKERS`` there are composed image methods such as ``maxmax+csls`` (see ``scoring.methods``).
"""

from __future__ import annotations

from cldi_core.data.dataset import Dataset
from cldi_core.errors import UnknownNameError, unknown_name
from cldi_core.evaluation.controls import CONTROLS
from cldi_core.evaluation.image_methods import IMAGE_METHODS, ranker_of
from cldi_core.evaluation.ranker import CONTROL, IMAGES, TRAINED, Ranker
from cldi_core.pivot.translation import TRAINED_MODELS
from cldi_core.scoring import methods

__all__ = ["CONTROL", "IMAGES", "RANKERS", "TRAINED", "Ranker", "available", "exists", "is_trained", "label"]
__all__ += ["offered", "ranker"]

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


def offered(dataset: Dataset, backbone: str, pair: str) -> list[str]:
    """The names that a list of methods shows: image methods, each followed by its corrections; then trained models."""
    return [*methods.offered(), *(one.name for one in available(dataset, backbone, pair, TRAINED))]
