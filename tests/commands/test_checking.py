"""``check --deep`` and ``check --seal`` as commands."""

from __future__ import annotations

import pytest

from cldi_core.data import checksums
from cldi_core.data.dataset import Dataset
from cldi_core.insight import likeness
from tests.commands.conftest import Run
from tests.conftest import import_another

pytestmark = pytest.mark.usefixtures("decoding_here")


def test_sealing_is_a_command(run: Run, small: Dataset) -> None:
    (small.path / "lexicon" / "en-de.tsv").write_text("dog\tHund\tN\n", "utf-8")
    with (small.path / checksums.LOG).open("ab") as log:
        log.write(b"no line of it\n")
    assert run("check", "--dataset", "small", "--deep")[0] == 1
    code, _, err = run("check", "--dataset", "small", "--seal")
    assert code == 0 and err.splitlines()[-1].startswith("sealed: ")
    code, out, _ = run("check", "--dataset", "small", "--deep")
    assert code == 0 and " files: " not in out


def test_what_is_broken_is_not_sealed(run: Run, small: Dataset) -> None:
    (small.path / "words.parquet").write_bytes(b"none")
    code, _, err = run("check", "--dataset", "small", "--seal")
    assert code == 1 and "error: nothing was sealed, since not all is right (data: words.parquet" in err
    assert not (small.path / checksums.SEALED).exists()


def test_what_is_imported_meanwhile_is_not_broken(run: Run, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is told is of the moment at which it began."""
    told, looks = run("check", "--dataset", "small")[:2], (small.path / likeness.FILE).read_bytes()
    (small.path / likeness.FILE).unlink()
    make = likeness.fingerprints.make

    def made(*given: object, **named: object) -> object:
        found = make(*given, **named)
        import_another(small, extract=False)
        return found

    monkeypatch.setattr(likeness.fingerprints, "make", made)
    assert run("check", "--dataset", "small")[:2] == told
    assert (small.path / likeness.FILE).read_bytes() == looks
