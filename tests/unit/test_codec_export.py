"""Export: each format opens elsewhere with the same values; targets appear whole or not at all."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import geopandas as gpd
import msgspec
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
import xarray as xr
from geopandas.testing import assert_geodataframe_equal
from tests.staging import Staged, stage

from craton.cli.node import create_node
from craton.model.data import Boreholes, Document, Mesh, Series
from craton.model.errors import InvalidError, StorageError
from craton.model.record import Asset, Member, Record
from craton.store.codec import suffixes


@pytest.fixture
def table(tmp_path: Path) -> Staged:
    """Five points with awkward values, one row without a place."""
    places = [shapely.Point(102.5, 18.25), None, *shapely.points([[103, 19], [104, 20], [97.123456789, 16]])]
    frame = gpd.GeoDataFrame(
        {
            "sample": ["=1+1", "@x", "plain", 'quo"te', "ສະບາຍດີ"],
            "long_column_name_1": [1.5, None, -0.1, 1e-300, 3.0],
            "long_column_name_2": pd.array([1, None, 3, 4, 5], "Int64"),
            "FID": [1, 1, 1, 1, 1],
            "day": pd.to_datetime(["2020-01-01T12:30:00"] * 4 + [None]),
            "class": pd.Categorical(["a", "b", "a", None, "b"]),
            "mixed": pd.Series([1, "a", None, [1, 2], {"k": 1}], dtype=object),
        },
        geometry=places,
        crs="EPSG:4326",
    )
    return stage(frame, "table", tmp_path / "s")


@pytest.fixture
def grid(tmp_path: Path) -> Staged:
    """A small map with a name that NetCDF does not allow."""
    cells = np.arange(12.0, dtype="float32").reshape(3, 4)
    dataset = xr.Dataset(
        {
            "Cu/Zn": (("northing", "easting"), cells, {"units": "1"}),
            "Cu_Zn": (("northing", "easting"), cells + 1),
        },
        coords={"northing": [10.0, 20.0, 30.0], "easting": [1.0, 2.0, 3.0, 4.0]},
        attrs={"title": "ratio", "nested": {"a": [1]}, "none": None, "truth": True, "list": [1, 2]},
    )
    return stage(dataset, "grid", tmp_path / "s", "EPSG:32648")


def test_parquet_is_plain(table: Staged, tmp_path: Path) -> None:
    """The exported GeoParquet has the source's columns and order, and nothing hidden."""
    found = gpd.read_parquet(table.export(tmp_path / "o.parquet"))
    expected = table.read()
    assert list(found.columns) == list(expected.columns)
    assert_geodataframe_equal(found[["sample", "geometry"]], expected[["sample", "geometry"]])


def test_geopackage_holds_all_rows_and_values(table: Staged, tmp_path: Path) -> None:
    """A column called FID is no obstacle; missing stays missing; lists and mixed values are JSON text."""
    found = gpd.read_file(table.export(tmp_path / "o.gpkg"), layer="o")
    expected = table.read()
    assert found["sample"].tolist() == expected["sample"].tolist()
    assert found["FID"].tolist() == [1] * 5
    assert found["long_column_name_2"].isna().tolist() == [False, True, False, False, False]
    assert found["mixed"].fillna("").tolist() == ["1", "a", "", "[1, 2]", '{"k": 1}']
    assert found["class"].tolist()[:3] == ["a", "b", "a"]
    assert found.geometry.geom_equals_exact(expected.geometry, 0)[[0, 2, 3, 4]].all()
    assert found.geometry.isna().tolist() == [False, True, False, False, False]


def test_geojson_is_in_wgs84(tmp_path: Path) -> None:
    """GeoJSON is reprojected to longitude and latitude; without a system it is refused."""
    frame = gpd.GeoDataFrame(
        {"n": [1]}, geometry=gpd.points_from_xy([500_000], [2_000_000]), crs="EPSG:32648"
    )
    found = gpd.read_file(stage(frame, "table", tmp_path / "a").export(tmp_path / "o.geojson"))
    assert found.crs == "EPSG:4326"
    assert found.geometry[0].x == pytest.approx(105.0, abs=1e-6)
    assert found.geometry[0].y == pytest.approx(18.0886, abs=1e-3)
    nowhere = stage(frame.set_crs(None, allow_override=True), "table", tmp_path / "b")
    with pytest.raises(InvalidError, match="no reference system"):
        nowhere.export(tmp_path / "p.geojson")


def test_shapefile_tells_cut_names_apart(table: Staged, tmp_path: Path) -> None:
    """Names of more than ten bytes stay different; text is UTF-8; all files of the set are there."""
    path = table.export(tmp_path / "o" / "o.shp")
    found = gpd.read_file(path)
    assert {"long_colum", "long_col_2"} <= set(found.columns)
    assert found["sample"].tolist()[4] == "ສະບາຍດີ"
    assert found["day"].tolist()[0] == "2020-01-01T12:30:00"
    assert {p.suffix for p in path.parent.iterdir()} == {".shp", ".shx", ".dbf", ".prj", ".cpg"}


def test_shapefile_of_mixed_geometry_is_refused(tmp_path: Path) -> None:
    """Points and polygons do not fit one shapefile; the message says where they fit."""
    frame = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[shapely.Point(1, 2), shapely.box(0, 0, 1, 1)], crs=4326)
    with pytest.raises(InvalidError, match=r"points, polygons\s+hint: use .gpkg"):
        stage(frame, "table", tmp_path / "s").export(tmp_path / "o.shp")


def test_shapefile_never_cuts_text_off(tmp_path: Path) -> None:
    """A text longer than a shapefile takes is refused, not cut; 254 bytes fit."""
    for length, fits in ((254, True), (255, False)):
        frame = gpd.GeoDataFrame({"note": ["x" * length]}, geometry=[shapely.Point(1, 2)])
        staged = stage(frame, "table", tmp_path / str(length))
        target = tmp_path / f"o{length}.shp"
        if fits:
            assert gpd.read_file(staged.export(target))["note"][0] == "x" * length
        else:
            with pytest.raises(InvalidError, match="note holds a text of 255 bytes, a shapefile takes 254"):
                staged.export(target)


def test_csv_writes_values_exactly_as_they_are(table: Staged, tmp_path: Path) -> None:
    """Points become two columns; text that a spreadsheet would run stays as is; numbers read back equal."""
    path = table.export(tmp_path / "o.csv")
    lines = path.read_bytes().decode("utf-8").split("\n")
    assert lines[0].startswith(
        "sample,long_column_name_1,long_column_name_2,FID,day,class,mixed,longitude,latitude"
    )
    assert lines[1].startswith("=1+1,1.5,1,1,2020-01-01 12:30:00,a,1,102.5,18.25")
    found = pd.read_csv(path)
    assert found["sample"].tolist() == table.read()["sample"].tolist()
    assert found["long_column_name_1"].tolist()[2:] == [-0.1, 1e-300, 3.0]
    assert found["longitude"].tolist()[4] == 97.123456789
    assert np.isnan(found["longitude"][1])
    assert found["mixed"].tolist()[3] == "[1, 2]"


def test_csv_names_do_not_collide(tmp_path: Path) -> None:
    """A source's own longitude stays; the point's is named apart; lines are WKT; heights get a column."""
    frame = gpd.GeoDataFrame({"longitude": [7.0]}, geometry=[shapely.Point(1, 2, 3)], crs=4326)
    path = stage(frame, "table", tmp_path / "a").export(tmp_path / "a.csv")
    assert path.read_text() == "longitude,geometry_longitude,latitude,upward\n7.0,1.0,2.0,3.0\n"
    line = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.LineString([(0, 0), (1, 0.1)])], crs=32648)
    path = stage(line, "table", tmp_path / "b").export(tmp_path / "b.csv")
    assert path.read_text() == 'n,geometry\n1,"LINESTRING (0 0, 1 0.1)"\n'


def test_tables_without_geometry_go_to_gpkg_and_csv(tmp_path: Path) -> None:
    """A plain table is a layer without geometry; formats that need one are refused."""
    staged = stage(pd.DataFrame({"a": [1, 2], "A": ["x", None]}), "table", tmp_path / "s")
    found = pyogrio.read_dataframe(staged.export(tmp_path / "o.gpkg"))
    assert found.columns.tolist() == ["a", "A_2"]
    assert staged.export(tmp_path / "o.csv").read_text() == "a,A\n1,x\n2,\n"
    for suffix in (".shp", ".geojson"):
        with pytest.raises(InvalidError, match="has no geometry"):
            staged.export(tmp_path / f"o{suffix}")


def test_grids_go_to_tif_netcdf_and_zarr(grid: Staged, tmp_path: Path) -> None:
    """The COG itself, NetCDF with a CF grid mapping, and Zarr all hold the same cells."""
    cells = np.arange(12.0).reshape(3, 4)
    with rasterio.open(grid.export(tmp_path / "o.tif")) as cog:
        assert cog.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        np.testing.assert_array_equal(cog.read(1), cells[::-1])
    with xr.open_dataset(grid.export(tmp_path / "o.nc"), decode_coords="all") as netcdf:
        np.testing.assert_array_equal(netcdf["Cu_Zn"].values, cells)
        np.testing.assert_array_equal(netcdf["Cu_Zn_2"].values, cells + 1)
        assert "UTM zone 48N" in netcdf["spatial_ref"].attrs["crs_wkt"]
        assert netcdf.attrs["nested"] == '{"a":[1]}'
    with xr.open_zarr(grid.export(tmp_path / "o.zarr")) as zarr:
        np.testing.assert_array_equal(zarr["Cu_Zn"].values, cells)


def test_volumes_go_to_netcdf_and_zarr(tmp_path: Path) -> None:
    """A cube is copied member by member; formats that do not fit are refused, those that do are listed."""
    cube = xr.Dataset({"v": (("upward", "northing", "easting"), np.arange(24.0).reshape(2, 3, 4))})
    staged = stage(cube, "volume", tmp_path / "s")
    with xr.open_zarr(staged.export(tmp_path / "o.zarr")) as zarr:
        np.testing.assert_array_equal(zarr["v"].values, cube["v"].values)
    with xr.open_dataset(staged.export(tmp_path / "o.nc")) as netcdf:
        np.testing.assert_array_equal(netcdf["v"].values, cube["v"].values)
    with pytest.raises(InvalidError, match=r"this volume cannot be written as '.shp'; .*\.zarr, \.nc, \.tif"):
        staged.export(tmp_path / "o.shp")
    with pytest.raises(InvalidError, match=r"\.csv needs an axis easting\b.*\s+hint: use \.nc or \.zarr"):
        staged.export(tmp_path / "o.csv")
    with pytest.raises(InvalidError, match=r"regular axis of northing or latitude\s+hint: use .nc or .zarr"):
        staged.export(tmp_path / "o.tif")


@pytest.fixture
def holes(tmp_path: Path) -> Staged:
    """One hole with geology."""
    collars = gpd.GeoDataFrame(
        {"hole_id": ["a"]}, geometry=gpd.points_from_xy([5e5], [2e6]), crs="EPSG:32648"
    )
    intervals = {"geology": pd.DataFrame({"hole_id": ["a"], "from_depth": [0.0], "to_depth": [1.5]})}
    return stage(Boreholes(collars, intervals=intervals), "boreholes", tmp_path / "s", "EPSG:32648")


def test_drill_holes_go_to_folder_zip_and_geopackage(holes: Staged, tmp_path: Path) -> None:
    """A folder or zip of Parquet, a zip of CSV, and layers of one GeoPackage hold all tables."""
    folder = holes.export(tmp_path / "holes")
    assert gpd.read_parquet(folder / "collars.parquet").geometry[0] == shapely.Point(5e5, 2e6)
    assert pd.read_parquet(folder / "intervals/geology.parquet")["to_depth"].tolist() == [1.5]
    with zipfile.ZipFile(holes.export(tmp_path / "holes.zip")) as archive:
        assert archive.namelist() == ["collars.csv", "intervals/geology.csv"]
        assert archive.read("collars.csv") == b"hole_id,easting,northing\na,500000.0,2000000.0\n"
    with zipfile.ZipFile(holes.export(tmp_path / "holes.parquet.zip")) as archive:
        found = pd.read_parquet(io.BytesIO(archive.read("intervals/geology.parquet")))
        assert found["to_depth"].tolist() == [1.5]
    layers = pyogrio.list_layers(holes.export(tmp_path / "holes.gpkg"))
    assert {tuple(layer) for layer in layers} == {("collars", "Point"), ("intervals_geology", None)}


def test_meshes_and_documents_are_copied(tmp_path: Path) -> None:
    """A mesh goes out as the stored glTF, a document as its original or its text."""
    mesh = Mesh(np.eye(3), np.array([[0, 1, 2]]), np.array([0]), pd.DataFrame({"part_id": ["a"]}))
    staged = stage(mesh, "mesh", tmp_path / "m")
    assert staged.export(tmp_path / "o.glb").read_bytes() == staged.path.read_bytes()
    document = stage(Document("text", "application/pdf"), "document", tmp_path / "d")
    original = tmp_path / "original"
    original.write_bytes(b"%PDF")
    source = Asset(
        media_type="application/pdf", members=(Member(name="a.PDF", sha256="x", size=4),), roles=("source",)
    )
    both = Staged(
        "document",
        {**document.assets, "source": source},
        lambda member: original if member.sha256 == "x" else document.locate(member),
    )
    assert both.export(tmp_path / "o.pdf").read_bytes() == b"%PDF"
    assert both.export(tmp_path / "o.txt").read_text() == "text"
    with pytest.raises(InvalidError, match=r"it can be written as \.pdf, \.txt$"):
        both.export(tmp_path / "o.docx")


def test_documents_that_a_process_made_go_out_as_they_are(tmp_path: Path) -> None:
    """A picture, a report and a file of another type keep type, bytes and text, and have their own suffix."""
    for media_type, suffix in (
        ("image/png", ".png"),
        ("application/pdf", ".pdf"),
        ("application/x-other", ".bin"),
    ):
        made = Document("words", media_type, b"\x89PNG\x00bytes")
        staged = stage(made, "document", tmp_path / suffix)
        assert [member.name for member in staged.assets["data"].members] == [f"data{suffix}"]
        assert staged.assets["data"].media_type == media_type
        assert staged.read() == made
        assert staged.export(tmp_path / f"o{suffix}").read_bytes() == made.content
        assert staged.export(tmp_path / f"o{suffix}.txt").read_text() == "words"
        with pytest.raises(InvalidError, match=rf"it can be written as \{suffix}, \.txt$"):
            staged.export(tmp_path / "o.jpg")


def test_the_parts_of_a_mesh_go_to_csv(tmp_path: Path) -> None:
    """The attributes of the surfaces are a table of their own."""
    parts = pd.DataFrame({"part_id": ["a", "b"], "storeys": [3, 1]})
    mesh = Mesh(np.eye(3), np.array([[0, 1, 2]]), np.array([0]), parts)
    path = stage(mesh, "mesh", tmp_path / "m").export(tmp_path / "o.csv")
    assert path.read_text() == "part_id,storeys\na,3\nb,1\n"


def test_a_series_of_one_table_is_written_as_a_table(tmp_path: Path) -> None:
    """Without stations there are only values, which fit a CSV; with stations the refusal names what fits."""
    values = pd.DataFrame(
        {"station": ["a", "a"], "time": pd.to_datetime(["2020-01-01", "2020-01-02"]), "level": [1.5, 2.0]}
    )
    alone = stage(Series(values), "series", tmp_path / "a")
    text = alone.export(tmp_path / "a.csv").read_text()
    assert text == "station,time,level\na,2020-01-01,1.5\na,2020-01-02,2.0\n"
    assert pd.read_parquet(alone.export(tmp_path / "a.parquet"))["level"].tolist() == [1.5, 2.0]
    stations = gpd.GeoDataFrame({"station": ["a"]}, geometry=[shapely.Point(1, 2)], crs=4326)
    both = stage(Series(values, stations), "series", tmp_path / "b")
    with pytest.raises(InvalidError, match=r"hint: it is 2 tables; \.csv\.zip or a folder \(no suffix\)"):
        both.export(tmp_path / "b.csv")


def test_json_is_the_record_itself(tmp_path: Path) -> None:
    """The catalogue's record reads back equal, is not overwritten unasked, and yields to a JSON original."""
    with create_node(tmp_path / "node") as node:
        (tmp_path / "a.txt").write_text("plain words")
        (outcome,) = node.add(tmp_path / "a.txt")
        dataset = node[outcome.record]
        written = dataset.export(tmp_path / "o.json")
        assert msgspec.json.decode(written.read_bytes(), type=Record) == dataset.record
        with pytest.raises(InvalidError, match=r"o\.json exists"):
            dataset.export(written)
        assert dataset.export(written, overwrite=True) == written
        assert dataset.export(tmp_path / "o.txt").read_text() == "plain words"
    source = Asset(
        media_type="application/json",
        members=(Member(name="a.json", sha256="x", size=2),),
        roles=("source",),
    )
    assert suffixes("document", {"source": source}, lambda _member: tmp_path) == (".json",)


@pytest.mark.parametrize("name", ["o.xlsx", "o", "o.csv.gz"])
def test_other_formats_are_refused_with_a_list(table: Staged, tmp_path: Path, name: str) -> None:
    """The message names all suffixes a table can be written in."""
    with pytest.raises(
        InvalidError, match=r"it can be written as .parquet, .gpkg, .geojson, .shp, .csv, .omf,"
    ):
        table.export(tmp_path / name)


def test_nothing_is_overwritten_unless_allowed(table: Staged, tmp_path: Path) -> None:
    """A file that exists stays as it is; with leave it is replaced."""
    target = tmp_path / "o.csv"
    target.write_text("mine")
    with pytest.raises(InvalidError, match="exists"):
        table.export(target)
    assert target.read_text() == "mine"
    assert table.export(target, overwrite=True).read_text().startswith("sample,")


def test_a_companion_that_exists_is_not_overwritten_either(table: Staged, tmp_path: Path) -> None:
    """Writing a shapefile next to a foreign .dbf of its name leaves both as they were."""
    (tmp_path / "o.dbf").write_text("mine")
    with pytest.raises(InvalidError, match=r"o\.dbf exists"):
        table.export(tmp_path / "o.shp")
    assert not (tmp_path / "o.shp").exists()


def test_a_folder_with_other_files_is_never_replaced(holes: Staged, tmp_path: Path) -> None:
    """Leave to overwrite replaces an earlier export, but not a folder that holds something else."""
    target = tmp_path / "holes"
    holes.export(target)
    assert holes.export(target, overwrite=True) == target
    (target / "notes.txt").write_text("mine")
    with pytest.raises(InvalidError, match="more than an export"):
        holes.export(target, overwrite=True)
    assert (target / "notes.txt").read_text() == "mine"
    (tmp_path / "plain").write_text("mine")
    with pytest.raises(InvalidError, match="in the way"):
        holes.export(tmp_path / "plain", overwrite=True)


def test_a_failed_export_leaves_nothing_behind(
    table: Staged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk refuses, the error says so and the folder holds no half-written file."""

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(StorageError, match="No space left"):
        table.export(tmp_path / "new" / "o.csv")
    assert list((tmp_path / "new").iterdir()) == []
