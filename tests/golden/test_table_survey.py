"""The tables of the open survey data: rows, columns, places and values as their publishers state them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import shapely
from tests.reading import DATA, read_source

from craton.ingest.table_parquet import read_parquet
from craton.model.data import Draft, Series
from craton.process.readers import Source

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")


@cache
def draft(name: str) -> Draft:
    """The only draft of a file."""
    (one,) = read_source(DATA / name)[1]
    return one


def codes(one: Draft) -> dict[str, int]:
    """Findings of a draft by code."""
    return {finding.code: finding.count for finding in one.findings}


def points(one: Draft) -> np.ndarray:
    """Coordinates (n, 2) of the rows that have a place."""
    return shapely.get_coordinates(shapely.from_wkb(one.data.column("geometry").drop_null().to_pylist()))


def extent(one: Draft) -> list[float]:
    """West, south, east, north of the points."""
    return [*points(one).min(axis=0), *points(one).max(axis=0)]


GEOGRAPHIC = {
    "crs/australia_datum_tests/Test_Conversion_Geo.csv": (128, 3, [115.202, -42.583, 153.046, -12.304]),
    "elevation/baja_bathymetry/baja-bathymetry.csv.xz": (82_970, 3, [-115.0, 20.0, -105.295, 29.991]),
    "geophysics/potential_field_fatiando/rio-magnetic.csv.xz": (37_718, 6, [-42.6, -22.5, -42.0, -22.0]),
    "geophysics/potential_field_fatiando/south-africa-gravity.ast.xz": (
        14_559,
        4,
        [11.9083, -34.9967, 32.7467, -17.3333],
    ),
    "hazards/earthquakes/earthquakes-23k.csv": (23_412, 4, [-179.997, -77.08, 179.998, 86.005]),
    "hazards/earthquakes/myanmar_bounding_box_earthquakes.csv": (229, 22, None),
    "hazards/nasa_global_landslide_catalog/Global_Landslide_Catalog_Export.csv": (11_032, 28, None),
    "hazards/volcano_eruptions_2010/volcano_data_2010.csv": (63, 36, None),
    "minerals/usgs_world_deposits/PP1802_CritMin_pts.csv": (2_121, 9, None),
    "minerals/usgs_world_deposits/deposit.csv": (3_168, 13, None),
    "minerals/usgs_world_deposits/pcu_deps_pros.csv": (2_199, 46, None),
    "urban/airports/airports.dat": (7_698, 14, None),
}  # fmt: skip
"""Rows, columns beside the geometry (with those kept beside a repaired one), extent where it is known."""


@pytest.mark.parametrize("name", GEOGRAPHIC)
def test_tables_with_longitudes_become_points_in_wgs84(name: str) -> None:
    """All rows and columns arrive, the geometry is one more, and it is told that names gave the system."""
    one = draft(name)
    rows, columns, _ = GEOGRAPHIC[name]
    assert (one.kind, one.data.num_rows, one.data.num_columns) == ("table", rows, columns + 1)
    assert one.crs == "EPSG:4326"
    assert "crs-from-names" in codes(one)


@pytest.mark.parametrize("name", [name for name, expected in GEOGRAPHIC.items() if expected[2]])
def test_points_lie_where_the_publisher_says(name: str) -> None:
    """The extent of the points is that of the columns of the file."""
    expected = GEOGRAPHIC[name][2]
    assert extent(draft(name)) == pytest.approx(expected, abs=0.06)


PROJECTED = {
    "boreholes/loopstructural/claudius.csv": (21_048, [548_800, 7_816_600, 552_500, 7_822_000]),
    "boreholes/loopstructural/contacts.csv": (656, [519_493, 7_489_723, 552_004, 7_516_342]),
    "geochemistry/meuse/meuse.txt": (155, [178_605, 329_714, 181_390, 333_611]),
}


@pytest.mark.parametrize("name", PROJECTED)
def test_eastings_and_northings_become_points_of_no_known_system(name: str) -> None:
    """Points are built from x and y, lie within the survey, and the system is found missing, not guessed."""
    one = draft(name)
    rows, (west, south, east, north) = PROJECTED[name]
    assert one.data.num_rows == rows
    assert one.crs == ""
    assert "crs-missing" in codes(one)
    x, y = points(one).T
    assert len(x) == rows
    assert x.min() >= west - 1
    assert y.min() >= south - 1
    assert x.max() <= east + 1
    assert y.max() <= north + 1


PLAIN = {
    "boreholes/loopstructural/bbox.csv": (2, 4),
    "boreholes/loopstructural/claudiusbb.txt": (2, 3),
    "boreholes/loopstructural/fault_edges.txt": (2, 2),
    "crs/australia_datum_tests/Test_Conversion_Grid.csv": (128, 4),
    "geochemistry/pyrolite_reference/geotimescale_202210.csv": (179, 9),
    "geochemistry/pyrolite_reference/shannon.csv": (497, 7),
    "geology/hamersley_wa/WA_clut.csv": (1_126, 3),
    "geophysics/dcr_3d_synthetic/app_res_1d_data.dobs": (25, 13),
    "geophysics/dcr_3d_synthetic/dc_data.xyz": (696, 15),
    "geophysics/ert/protocol.dat": (140, 7),
    "geophysics/ert/syscal-noisy.csv": (344, 13),
    "geophysics/ert/syscal.csv": (344, 12),
    "imagery/mandalay_landcover/legend.csv": (7, 9),
    "minerals/usgs_world_deposits/commodity.csv": (5_001, 2),
    "minerals/usgs_world_deposits/ref.csv": (961, 2),
}


@pytest.mark.parametrize("name", PLAIN)
def test_tables_without_coordinates_stay_plain(name: str) -> None:
    """Rows and columns are those of the file, and there is no geometry."""
    one = draft(name)
    assert (one.data.num_rows, one.data.num_columns) == PLAIN[name]
    assert "geometry" not in one.data.column_names


SERIES = {
    "hydrology/groundwater_heads_pastas/B32C0639001.csv": (544, "head", "1981-07-03", 1.4),
    "hydrology/groundwater_heads_pastas/B58C0698001.csv": (650, "B58C0698_1", "1985-11-14", 27.61),
    "hydrology/groundwater_heads_pastas/evap_260.csv": (14_697, "EV24_260", "1980-01-02", 0.3),
    "hydrology/groundwater_heads_pastas/evap_nb1.csv": (13_476, "evap", "1980-01-01", 0.0002),
    "hydrology/groundwater_heads_pastas/head_nb1.csv": (644, "head", "1985-11-14", 27.61),
    "hydrology/groundwater_heads_pastas/rain_260.csv": (14_697, "RH_260", "1980-01-02", 5.8),
    "hydrology/groundwater_heads_pastas/rain_nb1.csv": (13_454, "rain", "1980-01-01", 0.0033),
    "hydrology/fao56_cotton_arizona/cotton2013.wth": (365, "Tmax", "2013-01-01", 12.4),
    "hydrology/fao56_cotton_arizona/cottondry2013.out": (200, "ETref", "2013-04-23", 6.97),
}


@pytest.mark.parametrize("name", SERIES)
def test_times_and_values_without_a_place_are_series(name: str) -> None:
    """The column of dates, however it is called, is the time; the file is the station."""
    one = draft(name)
    rows, column, first, value = SERIES[name]
    assert isinstance(one.data, Series)
    values = one.data.values
    assert len(values) == rows
    assert set(values["station"]) == {Path(name).stem}
    assert values["time"].iloc[0].isoformat() == f"{first}T00:00:00+00:00"
    assert values[column].iloc[0] == pytest.approx(value)


def test_longitudes_beyond_180_are_wrapped_in_the_column_too() -> None:
    """All soundings of 245–255° lie at −115 to −105°, in the geometry and in the table."""
    one = draft("elevation/baja_bathymetry/baja-bathymetry.csv.xz")
    assert codes(one)["longitude-wrapped"] == 82_970
    extremes = pc.min_max(one.data.column("longitude")).as_py()
    assert (extremes["min"], extremes["max"]) == pytest.approx((-115.0, -105.296), abs=2e-3)
    assert points(one)[0] == pytest.approx((-114.99109, 27.49555))


def test_headerless_gravity_stations_are_named_by_what_they_hold() -> None:
    """Latitude, longitude, height and gravity are told apart, and it is said that the header was missing."""
    one = draft("geophysics/potential_field_fatiando/south-africa-gravity.ast.xz")
    assert one.data.column_names == ["latitude", "longitude", "elevation", "gravity", "geometry"]
    assert one.data.slice(0, 1).to_pydict()["gravity"] == [979_724.79]
    assert codes(one)["header-missing"] == 1
    assert (one.notes["gravity"].unit, one.notes["elevation"].unit) == ("mGal", "m")


def test_airports_keep_their_missing_marks_and_feet() -> None:
    r"""Every `\N` is empty, altitudes are in feet, names with quotes and accents are whole."""
    one = draft("urban/airports/airports.dat")
    assert codes(one)["missing-mark"] == 3_354
    assert one.notes["altitude"].unit == "ft"
    assert one.data.column("name")[0].as_py() == "Goroka Airport"
    assert one.data.column("iata").null_count == 1_626


def test_us_dates_are_read_month_first_where_one_column_shows_it() -> None:
    """8/1/2008 is the first of August; a row whose cells slipped keeps its texts beside the dates."""
    one = draft("hazards/nasa_global_landslide_catalog/Global_Landslide_Catalog_Export.csv")
    assert one.data.column("event_date")[0].as_py() == datetime(2008, 8, 1, tzinfo=UTC)
    assert "date-ambiguous" not in codes(one)
    assert codes(one)["date-unread"] == 2
    assert pc.unique(one.data.column("submitted_date_text").drop_null()).to_pylist() == ["SDE"]
    myanmar = pc.sum(pc.equal(one.data.column("country_name"), "Myanmar [Burma]")).as_py()
    assert myanmar == 44


def test_two_ways_to_write_dates_in_one_column() -> None:
    """The world's earthquakes of 1965–2016 carry three ISO times among 23,409 dates, and all are read."""
    one = draft("hazards/earthquakes/earthquakes-23k.csv")
    dates = one.data.column("Date")
    assert dates.null_count == 0
    assert pc.min_max(dates).as_py() == {
        "min": datetime(1965, 1, 2, tzinfo=UTC), "max": datetime(2016, 12, 30, tzinfo=UTC),
    }  # fmt: skip


def test_undeclared_marks_are_emptied_and_kept_beside() -> None:
    """-9999 in the porphyry copper file means missing; the column as it came stands beside."""
    one = draft("minerals/usgs_world_deposits/pcu_deps_pros.csv")
    copper, original = one.data.column("cu_pct"), one.data.column("cu_pct_original")
    assert original.null_count == 0
    assert copper.null_count == pc.sum(pc.equal(original, "-9999")).as_py() > 0
    assert pc.min(copper).as_py() > 0
    assert codes(one)["nodata-guessed"] == 14_146


def test_deposits_without_coordinates_are_kept() -> None:
    """Seven deposits have no coordinates: they stay, without geometry."""
    one = draft("minerals/usgs_world_deposits/deposit.csv")
    assert one.data.column("geometry").null_count == 7
    assert codes(one)["coordinate-missing"] == 7
    assert codes(one)["coordinate-coarse"] > 0


def test_steps_between_two_points_become_lines() -> None:
    """Plate boundary steps give start and end by column, which makes 5,819 lines."""
    one = draft("geology/plate_boundaries_pb2002/PB2002_steps.csv")
    lines = shapely.from_wkb(one.data.column("geometry").to_pylist())
    assert len(lines) == 5_819
    assert lines[0].wkt == "LINESTRING (-0.438 -54.852, -0.039 -54.677)"
    assert one.crs == "EPSG:4326"


def test_text_below_detection() -> None:
    """`<2` in the column Be is no number: it is marked, and its limit kept."""
    name = "geochemistry/stream_sediment_levelling/Example 3 - Multi-Standard Correction Factors/Group_1.xlsx"
    one = draft(name)
    assert one.name == "Sheet1"
    assert one.data.num_rows == 930
    assert codes(one)["below-detection"] == 5_279
    first = one.data.slice(0, 1).to_pydict()
    assert (first["Be"], first["Be_below_detection"], first["Be_detection_limit"]) == ([None], [True], [2.0])
    assert first["V"] == [43.7]
    assert "Co" in one.data.column_names


def test_identifiers_stay_texts_though_most_are_numbers() -> None:
    """Sample numbers such as 2648797 and NAFS01 are one column of texts."""
    name = "geochemistry/stream_sediment_levelling/Example 3 - Multi-Standard Correction Factors/Group_1.xlsx"
    samples = draft(name).data.column("SampleNo")
    assert samples.type == pa.string()
    assert samples[0].as_py() == "2648797"
    assert "NAFS01" in samples.to_pylist()


def test_negative_concentrations_are_limits() -> None:
    """In Queensland's file -1 ppm beryllium means below 1 ppm, while isotope ratios may be negative."""
    name = "geochemistry/stream_sediment_levelling/Example 2 - Linear Correction Factors"
    one = draft(f"{name}/Hedley_Seigal_Mines_Streams.xlsx")
    assert codes(one)["negative-below-detection"] == 69
    first = one.data.slice(0, 1).to_pydict()
    assert first["Be [ppm]"] == [None]
    assert first["Be [ppm]_detection_limit"] == [1.0]
    assert one.notes["Be [ppm]_detection_limit"].unit == "ppm"
    assert points(one)[0] == pytest.approx((138.2283, -17.82163))


def test_results_of_a_regression_are_no_limits() -> None:
    """Negative intercepts of a levelling are numbers, not limits: nothing is marked."""
    folder = "geochemistry/stream_sediment_levelling/Example 3 - Multi-Standard Correction Factors"
    one = draft(f"{folder}/Output Files/Example 3.xlsx")
    assert (one.data.num_rows, one.data.num_columns) == (3, 44)
    assert "negative-below-detection" not in codes(one)
    assert one.data.column("Sc")[1].as_py() == pytest.approx(-0.737728937728947)


@pytest.mark.parametrize(
    "path", sorted((DATA / "geochemistry/pyrolite_reference").glob("*_*.csv")), ids=lambda p: p.stem
)
def test_reference_compositions_keep_their_remarks(path: Path) -> None:
    """Values are numbers; the rows of remarks above them keep their texts beside."""
    if path.stem.startswith("geotimescale"):
        pytest.skip("the time scale is no composition")
    (one,) = read_source(path)[1]
    table = one.data
    assert table.schema.field("value").type == pa.float64()
    assert table.column("var")[0].as_py() == "ModelName"
    assert table.column("value")[0].as_py() is None
    assert table.column("value_text")[0].as_py()
    assert codes(one)["number-text"] >= 5


def test_padded_and_blank_headers_are_repaired() -> None:
    """The Syscal export names a column `Rho ` and leaves the first one blank."""
    one = draft("geophysics/ert/syscal.csv")
    assert one.data.column_names[:7] == ["column_1", "El-array", "Spa.1", "Spa.2", "Spa.3", "Spa.4", "Rho"]
    assert codes(one)["header-repaired"] == 6
    assert one.data.column("Rho")[0].as_py() == 45.68


def test_a_count_above_the_table_is_no_row() -> None:
    """The R2 protocol begins with the number of its rows."""
    one = draft("geophysics/ert/protocol.dat")
    assert one.properties["preamble"] == ["140"]
    assert one.data.slice(0, 1).to_pydict()["column_6"] == [1.9210507071839984]


def test_a_parquet_of_soundings_gets_points() -> None:
    """73,128 rows of cone penetration tests have x and y in metres; pandas' row numbers are left out."""
    path = DATA / "boreholes/utrecht_science_park/cpts_usp.parquet"
    source = Source(path=path, files=(path,), name=path.name, scratch=path.parent)
    (one,) = read_parquet(source)
    assert (one.data.num_rows, one.data.num_columns) == (73_128, 31)
    west, south, east, north = extent(one)
    assert 139_500 <= west < east <= 141_300
    assert 454_700 <= south < north <= 456_100
    assert codes(one) == {"crs-missing": 1}


def test_a_geoparquet_states_its_own_system() -> None:
    """The dike line comes in the Dutch grid, as the file says."""
    one = draft("boreholes/utrecht_science_park/dike_section.geoparquet")
    assert one.crs == "EPSG:28992"
    assert one.findings == []
    assert shapely.from_wkb(one.data.column("geometry")[0].as_py()).geom_type in {
        "LineString",
        "MultiLineString",
    }


def test_a_stated_system_wins() -> None:
    """`--crs` is used where the names alone would have been trusted."""
    (one,) = read_source(DATA / "geochemistry/meuse/meuse.txt", crs="EPSG:28992")[1]
    assert one.crs == "EPSG:28992"
    assert "crs-missing" not in codes(one)
    assert codes(one)["crs-given"] == 1
