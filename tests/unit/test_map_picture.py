"""Map pictures: right size, same bytes, every script without a warning, and refusals."""

from __future__ import annotations

import io

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import shapely
import xarray as xr

from craton.methods.map_colours import by_column, colouring
from craton.methods.map_frame import aspect, widened
from craton.methods.map_picture import picture
from craton.methods.map_sheet import Bar, Entries, Sheet, number_text, titled, unit_text
from craton.methods.map_style import FAMILY, PALETTES, families, palette
from craton.model.errors import ContractError


@pytest.fixture(scope="module")
def hills():
    """A field of 20 by 30 cells of 1 km with a gap, rows from the north."""
    northing, easting = 2_010_000 - 1000.0 * np.arange(20), 500_000 + 1000.0 * np.arange(30)
    values = np.hypot(*np.meshgrid(np.linspace(-1, 1, 20), np.linspace(-1, 1, 30), indexing="ij")) * 900
    values[3, 4] = np.nan
    return xr.DataArray(
        values,
        {"northing": northing, "easting": easting},
        ("northing", "easting"),
        name="elevation",
        attrs={"units": "m", "long_name": "elevation", "crs": "EPSG:32648"},
    )


@pytest.fixture(scope="module")
def layers():
    """Two districts, a river and three towns near them, in longitude and latitude."""
    districts = gpd.GeoDataFrame(
        {"name": ["ນາ", "Đông"], "count": [3.0, np.nan]},
        geometry=[shapely.box(105.0, 18.0, 105.1, 18.2), shapely.box(105.1, 18.0, 105.25, 18.2)],
        crs=4326,
    )
    river = gpd.GeoDataFrame(
        {"name": ["Nam"]}, geometry=[shapely.LineString([(105.0, 18.05), (105.25, 18.15)])], crs=4326
    )
    towns = gpd.GeoDataFrame(
        {"name": ["x", "y", "z"], "people": [10, 200, 4000], "kind": ["a", None, "b"]},
        geometry=shapely.points([[105.02, 18.03], [105.12, 18.1], [105.2, 18.17]]),
        crs=4326,
    )
    return districts, river, towns


def pixels(document):
    """Cells of the picture (rows, columns, 3 or 4), from 0 to 1."""
    from matplotlib.image import imread

    return imread(io.BytesIO(document.content), format="png")


@pytest.mark.parametrize("width", [400, 1200])
def test_pictures_are_as_wide_as_asked(hills, width):
    """The PNG has that many columns; its height follows from the map and is in proportion."""
    document = picture(hills, title="Relief", width_px=width)
    assert document.media_type == "image/png"
    assert document.text == "Relief"
    rows, columns, _bands = pixels(document).shape
    assert columns == width
    assert 0.6 < rows / columns < 1.2


def test_the_same_inputs_give_the_same_bytes(hills, layers):
    """All layers drawn twice are equal byte by byte, and nothing in the file tells a date or a version."""
    options = {
        "title": "Map", "grid_palette": "terrain", "grid_smooth": True, "polygons_label": "name",
        "lines_label": "name", "points_column": "kind", "points_size": "people", "points_label": "name",
        "width_px": 500,
    }  # fmt: skip
    one, other = (picture(hills, *layers, **options).content for _ in range(2))
    assert one == other
    assert b"tEXt" not in one
    assert b"tIME" not in one


def test_scripts_of_the_region_are_written_without_warnings(layers):
    """Chinese, Lao, Thai, Khmer, Burmese, formulas' signs and emoji are drawn or boxed, never warned of."""
    title = "地质图 ແຜນທີ່ แผนที่ ផែនទី မြေပုံ $x_1$ 🌋\nsecond line"
    document = picture(
        polygons=layers[0], title=title, subtitle="说明" * 60, polygons_label="name", width_px=400
    )
    assert document.text.startswith("地质图")
    assert pixels(document).shape[1] == 400


def test_fonts_are_chosen_for_the_characters_that_lack_one():
    """Lao, Greek and Vietnamese need no further font; what one lacks comes from others in a fixed order."""
    assert families(["ແຜນທີ່ Ω Đà Nẵng 10 km²"]) == [FAMILY]
    assert families(["地图"])[0] == FAMILY
    assert len(families(["地图"])) > 1


@pytest.mark.parametrize("purpose", sorted(PALETTES))
def test_palettes_can_be_read_in_grey(purpose):
    """Lightness (of CIE L*) only falls from least to most; of the diverging one, from the middle outwards."""
    colours = palette(purpose)(np.linspace(0, 1, 64))[:, :3]
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    lightness = 116 * np.cbrt(luminance) - 16
    halves = [lightness[31::-1], lightness[32:]] if purpose == "diverging" else [lightness]
    for half in halves:
        # A step up by half a unit of L* cannot be seen.
        assert (np.diff(half) < 0.5).all()
        assert half[0] - half[-1] > 25


def test_colours_run_from_end_to_end_and_gaps_stay_blank():
    """The least and greatest values have the ends of the palette; what lies beyond is told by the key."""
    scale = colouring(np.array([0.0, 5.0, 10.0, 99.0, np.nan]), "sequential", maximum=10.0)
    found = scale.of(np.array([0.0, 10.0, 99.0, np.nan]))
    ends = palette("sequential")([0.0, 1.0])
    npt.assert_allclose(found[:3], [ends[0], ends[1], ends[1]])
    assert found[3].tolist() == [0, 0, 0, 0]
    key = scale.key("Depth")
    assert isinstance(key, Bar)
    assert key.ends == (False, True)
    assert [label for _share, label in key.labels] == ["0.0", "2.5", "5.0", "7.5", "10.0"]


def test_diverging_colours_are_even_about_zero():
    """Of −3 to 10 the middle colour is 0 and the scale runs from −10 to 10."""
    scale = colouring(np.array([-3.0, 10.0]), "diverging")
    npt.assert_allclose(scale.edges[[0, -1]], [-10, 10])


def test_quantiles_make_classes_of_equal_size_and_set_zeros_apart():
    """1 to 100 fall into five twenties; a third of zeros is a class of its own before four quarters."""
    even = colouring(np.arange(1.0, 101.0), "heat", scaling="quantiles")
    counts = np.histogram(np.arange(1.0, 101.0), even.edges)[0]
    assert counts.tolist() == [20, 20, 20, 20, 20]
    skewed = np.concatenate([np.zeros(50), np.arange(1.0, 101.0)])
    scale = colouring(skewed, "heat", scaling="quantiles")
    assert np.histogram(skewed, scale.edges)[0].tolist() == [50, 25, 25, 25, 25]
    key = scale.key("Events")
    assert isinstance(key, Entries)
    assert key.entries[0].label == "0 – 1"


def test_equalised_colours_have_as_many_values_each_and_labels_at_even_shares():
    """Of 256 000 skew values each colour has 1000; the labels of the bar stand at fifths of its length."""
    values = np.exp(np.random.default_rng(5).normal(size=256_000))
    scale = colouring(values, "heat", scaling="equalised")
    counts = np.histogram(values, scale.edges)[0]
    npt.assert_allclose(counts, 1000, atol=1)
    key = scale.key("Zinc")
    assert isinstance(key, Bar)
    npt.assert_allclose([share for share, _label in key.labels], np.linspace(0, 1, 6))
    middle = float(key.labels[2][1])
    assert middle == pytest.approx(np.quantile(values, 0.4), abs=2)
    few = colouring(np.arange(10.0), "heat", scaling="equalised")
    npt.assert_allclose(np.diff(few.edges), 9 / 256)


def test_a_shaded_grid_is_lit_from_the_north_west(hills):
    """A cone in one colour is lighter on its north-western side than on the other; gaps stay blank."""
    axis = np.arange(40.0) * 100
    east, north = np.meshgrid(axis, axis[::-1])
    cone = xr.DataArray(
        -np.hypot(east - 2000, north - 2000), {"northing": axis[::-1], "easting": axis},
        ("northing", "easting"), attrs={"crs": "EPSG:32648", "units": "nT"},
    )  # fmt: skip
    cone[:, :4] = np.nan
    given = {"grid_minimum": 1e4, "grid_maximum": 2e4}
    flat, lit = (pixels(picture(cone, grid_shaded=one, **given)) for one in (False, True))
    changed = np.argwhere((flat != lit).any(axis=-1))
    assert len(changed) > 100_000
    rows, columns = changed.T
    top, left = rows.min(), columns.min()
    height, width = np.ptp(rows), np.ptp(columns)
    near, far = (lit[top + int(part * height), left + int(part * width)].sum() for part in (0.3, 0.7))
    assert near > far


def test_text_classes_are_in_order_of_frequency_and_gaps_are_named():
    """The most frequent text has the first colour; a missing one is `no value`."""
    found = by_column(pd.Series(["b", "a", "b", None]), "Unit", "patch", "heat", "linear")
    assert [entry.label for entry in found.keys[0].entries] == ["b", "a", "no value"]
    assert found.colours[0].tolist() == found.colours[2].tolist()
    many = by_column(pd.Series([f"u{i:02d}" for i in range(30)]), "Unit", "point", "heat", "linear")
    assert [entry.label for key in many.keys for entry in key.entries][-1] == "21 others"


@pytest.mark.parametrize(
    ("value", "step", "expected"),
    [
        (1500, 500, "1\u2009500"), (0.25, 0.25, "0.25"), (-40, 20, "−40"), (2.5, 2.5, "2.5"), (0, 0.5, "0.0"),
        (0.000039, 0, "0.000039"), (0, 0, "0"), (1234567.0, 0, "1\u2009234\u2009567"), (0.6, 0, "0.6"),
    ],
)  # fmt: skip
def test_numbers_are_written_for_readers(value, step, expected):
    """Thousands apart, a true minus, as many decimals as the step needs, no exponents."""
    assert number_text(value, step) == expected


def test_units_are_written_for_readers():
    """Squares are raised, `1/km2` is per km², pure numbers have no unit."""
    assert [unit_text(u) for u in ("km2", "1/km2", "deg", "1", "g/cm3", "ug/L")] == [
        "km²", "per km²", "°", "", "g/cm³", "µg/L",
    ]  # fmt: skip
    assert titled("Depth", "m") == "Depth (m)"


def test_the_map_is_true_to_scale(hills):
    """A square of ground is a square of the picture: 30 by 20 km in a frame of 3 to 2, and at 60° N 1 to 2."""
    document = picture(hills, width_px=1000)
    assert document.content
    assert aspect((0, 59, 1, 61), geographic=True) == pytest.approx(2.0)
    west, south, east, north = widened((0, 0, 1000, 100_000), geographic=False)
    assert (west < 0, east > 1000, south < 0, north > 100_000) == (True,) * 4
    assert (north - south) / (east - west) < 1.2


def test_missing_cells_show_the_paper(hills):
    """A gap in the grid is as light as the margin of the page; its neighbours are not."""
    image = pixels(picture(hills, grid_palette="heat", width_px=720))
    paper = image[2, 2, :3]
    blank = np.abs(image[..., :3] - paper).max(axis=-1) < 0.01
    # The map begins 0.52 inches from the left and 0.32 below the top, 100 pixels to the inch.
    cell = (720 - 52 - 22) / 30
    row, column = int(32 + 3.5 * cell), int(52 + 4.5 * cell)
    assert blank[row, column]
    assert not blank[row, column + int(cell)]


def test_a_layer_of_one_point_has_a_map(layers):
    """A single town, and a region that is given, are drawn."""
    town = layers[2].iloc[:1]
    assert pixels(picture(points=town, width_px=400)).shape[1] == 400
    assert pixels(picture(points=town, region=(100, 10, 110, 20), width_px=400)).shape[1] == 400


def test_tables_are_brought_to_the_system_of_the_grid(hills, layers):
    """A town on the grid, given in longitude and latitude, is drawn on the map; the grid is not moved."""
    plain = picture(hills, width_px=400).content
    assert picture(hills, points=layers[2], width_px=400).content != plain
    with pytest.raises(ContractError, match="points"):
        picture(hills, points=layers[2].set_crs(None, allow_override=True))


def test_pictures_of_nothing_are_refused(hills, layers):
    """No layer, only empty ones, a column of a table that is not there, a wrong region, a cube."""
    with pytest.raises(ContractError, match="none of them"):
        picture()
    with pytest.raises(ContractError):
        picture(points=layers[2].iloc[:0])
    with pytest.raises(ContractError, match="`lines`"):
        picture(hills, lines_label="name")
    with pytest.raises(ContractError, match="region"):
        picture(hills, region=(2, 0, 1, 1))
    with pytest.raises(ContractError, match="two axes"):
        picture(hills.expand_dims(time=2))
    with pytest.raises(ContractError, match="points_size"):
        picture(points=layers[2], points_size="name")
    with pytest.raises(ContractError, match="width_px"):
        picture(hills, width_px=100)


def test_long_texts_are_wrapped_where_scripts_allow():
    """English breaks at spaces, Chinese anywhere; no line is wider than asked and no letter is lost."""
    sheet = Sheet(families(["a地"]))
    for text in ("a long title of a map " * 8, "滑坡与地震的分布情况" * 12):
        lines = sheet.wrapped(text.strip(), 13, 5.0)
        assert len(lines) > 1
        assert all(sheet.length(line, 13) <= 5.0 for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
