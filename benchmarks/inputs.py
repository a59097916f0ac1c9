"""Inputs of the benchmarks, made from a seed so that every machine measures the same work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import rasterio
import shapely
from rasterio.transform import from_origin

from harness import BENCH

FOLDER = BENCH / "inputs"


def made(name: str) -> Path:
    """Place of the input `name`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    return FOLDER / name


def raster(size: int) -> Path:
    """A float32 relief of `size` × `size` cells with noise and nodata, tiled, not compressed."""
    path = made(f"relief-{size}.tif")
    if path.exists():
        return path
    profile = {
        "driver": "GTiff", "width": size, "height": size, "count": 1, "dtype": "float32", "crs": "EPSG:32648",
        "transform": from_origin(200_000, 2_400_000, 30, 30), "nodata": -9999, "tiled": True,
        "blockxsize": 512, "blockysize": 512, "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    random = np.random.default_rng(1)
    with rasterio.open(path, "w", **profile) as out:
        for _, window in out.block_windows(1):
            rows = np.arange(window.row_off, window.row_off + window.height)[:, np.newaxis]
            columns = np.arange(window.col_off, window.col_off + window.width)
            relief = 900 + 600 * np.sin(rows / 700) * np.cos(columns / 900)
            relief = np.round(relief + random.normal(0, 2, relief.shape), 1).astype("float32")
            relief[(rows + columns) % 4096 < 40] = -9999
            out.write(relief, 1, window=window)
    return path


def polygons(count: int, vertices: int = 25) -> Path:
    """A GeoPackage of `count` map units of `vertices` corners with six attributes."""
    path = made(f"units-{count}.gpkg")
    if path.exists():
        return path
    random = np.random.default_rng(2)
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    radius = random.uniform(0.002, 0.01, (count, 1)) * random.uniform(0.8, 1.2, (count, vertices))
    longitude = random.uniform(97, 106, (count, 1)) + radius * np.cos(angle)
    latitude = random.uniform(16, 26, (count, 1)) + radius * np.sin(angle)
    rings = np.stack([longitude, latitude], axis=-1)
    rings = np.concatenate([rings, rings[:, :1]], axis=1)
    units = np.array(["granite", "limestone", "sandstone", "basalt", "schist", "alluvium"])
    frame = pd.DataFrame({
        "unit": units[random.integers(0, 6, count)],
        "code": [f"U{n:06d}" for n in range(count)],
        "age_ma": random.uniform(0, 500, count).round(1),
        "thickness_m": random.uniform(1, 2000, count).round(0),
        "sheet": random.integers(1, 300, count),
        "remark": ["mapped at 1:200 000"] * count,
    })  # fmt: skip
    pyogrio.raw.write(
        path, geometry=shapely.to_wkb(shapely.polygons(rings)), field_data=[frame[c].to_numpy() for c in frame],
        fields=list(frame), geometry_type="Polygon", crs="EPSG:4326", layer="units",
    )  # fmt: skip
    return path


def survey_points(rows: int) -> Path:
    """A CSV of airborne survey points along lines."""
    path = made(f"survey-{rows}.csv")
    if path.exists():
        return path
    random = np.random.default_rng(3)
    number = np.arange(rows)
    pd.DataFrame({
        "line": 1000 + number // 2000,
        "fiducial": number,
        "longitude": (101 + (number % 2000) * 5e-4).round(6),
        "latitude": (18 + (number // 2000) * 2e-3).round(6),
        "elevation_m": random.uniform(200, 1800, rows).round(1),
        "tmi_nt": (43_000 + random.normal(0, 120, rows)).round(2),
        "k_pct": random.uniform(0, 4, rows).round(3),
        "u_ppm": random.uniform(0, 8, rows).round(3),
    }).to_csv(path, index=False)  # fmt: skip
    return path
