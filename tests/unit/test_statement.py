"""Statements beside a file: read whole, refused whole."""

import pytest

from craton.model.data import ColumnNote, Document, Draft
from craton.model.errors import RefusedError
from craton.model.statement import apply, read_statement


def test_a_statement_is_written_over_what_the_reader_found(tmp_path):
    """Titles and notes are merged by language and by column, and the statement wins."""
    path = tmp_path / "a.csv.meta.toml"
    path.write_text(
        'title.lo = "ແຮ່"\nlicence = "CC0-1.0"\nowner = "DGM"\n[columns.cu]\nunit = "ppm"\n', encoding="utf-8"
    )
    draft = Draft(data=Document(), kind="document", titles={"en": "Ore"}, licence="MIT")
    draft.notes["cu"] = ColumnNote(unit="%", quantity="copper_concentration")
    apply(read_statement(path), draft)
    assert draft.titles == {"en": "Ore", "lo": "ແຮ່"}
    assert draft.licence == "CC0-1.0"
    assert draft.notes["cu"] == ColumnNote(unit="ppm", quantity="copper_concentration")
    assert draft.parties[0].name == "DGM"


@pytest.mark.parametrize(
    "text", ["titel.en = 'x'", "title = 3", "= =", "[columns.a]\ncolour = 'red'", "\x00"]
)
def test_what_a_statement_cannot_say_is_refused(tmp_path, text):
    """Unknown keys, wrong types and broken TOML are errors that name the file."""
    path = tmp_path / "a.csv.meta.toml"
    path.write_text(text)
    with pytest.raises(RefusedError, match=r"a\.csv\.meta\.toml"):
        read_statement(path)
