"""MODFLOW name files: one document a model, with the size of its grid."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reading import DATA, read_source

NAMES = "LIST 7 a.lst\nBAS6 1 a.bas\nDIS 29 a.dis\nDATA(BINARY) 50 a.cbc\n"


def write(folder: Path, dis: str) -> Path:
    """A model of three files; its listing and its budget were not kept."""
    (folder / "a.bas").write_text("# basic\n")
    (folder / "a.dis").write_text(dis)
    path = folder / "a.nam"
    path.write_text(NAMES)
    return path


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_freyberg() -> None:
    """The Freyberg model gathers its ten packages and results, and has 1 layer, 40 rows, 20 columns."""
    name, (draft,) = read_source(DATA / "hydrology/modflow_freyberg/freyberg.nam")
    assert (name, draft.title, draft.findings) == ("modflow", "freyberg", [])
    assert len(draft.properties["members"]) == 10
    assert draft.properties["grid"] == {"layer": 1, "row": 40, "column": 20, "stress_period": 1}


@pytest.mark.parametrize(
    ("dis", "grid"), [("# x\n 3 4 5 6 4 2\n", [3, 4, 5, 6]), ("3 4\n", None), ("a b c d\n", None), ("", None)]
)
def test_size_of_the_grid(tmp_path: Path, dis: str, grid: list[int] | None) -> None:
    """The size comes from the first line that is no comment, and is left out where that is no size."""
    _, (draft,) = read_source(write(tmp_path, dis))
    sizes = draft.properties.get("grid")
    assert (list(sizes.values()) if sizes else None) == grid


def test_absent_package_is_told(tmp_path: Path) -> None:
    """A package that is named but not there is a finding; a listing is none."""
    path = write(tmp_path, "1 2 3 1\n")
    (tmp_path / "a.bas").unlink()
    _, (draft,) = read_source(path)
    assert [(one.code, one.count, one.message) for one in draft.findings] == [("sidecar-missing", 1, "a.bas")]


def test_other_name_files_stay_documents(tmp_path: Path) -> None:
    """Lines of another make, or no basic package, are no model."""
    path = tmp_path / "a.nam"
    for text in ("LIST 7 a.lst\n", "BAS6 1 a.bas\nand some words\n"):
        path.write_text(text)
        assert read_source(path)[0] == "document"
