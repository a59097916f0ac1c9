"""Plans: which files belong together, as a data manager would say."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
import xarray as xr

from craton.jobs.plan import plan

CC0 = "CC0 1.0 Universal\n\nCreative Commons Legal Code\nStatement of Purpose\n"


@pytest.fixture
def folder(tmp_path):
    """A folder with a shapefile set, a Zarr store, an archive, a statement and plain files."""
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(102, 18)], crs="EPSG:4326")
    frame.to_file(tmp_path / "wells.shp")
    xr.Dataset({"v": ("x", [1.0, 2.0])}).to_zarr(tmp_path / "cube.zarr", consolidated=False)
    (tmp_path / "points.csv").write_text("lon,lat\n102,18\n")
    (tmp_path / "points.csv.meta.toml").write_text('title.en = "Points"\n')
    (tmp_path / "notes.txt").write_text("Field notes of the first week.\n")
    return tmp_path


def groups(*paths, skip=()):
    return {Path(g.main).name: g for g in plan([str(p) for p in paths], [str(p) for p in skip])}


def test_companions_are_part_of_their_main_file(folder):
    """Every file is in exactly one group; the shapefile set, the store and the statement stay together."""
    found = groups(folder)
    assert set(found) == {"wells.shp", "cube.zarr", "points.csv", "notes.txt"}
    assert {Path(f).suffix for f in found["wells.shp"].files} == {".shp", ".shx", ".dbf", ".prj", ".cpg"}
    assert [Path(f).name for f in found["points.csv"].files] == ["points.csv", "points.csv.meta.toml"]
    everything = sorted(str(p) for p in folder.rglob("*") if p.is_file())
    assert sorted(f for g in found.values() for f in g.shown_files) == everything


def test_a_file_given_alone_takes_its_companions_along(folder):
    """Adding only the .shp stages the .dbf beside it too, and nothing else of the folder."""
    found = groups(folder / "wells.shp")
    assert set(found) == {"wells.shp"}
    assert len(found["wells.shp"].files) == 5


def test_files_given_one_by_one_are_grouped_as_in_their_folder(folder):
    """A shell's * gives the same groups as the folder itself, whatever the order."""
    given = sorted((p for p in folder.iterdir() if p.is_file()), reverse=True)
    assert set(groups(*given)) == {"wells.shp", "points.csv", "notes.txt"}


def test_a_path_given_twice_is_planned_once(folder):
    """Different spellings of the same path count once."""
    assert len(groups(folder, folder / "points.csv", folder / "." / "points.csv")) == 4
    assert len(list(plan([str(folder), str(folder / ".." / folder.name)], []))) == 4


def test_version_control_and_skipped_folders_are_left_out(folder):
    """Neither .git nor the node itself is planned."""
    for name in (".git", "node"):
        (folder / name).mkdir()
        (folder / name / "inside.csv").write_text("a\n1\n")
    assert "inside.csv" not in groups(folder, skip=[folder / "node"])


def test_links_are_followed_only_within_the_folder(folder, tmp_path_factory):
    """A link inside is an ordinary file; a link that leads out, and one in a circle, are refused."""
    outside = tmp_path_factory.mktemp("outside") / "secret.csv"
    outside.write_text("a\n1\n")
    (folder / "out.csv").symlink_to(outside)
    (folder / "in.csv").symlink_to(folder / "points.csv")
    (folder / "circle.csv").symlink_to(folder / "circle.csv")
    found = groups(folder)
    assert {name: found[name].refused for name in ("out.csv", "in.csv", "circle.csv")} == {
        "out.csv": "outside-folder",
        "in.csv": "",
        "circle.csv": "unreadable",
    }


def test_the_one_licence_file_above_counts(folder):
    """Licences are taken from the nearest folder that states one, not beyond what was added."""
    below = folder / "below"
    below.mkdir()
    (below / "a.csv").write_text("lon,lat\n1,2\n")
    (folder / "LICENSE.txt").write_text(CC0)
    assert groups(folder)["a.csv"].licences == ("CC0-1.0",)
    assert groups(below)["a.csv"].licences == ()
