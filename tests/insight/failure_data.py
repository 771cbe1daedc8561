"""Words whose fate has a known cause: frames as ``predictors.frame`` makes them."""

from __future__ import annotations

import numpy as np
import pandas as pd

LOSS = 1.2  # log₁₀ rank of a missed word, on average
# cause → (P(found) by dispersion, by being a verb); verbs have .2 more dispersion, but where it is no matter of theirs
CAUSES = {"dispersion": (-1.0, 0.0), "pos": (0.0, -0.2), "both": (-0.5, -0.1), "none": (0.0, 0.0)}
TRUTH = {"dispersion": (-0.2, 0.0), "pos": (-0.2, -0.2), "both": (-0.2, -0.1), "none": (0.0, 0.0)}  # before, after


def simulated(
    cause: str, seed: int, *, nouns: int = 800, verbs: int = 150, pairs: tuple[str, ...] = ("en-de",)
) -> pd.DataFrame:
    """A frame in which P(found) is linear in dispersion and in being a verb, and nothing else matters.

    In several pairs the same words are asked, and what of a word is not known (±.1) is the same in all of them.
    """
    drawn = np.random.default_rng(seed)
    n = nouns + verbs
    verb = (np.arange(n) >= nouns).astype(float)
    dispersion = drawn.uniform(0.2, 0.6, n) + 0.2 * verb
    by_dispersion, by_verb = CAUSES[cause]
    word = {
        "word": [f"w{number}" for number in range(n)],
        "pos": np.where(verb == 1, "V", "N"),
        "dispersion": dispersion,
        "senses": drawn.normal(1.5, 0.7, n),
        "ceiling": drawn.uniform(0.2, 1, n),
    }
    own = 0.7 + by_dispersion * (dispersion - 0.3) + by_verb * verb - 0.1 + 0.2 * drawn.integers(0, 2, n) - 0.05
    frames = []
    for pair in pairs:
        found = (drawn.uniform(size=n) < own).astype(float)
        log_rank = np.where(found == 1, 0, drawn.uniform(0.4, 2 * LOSS - 0.4, n))
        frames.append(
            pd.DataFrame(
                {
                    "pair": pair,
                    "query": [f"{name}.{pos}" for name, pos in zip(word["word"], word["pos"], strict=True)],
                    **word,
                    "rank": 10**log_rank,
                    "found": found,
                    "log_rank": log_rank,
                    "right_dispersion": drawn.uniform(0.2, 0.6, n),
                    "same_spelled": (drawn.uniform(size=n) < 0.1).astype(float),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
