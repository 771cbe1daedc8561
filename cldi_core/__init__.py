"""CLDI: learning translations from pictures.  The public names; see ARCHITECTURE.md for the modules behind them."""

from cldi_core.dispersion import dispersion
from cldi_core.errors import CldiError
from cldi_core.imagesets import ImageSets
from cldi_core.methods import METHODS
from cldi_core.metrics import Result, evaluate
from cldi_core.scores import score

__version__ = "0.1.0"
__all__ = ["METHODS", "CldiError", "ImageSets", "Result", "dispersion", "evaluate", "score"]
