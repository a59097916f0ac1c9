"""Catchments of stream sediments: a valley of known answer, dilution undone, and the Nam Ngum basin in Laos."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pytest
import shapely
import xarray as xr
from tests.reading import DATA

from craton.methods import geochemistry_catchment_values, geochemistry_catchments
from craton.model.errors import ContractError

MAPS = DATA / "hydrology/lisflood_nam_ngum_laos/model/maps/topography"
UTM = "EPSG:32648"
ROWS, COLUMNS = 21, 40


def valley(turn=slice(None)):
    """A straight valley down to the east on cells of 100 m; its axis is the eleventh row."""
    side = np.abs(np.arange(ROWS) - 10)[:, None]
    elevation = 500.0 + 20.0 * side - 1.0 * np.arange(COLUMNS)
    axes = {"northing": 2e6 - 100.0 * np.arange(ROWS), "easting": 5e5 + 100.0 * np.arange(COLUMNS)}
    attrs = {"units": "m", "standard_name": "elevation", "crs": UTM}
    grid = xr.DataArray(elevation, axes, ("northing", "easting"), name="elevation", attrs=attrs)
    return grid[turn]


def samples_at(columns, row=10, **more):
    """Samples on a row of the valley."""
    east, north = 5e5 + 100.0 * np.asarray(columns, dtype=float), 2e6 - 100.0 * row
    frame = gpd.GeoDataFrame(more, geometry=shapely.points(east, np.full(len(columns), north)), crs=UTM)
    frame.attrs["columns"] = {name: {"unit": "mg/kg"} for name in more}
    return frame


@pytest.mark.parametrize("turn", [slice(None), slice(None, None, -1)])
def test_a_valley_parts_by_its_samples(turn):
    """Slopes fall straight to the axis: each sample has all columns from the one upstream to its own."""
    found = geochemistry_catchments.catchments(samples_at([29, 9, 19]), valley(turn), stream_area=0.3)
    frame = found.catchments
    npt.assert_allclose(frame["area"], np.array([10, 10, 10]) * ROWS * 0.01)
    npt.assert_allclose(frame["upstream_area"], np.array([30, 10, 20]) * ROWS * 0.01)
    assert frame["catchment"].tolist() == ["C1", "C2", "C3"]
    assert frame["downstream"].tolist() == ["", "C3", "C1"]
    assert frame["upstream_catchments"].tolist() == [2, 0, 1]
    npt.assert_allclose(frame["moved"], 0.0, atol=1e-6)
    npt.assert_allclose(frame.geometry.area, frame["area"] * 1e6)
    npt.assert_allclose(frame.geometry.iloc[1].bounds, (499950, 1997950, 500950, 2000050))
    assert found.upstream_area.attrs["units"] == "km2"
    npt.assert_allclose(found.upstream_area.sel(northing=1999000.0), (np.arange(COLUMNS) + 1) * ROWS * 0.01)


def test_samples_beside_a_stream_are_moved_to_it():
    """150 m off the axis goes to the nearest stream cell within two cells; 400 m off stays on its slope."""
    near = geochemistry_catchments.catchments(
        samples_at([20], row=11.5), valley(), stream_area=0.3
    ).catchments
    npt.assert_allclose(near["moved"], [150.0])
    npt.assert_allclose(near["upstream_area"], [21 * ROWS * 0.01])
    far = geochemistry_catchments.catchments(samples_at([20], row=14), valley(), snap_distance=0.0).catchments
    npt.assert_allclose(far["upstream_area"], [7 * 0.01])
    npt.assert_allclose(far["moved"], [0.0], atol=1e-6)


def test_samples_in_one_cell_share_and_those_outside_have_none():
    """Twins have one catchment; a sample off the grid, and one without a place, keep their rows without one."""
    samples = samples_at([10, 10, 500, 20], area=[1.0, 2.0, 3.0, 4.0])
    samples.loc[3, "geometry"] = None
    frame = geochemistry_catchments.catchments(samples, valley()).catchments
    assert frame["catchment"].tolist() == ["C1", "C1", "", ""]
    assert frame.geometry.isna().tolist() == [False, False, True, True]
    assert frame["area_1"].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert frame["upstream_area"].isna().tolist() == [False, False, True, True]
    with pytest.raises(ContractError, match="with values"):
        geochemistry_catchments.catchments(samples, valley() * np.nan)


def diluted(own, background=10.0):
    """Catchments of three samples one below the other on 4, 2 and 6 km², whose grounds have the values `own`."""
    area, upstream = np.array([4.0, 2.0, 6.0]), np.array([4.0, 6.0, 12.0])
    values = np.cumsum(area * own) / upstream
    frame = gpd.GeoDataFrame(
        {"catchment": ["a", "b", "c"], "downstream": ["b", "c", ""], "area": area, "upstream_area": upstream,
         "zn": values},
        geometry=shapely.box(np.arange(3.0), 0, np.arange(3.0) + 1, 1),
    )  # fmt: skip
    units = {"area": "km2", "upstream_area": "km2", "zn": "mg/kg"}
    frame.attrs["columns"] = {name: {"unit": unit} for name, unit in units.items()}
    return frame


def test_mixing_is_undone():
    """Values mixed by area give the value of each ground again; Hawkes' productivity; a source of 0.5 km²."""
    own = np.array([10.0, 70.0, 25.0])
    found = geochemistry_catchment_values.catchment_anomaly(
        diluted(own), "zn", background=10.0, source_area=0.5
    )
    npt.assert_allclose(found["local_value"], own, rtol=1e-12)
    npt.assert_allclose(found["productivity"], [0.0, 120.0, 210.0], atol=1e-12)
    npt.assert_allclose(found["local_productivity"], [0.0, 120.0, 90.0], atol=1e-12)
    npt.assert_allclose(found["source_value"], [10.0, 250.0, 190.0], rtol=1e-12)
    assert found["rank"].tolist() == [3, 1, 2]
    assert found.attrs["columns"]["local_value"]["unit"] == "mg/kg"


def test_a_catchment_without_a_value_belongs_to_the_next():
    """Between `a` and `c` without `b`: the ground of both, their mean; order of rows does not matter."""
    frame = diluted(np.array([10.0, 70.0, 25.0]))
    frame.loc[1, "zn"] = np.nan
    found = geochemistry_catchment_values.catchment_anomaly(frame, "zn", background=10.0)
    npt.assert_allclose(found["local_value"], [10.0, np.nan, (2 * 70 + 6 * 25) / 8], rtol=1e-12)
    turned = geochemistry_catchment_values.catchment_anomaly(frame.iloc[::-1], "zn", background=10.0)
    npt.assert_allclose(turned["local_value"].to_numpy()[::-1], found["local_value"])


def test_tables_that_flow_in_circles_are_refused():
    """A catchment downstream is larger; both backgrounds, and none at all, are refused too."""
    frame = diluted(np.ones(3)).assign(downstream=["b", "a", ""])
    with pytest.raises(ContractError, match="downstream are larger"):
        geochemistry_catchment_values.catchment_anomaly(frame, "zn")
    with pytest.raises(ContractError, match="left out"):
        geochemistry_catchment_values.catchment_anomaly(
            diluted(np.ones(3)), "zn", background=1.0, background_column="zn"
        )
    with pytest.raises(ContractError, match="with a value"):
        geochemistry_catchment_values.catchment_anomaly(diluted(np.full(3, np.nan)), "zn")


def test_rocks_give_their_background_again():
    """Values mixed from rocks of 20 and 80 by area: both again, and no residual but that of the odd one."""
    samples = samples_at([4, 9, 14, 19, 24, 29, 34])
    frame = geochemistry_catchments.catchments(samples, valley(), stream_area=0.3).catchments
    edges = 5e5 + np.array([-1e3, 650.0, 1730.0, 2280.0, 9e3])
    geology = gpd.GeoDataFrame(
        {"rock": ["granite", "schist", "granite", "schist"]},
        geometry=shapely.box(edges[:-1], 1.99e6, edges[1:], 2.01e6), crs=UTM,
    )  # fmt: skip
    step = np.linspace(5e5 - 50, 5e5 + 3950, 400_001)
    granite = (step < edges[1]) | ((step > edges[2]) & (step < edges[3]))
    ends = 5e5 + 100.0 * np.array([4, 9, 14, 19, 24, 29, 34]) + 50
    part = np.array([granite[step < end].mean() for end in ends])
    frame = frame.assign(zn=20 * part + 80 * (1 - part))
    found = geochemistry_catchment_values.lithological_background(frame, "zn", geology, "rock")
    levels = dict(zip(found.rocks["rock"], found.rocks["background"], strict=True))
    assert levels == pytest.approx({"granite": 20.0, "schist": 80.0}, rel=1e-3)
    npt.assert_allclose(found.catchments["residual"], 0.0, atol=0.02)
    npt.assert_allclose(found.catchments["mapped"], 1.0, rtol=1e-3)
    anomaly = geochemistry_catchment_values.catchment_anomaly(
        found.catchments, "zn", background_column="background"
    )
    npt.assert_allclose(anomaly["productivity"], 0.0, atol=0.2)


@pytest.fixture(scope="module")
def nam_ngum():
    """Elevation, published drainage directions and upstream areas of the Nam Ngum basin, at 0.05°."""
    if not MAPS.exists():
        pytest.skip("the open survey data is not beside this checkout")

    def read(name):
        field = xr.open_dataset(MAPS / f"{name}.nc")["Band1"].rename(lat="latitude", lon="longitude")
        return field.load().sortby("latitude", ascending=False)

    elevation = read("elv").assign_attrs(units="m", standard_name="elevation", crs="EPSG:4326")
    return elevation, read("ldd_repaired"), read("upArea_repaired")


def test_streams_of_the_nam_ngum(nam_ngum):
    """Large rivers lie where the published network has them, which was made from a finer relief.

    Of the thirty cells with the largest published area, two in three have an area within a factor of two in
    the same or a neighbouring cell: at 5 km a mean elevation cannot see a gorge.
    """
    elevation, _directions, published = nam_ngum
    outlet = published.where(elevation.notnull()).to_numpy()
    place = np.unravel_index(np.nanargmax(outlet), outlet.shape)
    at = shapely.points(float(elevation["longitude"][place[1]]), float(elevation["latitude"][place[0]]))
    sample = gpd.GeoDataFrame(geometry=[at], crs="EPSG:4326")
    found = geochemistry_catchments.catchments(sample, elevation)
    ours = found.upstream_area.to_numpy()
    around = np.stack([np.roll(ours, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)])
    largest = np.argsort(np.where(np.isnan(outlet), -1, outlet).ravel())[-30:]
    area = outlet.ravel()[largest] / 1e6
    ratio = around.reshape(9, -1)[:, largest] / area
    near = ((ratio > 0.5) & (ratio < 2)).any(axis=0)
    assert near.mean() > 2 / 3
    basin = float(found.catchments["upstream_area"].iloc[0])
    whole = float(np.nanmax(ours))
    assert basin > whole / 2
