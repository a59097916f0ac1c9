"""netCDF: the open survey data, and small files made here for what it does not show."""

from __future__ import annotations

import netCDF4
import numpy as np
import pytest
import xarray as xr
from tests.reading import DATA, read_source

from craton.model.data import Draft
from craton.model.errors import RefusedError

with_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
LISFLOOD = DATA / "hydrology/lisflood_nam_ngum_laos/model/maps"


def codes(draft: Draft) -> dict[str, int]:
    """Count by finding code."""
    return {finding.code: finding.count for finding in draft.findings}


def read_one(path) -> Draft:
    """The one draft of `path`, read by the netCDF reader."""
    reader, [draft] = read_source(path)
    assert reader == "netcdf"
    return draft


@with_data
def test_all_maps_of_the_basin_are_one_grid_each():
    """The 72 maps of the Nam Ngum basin lie on one grid of 36 x 29 cells in WGS 84, a dataset each."""
    paths = sorted(LISFLOOD.rglob("*.nc"))
    assert len(paths) == 72
    for path in paths:
        draft = read_one(path)
        [values] = draft.data.data_vars.values()
        assert (draft.kind, draft.crs) == ("grid", "EPSG:4326"), path.name
        assert (values.sizes["latitude"], values.sizes["longitude"]) == (36, 29), path.name
        latitudes, longitudes = values["latitude"].values, values["longitude"].values
        assert [*longitudes[[0, -1]], *latitudes[[0, -1]]] == pytest.approx(
            [101.975, 103.375, 19.775, 18.025], abs=0.01
        )


@pytest.mark.parametrize(
    ("name", "variable", "valid", "minimum", "maximum"),
    [
        ("topography/elv.nc", "elv", 543, 166.079788, 2103.586182),
        ("topography/ldd_repaired.nc", "ldd_repaired", 1044, 0, 9),
        ("topography/upArea_repaired.nc", "upArea_repaired", 543, 29002396, 15827730432),
        ("general/my_mask.nc", "area", 543, 1, 1),
        ("reservoirs/reservoirs.nc", "res", 1, 530, 530),
        ("land_use/static/fracgwused.nc", "fracgwused", 1044, 0, 0.04),
        ("soil_hydraulics/ksat1_f.nc", "ksat1_f", 543, 56.481403, 111.810196),
        ("vegetation/laio.nc", "laio", 19548, 0.32592267, 3.04382825),
    ],
)
@with_data
def test_map_has_its_numbers(name, variable, valid, minimum, maximum):
    """A map without a name of its own is called by its file; fill values are empty, packing is undone."""
    draft = read_one(LISFLOOD / name)
    values = draft.data[variable]
    assert int(values.notnull().sum()) == valid
    assert (float(values.min()), float(values.max())) == pytest.approx((minimum, maximum), rel=1e-6)
    assert codes(draft).get("nodata-declared", 0) == values.size - valid


@with_data
def test_time_that_is_no_date_is_kept_as_numbers():
    """An axis of 36 zeros called days of the calendar is kept as numbers, with a finding."""
    draft = read_one(LISFLOOD / "vegetation/laio.nc")
    assert codes(draft)["date-unread"] == 36
    assert draft.data["laio"].dims == ("time_number", "latitude", "longitude")


@with_data
def test_voxel_model_is_a_volume():
    """GeoTOP is a volume of 19 x 15 x 313 voxels in Dutch RD and NAP, positive up, 12 or more attributes.

    The file names voxels by their lowest south-west corners, from -50 m NAP; ours are middles, and say so.
    """
    draft = read_one(DATA / "boreholes/utrecht_science_park/geotop_usp.nc")
    assert (draft.kind, draft.crs) == ("volume", "EPSG:7415")
    volume = draft.data
    assert next(iter(volume.data_vars.values())).dims == ("upward", "northing", "easting")
    assert dict(volume.sizes) == {"easting": 19, "northing": 15, "upward": 313}
    assert volume["upward"].values[[0, -1]].tolist() == [-49.75, 106.25]
    assert volume["easting"].values[[0, -1]].tolist() == [139550, 141350]
    assert volume["northing"].values[[0, -1]].tolist() == [454750, 456150]
    assert len(volume.data_vars) == 13
    assert any("corner" in step for step in draft.steps)
    voxel = volume.sel(easting=140350, northing=455350, upward=-9.75)
    assert [float(values) for values in voxel.data_vars.values()] == [
        4010,
        7,
        0,
        0,
        0,
        0,
        1,
        40,
        59,
        0,
        0,
        37,
        0,
    ]
    assert codes(draft) == {"nodata-declared": 13 * (19 * 15 * 313 - 29890)}
    assert draft.notes["kans_2"].title == "Kans op het voorkomen van klei"


@pytest.mark.parametrize(
    ("path", "variable", "unit", "minimum", "maximum", "at_vientiane"),
    [
        ("elevation/etopo1_half_degree/etopo1-0.5deg.nc.xz", "topography", "meter", -8409, 5651, 343),
        (
            "geophysics/potential_field_fatiando/geoid-earth-0.5deg.nc.xz",
            "geoid",
            "meter",
            -106.257347,
            84.722748,
            -31.967367,
        ),
        (
            "geophysics/potential_field_fatiando/gravity-earth-0.5deg.nc.xz",
            "gravity",
            "mgal",
            974764,
            980183.5625,
            975427.375,
        ),
    ],
)
@with_data
def test_world_grid_has_its_numbers_and_unit(path, variable, unit, minimum, maximum, at_vientiane):
    """A world grid of nodes keeps both meridians of 180°, and the unit its file states for the whole."""
    draft = read_one(DATA / path)
    values = draft.data[variable]
    assert (draft.crs, values.shape) == ("EPSG:4326", (361, 721))
    assert (float(values.min()), float(values.max())) == pytest.approx((minimum, maximum))
    assert float(values.sel(latitude=18, longitude=102)) == pytest.approx(at_vientiane)
    assert draft.notes[variable].unit == unit
    assert codes(draft) == {}


def write(path, dataset: xr.Dataset, **options):
    """Write `dataset` and give its path."""
    dataset.to_netcdf(path, **options)
    return path


def plane(**attributes) -> xr.Dataset:
    """Two by three cells over longitude and latitude."""
    return xr.Dataset(
        {"gravity": (("lat", "lon"), np.arange(6.0).reshape(2, 3), attributes)},
        coords={"lat": ("lat", [10.0, 11.0]), "lon": ("lon", [100.0, 101.0, 102.0])},
    )


def over(name: str, values: list[float], /, **attributes) -> xr.Dataset:
    """The plane repeated over another axis."""
    return xr.concat(
        [plane()] * len(values), dim=xr.DataArray(values, dims=name, name=name, attrs=attributes)
    )


@pytest.mark.parametrize("kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT", "NETCDF4", "NETCDF4_CLASSIC"])
def test_every_variety_of_netcdf_is_read(kind, tmp_path):
    """Classic files, those of 64-bit offsets and those in HDF5 give the same grid."""
    draft = read_one(write(tmp_path / "a.nc", plane(units="mGal"), format=kind))
    assert draft.data["gravity"].values.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert draft.notes["gravity"].unit == "mGal"


def test_longitude_and_latitude_without_a_datum_are_taken_as_wgs_84(tmp_path):
    """A geographic grid that states no datum gets WGS 84 with a doubt."""
    draft = read_one(write(tmp_path / "a.nc", plane()))
    assert (draft.crs, codes(draft)) == ("EPSG:4326", {"crs-from-names": 1})


def test_axes_without_a_system_stay_without_one(tmp_path):
    """Axes called x and y without more are easting and northing of an unknown system."""
    draft = read_one(write(tmp_path / "a.nc", plane().rename(lat="y", lon="x")))
    assert (draft.crs, draft.data["gravity"].dims) == ("", ("northing", "easting"))


def test_system_of_the_cf_parameters_is_found(tmp_path):
    """A transverse Mercator stated by its parameters alone is recognised."""
    dataset = plane(grid_mapping="projection").rename(lat="y", lon="x")
    dataset["y"] = ("y", [2000000.0, 2000100.0], {"standard_name": "projection_y_coordinate", "units": "m"})
    dataset["x"] = ("x", [5e5, 5.001e5, 5.002e5], {"standard_name": "projection_x_coordinate", "units": "m"})
    dataset["projection"] = ((), 0, {
        "grid_mapping_name": "transverse_mercator", "longitude_of_central_meridian": 105.0,
        "latitude_of_projection_origin": 0.0, "scale_factor_at_central_meridian": 0.9996,
        "false_easting": 500000.0, "false_northing": 0.0, "horizontal_datum_name": "WGS84",
        "semi_major_axis": 6378137.0, "inverse_flattening": 298.257223563,
    })  # fmt: skip
    draft = read_one(write(tmp_path / "a.nc", dataset))
    assert "Transverse Mercator" in draft.crs or draft.crs == "EPSG:32648"
    assert draft.data["gravity"].dims == ("northing", "easting")
    assert list(draft.data.data_vars) == ["gravity"]


def test_unknown_system_is_a_finding(tmp_path):
    """A system that is stated but not known is told, not dropped in silence."""
    draft = read_one(write(tmp_path / "a.nc", plane(crs_wkt="PROJCS[nonsense")))
    assert codes(draft) == {"crs-unknown": 1, "crs-from-names": 1}


def test_longitudes_of_0_to_360_are_rolled(tmp_path):
    """A world grid of 0–360° is brought to −180–180° with its columns in order."""
    longitudes = np.arange(0.0, 360.0, 90.0)
    dataset = xr.Dataset(
        {"z": (("lat", "lon"), [[0.0, 1.0, 2.0, 3.0]])}, coords={"lat": [0.0], "lon": longitudes}
    )
    draft = read_one(write(tmp_path / "geoid.nc", dataset))
    assert draft.data["longitude"].values.tolist() == [-180, -90, 0, 90]
    assert draft.data["geoid"].values.tolist() == [[2, 3, 0, 1]]
    assert codes(draft)["longitude-wrapped"] == 1


def test_depth_positive_down_becomes_upward(tmp_path):
    """An axis of depths in kilometres becomes heights in metres, and the grid a volume."""
    dataset = xr.Dataset(
        {"velocity": (("depth", "lat", "lon"), np.arange(12.0).reshape(2, 2, 3))},
        coords={"depth": ("depth", [0.0, 5.0], {"units": "km", "positive": "down"}), **plane().coords},
    )
    draft = read_one(write(tmp_path / "a.nc", dataset))
    assert draft.kind == "volume"
    assert draft.data["upward"].values.tolist() == [0, -5000]
    assert codes(draft)["vertical-unit"] == 1


def test_pressure_is_no_height(tmp_path):
    """An axis of pressure keeps its name: it is no length."""
    dataset = over("level", [1000.0, 500.0], units="hPa", positive="down", axis="Z")
    draft = read_one(write(tmp_path / "a.nc", dataset))
    assert (draft.kind, draft.data["gravity"].dims) == ("grid", ("level", "latitude", "longitude"))


@pytest.mark.parametrize(
    ("numbers", "unit", "calendar", "expected"),
    [
        ([0, 31], "days since 2020-01-01", "standard", ["2020-01-01", "2020-02-01"]),
        ([0, 59], "days since 2020-01-01", "noleap", ["2020-01-01", "2020-03-01"]),
        ([20200229, 20200301], "day as %Y%m%d.%f", "proleptic_gregorian", ["2020-02-29", "2020-03-01"]),
    ],
)
def test_times_become_dates(numbers, unit, calendar, expected, tmp_path):
    """Times of several spellings and calendars become dates."""
    dataset = over("time", [float(number) for number in numbers], units=unit, calendar=calendar)
    draft = read_one(write(tmp_path / "a.nc", dataset))
    assert [str(time)[:10] for time in draft.data["time"].values] == expected


@pytest.mark.parametrize(
    ("unit", "calendar"), [("fortnights since x", "standard"), ("days since 2020-02-01", "360_day"), ("", "")]
)
def test_times_that_cannot_be_read_are_kept_as_numbers(unit, calendar, tmp_path):
    """Times in an unknown unit, of days no calendar has, or without unit stay numbers, with a finding."""
    dataset = over("time", [0.0, 29.0], units=unit, calendar=calendar)
    draft = read_one(write(tmp_path / "a.nc", dataset))
    assert codes(draft)["date-unread"] == 2
    assert "time_number" in draft.data.dims


def test_packed_numbers_and_fill_values_are_decoded(tmp_path):
    """Whole numbers with a scale and a fill value become real numbers with empty cells."""
    dataset = plane()
    dataset["gravity"][0, 0] = np.nan
    encoding = {"gravity": {"dtype": "i2", "scale_factor": 0.5, "add_offset": 1.0, "_FillValue": -9999}}
    draft = read_one(write(tmp_path / "a.nc", dataset, encoding=encoding))
    assert draft.data["gravity"].values[1].tolist() == [3, 4, 5]
    assert codes(draft)["nodata-declared"] == 1


def test_packing_that_cannot_be_read_keeps_the_stored_numbers(tmp_path):
    """A scale that is no number leaves the stored numbers, with a finding."""
    path = write(tmp_path / "a.nc", plane())
    with netCDF4.Dataset(path, "a") as dataset:
        dataset["gravity"].setncattr("scale_factor", "half")
    draft = read_one(path)
    assert draft.data["gravity"].values[1].tolist() == [3, 4, 5]
    assert codes(draft)["metadata-invalid"] == 1


def test_groups_are_datasets_by_their_paths(tmp_path):
    """Groups on grids of their own become a dataset each; coordinates above them are used."""
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as root:
        for name, values in {"lat": [10, 11], "lon": [100, 101, 102]}.items():
            root.createDimension(name, len(values))
            root.createVariable(name, "f8", (name,))[:] = values
        for number, name in enumerate(("magnetic", "gravity")):
            group = root.createGroup(name)
            group.createVariable("anomaly", "f4", ("lat", "lon"))[:] = number
    reader, drafts = read_source(path)
    assert (reader, sorted(draft.name for draft in drafts)) == ("netcdf", ["gravity", "magnetic"])
    assert all(draft.data["anomaly"].shape == (2, 3) for draft in drafts)


def test_coordinates_at_every_node_of_a_regular_grid_become_axes(tmp_path):
    """Longitudes and latitudes stated at every node are axes where each varies along one side only."""
    longitudes, latitudes = np.meshgrid([100.0, 101.0, 102.0], [10.0, 11.0])
    dataset = xr.Dataset(
        {"t": (("j", "i"), np.ones((2, 3)))},
        coords={"lat": (("j", "i"), latitudes), "lon": (("j", "i"), longitudes)},
    )
    draft = read_one(write(tmp_path / "a.nc", dataset))
    assert draft.data["t"].dims == ("latitude", "longitude")
    assert draft.data["longitude"].values.tolist() == [100, 101, 102]


def test_curved_grid_is_kept_as_a_document(tmp_path):
    """A grid whose coordinates bend is kept as a document that can be found by its variables."""
    longitudes, latitudes = np.meshgrid([100.0, 101.0, 102.0], [10.0, 11.0])
    dataset = xr.Dataset(
        {"swath": (("j", "i"), np.ones((2, 3)), {"long_name": "brightness"})},
        coords={
            "lat": (("j", "i"), latitudes + longitudes / 9),
            "lon": (("j", "i"), longitudes + latitudes / 9),
        },
    )
    draft = read_one(write(tmp_path / "a.nc", dataset))
    assert (draft.kind, codes(draft)) == ("document", {"grid-axes-missing": 1})
    assert "swath (j=2, i=3) brightness" in draft.data.text


def test_axis_that_goes_by_another_name_than_its_dimension_is_found(tmp_path):
    """Axes given as `time(t)`, `lat(j)` and `lon(i)` are axes."""
    dataset = over("time", [0.0, 31.0], units="days since 2020-01-01").rename_dims(time="t", lat="j", lon="i")
    draft = read_one(write(tmp_path / "a.nc", dataset.reset_coords()))
    assert draft.data["gravity"].dims == ("time", "latitude", "longitude")
    assert "part-skipped" not in codes(draft)


def test_variables_off_the_grid_are_told(tmp_path):
    """A variable that does not lie on the grid is left out with a finding."""
    dataset = plane().assign(names=("station", np.array([1.0, 2.0])))
    assert codes(read_one(write(tmp_path / "a.nc", dataset)))["part-skipped"] == 1


def test_flags_become_a_legend(tmp_path):
    """The meanings of flag values are kept as a legend."""
    dataset = plane(flag_values=np.array([0.0, 1.0]), flag_meanings="sea dry_land")
    draft = read_one(write(tmp_path / "a.nc", dataset))
    assert draft.properties["legend"] == [{"value": 0.0, "label": "sea"}, {"value": 1.0, "label": "dry land"}]


def test_old_gmt_grid_is_read(tmp_path):
    """A grid of GMT 3, one row of numbers from the top with its ranges beside it, is placed by nodes."""
    path = tmp_path / "a.grd"
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as dataset:
        dataset.createDimension("side", 2)
        dataset.createDimension("xysize", 6)
        for name, values in {
            "x_range": [100, 102],
            "y_range": [10, 11],
            "z_range": [0, 5],
            "spacing": [1, 1],
        }.items():
            dataset.createVariable(name, "f8", ("side",))[:] = values
        dataset.createVariable("dimension", "i4", ("side",))[:] = [3, 2]
        dataset.createVariable("z", "f4", ("xysize",))[:] = np.arange(6)
        dataset["z"].node_offset = np.int32(0)
    draft = read_one(path)
    assert draft.data["a"].sel(northing=11).values.tolist() == [0, 1, 2]
    assert draft.data["easting"].values.tolist() == [100, 101, 102]


def test_points_become_a_table(tmp_path):
    """Variables along one dimension with longitude and latitude become a table of points."""
    dataset = xr.Dataset(
        {
            "lon": ("obs", [100.0, 101.0, np.nan]), "lat": ("obs", [10.0, 11.0, 12.0]),
            "depth": ("obs", [1.0, 2.0, 3.0], {"units": "m"}),
        }
    )  # fmt: skip
    draft = read_one(write(tmp_path / "a.nc", dataset))
    assert (draft.kind, draft.crs, draft.notes["depth"].unit) == ("table", "EPSG:4326", "m")
    assert draft.data.geometry.isna().tolist() == [False, False, True]
    assert draft.data["depth"].tolist() == [1, 2, 3]


def test_stations_over_time_become_a_series(tmp_path):
    """Values by station and time become a long table with the stations located."""
    dataset = xr.Dataset(
        {
            "head": (("well", "time"), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], {"units": "m"}),
            "lon": ("well", [100.0, 101.0]), "lat": ("well", [10.0, 11.0]),
            "name": ("well", np.array(["A1", "B2"], dtype=object), {"cf_role": "timeseries_id"}),
        },
        coords={"time": np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "datetime64[ns]")},
        attrs={"featureType": "timeSeries"},
    )  # fmt: skip
    draft = read_one(write(tmp_path / "a.nc", dataset))
    assert draft.kind == "series"
    values = draft.data.values
    assert values["station"].tolist() == ["A1"] * 3 + ["B2"] * 3
    assert values["head"].tolist() == [1, 2, 3, 4, 5, 6]
    assert (draft.data.stations["station"].tolist(), draft.data.stations.geometry.x.tolist()) == (
        ["A1", "B2"],
        [100, 101],
    )


def test_large_grid_stays_in_its_file(tmp_path):
    """A grid of 80 MB is read in blocks when it is used, not before."""
    cells = np.broadcast_to(np.arange(2500, dtype="f4"), (8000, 2500))
    dataset = xr.Dataset(
        {"dem": (("y", "x"), cells)}, coords={"y": np.arange(8000.0), "x": np.arange(2500.0)}
    )
    encoding = {"dem": {"zlib": True, "chunksizes": (500, 500)}}
    draft = read_one(write(tmp_path / "a.nc", dataset, encoding=encoding))
    blocks = draft.data["dem"].chunks
    assert blocks is not None
    assert max(blocks[0]) * max(blocks[1]) * 4 <= 33 << 20
    assert float(draft.data["dem"][7999, 2499]) == 2499


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_truncated_file_is_refused(share, tmp_path):
    """A file cut off is refused."""
    rng = np.random.default_rng(1)
    dataset = xr.Dataset(
        {"a": (("y", "x"), rng.random((100, 100)))}, coords={"y": np.arange(100.0), "x": np.arange(100.0)}
    )
    path = write(tmp_path / "a.nc", dataset, encoding={"a": {"zlib": True}})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(RefusedError) as refusal:
        read_source(path)
    assert refusal.value.code == "corrupt"


def test_damaged_chunk_is_refused(tmp_path):
    """A file whose numbers are damaged inside is refused, not read as far as it goes."""
    rng = np.random.default_rng(1)
    dataset = xr.Dataset(
        {"a": (("y", "x"), rng.random((100, 100)))}, coords={"y": np.arange(100.0), "x": np.arange(100.0)}
    )
    path = write(tmp_path / "a.nc", dataset, encoding={"a": {"zlib": True, "fletcher32": True}})
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)
    with pytest.raises(RefusedError) as refusal:
        read_source(path)
    assert refusal.value.code == "corrupt"


def test_file_that_declares_more_than_it_can_hold_is_refused(tmp_path):
    """A small file that declares an endless grid is refused before any of it is made."""
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        for name in ("y", "x"):
            dataset.createDimension(name, 2**31 - 1)
        dataset.createVariable("a", "f8", ("y", "x"), chunksizes=(100, 100), zlib=True)
    with pytest.raises(RefusedError, match="declares"):
        read_source(path)


def test_chunk_larger_than_memory_is_refused(tmp_path):
    """A variable packed in one chunk of 800 MB is refused with advice."""
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        for name in ("y", "x"):
            dataset.createDimension(name, 10_000)
        dataset.createVariable("a", "f8", ("y", "x"), chunksizes=(10_000, 10_000), zlib=True)
    with pytest.raises(RefusedError) as refusal:
        read_source(path)
    assert refusal.value.code == "too-large"


def test_file_without_variables_is_refused(tmp_path):
    """A file that holds only attributes has no data."""
    netCDF4.Dataset(tmp_path / "a.nc", "w").close()
    with pytest.raises(RefusedError) as refusal:
        read_source(tmp_path / "a.nc")
    assert refusal.value.code == "no-data"
