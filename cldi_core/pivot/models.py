"""The models of Gella et al. (2017), what they are trained with, and where trained ones are kept.

VSE and OE learn one language at a time: for a pair of languages they are two separate spaces.  PIVOT puts both
languages and the pictures into one; PARALLEL also draws together two languages' descriptions of one picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cldi_core.errors import UnknownNameError, unknown_name

ENCODERS = ("gru", "bag")
WORD_DIM, JOINT_DIM = 300, 1024  # the paper's
BASELINE = "the baseline of Gella et al. 2017"


@dataclass(frozen=True)
class Model:
    """One of the six models.

    Attributes:
        similarity: name in ``SIMILARITIES``; margin: the paper's.
        bilingual: one space for both languages; otherwise one space for each.
        parallel: pairs of descriptions of one picture are drawn together too.
        source: where it comes from.
    """

    name: str
    label: str
    similarity: str
    margin: float
    bilingual: bool
    parallel: bool = False
    source: str = "Gella et al. 2017, section 3"

    def spaces(self, languages: Sequence[str]) -> list[tuple[str, ...]]:
        """The languages of each space that is to be trained for some languages."""
        return [tuple(languages)] if self.bilingual else [(language,) for language in languages]


MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model("vse", "VSE", "cosine", 0.2, bilingual=False, source=f"Kiros et al. 2014; {BASELINE}"),
        Model("oe", "OE", "order", 0.05, bilingual=False, source=f"Vendrov et al. 2016; {BASELINE}"),
        Model("pivot-sym", "PIVOT-SYM", "cosine", 0.2, bilingual=True),
        Model("pivot-asym", "PIVOT-ASYM", "order", 0.05, bilingual=True),
        Model("parallel-sym", "PARALLEL-SYM", "cosine", 0.2, bilingual=True, parallel=True),
        Model("parallel-asym", "PARALLEL-ASYM", "order", 0.05, bilingual=True, parallel=True),
    )
}


def find_model(name: str) -> Model:
    """The model of this name; UnknownNameError where there is none."""
    if name not in MODELS:
        raise unknown_name("model", name, MODELS)
    return MODELS[name]


@dataclass(frozen=True)
class TrainingOptions:
    """How a model is trained.

    Attributes:
        encoder: of descriptions, a name in ``ENCODERS``.
        word_dim, joint_dim: numbers of a word vector, and of a row of the joint space.
        rate: of Adam.  batch: items; no item is twice in one.  clip: the largest norm of a gradient.
        epochs: at most; patience: so many in a row without a better validation recall end the training.
        average: of the parameters over epochs, how much of the average so far stays; it is what is validated and
            kept.  0: none, as in the paper.
        margin: instead of the paper's.
        hardest: of each sum only its largest term (VSE++, Faghri et al. 2018).
        swapped: the order distance from picture to description instead of from description to picture.
        permuted: a control: the training items' pictures are permuted among them; it trains for all epochs.
        holdout: what the test has: ``"items"`` or ``"words"``, as in ``Corpus.split``.
        seed: of the split, the first weights, and what is drawn.
    """

    encoder: str = "bag"
    word_dim: int = 64
    joint_dim: int = 256
    rate: float = 0.003
    batch: int = 128
    clip: float = 2.0
    epochs: int = 100
    patience: int = 30
    average: float = 0.9
    margin: float | None = None
    hardest: bool = False
    swapped: bool = False
    permuted: bool = False
    holdout: str = "items"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.encoder not in ENCODERS:
            raise unknown_name("encoder", self.encoder, ENCODERS)
        for name in ("word_dim", "joint_dim", "rate", "batch", "clip", "epochs", "patience", "margin"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise UnknownNameError(f"{name} = {value} cannot be trained with; expected a number above 0")
        if self.batch < 2:
            raise UnknownNameError(
                f"batch = {self.batch} cannot be trained with; expected at least 2 items to tell apart"
            )
        if not 0 <= self.average < 1:
            raise UnknownNameError(f"average = {self.average} cannot be trained with; expected 0 up to below 1")


PRESETS: dict[str, TrainingOptions] = {
    "demo": TrainingOptions(),
    "multi30k": TrainingOptions("gru", WORD_DIM, JOINT_DIM, rate=0.001, epochs=30, patience=5, average=0.0),
}


CONTROL = "-permuted"  # ends the name of a model that was trained with permuted pictures
STATE = ".state.safetensors"  # ends the name of a file that holds a training under way


@dataclass(frozen=True)
class Key:
    """Names one training: where it is kept.

    ``<backbone>/<pair>/<holdout>/<model>[-permuted]/seed-<seed>/<languages>.safetensors``
    """

    backbone: str
    pair: str
    model: str
    holdout: str = "items"
    seed: int = 0
    permuted: bool = False

    @classmethod
    def named(cls, name: str, backbone: str, pair: str, holdout: str, seed: int) -> Key:
        """The key of what tables call ``name``."""
        return cls(backbone, pair, name.removesuffix(CONTROL), holdout, seed, name.endswith(CONTROL))

    @property
    def name(self) -> str:
        """What tables call it: ``"pivot-sym"``, or ``"pivot-sym-permuted"`` for the control."""
        return self.model + CONTROL * self.permuted

    def path(self, root: Path, languages: tuple[str, ...]) -> Path:
        """The file of a space for some languages, below the folder ``pivot`` of a data set, or another."""
        folder = root / self.backbone / self.pair / self.holdout / self.name / f"seed-{self.seed}"
        return folder / f"{'+'.join(languages)}.safetensors"

    def paths(self, root: Path, languages: tuple[str, ...]) -> list[Path]:
        """The files of all its spaces for some languages."""
        return [self.path(root, own) for own in find_model(self.model).spaces(languages)]

    def is_trained(self, root: Path, languages: tuple[str, ...]) -> bool:
        """Whether all of them are there."""
        return all(path.is_file() for path in self.paths(root, languages))


def trained_keys(
    folder: Path, backbone: str, pair: str, languages: tuple[str, ...], holdout: str = "items"
) -> list[Key]:
    """The models that are there for a backbone and a pair, controls aside; by model, then seed."""
    found = []
    for model in MODELS.values():
        paths = (folder / backbone / pair / holdout / model.name).glob("seed-*")
        numbers = (path.name.removeprefix("seed-") for path in paths)
        for seed in sorted({int(number) for number in numbers if number.isdecimal()}):
            key = Key(backbone, pair, model.name, holdout, seed)
            if key.is_trained(folder, languages):
                found.append(key)
    return found
