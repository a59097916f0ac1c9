"""Drill holes, series and documents: members, names, round trips."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from tests.staging import hashes, stage

from craton.model.data import Boreholes, Document, Series
from craton.model.errors import InvalidError, NotFoundError
from craton.model.record import Asset, Member
from craton.store.codec import decode, encode
from craton.store.codec_asset import PARQUET, TEXT
from craton.store.codec_boreholes import safe_name


def holes() -> Boreholes:
    """Three holes, one without a place, with intervals and logs of awkward names."""
    return Boreholes(
        collars=gpd.GeoDataFrame(
            {"hole_id": ["c", "a", "b"], "elevation": [1.0, 2.0, np.nan], "total_depth": [30.0, 40.0, 50.0]},
            geometry=gpd.points_from_xy([5e5, 4e5, 0], [2e6, 2.1e6, 0]),
            crs="EPSG:32648",
        ).assign(geometry=lambda frame: frame.geometry.where(frame["hole_id"] != "b")),
        surveys=pd.DataFrame({"hole_id": ["a"], "depth": [0.0], "azimuth": [90.0], "inclination": [-60.0]}),
        intervals={
            "geology": pd.DataFrame(
                {"hole_id": ["a", "a"], "from_depth": [0.0, 5.0], "to_depth": [5.0, 9.0]}
            ),
            "Geology": pd.DataFrame(
                {"hole_id": ["c"], "from_depth": [0.0], "to_depth": [1.0], "rock": ["ຫີນ"]}
            ),
            "../assay/Cu": pd.DataFrame(
                {"hole_id": ["c"], "from_depth": [0.0], "to_depth": [1.0], "Cu": [2.5]}
            ),
        },
        curves={
            "ຄື້ນ": pd.DataFrame({"hole_id": ["a"] * 3, "depth": [0.0, 0.5, 1.0], "gamma": [1.0, None, 3.0]})
        },
    )


def test_drill_holes_come_back_as_they_were(tmp_path: Path) -> None:
    """Collars in their order with their places, surveys, and each table under its own name."""
    source = holes()
    found = stage(source, "boreholes", tmp_path / "s", "EPSG:32648").read()
    assert_geodataframe_equal(found.collars, source.collars)
    pd.testing.assert_frame_equal(found.surveys, source.surveys)
    assert set(found.intervals) == set(source.intervals)
    assert set(found.curves) == set(source.curves)
    for name, table in {**source.intervals, **source.curves}.items():
        pd.testing.assert_frame_equal({**found.intervals, **found.curves}[name], table)


def test_member_names_are_safe_on_any_system(tmp_path: Path) -> None:
    """Members are relative, without separators of their own, and differ even where case is ignored."""
    asset = stage(holes(), "boreholes", tmp_path / "s").assets["data"]
    names = [member.name for member in asset.members]
    assert asset.media_type == PARQUET
    assert {"collars.parquet", "surveys.parquet", "intervals/geology.parquet"} <= set(names)
    assert all(".." not in name and name.count("/") <= 1 for name in names)
    assert len({name.lower() for name in names}) == len(names) == 6


def test_holes_without_surveys_have_no_such_member(tmp_path: Path) -> None:
    """A table without columns is not stored and comes back empty; one without rows keeps its columns."""
    source = Boreholes(holes().collars, curves={"gamma": holes().curves["ຄື້ນ"].iloc[:0]})
    staged = stage(source, "boreholes", tmp_path / "s")
    assert [member.name for member in staged.assets["data"].members] == [
        "collars.parquet",
        "curves/gamma.parquet",
    ]
    found = staged.read()
    assert found.surveys.empty
    assert list(found.curves["gamma"].columns) == ["hole_id", "depth", "gamma"]


def test_collars_without_geometry(tmp_path: Path) -> None:
    """Collars with no geometry column at all are still a geographic frame."""
    collars = gpd.GeoDataFrame({"hole_id": ["a"], "elevation": [1.0], "total_depth": [2.0]})
    found = stage(Boreholes(collars), "boreholes", tmp_path / "s").read().collars
    assert isinstance(found, gpd.GeoDataFrame)
    assert found["hole_id"].tolist() == ["a"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [("geology", "geology"), ("au_ppm-2", "au_ppm-2"), ("ດິນ", "ດິນ")],
)
def test_plain_names_stay(name: str, safe: str) -> None:
    """Names that are safe everywhere stay readable as they are."""
    assert safe_name(name) == safe


def test_names_never_collide_or_grow_too_long() -> None:
    """Names that differ in case, punctuation or only at the end give different short names."""
    names = [
        "A",
        "a",
        "a b",
        "a/b",
        "a_b",
        "",
        ".",
        "..",
        "x" * 300,
        "x" * 300 + "y",
        "ກ" * 300,
        "con\0",
        "\ud800",
    ]
    safe = [safe_name(name).lower() for name in names]
    assert len(set(safe)) == len(names)
    assert all(0 < len(name.encode()) < 240 and "/" not in name and not name.startswith(".") for name in safe)


def test_the_same_holes_give_the_same_bytes(tmp_path: Path) -> None:
    """Encoding twice gives equal hashes of all members."""
    first, second = (hashes(stage(holes(), "boreholes", tmp_path / name).assets) for name in "12")
    assert first == second


def test_series_come_back_as_they_were(tmp_path: Path) -> None:
    """Values keep their order and times; stations their places, or are None where there are none."""
    times = pd.date_range("2020-01-01", periods=4, freq="h", tz="UTC")
    values = pd.DataFrame(
        {"station": ["b", "a", "b", "a"], "time": times[::-1], "level": [1.0, np.nan, 3.0, 4.0]}
    )
    stations = gpd.GeoDataFrame(
        {"station": ["a", "b"]}, geometry=gpd.points_from_xy([102, 103], [18, 19]), crs=4326
    )
    found = stage(Series(values, stations), "series", tmp_path / "1", "EPSG:4326").read()
    pd.testing.assert_frame_equal(found.values, values)
    assert_geodataframe_equal(found.stations, stations)
    assert stage(Series(values), "series", tmp_path / "2").read().stations is None


def test_documents_keep_their_text_and_type(tmp_path: Path) -> None:
    """Text is an asset of its own, byte for byte; the type is that of the original."""
    text = "ທໍລະນີ\r\nline\u2028two\n"
    staged = stage(Document(text, "application/pdf"), "document", tmp_path / "s")
    assert staged.assets["text"].media_type == TEXT
    assert "data" not in staged.assets
    original = Asset(
        media_type="application/pdf", members=(Member(name="a.pdf", sha256="0", size=1),), roles=("source",)
    )
    found = decode("document", {**staged.assets, "source": original}, staged.locate)
    assert found == Document(text, "application/pdf")


def test_documents_without_text_have_no_asset(tmp_path: Path) -> None:
    """Nothing is written for a picture; reading it gives its type, and nothing at all is an error."""
    assert encode(Document("", "image/png"), "document", tmp_path) == {}
    original = Asset(
        media_type="image/png", members=(Member(name="a.png", sha256="0", size=1),), roles=("source",)
    )
    assert decode("document", {"source": original}, lambda _member: tmp_path) == Document("", "image/png")
    with pytest.raises(NotFoundError):
        decode("document", {}, lambda _member: tmp_path)


def test_data_that_is_none_and_assets_that_are_missing(tmp_path: Path) -> None:
    """What is no labelled data is refused by name; a record without data says which assets it has."""
    with pytest.raises(InvalidError, match="list is no labelled data of kind 'table'"):
        encode([1], "table", tmp_path)
    with pytest.raises(NotFoundError, match="no asset 'data'; its assets: none"):
        decode("grid", {}, lambda _member: tmp_path)
