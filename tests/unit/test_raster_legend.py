"""Legends in the file formats that stand beside rasters."""

from __future__ import annotations

import pytest

from craton.ingest.raster_legend import read_legend

RED_WATER = [{"value": 1.0, "label": "Water", "color": "#ff0000"}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "value,name,color,share\n1,Water,#FF0000,2.5\n"),
        ("b.csv", "code;label;rgb\n1;Water;255 0 0\n"),
        ("a.clr", "1 255 0 0 Water\n"),
        ("b.clr", "# QGIS Generated Color Map Export File\nINTERPOLATION:EXACT\n1,255,0,0,255,Water\n"),
        ("a.qml", '<qgis><paletteEntry value="1" color="#ff0000" alpha="255" label="Water"/></qgis>'),
        ("a.json", '{"classes": [{"value": 1, "name": "Water", "color": "#ff0000"}]}'),
        ("b.json", '[{"Value": 1, "Label": "Water", "Color": "255,0,0"}]'),
    ],
)
def test_legend_is_read(name, content, tmp_path):
    """One class of the value 1, water, in red, is read from every format."""
    path = tmp_path / name
    path.write_text(content)
    assert read_legend(path) == RED_WATER


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "hole,from,to\nA1,0,5\n"),
        ("a.csv", "value,name\n1,Water\n1,Land\n"),
        ("a.csv", "value,name\nblue,Water\n"),
        ("a.json", "[" * 100_000),
        ("a.qml", "<qgis>"),
        ("a.xlsx", "value,name\n1,Water\n"),
    ],
    ids=["other table", "value twice", "value is text", "deep", "broken", "other format"],
)
def test_what_is_no_legend_gives_no_classes(name, content, tmp_path):
    """Other tables, doubtful ones and broken files give no legend."""
    path = tmp_path / name
    path.write_text(content)
    assert read_legend(path) == []


def test_entities_of_a_style_are_not_followed(tmp_path):
    """A QGIS style cannot make the reader open another file."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    path = tmp_path / "a.qml"
    head = f'<!DOCTYPE q [<!ENTITY s SYSTEM "{secret}">]>'
    path.write_text(f'{head}<q><paletteEntry value="1" color="#ff0000" label="a"/><x>&s;</x></q>')
    assert "secret" not in str(read_legend(path))
