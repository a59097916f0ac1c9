"""Styles and legends: the telling column is found, ages give colours and order, legends are of what is in view."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from tests.serving import SAMPLE, Served, plugins, put

import craton

BOX = "100,15,102,16"


def squares(count):
    return [shapely.box(100 + n, 15, 101 + n, 16) for n in range(count)]


def geology():
    """A map whose units have their ages in columns beside them."""
    return gpd.GeoDataFrame(
        {
            "fid": [str(n) for n in range(6)],
            "unitname": ["Phu Phan", "Khorat", "Phu Phan", "Basement", "Alluvium", "Basement"],
            "descr": ["A long description of what the geologists saw in the field, in many words. " * 2] * 6,
            "agefrom": ["Early Cretaceous", "Late Jurassic", "Early Cretaceous", "Permian", "Holocene", "Permian"],
        },
        geometry=squares(6), crs="EPSG:4326",
    )  # fmt: skip


def chinese():
    return gpd.GeoDataFrame(
        {"地层": ["第四系", "侏罗系", "二叠系", "侏罗系"]}, geometry=squares(4), crs="EPSG:4326"
    )


def samples():
    """Measured values, with a truth value, a gap and a class."""
    values = {"gold_ppm": [0.1, 0.5, 0.2, 5.0, 0.3, None], "mined": [True, False, True, None, True, False]}
    places = gpd.points_from_xy(range(100, 106), [15.5] * 6)
    return gpd.GeoDataFrame({**values, "kind": list("aabbca")}, geometry=places, crs="EPSG:4326")


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    folder = tmp_path_factory.mktemp("styles")
    with craton.create(folder / "node", title="Mekong node") as made:
        made.add(SAMPLE / "elevation")
        for id, data in {"geology-1": geology(), "zh-1": chinese(), "samples-1": samples()}.items():
            put(made, data, "table", id=id)
        put(made, gpd.GeoDataFrame({"x": [1.0]}, geometry=squares(1), crs="EPSG:4326"), "table", id="plain-1")
        put(made, geology(), "table", id="secret-1", visibility="private")
        put(made, pd.DataFrame({"rock": ["granite", "basalt", "granite"]}), "table", id="rows-1")
    with Served(folder / "node", plugins(folder)) as served:
        yield served


def style(node, id, **asked):
    return node.get(f"/collections/{id}/styles/default", params=asked).json()


def legend(node, id, language="en", **asked):
    reply = node.get(f"/collections/{id}/legend", params=asked, headers={"Accept-Language": language})
    return reply.json()


def labels(said):
    return [(one["label"], one["count"]) for one in said["classes"]]


def test_a_geological_map_is_coloured_by_age(node):
    """Units by the ages of the column beside them: colours of the chart, the youngest first."""
    said = style(node, "geology-1")
    assert (said["type"], said["column"], said["order"]) == ("categories", "unitname", "age")
    assert said["classes"] == [
        ["Alluvium", "#feebd2", "Alluvium"], ["Phu Phan", "#8ccd57", "Phu Phan"],
        ["Khorat", "#b3e3ee", "Khorat"], ["Basement", "#f04028", "Basement"],
    ]  # fmt: skip


def test_chinese_ages_are_understood(node):
    """A column of ages in Chinese gives colours and order too."""
    said = style(node, "zh-1")
    assert (said["column"], said["order"]) == ("地层", "age")
    assert [one[0] for one in said["classes"]] == ["第四系", "侏罗系", "二叠系"]


def test_measured_values_are_a_ramp(node):
    """A quantity is a ramp from the least to the greatest."""
    said = style(node, "samples-1")
    assert (said["type"], said["column"]) == ("ramp", "gold_ppm")
    values = [value for value, _ in said["stops"]]
    assert (values[0], values[-1]) == (0.1, 5.0)


def test_what_tells_nothing_has_one_colour(node):
    """Without a telling column all is of one colour."""
    said = style(node, "plain-1")
    assert (said["type"], said["colour"][0]) == ("single", "#")


def test_a_legend_is_of_what_is_in_view(node):
    """Only classes in the box, with their counts, in the order of age."""
    said = legend(node, "geology-1")
    assert labels(said) == [("Alluvium", 1), ("Phu Phan", 2), ("Khorat", 1), ("Basement", 2)]
    assert said["classes"][1]["age"] == [143.1, 100.5]
    assert said["classes"][1]["ageLabel"] == "Lower Cretaceous"
    seen = legend(node, "geology-1", bbox="100.1,15.1,101.9,15.9")
    assert labels(seen) == [("Phu Phan", 1), ("Khorat", 1)]
    assert labels(legend(node, "geology-1", filter="unitname LIKE 'B%'")) == [("Basement", 2)]
    assert labels(legend(node, "geology-1", bbox="0,0,1,1")) == []


def test_a_legend_speaks_the_language_of_its_reader(node):
    """Names of ages, of gaps, of yes and no come in the language that is asked for."""
    said = legend(node, "zh-1", "zh-CN")
    assert [one["ageLabel"] for one in said["classes"]] == ["第四系", "侏罗系", "二叠系"]
    assert labels(legend(node, "samples-1", "zh", column="mined")) == [("是", 3), ("否", 2), ("无值", 1)]
    assert labels(legend(node, "samples-1", "lo", column="mined"))[0] == ("ແມ່ນ", 3)


@pytest.mark.parametrize("scheme", ["quantiles", "equal", "natural"])
def test_numbers_are_parted_as_asked(node, scheme):
    """Ranges by quantiles, of equal length, or natural: all values are in one, the ends meet."""
    said = legend(node, "samples-1", column="gold_ppm", scheme=scheme, classes=2)
    first, second, gap = said["classes"]
    assert first["maximum"] == second["minimum"]
    assert (first["count"] + second["count"], gap["label"]) == (5, "no value")
    if scheme == "natural":
        assert (second["minimum"], second["count"]) == (5.0, 1)
    if scheme == "equal":
        assert second["minimum"] == pytest.approx(2.55)


def test_another_column_may_be_asked_for(node):
    """Categories of any column, the most frequent first; numbers as categories too."""
    assert labels(legend(node, "samples-1", column="kind")) == [("a", 3), ("b", 2), ("c", 1)]
    few = legend(node, "samples-1", column="kind", classes=1)
    assert labels(few) == [("a", 3), ("other", 3)]
    assert len(style(node, "samples-1", column="gold_ppm", scheme="categories")["classes"]) == 5


def test_a_maplibre_style_is_given(node):
    """f=mapbox: a source of the dataset's tiles, and layers whose colours are those of the style."""
    said = style(node, "geology-1", f="mapbox")
    (source,) = said["sources"].values()
    (layer,) = said["layers"]
    assert (said["version"], source["type"], layer["type"], layer["source-layer"]) == (
        8,
        "vector",
        "fill",
        "features",
    )
    match = layer["paint"]["fill-color"]
    assert match[:2] == ["match", ["to-string", ["get", "unitname"]]]
    assert match[2:4] == ["Alluvium", "#feebd2"]
    assert node.get(source["tiles"][0].format(z=0, y=0, x=0)).content
    points = style(node, "samples-1", f="mapbox")["layers"]
    assert [one["type"] for one in points] == ["circle"]
    assert points[0]["paint"]["circle-color"][2][0] == "interpolate"
    steps = style(node, "samples-1", f="mapbox", column="gold_ppm", scheme="equal", classes=3)["layers"][0]
    assert steps["paint"]["circle-color"][2][0] == "step"


def test_grids_have_styles_and_legends_too(node):
    """A grid: the ramp of its pictures, and a MapLibre style of its tiles of pictures."""
    ids = [one["id"] for one in node.get("/collections").json()["collections"]]
    grid = next(id for id in ids if id.startswith("relief"))
    assert legend(node, grid)["stops"]
    assert legend(node, grid) == node.get(f"/collections/{grid}/styles/default").json()
    said = style(node, grid, f="mapbox")
    (source,) = said["sources"].values()
    assert source["type"] == "raster"
    names = [one["id"] for one in node.get(f"/collections/{grid}/styles").json()["styles"]]
    assert names[0] == "default"
    assert legend(node, grid, style="grey", stretch="equal")["stretch"] == "equal"
    node.get(f"/collections/{grid}/legend?column=a", 400)
    node.get("/collections/samples-1/legend?stretch=equal", 400)


def test_tables_without_a_place_have_a_legend(node):
    """Rows without a place still have classes; but no tiles, and so no MapLibre style."""
    assert labels(legend(node, "rows-1")) == [("granite", 2), ("basalt", 1)]
    node.get("/collections/rows-1/styles/default?f=mapbox", 404)


def test_styles_are_listed(node):
    """The list leads to each style, and a collection to the list and the legend."""
    said = node.get("/collections/geology-1/styles").json()
    (one,) = said["styles"]
    assert all(node.get(link["href"]) for link in one["links"])
    rels = {
        link["rel"].rpartition("/")[2]: link["href"]
        for link in node.get("/collections/geology-1").json()["links"]
    }
    assert rels["styles"].endswith("/collections/geology-1/styles")
    assert rels["legend"].endswith("/collections/geology-1/legend")


@pytest.mark.parametrize(
    "path",
    [
        "legend?column=nothing", "legend?scheme=odd", "legend?classes=0", "legend?classes=13", "legend?classes=x",
        "legend?column=unitname&scheme=equal", "legend?bbox=1,2,3", "legend?bbox=NaN,1,2,3", "legend?filter=((",
        "legend?filter=nothing=1", "legend?datetime=x", "legend?x=1", "styles?x=1", "styles/default?f=sld",
    ],
)  # fmt: skip
def test_wrong_questions_are_refused(node, path):
    """Columns, schemes, numbers, boxes and filters that make no sense are told."""
    node.get(f"/collections/geology-1/{path}", 400)


@pytest.mark.parametrize("id", ["secret-1", "none-1", "catalogue"])
@pytest.mark.parametrize("path", ["legend", "styles", "styles/default"])
def test_what_is_not_there_is_not_found(node, id, path):
    """Private and unknown datasets are not found, nor are styles that there are not."""
    node.get(f"/collections/{id}/{path}", 404)
    node.get("/collections/geology-1/styles/other", 404)
