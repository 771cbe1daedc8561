"""Names and words that want to be more than text: an injection corpus, and a data set that holds some of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import tomli_w

from cldi_core.data import answers, dataset, judgements, left_out, wordlists
from cldi_core.features import shards
from cldi_core.imports import report
from tests.conftest import ABOUT, BACKBONE, LEXICON, build_small, made_up

CORPUS = (
    # links, addresses that become links, pictures
    "http://evil.example/x", "https://evil.example", "www.evil.example", "WWW.evil.example/a?b=c", "me@evil.example",
    "mailto:me@evil.example", "xmpp:foo@evil.example", "ftp://evil.example", "//evil.example", "javascript:alert(1)",
    "<http://evil.example>", "[x](http://evil.example)", "![x](http://evil.example/p.png)", "![x](http:evil.example)",
    "[x][y]", "[x]: http://evil.example", "[^1]", "(www.evil.example)", "*www.evil.example*", "_http://evil.example_",
    "a.www.evil.example", "http:", "www:",
    # HTML and entities
    "<img src=http://evil.example/p.png>", "<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "<b>x</b>",
    "<a href=http://evil.example>x</a>", "<!-- x -->", "&copy; &lt; &#60; &nbsp;", "&", "<", "a<br>b",
    # Streamlit's directives, icons and emoji
    ":material/home:", ":material_home:", ":material/", ":smile:", ":+1:", ":-1:", ":a: :b:", ":streamlit:", ":red[x]",
    ":small[x]", ":color[x]{foreground=red}", ":help[x]", ":shimmer[x]", ":red-badge[x]", ":red", "::red[x]", ":::note",
    # its typographic symbols, also where a piece of another begins
    "a -> b", "->", "<-", "<->", "--", "a -- b", "-->", ">=", "<=", "~=", ">= <= ~=", "--:smile:", "x--", "<->-- >=",
    # Markdown: formulas, headings, lists, quotes, code, tables, rules, line breaks
    "$x^2$", "$$x$$", "**b** _i_ `c` ~~s~~", "# h", "- l", "+ l", "* l", "1. l", "1) l", "> q", "\tcode", "    code",
    "| a | b |\n|---|---|", "---", "===", "a\nb", "a\n\n# b", "``` x", "`", "\\", "\\*", "C:\\x",
    # Plotly's and Python's templates, quotes
    "{0} %s %{x}<extra></extra>", "a'b\"c",
    # what cannot be seen, other directions of writing, other planes, length
    "a\u202eb", "a\x00b", "a\u2028b", "שלום", "a\u200bb", "naïve 東京", "w" * 200,
    # what has to stay as it is
    "x:y", "10:30", "a@b", "--dataset x", "it's a well-known word.",
)  # fmt: skip
FOLDER = "![x](http:evil.example) www.evil.example :smile: <b>b<b> -> --"  # what a folder may be called
NAMES = {
    "dog": "![x](http://evil.example/p.png)", "hat": "www.evil.example", "hand": ":material/home: -> :smile:",
    "run": "<img src=http://evil.example/p.png>", "red": "me@evil.example", "big": "$x$ :red[x] &copy;",
    "Hund": "http://evil.example/x", "Hut": "a -- b", "laufen": "[x](http://evil.example)", "rot": "**b**",
}  # fmt: skip


def build_hostile(folder: Path) -> dataset.Dataset:
    """The tiny data set, in which every name that can be chosen is hostile."""
    made = build_small(folder)
    frame = made.words.assign(word=made.words["word"].map(lambda word: NAMES.get(word, word)))
    dataset.write_words(folder, list(frame.itertuples(index=False, name=None)))
    rows = [wordlists.Row(NAMES.get(row.source, row.source), NAMES.get(row.target, row.target), row.pos)
            for row in LEXICON]  # fmt: skip
    wordlists.write_list(folder / "lexicon" / "en-de.tsv", rows)
    told = {"title": CORPUS[12], "about": "Of www.evil.example, ![x](http://evil.example/p.png) :smile:"}
    (folder / "dataset.toml").write_text(tomli_w.dumps(told), "utf-8")
    (shard,) = (folder / "images").glob("*.parquet")
    table = pd.read_parquet(shard)
    for column in ("licence", "author", "provider", "concept", "source_url"):
        if column in table:
            table[column] = FOLDER
    table.to_parquet(shard, index=False)
    (features,) = (folder / "features" / BACKBONE).iterdir()
    features.unlink()
    ids = table["id"].tolist()
    about = {**dict.fromkeys(ABOUT, FOLDER), "backbone": FOLDER, "failed": ""}
    shards.write_shard(folder / "features" / FOLDER / features.name, ids, made_up(ids), about)
    (folder / "features" / BACKBONE).rmdir()
    return dataset.Dataset(folder)


# What would act where it is not taken for text: to draw a picture from elsewhere, to run, to lead away, to be a symbol.
EVIL = (
    "<img src=http://evil.example/p.png onerror=alert(1)>",
    "![x](http://evil.example/p.png)",
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "<svg onload=alert(1)>",
    "<a href=//evil.example>x</a>",
    "www.evil.example :smile: -> $x$",
    "<style>@import'//evil.example'</style>",
    "<iframe src=//evil.example>",
    "<base href=//evil.example>",
)


# What acts as Markdown and as HTML alike, as long as a name may be, and as a player's.
BOTH, SHORT = (
    "![x](//evil.example/p)<img src=//evil.example/q onerror=alert(1)>",
    "![x](//e.example/p)<img src=//e.example>",
)


def add_people(made: dataset.Dataset, pair: str = "en-de") -> dict[str, str]:
    """Let people with hostile names leave hostile texts in a data set, and an import its report: what → the text."""
    told = {
        what: f"{BOTH} {what}" for what in ("judge", "note", "reason", "source", "place", "text", "remark", "format")
    }
    told["player"] = answers.player_name(SHORT)
    for name in (told["judge"], "Ann"):
        one = judgements.Judgement(pair, NAMES["dog"], "N", NAMES["Hut"], judgements.WRONG, note=told["note"])
        judgements.judge(made, name, one)
    options = (NAMES["Hund"], NAMES["Hut"])
    answer = answers.Answer(told["player"], "2026-11-25T18:51:13Z", 1, 1, pair, FOLDER, f"{NAMES['dog']}.N", options,
                            options[1], options[0], 100, BOTH)  # fmt: skip
    answers.add(made.path, answer)
    left_out.leave_out(made, [left_out.Item(language="de", word=NAMES["rot"])], told["reason"])
    one = report.Report("lists", told["source"], told["format"], remarks=[told["remark"]], junk=Counter({BOTH: 1}))
    for notes in (one.missing, one.passed, one.changed):
        notes.add(BOTH, told["place"], told["text"])
    report.keep(made.path, one)
    return told
