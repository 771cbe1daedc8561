"""Translate with features of your own, one array per word and a row per picture: python examples/own_arrays.py

Here they are drawn at random: eight pictures a word around what it means, those of the verb wider apart.
"""

import numpy as np

import cldi_core as cldi

rng = np.random.default_rng(0)
meanings, spread = rng.normal(size=(3, 1, 64)), np.array([1, 1, 4]).reshape(3, 1, 1)
english, german = (meanings + spread * rng.normal(size=(3, 8, 64)) for _ in range(2))

source = cldi.ImageSets.from_arrays(["cow", "dog", "run"], list(english))
target = cldi.ImageSets.from_arrays(["Kuh", "Hund", "laufen"], list(german))
scores = cldi.score(source, target, method="avgmax")  # float32 (3, 3); "maxmax+csls", "rrf=avgmax,sinkhorn", …
result = cldi.evaluate(scores, gold=[{0}, {1}, {2}])
print(f"MRR {result.mrr:.2f}, P@1 {result.p_at[1]:.2f}, n = {result.n}")
for word, best, apart in zip(source.words, scores.argmax(axis=1), cldi.dispersion(source), strict=True):
    print(f"{word}: {target.words[best]}, dispersion {apart:.2f}")
