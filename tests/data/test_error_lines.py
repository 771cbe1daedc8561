"""Every error is one line, also where it says what a library said."""

from __future__ import annotations

import copy

import pytest

from cldi_core import errors


@pytest.mark.parametrize("kind", [errors.CldiError, errors.DatasetError, errors.PictureError, errors.UnknownNameError])
def test_line_ends_of_others_are_spaces(kind: type[errors.CldiError]) -> None:
    made = kind("it cannot be read (no page\n  header\r\n.\u2028); import again")
    assert str(made) == "it cannot be read (no page header . ); import again"
    copied = copy.copy(made)  # as another process makes it
    assert type(copied) is kind and copied.args == made.args
