"""Among which words an answer is sought: a setting of the data set, which all of it follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from cldi_core.data import candidates, dataset, judgement_tables
from cldi_core.data.candidates import ALL, LISTED, choice, choose, further, unlisted
from cldi_core.data.dataset import Dataset
from cldi_core.data.left_out import Item, leave_out
from cldi_core.errors import DatasetError, UnknownNameError
from tests.conftest import picture


@pytest.fixture
def more(small: Dataset) -> Dataset:
    """The tiny data set with two German words, ring and Ring, that no list has."""
    rows = list(small.words.itertuples(index=False, name=None))
    extra = [("de", word, 0, picture("ring", "de").id) for word in ("Zange", "Ast")]
    dataset.write_words(small.path, [*rows, *extra])
    return Dataset(small.path)


def test_listed_is_what_is_without_a_choice(more: Dataset) -> None:
    before = (more.path / "dataset.toml").read_bytes()
    assert choice(more) == LISTED and further(more, "en-de") == []
    assert unlisted(more, "en-de") == ["Ast", "Zange"] and unlisted(more, "de-en") == []
    assert choice(choose(more, LISTED)) == LISTED
    assert (more.path / "dataset.toml").read_bytes() == before, "nothing is written that need not be"


def test_the_choice_stands_in_the_data_set_beside_its_comments(more: Dataset) -> None:
    path = more.path / "dataset.toml"
    text = '# by hand\ntitle = "Small"\n\n[more]\n  # deep\n  candidates = 3\n'
    path.write_text(text, "utf-8")
    opened = choose(Dataset(more.path), ALL)
    assert choice(opened) == ALL and further(opened, "en-de") == ["Ast", "Zange"]
    assert opened.info["more"] == {"candidates": 3} and opened.title == "Small"
    plain = text.replace("  candidates = 3\n", "")
    path.write_text(plain, "utf-8")
    assert choose(choose(Dataset(more.path), ALL), ALL).info["title"] == "Small"
    assert path.read_text("utf-8") == f'candidates = "all"\n{plain}'
    choose(Dataset(more.path), LISTED)
    assert path.read_text("utf-8") == plain


def test_a_text_that_looks_like_the_setting_stays_what_it_is(more: Dataset) -> None:
    (more.path / "dataset.toml").write_text('about = """\ncandidates = 5\n"""\ntitle = "T"\n', "utf-8")
    opened = choose(Dataset(more.path), ALL)
    assert opened.info == {"about": "candidates = 5\n", "title": "T", "candidates": "all"}


def test_the_stamp_changes_with_the_choice(more: Dataset) -> None:
    before = more.stamp()
    assert choose(more, ALL).stamp() != before


@pytest.mark.parametrize("given", ["3", "'some'", "['all']", "''", "'" + "x" * 900 + "'"])
def test_another_choice_is_one_line(more: Dataset, given: str) -> None:
    (more.path / "dataset.toml").write_text(f"candidates = {given}\n", "utf-8")
    with pytest.raises(DatasetError, match="accepted: 'listed' and 'all'") as told:
        further(Dataset(more.path), "en-de")
    assert "\n" not in str(told.value) and len(str(told.value)) < 400
    with pytest.raises(UnknownNameError):
        choose(more, "some")


def test_a_word_that_is_left_out_is_no_distractor(more: Dataset) -> None:
    leave_out(more, [Item(language="de", word="Ast")])
    assert candidates.unlisted(Dataset(more.path), "en-de") == ["Zange"]


def test_a_table_of_judgements_may_name_any_candidate(more: Dataset) -> None:
    table = b"pair\tword\tpos\tcandidate\tverdict\nen-de\tdog\tN\tZange\twrong\n"
    assert judgement_tables.from_tsv(table, more).judgements == ()
    assert len(judgement_tables.from_tsv(table, choose(more, ALL)).judgements) == 1


def test_the_demo_has_none(tmp_path: Path) -> None:
    demo = Dataset(Path(__file__).resolve().parents[2] / "data" / "demo")
    assert choice(demo) == LISTED and all(unlisted(demo, pair) == [] for pair in demo.pairs)
