"""Rasters of the open survey data: shapes, places and numbers, against values found with rasterio alone."""

from __future__ import annotations

import zipfile
from typing import NamedTuple

import numpy as np
import pyproj
import pytest
import rasterio
from tests.reading import DATA, read_source

from craton.model.data import Draft, RasterFile

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")


class Known(NamedTuple):
    """What is known of a raster: system, bands, rows and columns, bounds, valid cells and range of band 1."""

    crs: str
    bands: int
    shape: tuple[int, int]
    bounds: tuple[float, float, float, float]
    valid: int
    minimum: float
    maximum: float


KNOWN = {
    "crs/geoid_egm96/us_nga_egm96_15.tif": Known(
        "EPSG:4979", 1, (721, 1440), (-180.125, -90.125, 179.875, 90.125), 1038240, -106.9910889, 85.3909225
    ),
    "elevation/bigtujunga/bigtujunga.tif": Known(
        "EPSG:32611",
        1,
        (643, 1197),
        (376313.655454, 3788627.827628, 412223.655454, 3807917.827628),
        769671,
        315,
        2295,
    ),
    "elevation/small_tiles/float_nan.tif": Known("", 1, (2, 3), (0, 200, 300, 0), 5, -1.88, 1.41),
    "elevation/srtm_tile/N44W072.hgt": Known(
        "EPSG:4326", 1, (1201, 1201), (-72.000417, 43.999583, -70.999583, 45.000417), 1442401, 115, 1908
    ),
    "geology/hamersley_wa/dtm_rp.tif": Known(
        "EPSG:28350",
        1,
        (204, 197),
        (505374.706305, 7462210.19889, 573222.370531, 7532468.693824),
        40079,
        297,
        1175,
    ),
    "hazards/insar_sydney_small/roipac_test_trimmed.tif": Known(
        "EPSG:4326", 1, (72, 47), (150.91, -34.23, 150.949167, -34.17), 3384, 193, 371
    ),
    "imagery/landsat7_rasterio/RGB.byte.tif": Known(
        "EPSG:32618", 3, (718, 791), (101985, 2611485, 339315, 2826915), 382776, 1, 255
    ),
    "imagery/landsat7_rasterio/cogeo.tif": Known(
        "EPSG:3857",
        3,
        (1024, 1024),
        (14321853.115737, 4532410.029452, 14322464.611709, 4533021.525424),
        1048576,
        0,
        255,
    ),
    "imagery/mandalay_landcover/sentinel2_landcover_7class.tif": Known(
        "EPSG:32646", 1, (4279, 3878), (805840, 2405400, 844620, 2448190), 15754544, 0, 6
    ),
}


def read_one(path: str) -> tuple[Draft, RasterFile]:
    """The one draft of `path` and its raster."""
    reader, drafts = read_source(DATA / path)
    assert reader == "raster"
    [draft] = drafts
    assert isinstance(draft.data, RasterFile)
    return draft, draft.data


@pytest.mark.parametrize("path", KNOWN)
def test_raster_keeps_place_and_numbers(path: str):
    """A raster comes in with its system, bands, extent and cells as they are in the file."""
    known = KNOWN[path]
    draft, raster = read_one(path)
    assert (draft.kind, draft.crs, len(raster.bands)) == ("grid", known.crs, known.bands)
    with rasterio.open(raster.path, driver=raster.driver) as dataset:
        cells = np.ma.masked_invalid(dataset.read(1, masked=True)).compressed()
        assert dataset.shape == known.shape
        assert dataset.bounds == pytest.approx(known.bounds, abs=1e-5)
    assert cells.size == known.valid
    assert (cells.min(), cells.max()) == pytest.approx((known.minimum, known.maximum), rel=1e-6)


def test_system_without_a_code_is_kept_in_words():
    """A Lambert projection of Europe that no code names is kept with its parameters; 58 cells are empty."""
    draft, raster = read_one("elevation/small_tiles/float_raster_with_nodata.tif")
    system = pyproj.CRS.from_user_input(draft.crs)
    assert (system.coordinate_operation.method_name, system.ellipsoid.name) == (
        "Lambert Azimuthal Equal Area", "GRS 1980",
    )  # fmt: skip
    with rasterio.open(raster.path, driver=raster.driver) as dataset:
        cells = dataset.read(1, masked=True)
        assert dataset.bounds == pytest.approx(
            (6301612.204094, 3308112.230618, 6308112.204094, 3314112.230618)
        )
    assert (cells.shape, cells.count(), cells.max()) == ((12, 13), 98, 0.25)


def test_raster_without_a_valid_cell_keeps_its_bands():
    """A raster of nodata only comes in with the names of its bands and without a value."""
    _, raster = read_one("imagery/landsat7_rasterio/all-nodata.tif")
    assert [band.name for band in raster.bands] == ["blue", "green", "red", "nir"]
    with rasterio.open(raster.path) as dataset:
        assert dataset.shape == (2475, 71)
        assert dataset.read(masked=True).count() == 0


def test_bands_are_named_by_description_colour_format_or_file():
    """A band is called by its description, else its colour, else what the format holds, else its file."""
    names = {
        path: [band.name for band in read_one(path)[1].bands]
        for path in (
            "crs/geoid_egm96/us_nga_egm96_15.tif",
            "imagery/landsat7_rasterio/RGB.byte.tif",
            "elevation/srtm_tile/N44W072.hgt",
            "geology/hamersley_wa/dtm_rp.tif",
        )
    }
    assert list(names.values()) == [["geoid_undulation"], ["red", "green", "blue"], ["elevation"], ["dtm_rp"]]


def test_stated_units_and_registration_are_kept():
    """The unit of a band and the registration at nodes are taken over from the file."""
    draft, raster = read_one("crs/geoid_egm96/us_nga_egm96_15.tif")
    assert raster.bands[0].unit == "metre"
    assert draft.properties["registration"] == "point"
    assert draft.description.startswith("WGS 84 (EPSG:4979) to EGM96 height")


def test_legend_beside_a_classified_raster_is_read():
    """The seven classes of the legend beside the land cover raster come with their colours."""
    draft, _ = read_one("imagery/mandalay_landcover/sentinel2_landcover_7class.tif")
    legend = draft.properties["legend"]
    assert [one["label"] for one in legend] == [
        "Water", "Dense vegetation", "Cropland", "Grassland / shrub",
        "Sparse vegetation", "Bare soil", "Built-up",
    ]  # fmt: skip
    assert legend[0] == {"value": 0.0, "label": "Water", "color": "#1d4e89"}


def test_srtm_tile_out_of_an_archive(tmp_path):
    """The open-ocean SRTM tile, once unpacked, is a one-degree grid in metres, almost all zero."""
    with zipfile.ZipFile(DATA / "elevation/small_tiles/N10W110.hgt.zip") as archive:
        [member] = archive.namelist()
        tile = archive.extract(member, tmp_path)
    reader, [draft] = read_source(tmp_path / member)
    assert reader == "raster"
    assert (draft.crs, draft.data.bands[0].name, draft.data.bands[0].unit) == ("EPSG:4326", "elevation", "m")
    with rasterio.open(tile) as dataset:
        cells = dataset.read(1)
    assert (cells.shape, int(cells.max()), int((cells == 0).sum())) == ((1201, 1201), 9, 1441927)


def test_rotated_raster_keeps_its_turn():
    """A rotated raster stays in its file with its rotated placing."""
    draft, raster = read_one("bad_input/tiff_corrupt/rotated.tif")
    with rasterio.open(raster.path, driver=raster.driver) as dataset:
        assert not dataset.transform.is_rectilinear
    assert draft.kind == "grid"
