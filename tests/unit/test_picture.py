"""Pictures: colours of numbers and classes, pictures of three bands, relief, features; and their bytes."""

from __future__ import annotations

import io
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
import xarray as xr
from PIL import Image
from tests.serving import put

import craton
from craton.model.errors import InvalidError
from craton.store.feature_index import open_features
from craton.store.grid_window import Frame, open_grid
from craton.web.colour import RAMPS, SHADES, class_colour, mixed, palette, ramp, ramp_at, rgb_of, shades
from craton.web.picture import JPEG, PNG, WEBP, draw_grid, encode
from craton.web.picture_legend import legend_image, number_text
from craton.web.picture_style import CHOICES, Bands, Classes, Ramp, Wish, grid_style, style_of
from craton.web.picture_vector import draw_features

CRS84 = "OGC:CRS84"
FRAME = Frame((100, 8, 104, 10), CRS84, 40, 20)


@pytest.fixture
def node(tmp_path):
    with craton.create(tmp_path / "node") as made:
        yield made


def grid_of(cells, **attributes):
    """A grid of 100–104° and 8–10° with one or more variables."""
    variables = cells if isinstance(cells, dict) else {"value": cells}
    height, width = next(iter(variables.values())).shape
    axes = {
        "latitude": 10 - 2 * (np.arange(height) + 0.5) / height,
        "longitude": 100 + 4 * (np.arange(width) + 0.5) / width,
    }
    arrays = {
        name: xr.DataArray(one, axes, ("latitude", "longitude"), attrs=attributes)
        for name, one in variables.items()
    }
    return xr.Dataset(arrays, attrs={"crs": "EPSG:4326"})


def stored(node, data, id="grid-1", kind="grid"):
    put(node, data, kind, id=id)
    return node.store.get(id)


def drawn(node, record, frame=FRAME, **wish):
    style = grid_style(node.store, record, Wish(**wish))
    picture = draw_grid(open_grid(node.store, record), style, frame, {})
    return np.asarray(picture.image().convert("RGBA"))


@pytest.mark.parametrize("name", ["viridis", "cividis", "grey", "depth", "heat"])
def test_ramps_change_steadily_in_lightness(name):
    """Along a ramp lightness only rises or only falls, and no step is more than three times the mean."""
    colours = mixed(RAMPS[name], np.linspace(0, 1, 64)).astype(float) / 255
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    light = np.cbrt(linear @ np.array([0.2126, 0.7152, 0.0722]))
    steps = np.diff(light)
    assert (steps > -2e-3).all() or (steps < 2e-3).all()
    assert np.abs(steps).max() < 3 * np.abs(steps).mean() + 5e-3


@pytest.mark.parametrize("name", CHOICES)
def test_stops_rise_and_end_where_asked(name):
    """Stops go from the least to the greatest value in rising order."""
    stops = ramp(name, -50.0, 200.0)
    assert (stops[0][0], stops[-1][0]) == (-50.0, 200.0)
    assert all(a[0] < b[0] for a, b in pairwise(stops))
    assert all(len(colour) == 7 for _, colour in stops)
    assert palette(stops).shape == (SHADES, 3)


def test_values_beyond_a_ramp_have_the_colours_of_its_ends():
    """Shades are 0 at and below the least value, 254 at and above the greatest, between them in order."""
    stops = ramp("viridis", 0.0, 10.0)
    assert shades(np.float32([-5, 0, 5, 10, 50]), stops).tolist() == [0, 0, 127, 254, 254]
    uneven = ramp("viridis", 1.0, 100.0, logarithmic=True)
    assert shades(np.float32([0, 1, 10, 100]), uneven).tolist() == [0, 0, 127, 254]


def test_the_coast_is_where_elevation_is_zero():
    """Just below zero is water, just above is land, whatever the ends."""
    stops = ramp("elevation", -3000.0, 100.0)
    colours = palette(stops)[shades(np.float32([-1.0, 1.0]), stops)]
    assert colours[0][2] > colours[0][0]
    assert colours[1][1] > colours[1][2]


def test_classes_have_colours_of_their_own():
    """The first eighteen classes differ, and the hundredth has a colour too."""
    assert len({class_colour(n) for n in range(18)}) == 18
    assert len(rgb_of(class_colour(100))) == 3


@pytest.mark.parametrize(
    ("quantity", "unit", "low", "high", "first"),
    [
        ("elevation", "m", 5, 900, "#3d7a4e"),
        ("magnetic_anomaly", "nT", -100, 300, "#20447e"),
        ("bouguer_anomaly", "mGal", -90, -10, "#440154"),
        ("precipitation", "mm", 0, 90, "#f4f0df"),
        ("", "", 0, 1, "#440154"),
    ],
)
def test_the_quantity_chooses_the_ramp(node, quantity, unit, low, high, first):
    """Relief, anomalies with both signs, water: each has its ramp; what is not known has viridis."""
    cells = np.linspace(low, high, 800, dtype=np.float32).reshape(20, 40)
    record = stored(node, grid_of(cells, standard_name=quantity, units=unit))
    said = style_of(node.store, record)
    assert said["type"] == "ramp"
    assert said["stops"][0][1] == first
    assert said["unit"] == unit
    if quantity == "magnetic_anomaly":
        assert said["stops"][0][0] == -said["stops"][-1][0]


def test_a_few_wild_values_do_not_spread_the_ramp(node):
    """One value in a thousand that is far off leaves the ramp as it is."""
    cells = np.random.default_rng(2).normal(10, 1, (50, 100)).astype(np.float32)
    cells[3, 5] = 1e6
    said = style_of(node.store, stored(node, grid_of(cells)))
    assert said["stops"][0][0] > 5
    assert said["stops"][-1][0] < 16


def test_a_grid_of_one_value_and_a_grid_of_none(node):
    """A constant grid has a ramp around its value; a grid without values has a picture of nothing."""
    constant = style_of(node.store, stored(node, grid_of(np.full((10, 20), 7.0, np.float32))))
    assert constant["stops"][0][0] < 7 < constant["stops"][-1][0]
    empty = stored(node, grid_of(np.full((10, 20), np.nan, np.float32)), id="grid-2")
    assert not drawn(node, empty)[..., 3].any()


def test_range_and_style_can_be_asked_for(node):
    """The ends of the ramp, and a ramp by name."""
    record = stored(node, grid_of(np.linspace(0, 100, 800, dtype=np.float32).reshape(20, 40)))
    style = grid_style(node.store, record, Wish(name="cividis", limits=(20.0, 40.0)))
    assert isinstance(style, Ramp)
    assert (style.stops[0][0], style.stops[-1][0]) == (20.0, 40.0)
    assert style.stops[0][1] == RAMPS["cividis"][0]
    with pytest.raises(InvalidError, match="no style"):
        grid_style(node.store, record, Wish(name="rainbow"))
    with pytest.raises(InvalidError, match="no variable"):
        grid_style(node.store, record, Wish(variable="other"))


def test_an_equal_stretch_gives_each_colour_as_many_cells(node):
    """Stops lie at tenths of the cells between the ends, whatever the spread of the values, and within a range."""
    cells = np.random.default_rng(3).lognormal(0, 2, (50, 100)).astype(np.float32)
    record = stored(node, grid_of(cells))
    said = style_of(node.store, record, Wish(is_equal=True))
    assert (said["stretch"], len(said["stops"])) == ("equal", 11)
    values = [value for value, _ in said["stops"]]
    counts = np.histogram(cells, values)[0]
    # 1 % at each end is left out, and quantiles are known to half a percent.
    assert counts == pytest.approx(np.full(10, 490), abs=15)
    part = style_of(node.store, record, Wish(limits=(1.0, 20.0), is_equal=True))["stops"]
    assert (part[0][0], part[-1][0]) == (1.0, 20.0)
    assert np.histogram(cells, [value for value, _ in part])[0].std() < 15
    assert style_of(node.store, record)["stretch"] == "linear"
    stops = grid_style(node.store, record, Wish(is_equal=True)).stops
    assert np.histogram(shades(cells, stops), 5)[0] == pytest.approx(np.full(5, 1000), abs=80)


def test_an_equal_stretch_of_few_values(node):
    """Values that many cells share are one stop; a constant grid and one without values have a ramp too."""
    cells = np.zeros((20, 40), np.float32)
    cells[:, 30:] = np.arange(1, 11)
    said = style_of(node.store, stored(node, grid_of(cells)), Wish(is_equal=True))["stops"]
    assert all(a[0] < b[0] for a, b in pairwise(said))
    assert said[0][0] == 0
    for id, value in (("grid-2", 7.0), ("grid-3", np.nan)):
        record = stored(node, grid_of(np.full((10, 20), value, np.float32)), id=id)
        stops = style_of(node.store, record, Wish(is_equal=True))["stops"]
        assert stops[0][0] < stops[-1][0]
    beyond = style_of(node.store, node.store.get("grid-2"), Wish(limits=(50.0, 60.0), is_equal=True))["stops"]
    assert (beyond[0][0], beyond[-1][0]) == (50.0, 60.0)


def test_an_equal_stretch_keeps_the_coast():
    """Of elevations on both sides of 0 those below are water, those above land; of others all are one."""
    stops = ramp_at("elevation", [-900.0, -40.0, -5.0, 3.0, 80.0, 700.0])
    colours = palette(stops)[shades(np.float32([-1.0, 1.0]), stops)].astype(int)
    assert colours[0][2] > colours[0][0]
    assert colours[1][1] > colours[1][2]
    assert ramp_at("elevation", [1.0, 2.0])[0][1] == RAMPS["land"][0]
    assert ramp_at("elevation", [-2.0, -1.0])[0][1] == RAMPS["sea"][0]


def test_a_picture_of_three_bands_is_as_it_is(node):
    """Three bands of bytes are red, green and blue, cell by cell."""
    rng = np.random.default_rng(4)
    cells = {name: rng.integers(0, 256, (20, 40), dtype=np.uint8) for name in ("red", "green", "blue")}
    record = stored(node, grid_of(cells))
    assert isinstance(grid_style(node.store, record), Bands)
    picture = drawn(node, record)
    assert np.array_equal(picture[..., :3], np.dstack([cells[n] for n in ("red", "green", "blue")]))
    assert (picture[..., 3] == 255).all()


def test_other_imagery_is_stretched(node):
    """Bands of larger numbers are stretched from the second to the ninety-eighth percentile."""
    ramped = np.linspace(200, 3000, 800).astype(np.uint16).reshape(20, 40)
    record = stored(node, grid_of({"band_1": ramped, "band_2": ramped, "band_3": ramped}))
    style = grid_style(node.store, record)
    assert isinstance(style, Bands)
    assert style.limits[0] == pytest.approx((256, 2944), abs=5)
    picture = drawn(node, record)
    assert picture[0, 0, 0] == 0
    assert picture[-1, -1, 0] == 255


def test_classes_that_came_with_colours_keep_them(node):
    """A legend of the source gives colours and labels; a class it does not name has a colour too."""
    cells = np.repeat(np.arange(4, dtype=np.uint8), 200).reshape(20, 40)
    record = stored(node, grid_of(cells, standard_name="land_cover"))
    style = grid_style(node.store, record)
    assert isinstance(style, Classes)
    assert [value for value, _, _ in style.classes] == [0, 1, 2, 3]
    assert len(np.unique(drawn(node, record).reshape(-1, 4), axis=0)) == 4
    said = style_of(node.store, record)
    assert said["type"] == "categories"
    assert said["classes"][0][0] == 0


FLAGS = {
    "flag_values": [0, 1, 2, 3], "flag_meanings": ["none", "poor soil", "fair", "good"],
    "flag_colors": ["#ffffff", "#b2182b", "blue", "#1b7837"],
}  # fmt: skip


def graded():
    """Scores and grades of 4 x 8 cells: grades by column, 0 for none on the left; 3 does not occur."""
    grades = np.repeat(np.array([[0, 1, 1, 2, 2, 1, 2, 1]], np.uint8), 4, axis=0)
    data = grid_of({"score": np.linspace(0, 1, 32, dtype=np.float32).reshape(4, 8), "grade": grades})
    data["score"].attrs = {"units": "1"}
    data["grade"].attrs = {**FLAGS, "long_name": "Grade"}
    return data


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_flags_of_a_variable_are_its_classes(node, kind):
    """Titles and colours are those of the flags, also of a class that does not occur; 0 that is none is not drawn.

    Each pixel has the colour of one class exactly: nothing lies between two of them.
    """
    data = graded()
    data["grade"] = data["grade"].astype(kind).assign_attrs(data["grade"].attrs)
    record = stored(node, data)
    own = class_colour(1)
    said = style_of(node.store, record, Wish(variable="grade"))
    assert said == {
        "type": "categories", "variable": "grade", "title": "Grade",
        "classes": [[1, "#b2182b", "poor soil"], [2, own, "fair"], [3, "#1b7837", "good"]],
    }  # fmt: skip
    picture = drawn(node, record, Frame((100, 8, 104, 10), CRS84, 56, 21), variable="grade")
    row = [(0, 0, 0, 0), *((*rgb_of(said["classes"][code - 1][1]), 255) for code in (1, 1, 2, 2, 1, 2, 1))]
    assert np.array_equal(picture[10, :, 3] > 0, np.repeat([one[3] > 0 for one in row], 7))
    assert np.array_equal(picture[10, 7:], np.repeat(row[1:], 7, axis=0))
    assert style_of(node.store, record)["type"] == "ramp"


@pytest.mark.parametrize(
    "attributes",
    [{"units": "m"}, {"standard_name": "elevation"}, {"flag_masks": [1, 2, 4, 8]}],
    ids=["unit", "quantity", "masks"],
)
def test_flags_of_what_measures_are_no_classes(node, attributes):
    """A variable with a unit marks some of its values only; with masks each bit says something of its own."""
    cells = np.linspace(0, 100, 800, dtype=np.float32).reshape(20, 40)
    record = stored(node, grid_of(cells, **FLAGS, **attributes))
    assert style_of(node.store, record)["type"] == "ramp"


def test_flags_as_the_convention_writes_them(node):
    """Words parted by blanks with underscores, and colours in one text; of a grid that is one raster."""
    cells = np.repeat(np.array([[1, 2]], np.uint8), 2, axis=0)
    texts = {"flag_values": [1, 2], "flag_meanings": "bare_rock open_water", "flag_colors": "#804000 #0000ff"}
    record = stored(node, grid_of(cells, **texts))
    classes = style_of(node.store, record)["classes"]
    assert classes == [[1, "#804000", "bare rock"], [2, "#0000ff", "open water"]]


def test_three_variables_of_classes_are_no_picture(node):
    """Flags tell classes: three variables of bytes with them are not red, green and blue."""
    cells = {name: np.ones((2, 4), np.uint8) for name in ("a", "b", "c")}
    assert style_of(node.store, stored(node, grid_of(cells, **FLAGS)))["type"] == "categories"


def test_relief_is_lit_from_the_north_west(node):
    """A slope that faces north-west is lighter than one that faces south-east; level ground is as its ramp."""
    up, across = np.meshgrid(np.arange(60.0), np.arange(120.0), indexing="ij")
    hill = (3000 - 60 * np.hypot(up - 30, across / 2 - 30)).astype(np.float32)
    record = stored(node, grid_of(hill, standard_name="elevation", units="m"))
    frame = Frame((100, 8, 104, 10), CRS84, 120, 60)
    shaded = drawn(node, record, frame, name="hillshade")[..., 0].astype(float)
    assert shaded[15:25, 30:50].mean() > 1.15 * shaded[35:45, 70:90].mean()
    level = stored(
        node, grid_of(np.full((20, 40), 50, np.float32), standard_name="elevation", units="m"), id="g-2"
    )
    assert np.array_equal(drawn(node, level), drawn(node, level, name="plain"))


def test_light_comes_from_where_it_is_asked_for(node):
    """The flank that faces the light is lighter: of ground, and of a field whatever its unit and size."""
    up, across = np.meshgrid(np.arange(60.0), np.arange(120.0), indexing="ij")
    hill = (3000 - 60 * np.hypot(up - 30, across / 2 - 30)).astype(np.float32)
    frame = Frame((100, 8, 104, 10), CRS84, 120, 60)
    west, east = np.s_[25:35, 30:50], np.s_[25:35, 70:90]
    for id, factor, attributes in (
        ("g-1", 1.0, {"standard_name": "elevation", "units": "m"}),
        ("g-2", 1e-3, {"standard_name": "bouguer_anomaly", "units": "mGal"}),
        ("g-3", 1e3, {"standard_name": "magnetic_anomaly", "units": "nT"}),
    ):
        record = stored(node, grid_of(hill * np.float32(factor), **attributes), id=id)
        from_west = drawn(node, record, frame, name="hillshade", azimuth=270.0)[..., 0].astype(float)
        from_east = drawn(node, record, frame, name="hillshade", azimuth=90.0)[..., 0].astype(float)
        assert from_west[west].mean() > 1.1 * from_west[east].mean()
        assert from_east[east].mean() > 1.1 * from_east[west].mean()
        assert not np.array_equal(drawn(node, record, frame, name="viridis", azimuth=90.0),
                                  drawn(node, record, frame, name="viridis"))  # fmt: skip


def test_relief_goes_on_from_tile_to_tile(node):
    """Two tiles above each other are the halves of one picture: no edge is seen between them."""
    up, across = np.meshgrid(np.arange(60.0), np.arange(120.0), indexing="ij")
    cells = (900 * np.sin(up / 7) * np.cos(across / 9)).astype(np.float32)
    record = stored(node, grid_of(cells, standard_name="elevation", units="m"))
    west, east, south, north = 11_132_000, 11_577_000, 891_000, 1_113_000
    middle = (south + north) / 2
    whole = drawn(node, record, Frame((west, south, east, north), "EPSG:3857", 80, 40), name="hillshade")
    upper = drawn(node, record, Frame((west, middle, east, north), "EPSG:3857", 80, 20), name="hillshade")
    lower = drawn(node, record, Frame((west, south, east, middle), "EPSG:3857", 80, 20), name="hillshade")
    assert np.abs(whole.astype(int) - np.vstack([upper, lower])).max() <= 1


@pytest.mark.parametrize("media_type", [PNG, WEBP, JPEG])
@pytest.mark.parametrize("background", [None, (10, 20, 30)])
def test_bytes_can_be_read_back(node, media_type, background):
    """Each form opens with the size that was asked for, and with the background where there is nothing."""
    cells = np.linspace(0, 1, 800, dtype=np.float32).reshape(20, 40)
    cells[:, :20] = np.nan
    record = stored(node, grid_of(cells))
    picture = draw_grid(open_grid(node.store, record), grid_style(node.store, record), FRAME, {})
    image = Image.open(io.BytesIO(encode(picture, media_type, background=background)))
    assert image.size == (40, 20)
    pixel = image.convert("RGBA").getpixel((5, 10))
    if background is not None:
        assert np.abs(np.array(pixel[:3]) - background).max() < 8
    else:
        assert pixel[3] == (255 if media_type == JPEG else 0)


def features_of(node, shapes, id="table-1", **columns):
    frame = gpd.GeoDataFrame(columns or {"n": range(len(shapes))}, geometry=shapes, crs="EPSG:4326")
    put(node, frame, "table", id=id)
    return open_features(node.store, node.store.get(id))


def test_areas_lines_and_points_are_where_they_are(node):
    """An area with a hole leaves it open; a line and a point are drawn at their places, in their colours."""
    area = shapely.box(100.2, 8.2, 101.8, 9.8).difference(shapely.box(100.7, 8.7, 101.3, 9.3))
    line, point = shapely.LineString([(102.2, 8.2), (102.2, 9.8)]), shapely.Point(103.5, 9.0)
    index = features_of(node, [area, line, point], kind=["a", "b", "c"])
    classes = [["a", "#ff0000"], ["b", "#00ff00"], ["c", "#0000ff"]]
    style = {"type": "categories", "column": "kind", "classes": classes}
    frame = Frame((100, 8, 104, 10), CRS84, 400, 200)
    colours = draw_features(index, style, frame).colours
    assert tuple(colours[100, 45][:3]) == (255, 0, 0)
    assert colours[100, 100][3] == 0
    assert colours[100, 220][1] > 200
    assert tuple(colours[100, 350]) == (0, 0, 255, 255)
    assert colours[100, 300][3] == 0


def test_a_ramp_colours_features_by_their_numbers(node):
    """Numbers have the colours of the ramp, missing ones the colour of the rest."""
    points = [shapely.Point(101, 9), shapely.Point(102, 9), shapely.Point(103, 9)]
    index = features_of(node, points, gold=[0.0, 10.0, None])
    style = {"type": "ramp", "column": "gold", "stops": [[0, "#000000"], [10, "#ffffff"]]}
    colours = draw_features(index, style, Frame((100, 8, 104, 10), CRS84, 400, 200)).colours
    assert tuple(colours[100, 100][:3]) == (0, 0, 0)
    assert tuple(colours[100, 200][:3]) == (255, 255, 255)
    assert colours[100, 300][3] == 255


def test_features_on_both_sides_of_the_antimeridian(node):
    """A picture from 170° to 190° shows what lies at 179° and at −179°."""
    index = features_of(node, [shapely.Point(179, 0), shapely.Point(-179, 0)])
    colours = draw_features(index, {"type": "single"}, Frame((170, -10, 190, 10), CRS84, 200, 200)).colours
    assert colours[100, 90][3] == 255
    assert colours[100, 110][3] == 255


def test_a_map_in_another_system(node):
    """Features in degrees are drawn on a map in metres."""
    index = features_of(node, [shapely.Point(105, 18)])
    frame = Frame((490_000, 1_980_000, 510_000, 2_000_000), "EPSG:32648", 200, 200)
    colours = draw_features(index, {"type": "single"}, frame).colours
    rows, columns = np.nonzero(colours[..., 3])
    assert columns.mean() == pytest.approx(99.5, abs=1)
    assert 80 < rows.mean() < 120


def test_legends_are_pictures():
    """A legend is drawn for each kind of style."""
    stops = [list(stop) for stop in ramp("viridis", 0, 5)]
    for style in (
        {"type": "ramp", "title": "Gold", "unit": "mg/kg", "stops": stops},
        {"type": "categories", "classes": [[n, "#ff0000", "x" * 99] for n in range(99)]},
        {"type": "rgb", "variables": ["r", "g", "b"]},
        {"type": "single", "title": "Faults"},
    ):
        image = legend_image(style)
        assert image.width > 100
        assert len(image.getcolors(1 << 20)) > 2
    assert number_text(0.12345, 0.01) == "0.12"
    assert number_text(1e9, 1e7) == "1e+09"
