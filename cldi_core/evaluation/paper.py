"""Figures published by Hartmann & Søgaard (2018), to be shown beside ours."""

from __future__ import annotations

# Table 2, averaged over five language pairs: method → setting → (MRR, P@1, P@10); KNN has P@1 only.
TABLE_2: dict[str, dict[str, tuple[float | None, float, float | None]]] = {
    "avgmax": {
        "ALL": (0.53, 0.49, 0.60),
        "NN": (0.60, 0.56, 0.67),
        "VB": (0.20, 0.15, 0.30),
        "ADJ": (0.28, 0.22, 0.37),
    },
    "maxmax": {
        "ALL": (0.44, 0.38, 0.54),
        "NN": (0.49, 0.43, 0.61),
        "VB": (0.19, 0.15, 0.24),
        "ADJ": (0.23, 0.18, 0.31),
    },
    "cnn-mean": {
        "ALL": (0.49, 0.44, 0.57),
        "NN": (0.56, 0.52, 0.64),
        "VB": (0.15, 0.10, 0.26),
        "ADJ": (0.24, 0.20, 0.32),
    },
    "cnn-max": {
        "ALL": (0.47, 0.43, 0.55),
        "NN": (0.55, 0.50, 0.63),
        "VB": (0.15, 0.10, 0.24),
        "ADJ": (0.19, 0.15, 0.27),
    },
    "knn": {"ALL": (None, 0.42, None), "NN": (None, 0.50, None), "VB": (None, 0.06, None), "ADJ": (None, 0.13, None)},
    "knn-c": {"ALL": (None, 0.47, None), "NN": (None, 0.56, None), "VB": (None, 0.10, None), "ADJ": (None, 0.16, None)},
}
DISPERSION = {"N": 0.60, "V": 0.68, "A": 0.66}
SENSES = {"N": 5.08, "V": 9.18, "A": 6.88}

# Table 3: the words of lowest and highest dispersion of the English side.
TABLE_3 = {
    "N": (
        [("mug", 0.31), ("oscilloscope", 0.32), ("padlock", 0.33)],
        [("mammal", 0.78), ("companion", 0.78), ("animal", 0.78)],
    ),
    "V": ([("vanish", 0.43), ("shed", 0.43), ("divide", 0.47)], [("arrange", 0.75), ("hang", 0.76), ("differ", 0.76)]),
    "A": ([("yellow", 0.39), ("white", 0.40), ("fragile", 0.43)], [("big", 0.78), ("large", 0.79), ("huge", 0.79)]),
}
