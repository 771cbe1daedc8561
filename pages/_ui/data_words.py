"""The sentences of the Data page: plain text, made from the core's facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cldi_core.collect.job import CollectionJob
from cldi_core.collect.planning import Plan
from cldi_core.collect.records import Provider
from cldi_core.data.counting import counted
from cldi_core.data.dataset import POS
from cldi_core.data.job_queue import Ticket
from cldi_core.evaluation.scoring_job import ScoringJob
from cldi_core.features.backbones import label
from cldi_core.features.background import ExtractionJob
from cldi_core.features.lacking import Lacking
from cldi_core.imports.job import ImportJob
from cldi_core.imports.report import NOTES, Report
from cldi_core.imports.samples import Sample
from cldi_core.insight.health_counts import Count
from cldi_core.insight.hygiene import Kind, Suspect

from . import words

BECAME = {"missing": "missing", "passed": "passed over", "changed": "changed"}
WORDS = 8  # of a suspect that are named
EXAMPLES = 4  # words without features that are named
EVERY = "all"  # of a choice
NOTHING_LOOKED_AT = "There is nothing to store: look at something first."
GIVE_A_LIST = "Choose a file, or type the path of one."
GIVE_A_FOLDER = "Choose an archive, or type the path of a folder or an archive."
WORDS_FILE = "As in MMID, a file word.txt in a folder says its word, too."
NO_LIST_TO_COLLECT = "Import a word list first: its words are searched for."
NO_LIMIT = "0: no limit. A collection that was stopped by it goes on when it is started again."
CONTACT = "It goes with every request, so that sites know whom to ask; Wikimedia refuses those without."
REPLACE = "Words that have pictures from elsewhere get the found ones in their place"
KEY = "The server's environment lacks it. What is typed here is given to this collection and kept nowhere."
KEY_ASKED = "needed to go on"
CLOSING = "It runs on its own: you may go to other pages, close this one, or stop the server."
NEW = (
    "A name of letters, digits, _ and -; it becomes a folder among the other data sets. Words and pictures come in "
    "under “Import”, or from an image search under “Collect”."
)
ITEMS = {"picture": "a picture", "membership": "a picture of one word", "word": "a word"}
NOTHING_LEFT_OUT = "Nothing is: all words and pictures count."
STALE = (
    "What was computed of these words and pictures is stale: it is not shown any more, or of fewer words, until this "
    "computes it again. Features stay, as they are of pictures and not of words."
)
NO_LIST = "Import a word list, and pictures: suspects are those of a language pair."
NOT_COMPARED = "Not all pictures have been compared with each other yet; what looks alike may be missing below."
LEAVING = {
    False: "Leaving one out leaves its pictures out, under all words.",
    True: "Leaving one out leaves its words out, with the rows of the list that name them.",
}
LEAVE_ALL = "Nothing is deleted: the list below takes them back, one by one or all."
LACKING = "The CSV names each word. A word of which no picture has features can't be asked and is no candidate."
NO_LIST_TO_SCORE = "Next: import a word list; then its words can be scored."
NOT_SCORED = "Next: score. Pages show nothing yet, or results of older features."
SCORING = "Computes, for all word lists, what pages show and is not there yet. It can be cancelled and gone on with."
IMPORT_AGAIN = "Import it again: what it has stored is whole, and is not stored twice."
NO_REPORTS = "Nothing has been imported here that kept a report."


def count(number: int, what: str, many: str = "") -> str:
    """``"1 picture"``, ``"1,200 pictures"``."""
    return counted(number, what, many, form=",")


def by_name(found: Mapping[str, int]) -> str:
    """``"en 1,200, de 1,180"``."""
    return ", ".join(f"{name} {number:,}" for name, number in found.items())


def broken(name: str, why: str) -> str:
    """A data set that cannot be used, and why."""
    return f"{name} cannot be used: {why}"


def heading(report: Report) -> str:
    """A report in one line: when, what, and whether anything is missing."""
    when = report.time[:16].replace("T", " ")
    lost = "" if report.is_complete else f" · {len(report.missing):,} missing"
    return f"{when} · {report.kind} · {report.source}{lost}"


def outcome(report: Report) -> str:
    """How it ended: complete, or what is not there."""
    told = [f"{len(notes):,} {BECAME[name]}" for name in NOTES if len(notes := getattr(report, name))]
    if report.junk:
        told.append(f"{count(report.junk.total(), 'junk file')} ({by_name(report.junk)})")
    first = "Everything that was meant is there" if report.is_complete else "Not everything is there"
    return ": ".join([first, ", ".join(told)]) + "." if told else f"{first}, as it was."


def counts(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was counted, a row a name: ``{"rows": 7, "pos": {"N": 7}}`` → ``[("rows", "7"), ("pos", "N 7")]``."""
    return [(str(name).replace("_", " "), _counted(value)) for name, value in found.items()]


def _counted(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_counted(own)}" for name, own in value.items())
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def notes(report: Report) -> list[dict[str, str]]:
    """What was left out and changed, a row a note: what became of it, why, where, what exactly."""
    return [
        {"": BECAME[name], "why": note.what, "where": note.place, "what": note.text}
        for name in NOTES
        for note in getattr(report, name).kept
    ]


def uncounted(report: Report) -> str:
    """How many notes were counted and not kept; empty where all are there."""
    more = sum(len(getattr(report, name)) - len(getattr(report, name).kept) for name in NOTES)
    return f"{more:,} more were counted, and are not named one by one." if more else ""


def kinds(report: Report) -> list[dict[str, Any]]:
    """What was left out and changed, a row a kind: also what the notes do not keep one by one."""
    return [
        {"": BECAME[name], "why": what, "how many": number}
        for name in NOTES
        for what, number in getattr(report, name).counts.items()
    ]


def left_out(number: int, reason: str) -> str:
    """What became of a click that leaves something out."""
    return f"{count(number, 'item')} left out ({reason}); nothing is deleted, and the list below takes it back."


def taken_back(number: int) -> str:
    """What became of a click that takes something back."""
    return f"{count(number, 'item')} taken back."


def kind(name: str, number: int) -> str:
    """A kind of suspects, and how many there are: ``"Placeholder (3)"``."""
    return f"{name.capitalize()} ({number:,})"


def about_kind(one: Kind) -> str:
    """What suspects of a kind are, what they do to results, and what a click leaves out."""
    return f"{one.more[0].upper()}{one.more[1:]}. {one.about} {LEAVING[one.by_word]}"


def reason(name: str) -> str:
    """Why suspects of a kind were left out, as the list keeps it."""
    return f"check: {name}"


def pos_counts(found: Sequence[Count]) -> list[dict[str, Any]]:
    """The words of each language and part of speech, a row each."""
    return [
        {
            "language": one.language,
            "part of speech": POS.get(one.pos, "other") if one.pos else "in no list",
            "words": one.words,
            "with pictures": one.covered,
            "pictures": one.pictures,
        }
        for one in found
    ]


def none_of(pair: str) -> str:
    """There is nothing of a kind."""
    return f"There are none in {pair}."


def suspect(one: Suspect) -> str:
    """The words of a suspect, and how it was found: ``"en dog, de Hund (bytes)"``."""
    named = ", ".join(f"{language} {word}" for language, word in one.words[:WORDS])
    more = f" and {count(len(one.words) - WORDS, 'more word')}" if len(one.words) > WORDS else ""
    many = f" · {len(one.pictures):,} pictures" if len(one.pictures) > 1 else ""
    return f"{named}{more}{many}" + (f" · by {', '.join(one.how)}" if one.how else "")


def alternative(one: Suspect) -> str:
    """What the pictures of a suspect are called for those who do not see them."""
    language, word = one.words[0]
    return f"suspect of {word} ({language})"


def looked(what: str) -> str:
    """The heading of what was looked at."""
    return f"Found in {what}; nothing is stored yet"


def looked_list(name: str, pair: str) -> str:
    """The heading of one word list."""
    return f"{name} → {pair}"


def first(shown: int, of: int, what: str) -> str:
    """``"The first 12 of 787 rows."``."""
    return f"The first {shown} of {count(of, what)}." if of > shown else f"{count(of, what)} in all."


def no_sample(one: Sample) -> str:
    """Why there is no picture of a word to show."""
    return f"{one.language} {one.word}: {one.reason}"


def upload_limit(megabytes: int) -> str:
    """How large an upload may be."""
    return f"At most {megabytes:,} MB a file, as the server keeps it in memory; of larger ones, type the path."


def ticket(one: Ticket, *, named: bool) -> str:
    """A line of the queue; with who started it for those who may know."""
    by = f", started by {one.request.by}" if named and one.request.by else ""
    return f"{one.request.what}{by}: {waits(one.before) if one.before else 'at work'}"


def waits(before: int) -> str:
    """How long a job has to wait."""
    return f"waits until {counted(before, 'job')} before it {'is' if before == 1 else 'are'} done"


def importing(one: ImportJob) -> str:
    """How far an import is, or how it ended."""
    if one.state == "done":
        return f"{one.ended[:16].replace('T', ' ')} · {one.what} is stored; the report below says what came in."
    if one.state == "failed":
        return f"{one.what} was not stored: {one.error}"
    if not one.is_active:
        return f"Storing {one.what} was ended before it was done. {IMPORT_AGAIN}"
    if one.ticket and one.ticket.before:
        return f"Storing {one.what} {waits(one.ticket.before)}"
    if not one.done:
        return f"Storing {one.what} …"
    parts = [f"{one.done:,} of {one.total:,}" if one.total else f"{one.done:,}"]
    parts += [f"{one.rate:,.0f} a second"] if one.rate else []
    return f"Storing {one.what}: " + ", ".join(parts + ([f"{words.duration(one.left)} left"] if one.left else []))


def planned(found: Plan) -> str:
    """The heading of a dry run."""
    return f"{found.provider.label}, {found.pair}: {count(len(found.todo), 'word')} to search for; nothing is asked yet"


def provider(one: Provider) -> str:
    """Who is asked, and what that costs."""
    return f"{one.about} Costs: {one.costs}. Terms: {one.terms}"


def no_key(one: Provider, variables: Sequence[str]) -> str:
    """A key is needed that neither the server has nor anybody has typed."""
    return f"{one.label} needs {' and '.join(variables)}: type it beside the button, or set it where the server starts"


def plan(found: Plan) -> list[tuple[str, str]]:
    """What a collection takes: name → number, as texts."""
    limits = [("key that is missing", variable) for variable in found.missing_keys]
    return [
        ("words of the list", f"{len(found.words):,} ({', '.join(found.languages)})"),
        ("done already", f"{len(found.done):,}"),
        ("kept, with pictures from elsewhere", f"{len(found.kept):,}"),
        ("searches, at most", f"{found.searches:,}"),
        ("pictures, at most", f"{found.pictures:,}"),
        ("requests, at most", f"{found.requests:,}"),
        ("bytes, about", f"{found.bytes / 1e6:,.0f} MB"),
        ("cost, at most", f"{found.cost:,.2f} US dollars" if found.cost else "free"),
        ("time, at least", words.duration(found.seconds)),
        *limits,
    ]


def lacking(backbone: str, found: Sequence[Lacking]) -> list[dict[str, Any]]:
    """What a backbone has no features of, a row a language."""
    return [
        {
            **({"backbone": label(backbone)} if backbone else {}),
            "language": one.language,
            "pictures": one.pictures,
            "of words": len(one.words),
            "words without any": len(one.bare),
            "for example": some([*one.bare, *(word for word in one.words if word not in one.bare)]),
        }
        for one in found
    ]


def lacking_words(backbone: str, found: Sequence[Lacking]) -> list[dict[str, Any]]:
    """The same, a row a word."""
    return [
        {"backbone": backbone or "none", "language": one.language, "word": word, "pictures without features": count}
        for one in found
        for word, count in one.words.items()
    ]


def some(named: Sequence[str]) -> str:
    """The first of some words, and how many more there are: ``"dog, run and 3 more"``."""
    more = f" and {len(named) - EXAMPLES:,} more" if len(named) > EXAMPLES else ""
    return ", ".join(named[:EXAMPLES]) + more


def work(job: ExtractionJob | ScoringJob) -> str:
    """What is or was done: ``"VGG19 (the papers')"``, ``"Scoring with AlexNet"``."""
    shown = label(job.backbone)
    return f"Scoring with {shown}" if isinstance(job, ScoringJob) else shown


def progress(job: ExtractionJob | ScoringJob) -> str:
    """How far an extraction or a scoring is."""
    if job.ticket and job.ticket.before:
        return waits(job.ticket.before)
    if job.state == "starting":
        return f"starting … {job.said[:120]}".rstrip()
    if isinstance(job, ExtractionJob):
        return words.progress(job)
    if job.state == "interrupted" and not job.total:
        return words.NOT_BEGUN
    parts = [f"{job.done:,} of {count(job.total, 'language pair')}"]
    if job.is_active:
        parts += [f"now {job.pair}"] if job.pair else []
        parts += [f"{job.pictures:,} of {job.of:,} pictures"] if job.of else []
    return ", ".join(parts) + ("" if job.is_active else "; it was interrupted")


def collecting(one: CollectionJob) -> str:
    """How far a collection is, or how it ended."""
    if one.ticket and one.ticket.before:
        return waits(one.ticket.before)
    if one.state == "starting":
        return f"starting … {one.said[:120]}"
    if not one.total:
        return words.NOT_BEGUN if one.state == "interrupted" else one.state
    parts = [f"{one.done:,} of {count(one.total, 'word')}", f"{count(one.pictures, 'picture')} fetched"]
    if one.is_active:
        parts += [f"{one.rate:.1f} a second"] if one.pictures else []
        parts += [f"{words.duration(one.left)} left"] if one.left is not None else []
    parts += [f"{one.lost:,} not to be had"] if one.lost else []
    parts += [f"{count(one.empty, 'word')} without a picture"] if one.empty else []
    return ", ".join(parts) + ("" if one.is_active else f"; {one.state}")
