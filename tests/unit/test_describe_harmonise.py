"""Harmonising: names become quantities, numbers come in canonical units, and nothing is guessed."""

from __future__ import annotations

import sys

import dask.array as da
import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
import xarray as xr
from tests.reading import DATA, read_source

from craton.model import units
from craton.model.data import (
    Band,
    Boreholes,
    ColumnNote,
    Document,
    Draft,
    Mesh,
    RasterFile,
    Series,
    TableStream,
)
from craton.model.describe import describe
from craton.model.harmonise import harmonise, warm
from craton.model.renaming import renamed


def codes(draft):
    return {finding.code: finding.count for finding in draft.findings}


TABLE = {
    "Au_ppb": [5.0, 250.0, None],
    "Cu (ppm)": [10.0, 20.0, 30.0],
    "elevation_ft": [100.0, 200.0, 300.0],
    "gravity_mgal": [978_000.0, 978_010.0, 978_020.5],
    "note": ["a", "b", "c"],
}


@pytest.mark.parametrize("kind", ["frame", "arrow"])
def test_a_table(kind):
    """Numbers in a known unit come in the canonical one, and a name that says its unit stays true."""
    data = pd.DataFrame(TABLE) if kind == "frame" else pa.table(TABLE)
    draft = Draft(data, "table")
    done = harmonise(draft)
    names = list(done.data.columns) if kind == "frame" else done.data.column_names
    assert names == ["Au_mg_kg", "Cu (mg/kg)", "elevation_m", "gravity_mgal", "note"]
    columns = done.data if kind == "frame" else done.data.to_pandas()
    np.testing.assert_allclose(columns["Au_mg_kg"], [0.005, 0.25, np.nan])
    np.testing.assert_allclose(columns["elevation_m"], [30.48, 60.96, 91.44])
    np.testing.assert_array_equal(columns["Cu (mg/kg)"], [10, 20, 30])
    assert done.notes == {
        "Au_mg_kg": ColumnNote(unit="mg/kg", quantity="gold_concentration", original_unit="ppb"),
        "Cu (mg/kg)": ColumnNote(unit="mg/kg", quantity="copper_concentration", original_unit="ppm"),
        "elevation_m": ColumnNote(unit="m", quantity="elevation", original_unit="ft"),
        "gravity_mgal": ColumnNote(unit="mGal", quantity="gravity", original_unit="mgal"),
    }
    assert codes(done) == {"unit-converted": 2}
    assert done.steps == [
        "converted Au_ppb as Au_mg_kg (ppb → mg/kg)",
        "converted elevation_ft as elevation_m (ft → m)",
        "renamed Cu (ppm) to Cu (mg/kg) (the same numbers)",
    ]
    assert draft.data is data
    assert codes(draft) == {}
    assert draft.steps == []


def test_harmonising_twice_changes_nothing_more():
    """What is canonical stays as it is."""
    once = harmonise(Draft(pd.DataFrame(TABLE), "table"))
    twice = harmonise(once)
    pd.testing.assert_frame_equal(once.data, twice.data)
    assert once.notes == twice.notes
    assert once.findings == twice.findings


def test_a_number_without_unit_is_left_alone():
    """Unstated units are counted for what looks measured, not for codes, angles or pure numbers."""
    frame = pd.DataFrame(
        {
            "gravity": [978_000.5, 978_001.5],
            "sample_id": [1.5, 2.5],
            "code": [3.0, 4.0],
            "dip": [45.5, 30.5],
            "mag": [5.6, 6.1],
            "latitude": [18.1, 18.2],
            "thing": [0.25, 0.5],
            "whole": [1.0, 2.0],
            "count": [1, 2],
        }
    )
    done = harmonise(Draft(frame, "table"))
    pd.testing.assert_frame_equal(done.data, frame)
    (finding,) = done.findings
    assert (finding.code, finding.count, finding.message) == ("unit-missing", 2, "gravity, thing")
    assert done.notes["mag"] == ColumnNote(unit="1", quantity="magnitude")
    assert done.notes["dip"].unit == "deg"
    assert done.notes["gravity"] == ColumnNote(quantity="gravity")


def test_warm_loads_what_a_fork_would_load_anew():
    """After warming, the unit library and the tables are there."""
    warm()
    assert "pint" in sys.modules
    assert units.conversion.cache_info().currsize > 0


def test_the_reader_wins():
    """A note's unit and quantity count, whatever the name says."""
    notes = {"depth": ColumnNote(unit="km", quantity="earthquake_depth", title="focal depth")}
    done = harmonise(Draft(pd.DataFrame({"depth": [10.0, 33.0]}), "table", notes=notes))
    assert done.data["depth"].tolist() == [10_000, 33_000]
    assert done.notes["depth"] == ColumnNote("m", "earthquake_depth", "focal depth", "km")


def test_unknown_units_are_kept_as_text():
    """A unit that is not understood is a finding, and the numbers stay."""
    done = harmonise(Draft(pd.DataFrame({"x1": [1.5]}), "table", notes={"x1": ColumnNote(unit="furlongs")}))
    assert codes(done) == {"unit-unknown": 1}
    assert done.notes["x1"].unit == "furlongs"


def test_no_name_is_taken_twice():
    """Where the new name is taken, the numbers keep their unit and their name."""
    frame = pd.DataFrame({"elev_ft": [100.0], "elev_m": [30.0], "depth_ft": [1.0], "depth_feet": [2.0]})
    done = harmonise(Draft(frame, "table"))
    assert list(done.data.columns) == ["elev_ft", "elev_m", "depth_m", "depth_feet"]
    assert done.data["elev_ft"].tolist() == [100.0]
    assert done.notes["elev_ft"].unit == "ft"
    assert done.notes["depth_m"].unit == "m"
    assert done.notes["depth_feet"].unit == "ft"


def test_infinite_numbers_become_empty():
    """Infinity is a failed computation, not a value."""
    for data in (pd.DataFrame({"a": [1.5, np.inf, -np.inf]}), pa.table({"a": [1.5, np.inf, -np.inf]})):
        done = harmonise(Draft(data, "table"))
        column = done.data["a"] if isinstance(data, pd.DataFrame) else done.data["a"].to_pandas()
        assert column.isna().tolist() == [False, True, True]
        assert codes(done)["value-infinite"] == 2


def test_classes_are_words_and_analyses_numbers():
    """A quantity is not read into a column of the wrong type."""
    frame = pd.DataFrame(
        {"lithology": ["granite"], "age": [12.5], "lead": ["J. Smith"], "landcover": [3], "date": ["soon"]}
    )
    notes = harmonise(Draft(frame, "table")).notes
    assert {name: note.quantity for name, note in notes.items()} == {"lithology": "lithology", "date": "time"}


def test_words_are_no_measurements():
    """A text or boolean column has no numeric quantity, and no unit from its name."""
    frame = pd.DataFrame({"azimuth": ["NE", "SW"], "dip_deg": [True, False], "Zn_ppm": ["high", "low"]})
    assert harmonise(Draft(frame, "table")).notes == {}


def test_companions_follow_their_column():
    """A limit is converted with its column and has no quantity; flags and texts state nothing."""
    frame = pd.DataFrame(
        {
            "cu_pct": [0.5, None],
            "cu_pct_below_detection": [False, True],
            "cu_pct_detection_limit": [None, 0.01],
            "cu_pct_original": [None, "<0.01"],
        }
    )
    notes = {"cu_pct_detection_limit": ColumnNote(unit="pct")}
    once = harmonise(Draft(frame, "table", notes=notes))
    assert list(once.data.columns) == [
        "cu_mg_kg",
        "cu_mg_kg_below_detection",
        "cu_mg_kg_detection_limit",
        "cu_pct_original",
    ]
    assert once.data["cu_mg_kg"].tolist()[0] == pytest.approx(5000)
    assert once.data["cu_mg_kg_detection_limit"].tolist()[1] == pytest.approx(100)
    assert once.notes == {
        "cu_mg_kg": ColumnNote("mg/kg", "copper_concentration", "", "pct"),
        "cu_mg_kg_detection_limit": ColumnNote("mg/kg", "", "", "pct"),
    }
    pd.testing.assert_frame_equal(harmonise(once).data, once.data)


def test_a_limit_whose_column_is_only_renamed():
    """g/t and mg/kg are the same number: both columns are renamed, and no number moves."""
    table = pa.table({"au_g_t": [0.5, None], "au_g_t_detection_limit": [None, 0.01]})
    notes = {"au_g_t_detection_limit": ColumnNote(unit="g/t")}
    done = harmonise(Draft(table, "table", notes=notes))
    assert done.data.column_names == ["au_mg_kg", "au_mg_kg_detection_limit"]
    assert done.data.columns == table.columns
    assert {note.unit for note in done.notes.values()} == {"mg/kg"}


def test_earthquakes_in_the_format_of_comcat():
    """Beside `mag` and `magType`, `depth` is that of the earthquake, in kilometres; alone it is not."""
    frame = pd.DataFrame(
        {
            "time": ["2026"],
            "latitude": [16.4],
            "longitude": [96.3],
            "depth": [10.0],
            "mag": [5.2],
            "magType": ["mww"],
        }
    )
    done = harmonise(Draft(frame, "table"))
    assert done.data["depth"].tolist() == [10_000]
    assert (done.notes["depth"].unit, done.notes["depth"].quantity) == ("m", "earthquake_depth")
    assert "depth was taken in kilometres, as the ComCat format of the USGS states" in done.steps
    alone = harmonise(Draft(frame.drop(columns="magType"), "table"))
    assert alone.notes["depth"] == ColumnNote(quantity="depth")


def test_depth_of_irrigation_is_not_along_a_hole():
    """The values of a series without holes have no down-hole depth."""
    series = Series(pd.DataFrame({"station": ["a"], "Depth": [25.5]}))
    assert harmonise(Draft(series, "series")).notes == {}


def test_geometry_is_left_alone():
    """A GeoDataFrame stays one, with its system."""
    frame = gpd.GeoDataFrame({"elev_ft": [1.0]}, geometry=[shapely.Point(1, 2)], crs=4326)
    done = harmonise(Draft(frame, "table")).data
    assert isinstance(done, gpd.GeoDataFrame)
    assert done.crs == frame.crs
    assert done.columns.tolist() == ["elev_m", "geometry"]


def test_frames_with_odd_names():
    """Names that are no text, and doubled ones, do no harm."""
    odd = pd.DataFrame({0: [np.inf, 1.5], ("a", 1): [1, 2]})
    assert harmonise(Draft(odd, "table")).data[0].isna().tolist() == [True, False]
    doubled = pd.DataFrame([[1.5, 2.5]], columns=["a", "a"])
    pd.testing.assert_frame_equal(harmonise(Draft(doubled, "table")).data, doubled)
    table = pa.Table.from_arrays([pa.array([1.5]), pa.array([2.5])], names=["a", "a"])
    assert harmonise(Draft(table, "table")).data.equals(table)
    assert len(describe(harmonise(Draft(table, "table")), id="x").columns) >= 1


def test_boreholes_are_harmonised_table_by_table():
    """Log mnemonics count in holes, and notes are by table and column."""
    holes = Boreholes(
        gpd.GeoDataFrame({"hole_id": ["a"], "elevation": [1.0]}, geometry=[None]),
        curves={"log": pd.DataFrame({"hole_id": ["a"], "depth": [1.0], "DT": [100.0], "GR": [80.0]})},
        intervals={
            "assay": pd.DataFrame(
                {"hole_id": ["a"], "from_depth": [0.0], "to_depth": [1.0], "Au_ppb": [500.0]}
            )
        },
    )
    notes = {"log.DT": ColumnNote(unit="US/F"), "log.GR": ColumnNote(unit="GAPI")}
    done = harmonise(Draft(holes, "boreholes", notes=notes))
    assert done.data.curves["log"]["DT"].iloc[0] == pytest.approx(328.083989501)
    assert done.data.intervals["assay"]["Au_mg_kg"].tolist() == [0.5]
    assert done.notes["log.DT"] == ColumnNote("us/m", "sonic_slowness", "", "US/F")
    assert done.notes["log.GR"].unit == "gAPI"
    assert done.notes["assay.Au_mg_kg"].original_unit == "ppb"
    assert holes.intervals["assay"]["Au_ppb"].tolist() == [500.0]


@pytest.mark.parametrize("lazy", [False, True])
def test_grids(lazy):
    """A variable's attributes count; lazy grids stay lazy and keep their number of bits."""
    values = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    held = da.from_array(values, (1, 2)) if lazy else values
    data = xr.Dataset(
        {"faa": (("northing", "easting"), held, {"units": "gu", "long_name": "Free-air anomaly"})}
    )
    done = harmonise(Draft(data, "grid"))
    assert (done.data["faa"].chunks is not None) == lazy
    assert done.data["faa"].dtype == np.float32
    np.testing.assert_allclose(done.data["faa"], values / 10, rtol=1e-6)
    assert done.data["faa"].attrs["units"] == "mGal"
    assert done.notes["faa"] == ColumnNote("mGal", "free_air_anomaly", "Free-air anomaly", "gu")
    assert data["faa"].attrs["units"] == "gu"


def test_grid_named_by_its_title():
    """The one variable of a grid without a telling name is what the title says, if the unit agrees."""
    data = xr.Dataset({"z": (("northing", "easting"), np.zeros((2, 2)), {"units": "m"})})
    assert harmonise(Draft(data, "grid", title="SRTM DEM of Laos")).notes["z"].quantity == "elevation"
    assert harmonise(Draft(data, "grid", title="TMI of Laos")).notes["z"].quantity == ""


def test_rasters_and_streams_keep_their_numbers():
    """Only the unit is declared where the numbers stay in the file."""
    raster = RasterFile(
        "a.tif", (Band("dem", unit="feet"), Band("b2", title="Total magnetic intensity", unit="nT"))
    )
    done = harmonise(Draft(raster, "grid"))
    assert [(band.unit, band.quantity) for band in done.data.bands] == [
        ("ft", "elevation"),
        ("nT", "total_magnetic_intensity"),
    ]
    assert codes(done) == {}
    schema = pa.schema([("Au_ppb", pa.float64()), ("geometry", pa.binary())])
    stream = TableStream(schema, lambda: iter(()))
    streamed = harmonise(Draft(stream, "table"))
    assert streamed.data is stream
    assert streamed.notes == {"Au_ppb": ColumnNote("ppb", "gold_concentration")}


def test_series_and_meshes():
    """Values of series and attributes of parts are tables too; documents stay as they are."""
    series = Series(pd.DataFrame({"station": ["a"], "rain_in": [2.0]}))
    assert harmonise(Draft(series, "series")).data.values["rain_mm"].tolist() == [50.8]
    mesh = Mesh(
        np.zeros((3, 3)), np.array([[0, 1, 2]]), np.array([0]), pd.DataFrame({"building_height_ft": [10.0]})
    )
    assert harmonise(Draft(mesh, "mesh")).data.parts["building_height_m"].tolist() == [3.048]
    document = Document("text")
    assert harmonise(Draft(document, "document")).data is document


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("Au_ppb", "ppb", "mg/kg", "Au_mg_kg"),
        ("Au (ppb)", "ppb", "mg/kg", "Au (mg/kg)"),
        ("Ni_ug_kg", "ug/kg", "mg/kg", "Ni_mg_kg"),
        ("depth[ft]", "ft", "m", "depth[m]"),
        ("CuPCT", "PCT", "mg/kg", "Cu_mg_kg"),
        ("elevation", "", "m", "elevation"),
        ("ft_ft", "ft", "m", "ft_m"),
    ],
)
def test_renaming(name, old, new, expected):
    """The unit in a name is replaced where it stands."""
    assert renamed(name, old, new) == expected


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_rio_magnetics():
    """37,718 points whose column says its unit."""
    _, (draft,) = read_source(DATA / "geophysics/potential_field_fatiando/rio-magnetic.csv.xz")
    record = describe(harmonise(draft), id="x")
    (quantity,) = (one for one in record.quantities if one.name == "magnetic_anomaly")
    assert (quantity.unit, quantity.valid) == ("nT", 37_718)
    assert record.shape == {"row": 37_718}


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_airports_in_feet():
    """Altitudes in feet come in metres: Goroka lies at 5,282 ft."""
    _, (draft,) = read_source(DATA / "urban/airports/airports.dat")
    before = describe(draft, id="x")
    after = describe(harmonise(draft), id="x")
    assert before.shape == after.shape == {"row": 7698}
    (quantity,) = (one for one in after.quantities if one.name == "elevation")
    assert (quantity.unit, quantity.original_unit) == ("m", "ft")
    assert quantity.maximum == pytest.approx(14_472 * 0.3048)


def relief(path, crs, *, scale=1.0, unit=""):
    """Draft of a raster of hills of 400 m, 2 km across, on cells of 30 m, in metres over `scale`."""
    import rasterio
    from rasterio.transform import from_origin

    east, north = np.meshgrid(np.arange(100) * 30.0, np.arange(90) * 30.0)
    heights = 900 + 200 * np.sin(np.pi * east / 1000) * np.sin(np.pi * north / 1000)
    place = from_origin(500_000, 2_000_000, 30, 30)
    options = {"driver": "GTiff", "width": 100, "height": 90, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", crs=crs, transform=place, **options) as raster:
        raster.write((heights / scale).astype("float32"), 1)
        raster.units = (unit,)
    return harmonise(read_source(path)[1][0])


@pytest.mark.parametrize(
    ("crs", "scale", "assumed"),
    [("EPSG:32648", 1.0, True), ("EPSG:32648", 0.3048, False), ("EPSG:2263", 1.0, False), (None, 1.0, False),
     ("EPSG:32648", 0.01, False)],
    ids=["metres", "feet", "plane in feet", "no system", "centimetres"],
)  # fmt: skip
def test_heights_without_a_unit_are_metres_where_that_fits(tmp_path, crs, scale, assumed):
    """Hills of 32 degrees at most: in feet they would stand at 45 and more over a third of the ground."""
    done = relief(tmp_path / "dem.tif", crs, scale=scale)
    assert done.data.bands[0].unit == ("m" if assumed else "")
    assert codes(done).get("vertical-unit-assumed", 0) == assumed
    assert codes(done).get("unit-missing", 0) == (not assumed)


def test_a_stated_unit_of_heights_stays(tmp_path):
    """Feet are feet, whatever metres would look like."""
    done = relief(tmp_path / "dem.tif", "EPSG:32648", unit="ft")
    assert done.data.bands[0].unit == "ft"
    assert codes(done).get("vertical-unit-assumed", 0) == 0


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_the_model_of_hamersley_is_in_metres():
    """Heights of 297 to 1,175 on cells of 344 m: metres, and the finding says why."""
    (draft,) = read_source(DATA / "geology" / "hamersley_wa" / "dtm_rp.tif")[1]
    done = harmonise(draft)
    assert done.data.bands[0].unit == "m"
    (told,) = (finding.message for finding in done.findings if finding.code == "vertical-unit-assumed")
    assert told.startswith("dtm_rp 297 to 1175 taken as metres")
