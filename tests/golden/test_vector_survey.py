"""The open vector data of a survey: counts, extents and systems as its README states them."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import shapely
from tests.reading import DATA, read_source

from craton.model.data import Document, Draft

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

LAOS = "basemap/geoboundaries_laos"
WORLD = (-180.0, -90.0, 180.0, 90.0)
LAYERS = [
    (f"{LAOS}/geoBoundaries-LAO-ADM1_simplified.geojson", 18, "EPSG:4326", (100.0, 13.9, 107.7, 22.6)),
    (f"{LAOS}/geoBoundaries.geojson", 148, "EPSG:4326", (100.0, 13.9, 107.7, 22.6)),
    ("basemap/natural_earth/ne_50m_admin_0_countries.json", 241, "EPSG:4326", WORLD),
    ("basemap/natural_earth/ne_50m_rivers_lake_centerlines.json", 462, "EPSG:4326", WORLD),
    ("basemap/natural_earth/ne_50m_lakes.json", 405, "EPSG:4326", WORLD),
    ("basemap/natural_earth/ne_50m_coastline.json", 1428, "EPSG:4326", WORLD),
    ("basemap/natural_earth/ne_50m_populated_places_simple.json", 1249, "EPSG:4326", WORLD),
    ("basemap/natural_earth/ne_50m_urban_areas.json", 2143, "EPSG:4326", WORLD),
    ("basemap/natural_earth/ne_50m_geography_regions_elevation_points.json", 86, "EPSG:4326", WORLD),
    ("basemap/natural_earth/ne_10m_airports.json", 891, "EPSG:4326", WORLD),
    ("basemap/natural_earth/ne_10m_ports.json", 1081, "EPSG:4326", WORLD),
    ("basemap/natural_earth/ne_10m_admin_1_states_provinces.topo.json.gz", 4855, "EPSG:4326", WORLD),
    ("basemap/sea_subset/ne_10m_admin_1_asean_china.geojson", 383, "EPSG:4326", (73, -11, 141, 54)),
    ("basemap/sea_subset/ne_10m_rivers_lake_centerlines_sea.geojson", 110, "EPSG:4326", (77, -9, 145, 35)),
    ("basemap/sea_subset/ne_10m_populated_places_sea.geojson", 547, "EPSG:4326", (90, -12, 142, 30)),
    ("geochemistry/sirsam_geochem_sites/geochem_sites.shp", 1026, "EPSG:4283", (120.0, -28.0, 121.5, -27.0)),
    ("geology/gem_active_faults/myanmar_faults.geojson", 407, "EPSG:4326", (89, 2, 106.5, 30.2)),
    ("geology/geologic_provinces/global_gprv.shp", 914, "EPSG:4326", WORLD),
    ("geology/geologic_provinces/plates.shp", 280, "EPSG:4326", WORLD),
    ("geology/geologic_provinces/cratons.shp", 114, "EPSG:4326", WORLD),
    ("geology/hamersley_wa/geology.geojson", 61, "EPSG:28350", (515687, 7473446, 562667, 7521274)),
    ("geology/hamersley_wa/faults.geojson", 35, "EPSG:28350", (515687, 7473446, 562667, 7521274)),
    ("geology/hamersley_wa/structures.geojson", 118, "EPSG:28350", (515687, 7473446, 562667, 7521274)),
    ("geology/himatibetmap/HimaTibetMap.shp", 940, "EPSG:4326", (61, 16, 114, 49.3)),
    ("geology/himatibetmap/HimaTibetMap.geojson", 940, "EPSG:4326", (61, 16, 114, 49.3)),
    ("geology/himatibetmap/sutures.shp", 18, "EPSG:4326", (61, 16, 114, 49)),
    ("geology/himatibetmap/sutures.geojson", 18, "EPSG:4326", (61, 16, 114, 49)),
    ("geology/himatibetmap/volcanic_rocks.shp", 90, "EPSG:4326", (79, 29, 98, 37)),
    ("geology/himatibetmap/volcanic_rocks.geojson", 90, "EPSG:4326", (79, 29, 98, 37)),
    ("geology/plate_boundaries_pb2002/PB2002_boundaries.json", 241, "EPSG:4326", WORLD),
    ("geology/plate_boundaries_pb2002/PB2002_plates.json", 54, "EPSG:4326", WORLD),
    ("geology/plate_boundaries_pb2002/PB2002_orogens.json", 13, "EPSG:4326", WORLD),
    ("hazards/earthquakes/earthquakes_myanmar.geojson", 201, "EPSG:4326", (92, 9.5, 101.2, 28.4)),
    ("hydrology/modflow_freyberg/gis/bedrock_outcrop_hole.shp", 2, "", (0, 0, 5000, 10000)),
    ("hydrology/modflow_freyberg/gis/bedrock_outcrop_hole_rotate14.shp", 2, "", (-2000, -600, 5000, 10000)),
    ("hydrology/modflow_freyberg/gis/cross_section.shp", 2, "", (0, 0, 5000, 10000)),
    ("hydrology/modflow_freyberg/gis/cross_section_rotate14.shp", 1, "", (-400, -400, 3700, 9100)),
    ("hydrology/modflow_freyberg/gis/model_extent.shp", 1, "", (0, 0, 5000, 10000)),
    ("hydrology/modflow_freyberg/gis/wells_locations.shp", 6, "", (1375, 1625, 3875, 7875)),
    ("hydrology/modflow_freyberg/gis/wells_locations_rotate14.shp", 6, "", (-400, 1100, 3300, 7100)),
    ("urban/building_footprints_jakarta_osm/buildings.shp", 181, "EPSG:4326", (106.8, -6.2, 106.83, -6.17)),
]  # fmt: skip


def only(path: str, **options: str) -> Draft:
    """The single draft of the survey file at `path`."""
    (draft,) = read_source(DATA / path, **options)[1]
    return draft


def shapes(draft: Draft) -> np.ndarray:
    """Parsed geometries of a draft's table."""
    return shapely.from_wkb(draft.data["geometry"].to_numpy())


def codes(draft: Draft) -> dict[str, int]:
    """Findings of `draft` by code."""
    return {finding.code: finding.count for finding in draft.findings}


@pytest.mark.parametrize(("path", "rows", "crs", "frame"), LAYERS, ids=[Path(one[0]).name for one in LAYERS])
def test_rows_system_and_extent(
    path: str, rows: int, crs: str, frame: tuple[float, float, float, float]
) -> None:
    """Each layer has the rows and system of the README, lies within its frame and fills most of it."""
    draft = only(path)
    assert (draft.kind, draft.data.num_rows, draft.crs) == ("table", rows, crs)
    west, south, east, north = shapely.total_bounds(shapes(draft))
    slack = 1e-6 * max(map(abs, frame))
    assert min(west - frame[0], south - frame[1], frame[2] - east, frame[3] - north) >= -slack
    assert (east - west) * (north - south) > 0.2 * (frame[2] - frame[0]) * (frame[3] - frame[1])
    assert ("crs-missing" in codes(draft)) == (crs == "")


def test_names_in_any_script() -> None:
    """Chinese and English names of places come through as the file has them."""
    table = only("basemap/sea_subset/ne_10m_populated_places_sea.geojson").data
    named = {row["NAME_EN"]: row["NAME_ZH"] for row in table.to_pylist()}
    assert named["Vientiane"] == "永珍"
    assert named["Kunming"] == "昆明"


def test_invalid_polygon_is_said_and_kept() -> None:
    """The one invalid province left in the subset is counted; nothing is repaired behind one's back."""
    draft = only("basemap/sea_subset/ne_10m_admin_1_asean_china.geojson")
    assert codes(draft)["geometry-invalid"] == 1
    assert int((~shapely.is_valid(shapes(draft))).sum()) == 1


def test_old_style_system_is_honoured_and_said() -> None:
    """Hamersley's `crs` member counts, and a person's statement against it is a conflict."""
    path = "geology/hamersley_wa/geology.geojson"
    assert codes(only(path))["crs-old-style"] == 1
    assert codes(only(path, crs="EPSG:4326"))["crs-overridden"] == 1


def test_statement_fills_a_missing_system() -> None:
    """A model grid without a system takes the one the person gives."""
    draft = only("hydrology/modflow_freyberg/gis/wells_locations.shp", crs="EPSG:26915")
    assert (draft.crs, codes(draft)) == ("EPSG:26915", {"crs-given": 1})


def test_slip_rates_stay_text(tmp_path: Path) -> None:
    """The global faults: 10,057 traces, 3 without geometry, slip rates as the tuples they are in the file."""
    with zipfile.ZipFile(DATA / "geology/gem_active_faults/gem_active_faults.geojson.zip") as archive:
        path = Path(archive.extract(archive.namelist()[0], tmp_path))
    (draft,) = read_source(path)[1]
    assert draft.data.num_rows == 10057
    assert codes(draft)["geometry-null"] == 3
    kinds, counts = np.unique([one.geom_type for one in shapes(draft) if one is not None], return_counts=True)
    assert dict(zip(kinds.tolist(), counts.tolist(), strict=True)) == {
        "LineString": 8584,
        "MultiLineString": 1470,
    }
    rates = draft.data["net_slip_rate"]
    assert rates.type == pa.string()
    assert pc.starts_with(rates.drop_null(), "(").to_pylist().count(True) > 1000


def test_earthquake_times_and_depths() -> None:
    """Times in milliseconds become UTC, depths a column in kilometres, points flat."""
    path = DATA / "hazards/earthquakes/earthquakes_myanmar.geojson"
    raw = json.loads(path.read_text())["features"]
    draft = only("hazards/earthquakes/earthquakes_myanmar.geojson")
    assert draft.data["depth"].to_pylist() == [one["geometry"]["coordinates"][2] for one in raw]
    assert (draft.notes["depth"].unit, draft.notes["depth"].quantity) == ("km", "earthquake_depth")
    main = draft.data.slice(int(np.argmax(draft.data["mag"].to_numpy())), 1).to_pylist()[0]
    assert (main["mag"], main["time"].replace(microsecond=0)) == (
        7.7, dt.datetime(2025, 3, 28, 6, 20, 52, tzinfo=main["time"].tzinfo),
    )  # fmt: skip
    assert main["time"].utcoffset() == dt.timedelta(0)
    assert not shapely.has_z(shapes(draft)).any()
    assert (draft.title, len(draft.steps)) == ("USGS Earthquakes", 2)


def test_unstated_encoding_of_province_names() -> None:
    """Names in a table that states no encoding are read rightly, and the guess is said."""
    for name, expected in (("cratons", "Araçuaí Belt (north)"), ("global_gprv", "Araçuaí Belt (south)")):
        draft = only(f"geology/geologic_provinces/{name}.shp")
        assert expected in draft.data["prov_name"].to_pylist()
        assert codes(draft)["encoding-guessed"] == 1


def test_licence_beside_the_file() -> None:
    """The licence of OpenStreetMap buildings comes from the sidecar."""
    assert only("urban/building_footprints_jakarta_osm/buildings.shp").licence.startswith("ODbL")


def test_topology_is_named_by_its_object() -> None:
    """The gzip TopoJSON has one object, whose name tells the draft apart."""
    draft = only("basemap/natural_earth/ne_10m_admin_1_states_provinces.topo.json.gz")
    assert draft.name == "ne_10m_admin_1_states_provinces"
    assert codes(draft)["crs-assumed-by-format"] == 1


def test_lanelet_map() -> None:
    """The Lanelet2 map of Karlsruhe gives points, lines and relations, tags as JSON."""
    drafts = {draft.name: draft for draft in read_source(DATA / "urban/lanelet2/mapping_example.osm")[1]}
    counts = {name: draft.data.num_rows for name, draft in drafts.items()}
    assert counts == {"points": 173, "lines": 1030, "multipolygons": 3, "other_relations": 95}
    west, south, east, north = shapely.total_bounds(shapes(drafts["lines"]))
    assert 8.4 < west < east < 8.5
    assert 48.9 < south < north < 49.1
    tags = [json.loads(text) for text in drafts["lines"].data["other_tags"].to_pylist() if text]
    assert any("subtype" in one for one in tags)


@pytest.mark.parametrize(
    "path",
    [
        "geology/hamersley_wa/WA.json",
        "imagery/mandalay_landcover/metadata.json",
        "geology/cgi_vocabularies/index.json",
        "geochemistry/pyrolite_reference/config.json",
    ],
)
def test_other_json_is_a_document(path: str) -> None:
    """JSON that is no map stays a document with its text."""
    draft = only(path)
    assert draft.kind == "document"
    assert isinstance(draft.data, Document)
    assert json.loads(draft.data.text) == json.loads((DATA / path).read_text())
