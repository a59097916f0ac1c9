"""Every raster format of the table is recognised by its bytes and read in place, on grids made here."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from rasterio.transform import from_origin
from tests.reading import read_source

from craton.model.data import RasterFile
from craton.model.errors import RefusedError

CELLS = np.arange(30).reshape(5, 6)
BOUNDS = (500000, 1999500, 500600, 2000000)

WRITTEN = {
    "AAIGrid": ("a.asc", "float32"),
    "HFA": ("a.img", "float32"),
    "ENVI": ("a.dat", "float32"),
    "EHdr": ("a.bil", "float32"),
    "SAGA": ("a.sdat", "float32"),
    "PCRaster": ("a.map", "float32"),
    "NITF": ("a.ntf", "float32"),
    "ERS": ("a.ers", "float32"),
    "ROI_PAC": ("a.dem", "int16"),
    "ZMap": ("a.dat", "float32"),
    "GSAG": ("a.grd", "float32"),
    "GSBG": ("a.grd", "float32"),
    "PNG": ("a.png", "uint8"),
    "BMP": ("a.bmp", "uint8"),
    "GIF": ("a.gif", "uint8"),
}


def geotiff(path, dtype="float32", *, cells=CELLS, **stated):
    """Write `cells` as a GeoTIFF with its corner at 500 km east, 2,000 km north."""
    profile = {"crs": "EPSG:32648", "transform": from_origin(500000, 2000000, 100, 100), **stated}
    rows, columns = cells.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=1, dtype=dtype, **profile
    ) as out:
        out.write(cells.astype(dtype), 1)
    return path


def read_cells(raster: RasterFile) -> np.ndarray:
    """All cells of band 1."""
    with rasterio.open(raster.path, driver=raster.driver) as dataset:
        return dataset.read(1)


@pytest.mark.parametrize("driver", WRITTEN)
def test_format_is_recognised_and_read(driver, tmp_path):
    """A grid in the format of `driver` comes in by that driver, at its place, with its numbers."""
    name, dtype = WRITTEN[driver]
    original = geotiff(tmp_path / "original.tif", dtype)
    folder = tmp_path / "given"
    folder.mkdir()
    options = {"WORLDFILE": "YES"} if dtype == "uint8" else {}
    rasterio.shutil.copy(original, folder / name, driver=driver, **options)
    reader, [draft] = read_source(folder / name)
    assert (reader, draft.kind, draft.data.driver) == ("raster", "grid", driver)
    assert draft.crs == ("" if driver == "ZMap" else "EPSG:32648")
    with rasterio.open(draft.data.path, driver=driver) as dataset:
        assert dataset.bounds == pytest.approx(BOUNDS)
    assert np.array_equal(read_cells(draft.data), CELLS)


def test_jpeg_2000_is_read(tmp_path):
    """A georeferenced JPEG 2000 image comes in with its system; its packing may change numbers."""
    rasterio.shutil.copy(
        geotiff(tmp_path / "original.tif", "uint8"), tmp_path / "a.jp2", driver="JP2OpenJPEG"
    )
    reader, [draft] = read_source(tmp_path / "a.jp2")
    assert (reader, draft.data.driver, draft.crs) == ("raster", "JP2OpenJPEG", "EPSG:32648")


def test_dted_is_elevation_in_geographic_degrees(tmp_path):
    """A DTED cell is elevation on a grid of nodes in WGS 84."""
    cells = np.arange(121 * 121).reshape(121, 121) % 3000
    place = from_origin(102 - 1 / 240, 19 + 1 / 240, 1 / 120, 1 / 120)
    original = geotiff(
        tmp_path / "o.tif", "int16", cells=cells, crs="EPSG:4326", transform=place, nodata=-32767
    )
    rasterio.shutil.copy(original, tmp_path / "a.dt0", driver="DTED")
    reader, [draft] = read_source(tmp_path / "a.dt0")
    assert (reader, draft.crs, draft.data.bands[0].name) == ("raster", "EPSG:4326", "elevation")
    assert np.array_equal(read_cells(draft.data), cells)


def test_grass_ascii_is_read(tmp_path):
    """A GRASS ASCII grid is placed by its edges."""
    text = "north: 40\nsouth: 0\neast: 30\nwest: 0\nrows: 2\ncols: 3\n1 2 3\n4 5 6\n"
    (tmp_path / "a.txt").write_text(text)
    _, [draft] = read_source(tmp_path / "a.txt")
    assert draft.data.driver == "GRASSASCIIGrid"
    assert read_cells(draft.data).tolist() == [[1, 2, 3], [4, 5, 6]]


def test_gxf_is_read(tmp_path):
    """A Geosoft exchange grid is placed by its origin and separations."""
    text = "#TITLE\ntest\n#POINTS\n3\n#ROWS\n2\n#PTSEPARATION\n10\n#RWSEPARATION\n10\n"
    text += "#XORIGIN\n100\n#YORIGIN\n200\n"
    (tmp_path / "a.gxf").write_text(text + "#DUMMY\n-1e32\n#GRID\n1 2 3\n4 5 6\n")
    _, [draft] = read_source(tmp_path / "a.gxf")
    assert draft.data.driver == "GXF"
    assert sorted(read_cells(draft.data).ravel().tolist()) == [1, 2, 3, 4, 5, 6]


def usgs_dem(path):
    """A USGS DEM of two profiles of three elevations, UTM zone 11, metres."""
    corners = "".join(
        f"{v:24.15E}" for v in (399990, 3999990, 399990, 4000050, 400020, 4000050, 400020, 3999990)
    )
    head = f"{'TEST':<144}" + "".join(f"{v:6d}" for v in (1, 1, 1, 11)) + f"{0:24.15E}" * 15
    head += f"{2:6d}{2:6d}{4:6d}" + corners + f"{1:24.15E}{6:24.15E}{0:24.15E}{0:6d}"
    head += f"{30:12.6E}{30:12.6E}{1:12.6E}" + f"{1:6d}{2:6d}"
    records = f"{head:<1024}"
    for profile, elevations in enumerate(((1, 2, 3), (4, 5, 6))):
        start = f"{1:6d}{profile + 1:6d}{3:6d}{1:6d}{399990 + 30 * profile:24.15E}{3999990:24.15E}"
        body = start + f"{0:24.15E}{1:24.15E}{6:24.15E}" + "".join(f"{e:6d}" for e in elevations)
        records += f"{body:<1024}"
    path.write_text(records.replace("E+", "D+"))


def test_usgs_dem_is_read(tmp_path):
    """A USGS DEM is elevation, its profiles running north."""
    usgs_dem(tmp_path / "a.dem")
    _, [draft] = read_source(tmp_path / "a.dem")
    assert (draft.data.driver, draft.data.bands[0].name) == ("USGSDEM", "elevation")
    assert read_cells(draft.data).tolist() == [[3, 6], [2, 5], [1, 4]]


def esri_grid(folder):
    """An ESRI binary grid (a folder of `.adf`) of two rows of four reals, in one tile."""
    folder.mkdir()
    cells = np.arange(8, dtype=">f4")
    header = bytearray(308)
    header[:8] = b"GRID1.2\0"
    struct.pack_into(">ii", header, 16, 2, 1)
    struct.pack_into(">4d", header, 256, 10, 10, 0, 0)
    struct.pack_into(">iiiii", header, 288, 1, 1, 4, 1, 2)
    (folder / "hdr.adf").write_bytes(header)
    (folder / "dblbnd.adf").write_bytes(struct.pack(">4d", 100, 200, 140, 220))
    (folder / "sta.adf").write_bytes(struct.pack(">4d", 0, 7, 3.5, 2.3))
    tile = struct.pack(">H", cells.nbytes // 2) + cells.tobytes()
    length = 100 + len(tile)
    magic = bytes.fromhex("0000270afffffc14")
    data = bytearray(100)
    data[:8] = magic
    struct.pack_into(">i", data, 24, length // 2)
    (folder / "w001001.adf").write_bytes(bytes(data) + tile)
    struct.pack_into(">i", data, 24, 108 // 2)
    (folder / "w001001x.adf").write_bytes(bytes(data) + struct.pack(">ii", 50, cells.nbytes // 2))


def test_esri_binary_grid_is_read(tmp_path):
    """A folder of `.adf` files is one raster, its parts taken along."""
    esri_grid(tmp_path / "dem")
    reader, [draft] = read_source(tmp_path / "dem" / "hdr.adf")
    assert (reader, draft.data.driver) == ("raster", "AIG")
    assert read_cells(draft.data).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    with rasterio.open(draft.data.path, driver="AIG") as dataset:
        assert dataset.bounds == (100, 200, 140, 220)


@pytest.mark.parametrize(("driver", "name"), [("PNG", "scan.png"), ("JPEG", "scan.jpg")])
def test_picture_without_a_place_is_left_to_documents(driver, name, tmp_path):
    """A PNG or JPEG without a world file is no raster."""
    from craton.ingest.raster_formats import raster_format

    original = geotiff(tmp_path / "original.tif", "uint8")
    rasterio.shutil.copy(original, tmp_path / name, driver=driver)
    (tmp_path / f"{name}.aux.xml").unlink(missing_ok=True)
    assert raster_format(name, (tmp_path / name).read_bytes(), tmp_path) is None


def test_tiff_picture_without_a_place_is_a_document(tmp_path):
    """An 8-bit TIFF that states no place is kept as a document, with a finding."""
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        geotiff(tmp_path / "scan.tif", "uint8", crs=None, transform=None)
    _, [draft] = read_source(tmp_path / "scan.tif")
    assert (draft.kind, draft.data.media_type) == ("document", "image/tiff")
    assert [finding.code for finding in draft.findings] == ["georeference-missing"]
    assert draft.properties["pixels"] == [6, 5]


def test_world_file_beside_a_tiff_places_it(tmp_path):
    """A TIFF that states no place is placed by its world file."""
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        geotiff(tmp_path / "map.tif", "uint8", crs=None, transform=None)
    (tmp_path / "map.tfw").write_text("10\n0\n0\n-10\n1005\n1995\n")
    _, [draft] = read_source(tmp_path / "map.tif")
    assert draft.kind == "grid"
    with rasterio.open(draft.data.path) as dataset:
        assert dataset.bounds == (1000, 1950, 1060, 2000)


def test_control_points_are_told(tmp_path):
    """An image placed by control points comes in as a grid with a doubt, its system not claimed."""
    from rasterio.control import GroundControlPoint as Point

    points = [Point(0, 0, 500000, 2000000), Point(0, 6, 500600, 2000010), Point(5, 0, 500010, 1999500)]
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=6, height=5, count=1, dtype="uint8", gcps=points, crs="EPSG:32648"
    ) as out:
        out.write(CELLS.astype("uint8"), 1)
    _, [draft] = read_source(path)
    assert (draft.crs, draft.properties["ground_control_points"]) == ("", 3)
    assert draft.geographic_bounds == pytest.approx((105.0, 18.08, 105.0057, 18.09), abs=0.01)
    assert [finding.code for finding in draft.findings] == ["georeference-indirect"]


def test_complex_numbers_become_two_parts(tmp_path):
    """A raster of complex numbers is read as real and imaginary parts."""
    cells = CELLS + 1j * CELLS[::-1]
    _, [draft] = read_source(geotiff(tmp_path / "slc.tif", "complex64", cells=cells))
    assert [finding.code for finding in draft.findings] == ["value-complex"]
    assert np.array_equal(draft.data["slc_real"].values, CELLS)
    assert np.array_equal(draft.data["slc_imaginary"].values, CELLS[::-1])


def test_longitudes_beyond_180_are_rolled(tmp_path):
    """A raster of 0–360° is read lazily with its columns in order from −180°."""
    cells = np.arange(36).reshape(1, 36).repeat(2, axis=0)
    place = from_origin(0, 10, 10, 10)
    path = geotiff(tmp_path / "world.tif", "int16", cells=cells, crs="EPSG:4326", transform=place)
    _, [draft] = read_source(path)
    assert [(f.code, f.count) for f in draft.findings] == [("longitude-wrapped", 18)]
    assert draft.data["longitude"].values[[0, 17, 18, -1]].tolist() == [-175, -5, 5, 175]
    assert draft.data["world"].values[0].tolist() == [*range(18, 36), *range(18)]


def test_palette_becomes_a_legend(tmp_path):
    """The colours of a palette are kept as a legend without labels."""
    path = geotiff(tmp_path / "classes.tif", "uint8")
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {1: (255, 0, 0, 255), 2: (0, 128, 255, 255)})
    _, [draft] = read_source(path)
    assert draft.properties["legend"] == [
        {"value": 1.0, "color": "#ff0000"},
        {"value": 2.0, "color": "#0080ff"},
    ]


def test_system_beside_a_tiff_is_used(tmp_path):
    """A `.prj` beside a TIFF with a place but no system gives it one."""
    path = geotiff(tmp_path / "dem.tif", crs=None)
    (tmp_path / "dem.prj").write_text(rasterio.crs.CRS.from_epsg(32648).to_wkt(version="WKT1_ESRI"))
    _, [draft] = read_source(path)
    assert (draft.crs, draft.data.crs) == ("EPSG:32648", "EPSG:32648")


def test_auxiliary_file_that_points_elsewhere_is_refused(tmp_path):
    """An auxiliary file may not send the reader to other files or over the network."""
    path = geotiff(tmp_path / "dem.tif")
    inner = '<Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">/vsicurl/http://example.org/a.tif</MDI></Metadata>'
    (tmp_path / "dem.tif.aux.xml").write_text(f"<PAMDataset>{inner}</PAMDataset>")
    with pytest.raises(RefusedError, match="sends the reader to other files") as refusal:
        read_source(path)
    assert refusal.value.code == "invalid-structure"


def test_tiff_that_points_elsewhere_is_refused(tmp_path):
    """A TIFF whose own tags name a file of overviews is refused."""
    path = geotiff(tmp_path / "dem.tif")
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(ns="OVERVIEWS", OVERVIEW_FILE="/vsicurl/http://example.org/a.tif")
    (tmp_path / "dem.tif.aux.xml").unlink(missing_ok=True)
    with pytest.raises(RefusedError, match="sends the reader to other files"):
        read_source(path)


def test_er_mapper_header_that_points_elsewhere_is_refused(tmp_path):
    """An ER Mapper header may name only a file of its own folder."""
    rasterio.shutil.copy(geotiff(tmp_path / "o.tif"), tmp_path / "a.ers", driver="ERS")
    text = (tmp_path / "a.ers").read_text()
    (tmp_path / "a.ers").write_text(
        text.replace("DatasetHeader Begin", 'DatasetHeader Begin\n\tDataFile = "../secret"', 1)
    )
    with pytest.raises(RefusedError, match="points outside its folder"):
        read_source(tmp_path / "a.ers")


def test_companions_of_an_unpacked_raster_are_found(tmp_path):
    """A packed ESRI grid finds the system in the file beside its archive."""
    import gzip

    rasterio.shutil.copy(geotiff(tmp_path / "o.tif"), tmp_path / "a.asc", driver="AAIGrid")
    (tmp_path / "a.asc.aux.xml").unlink(missing_ok=True)
    (tmp_path / "a.asc.gz").write_bytes(gzip.compress((tmp_path / "a.asc").read_bytes()))
    (tmp_path / "a.asc").unlink()
    _, [draft] = read_source(tmp_path / "a.asc.gz")
    assert (draft.crs, draft.data.bands[0].name) == ("EPSG:32648", "a")
