"""What holds for every surveyed hole."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from craton.model.desurvey import offsets_at, station_offsets

lengths = st.floats(0.5, 200)
azimuths = st.floats(0, 360)
inclinations = st.floats(-90, -20)
stations = st.lists(st.tuples(lengths, azimuths, inclinations), min_size=1, max_size=8)


def _survey(rows: list[tuple[float, float, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    length, azimuth, inclination = (np.array(part) for part in zip(*rows, strict=True))
    return np.zeros(length.size, dtype=int), np.cumsum(length), azimuth, inclination


@settings(max_examples=80, deadline=None)
@given(stations)
def test_arc_length_is_preserved(rows):
    """The path through finely spaced depths is as long as the hole."""
    survey = _survey(rows)
    at = np.linspace(0, survey[1][-1] + 30, 4001)
    place = np.column_stack(offsets_at(*survey, at_hole=np.zeros(at.size), at_depth=at))
    length = np.linalg.norm(np.diff(place, axis=0), axis=1).sum()
    assert abs(length - at[-1]) < 1e-4 * at[-1]


@settings(max_examples=80, deadline=None)
@given(stations, st.floats(0, 1))
def test_chord_is_never_longer_than_the_hole(rows, fraction):
    """No depth lies farther from the collar than the way to it along the hole."""
    survey = _survey(rows)
    at = fraction * survey[1][-1]
    place = np.array([part[0] for part in offsets_at(*survey, at_hole=[0], at_depth=[at])])
    assert np.linalg.norm(place) <= at + 1e-9


@settings(max_examples=80, deadline=None)
@given(stations, azimuths)
def test_turning_the_survey_turns_the_path(rows, turn):
    """Adding an angle to all azimuths rotates the path about the vertical."""
    hole, depth, azimuth, inclination = _survey(rows)
    first = station_offsets(hole, depth, azimuth, inclination)
    turned = station_offsets(hole, depth, azimuth + turn, inclination)
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    np.testing.assert_allclose(turned.easting, cos * first.easting + sin * first.northing, atol=1e-8)
    np.testing.assert_allclose(turned.northing, cos * first.northing - sin * first.easting, atol=1e-8)
    np.testing.assert_allclose(turned.upward, first.upward, atol=1e-8)


@settings(max_examples=80, deadline=None)
@given(stations)
def test_reading_at_the_stations_gives_the_stations(rows):
    """Interpolation meets the stations themselves."""
    survey = _survey(rows)
    there = offsets_at(*survey, at_hole=survey[0], at_depth=survey[1])
    np.testing.assert_allclose(np.array(there), np.array(station_offsets(*survey)), atol=1e-9)
