"""From a folder to a catalogue, through the command a person types."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

import craton

SAMPLE = Path(__file__).resolve().parents[2] / "demo" / "sample"
CRATON = Path(sys.executable).with_name("craton")


def run(*arguments, **options):
    """Run the command; standard output as JSON lines where it is JSON."""
    done = subprocess.run(
        [CRATON, *map(str, arguments)], capture_output=True, text=True, timeout=240, **options
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return done.returncode, lines, done


@pytest.fixture
def survey(tmp_path):
    """A copy of the sample that a test may change."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "survey"))


@pytest.fixture
def node(tmp_path):
    """An empty node."""
    return empty(tmp_path / "node")


def empty(folder):
    """A new node in `folder`."""
    craton.create(folder).close()
    return folder


def is_whole(folder):
    """Whether the node has no problem, every byte of it read."""
    with craton.open(folder) as opened:
        return opened.check() == []


class Undisturbed(NamedTuple):
    """A folder added in peace: what the catalogue then says, and how long it took."""

    survey: Path
    snapshot: dict
    seconds: float


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    survey, quiet = Path(shutil.copytree(SAMPLE, folder / "survey")), empty(folder / "node")
    start = time.monotonic()
    assert run("add", quiet, survey)[0] == 0
    return Undisturbed(survey, snapshot(quiet), time.monotonic() - start)


def snapshot(folder):
    """What a catalogue says, without the times at which it was said."""
    with craton.open(folder) as node:
        return {
            r.id: (r.version, r.content, r.bbox, r.shape, r.title, r.crs, [f.code for f in r.findings])
            for r in node.find()
        }


def test_every_file_of_a_folder_gets_an_outcome_and_adding_again_changes_nothing(survey, tmp_path):
    """One line a file; the second run says unchanged for each and moves no change number."""
    node = tmp_path / "node"
    assert run("init", node)[0] == 0
    files = sorted(str(p) for p in survey.rglob("*") if p.is_file())
    status, lines, done = run("add", node, survey, "--json")
    assert status == 0, done.stderr
    assert sorted(line["path"] for line in lines) == files
    assert {line["outcome"] for line in lines} == {"added", "part_of", "document"}
    with craton.open(node) as opened:
        before = opened.store.sequence()
    status, lines, _done = run("add", node, survey, "--json")
    assert status == 0
    assert {line["outcome"] for line in lines} == {"unchanged", "part_of"}
    with craton.open(node) as opened:
        assert opened.store.sequence() == before
    assert run("check", node)[0] == 0


def test_a_changed_file_becomes_a_new_version_and_the_old_one_stays_readable(survey, node):
    """Rows added to a table give version 2; version 1 still reads with its own rows."""
    table = survey / "geography" / "places.csv"
    _status, lines, _done = run("add", node, table, "--json")
    id = lines[0]["record"]
    rows = table.read_text(encoding="utf-8")
    table.write_text(rows + "Ban Nong,Ban Nong,,LA,102.5,18.5,100,9\n", encoding="utf-8")
    _status, lines, _done = run("add", node, table, "--json")
    assert (lines[0]["outcome"], lines[0]["record"]) == ("updated", id)
    with craton.open(node) as opened:
        assert (len(opened[id].read()), len(opened[f"{id}@1"].read())) == (71, 70)
        assert [r.version for r in opened[id].versions()] == [2, 1]
    assert is_whole(node)


def test_refused_files_have_a_code_and_a_sentence_and_the_batch_goes_on(tmp_path, node):
    """One bad file does not stop the others; the exit status tells."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "empty.csv").write_bytes(b"")
    (folder / "broken.tif").write_bytes(b"II*\x00" + bytes(range(200)))
    (folder / "good.csv").write_text("lon,lat,au_ppm\n102.1,18.2,0.4\n102.2,18.3,1.5\n")
    (folder / "link.csv").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe.csv")
    status, lines, _done = run("add", node, folder, "--json")
    by_name = {Path(line["path"]).name: line for line in lines}
    assert status == 1
    assert by_name["good.csv"]["outcome"] == "added"
    for name, code in [("empty.csv", "empty"), ("link.csv", "outside-folder"), ("pipe.csv", "unreadable")]:
        assert (by_name[name]["outcome"], by_name[name]["code"]) == ("refused", code)
        assert name in by_name[name]["message"]
    assert by_name["broken.tif"]["code"] in {"corrupt", "truncated"}
    assert is_whole(node)


def test_kill_at_any_moment_then_again_gives_the_undisturbed_catalogue(undisturbed, node):
    """Kill -9 at spread moments, then the same command: same catalogue as a quiet run, nothing left over."""
    for share in (0.15, 0.4, 0.55, 0.65, 0.75, 0.85, 0.95):
        process = subprocess.Popen(
            [CRATON, "add", node, undisturbed.survey], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(undisturbed.seconds * share)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with craton.open(node) as opened:
            for record in opened.find():
                opened[record.id].read()
    assert run("add", node, undisturbed.survey)[0] == 0
    assert snapshot(node) == undisturbed.snapshot
    status, _lines, done = run("check", node)
    assert status == 0, done.stdout


def test_two_adds_at_once_give_one_whole_catalogue(undisturbed, node):
    """Two processes add the same folder at the same time; the result equals that of one."""
    command = [CRATON, "add", node, undisturbed.survey]
    both = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        _out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
    assert snapshot(node) == undisturbed.snapshot
    assert is_whole(node)


def test_ls_show_export_rm_do_what_they_say(sample_node, tmp_path):
    """A dataset is found by a Lao word, shown, exported to three formats, deleted, and leaves a tombstone."""
    node = shutil.copytree(sample_node, tmp_path / "node")
    _status, found, _done = run("ls", node, "--text", "ແຜ່ນດິນໄຫວ", "--json")
    assert [r["title"]["en"] for r in found] == ["Earthquakes of the upper Mekong"]
    id = found[0]["id"]
    assert run("show", node, id, "--json")[1][0]["shape"] == {"row": 71}
    for suffix in (".csv", ".gpkg", ".geojson"):
        assert run("export", node, id, tmp_path / f"out{suffix}")[0] == 0
        assert (tmp_path / f"out{suffix}").stat().st_size > 1000
    status, _lines, done = run("export", node, id, tmp_path / "out.csv")
    assert status == 2
    assert "exists" in done.stderr
    assert run("rm", node, id, "--reason", "test")[0] == 0
    assert run("show", node, id)[0] == 2
    with craton.open(node) as opened:
        assert [c.id for c in opened.store.changes() if hasattr(c, "deleted")] == [id]
    assert is_whole(node)


def test_find_by_place_time_kind_and_quantity(sample_node):
    """Each filter alone picks what it should, and together they intersect."""
    with craton.open(sample_node) as opened:
        titles = lambda **query: {r.name("en") for r in opened.find(**query)}  # noqa: E731
        assert "Gravity disturbance at 10 km height" in titles(quantity="gravity_disturbance")
        assert titles(kind="grid") == {
            "Gravity disturbance at 10 km height", "Geoid height EGM96", "Relief of the upper Mekong",
        }  # fmt: skip
        assert not titles(bbox=(0, 0, 1, 1))
        assert "Earthquakes of the upper Mekong" in titles(time=("2025-03-28", "2025-03-30"))
        assert titles(text="landslides", bbox=(97, 16, 106, 26)) == {
            "Catalogued landslides of the upper Mekong"
        }


def test_statements_are_remembered_per_source(tmp_path, node):
    """A --crs given once still holds when the folder is added again without it."""
    path = tmp_path / "holes.csv"
    path.write_text("hole,easting,northing,cu_ppm\nA1,250000,2000000,120\nA2,250100,2000050,80\n")
    _status, lines, _done = run("add", node, path, "--crs", "EPSG:32648", "--json")
    _status, again, _done = run("add", node, path, "--json")
    assert again[0]["outcome"] == "unchanged"
    record = run("show", node, lines[0]["record"], "--json")[1][0]
    assert record["crs"] == "EPSG:32648"
    assert record["bbox"][0] == pytest.approx(102.64, abs=0.05)


def test_an_unknown_node_and_an_unknown_id_are_explained(tmp_path, node):
    """Errors say what is wrong and what to do, on standard error, with status 2."""
    for arguments in (
        ["ls", tmp_path / "nowhere"],
        ["show", node, "nothing-00000000"],
        ["add", node, tmp_path / "no"],
    ):
        status, _lines, done = run(*arguments)
        assert (status, done.stdout) == (2, "")
        assert done.stderr.startswith("error: ")


def test_names_that_are_not_text_or_are_code_do_no_harm(tmp_path, node):
    """File names with SQL, formulas, control characters, bytes that are not UTF-8, and other scripts."""
    folder = tmp_path / "names"
    folder.mkdir()
    names = [
        "'; DROP TABLE records;--.csv",
        "=cmd|' C calc'!A0.csv",
        "a\nb.csv",
        "地震目录.csv",
        "ແຮ່ ທາດ.csv",
        "$(reboot).csv",
    ]
    for name in names:
        (folder / name).write_text("lon,lat,v\n102,18,1\n")
    (Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff\xfe.csv"))).write_text("lon,lat,v\n102,18,1\n")
    status, lines, done = run("add", node, folder, "--json")
    assert status == 1, done.stderr
    assert [line["code"] for line in lines if line["outcome"] == "refused"] == ["name-not-text"]
    assert len({line["record"] for line in lines if line["record"]}) == len(names)
    assert len(run("ls", node, "--json")[1]) == len(names)
    assert is_whole(node)


def test_code_lying_in_the_data_is_never_run(tmp_path, node):
    """Python files named like libraries, in the folder the command is run from, are documents."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("msgspec", "numpy", "pandas"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')\n")
    status, lines, done = run("add", node, ".", "--json", cwd=folder)
    assert status == 0, done.stderr
    assert {line["outcome"] for line in lines} == {"document"}
    assert not (tmp_path / "run").exists()


def test_long_requests_and_long_replies_do_not_wait_for_each_other(tmp_path, node):
    """Texts and member lists longer than a pipe holds, at the same time, come through."""
    folder = tmp_path / "long"
    (folder / "cube.zarr").mkdir(parents=True)
    for number in range(3):
        (folder / f"a{number}.txt").write_text("weathered granite with quartz veins\n" * 20_000)
    (folder / "cube.zarr" / "zarr.json").write_text("{}")
    for number in range(1500):
        (folder / "cube.zarr" / f"chunk-with-a-rather-long-name-{number:05d}").write_bytes(b"x")
    status, lines, _done = run("add", node, folder, "--json")
    assert status == 1
    assert len(lines) >= 1504
    assert sum(line["outcome"] == "document" for line in lines) == 3


def test_what_was_deleted_or_lost_comes_back_when_added_again(survey, node):
    """After `rm`, and after an object file has gone, the same add brings the dataset back whole."""
    table = survey / "geography" / "places.csv"
    _status, lines, _done = run("add", node, table, "--json")
    id = lines[0]["record"]
    run("rm", node, id)
    assert run("add", node, table, "--json")[1][0]["outcome"] == "added"
    with craton.open(node) as opened:
        [member] = opened[id].record.assets["data"].members
        opened.store.objects.path(member.sha256).unlink()
    assert run("check", node)[0] == 1
    run("add", node, table)
    assert run("check", node)[0] == 0


def test_one_bad_member_does_not_cost_the_archive(tmp_path, node):
    """The good tables of a zip are added; the finding says what was not."""
    path = tmp_path / "sheets.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "lon,lat,au_ppm\n102,18,1\n")
        archive.writestr("b.csv", "lon,lat,au_ppm\n103,19,2\n")
        archive.writestr("a.csv.meta.toml", 'title.lo = "ຄຳ"\n')
        archive.writestr("bad.tif", b"II*\0" + bytes(100))
        archive.writestr(".", b"")
    status, [line], done = run("add", node, path, "--json")
    assert status == 0, done.stderr
    assert len(line["records"]) == 2
    assert line["findings"]["member-unread"] == 2
    assert len(run("ls", node, "--text", "ຄຳ", "--json")[1]) == 1


def test_links_to_folders_and_nodes_within_the_folder_are_not_followed(tmp_path, node):
    """A linked folder is refused by name; another node's inside is left alone."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.csv").write_text("lon,lat\n102,18\n")
    (folder / "away").symlink_to("/etc")
    (folder / "round").symlink_to(folder)
    empty(folder / "inner")
    status, lines, _done = run("add", node, folder, "--json")
    assert status == 1
    found = {Path(line["path"]).name: line["code"] or line["outcome"] for line in lines}
    assert found == {"a.csv": "added", "away": "outside-folder", "round": "unreadable"}


def test_the_node_s_licence_is_that_of_data_that_states_none(tmp_path, node):
    """A licence beside a file stands; the setting is for the others; --licence is for all."""
    rows = "longitude,latitude\n101,18\n"
    for name in ("plain.csv", "stated.csv"):
        (tmp_path / name).write_text(rows)
    (tmp_path / "stated.csv.meta.toml").write_text('licence = "ODbL-1.0"\n')
    settings = node / "craton.toml"
    settings.write_text(settings.read_text().replace("[node]", '[node]\nlicence = "CC-BY-4.0"', 1))

    def licences(*more):
        assert run("add", node, tmp_path / "plain.csv", tmp_path / "stated.csv", *more)[0] == 0
        with craton.open(node) as opened:
            return {Path(r.lineage.files[0].path).name: r.licence for r in opened.find()}

    assert licences() == {"plain.csv": "CC-BY-4.0", "stated.csv": "ODbL-1.0"}
    assert set(licences("--licence", "CC0-1.0").values()) == {"CC0-1.0"}
