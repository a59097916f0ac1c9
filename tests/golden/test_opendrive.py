"""OpenDRIVE: the open road networks, and reference lines whose end is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from scipy.special import fresnel
from tests.reading import DATA, read_source

from craton.ingest.opendrive_lines import Element, heights, reference_line
from craton.model.data import Draft
from craton.model.errors import RefusedError

ROADS = DATA / "urban" / "opendrive"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
LEVEL = np.empty((0, 5))


def only(path: Path) -> Draft:
    """The single draft of the file at `path`."""
    (draft,) = read_source(path)[1]
    return draft


def element(kind: str, length: float, **values: float) -> Element:
    """A piece that starts at the origin eastward."""
    return Element(kind, 0.0, 0.0, 0.0, 0.0, length, values)


def end(piece: Element) -> list[float]:
    """Last point of a reference line of one piece: easting and northing."""
    return reference_line([piece], LEVEL)[-1, :2].tolist()


def test_line_and_quarter_circle_end_where_they_must() -> None:
    """A line of 10 m ends at 10, 0; a quarter turn left of radius 10 at 10, 10, a right one at 10, −10."""
    assert end(element("line", 10)) == pytest.approx([10, 0])
    assert end(element("arc", 5 * np.pi, curvature=0.1)) == pytest.approx([10, 10])
    assert end(element("arc", 5 * np.pi, curvature=-0.1)) == pytest.approx([10, -10])


def test_clothoid_is_the_fresnel_spiral() -> None:
    """A spiral from a straight to curvature 0.1 over 40 m ends where the Fresnel integrals say."""
    scale = np.sqrt(np.pi * 40 / 0.1)
    sine, cosine = fresnel(40 / scale)
    assert end(element("spiral", 40, curvStart=0.0, curvEnd=0.1)) == pytest.approx(
        [scale * cosine, scale * sine], abs=1e-9
    )


def test_cubics() -> None:
    """A cubic offset and a parametric one end where their polynomials say."""
    assert end(element("poly3", 10, a=0, b=0, c=0.01, d=0.001)) == pytest.approx([10, 2])
    assert end(element("paramPoly3", 10, bU=9, cV=3, dV=1)) == pytest.approx([9, 4])


def test_pieces_join_and_rise() -> None:
    """Two pieces share their joint; heights follow the profile, 0 where there is none."""
    pieces = [element("line", 10), Element("line", 10.0, 10.0, 0.0, np.pi / 2, 10.0)]
    profile = np.array([[0.0, 100.0, 0.1, 0.0, 0.0], [10.0, 101.0, 0.0, 0.01, 0.0]])
    line = reference_line(pieces, profile)
    assert line[0].tolist() == [0, 0, 100]
    assert line[-1].tolist() == pytest.approx([10, 10, 102])
    assert shapely.LineString(line[:, :2]).length == pytest.approx(20)
    assert heights(LEVEL, np.array([5.0])).tolist() == [0]


def test_absurd_length_is_bounded() -> None:
    """A road said to be longer than the universe does not fill the memory."""
    assert len(reference_line([element("arc", 1e300, curvature=0.1)], LEVEL)) <= 20_000


@needs_data
@pytest.mark.parametrize(
    ("name", "roads", "length"),
    [("e6mini.xodr", 1, 1464.434), ("multi_intersections.xodr", 63, 3507.665), ("test.xodr", 234, 4996.811)],
)
def test_open_networks(name: str, roads: int, length: float) -> None:
    """Each road has a line as long as the file says it is."""
    table = only(ROADS / name).data
    assert len(table) == roads
    assert table["length"].sum() == pytest.approx(length, abs=1e-3)
    lengths = shapely.length(shapely.force_2d(table.geometry.to_numpy()))
    assert np.allclose(lengths, table["length"], rtol=5e-3)


@needs_data
def test_system_only_where_it_is_stated() -> None:
    """One network states a UTM system; one states none; one states one that cannot be understood."""
    assert "UTM zone 32N" in only(ROADS / "e6mini.xodr").crs
    found = {
        name: [f.code for f in only(ROADS / name).findings]
        for name in ("multi_intersections.xodr", "test.xodr")
    }
    assert found["multi_intersections.xodr"] == ["crs-missing"]
    assert found["test.xodr"] == ["format-recovered", "crs-unknown"]


def test_network_without_roads_is_refused(tmp_path: Path) -> None:
    """A header alone is no data."""
    path = tmp_path / "a.xodr"
    path.write_text("<OpenDRIVE><header/></OpenDRIVE>")
    with pytest.raises(RefusedError) as caught:
        read_source(path)
    assert caught.value.code == "no-data"


def test_cut_network_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """A file that ends within a road gives the roads before it, and says so."""
    geometry = '<planView><geometry s="0" x="0" y="0" hdg="0" length="7"><line/></geometry></planView>'
    path = tmp_path / "a.xodr"
    path.write_text(f'<OpenDRIVE><road id="1" length="7">{geometry}</road><road id="2" length="7"><planView>')
    draft = only(path)
    assert draft.data["road_id"].tolist() == ["1", "2"]
    assert [f.code for f in draft.findings] == ["geometry-unread", "format-recovered", "crs-missing"]
