"""The Earth's main field: published values of the models, a dipole, the poles, and what must not change."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pytest
import shapely
import xarray as xr

from craton.kernels import geomagnetic as kernel
from craton.methods.geomagnetic import anomaly, anomaly_grid, reference_field, reference_field_grid
from craton.methods.geomagnetic_model import model_named
from craton.methods.survey_columns import year_of
from craton.model.errors import ContractError

TABLE_6 = """
2025.0   0  80   0  6521.6   145.9  54791.5  6523.2 55178.5  83.21  1.28 -8.3  59.5 31.1 -7.0  30.1 0.01  0.52
2025.0   0   0 120 39677.8  -109.6 -10580.2 39677.9 41064.3 -14.93 -0.16  9.5 -23.1 79.4  9.6 -11.2 0.11 -0.03
2025.0   0 -80 240  6117.5 15751.9 -52022.5 16898.1 54698.2 -72.00 68.78 33.3  -8.6 95.5  4.0 -89.6 0.03 -0.12
2025.0 100  80   0  6216.0    92.4  52598.8  6216.7 52964.9  83.26  0.85 -7.7  56.5 28.7 -6.9  27.6 0.01  0.52
2025.0 100   0 120 37688.6   -96.2 -10152.1 37688.7 39032.1 -15.08 -0.15  9.2 -21.0 72.9  9.2 -10.0 0.11 -0.03
2025.0 100 -80 240  5907.6 14780.3 -49540.7 15917.1 52035.0 -72.19 68.21 30.6  -8.0 89.2  3.9 -83.8 0.03 -0.11
2027.5   0  80   0  6500.8   294.5  54869.4  6507.5 55253.9  83.24  2.59 -8.3  59.5 31.1 -5.6  30.3 0.01  0.53
2027.5   0   0 120 39701.6  -167.4 -10381.8 39702.0 41036.9 -14.65 -0.24  9.5 -23.1 79.4  9.6 -10.7 0.11 -0.03
2027.5   0 -80 240  6200.7 15730.3 -51783.7 16908.3 54474.2 -71.92 68.49 33.3  -8.6 95.5  4.2 -89.5 0.04 -0.12
2027.5 100  80   0  6196.7   233.8  52670.5  6201.1 53034.3  83.29  2.16 -7.7  56.5 28.7 -5.6  27.8 0.01  0.52
2027.5 100   0 120 37711.5  -148.7  -9969.8 37711.8 39007.4 -14.81 -0.23  9.2 -21.0 72.9  9.3  -9.7 0.11 -0.03
2027.5 100 -80 240  5984.0 14760.1 -49317.7 15927.0 51825.7 -72.10 67.93 30.6  -8.0 89.2  4.0 -83.7 0.03 -0.11
"""
"""WMM2025 technical report (Chulliat and others 2025), table 6: year, height (km), latitude, longitude, X, Y, Z, H,
F, I, D and their rates."""

IGRF_14 = """
1900.0  232.32 68.00 165.11 27505.75351  3089.91355 16985.87684
1971.9  372.19  4.23 244.39 -1032.48029   117.36753 48759.11091
2012.2   77.18  4.81 190.69   750.03774   394.68103 55395.16588
1990.6   34.18 34.51  24.06 16779.17251  1244.60056 46474.73203
1935.4   97.80 66.25 118.16 34965.73111  -780.61590 22635.35126
1988.0  138.16 56.85 318.49 23164.89042 -7333.27843 32808.52011
2027.9  139.86 45.06 138.29 23759.41728 -4335.97718 42511.80742
2027.0  101.99 68.54 277.27 24647.90876 -2283.98317 29268.17197
2011.8  222.44  1.43 247.84  -723.44139 -1045.98675 51636.66448
1926.2   39.97 17.26 353.96  9103.92056 -3990.87427 50222.73073
1958.9   32.01 52.63 186.65 24524.29311  4674.21697 31554.57461
2011.9   45.78 24.68 231.47  8603.16958  3793.56733 56280.34670
1954.6   65.02 33.91 127.88 17466.50778 -3865.80141 54252.57719
2008.6   44.88 70.63 140.48 34480.27068  -768.20914 15137.71474
"""
"""The Fortran routine igrf14syn that IAGA gives out, as its results stand in the tests of SatelliteToolbox
GeomagneticField.jl: year, height (km), geodetic colatitude, longitude, X, Y, Z. Positions are printed to 10 m."""


def rows(text):
    return np.array([line.split() for line in text.strip().splitlines()], dtype=np.float64)


def field(name, latitude, longitude, height, year):
    arrays = np.broadcast_arrays(
        *(np.asarray(one, np.float64) for one in (latitude, longitude, height, year))
    )
    return kernel.field(model_named(name), *(np.atleast_1d(one).copy() for one in arrays))


def test_wmm2025_gives_the_values_of_its_report():
    """Table 6 prints 0.1 nT, 0.01° and 0.1 nT a year: half of that is the tolerance, for all fourteen numbers."""
    table = rows(TABLE_6)
    vectors = field("wmm2025", table[:, 2], table[:, 3], 1000 * table[:, 1], table[:, 0])
    values, rates = kernel.elements(vectors)
    order = [0, 1, 2, 3, 4, 6, 5]
    half = [0.0501] * 5 + [0.00501] * 2
    for found, expected in ((values[:, order], table[:, 4:11]), (rates[:, order], table[:, 11:])):
        assert (np.abs(found - expected) <= half).all()


def test_wmm2025_gives_the_worked_example_to_ten_decimals():
    """Table 3b of the report works one place, 80° S 240° E 100 km 2027.5, to ten decimals."""
    vector = field("wmm2025", -80.0, 240.0, 100e3, 2027.5)
    expected = [
        5983.9760496518,
        14760.1359757868,
        -49317.6706154255,
        30.5553533530,
        -8.0494228995,
        89.2174069382,
    ]
    npt.assert_allclose(vector[0], expected, rtol=0, atol=2e-10)
    values, rates = kernel.elements(vector)
    npt.assert_allclose(values[0, 3:5], [15927.0079860130, 51825.6907172314], atol=2e-10)
    npt.assert_allclose(np.radians(values[0, 5:]), [1.1856308407, -1.2584221541], atol=1e-10)
    npt.assert_allclose(np.radians(rates[0, 5:]), [-0.0019677910, 0.0006028663], atol=1e-10)


def test_igrf14_gives_the_values_of_the_programme_of_iaga():
    """Heights are printed to 10 m, over which the field changes by up to 0.25 nT; half of that is allowed."""
    table = rows(IGRF_14)
    found = field("igrf14", 90 - table[:, 2], table[:, 3], 1000 * table[:, 1], table[:, 0])
    npt.assert_allclose(found[:, :3], table[:, 4:], rtol=0, atol=0.15)


def test_igrf14_and_wmm2025_agree_from_2025_to_2030():
    """Two models of one field: within 60 nT all over, 0.1 percent of it."""
    random = np.random.default_rng(2)
    latitude, longitude = random.uniform(-90, 90, 500), random.uniform(-180, 180, 500)
    one, other = (field(name, latitude, longitude, 0.0, 2027.0) for name in ("igrf14", "wmm2025"))
    assert np.abs(one[:, :3] - other[:, :3]).max() < 60


def test_the_rate_is_the_difference_of_a_year():
    """Within an interval coefficients change evenly, so that F(t + 1) − F(t) is the rate to rounding."""
    early, late = (field("igrf14", 20.0, 102.0, 500.0, year) for year in (2021.5, 2022.5))
    npt.assert_allclose(late[0, :3] - early[0, :3], early[0, 3:], atol=1e-9)


def test_epochs_join_without_a_jump():
    """A moment before and at an epoch the field is the same."""
    before, after = (field("igrf14", 20.0, 102.0, 0.0, year) for year in (np.nextafter(1995.0, 0), 1995.0))
    npt.assert_allclose(before[0, :3], after[0, :3], atol=1e-8)


def test_a_dipole_is_a_dipole():
    """With g₁⁰ alone: X' = −g sin θ (a/r)³ and Z' = −2 g cos θ (a/r)³ in geocentric axes, at any latitude."""
    model = kernel.model_of(
        np.array([1, 1, 1]), np.array([0, 1, -1]), np.array([2000.0, 2005.0]),
        np.array([[-30_000.0, -29_900.0], [0, 0], [0, 0]]),
    )  # fmt: skip
    latitude = np.linspace(-90, 90, 37)
    found = kernel.field(model, latitude, latitude * 2, latitude * 0 + 2e3, latitude * 0 + 2000.0)
    a, e2 = 6_378_137.0, 0.00669437999014
    phi = np.radians(latitude)
    normal = a / np.sqrt(1 - e2 * np.sin(phi) ** 2)
    axial, level = (normal * (1 - e2) + 2e3) * np.sin(phi), (normal + 2e3) * np.cos(phi)
    radius = np.hypot(axial, level)
    weight = 30_000 * (kernel.RADIUS / radius) ** 3
    north, down = weight * level / radius, 2 * weight * axial / radius
    turn = np.arctan2(axial, level) - phi
    npt.assert_allclose(found[:, 0], north * np.cos(turn) - down * np.sin(turn), atol=1e-7)
    npt.assert_allclose(found[:, 2], north * np.sin(turn) + down * np.cos(turn), atol=1e-7)
    npt.assert_allclose(found[:, 1], 0.0, atol=1e-9)
    npt.assert_allclose(found[:, 3:], found[:, :3] * (-1 / 1500), atol=1e-8)


def test_the_field_is_minus_the_gradient_of_its_potential():
    """No curl and no divergence: over a small triangle of heights and places the field is harmonic.

    ∂(r B_λ cos φ)/∂r = ∂B_r/∂λ, by central differences over 100 m, to 1e-4 nT a km.
    """
    step = 100.0
    up, down = (field("igrf14", 0.0, 30.0, height, 2020.0)[0] for height in (step, -step))
    radius, turn = 6_378_137.0, np.degrees(step / 6_378_137.0)
    east, west = (field("igrf14", 0.0, 30.0 + side, 0.0, 2020.0)[0] for side in (turn, -turn))
    left = ((radius + step) * up[1] - (radius - step) * down[1]) / (2 * step) / radius
    right = -(east[2] - west[2]) / (2 * step)
    assert abs(left - right) * 1000 < 1e-4


@pytest.mark.parametrize("latitude", [90.0, -90.0])
def test_the_poles_are_places_as_any_other(latitude):
    """The field at a pole is the limit along the meridian, and one vector whichever longitude is stated."""
    near = np.sign(latitude) * (90 - 1e-9)
    npt.assert_allclose(
        field("igrf14", latitude, 33.0, 0.0, 2024.0), field("igrf14", near, 33.0, 0.0, 2024.0), atol=1e-5
    )
    first, turned = (field("igrf14", latitude, one, 0.0, 2024.0)[0] for one in (0.0, 90.0))
    assert np.hypot(*first[:2]) == pytest.approx(np.hypot(*turned[:2]), rel=1e-12)
    sign = np.sign(latitude)
    npt.assert_allclose(turned[:2], [-sign * first[1], sign * first[0]], rtol=1e-9)


def test_a_vertical_field_has_no_declination_that_changes():
    """Where H is zero, D is arctan2(0, 0) = 0 and its rate has no value; F and I are sound."""
    values, rates = kernel.elements(np.array([[0.0, 0.0, 50_000.0, 1.0, 2.0, 3.0]]))
    npt.assert_array_equal(values, [[0, 0, 50_000, 0, 50_000, 0, 90]])
    assert np.isnan(rates[0, [3, 5]]).all()
    assert rates[0, 4] == 3.0


def stations(coordinates, crs="EPSG:4326", **columns):
    return gpd.GeoDataFrame(columns, geometry=shapely.points(coordinates), crs=crs)


def test_dates_come_in_many_forms():
    """Text, time stamps, eight digits and decimal years say the same date."""
    frame = stations(
        [[102, 20]] * 3,
        a=["2024-07-02", "20240702", "2024-07-02T00:00:00Z"],
        b=[20240702.0] * 3,
        c=[2024.5] * 3,
    )
    frame["d"] = gpd.pd.to_datetime(frame["b"].astype(int).astype(str))
    expected = reference_field(frame, date="2024.5")["field_total"]
    for name in "abcd":
        npt.assert_allclose(reference_field(frame, date_column=name)["field_total"], expected, atol=1e-9)
    assert year_of("p", "date", "2024-07-02") == 2024.5
    assert year_of("p", "date", "2023-07-02T12:00:00") == 2023.5


def test_rows_without_place_date_or_height_have_no_value():
    """The others do; units of heights are converted; own columns of the same name are kept aside."""
    frame = stations(
        [[102, 20]] * 4,
        date=["2024-07-02", None, "2024-07-02", "2024-07-02"],
        up=[0.5, 0.5, np.nan, 0.5],
        declination=[1, 2, 3, 4],
    )
    frame.loc[3, "geometry"] = None
    frame.attrs["columns"] = {"up": {"unit": "km"}}
    found = reference_field(frame, date_column="date", height_column="up")
    npt.assert_array_equal(np.isfinite(found["field_total"]), [True, False, False, False])
    assert found["field_total"][0] == reference_field(frame, date="2024.5", height=500.0)["field_total"][0]
    npt.assert_array_equal(found["declination_1"], [1, 2, 3, 4])
    assert found.attrs["columns"]["declination"]["unit"] == "deg"
    assert found.attrs["columns"]["field_total_rate"]["unit"] == "nT/a"


def test_stations_across_the_antimeridian_and_in_two_systems_have_one_field():
    """181° E is 179° W, and the same place in UTM gives the same field to 1e-4 nT (a tenth of a millimetre)."""
    turns = reference_field(stations([[181, -17], [-179, -17]]), date="2020")
    npt.assert_allclose(turns["field_total"][0], turns["field_total"][1], rtol=1e-14)
    degrees = stations([[102.1, 20.2]])
    one, other = (reference_field(frame, date="2020") for frame in (degrees, degrees.to_crs(32648)))
    npt.assert_allclose(one["field_total"], other["field_total"], atol=1e-4)


def test_an_anomaly_is_the_reading_less_the_field():
    """Readings that are the field give zero, row by row in any unit; a grid does as its cells would."""
    frame = stations([[102, 20], [103, 21]], date=["2010-01-01", "2015-06-30"])
    main = reference_field(frame, date_column="date", height=300.0)["field_total"]
    frame["t"] = (main + 12.5) / 1000
    frame.attrs["columns"] = {"t": {"unit": "uT"}}
    npt.assert_allclose(
        anomaly(frame, "t", date_column="date", height=300.0)["magnetic_anomaly"], 12.5, atol=1e-6
    )
    axes = {"latitude": [21.0, 20.0, 19.0], "longitude": [101.0, 102.0]}
    grid = xr.DataArray(
        np.full((3, 2), 45_000.0), axes, ("latitude", "longitude"),
        attrs={"crs": "EPSG:4326", "units": "nT", "standard_name": "total_magnetic_intensity"},
    )  # fmt: skip
    main_grid = reference_field_grid(grid, "2024-07-02")
    at = reference_field(stations([[102, 20]]), date="2024.5")
    assert float(main_grid[1, 1]) == pytest.approx(at["field_total"][0], rel=1e-14)
    rate = reference_field_grid(grid, "2024.5", component="declination", secular_variation=True)
    assert (float(rate[1, 1]), rate.attrs["units"]) == (pytest.approx(at["declination_rate"][0]), "deg/a")
    found = anomaly_grid(grid, "2024.5")
    npt.assert_allclose(found, 45_000.0 - main_grid, atol=1e-9)
    assert found.attrs["standard_name"] == "magnetic_anomaly"


def test_declination_from_grid_north_is_less_by_the_convergence_of_meridians():
    """UTM zone 48, 2° east of its meridian at 20° N: tan γ = tan 2° sin 20° on the sphere, to 0.001° of arc."""
    east, north = 709_243.0, 2_212_731.0
    grid = xr.DataArray(
        np.zeros((2, 2)), {"northing": [north, north - 10], "easting": [east, east + 10]},
        ("northing", "easting"), attrs={"crs": "EPSG:32648", "units": "nT"},
    )  # fmt: skip
    true, turned = (
        reference_field_grid(grid, "2024.5", component="declination", grid_north=one) for one in (False, True)
    )
    expected = np.degrees(np.arctan(np.tan(np.radians(2)) * np.sin(np.radians(20))))
    assert float((true - turned)[0, 0]) == pytest.approx(expected, abs=1e-3)
    assert turned.attrs["long_name"] == "Declination, clockwise from grid north"
    with pytest.raises(ContractError, match="given with the declination"):
        reference_field_grid(grid, "2024.5", grid_north=True)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"date": "1899.9"}, "`date` must be from 1900 to 2030"),
        ({"date": "2030-06-01"}, "`date` must be from 1900 to 2030"),
        ({"date": "2024-01-01", "model": "wmm2025"}, "the years of WMM2025"),
        ({"date": "last May"}, "`date` must be a date"),
        ({}, "not neither"),
        ({"date": "2020", "date_column": "year"}, "not both"),
        ({"date_column": "year"}, "`date_column` must be from 1900 to 2030"),
        ({"date_column": "code"}, "`date_column` must be a column of dates"),
        ({"date_column": "word"}, "`date_column` must be a column of dates"),
        ({"date": "2020", "height_column": "code"}, "no stated unit"),
    ],
)  # fmt: skip
def test_dates_and_heights_that_cannot_be_are_refused_by_name(given, words):
    """Out of the model's years, unreadable, given twice or not at all, without a unit."""
    frame = stations([[102, 20]], year=[1850.0], code=[526], word=["May"])
    with pytest.raises(ContractError, match=words):
        reference_field(frame, **given)


def test_places_that_are_none_are_refused():
    """No reference system in metres, and a latitude beyond the pole."""
    with pytest.raises(ContractError, match="`stations` must be in a reference system with a place"):
        reference_field(stations([[5e5, 2e6]], crs=None), date="2020")
    with pytest.raises(ContractError, match="latitudes within 90"):
        reference_field(stations([[20, 102]]), date="2020")
