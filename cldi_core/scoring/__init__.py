"""Image sets become scores: pure mathematics, without a disk or a data set.

In: two ``ImageSets``, the words of two languages with the features of their pictures.  Out: for every method a float32
matrix (source words, target words), higher is more alike, nan for a word without pictures.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Progress = Callable[[int, int], None]  # told how many pictures are done, and of how many
