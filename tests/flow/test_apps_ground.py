"""Applications of the ground: from a map, from drill holes and from assays to models, on made ground."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin
from tests.ore_body import CRS as ORE_CRS
from tests.ore_body import DENSITY, SIDE, holes, ore_body

import craton
from craton.model.errors import JobError

SHARED = Path(__file__).parents[3] / "shared" / "data"
UTM, EAST, NORTH = "EPSG:32648", 500_000.0, 2_200_000.0
GROUND, DIP = 100.0, 20.0
"""Height of the flat ground in metres, and dip of the beds to the east in degrees."""

THICKNESS = 12.0
"""Of the ore bed in metres."""


def stated(path: Path, crs: str = UTM) -> Path:
    """The file, its reference system stated beside it."""
    path.with_name(f"{path.name}.meta.toml").write_text(f'crs = "{crs}"\nlicence = "CC-BY-4.0"\n', "utf-8")
    return path


def is_picture(result, folder: Path) -> bool:
    """Whether a result is a PNG of a page."""
    path = result.export(folder / f"{result.record.id}.png")
    return path.read_bytes()[:4] == b"\x89PNG" and path.stat().st_size > 10_000


def field_of(result):
    """The only field of a grid."""
    return next(iter(result.read().data_vars.values())).squeeze()


def dipping_map(folder: Path) -> list[Path]:
    """Three beds that crop out in strips, the youngest in the east, the ground, and dips."""
    edges = {"Young": (300, 1000), "Middle": (-300, 300), "Old": (-1000, -300)}
    strips = [shapely.box(EAST + a, NORTH - 800, EAST + b, NORTH + 800) for a, b in edges.values()]
    ages = {"min_age_ma": [1.0, 10.0, 20.0], "max_age_ma": [9.0, 19.0, 30.0]}
    gpd.GeoDataFrame({"unitname": list(edges), **ages}, geometry=strips, crs=UTM).to_file(
        folder / "geology.gpkg"
    )
    across = np.linspace(-700, 700, 6)
    points = gpd.points_from_xy(EAST + across, NORTH + 50 * np.arange(6))
    dips = {"dip": [DIP] * 6, "dip_direction": [90.0] * 6}
    gpd.GeoDataFrame(dips, geometry=points, crs=UTM).to_file(folder / "dips.gpkg")
    options = {"driver": "GTiff", "width": 40, "height": 40, "count": 1, "dtype": "float32", "crs": UTM}
    place = from_origin(EAST - 1100, NORTH + 1100, 55, 55)
    with rasterio.open(folder / "ground.tif", "w", transform=place, **options) as raster:
        raster.write(np.full((1, 40, 40), GROUND, "float32"))
        raster.set_band_description(1, "elevation")
        raster.units = ("m",)
    return [folder / name for name in ("geology.gpkg", "dips.gpkg", "ground.tif")]


def test_map_to_district_model(tmp_path):
    """Beds that dip by 20° lie under the ground where their outcrop and dip put them, to a cell."""
    with craton.create(tmp_path / "node") as node:
        node.add(*dipping_map(tmp_path))
        results = node.run(
            "district-model", contact_spacing=100, map_error=5, spacing=100, thickness=20, bottom=-300,
            depth_to="Old",
        )  # fmt: skip
        depth = field_of(results["depth"]).sel(northing=NORTH, method="nearest")
        # The last bed is at the ground west of its edge, and at the bottom of the model far to the east.
        inside = depth.sel(easting=slice(EAST - 250, EAST + 600))
        expected = (inside.easting - EAST + 300) * np.tan(np.radians(DIP))
        npt.assert_allclose(inside, expected, atol=20)
        units = results["volumes"].read()["unit"]
        assert list(units) == ["Young", "Middle", "Old"]
        assert results["model_of_map.contacts"].read()["residual"].abs().max() < 20
        assert is_picture(results["section.picture"], tmp_path)
        assert (results["surfaces"].record.kind, results["surfaces"].record.crs) == ("mesh", UTM)
        assert "model_of_holes.model" not in results


def layered_holes(folder: Path) -> Path:
    """Nine holes through clay, sand and gravel, whose bases are 5 and 15 m below their tops."""
    places = [(x, y) for x in (0.0, 400.0, 800.0) for y in (0.0, 400.0, 800.0)]
    names = [f"H{n}" for n in range(len(places))]
    collars = pd.DataFrame({
        "hole_id": names, "x": [EAST + x for x, _y in places], "y": [NORTH + y for _x, y in places],
        "elevation": [10 + x / 400 for x, _y in places], "total_depth": 25.0,
    })  # fmt: skip
    layers = pd.DataFrame(
        [
            (name, top, base, lith, unit)
            for name in names
            for top, base, lith, unit in (
                (0, 5, "clay", "Cover"), (5, 15, "sand", "Channel"), (15, 25, "gravel", "Terrace"),
            )
        ],
        columns=["hole_id", "from_depth", "to_depth", "lithology", "formation"],
    )  # fmt: skip
    where = folder / "holes"
    where.mkdir()
    collars.to_csv(stated(where / "collars.csv"), index=False)
    layers.to_csv(stated(where / "layers.csv"), index=False)
    return where


@pytest.fixture(scope="module")
def drilled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("holes")
    with craton.create(folder / "node") as node:
        node.add(layered_holes(folder))
        yield node


def test_holes_to_district_model(drilled):
    """Without a map the holes make the model: the gravel lies 15 m below the top of the holes."""
    results = drilled.run("district-model", spacing=100, thickness=1, depth_to="Terrace")
    depth = field_of(results["depth"])
    assert np.isfinite(depth).all()
    assert list(results["ordered.order"].read()["unit"]) == ["Cover", "Channel", "Terrace"]
    assert results["model_of_holes.contacts"].read()["residual"].abs().max() < 0.5
    thick = results["volumes"].read().set_index("unit")["mean_thickness"]
    npt.assert_allclose(thick["Channel"], 10.0, atol=0.6)
    assert is_picture(results["section.picture"], drilled.folder.parent)


def test_rules_to_city_ground(drilled):
    """Rules tell the units; the ground is that of the collars, and the gravel lies 15 m below it."""
    folder = drilled.folder.parent
    rules = pd.DataFrame({"unit": ["C", "S", "G"], "lithology": ["clay", "sand", "gravel"]})
    rules.to_csv(folder / "rules.csv", index=False)
    drilled.add(folder / "rules.csv")
    found = next(record for record in drilled.find(kind="table") if record.id.startswith("rules"))
    results = drilled.run("city-ground", rules=found.id, spacing=100, thickness=1, bearing="G", bottom=-20)
    depth = field_of(results["bearing"])
    assert float(np.isfinite(depth).mean()) > 0.95
    npt.assert_allclose(np.nanmedian(depth.to_numpy()), 15.0, atol=0.6)
    assert list(results["virtual.intervals"].read()["unit"]) == ["C", "S", "G"]
    npt.assert_allclose(results["virtual.intervals"].read()["to_depth"][:2], [5, 15], atol=1.0)
    assert is_picture(results["map"], folder)
    assert is_picture(results["section.picture"], folder)


def test_assays_to_resource(tmp_path):
    """Of the made bed: tonnes of ore to a twentieth of the truth, and its grade too."""
    body = ore_body(1)
    drilled = holes(body, 5)
    where = tmp_path / "ore"
    where.mkdir()
    collars = drilled.collars
    pd.DataFrame({
        "hole_id": collars["hole_id"], "x": collars.geometry.x, "y": collars.geometry.y,
        "elevation": collars["elevation"], "total_depth": collars["total_depth"],
    }).to_csv(stated(where / "collars.csv", ORE_CRS), index=False)  # fmt: skip
    drilled.intervals["geology"].to_csv(where / "geology.csv", index=False)
    drilled.intervals["assay"].rename(columns={"Mn": "Mn_pct"}).to_csv(where / "assay.csv", index=False)
    with craton.create(tmp_path / "node") as node:
        node.add(where)
        given = {"element": "Mn_mg_kg", "ore": "Ore", "block": SIDE}
        with pytest.raises(JobError, match="density"):
            node.run("ore-body-resource", **given)
        results = node.run("ore-body-resource", **given, density=DENSITY, realizations=10)
        whole = results["reported"].read()
        whole = whole[whole["class"].isin(["measured", "indicated", "inferred"])]
        columns = results["model.model"].read()["unit"].isel(upward=0).size
        tonnes = THICKNESS * columns * SIDE**2 * DENSITY / 1e6
        npt.assert_allclose(whole["tonnage"].sum(), tonnes, rtol=0.05)
        grade = np.average(whole["grade"].fillna(0), weights=whole["tonnage"])
        npt.assert_allclose(grade / 1e4, np.nanmean(body.grade), rtol=0.05)
        for name in ("section.picture", "curve.picture", "grades.picture"):
            assert is_picture(results[name], tmp_path)


def test_hamersley_to_district_model(tmp_path):
    """The map of the Hamersley basin becomes a model in one run, nothing stated but the column of units.

    Units are met where the map has them; what was assumed of heights, of a group and of errors is told.
    Source: Geological Survey of Western Australia (CC BY 4.0), as in Loop3D/map2loop (MIT).
    """
    source = SHARED / "geology" / "hamersley_wa"
    if not source.is_dir():
        pytest.skip(f"the shared data is not here: {source}")
    for name in ("geology.geojson", "structures.geojson", "dtm_rp.tif"):
        (tmp_path / name).write_bytes((source / name).read_bytes())
    with craton.create(tmp_path / "node") as node:
        node.add(*(tmp_path / name for name in ("geology.geojson", "structures.geojson", "dtm_rp.tif")))
        heights = next(iter(node.find(kind="grid")))
        assert "vertical-unit-assumed" in {finding.code for finding in heights.findings}
        results = node.run("district-model", unit="unitname", contact_spacing=2000, spacing=2000)
        told = results["mapped.report"].read().set_index("unit")
        assert list(told.index[told["part"] == "left out"]) == ["Fortescue Group"]
        assert "taken to be off by" in results["model_of_map.report"].read()["note"][0]
        cut = next(iter(results["cut.slice"].read().data_vars.values())).squeeze()
        names = dict(zip(cut.attrs["flag_values"], cut.attrs["flag_meanings"], strict=True))
        east, north = np.meshgrid(cut.easting, cut.northing)
        points = gpd.points_from_xy(east.ravel(), north.ravel(), crs="EPSG:28350")
        seen = gpd.GeoDataFrame(
            {"model": [names.get(code, "") for code in cut.to_numpy().ravel()]}, geometry=points
        )
        both = gpd.sjoin(seen, gpd.read_file(source / "geology.geojson")[["unitname", "geometry"]])
        both = both[(both["unitname"] != "Fortescue Group") & (both["model"] != "")]
        assert (both["model"] == both["unitname"]).mean() > 0.65
        residual = results["model_of_map.contacts"].read()["residual"]
        assert float(np.sqrt((residual**2).mean())) < 150
