"""Geological models of real data: the Hamersley map of Western Australia, as a map and as tables made of it.

Source: Loop3D/map2loop and Loop3D/LoopStructural (MIT), data of the Geological Survey of Western Australia
(CC BY 4.0), a map of about 1:500,000. Contacts in every fifth square of 3 km are held out of the model, and
their distance from the modelled bases is what is stated.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from tests.reading import DATA

from craton.methods.geomodel import structural
from craton.methods.geomodel_column import column_of
from craton.methods.geomodel_data import contacts_of
from craton.methods.geomodel_ground import Terrain
from craton.methods.geomodel_inputs import Box, cells_for, data_of
from craton.methods.geomodel_map import Mapped, contacts_of_map
from craton.methods.geomodel_stack import build, choices_of, residuals
from craton.methods.placement import new_grid, on_cells

MAP, TABLES = DATA / "geology" / "hamersley_wa", DATA / "boreholes" / "loopstructural"
CRS = "EPSG:28350"
SQUARE = 3000.0
MAP_ERROR = 100.0
"""Metres: a fifth of a millimetre on the map."""

pytestmark = pytest.mark.skipif(not MAP.exists(), reason="the open survey data is not beside this checkout")


@pytest.fixture(scope="module")
def ground() -> xr.DataArray:
    """Heights of the Hamersley area in metres, with gaps along two edges."""
    import rasterio

    with rasterio.open(MAP / "dtm_rp.tif") as raster:
        values = raster.read(1, masked=True).astype(float).filled(np.nan)
        template = new_grid(tuple(raster.bounds), raster.res[::-1], CRS)
    return on_cells(template, values, unit="m", quantity="elevation")


@pytest.fixture(scope="module")
def mapped(ground: xr.DataArray) -> Mapped:
    """Contacts every 600 m, and the column by age; the group that is mapped undivided is left out."""
    geology, faults = (gpd.read_file(MAP / f"{name}.geojson") for name in ("geology", "faults"))
    return contacts_of_map(
        geology, ground, faults=faults, unit_column="unitname", spacing=600.0, youngest_age="min_age_ma",
        oldest_age="max_age_ma", series_column="supergroup", ignored=("Fortescue Group",),
    )  # fmt: skip


def held_out(
    contacts: gpd.GeoDataFrame, column: pd.DataFrame, dips: gpd.GeoDataFrame, error: float
) -> tuple[float, float]:
    """Median and 90 percent point of the distance in metres of contacts that the model was not given."""
    units, nowhere = column_of("test", column), Terrain("test", None)
    read = contacts_of("test", contacts, units, nowhere, unit_column="unit")
    easting, northing = (read.places[:, :2] // SQUARE).astype(int).T
    out = (easting + 2 * northing) % 5 == 0
    data, _counts = data_of("test", units, read.of(~out), nowhere, dips, None, None, CRS)
    lattice = cells_for("test", data, nowhere, CRS, Box(None, None, None, None, None))
    choices = choices_of(lattice, data, error=error, dip_error=10.0, method="auto", stretch=None)
    away = np.abs(residuals(build("test", units, data, [], choices, box=1.0), read.of(out)))
    return float(np.median(away)), float(np.quantile(away, 0.9))


def test_a_map_and_its_dips_foretell_contacts_not_given(mapped: Mapped, ground: xr.DataArray) -> None:
    """Hamersley map, no tuning: half of the held-out contacts within 60 m, 90 percent within 250 m."""
    dips = gpd.read_file(MAP / "structures.geojson")
    heights = Terrain("test", ground).anywhere(dips.geometry.x.to_numpy(), dips.geometry.y.to_numpy())
    placed = dips.set_geometry(shapely.points(np.column_stack([dips.geometry.x, dips.geometry.y, heights])))
    middle, most = held_out(mapped.contacts, mapped.column, placed.set_crs(CRS), MAP_ERROR)
    assert middle < 60.0
    assert most < 250.0


def test_a_map_with_its_faults_comes_out_of_the_model_again(mapped: Mapped, ground: xr.DataArray) -> None:
    """Hamersley map with 35 faults: every unit is in the model, and the top of it is the map at 60 percent.

    Cells are 1 km wide, units at the surface some hundred metres.
    """
    geology, faults, dips = (gpd.read_file(MAP / f"{n}.geojson") for n in ("geology", "faults", "structures"))
    found = structural(
        mapped.contacts, mapped.column, dips, faults[["geometry"]], ground, error=MAP_ERROR, spacing=1000.0,
        thickness=50.0, bottom=-500.0,
    )  # fmt: skip
    assert (found.report["cells"] > 0).all()
    assert not found.report["note"].str.contains("left out").any()
    codes = found.model["unit"]
    top = codes.isel(upward=(codes > 0).argmax("upward")).to_numpy().ravel()
    east, north = (axis.ravel() for axis in np.meshgrid(codes["easting"], codes["northing"]))
    code = dict(zip(found.report["unit"], found.report["code"], strict=True))
    place, polygon = geology.sindex.query(shapely.points(east, north), predicate="intersects")
    mapped_codes = geology["unitname"].map(code).fillna(0).to_numpy(int)[polygon]
    known = mapped_codes > 0
    assert (top[place[known]] == mapped_codes[known]).mean() > 0.6


def test_tables_of_a_map_foretell_contacts_not_given() -> None:
    """656 contacts and 206 dips of map2loop, no faults: half within 130 m, 90 percent within 550 m."""
    frames = {
        name: pd.read_csv(TABLES / f"{name}.csv") for name in ("contacts", "stratigraphic_orientations")
    }
    contacts, dips = (
        gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["X"], frame["Y"], frame["Z"]), crs=CRS)
        for frame in frames.values()
    )
    column = pd.read_csv(TABLES / "stratigraphic_order.csv").rename(columns={"unit name": "unit"})
    middle, most = held_out(
        contacts.rename(columns={"name": "unit"}),
        column[["unit"]],
        dips.rename(columns={"formation": "unit"}),
        50.0,
    )
    assert middle < 130.0
    assert most < 550.0
