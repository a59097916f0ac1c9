"""Scenes on the web: volumes, holes, meshes, points and grids in three dimensions, as a browser asks for them."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import geopandas as gpd
import msgspec
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
import trimesh
import xarray as xr
from tests.serving import Served

import craton
from craton.jobs.assets import content_hash, stage_assets
from craton.model.data import Boreholes, Draft, Mesh
from craton.model.describe import describe
from craton.store.codec import encode
from craton.web.scene import AREA

UTM = "EPSG:32648"
EAST, NORTH = 500_000.0, 2_000_000.0
SCENE = "urn:craton:rel:scene"


def model():
    """A volume of two units and air, from the top, with the probability of one; 70 × 3 × 4 cells."""
    cells = np.ones((70, 3, 4), np.uint8)
    cells[:10], cells[40:] = 0, 2
    coords = {
        "upward": 100.0 - np.arange(70), "northing": NORTH - 10.0 * np.arange(3), "easting": EAST + 10.0 * np.arange(4)
    }  # fmt: skip
    names = ("upward", "northing", "easting")
    flags = {
        "flag_values": [1, 2],
        "flag_meanings": ["soft clay", "Jurassic"],
        "flag_colors": ["#112233", ""],
    }
    unit = xr.DataArray(cells, coords, names, attrs=flags)
    probability = xr.DataArray((cells == 2).astype(np.float32), coords, names)
    return xr.Dataset({"unit": unit, "probability_2": probability}).assign_attrs(crs=UTM)


def holes():
    """A hole that bends from vertical to horizontal along a quarter circle of 100 m, and lesser ones.

    One has no survey, one no place.
    """
    end = 50 * np.pi
    collars = gpd.GeoDataFrame(
        {"hole_id": ["H1", "H2", "H3"], "elevation": [50.0, np.nan, 1.0], "total_depth": [end, 30.0, 5.0]},
        geometry=[shapely.Point(EAST, NORTH), shapely.Point(EAST + 20, NORTH), None], crs=UTM,
    )  # fmt: skip
    surveys = pd.DataFrame(
        {"hole_id": ["H1", "H1"], "depth": [0.0, end], "azimuth": [90.0, 90.0], "inclination": [-90.0, 0.0]}
    )
    geology = pd.DataFrame({
        "hole_id": ["H2", "H1", "H1", "H3"], "from_depth": [0.0, 5.0, 0.0, 0.0], "to_depth": [9.0, 8.0, 5.0, 2.0],
        "lithology": ["sand", None, "clay", "sand"], "grade": [1.5, np.nan, 0.25, 9.0],
    })  # fmt: skip
    gamma = pd.DataFrame({"hole_id": "H2", "depth": np.arange(1000) / 50, "gamma": np.arange(1000.0)})
    return Boreholes(collars, surveys, {"geology": geology}, {"gamma": gamma})


def surface():
    """Two triangles of two units."""
    vertices = np.add([[0, 0, 10], [30, 0, 12], [0, 20, 14], [30, 20, 16]], [EAST, NORTH, 0])
    parts = pd.DataFrame({"part_id": ["a", "b"], "unit": ["clay", "sand"]})
    return Mesh(vertices, np.array([[0, 1, 2], [1, 3, 2]]), np.array([0, 1]), parts)


def contacts():
    """Contacts with heights, a line, and a row without a place."""
    places = [
        shapely.Point(104.0, 18.0, -5.0),
        shapely.LineString([(104.0, 18.0, 1.0), (104.01, 18.0, 2.0)]),
        None,
    ]
    return gpd.GeoDataFrame(
        {"unit": ["clay", "sand", "clay"], "dip": [10, 20, 30]}, geometry=places, crs="EPSG:4326"
    )


def relief():
    """Heights that are the sum of row and column, from the north."""
    coords = {"northing": NORTH - 100.0 * np.arange(30), "easting": EAST + 100.0 * np.arange(40)}
    cells = np.add.outer(100.0 * np.arange(30), np.arange(40)).astype(np.float32)
    attributes = {"units": "m", "standard_name": "elevation"}
    return xr.DataArray(cells, coords, ("northing", "easting"), attrs=attributes).to_dataset(name="height").assign_attrs(
        crs=UTM
    )  # fmt: skip


def put(node, data, kind, id, crs, visibility="public"):
    record = describe(Draft(data=data, kind=kind, title=id, licence="CC-BY-4.0", crs=crs), id=id)
    with node.store.transaction() as transaction:
        folder = transaction.folder / id
        folder.mkdir()
        assets, staged = stage_assets(encode(data, kind, folder, crs=crs))
        content = content_hash(assets)
        record = msgspec.structs.replace(record, assets=assets, content=content, visibility=visibility)
        node.store.commit(transaction, [record], {sha256: Path(path) for sha256, path in staged.items()})


FEET, FOOT = "EPSG:2263", 1200 / 3937
"""A plane of New York in feet of the US survey, and metres in one."""


def in_feet(data):
    """The volume, the grid or the holes above at a place that is told in feet."""
    if isinstance(data, Boreholes):
        collars = data.collars.set_geometry(shapely.points([1e6, 1e6 + 1000 / FOOT], 2e5), crs=FEET)
        return Boreholes(collars, data.surveys, data.intervals, data.curves)
    names = ("northing", "easting")
    start = {"northing": 2e5, "easting": 1e6}
    moved = {name: start[name] + (data[name] - data[name][0]) / FOOT for name in names}
    return data.assign_coords(moved).assign_attrs(crs=FEET)


def two_holes():
    """Two upright holes that are 1,000 m apart."""
    collars = gpd.GeoDataFrame(
        {"hole_id": ["H1", "H2"], "elevation": [50.0, 40.0], "total_depth": [60.0, 30.0]},
        geometry=shapely.points([EAST, EAST + 1000], NORTH), crs=UTM,
    )  # fmt: skip
    return Boreholes(collars, pd.DataFrame(), {}, {})


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene") / "node"
    with craton.create(folder) as node:
        put(node, model(), "volume", "model-1", UTM)
        put(node, model(), "volume", "secret-1", UTM, "private")
        put(node, holes(), "boreholes", "holes-1", UTM)
        put(node, surface(), "mesh", "surface-1", UTM)
        put(node, surface(), "mesh", "surface-2", "EPSG:32648+5773")
        put(node, contacts(), "table", "contacts-1", "EPSG:4326")
        put(node, pd.DataFrame({"unit": ["clay"]}), "table", "column-1", "")
        put(node, relief(), "grid", "relief-1", UTM)
        put(node, in_feet(model()), "volume", "model-feet", FEET)
        put(node, in_feet(relief()), "grid", "relief-feet", FEET)
        put(node, in_feet(two_holes()), "boreholes", "holes-feet", FEET)
    with Served(folder, "") as served:
        yield served


def scene(server, id):
    return server.get(f"/collections/{id}/scene").json()


def test_the_scene_of_a_volume_tells_its_lattice_and_variables(server):
    """Place, levels and classes, with the colours that are stated, those of ages, and others."""
    told = scene(server, "model-1")
    assert (told["kind"], told["crs"], told["brick"]) == ("volume", UTM, 64)
    assert told["extent"] == {
        "easting": [EAST - 5, EAST + 35], "northing": [NORTH - 25, NORTH + 5], "upward": [30.5, 100.5]
    }  # fmt: skip
    assert told["origin"] == [EAST + 15, NORTH - 10, 0.0]
    assert told["levels"][0] == {
        "level": 0, "shape": [70, 3, 4], "spacing": [1, 10, 10], "corner": [30.5, NORTH - 25, EAST - 5]
    }  # fmt: skip
    assert [level["shape"] for level in told["levels"]] == [[70, 3, 4], [35, 2, 2]]
    unit, probability = told["variables"]
    assert [(one["value"], one["title"]) for one in unit["classes"]] == [(1, "soft clay"), (2, "Jurassic")]
    assert [one["colour"] for one in unit["classes"]] == ["#112233", "#34b2c9"]
    assert probability["range"] == [0.0, 1.0]
    assert probability["probability_of"] == 2


def test_bricks_are_the_cells(server):
    """From the bottom, the south and the west; compressed for those who take it."""
    address = "/collections/model-1/bricks/0/{}/0/0?variable=unit"
    bricks = [
        np.frombuffer(server.get(address.format(k)).content, np.uint8).reshape(64, 64, 64) for k in (0, 1)
    ]
    expected = np.zeros((128, 64, 64), np.uint8)
    expected[:70, :3, :4] = model()["unit"].to_numpy()[::-1, ::-1]
    assert np.array_equal(expected, np.concatenate(bricks))
    packed = server.get(address.format(0))
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-type"] == "application/octet-stream"
    plain = server.get(address.format(0), headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content


def test_who_has_a_brick_need_not_fetch_it_again(server):
    """An entity tag, 304 for who has it, and a head without a body."""
    address = "/collections/model-1/bricks/0/0/0/0"
    first = server.get(address)
    again = server.client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = server.client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("bricks/0/2/0/0", 404), ("bricks/9/0/0/0", 404), ("bricks/a/0/0/0", 404), ("bricks/0/-1/0/0", 404),
        ("bricks/0/0/0/0?variable=gold", 400), ("bricks/0/0/0/0?time=", 400), ("bricks/0/0/0/0?colour=1", 400),
        ("holes", 404), ("mesh.glb", 404), ("points", 404), ("heights", 404),
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_problem(server, path, status):
    """Each wrong part of an address is told as a problem."""
    reply = server.get(f"/collections/model-1/{path}", status)
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["status"] == status


def test_a_private_one_is_not_there(server):
    """The words are those of a dataset that never was."""
    for path in ("scene", "bricks/0/0/0/0", "holes", "mesh.glb", "points", "heights"):
        replies = [server.get(f"/collections/{id}/{path}", 404).json() for id in ("secret-1", "nothing-1")]
        assert replies[0] == {**replies[1], "detail": replies[1]["detail"].replace("nothing-1", "secret-1")}


def test_holes_follow_the_circle_of_their_survey(server):
    """Vertices lie on the quarter circle to a millimetre; a hole without a survey goes straight down."""
    told = server.get("/collections/holes-1/holes").json()
    assert [one["id"] for one in told["holes"]] == ["H1", "H2"]
    path = np.add(told["holes"][0]["path"], [*told["origin"], 0.0])
    angle = path[:, 3] / 100.0
    circle = np.column_stack([100 * (1 - np.cos(angle)), 0 * angle, -100 * np.sin(angle)])
    np.testing.assert_allclose(path[:, :3], np.add(circle, [EAST, NORTH, 50.0]), atol=2e-3)
    assert len(path) >= 30
    straight = told["holes"][1]
    assert straight["assumed"] == ["elevation"]
    rows = server.get("/collections/holes-1/items").json()["features"]
    assert [rows[one["feature"] - 1]["properties"]["hole_id"] for one in told["holes"]] == ["H1", "H2"]
    assert [rows[one["feature"] - 1]["id"] for one in told["holes"]] == [
        one["feature"] for one in told["holes"]
    ]
    assert [one[2:] for one in straight["path"]] == [[0.0, 0.0], [-30.0, 30.0]]
    assert told["left_out"] == 1
    assert scene(server, "holes-1")["extent"] == told["extent"]


def test_tables_of_holes_come_from_the_top_of_each(server):
    """Texts are classes, numbers have a range, and long logs are brought together by their means."""
    tables = server.get("/collections/holes-1/holes").json()["tables"]
    geology = tables["geology"]
    lithology, grade = geology["columns"]
    assert [one["title"] for one in lithology["classes"]] == ["clay", "sand"]
    assert grade["range"] == [0.25, 1.5]
    assert geology["rows"] == {
        "hole": [0, 0, 1], "from": [0.0, 5.0, 0.0], "to": [5.0, 8.0, 9.0],
        "values": {"lithology": [1, None, 2], "grade": [0.25, None, 1.5]},
    }  # fmt: skip
    rows = tables["gamma"]["rows"]
    assert len(rows["hole"]) == 334
    assert rows["values"]["gamma"][:2] == [1.0, 4.0]
    assert (rows["from"][1], rows["to"][1]) == (0.06, 0.1)


def test_a_mesh_comes_as_it_is_stored(server):
    """The file opens in a reader that we did not write, and lies where the scene says."""
    told = scene(server, "surface-1")
    assert told["extent"] == {
        "easting": [EAST, EAST + 30], "northing": [NORTH, NORTH + 20], "upward": [10.0, 16.0]
    }  # fmt: skip
    assert told["parts"]["values"]["unit"] == [1, 2]
    reply = server.get("/collections/surface-1/mesh.glb")
    assert reply.headers["content-type"] == "model/gltf-binary"
    mesh = trimesh.load_scene(io.BytesIO(reply.content), file_type="glb")
    easting, upward, southing = np.concatenate([one.vertices for one in mesh.geometry.values()]).T
    places = np.column_stack([easting, -southing, upward]) + told["origin"]
    assert (places.min(axis=0) == [EAST, NORTH, 10.0]).all()


def test_a_scene_tells_the_degrees_of_its_corners(server):
    """South-west, south-east, north-east, north-west, as PROJ has them; a system with heights is told flat."""
    move = pyproj.Transformer.from_crs(UTM, "OGC:CRS84", always_xy=True)
    around = [(EAST, NORTH), (EAST + 30, NORTH), (EAST + 30, NORTH + 20), (EAST, NORTH + 20)]
    for id in ("surface-1", "surface-2"):
        told = scene(server, id)
        assert told["crs"] == UTM
        np.testing.assert_allclose(told["corners"], [move.transform(*one) for one in around], atol=1e-7)


def test_points_and_lines_lie_in_metres_of_their_place(server):
    """A table on longitudes and latitudes is told in a zone of UTM, with heights and columns."""
    told = server.get("/collections/contacts-1/points").json()
    assert told["crs"] == UTM
    assert told["heights"] == "stated"
    assert told["points"][1:] == [None, None]
    east, north, up = np.array(told["points"][0]) + told["origin"]
    place = pyproj.Transformer.from_crs("EPSG:4326", UTM, always_xy=True).transform(104.0, 18.0)
    np.testing.assert_allclose((east, north, up), (*place, -5.0), atol=1e-3)
    (line,) = told["lines"]
    assert line["row"] == 1
    length = np.hypot(*np.diff(np.array(line["path"])[:, :2], axis=0)[0])
    assert length == pytest.approx(1058.6, abs=1.0)
    assert told["values"] == {"unit": [1, 2, 1], "dip": [10.0, 20.0, 30.0]}
    assert told["left_out"] == 1
    server.get("/collections/column-1/scene", 404)


def test_holes_and_points_are_told_in_the_system_of_another_scene(server):
    """In the next zone each vertex lies where PROJ has it; heights, depths and values stay."""
    other = "EPSG:32647"
    move = pyproj.Transformer.from_crs(UTM, other, always_xy=True)
    for path in ("holes-1/holes", "contacts-1/points"):
        own, moved = (server.get(f"/collections/{path}{query}").json() for query in ("", f"?crs=[{other}]"))
        told = server.get(f"/collections/{path.split('/')[0]}/scene?crs=[{other}]").json()
        assert (told["crs"], told["extent"], told["origin"]) == (other, moved["extent"], moved["origin"])
        before, after = (
            np.array([one[:3] for hole in said.get("holes", said.get("lines")) for one in hole["path"]]) + said["origin"]
            for said in (own, moved)
        )  # fmt: skip
        np.testing.assert_allclose(after[:, :2], np.column_stack(move.transform(*before.T[:2])), atol=2e-3)
        assert np.array_equal(before[:, 2], after[:, 2])
        assert moved.get("tables") == own.get("tables")
        assert moved.get("values") == own.get("values")


@pytest.mark.parametrize(
    "path",
    [
        "holes-1/holes?crs=[EPSG:4326]", "holes-1/scene?crs=[EPSG:2263]", "holes-1/holes?crs=here",
        "holes-1/points?crs=[EPSG:1]", "model-1/scene?crs=[EPSG:32647]", "surface-1/scene?crs=[EPSG:32647]",
    ],
)  # fmt: skip
def test_a_system_in_which_it_cannot_be_told_is_refused(server, path):
    """Degrees, feet, systems that are none; and another one for cells and surfaces."""
    reply = server.client.get(f"{server.address}/collections/{path}")
    assert reply.status_code in {400, 404}
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("kind", ["model", "relief", "holes"])
def test_what_lies_in_feet_comes_in_metres(server, kind):
    """A scene is as wide as it is on the ground, where heights are in metres; the scale of the plane is near 1."""
    told, own = scene(server, f"{kind}-feet"), scene(server, f"{kind}-1")
    assert told["crs"] == "EPSG:32618"
    (west, east), (south, north) = told["extent"]["easting"], told["extent"]["northing"]
    wide = {"model": 40.0, "relief": 4000.0, "holes": 1000.0}[kind]
    assert np.hypot(east - west, north - south if kind == "holes" else 0) == pytest.approx(wide, rel=0.03)
    if kind == "model":
        assert told["extent"]["upward"] == own["extent"]["upward"]
        bricks = [
            server.get(f"/collections/model-{one}/bricks/0/0/0/0?variable=unit").content
            for one in ("feet", "1")
        ]
        shares = [np.bincount(np.frombuffer(one, np.uint8), minlength=3)[1:] for one in bricks]
        assert shares[0][0] / shares[0][1] == pytest.approx(shares[1][0] / shares[1][1], rel=0.01)


def test_the_map_of_a_wide_grid_can_be_drawn_in_the_system_of_its_scene(tmp_path):
    """A country of 14 degrees comes with a system that has a code: its heights and its picture are given in it."""
    coords = {"latitude": np.linspace(25.0, 15.0, 21), "longitude": np.linspace(94.0, 108.0, 29)}
    cells = xr.DataArray(
        np.ones((21, 29), np.float32), coords, tuple(coords), attrs={"units": "m"}
    ).to_dataset(name="height")
    with craton.create(tmp_path / "node") as node:
        put(node, cells.assign_attrs(crs="EPSG:4326"), "grid", "wide-1", "EPSG:4326")
    with Served(tmp_path / "node", "") as served:
        told = scene(served, "wide-1")
        (west, east), (south, north) = told["extent"]["easting"], told["extent"]["northing"]
        query = f"bbox={west},{south},{east},{north}&width=64&height=48&crs=[{told['crs']}]"
        served.get(f"/collections/wide-1/heights?{query}")
        served.get(f"/collections/wide-1/map?f=png&{query}&bbox-crs=[{told['crs']}]")


def test_a_point_whose_height_is_not_stated_is_not_put_at_sea_level(tmp_path):
    """Where others state one it is left out and counted; where nobody does all are told without heights."""
    rows = gpd.GeoDataFrame(
        {"unit": list("abc"), "elevation": [5.0, None, 7.0]}, geometry=shapely.points([EAST] * 3, NORTH), crs=UTM
    )  # fmt: skip
    with craton.create(tmp_path / "node") as node:
        put(node, rows, "table", "mixed-1", UTM)
        put(node, rows.assign(elevation=np.nan), "table", "none-1", UTM)
        put(node, rows.drop(columns="elevation"), "table", "flat-1", UTM)
    with Served(tmp_path / "node", "") as served:
        mixed = served.get("/collections/mixed-1/points").json()
        assert [one and one[2] + mixed["origin"][2] for one in mixed["points"]] == [5.0, None, 7.0]
        assert (mixed["heights"], mixed["left_out"]) == ("stated", 1)
        for id in ("none-1", "flat-1"):
            told = served.get(f"/collections/{id}/points").json()
            assert (told["heights"], told["left_out"]) == ("none", 0)


def test_heights_are_the_cells_of_a_grid(server):
    """At the finest level each cell, from the south-west; for an extent, as many as are asked for."""
    told = scene(server, "relief-1")
    level = told["levels"][0]
    assert (level["shape"], level["spacing"]) == ([1, 30, 40], [0.0, 100.0, 100.0])
    reply = server.get("/collections/relief-1/heights")
    assert reply.headers["lattice-shape"] == "30,40"
    cells = np.frombuffer(reply.content, "<f4").reshape(30, 40)
    assert np.array_equal(relief()["height"].to_numpy()[::-1], cells)
    bbox = f"{EAST + 950},{NORTH - 1050},{EAST + 1150},{NORTH - 950}"
    part = server.get(f"/collections/relief-1/heights?bbox={bbox}&crs=[{UTM}]&width=2&height=1")
    assert np.frombuffer(part.content, "<f4").tolist() == [1010.0, 1011.0]
    server.get("/collections/relief-1/heights?level=40", 404)
    server.get("/collections/relief-1/heights?level=0&bbox=1,2,3,4", 400)
    server.get("/collections/relief-1/heights?bbox=1,2,3,4&width=9999", 400)


@pytest.mark.parametrize("id", ["model-1", "holes-1", "surface-1", "contacts-1", "relief-1"])
def test_dataset_and_collection_lead_to_the_scene(server, id):
    """Whoever finds a dataset finds its scene; one that has none tells of none."""
    address = f"{server.address}/collections/{id}/scene"
    for path in (f"/datasets/{id}", f"/collections/{id}"):
        links = server.get(path).json()["links"]
        assert [one["href"] for one in links if one["rel"] == SCENE] == [address]
    assert server.get(f"/collections/{id}/scene").json()["links"][0]["href"] == address
    links = server.get("/datasets/column-1").json()["links"]
    assert not [one for one in links if one["rel"] == SCENE]


def test_people_see_an_outline_of_large_documents(server):
    """A browser gets a page, a program the document."""
    page = server.get("/collections/holes-1/holes", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    document = server.get("/collections/holes-1/holes", headers={"Accept-Encoding": "identity"})
    assert gzip.compress(document.content) != document.content
    assert document.json()["crs"] == UTM


def test_the_definition_tells_of_every_door():
    """OpenAPI has a path for each route, and no other."""
    routes = {route.path.replace("{collection}", "{collectionId}") for route in AREA.routes}
    assert routes == set(AREA.paths())
