"""``extract``: pictures become features."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cldi_core.commands.options import (
    DEFAULT_BACKBONE,
    ActorsOption,
    AddressOption,
    DatasetOption,
    DeviceOption,
    Engine,
    EngineOption,
    JsonOption,
)
from cldi_core.commands.terminal import failures, print_json, progress
from cldi_core.data.counting import counted
from cldi_core.data.dataset import open_dataset


def extract(
    dataset: DatasetOption,
    backbone: Annotated[str, typer.Option("--backbone", help="The network; see above.")] = DEFAULT_BACKBONE,
    device: DeviceOption = "cpu",
    weights: Annotated[
        Path | None, typer.Option(help="A file of weights (.safetensors, .pth) instead of the usual ones.")
    ] = None,
    precision: Annotated[
        str, typer.Option(help="exact (float32), fast (half as wide), or auto: fast where the device gains by it.")
    ] = "auto",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that decode pictures; one for each core without it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Extract again what is there already.")] = False,
    engine: EngineOption = Engine.LOCAL,
    address: AddressOption = None,
    actors: ActorsOption = None,
    output: Annotated[
        str | None, typer.Option(help="Where Ray writes, instead of the data set: a folder, or s3://…, gs://…")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Extract the pictures' features; goes on where an interrupted run stopped.

    Backbones: efficientnet-lite0, efficientnet-lite2, vgg19 (the papers'), vgg19-fc1, vgg19-logits, alexnet, resnet50,
    and timm:NAME for any network of the timm library (pip install timm).
    """
    given: dict[str, Any] = {"weights": weights, "precision": precision, "force": force}
    opened = open_dataset(dataset)
    with progress("extracting") as report:
        if engine == Engine.RAY:
            from cldi_core.features import ray_engine

            given |= {"address": address, "output": output, "actors": actors}
            done = ray_engine.extract(opened, backbone, device, report=report, **given)
        else:
            from cldi_core.features import extraction

            done = extraction.extract(opened, backbone, device, workers=workers, report=report, **given)
    if as_json:
        failed = [{"file": row["file"], "reason": row["reason"]} for row in done.failed]
        print_json({**vars(done), "failed": failed})
    else:
        print(f"{counted(done.extracted, 'picture')} extracted, {done.reused} kept, in {done.seconds:.1f} s")
    failures(done.failed)
