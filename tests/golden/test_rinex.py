"""Satellite positioning files: place, time and header of the open ones; refusals of the broken ones."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from tests.reading import DATA, read_source

from craton.model.data import Document, Draft
from craton.model.errors import RefusedError

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

GOOD, BAD = DATA / "urban/rinex", DATA / "bad_input/rinex_bad"


class Known(NamedTuple):
    """Content, version, first and last moment in UTC, longitude and latitude of the station."""

    content: str
    version: float | str
    start: str
    end: str
    place: tuple[float, float] | None = None


KNOWN = {
    "14601736.18n": Known("navigation messages", 2.11, "2018-06-22T07:59:42Z", "2018-06-22T07:59:42Z"),
    "14601736.18o": Known(
        "observations", 2.11, "2018-06-22T06:17:12Z", "2018-06-22T06:17:42Z", (151.129946, -33.784272)
    ),
    "CEDA00USA_R_20182100000_23H_15S_MO.rnx.gz": Known(
        "observations", 3.03, "2018-07-28T23:59:57Z", "2018-07-29T23:59:27Z", (-112.860458, 40.680722)
    ),
    "ab422100.18n": Known("navigation messages", 2.11, "2018-07-29T01:59:26Z", "2018-07-29T23:59:42Z"),
    "brdc2800.15n": Known("navigation messages", 2.0, "2015-10-06T23:59:43Z", "2015-10-07T23:59:27Z"),
    "demo.10n": Known("navigation messages", 2.11, "1999-09-02T18:59:47Z", "1999-09-02T18:59:47Z"),
    "demo.10o": Known(
        "observations", 2.11, "2010-03-04T23:59:45Z", "2010-03-05T23:59:15Z", (2.111999, 41.388710)
    ),
    "demo3.10o": Known(
        "observations", 3.01, "2010-03-04T23:59:45Z", "2010-03-05T23:59:15Z", (2.111999, 41.388710)
    ),
    "demo_nav3.17n": Known("navigation messages", 3.02, "2017-11-16T23:59:42Z", "2017-11-17T03:59:42Z"),
    "igs19362.sp3c": Known("orbits", "c", "2017-02-13T23:59:42Z", "2017-02-14T23:44:42Z"),
    "york0440.15d": Known("observations", 2.11, "2015-02-12T23:59:44Z", "", (-76.740149, 39.987021)),
}


def read(path) -> Draft:
    """Draft of the file at `path`."""
    reader, (draft,) = read_source(path)
    assert reader == "rinex"
    assert isinstance(draft.data, Document)
    return draft


@needs_data
@pytest.mark.parametrize("name", KNOWN)
def test_open_files(name):
    """Each file is a document with its header as text, its time in UTC and its station's place, if any."""
    known, draft = KNOWN[name], read(GOOD / name)
    assert (draft.properties["content"], draft.properties["version"]) == (known.content, known.version)
    assert draft.time is not None
    assert (draft.time.start, draft.time.end) == (known.start, known.end)
    if known.place is None:
        assert draft.geographic_bounds is None
    else:
        assert draft.geographic_bounds == pytest.approx((*known.place, *known.place), abs=1e-6)
    assert draft.data.text
    assert draft.findings == []


@needs_data
def test_properties():
    """Station, receiver, antenna and observations are told from the header."""
    properties = read(GOOD / "york0440.15d").properties
    assert properties["format"] == "Compact RINEX"
    assert (properties["marker"], properties["receiver"]) == (
        "YORK",
        "0220247558 TRIMBLE 5700 NP 1.00 / SP 1.22",
    )
    assert properties["observation_types"] == [
        "L1",
        "L2",
        "L5",
        "C1",
        "P1",
        "C2",
        "P2",
        "C5",
        "S1",
        "S2",
        "S5",
    ]
    assert properties["approximate_position"]["height_m"] == pytest.approx(99.616, abs=1e-3)
    modern = read(BAD / "junk_time_obs3.10o").properties["observation_types"]
    assert (len(modern), modern[0], modern[-1]) == (7 + 3 + 3, "G L1C", "S S1C")


@needs_data
@pytest.mark.parametrize("name", ["blank.10o", "blank3.10n"])
def test_blank(name):
    """A header without a single epoch is refused as holding no data."""
    with pytest.raises(RefusedError) as refused:
        read(BAD / name)
    assert refused.value.code == "no-data"


@needs_data
def test_bad_times():
    """Times that break the format are counted, and the readable ones used."""
    bad = read(BAD / "badtime.10o")
    assert [f.code for f in bad.findings] == ["date-unread"]
    assert bad.time is not None
    assert bad.time.start == "2010-03-05T00:00:45Z"
    junk = read(BAD / "junk_time_obs3.10o")
    assert [(f.code, f.count) for f in junk.findings] == [("date-unread", 1)]
    assert junk.time is not None
    assert junk.time.end == "2010-03-05T00:01:15Z"


@needs_data
def test_cut_files(tmp_path):
    """A header that does not end is refused; an orbit file without its end mark is doubted."""
    cut = tmp_path / "cut.10o"
    cut.write_bytes((GOOD / "demo.10o").read_bytes()[:1000])
    with pytest.raises(RefusedError) as refused:
        read(cut)
    assert refused.value.code == "corrupt"
    orbit = tmp_path / "cut.sp3"
    orbit.write_bytes((GOOD / "igs19362.sp3c").read_bytes()[:50_000])
    assert [f.code for f in read(orbit).findings] == ["truncated"]


@needs_data
def test_position_off_the_earth(tmp_path):
    """A station in the air is not placed on the map."""
    path = tmp_path / "space.10o"
    path.write_text((GOOD / "demo.10o").read_text().replace("4789028.4701", "9789028.4701"))
    draft = read(path)
    assert draft.geographic_bounds is None
    assert [f.code for f in draft.findings] == ["coordinate-out-of-range"]
