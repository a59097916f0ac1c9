"""Reference pages are drawn from the Spec."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import pytest
import xarray as xr

from craton.process.marks import Bounds, Column, Grid, Table, Unit
from craton.process.reference import example_number, pages
from craton.process.signature import read_spec
from craton.process.spec import Param

LOOK_UP = Path(__file__).parents[2] / "tools" / "look_up.py"


class Parts(NamedTuple):
    """Two results."""

    regional: Annotated[xr.DataArray, Grid(unit="mGal", like="grid")]
    peaks: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",), columns=(Column(name="height", unit="m"),))]


def separate(
    grid: Annotated[
        xr.DataArray, Grid(quantity=("gravity_anomaly", "bouguer_anomaly"), unit="mGal", plane=True)
    ],
    distance: Annotated[float, Unit("km"), Bounds(above=0, maximum=50)],
    *,
    method: Literal["mean", "median"] = "mean",
) -> Parts:
    """Parts of a field | and their peaks.

    Use it to see deep sources.

    Parameters
    ----------
    grid : DataArray
        The field.
    distance : float
        How far it is smoothed.
    method : str
        How.

    Returns
    -------
    regional : DataArray
        The smooth part.
    peaks : GeoDataFrame
        Its peaks.

    Notes
    -----
    f = g + h

    References
    ----------
    Blakely, R. J. (1995), Potential theory.
    """


SPEC = read_spec(separate, id="gravity.separate", version="3")


def test_a_page_says_everything_of_the_contract():
    """Parameters with unit, legal range and default; results; formula; sources; three ways to call it."""
    made = pages([SPEC])
    assert list(made) == ["processes", "processes/gravity"]
    assert "| [`gravity.separate`](processes/gravity.md#gravityseparate) | 3 |" in made["processes"]
    page = made["processes/gravity"]
    for line in (
        "## gravity.separate",
        "Version 3.",
        "| `grid` | The field. | mGal | grid of `gravity_anomaly` or `bouguer_anomaly` on evenly spaced northing",
        "| `distance` | How far it is smoothed. | km | a number in km above 0 km and at most 50 km | (must be given) |",
        "| `method` | How. |  | one of 'mean', 'median' | `mean` |",
        "| `regional` | The smooth part. | grid like `grid`, in mGal |",
        "| `peaks` | Its peaks. | table of Point with `height` (m) |",
        "f = g + h",
        "- Blakely, R. J. (1995), Potential theory.",
        "result = separate(grid, distance=25.0)",
        "craton run NODE gravity.separate --input grid=ID --set distance=25km",
        "POST /processes/gravity.separate/execution",
        '{"inputs": {"grid": "ID", "distance": 25.0}}',
    ):
        assert line in page


@pytest.mark.parametrize(
    ("bounds", "base", "expected"),
    [
        (None, float, 1.0), (Bounds(above=0), float, 1.0), (Bounds(minimum=-90, maximum=90), float, 0.0),
        (Bounds(below=-5), float, -10.0), (Bounds(minimum=3, maximum=4), int, 4), (Bounds(above=0, maximum=1), float, 0.5),
    ],
    ids=str,
)  # fmt: skip
def test_examples_are_legal(bounds, base, expected):
    """The number of an example lies within the bounds."""
    number = example_number(Param(name="n", doc="N.", base=base, bounds=bounds))
    assert number == expected
    assert bounds is None or bounds.hold(number)


def test_pages_of_topics_that_are_gone_are_removed(tmp_path, monkeypatch):
    """Writing makes nested pages and takes stale ones away; hand-written ones stay; checking tells."""
    spec = importlib.util.spec_from_file_location("look_up", LOOK_UP)
    look_up = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(look_up)
    folder = tmp_path / "docs" / "look-up"
    (folder / "processes").mkdir(parents=True)
    (tmp_path / "README.md").write_text("[list](docs/look-up/processes.md)")
    monkeypatch.setattr(look_up, "ROOT", tmp_path)
    monkeypatch.setattr(look_up, "PAGES", folder)
    monkeypatch.setattr(look_up, "WRITERS", {"settings": lambda: "# Settings\n"})
    monkeypatch.setattr(look_up, "processes", lambda: pages([SPEC]))
    (folder / "processes" / "old.md").write_text(look_up.NOTICE + "# Old\n")
    (folder / "by-hand.md").write_text("# By hand\n")
    assert look_up.main(check=True) == 1
    assert look_up.main(check=False) == 0
    assert look_up.main(check=True) == 0
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))
    assert found == ["by-hand.md", "processes.md", "processes/gravity.md", "settings.md"]
    (folder / "processes" / "old.md").write_text(look_up.NOTICE + "# Old\n")
    assert look_up.main(check=True) == 1
