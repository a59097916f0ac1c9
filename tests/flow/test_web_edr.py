"""Data at places (OGC API – EDR 1.1, 19-086r6) and parts of grids: against direct reading of the same data."""

from __future__ import annotations

import io

import netCDF4
import numpy as np
import pytest
import rasterio
import xarray as xr
from tests.flow.test_web_maps import volume
from tests.serving import Served, put

import craton

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
UTM = "EPSG:32648"


def easterly():
    """A grid in UTM with a hole, in metres."""
    easting, northing = 500_000 + 1000.0 * np.arange(40), 2_000_000 - 1000.0 * np.arange(30)
    cells = np.add.outer(np.arange(30) * 100.0, np.arange(40)).astype(np.float32)
    cells[5:8, 5:8] = np.nan
    axes = {"northing": northing, "easting": easting}
    array = xr.DataArray(
        cells, axes, ("northing", "easting"), attrs={"units": "m", "standard_name": "elevation"}
    )
    return array.to_dataset(name="height").assign_attrs(crs=UTM)


def world():
    """A grid of all longitudes from 0 to 360."""
    longitudes, latitudes = np.arange(0.5, 360), np.arange(89.5, -90, -1)
    cells = np.add.outer(latitudes * 0, np.where(longitudes > 180, longitudes - 360, longitudes))
    axes = {"latitude": latitudes, "longitude": longitudes}
    return (
        xr.DataArray(cells, axes, ("latitude", "longitude"), name="east")
        .to_dataset()
        .assign_attrs(crs="EPSG:4326")
    )


def several():
    """Two variables that differ in kind: classes, and numbers at their places."""
    data = volume().isel(time=0, upward=0, drop=True)
    rows, columns = data.sizes["latitude"], data.sizes["longitude"]
    data["value"] = data["value"] + np.arange(columns, dtype=np.float32)
    data["second"] = data["value"] + 1000 * np.arange(rows)[:, np.newaxis].astype(np.float32)
    return data


def graded():
    """Grades with words and colours, none in the west, beside a score."""
    axes = {"latitude": [16.5, 15.5, 14.5, 13.5], "longitude": [101.5, 102.5, 103.5, 104.5]}
    flags = {
        "flag_values": [0, 1, 2], "flag_meanings": ["none", "poor soil", "good"],
        "flag_colors": ["#ffffff", "#b2182b", "#1b7837"], "long_name": "Grade",
    }  # fmt: skip
    names = ("latitude", "longitude")
    codes = np.tile(np.array([0, 1, 2, 2], np.uint8), (4, 1))
    arrays = {"grade": (names, codes, flags), "score": (names, codes / 2, {"units": "1"})}
    return xr.Dataset(arrays, axes, {"crs": "EPSG:4326"})


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edr") / "node"
    with craton.create(folder) as node:
        put(node, easterly(), "grid", id="utm-1")
        put(node, world(), "grid", id="world-1")
        put(node, several(), "grid", id="pair-1")
        put(node, volume(), "volume", id="volume-1")
        put(node, graded(), "grid", id="graded-1")
        put(node, easterly(), "grid", id="secret-1", visibility="private")
    with Served(folder, "") as served:
        yield served


def coverage(reply):
    """A coverage that keeps the rules of CoverageJSON (OGC 21-069r2)."""
    assert reply.headers["content-type"] == "application/prs.coverage+json"
    document = reply.json()
    check_coverage(document)
    return document


SHAPES = {
    "Grid": ({"x", "y"}, {"z", "t"}), "VerticalProfile": ({"x", "y", "z"}, {"t"}),
    "PointSeries": ({"x", "y", "t"}, {"z"}), "Point": ({"x", "y"}, {"z", "t"}),
    "MultiPoint": ({"composite"}, {"t"}), "Trajectory": ({"composite"}, {"z"}),
}  # fmt: skip
"""Axes that a domain of a type must have, and may have."""

SINGLE = {
    "VerticalProfile": "xyt",
    "PointSeries": "xyz",
    "Point": "xyzt",
    "MultiPoint": "t",
    "Trajectory": "z",
}


def check_coverage(document):
    """Rules 5–6 of the standard: type, domain, axes, referencing, parameters, ranges and their shapes."""
    assert document["type"] == "Coverage"
    domain = document["domain"]
    assert domain["type"] == "Domain"
    lengths = {}
    identifiers = set()
    for name, axis in domain["axes"].items():
        values = axis["values"]
        assert values
        lengths[name] = len(values)
        if "coordinates" in axis:
            assert axis["dataType"] == "tuple"
            assert all(len(value) == len(axis["coordinates"]) for value in values)
            identifiers |= set(axis["coordinates"])
        else:
            numbers = [v for v in values if isinstance(v, int | float)]
            assert values in (sorted(values), sorted(values, reverse=True)) or not numbers
            identifiers.add(name)
    if kind := domain.get("domainType"):
        needed, allowed = SHAPES[kind]
        assert needed <= lengths.keys() <= needed | allowed
        assert all(lengths.get(name, 1) == 1 for name in SINGLE.get(kind, ""))
    referenced = {name for one in domain["referencing"] for name in one["coordinates"]}
    assert referenced >= identifiers & {"x", "y", "z", "t"}
    for one in domain["referencing"]:
        assert one["system"]["type"] in {"GeographicCRS", "ProjectedCRS", "VerticalCRS", "TemporalRS"}
    assert document["parameters"].keys() == document["ranges"].keys()
    for said in document["parameters"].values():
        assert said["type"] == "Parameter"
        assert said["observedProperty"]["label"]
        assert "unit" not in said or said["unit"]["symbol"] or said["unit"]["label"]
        if categories := said["observedProperty"].get("categories"):
            assert "unit" not in said
            assert all(one["id"] and one["label"] for one in categories)
            assert said["categoryEncoding"].keys() <= {one["id"] for one in categories}
    for one in document["ranges"].values():
        assert one["type"] == "NdArray"
        assert one["dataType"] in {"float", "integer", "string"}
        assert [lengths[name] for name in one["axisNames"]] == one["shape"]
        assert set(one["axisNames"]) == set(lengths)
        assert len(one["values"]) == int(np.prod(one["shape"]))


def values_of(document, name):
    one = document["ranges"][name]
    return np.array(one["values"], float).reshape(one["shape"])


def test_collection_tells_its_queries(server):
    """/req/edr/rc-data-queries, rc-parameters: the collection names queries, formats and parameters with units."""
    told = server.get("/collections/utm-1").json()
    assert set(told["data_queries"]) == {"position", "area", "radius", "cube", "trajectory"}
    for name, query in told["data_queries"].items():
        assert query["link"]["href"].endswith(f"/collections/utm-1/{name}")
        assert query["link"]["variables"]["query_type"] == name
    assert "CoverageJSON" in told["output_formats"]
    assert told["parameter_names"]["height"]["observedProperty"]["label"]


def test_position_is_the_cell_that_holds_it(server):
    """/req/edr/position: the value at a point is that of xarray's nearest cell."""
    point = "POINT(102.5 14.2)"
    found = coverage(server.get("/collections/pair-1/position", params={"coords": point}))
    assert found["domain"]["domainType"] == "Point"
    near = several().sel(longitude=102.5, latitude=14.2, method="nearest")
    assert values_of(found, "value").item() == float(near["value"])
    assert values_of(found, "second").item() == float(near["second"])


def test_positions_of_several_points(server):
    """/req/edr/coords-definition: several points; null where there is no value."""
    points = "MULTIPOINT((102.5 14.2),(0 0),(109 19))"
    query = {"coords": points, "parameter-name": "second"}
    found = coverage(server.get("/collections/pair-1/position", params=query))
    assert found["domain"]["domainType"] == "MultiPoint"
    assert found["ranges"].keys() == {"second"}
    assert [value is None for value in found["ranges"]["second"]["values"]] == [False, True, False]


def test_series_and_profile(server):
    """/req/edr/datetime, z: a point of a volume is a series, a profile, or a grid of both."""

    def at(**query):
        return coverage(
            server.get("/collections/volume-1/position", params={"coords": "POINT(105 15)", **query})
        )

    whole = at()
    assert whole["domain"]["domainType"] == "Grid"
    assert values_of(whole, "value").ravel().tolist() == [0, 1, 2, 10, 11, 12]
    series = at(z="-100")
    assert series["domain"]["domainType"] == "PointSeries"
    assert series["domain"]["axes"]["t"]["values"] == ["2020-01-01T00:00:00.000Z", "2021-01-01T00:00:00.000Z"]
    profile = at(datetime="2021-01-01T00:00:00Z")
    assert profile["domain"]["domainType"] == "VerticalProfile"
    assert profile["domain"]["axes"]["z"]["values"] == [-200, -100, 0]
    assert values_of(at(datetime="2020-06-01/..", z="-150/.."), "value").ravel().tolist() == [11, 12]
    assert values_of(at(datetime="../2020-06-01", z="0,-200"), "value").ravel().tolist() == [2, 0]
    assert values_of(at(datetime="2020-01-01", z="R2/-200/100"), "value").ravel().tolist() == [0, 1]
    assert values_of(at(datetime="2020-01-01", subset="upward(-200:-100)"), "value").ravel().tolist() == [
        0,
        1,
    ]


def test_area_in_the_system_of_the_grid(server):
    """/req/edr/area: cells whose centre lies in the polygon, those outside are null."""
    triangle = "POLYGON((500000 2000000,510100 2000000,500000 1989900,500000 2000000))"
    query = {"coords": triangle, "crs": EPSG + "32648"}
    found = coverage(server.get("/collections/utm-1/area", params=query))
    shown = values_of(found, "height")
    data = easterly()["height"]
    down, across = np.meshgrid(np.arange(shown.shape[0]), np.arange(shown.shape[1]), indexing="ij")
    inside = down + across <= 10
    expected = np.where(inside, data.to_numpy()[: shown.shape[0], : shown.shape[1]], np.nan)
    interior = (down > 0) & (across > 0) & (down + across < 10)
    assert np.array_equal(shown[interior], expected[interior], equal_nan=True)
    assert np.isnan(shown[down + across > 11]).all()
    assert found["domain"]["referencing"][0]["system"]["type"] == "ProjectedCRS"


def test_area_in_degrees_of_a_grid_in_metres(server):
    """/req/edr/crs: in longitude and latitude cells of a projected grid are points, where they lie."""
    box = "POLYGON((105.01 18.04,105.05 18.04,105.05 18.08,105.01 18.08,105.01 18.04))"
    found = coverage(server.get("/collections/utm-1/area", params={"coords": box}))
    places = np.array(found["domain"]["axes"]["composite"]["values"])
    assert ((places > (105.01, 18.04)) & (places < (105.05, 18.08))).all()
    for place, value in zip(places[:5], found["ranges"]["height"]["values"], strict=False):
        one = coverage(
            server.get("/collections/utm-1/position", params={"coords": f"POINT({place[0]} {place[1]})"})
        )
        assert one["ranges"]["height"]["values"] == [value]


def test_radius(server):
    """/req/edr/radius: all cells within the distance and no other, in kilometres as in metres."""
    query = {"coords": "POINT(0.5 0.5)", "within": 200, "within-units": "km", "f": "csv"}
    rows = server.get("/collections/world-1/radius", params=query).text.splitlines()[1:]
    shown = {tuple(map(float, row.split(",")[:2])) for row in rows if not row.endswith(",")}
    assert (0.5, 0.5) in shown
    assert {(-0.5, 0.5), (1.5, 0.5), (0.5, 1.5), (0.5, -0.5)} <= {
        ((x + 180) % 360 - 180, y) for x, y in shown
    }
    assert all(np.hypot((x + 180) % 360 - 180.5, y - 0.5) < 2 for x, y in shown)
    metres = server.get(
        "/collections/world-1/radius", params=query | {"within": 200_000, "within-units": "m"}
    )
    assert metres.text.splitlines()[1:] == rows


def test_cube_across_the_antimeridian(server):
    """/req/edr/cube: a box from 178° to −178° is one box of four columns."""
    found = coverage(server.get("/collections/world-1/cube?bbox=178,-1,-178,1"))
    assert found["domain"]["axes"]["x"]["values"] == [178.5, 179.5, 180.5, 181.5]
    assert values_of(found, "east")[0].tolist() == [178.5, 179.5, -179.5, -178.5]


def test_trajectory(server):
    """/req/edr/trajectory: values along a line, a cell apart, equal to those of positions."""
    line = "LINESTRING(102 12,108 18)"
    found = coverage(server.get("/collections/pair-1/trajectory", params={"coords": line}))
    places = np.array(found["domain"]["axes"]["composite"]["values"])
    assert len(places) >= 60
    near = several().sel(
        longitude=xr.DataArray(places[:, 0]), latitude=xr.DataArray(places[:, 1]), method="nearest"
    )
    same = np.array(found["ranges"]["value"]["values"]) == near["value"].to_numpy()
    assert same.mean() > 0.95


def test_section_of_a_volume(server):
    """A line through a volume has all heights at each of its points."""
    query = {"coords": "LINESTRING(102 12,102.5 12.5)", "datetime": "2020-01-01"}
    found = coverage(server.get("/collections/volume-1/trajectory", params=query))
    assert (
        values_of(found, "value")[..., 0].tolist() == [[0.0] * 3] * 0
        or values_of(found, "value").shape[0] > 4
    )
    assert set(found["domain"]["axes"]) == {"composite", "z", "t"}


def test_trajectory_with_times(server):
    """/req/edr/trajectory: a line with M has the value of each vertex at its own time."""
    line = "LINESTRING M(102 12 1577836800,103 13 1609459200)"
    found = coverage(server.get("/collections/volume-1/trajectory", params={"coords": line, "z": "0"}))
    assert values_of(found, "value").ravel().tolist() == [2, 12]
    assert found["domain"]["axes"]["composite"]["coordinates"] == ["t", "x", "y"]


def test_geojson_and_csv(server):
    """/req/edr/rc-f: the same values as features and as rows, with units in the heading."""
    query = {"coords": "POINT(105.1 18.05)"}
    found = coverage(server.get("/collections/utm-1/position", params=query))
    assert found["parameters"]["height"]["unit"]["symbol"]["value"] == "m"
    value = found["ranges"]["height"]["values"][0]
    features = server.get("/collections/utm-1/position", params=query | {"f": "GeoJSON"}).json()["features"]
    assert features[0]["properties"]["height"] == value
    assert features[0]["geometry"] == {"type": "Point", "coordinates": [105.1, 18.05]}
    heading, row = server.get("/collections/utm-1/position", params=query | {"f": "csv"}).text.splitlines()
    assert heading == "longitude,latitude,height (m)"
    assert float(row.split(",")[2]) == value
    accept = {"Accept": "text/csv"}
    assert (
        server.get("/collections/utm-1/position", params=query, headers=accept).text.splitlines()[0]
        == heading
    )


def test_axis_order_of_places(server):
    """/req/edr/crs: in EPSG:4326 places are latitude first; answers name their axes."""
    one = coverage(server.get("/collections/pair-1/position?coords=POINT(103.3%2014.6)"))
    other = coverage(server.get(f"/collections/pair-1/position?coords=POINT(14.6%20103.3)&crs={EPSG}4326"))
    assert one["ranges"] == other["ranges"]
    assert one["domain"]["axes"] == other["domain"]["axes"]


@pytest.mark.parametrize(
    "path",
    [
        "position", "position?coords=", "position?coords=POINT(a)", "position?coords=POINT(1)",
        "position?coords=POINT(nan 1)", "position?coords=POINT(1e999 1)", "position?coords=LINESTRING(0 0,1 1)",
        "position?coords=POINT EMPTY", "position?coords=POINT(105 15)&z=a", "position?coords=POINT(105 15)&z=1e9",
        "position?coords=POINT(105 15)&z=1/2/3", "position?coords=POINT(105 15)&datetime=soon",
        "position?coords=POINT(105 15)&datetime=../..", "position?coords=POINT(105 15)&datetime=1800-01-01",
        "position?coords=POINT(105 15)&parameter-name=other", "position?coords=POINT(105 15)&parameter-name=",
        "position?coords=POINT(105 15)&f=xml", "position?coords=POINT(105 15)&crs=EPSG:1",
        "position?coords=POINT(105 15)&unknown=1", "position?coords=POINT(105 15)&subset=other(1)",
        "position?coords=POINT(105 15)&f=GeoJSON&crs=" + EPSG + "3857",
        "area?coords=POLYGON((0 0,1 1,1 0,0 1,0 0))", "area?coords=POINT(1 1)",
        "radius?coords=POINT(105 15)", "radius?coords=POINT(105 15)&within=1&within-units=parsec",
        "radius?coords=POINT(105 15)&within=-1&within-units=km",
        "radius?coords=POINT(105 15)&within=nan&within-units=km",
        "radius?coords=POINT(105 15)&within=1e9&within-units=km", "cube", "cube?bbox=1,2,3",
        "cube?bbox=1,2,nan,4", "cube?bbox=105,15,106,14", "trajectory?coords=LINESTRING(0 0,0 0)",
        "trajectory?coords=LINESTRING Z(0 0 1,1 1 1)", "trajectory?coords=LINESTRING M(0 0 1e300,1 1 2e300)",
        "coverage?subset=other(1)", "coverage?subset=Lat(a:b)", "coverage?scale-factor=0.5",
        "coverage?scale-factor=nan", "coverage?scale-size=Lat(-5)", "coverage?scale-axes=upward(2)",
        "coverage?scale-factor=2&scale-axes=Lat(2)", "coverage?bbox=0,0,1,1&subset=Lat(0:1)",
        "coverage?properties=other", "coverage?f=zip", "coverage?datetime=1800/1801", "coverage?bbox=1,2,3",
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(server, path):
    """/req/core/query-param-invalid: bad parameters are problems of the request."""
    reply = server.get(f"/collections/volume-1/{path}", 400)
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["secret-1", "absent-1"])
@pytest.mark.parametrize(
    "path", ["position?coords=POINT(1 1)", "area", "radius", "cube", "trajectory", "coverage"]
)
def test_what_may_not_be_seen_is_not_there(server, name, path):
    """What a visitor may not see, and what is no grid, has no data at places."""
    server.get(f"/collections/{name}/{path}", 404)


def test_coverage_as_geotiff(server):
    """A part as GeoTIFF holds the cells whose centres lie in the box, at their places."""
    query = f"bbox=505000,1980000,512000,1990000&bbox-crs={EPSG}32648"
    reply = server.get(f"/collections/utm-1/coverage?{query}")
    assert reply.headers["content-type"].startswith("image/tiff")
    with rasterio.open(io.BytesIO(reply.content)) as part:
        cells, transform = part.read(1), part.transform
        assert part.crs.to_epsg() == 32648
        assert part.units == ("m",)
    expected = easterly()["height"].sel(easting=slice(505_000, 512_000), northing=slice(1_990_000, 1_980_000))
    assert np.array_equal(cells, expected.to_numpy(), equal_nan=True)
    assert (transform.c, transform.f) == (504_500, 1_990_500)


def test_coverage_as_netcdf(server, tmp_path):
    """A part as NetCDF holds steps of time and height with their coordinates."""
    query = "subset=Lat(12:14),Lon(101:103),upward(-200:-100)&datetime=2021&f=nc"
    path = tmp_path / "part.nc"
    path.write_bytes(server.get(f"/collections/volume-1/coverage?{query}").content)
    with xr.open_dataset(path) as part:
        assert dict(part["value"].sizes) == {"time": 1, "upward": 2, "latitude": 20, "longitude": 20}
        assert part["upward"].values.tolist() == [-200, -100]
        assert np.unique(part["value"]).tolist() == [10, 11]


def test_coverage_is_made_coarser(server):
    """Scaling gives fewer cells of the same extent, whose values are those of the field."""
    reply = server.get("/collections/pair-1/coverage?properties=value&scale-size=Lat(20),Lon(25)")
    with rasterio.open(io.BytesIO(reply.content)) as part:
        assert part.shape == (20, 25)
        west, south, east, north = part.bounds
        cells = part.read(1)
    assert (west, south, east, north) == pytest.approx((100, 10, 110, 20), abs=0.01)
    assert cells[5] == pytest.approx(np.arange(25) * 4 + 1.5, abs=0.6)
    halved = coverage(server.get("/collections/pair-1/coverage?properties=value&scale-factor=4&f=covjson"))
    assert halved["ranges"]["value"]["shape"] == [25, 25]


def test_coverage_across_the_seam(server):
    """A part across the antimeridian of a grid from 0 to 360 is one piece."""
    reply = server.get("/collections/world-1/coverage?bbox=170,-5,-170,5")
    with rasterio.open(io.BytesIO(reply.content)) as part:
        assert part.shape == (10, 20)
        assert part.read(1)[0].tolist() == [*np.arange(170.5, 180), *np.arange(-179.5, -170)]


def test_who_has_it_need_not_fetch_it_again(server):
    """An entity tag answers 304."""
    for path in ("position?coords=POINT(105 15)", "coverage?bbox=101,11,102,12"):
        tag = server.get(f"/collections/volume-1/{path}").headers["etag"]
        server.get(f"/collections/volume-1/{path}", 304, headers={"If-None-Match": tag})


def test_classes_are_told_in_words(server):
    """A class is told by its code and its word: at a place, along rows, in an area, under a map, in a scene.

    A cell of the code that is none has no class in the legend and in the scene.
    """
    place = "coords=POINT(102.4 15.4)"
    document = coverage(server.get(f"/collections/graded-1/position?{place}"))
    said = document["parameters"]["grade"]
    words = {
        one["id"]: (one["label"]["en"], one.get("preferredColor"))
        for one in said["observedProperty"]["categories"]
    }
    codes = {code: words[id] for id, code in said["categoryEncoding"].items()}
    assert codes == {0: ("none", "#ffffff"), 1: ("poor soil", "#b2182b"), 2: ("good", "#1b7837")}
    assert document["ranges"]["grade"]["values"] == [1]
    rows = server.get(f"/collections/graded-1/position?{place}&f=csv").text.splitlines()
    assert rows == ["longitude,latitude,grade,grade_name,score (1)", "102.4,15.4,1,poor soil,0.5"]
    feature = server.get(f"/collections/graded-1/position?{place}&f=GeoJSON").json()["features"][0]
    assert feature["properties"] == {"grade": 1, "grade_name": "poor soil", "score": 0.5}

    def under(query):
        topics = server.get(f"/under?{query}").json()["topics"]
        (told,) = (one for topic in topics for one in topic["datasets"] if one["id"] == "graded-1")
        return next(one for one in told["values"] if one["variable"] == "grade")

    assert (under(place)["value"], under(place)["label"]) == (1, "poor soil")
    area = under("coords=POLYGON((102.1 14.1,104.1 14.1,104.1 15.9,102.1 15.9,102.1 14.1))")
    assert [(one["value"], one["label"]) for one in area["classes"]] == [(2, "good"), (1, "poor soil")]
    assert area["classes"][0]["share"] == pytest.approx(11 / 20, abs=0.01)

    info = "layers=graded-1&query_layers=graded-1&styles=&crs=CRS:84&bbox=101,13,105,17&width=40&height=40"
    asked = (
        f"/wms?service=WMS&version=1.3.0&request=GetFeatureInfo&{info}&i=15&j=15&info_format=application/json"
    )
    properties = server.get(asked).json()["features"][0]["properties"]
    assert (properties["grade"], properties["grade_name"]) == (1, "poor soil")

    part = server.get("/collections/graded-1/coverage?properties=grade&f=nc").content
    with xr.open_dataset(xr.backends.NetCDF4DataStore(netCDF4.Dataset("part", memory=part))) as cut:
        flags = cut["grade"].attrs
    assert (flags["flag_meanings"], flags["flag_colors"]) == (
        "none poor_soil good",
        "#ffffff #b2182b #1b7837",
    )
    assert (flags["flag_values"].dtype, flags["flag_values"].tolist()) == (np.uint8, [0, 1, 2])

    variable = server.get("/collections/graded-1/scene").json()["variables"][0]
    classes = [
        {"value": 1, "title": "poor soil", "colour": "#b2182b"},
        {"value": 2, "title": "good", "colour": "#1b7837"},
    ]
    assert (variable["type"], variable["classes"]) == ("class", classes)
    cells = np.frombuffer(server.get("/collections/graded-1/heights?variable=grade").content, "<f4")
    assert set(cells[np.isfinite(cells)].tolist()) == {1.0, 2.0}
    assert np.isnan(cells).mean() == pytest.approx(1 / 4, abs=0.1)
