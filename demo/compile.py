"""Compile the demo's sample from public-domain sources: facts and figures, rewritten in our own tables.

Run once by hand when the sample's schema changes:

    .venv/bin/python demo/compile.py FOLDER_OF_SOURCES

`demo/sample/SOURCES.md` says where each figure comes from.
"""

from __future__ import annotations

import json
import lzma
import re
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import xarray as xr
from rasterio.transform import from_origin
from shapely.geometry import box, mapping

from craton.kernels.gravity import normal_gravity

SAMPLE = Path(__file__).parent / "sample"
WEST, SOUTH, EAST, NORTH = 97.0, 16.0, 106.0, 26.0
AREA = box(WEST, SOUTH, EAST, NORTH)
GRAVITY_HEIGHT = 10_000.0
MISSING = -9999

COUNTRIES = {
    "Burma": "MM", "Myanmar": "MM", "Myanmar [Burma]": "MM", "Laos": "LA", "Lao PDR": "LA",
    "Lao People's Democratic Republic": "LA", "Thailand": "TH", "China": "CN", "Vietnam": "VN",
    "Viet Nam": "VN", "Cambodia": "KH",
}  # fmt: skip


def main(sources: Path) -> None:
    """Write all tables and grids of the sample."""
    write_table("minerals/mineral_deposits.csv", mineral_deposits(sources))
    write_table("hazards/earthquakes.csv", earthquakes(sources))
    write_table("hazards/landslides.csv", landslides(sources))
    write_table("geography/places.csv", places(sources))
    write_rivers(sources)
    write_gravity(sources)
    write_geoid(sources)
    write_relief(sources)


def write_table(name: str, table: pd.DataFrame) -> None:
    """Write `table` below the sample, sorted so that a new compilation gives a small difference."""
    path = SAMPLE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, lineterminator="\n")
    print(f"{name}: {len(table)} rows")


def inside(table: pd.DataFrame) -> pd.DataFrame:
    """Rows whose longitude and latitude lie in the demo area."""
    return table[table.longitude.between(WEST, EAST) & table.latitude.between(SOUTH, NORTH)]


def mineral_deposits(sources: Path) -> pd.DataFrame:
    """One table of three USGS compilations, country names made ISO codes, missing marks made empty."""
    folder = sources / "minerals/usgs_world_deposits"
    world = pd.read_csv(folder / "deposit.csv").rename(
        columns={
            "dep_name": "name",
            "commodity": "commodities",
            "dep_type": "deposit_type",
            "citation": "reference",
        }
    )
    porphyry = pd.read_csv(folder / "pcu_deps_pros.csv", encoding="utf-8-sig").rename(
        columns={"comm_major": "commodities", "dep_type": "deposit_type", "short_ref": "reference"}
    )
    critical = pd.read_csv(folder / "PP1802_CritMin_pts.csv")
    critical = (
        critical.drop(columns=["X", "Y"])
        .rename(columns=str.lower)
        .rename(columns={"deposit_name": "name", "critical_mineral": "commodities", "location": "country"})
    )
    parts = [
        world.assign(compilation="OFR 2005-1294"),
        porphyry.assign(compilation="SIR 2010-5090"),
        critical.assign(compilation="PP 1802", reference="PP 1802"),
    ]
    columns = [
        "name", "country", "longitude", "latitude", "commodities", "deposit_type", "age_ma", "tonnage_mt",
        "cu_pct", "compilation", "reference",
    ]  # fmt: skip
    table = inside(pd.concat(parts, ignore_index=True)).reindex(columns=columns)
    table = table.replace({MISSING: np.nan, str(MISSING): "", "NA": ""})
    table["country"] = table.country.map(lambda name: COUNTRIES[name])
    table = table.round({"longitude": 5, "latitude": 5})
    table = table.sort_values(["country", "name", "compilation"], kind="stable").reset_index(drop=True)
    table.insert(0, "deposit_id", [f"UM{number:03d}" for number in range(1, len(table) + 1)])
    return table


def earthquakes(sources: Path) -> pd.DataFrame:
    """Shallow and deep events of two USGS catalogues; depth where it is stated."""
    folder = sources / "hazards/earthquakes"
    world = pd.read_csv(folder / "earthquakes-23k.csv").rename(columns=str.lower)
    world["time"] = pd.to_datetime(world.date, format="mixed", dayfirst=False, utc=True)
    recent = pd.read_csv(folder / "myanmar_bounding_box_earthquakes.csv").rename(
        columns={"depth": "depth_km", "mag": "magnitude", "magType": "magnitude_type"}
    )
    recent["time"] = pd.to_datetime(recent.time, utc=True)
    table = inside(
        pd.concat([world.assign(catalogue="M5.5+ 1965-2016"), recent.assign(catalogue="Myanmar 2025")])
    )
    table["time"] = table.time.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    columns = ["time", "longitude", "latitude", "depth_km", "magnitude", "magnitude_type", "catalogue"]
    return table[columns].sort_values(["time", "longitude"], kind="stable")


ACCURACY_KM = {"exact": 0.0, "unknown": np.nan}


def landslides(sources: Path) -> pd.DataFrame:
    """Catalogued landslides; the accuracy of the place as a number, the date as ISO 8601."""
    path = sources / "hazards/nasa_global_landslide_catalog/Global_Landslide_Catalog_Export.csv"
    table = inside(pd.read_csv(path)).copy()
    table["date"] = pd.to_datetime(table.event_date, format="%m/%d/%Y %H:%M").dt.strftime("%Y-%m-%d")
    table["location_accuracy_km"] = table.location_accuracy.map(_accuracy_km)
    table["country"] = table.country_name.map(COUNTRIES)
    table = table.rename(columns={
        "event_id": "landslide_id", "landslide_category": "category", "landslide_trigger": "trigger",
        "landslide_size": "size", "fatality_count": "fatalities", "location_description": "place",
    })  # fmt: skip
    columns = [
        "landslide_id", "date", "longitude", "latitude", "location_accuracy_km", "category", "trigger",
        "size", "fatalities", "country", "place",
    ]  # fmt: skip
    table = table[columns].round({"longitude": 4, "latitude": 4})
    table["fatalities"] = table.fatalities.astype("Int64")
    return table.sort_values(["date", "landslide_id"])


def _accuracy_km(text: object) -> float:
    number = re.fullmatch(r"(\d+)km", str(text))
    return float(number.group(1)) if number else ACCURACY_KM.get(str(text), np.nan)


def places(sources: Path) -> pd.DataFrame:
    """Towns with their English and Chinese names and population."""
    table = gpd.read_file(sources / "basemap/sea_subset/ne_10m_populated_places_sea.geojson")
    table["longitude"], table["latitude"] = table.geometry.x.round(4), table.geometry.y.round(4)
    table = inside(pd.DataFrame(table)).rename(columns={
        "NAME": "name", "NAME_EN": "name_en", "NAME_ZH": "name_zh", "POP_MAX": "population",
        "ISO_A2": "country", "SCALERANK": "rank",
    })  # fmt: skip
    columns = ["name", "name_en", "name_zh", "country", "longitude", "latitude", "population", "rank"]
    return table[columns].sort_values(["rank", "name"])


def write_rivers(sources: Path) -> None:
    """River lines cut to the area, four decimals, one feature a river."""
    rivers = gpd.read_file(sources / "basemap/sea_subset/ne_10m_rivers_lake_centerlines_sea.geojson")
    rivers = rivers[rivers.intersects(AREA)]
    rivers = rivers.assign(geometry=rivers.intersection(AREA), name=rivers.name_en.fillna(rivers["name"]))
    rivers = rivers.dissolve(by="name", aggfunc={"scalerank": "min"}).reset_index()
    features = [
        {
            "type": "Feature",
            "properties": {"name": row.name, "rank": int(row.scalerank)},
            "geometry": _rounded(mapping(row.geometry)),
        }
        for row in rivers.sort_values(["scalerank", "name"]).itertuples(index=False, name="River")
    ]
    text = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    path = SAMPLE / "geography/rivers.geojson"
    path.write_text(f'{{"type":"FeatureCollection","features":[\n{text}\n]}}\n', encoding="utf-8")
    print(f"rivers: {len(features)} features")


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return [_rounded(v) for v in value] if isinstance(value, list | tuple) else value


def write_gravity(sources: Path) -> None:
    """Gravity disturbance at 10 km: magnitude of gravity less normal gravity at the same height."""
    packed = sources / "geophysics/potential_field_fatiando/gravity-earth-0.5deg.nc.xz"
    with xr.open_dataset(lzma.open(packed), engine="scipy") as world:
        gravity = world.gravity.sel(latitude=slice(SOUTH, NORTH), longitude=slice(WEST, EAST)).load()
    disturbance = gravity - normal_gravity(gravity.latitude.values, GRAVITY_HEIGHT)[:, np.newaxis]
    disturbance = disturbance.round(3).astype("float32")
    disturbance.attrs = {"long_name": "gravity disturbance at 10 km height", "units": "mGal"}
    latitude = ("latitude", gravity.latitude.values, {"units": "degrees_north", "standard_name": "latitude"})
    longitude = (
        "longitude",
        gravity.longitude.values,
        {"units": "degrees_east", "standard_name": "longitude"},
    )
    grid = xr.Dataset(
        {"gravity_disturbance": (("latitude", "longitude"), disturbance.values, disturbance.attrs)},
        coords={"latitude": latitude, "longitude": longitude},
        attrs={"title": "Gravity disturbance at 10 km", "height_above_ellipsoid_m": GRAVITY_HEIGHT},
    )
    path = SAMPLE / "geophysics/gravity_disturbance_10km.nc"
    path.parent.mkdir(parents=True, exist_ok=True)
    grid.to_netcdf(path, engine="scipy")
    print(
        f"gravity: {disturbance.shape}, {float(disturbance.min()):.1f} to {float(disturbance.max()):.1f} mGal"
    )


def write_geoid(sources: Path) -> None:
    """Geoid height at the quarter-degree nodes of the area."""
    with rasterio.open(sources / "crs/geoid_egm96/us_nga_egm96_15.tif") as world:
        window = (
            world.window(WEST - 0.125, SOUTH - 0.125, EAST + 0.125, NORTH + 0.125)
            .round_offsets()
            .round_lengths()
        )
        values = world.read(1, window=window)
        transform = world.window_transform(window)
    write_grid("geophysics/geoid_height.tif", values.round(3), transform, "geoid height (m)")


def write_relief(sources: Path) -> None:
    """Relief at the twenty-minute nodes of the area."""
    folder = sources / "elevation/etopo20"
    read = {part: np.loadtxt(next(folder.glob(f"*{part}*.gz"))) for part in ("data", "lats", "lons")}
    rows = np.flatnonzero((read["lats"] >= SOUTH) & (read["lats"] <= NORTH))[::-1]
    columns = np.flatnonzero((read["lons"] >= WEST) & (read["lons"] <= EAST))
    step = 1 / 3
    values = read["data"][np.ix_(rows, columns)].round().astype("int16")
    west, north = read["lons"][columns[0]] - step / 2, read["lats"][rows[0]] + step / 2
    write_grid("elevation/relief.tif", values, from_origin(west, north, step, step), "elevation (m)")


def write_grid(name: str, values: np.ndarray, transform: rasterio.Affine, description: str) -> None:
    """Write a one-band GeoTIFF in WGS 84."""
    path = SAMPLE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = values.shape
    profile = {
        "driver": "GTiff", "width": width, "height": height, "count": 1, "dtype": values.dtype,
        "crs": "EPSG:4326", "transform": transform, "nodata": -32768, "compress": "deflate",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as grid:
        grid.write(values, 1)
        grid.set_band_description(1, description)
        grid.units = ("m",)
    print(f"{name}: {values.shape}, {values.min()} to {values.max()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
