"""``project``: the maps of words and pictures."""

from __future__ import annotations

from typing import Annotated

import typer

from cldi_core.commands.options import DEFAULT_BACKBONE, BackboneOption, DatasetOption, JsonOption
from cldi_core.commands.terminal import print_json, progress
from cldi_core.data import under_way
from cldi_core.data.dataset import open_dataset


def project(
    dataset: DatasetOption,
    backbone: BackboneOption = DEFAULT_BACKBONE,
    force: Annotated[bool, typer.Option("--force", help="Compute again what is there already.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compute the maps of words and pictures (UMAP; minutes for many pictures); each is kept as soon as it is there."""
    from cldi_core.features import shards
    from cldi_core.insight import map_terms, maps

    opened = under_way.of_one_moment(open_dataset(dataset))
    loaded = shards.open_features(opened, backbone)
    done = maps.project(opened, backbone, loaded=loaded, force=force, stages=progress)
    map_terms.keep(opened, backbone, loaded=loaded, stages=progress)
    if as_json:
        print_json(done)
    else:
        print(", ".join(f"{kind}: {how}" for kind, how in done.items()))
