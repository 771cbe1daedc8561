"""``answers``: what people answered on the Play page."""

from __future__ import annotations

from typing import Annotated

import typer

from cldi_core.commands.options import DatasetOption, JsonOption
from cldi_core.commands.terminal import print_json
from cldi_core.data import answers as kept_answers
from cldi_core.data.counting import counted
from cldi_core.data.dataset import open_dataset
from cldi_core.errors import unknown_name


def answers(
    dataset: DatasetOption,
    delete: Annotated[str, typer.Option("--delete", help="Delete all answers kept under this name, for good.")] = "",
    as_json: JsonOption = False,
) -> None:
    """How many answers the players of a data set have given; delete those of one."""
    folder = open_dataset(dataset).path
    kept, name = kept_answers.read(folder), kept_answers.player_name(delete)
    if delete and name not in kept.players:
        raise unknown_name("player", delete, kept.players)
    deleted = kept_answers.delete(folder, name) if name else 0
    if deleted:
        kept = kept_answers.read(folder)
    right = dict.fromkeys(kept.players, 0)
    for answer in kept.answers:
        right[answer.player] += answer.hit
    rows = [{"player": player, "answers": n, "right": right[player]} for player, n in kept.players.items()]
    if as_json:
        print_json({"dataset": dataset, "players": rows, "broken": kept.broken, "deleted": deleted})
        return
    if deleted:
        print(f"deleted: {counted(deleted, 'answer')} of {name!r}")
    for row in rows:
        print(f"{row['answers']:6} answered, {row['right']:6} right: {row['player']!r}")
    if not rows:
        print("nobody has played yet")
    if kept.broken:
        print(f"no answers: {counted(kept.broken, 'line')} of {kept_answers.PATTERN}")
