"""CLDI: learning translations from pictures.  The public names; see ARCHITECTURE.md for the modules behind them."""

from cldi_core.errors import CldiError
from cldi_core.evaluation.metrics import Result, evaluate
from cldi_core.scoring.dispersion import dispersion
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import METHODS
from cldi_core.scoring.scores import score

__version__ = "0.1.0"
__all__ = ["METHODS", "CldiError", "ImageSets", "Result", "dispersion", "evaluate", "score"]
