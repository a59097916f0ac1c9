"""What `craton pack` and `--set name=@file` make of files as people save them."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner

from craton.cli import pack_commands
from craton.cli.pack_commands import check_pack
from craton.cli.runs import settings
from craton.model.errors import InvalidError
from craton.model.pack_text import read_table
from craton.process.apps import pack_text

OURS = Path(str(files("craton.apps") / "saline_land"))


@pytest.fixture
def folder(tmp_path):
    """A pack of ours in a folder that may be changed."""
    shutil.copytree(OURS, tmp_path / "pack", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "pack"


def run(command, *arguments):
    """What a command says; what it refuses is raised."""
    return CliRunner().invoke(
        command, [str(one) for one in arguments], catch_exceptions=False, standalone_mode=False
    )


def test_a_mark_of_byte_order_and_ends_of_lines_do_not_matter(folder):
    """Editors of Windows write both."""
    file = folder / "pack.toml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert pack_text(folder) == pack_text(OURS)
    assert "sound" in run(check_pack, folder).output


@pytest.mark.parametrize("code", ["latin-1", "gb18030", "utf-16"])
def test_another_encoding_is_refused_with_its_line(tmp_path, code):
    """The file and the line are told, and what to do; from both doors."""
    file = tmp_path / "over.toml"
    file.write_bytes("a = 1\n# é\n".encode(code))
    line = 1 if code == "utf-16" else 2
    for ask in (
        lambda: run(check_pack, OURS, "--overlay", file),
        lambda: settings([f"pack=@{file}"], "--set"),
    ):
        with pytest.raises(InvalidError, match=rf"over.toml: line {line} is not in UTF-8") as caught:
            ask()
        assert "UTF-8" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": "a", "id": "b"}', "'id' is told twice"), ("id = 1\nid = 2\n", "line 2"), ('{"a": NaN}', "NaN is no number"),
        ("a." * 200 + "b = 1", "nested too deeply"), ('{"a":' * 50_000, "nested too deeply"), ("n = " + "9" * 5000, "digits"),
    ],
)  # fmt: skip
def test_texts_that_say_something_else_than_they_seem_are_refused(text, said):
    """Keys that are told twice, no numbers, endless nesting."""
    with pytest.raises(InvalidError, match=said):
        read_table(text, "pack")


def test_all_faults_of_the_form_are_told_with_their_place(tmp_path):
    """Not the first one only."""
    over = tmp_path / "over.toml"
    over.write_text('foo = 1\n[attributes.ece]\nunitt = "dS/m"\n', encoding="utf-8")
    said = run(check_pack, OURS, "--overlay", over).output
    assert "foo: there is no key 'foo'" in said
    assert "attributes.ece.unitt: there is no key 'unitt'" in said
    with pytest.raises(InvalidError, match=r"and 1 more"):
        run(pack_commands.test_pack, OURS, "--overlay", over)


def test_a_pack_is_tested_by_what_it_brings(folder):
    """Without worked examples its made data is, and that is told; without both nothing can be."""
    (folder / "oracles.toml").unlink()
    told = run(pack_commands.test_pack, folder).output
    assert "9 of 9 passed" in told
    assert "not tested: the pack has no worked examples" in told
    (folder / "synthetic.toml").unlink()
    with pytest.raises(InvalidError, match="nothing to test"):
        run(pack_commands.test_pack, folder)
