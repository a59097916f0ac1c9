"""Applications of surveys: from tables of stations, lines and samples to map sheets, on made ground."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.testing as npt
import pandas as pd
import pyproj
import pytest
import shapely
import xarray as xr

import craton
from craton.model.errors import ContractError

SHARED = Path(__file__).parents[3] / "shared" / "data"
UTM, PLACE = "EPSG:32648", (500_000.0, 2_200_000.0)
"""On the meridian of zone 48, where grid north is true north."""


def written(folder: Path, name: str, frame: pd.DataFrame, crs: str = UTM) -> Path:
    """The table as CSV, its reference system stated beside it."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.csv"
    frame.to_csv(path, index=False)
    path.with_name(f"{name}.csv.meta.toml").write_text(f'crs = "{crs}"\nlicence = "CC-BY-4.0"\n', "utf-8")
    return path


def steps_of(result) -> list[str]:
    """Processes in the provenance of a result."""
    return [n["title"] for n in result.provenance("graph")["nodes"] if n["type"] == "run"]


def is_picture(result, folder: Path) -> bool:
    """Whether a result is a PNG of a page."""
    path = result.export(folder / f"{result.record.id}.png")
    return path.read_bytes()[:4] == b"\x89PNG" and path.stat().st_size > 20_000


def field_of(result) -> xr.DataArray:
    """The only field of a grid."""
    return next(iter(result.read().data_vars.values())).squeeze()


def normal_gravity(latitude: np.ndarray) -> np.ndarray:
    """Gravity in mGal on the WGS 84 ellipsoid (Somigliana)."""
    square = np.sin(np.radians(latitude)) ** 2
    return 978_032.53359 * (1 + 0.001_931_852_652_41 * square) / np.sqrt(1 - 0.006_694_379_990_14 * square)


def gravity_stations(depth: float = 4000.0) -> pd.DataFrame:
    """Stations at sea level, 1.5 km apart and shaken, over a sphere of 30 mGal at `depth`."""
    random = np.random.default_rng(3)
    across, along = (part.ravel() for part in np.meshgrid(*[np.arange(-15_000.0, 15_001, 1500)] * 2))
    easting, northing = (part + random.uniform(-400, 400, part.size) for part in (across, along))
    sphere = 30.0 * (1 + (easting**2 + northing**2) / depth**2) ** -1.5
    turn = pyproj.Transformer.from_crs(UTM, "EPSG:4326", always_xy=True)
    longitude, latitude = turn.transform(easting + PLACE[0], northing + PLACE[1])
    # The air above the station, which normal gravity counts in: 0.874 mGal at sea level.
    gravity = normal_gravity(latitude) - 0.874 + sphere
    return pd.DataFrame({
        "longitude": longitude, "latitude": latitude, "elevation_m": 0.0, "grav_mGal": gravity,
    })  # fmt: skip


@pytest.fixture(scope="module")
def gravity_node(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gravity")
    with craton.create(folder / "node") as made:
        made.add(written(folder / "in", "stations", gravity_stations(), "EPSG:4326"))
        yield made


def test_gravity_stations_to_map(gravity_node):
    """The sphere comes back in the grid, its top cut by less than a tenth between stations; maps are drawn."""
    results = gravity_node.run("gravity-survey-map", crs=UTM, separation="5 km", spacing=750)
    anomaly, regional, residual = (
        field_of(results[name]) for name in ("anomaly", "separated.regional", "separated.residual")
    )
    square = (anomaly.easting - PLACE[0]) ** 2 + (anomaly.northing - PLACE[1]) ** 2
    expected = 30.0 * (1 + square / 4000.0**2) ** -1.5
    assert float(abs(anomaly - expected).max()) < 3.0
    assert float((anomaly - expected).std()) < 0.3
    npt.assert_allclose(regional + residual, anomaly, atol=1e-4)
    assert float(residual.max()) > 10
    assert set(results["checked"].read()["problem"]) == {"outlier"}
    assert is_picture(results["map"], gravity_node.folder.parent)
    assert is_picture(results["residual_map"], gravity_node.folder.parent)
    steps = steps_of(results["map"])
    assert "gravity.terrain_correction" not in steps
    assert steps[:3] == ["gravity.bouguer_anomaly", "vector.reproject", "gridding.minimum_curvature"]


def test_gravity_stations_with_relief_get_a_terrain_correction(gravity_node):
    """Over flat ground at the height of the stations the complete anomaly is the simple one to 0.01 mGal."""
    folder = gravity_node.folder.parent
    axes = {"latitude": 19.9 + np.arange(0.9, -0.91, -0.03), "longitude": 105 + np.arange(-0.9, 0.91, 0.03)}
    flat = xr.DataArray(
        np.zeros((61, 61)), axes, ("latitude", "longitude"), name="elevation", attrs={"units": "m"}
    )
    flat["latitude"].attrs["units"], flat["longitude"].attrs["units"] = "degrees_north", "degrees_east"
    path = folder / "in" / "elevation.nc"
    flat.to_dataset().to_netcdf(path)
    gravity_node.add(path)
    relief = gravity_node.find(kind="grid", quantity="elevation")[0]
    given = {"crs": UTM, "separation": "5 km", "spacing": 750}
    simple = field_of(gravity_node.run("gravity-survey-map", **given)["anomaly"])
    results = gravity_node.run("gravity-survey-map", relief=relief.id, **given)
    complete = field_of(results["anomaly"])
    assert complete.name == "complete_bouguer_anomaly"
    npt.assert_allclose(complete, simple, atol=0.01)
    assert "gravity.terrain_correction" in steps_of(results["map"])


def main_field(frame: pd.DataFrame) -> pd.DataFrame:
    """The main field of 2015 at the rows."""
    import geopandas as gpd

    from craton.methods.geomagnetic import reference_field

    points = gpd.points_from_xy(frame["x"], frame["y"], crs=UTM)
    return reference_field(gpd.GeoDataFrame(frame, geometry=points), date="2015.0", height=500.0)


def survey(depth: float = 1500.0) -> pd.DataFrame:
    """Lines 500 m apart and three ties over a dipole along the field of 400 nT, each line off by its own."""
    random = np.random.default_rng(7)
    steps, places = np.arange(-10_000.0, 10_001, 125), np.arange(-10_000.0, 10_001, 500)
    rows = [(f"L{n}", across, along) for n, across in enumerate(places) for along in steps]
    rows += [(f"T{n}", across, along) for n, along in enumerate((-7000.0, 100.0, 7100.0)) for across in steps]
    frame = pd.DataFrame(rows, columns=["line", "x", "y"])
    distance = np.sqrt(frame["x"] ** 2 + frame["y"] ** 2 + depth**2)
    offset = frame["line"].map({line: random.normal(scale=15) for line in frame["line"].unique()})
    x, y = frame["x"].copy(), frame["y"].copy()
    frame[["x", "y"]] += np.array(PLACE)
    main = main_field(frame)
    inclination, declination = np.radians(main["inclination"]), np.radians(main["declination"])
    along = (
        x * np.cos(inclination) * np.sin(declination) + y * np.cos(inclination) * np.cos(declination)
    ) / distance - np.sin(inclination) * depth / distance
    frame["made"] = 200.0 * (3 * along**2 - 1) * (depth / distance) ** 3
    frame["tmi_nT"] = main["field_total"] + frame["made"] + offset
    return frame


@pytest.fixture(scope="module")
def lines():
    return survey()


def test_aeromagnetic_lines_to_map(lines, tmp_path):
    """Levelled to a tenth, freed of the main field, and at its highest over the dipole once reduced to the pole."""
    with craton.create(tmp_path / "node") as node:
        node.add(written(tmp_path / "in", "survey", lines[["line", "x", "y", "tmi_nT"]]))
        with pytest.raises(ContractError, match="date"):
            node.run("regional-aeromagnetic-map")
        results = node.run("regional-aeromagnetic-map", date="2015.0", height=500, crs=UTM, spacing=125)
        before, after = results["levelled.statistics"].read()["root_mean_square"]
        assert after < before / 10
        reduced = field_of(results["reduced"]).compute()
        peak = reduced.where(reduced == reduced.max(), drop=True)
        npt.assert_allclose([float(peak.easting[0]), float(peak.northing[0])], PLACE, atol=260)
        assert float(reduced.max()) == pytest.approx(400, rel=0.1)
        assert is_picture(results["map"], tmp_path)
        assert is_picture(results["edges_map"], tmp_path)
        assert "magnetics.anomaly" in steps_of(results["map"])


def test_aeromagnetic_anomalies_without_ties_are_taken_as_they_are(lines, tmp_path):
    """Anomalies of survey lines alone are neither freed of the main field again nor levelled."""
    frame = lines.loc[lines["line"].str.startswith("L"), ["line", "x", "y", "made"]]
    with craton.create(tmp_path / "node") as node:
        node.add(written(tmp_path / "in", "survey", frame.rename(columns={"made": "tfa_nT"})))
        results = node.run("regional-aeromagnetic-map", date="2015.0", crs=UTM, spacing=250)
        assert "magnetics.anomaly" not in steps_of(results["map"])
        points = results["levelled.points"].read()
        npt.assert_array_equal(points["tfa_nT_levelled"], points["tfa_nT"])
        assert float(field_of(results["reduced"]).max()) == pytest.approx(400, rel=0.1)


def test_samples_to_geochemical_anomalies(tmp_path):
    """Copper of 20 mg/kg, with 300 more over one place: that place is the first anomaly, and holds its samples."""
    random = np.random.default_rng(11)
    across, along = (part.ravel() for part in np.meshgrid(*[np.arange(0.0, 20_001, 1250)] * 2))
    hill = np.exp(-((across - 6000) ** 2 + (along - 13_000) ** 2) / (2 * 2500.0**2))
    copper = 20.0 * np.exp(random.normal(scale=0.2, size=across.size)) * (1 + 15 * hill)
    frame = pd.DataFrame({"x": across + PLACE[0], "y": along + PLACE[1], "Cu_mg_kg": copper})
    with craton.create(tmp_path / "node") as node:
        node.add(written(tmp_path / "in", "samples", frame))
        with pytest.raises(ContractError, match="`element` must be given"):
            node.run("geochemical-anomaly-map", spacing=500)
        results = node.run("geochemical-anomaly-map", element="Cu_mg_kg", spacing=500, crs=UTM)
        first = results["anomalies.anomalies"].read().iloc[0]
        assert (first["rank"], first["anomaly"]) == (1, "Cu_mg_kg-1")
        places = shapely.points(across + PLACE[0], along + PLACE[1])
        assert shapely.contains(first.geometry, places[np.argmax(hill)])
        assert first["peak"] > 150
        inside, touched = (f(first.geometry, places).sum() for f in (shapely.contains, shapely.intersects))
        assert inside <= first["samples"] <= touched
        assert list(results["kriged"].read()) == ["Cu_mg_kg", "Cu_mg_kg_std"]
        assert is_picture(results["map"], tmp_path)


def test_zinc_of_the_meuse(tmp_path):
    """The floodplain: zinc is highest along the river's bank, where the published maps have it above 1000 mg/kg.

    Burrough, P. A. and McDonnell, R. A. (1998), Principles of Geographical Information Systems, plate 4.
    """
    source = SHARED / "geochemistry" / "meuse" / "meuse.txt"
    if not source.is_file():
        pytest.skip(f"the shared data is not here: {source}")
    (tmp_path / "meuse.txt").write_bytes(source.read_bytes())
    said = 'crs = "EPSG:28992"\n[columns.zinc]\nunit = "mg/kg"\n'
    (tmp_path / "meuse.txt.meta.toml").write_text(said, "utf-8")
    with craton.create(tmp_path / "node") as node:
        node.add(tmp_path / "meuse.txt")
        results = node.run(
            "geochemical-anomaly-map", element="zinc", spacing=40, maximum_distance=150, crs="EPSG:28992"
        )
        limits = results["fractal.thresholds"].read()["lower"]
        assert 300 < limits.iloc[1] < 1000
        first = results["anomalies.anomalies"].read().iloc[0]
        assert first["peak"] > 1000
        zinc = field_of_named(results["kriged"], "zinc")
        bank = zinc.sel(easting=180_000, northing=332_350, method="nearest")
        assert float(bank) > 1000
        assert float(zinc.sel(easting=180_000, northing=331_200, method="nearest")) < 300


def field_of_named(result, name: str) -> xr.DataArray:
    """One field of a grid."""
    return result.read()[name].squeeze()
