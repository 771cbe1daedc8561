"""Tables of what can be chosen, made of the records themselves: methods and controls, backbones, providers."""

from __future__ import annotations

from collections.abc import Iterable

from cldi_core.collect.providers import PROVIDERS
from cldi_core.evaluation.controls import CONTROLS
from cldi_core.features.backbones import BACKBONES
from cldi_core.scoring.methods import CORRECTIONS, METHODS

from .form import table


def formulas() -> Iterable[str]:
    """Every method and control: its name, its label, its formula and where that comes from."""
    rows = [["name", "", "formula", "source"]]
    rows += [[f"`{one.name}`", one.label, one.formula, one.source] for one in METHODS.values() if "+" not in one.name]
    rows += [
        [f"`METHOD+{name}`", f"… + {label}", formula, source]
        for name, (label, formula, _, source, *_) in CORRECTIONS.items()
    ]
    rows += [[f"`{one.name}`", f"control: {one.label}", one.formula, one.source] for one in CONTROLS.values()]
    return table(*rows)


def backbones() -> Iterable[str]:
    """Every backbone with a record: the layer that is read, what the network is fed, and whose the weights are."""
    rows = [["`--backbone`", "numbers", "layer", "what the network is fed", "weights", "licence"]]
    rows += [
        [f"`{one.name}`", str(one.dim), one.layer, str(one.preprocessing), one.source, one.licence]
        for one in BACKBONES.values()
    ]
    return table(*rows)


def providers() -> Iterable[str]:
    """Every provider: whom one asks, with which key, and what it costs."""
    rows = [["`--provider`", "what it asks", "key", "cost"]]
    for one in PROVIDERS.values():
        keys = ", ".join(f"`{key.variable}`" + (" (optional)" if key.optional else "") for key in one.keys)
        rows.append([f"`{one.name}`", one.about, keys, one.costs])
    return table(*rows)
