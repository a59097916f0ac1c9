"""Geochemical maps on small fields of known answer and on the Meuse soils: classes, local anomalies, polygons."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import shapely
import xarray as xr
from pyproj import Geod
from tests.reading import DATA

from craton.methods import (
    geochemistry_anomalies,
    geochemistry_combined,
    geochemistry_fractal,
    geochemistry_singularity,
    geochemistry_spectrum,
    kriging,
)
from craton.model.errors import ContractError

MEUSE = DATA / "geochemistry/meuse/meuse.txt"

UTM = "EPSG:32648"


def grid_of(values, spacing=100.0, **attrs):
    """`values` (rows from the north) on a plane in Laos, in mg/kg."""
    rows, columns = np.shape(values)
    axes = {
        "northing": 2e6 - spacing * (np.arange(rows) + 0.5),
        "easting": 5e5 + spacing * (np.arange(columns) + 0.5),
    }
    attrs = {"crs": UTM, "units": "mg/kg", **attrs}
    return xr.DataArray(
        np.asarray(values, dtype=float), axes, ("northing", "easting"), name="zinc", attrs=attrs
    )


def two_laws(count=4000, inner=300):
    """Values whose area falls as v^-0.8 up to 3 and as v^-2.5 above, in an order without meaning."""
    rank = np.arange(1.0, count + 1)
    values = 3.0 * (inner / rank) ** np.where(rank <= inner, 1 / 2.5, 1 / 0.8)
    return np.random.default_rng(0).permutation(values)


@pytest.fixture(scope="module")
def meuse():
    """Soils of the Meuse floodplain."""
    if not MEUSE.exists():
        pytest.skip("the open survey data is not beside this checkout")
    frame = pd.read_csv(MEUSE)
    points = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["x"], frame["y"]), crs="EPSG:28992")
    points.attrs["columns"] = {"zinc": {"unit": "mg/kg"}}
    return points


def test_the_threshold_of_two_power_laws():
    """Slopes and threshold to 1e-6; 300 cells of a hectare at or above it; each cell in its class."""
    grid = grid_of(two_laws().reshape(50, 80))
    found = geochemistry_fractal.concentration_area(grid)
    npt.assert_allclose(found.thresholds["slope"], [-0.8, -2.5], rtol=1e-6)
    npt.assert_allclose(found.thresholds["lower"][1], 3.0, rtol=1e-6)
    npt.assert_allclose(found.curve["fitted"], found.curve["amount"], rtol=1e-6)
    npt.assert_allclose(found.thresholds["amount"].sum(), 40.0, rtol=1e-12)
    assert found.thresholds["amount"][1] == pytest.approx(3.0, abs=0.011)
    assert ((found.classes == 2) == (grid >= found.thresholds["lower"][1])).all()
    assert found.thresholds.attrs["columns"]["lower"]["unit"] == "mg/kg"
    assert found.curve.attrs["columns"]["amount"]["unit"] == "km2"


def test_neither_direction_nor_gaps_nor_zeros_move_the_thresholds():
    """Turned, with cells of no value, the same; cells of 0 and below are in the lowest class and in its area."""
    grid = grid_of(two_laws().reshape(50, 80))
    first = geochemistry_fractal.concentration_area(grid, 2)
    turned = geochemistry_fractal.concentration_area(grid[::-1].transpose("easting", "northing"), 2)
    pd.testing.assert_frame_equal(first.thresholds, turned.thresholds)
    assert turned.classes.dims == ("easting", "northing")
    wider = grid_of(np.vstack([grid.to_numpy(), np.zeros((1, 80)), np.full((1, 80), np.nan)]))
    wider[50, 3] = -1.0
    third = geochemistry_fractal.concentration_area(wider, 2)
    npt.assert_allclose(third.thresholds["lower"], first.thresholds["lower"], rtol=1e-12)
    npt.assert_allclose(third.thresholds["amount"].sum(), 40.8, rtol=1e-12)
    assert (third.classes[50] == 1).all()
    assert np.isnan(third.classes[51]).all()


def test_cells_of_degrees_count_by_their_area():
    """The area above the least value is that of the grid on the ellipsoid (authalic zone formula, 1e-6)."""
    values = two_laws(3600, 300).reshape(60, 60)
    axes = {"latitude": 59.75 - 0.5 * np.arange(60), "longitude": 100.25 + 0.5 * np.arange(60)}
    grid = xr.DataArray(values, axes, ("latitude", "longitude"), name="zn", attrs={"crs": "EPSG:4326"})
    found = geochemistry_fractal.concentration_area(grid, 2)
    a, e = 6378.137, np.sqrt(0.00669437999014)
    sine = np.sin(np.radians([30.0, 60.0]))
    zone = sine / (1 - e**2 * sine**2) + np.log((1 + e * sine) / (1 - e * sine)) / (2 * e)
    expected = np.radians(30.0) * a**2 * (1 - e**2) / 2 * (zone[1] - zone[0])
    npt.assert_allclose(found.curve["amount"][0], expected, rtol=1e-6)


def test_numbers_and_volumes_part_like_areas():
    """The same values as samples and as blocks of 100 m by 100 m by 10 m have the same threshold."""
    values = two_laws()
    points = gpd.GeoDataFrame({"zn": values}, geometry=gpd.points_from_xy(values, values), crs=UTM)
    numbers = geochemistry_fractal.concentration_number(points, "zn")
    assert numbers.thresholds["amount"].tolist() == pytest.approx([3700, 300], abs=1.5)
    assert set(numbers.points["zn_class"]) == {1.0, 2.0}
    layers = grid_of(values.reshape(50, 80)).to_numpy().reshape(5, 10, 80)
    axes = {
        "upward": -10.0 * np.arange(5),
        "northing": -100.0 * np.arange(10),
        "easting": 100.0 * np.arange(80),
    }
    volume = xr.DataArray(layers, axes, tuple(axes), name="zn", attrs={"units": "mg/kg"})
    volumes = geochemistry_fractal.concentration_volume(volume)
    npt.assert_allclose(volumes.thresholds["lower"], numbers.thresholds["lower"], rtol=1e-12)
    npt.assert_allclose(volumes.thresholds["amount"].sum(), 4000 * 1e5, rtol=1e-12)


@pytest.mark.parametrize("values", [np.full((5, 5), np.nan), np.full((5, 5), 2.0), -np.ones((5, 5))])
def test_a_map_without_values_to_part_is_refused(values):
    """No value, one value, none above 0."""
    with pytest.raises(ContractError, match="10 or more"):
        geochemistry_fractal.concentration_area(grid_of(values))


def test_spectrum_area_finds_a_wave_again():
    """A strong wave on weak ones: background and plane to 1e-9; parts add up to the map; gaps stay."""
    rows, columns = 48, 64
    random = np.random.default_rng(8)
    weak = random.normal(scale=1e-3, size=(rows, columns))
    north, east = np.arange(rows) + 0.5, np.arange(columns) + 0.5
    waves = sum(
        np.cos(i * np.pi * north / rows)[:, None] * np.cos(j * np.pi * east / columns) * 5 / (i + j)
        for i in range(1, 6) for j in range(1, 6)
    )  # fmt: skip
    grid = grid_of(50 + waves + weak)
    found = geochemistry_spectrum.spectrum_area(grid, 2)
    npt.assert_allclose(found.background + found.anomaly + found.noise, grid, atol=1e-9)
    assert not found.noise.any()
    npt.assert_allclose(found.background, 50 + waves, atol=5e-3)
    assert found.breaks["part"].tolist() == ["anomaly", "background"]
    assert found.breaks["waves"].sum() == rows * columns - 1
    grid[3:5, 7:9] = np.nan
    three = geochemistry_spectrum.spectrum_area(grid, 3)
    assert np.isnan(three.anomaly[3:5, 7:9]).all()
    npt.assert_allclose(three.background + three.anomaly + three.noise, grid, atol=1e-9)
    with pytest.raises(ContractError, match="at least 30 waves"):
        geochemistry_spectrum.spectrum_area(grid_of(np.ones((20, 20))))


def test_singularity_of_labelled_grids():
    """A level map is 2; density in its unit; metres become windows; values below 0 and thin windows are refused."""
    grid = grid_of(np.full((30, 30), 40.0))
    grid[15, 15] = 80.0
    found = geochemistry_singularity.singularity(grid, 500.0)
    assert found.singularity[15, 15] < 2
    npt.assert_allclose(found.singularity[2, 2], 2.0, atol=1e-12)
    npt.assert_allclose(found.density[2, 2], 40.0, rtol=1e-12)
    assert found.density.attrs["units"] == "mg/kg"
    x = np.log(2 * np.arange(6) + 1.0)
    slope = np.polyfit(x, np.log(40 + 40 / np.exp(2 * x)), 1)[0]
    npt.assert_allclose(found.singularity[15, 15], 2 + slope, rtol=1e-10)
    with pytest.raises(ContractError, match="0 or more"):
        geochemistry_singularity.singularity(grid - 50, 500.0)
    with pytest.raises(ContractError, match="at least one cell"):
        geochemistry_singularity.singularity(grid, 20.0)
    with pytest.raises(ContractError, match="less than the radius"):
        geochemistry_singularity.singularity(grid, 500.0, smallest=500.0)


def test_local_background_does_not_hide_a_weak_anomaly():
    """Where one half of the map has three times the background, a spot of 1.5 times stands out in both alike."""
    values = np.where(np.arange(60) < 30, 20.0, 60.0) * np.ones((40, 1))
    values[20, 10] *= 1.5
    values[20, 50] *= 1.5
    contrast = geochemistry_singularity.median_contrast(grid_of(values), 500.0).contrast.to_numpy()
    assert contrast[20, 10] == contrast[20, 50] == 1.5
    assert np.count_nonzero(contrast > 1) == 2 + 0
    local = geochemistry_singularity.local_anomaly(grid_of(values), 500.0, factor=2.0)
    npt.assert_allclose(local.score[20, 10], local.score[20, 50], rtol=1e-9)
    assert local.score[20, 10] > 10
    assert local.score[5, 5] == 0
    npt.assert_allclose(local.threshold[20, 10], 20 + 10 / 121 + 2 * 10 / 11, rtol=1e-9)


SQUARES = np.full((20, 30), 10.0)
SQUARES[2:6, 3:8] = 50.0
SQUARES[3:5, 4:6] = 120.0
SQUARES[12:15, 20:25] = 60.0
SQUARES[18, 0] = 55.0


def test_anomalies_are_measured_and_ranked():
    """Area, mean, peak, contrast and strength of three blocks of hectares; UTM areas to the scale on the ground."""
    found = geochemistry_anomalies.anomaly_polygons(grid_of(SQUARES), thresholds=(40.0, 100.0))
    frame = found.anomalies
    cells, mean = np.array([20, 15, 1]), np.array([(16 * 50 + 4 * 120) / 20, 60.0, 55.0])
    npt.assert_allclose(frame["area"], cells * 0.01 / 0.9996**2, rtol=1e-4)
    npt.assert_allclose(frame["mean"], mean, rtol=1e-12)
    assert frame["peak"].tolist() == [120.0, 60.0, 55.0]
    npt.assert_allclose(frame["contrast"], mean / 40, rtol=1e-12)
    npt.assert_allclose(frame["strength"], frame["area"] * mean / 40, rtol=1e-12)
    assert frame["anomaly"].tolist() == ["zinc-1", "zinc-2", "zinc-3"]
    assert frame["zones"].tolist() == [2, 1, 1]
    assert frame["samples"].isna().all()
    npt.assert_allclose(frame.geometry.area, cells * 1e4, rtol=1e-9)
    assert found.zones[["anomaly", "zone"]].to_numpy().tolist() == [["zinc-1", 1], ["zinc-2", 1], ["zinc-3", 1], ["zinc-1", 2]]  # fmt: skip
    npt.assert_allclose(found.zones.geometry.area.to_numpy()[-1], 4e4, rtol=1e-9)
    assert frame.attrs["columns"]["peak"]["unit"] == "mg/kg"


def test_anomalies_count_samples_and_leave_small_ones_out():
    """Samples by the cell they lie in, in another reference system; small areas and few samples are left out."""
    places = shapely.points([[500450, 1999650], [500550, 1999550], [502250, 1998650], [500050, 1900000]])
    samples = gpd.GeoDataFrame(geometry=places, crs=UTM).to_crs("EPSG:4326")
    grid = grid_of(SQUARES)
    found = geochemistry_anomalies.anomaly_polygons(grid, thresholds=(40.0,), samples=samples)
    assert found.anomalies["samples"].tolist() == [2, 1, 0]
    few = geochemistry_anomalies.anomaly_polygons(
        grid, thresholds=(40.0,), samples=samples, minimum_samples=2, element="Zn"
    )
    assert few.anomalies["anomaly"].tolist() == ["Zn-1"]
    assert few.zones["anomaly"].tolist() == ["Zn-1"]
    large = geochemistry_anomalies.anomaly_polygons(grid, thresholds=(40.0,), minimum_area=0.1)
    assert len(large.anomalies) == 2
    none = geochemistry_anomalies.anomaly_polygons(grid, thresholds=(500.0,))
    assert len(none.anomalies) == len(none.zones) == 0
    with pytest.raises(ContractError, match="minimum_samples"):
        geochemistry_anomalies.anomaly_polygons(grid, thresholds=(40.0,), minimum_samples=1)


def test_gaps_part_anomalies_and_directions_do_not_matter():
    """A gap is outside; corners do not join; the grid upside down has the same polygons in the same order."""
    values = np.full((6, 6), 5.0)
    values[1, 1:5] = 9.0
    values[2, 5] = 9.0
    values[1, 3] = np.nan
    grid = grid_of(values)
    first = geochemistry_anomalies.anomaly_polygons(grid, thresholds=(8.0,)).anomalies
    assert len(first) == 3
    other = geochemistry_anomalies.anomaly_polygons(grid[::-1, ::-1], thresholds=(8.0,)).anomalies
    assert shapely.equals(first.geometry.to_numpy(), other.geometry.to_numpy()).all()


def test_anomalies_below_a_threshold():
    """Of a singularity index: at or below; contrast is threshold / mean; the lowest value is the peak."""
    found = geochemistry_anomalies.anomaly_polygons(
        grid_of(np.where(SQUARES > 100, 1.5, np.where(SQUARES > 40, 1.8, 2.0)), units="1"),
        thresholds=(1.6, 1.9), below=True,
    )  # fmt: skip
    frame = found.anomalies
    assert frame["peak"].tolist() == [1.5, 1.8, 1.8]
    npt.assert_allclose(frame["contrast"], 1.9 / np.array([1.74, 1.8, 1.8]), rtol=1e-12)
    assert frame["zones"].tolist() == [2, 1, 1]


def test_areas_in_degrees_are_those_on_the_ellipsoid():
    """A block of 2 by 3 degrees at 50° N against the geodesic polygon with its sides along parallels (1e-6)."""
    axes = {"latitude": 55.5 - np.arange(10), "longitude": 99.5 + np.arange(10)}
    values = np.ones((10, 10))
    values[4:6, 3:6] = 4.0
    grid = xr.DataArray(values, axes, ("latitude", "longitude"), name="cu", attrs={"crs": "EPSG:4326"})
    found = geochemistry_anomalies.anomaly_polygons(grid, thresholds=(2.0,)).anomalies
    west, south, east, north = found.total_bounds
    ring = shapely.segmentize(shapely.box(west, south, east, north), 0.001)
    area = abs(Geod(ellps="WGS84").polygon_area_perimeter(*shapely.get_coordinates(ring).T)[0]) / 1e6
    npt.assert_allclose(found["area"], [area], rtol=1e-6)
    npt.assert_allclose(found["mean"], [4.0], rtol=1e-12)


def test_thresholds_come_from_classes_in_any_unit():
    """The table of concentration-area gives the levels; in other units they are converted, others refused."""
    classes = pd.DataFrame({"class": [1, 2, 3], "lower": [1.0, 40.0, 100.0]})
    direct = geochemistry_anomalies.anomaly_polygons(grid_of(SQUARES), thresholds=(40.0, 100.0))
    found = geochemistry_anomalies.anomaly_polygons(grid_of(SQUARES), classes=classes)
    pd.testing.assert_frame_equal(
        direct.anomalies.drop(columns="geometry"), found.anomalies.drop(columns="geometry")
    )
    classes["lower"] *= 1e-4
    classes.attrs["columns"] = {"lower": {"unit": "wt%"}}
    other = geochemistry_anomalies.anomaly_polygons(grid_of(SQUARES), classes=classes)
    npt.assert_allclose(other.zones["threshold"].unique(), [40.0, 100.0], rtol=1e-12)
    classes.attrs["columns"] = {"lower": {"unit": "m"}}
    with pytest.raises(ContractError, match="one in m"):
        geochemistry_anomalies.anomaly_polygons(grid_of(SQUARES), classes=classes)
    with pytest.raises(ContractError, match="neither"):
        geochemistry_anomalies.anomaly_polygons(grid_of(SQUARES))


def element(name, boxes, strengths):
    """Anomalies of one element on boxes of kilometres."""
    frame = gpd.GeoDataFrame(
        {"element": name, "strength": strengths}, geometry=[shapely.box(*(1e3 * np.array(b))) for b in boxes]
    )
    frame.attrs["columns"] = {"strength": {"unit": "km2"}}
    return frame


def test_overlapping_elements_become_one():
    """Chains of overlaps join, touching does not; strengths add; the overlap of named elements is their own."""
    zinc = element("Zn", [(0, 0, 2, 2), (10, 0, 12, 2)], [4.0, 9.0])
    lead = element("Pb", [(1, 1, 3, 3), (12, 0, 14, 2)], [6.0, 1.0])
    silver = element("Ag", [(2.5, 2.5, 4, 4)], [1.5])
    found = geochemistry_combined.combined_anomalies((zinc, lead, silver))
    assert found["elements"].tolist() == ["Pb, Zn, Ag"]
    assert found[["count", "anomalies", "strength"]].to_numpy().tolist() == [[3, 3, 11.5]]
    npt.assert_allclose(found["area"], [4 + 3 + 2], rtol=1e-12)
    single = geochemistry_combined.combined_anomalies((zinc, lead, silver), minimum_elements=1)
    assert single["strength"].tolist() == [11.5, 9.0, 1.0]
    both = geochemistry_combined.combined_anomalies((zinc, lead, silver), elements=("Zn", "Pb"), overlap=True)
    npt.assert_allclose(both.geometry.area, [1e6])
    never = geochemistry_combined.combined_anomalies((zinc, silver), elements=("Zn", "Ag"))
    assert len(never) == 0
    with pytest.raises(ContractError, match="of the elements Zn"):
        geochemistry_combined.combined_anomalies((zinc,), elements=("Au",))
    with pytest.raises(ContractError, match="overlap"):
        geochemistry_combined.combined_anomalies((zinc,), overlap=True)


def test_zinc_of_the_meuse(meuse):
    """Kriged zinc, its classes and its anomalies: high zinc lies along the river, and samples in it are high.

    Of the samples in the strongest anomaly nine in ten are above the threshold (kriging smooths); they lie
    nearer to the river than the others.
    """
    kriged = kriging.ordinary_kriging(meuse, "zinc", 40.0, maximum_distance=200.0)["zinc"]
    separated = geochemistry_fractal.concentration_area(kriged, 3)
    thresholds = separated.thresholds
    assert (np.diff(thresholds["slope"]) < 0).all()
    assert (thresholds["r2"] > 0.7).all()
    cells = float(np.isfinite(kriged).sum())
    npt.assert_allclose(thresholds["amount"].sum(), cells * 0.0016, rtol=1e-9)
    found = geochemistry_anomalies.anomaly_polygons(kriged, classes=thresholds[1:], samples=meuse).anomalies
    first = found.iloc[0]
    within = meuse.geometry.within(first.geometry)
    assert within.sum() == first["samples"]
    assert (meuse["zinc"][within] >= first["threshold"]).mean() > 0.9
    assert meuse["dist"][within].median() < meuse["dist"][~within].median() / 2
