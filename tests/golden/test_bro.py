"""Messages of the Dutch subsurface registry: dispatch and registration, tests and bores."""

from __future__ import annotations

import numpy as np
import pytest
from tests.reading import DATA, read_source

from craton.model.errors import RefusedError

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
NATIONAL = DATA / "boreholes" / "nl_bro_gef"
UTRECHT = DATA / "boreholes" / "utrecht_science_park"

OBJECT = """<BHR_GT_O><broId>{name}</broId>
<deliveredLocation>
<location srsName="urn:ogc:def:crs:EPSG::{system}"><pos>{pos}</pos></location>
</deliveredLocation>
<deliveredVerticalPosition><offset uom="m">1.5</offset></deliveredVerticalPosition>
<layer>
<upperBoundary uom="m">0</upperBoundary><lowerBoundary uom="m">1</lowerBoundary><name>zand</name>
</layer>
</BHR_GT_O>"""
MESSAGE = '<?xml version="1.0"?>{doctype}<r xmlns="http://www.broservices.nl/xsd/dsbhr-gt/2.1">{body}</r>'


@needs_data
@pytest.mark.parametrize(
    ("path", "hole", "place", "level", "depth", "layers"),
    [
        (NATIONAL / "BHR000000336600.xml", "BHR000000336600", (132781.327, 448031.1), 0.09, 7.0, 9),
        (NATIONAL / "DP14+074_MB_KR.xml", "B083", (158322.139, 444864.706), 10.773, 12.0, 13),
        (UTRECHT / "bhrg_bro.xml", "BHR000000396406", (126149.0, 452162.0), 0.69, 3.0, 5),
    ],
)
def test_bores(path, hole, place, level, depth, layers):
    """Dispatched and registered bores give their place in the Dutch grid and all their layers."""
    reader, (draft,) = read_source(path)
    collar, table = draft.data.collars.iloc[0], draft.data.intervals["lithology"]
    assert (reader, draft.crs) == ("bro", "EPSG:28992")
    assert (collar["hole_id"], collar["elevation"], collar["total_depth"]) == (hole, level, depth)
    assert (collar.geometry.x, collar.geometry.y) == place
    assert len(table) == layers
    assert table["to_depth"].max() == depth
    assert not {f.code for f in draft.findings} & {"interval-gap", "interval-overlap", "hole-without-collar"}


@needs_data
def test_words_of_a_layer():
    """Coded words stay codes, and what a layer lacks is empty."""
    _, (draft,) = read_source(NATIONAL / "BHR000000336600.xml")
    first, second = (draft.data.intervals["lithology"].iloc[n] for n in (0, 1))
    assert first["geotechnical_soil_name"] == "sterkZandigeKleiMetGrind"
    assert second["sand_median_class"] == "middelgrof300tot420um"
    assert isinstance(first["sand_median_class"], float)
    assert np.isnan(first["sand_median_class"])
    assert draft.notes["bored_interval.bored_diameter"].unit == "mm"


@needs_data
def test_cone_penetration_test():
    """373 records of which the void number is empty; the depth is the corrected one."""
    _, (draft,) = read_source(NATIONAL / "example.xml")
    table = draft.data.curves["cpt"]
    row = table.iloc[2]
    assert len(table) == 373
    assert (row["depth"], row["penetration_length"], row["cone_resistance"]) == (0.039, 0.04, 4.29)
    assert "temperature" not in table
    assert np.isnan(table.loc[0, "cone_resistance"])
    assert draft.data.collars.loc[0, "total_depth"] == 7.439
    assert draft.notes["cpt.cone_resistance"].unit == "MPa"


def _write(path, *bodies: str, doctype: str = ""):
    path.write_text(MESSAGE.format(doctype=doctype, body="".join(bodies)))
    return path


def test_many_objects_in_one_message(tmp_path):
    """Objects of one message are holes of one dataset; latitude first is turned, a name twice is told."""
    bodies = [OBJECT.format(name=n, system=4258, pos="52.1 5.2") for n in ("A", "B", "A")]
    _, (draft,) = read_source(_write(tmp_path / "a.xml", *bodies))
    data = draft.data
    assert draft.crs == "EPSG:4258"
    assert list(data.collars["hole_id"]) == ["A", "B", "A#2"]
    assert (data.collars.geometry[0].x, data.collars.geometry[0].y) == (5.2, 52.1)
    assert list(data.intervals["lithology"]["hole_id"]) == ["A", "B", "A#2"]


def test_entities_are_not_expanded(tmp_path):
    """A bomb of nested entities and a file drawn in from outside stay what they are."""
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    doctype = f'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file://{secret}">]>'
    body = OBJECT.format(name="&x;&b;N", system=28992, pos="100000 400000")
    _, (draft,) = read_source(_write(tmp_path / "a.xml", body, doctype=doctype))
    assert "SECRET" not in str(draft.data.collars["hole_id"][0])
    assert "aaaa" not in str(draft.data.collars["hole_id"][0])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (MESSAGE.format(doctype="", body="<open>"), "corrupt"),
        (MESSAGE.format(doctype="", body="<summary/>"), "no-data"),
        (MESSAGE.format(doctype="", body="<a>" * 400 + "</a>" * 400), "corrupt"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, text, code):
    """Broken, empty and absurdly nested messages end in a refusal."""
    path = tmp_path / "a.xml"
    path.write_text(text)
    with pytest.raises(RefusedError) as error:
        read_source(path)
    assert error.value.code == code
