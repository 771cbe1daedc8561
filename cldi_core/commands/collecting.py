"""``collect``: an image search gives the words of a list their pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cldi_core.commands.options import DatasetOption, JsonOption
from cldi_core.commands.reports import tell
from cldi_core.commands.terminal import print_json, progress
from cldi_core.data.counting import counted
from cldi_core.data.dataset import open_dataset

if TYPE_CHECKING:
    from cldi_core.collect.planning import Plan
    from cldi_core.imports.report import Report


def collect(
    dataset: DatasetOption,
    pair: Annotated[str, typer.Option("--pair", help="The word list whose words are searched for, such as en-de.")],
    provider: Annotated[str, typer.Option("--provider", help="Whom to ask; see above.")],
    per_word: Annotated[int, typer.Option("--per-word", min=1, help="Pictures a word.")] = 50,
    lang: Annotated[
        list[str] | None, typer.Option("--lang", help="Only words of this language of the pair; may be repeated.")
    ] = None,
    contact: Annotated[
        str, typer.Option(envvar="CLDI_CONTACT", help="Your e-mail address or a URL; it goes with every request.")
    ] = "",
    keys: Annotated[
        Path | None, typer.Option(help="A file with lines NAME = key; without it the environment is looked at.")
    ] = None,
    max_requests: Annotated[int | None, typer.Option(min=1, help="Stop after so many requests.")] = None,
    max_bytes: Annotated[int | None, typer.Option(min=1, help="Stop after so many bytes.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also words that have pictures from elsewhere: they lose those.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be asked, and what it costs; ask nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Search for the words of a list, each in its language, and store the first pictures; goes on where it stopped.

    Providers: wikipedia (the pictures of the articles in the word's language) and commons, free and without a key;
    openverse; brave; serpapi-google, serpapi-bing, serpapi-yandex; google (Custom Search, the paper's: closed to new
    customers, ends in January 2027); pixabay; pexels; and command:PROGRAM, a program of yours that gets a word as JSON
    and prints JSON lines with urls.
    """
    from cldi_core.collect import run
    from cldi_core.collect.keys import find_keys

    planned = run.plan(open_dataset(dataset), pair, provider, per_word, languages=lang or (), replace=replace)
    if dry_run:
        if as_json:
            print_json(planned.as_json())
        else:
            print(*_planned(planned), sep="\n")
        return
    run.check_contact(contact)
    found = find_keys(planned.provider, planned.dataset.path, keys)
    with progress("collecting", "words") as bar:
        report = run.collect(
            planned,
            contact,
            found,
            max_requests=max_requests,
            max_bytes=max_bytes,
            progress=lambda now: bar(now.done, now.total, now.lost),
        )
    tell([report], [_told(report)], as_json=as_json)


def _planned(planned: Plan) -> list[str]:
    """What a dry run says, in lines."""
    provider = planned.provider
    cost = f"about {planned.cost:,.2f} US dollars" if planned.cost else provider.costs
    lines = [
        f"{provider.label}: {provider.about}",
        f"{len(planned.todo)} of {counted(len(planned.words), 'word')} left ({len(planned.done)} done, "
        f"{len(planned.kept)} have pictures from elsewhere)",
        f"at most {counted(planned.searches, 'search', 'searches', form=',')} and "
        f"{counted(planned.pictures, 'picture', form=',')}, about {planned.bytes / 1e6:,.0f} MB",
        f"cost: {cost}",
        f"time: {_minutes(planned.seconds)}, or more",
    ]
    if provider.terms:
        lines.append(f"terms: {provider.terms}")
    if planned.missing_keys:
        lines.append(f"not in the environment: {', '.join(planned.missing_keys)}")
    return lines


def _told(report: Report) -> str:
    counts = report.counts
    words = ", ".join(f"{counted(count, 'word')} in {language}" for language, count in counts["languages"].items())
    return (
        f"{counted(counts['memberships'], 'picture')} for {words} ({counts['new']} new); "
        f"{counted(counts['requests'], 'request')}, {counts['bytes'] / 1e6:,.1f} MB"
    )


def _minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    return "under a minute" if not minutes else f"{minutes:,} minute{'s' if minutes > 1 else ''}"
