"""Survey lines: spikes, smoothing, even steps, order and crossings, against truth that is known."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pyproj
import pytest
import shapely

from craton.kernels import survey_lines as kernel
from craton.methods.survey_line_order import lines_of
from craton.methods.survey_line_values import despike, filter_lines, resample
from craton.methods.survey_lines import arrange, crossovers
from craton.model.errors import ContractError

UTM = "EPSG:32648"


def survey(lines, crs=UTM, **columns):
    """Table of lines given as arrays (n, 2), called L0, L1…, with values of the places."""
    coordinates = np.concatenate(lines)
    names = np.repeat([f"L{number}" for number in range(len(lines))], [len(one) for one in lines])
    values = {name: make(*coordinates.T) for name, make in columns.items()}
    frame = gpd.GeoDataFrame({"line": names, **values}, geometry=shapely.points(coordinates), crs=crs)
    frame["fiducial"] = np.arange(len(frame)) * 1.0
    frame.attrs["columns"] = {name: {"unit": "nT"} for name in columns}
    return frame


def straight(start, end, count):
    return np.linspace(start, end, count)


def crossing_survey(**columns):
    """Five lines to the north and four to the east across them, 100 m steps."""
    lines = [straight((500.0 + 900 * n, 0), (500.0 + 900 * n, 7000), 71) for n in range(5)]
    ties = [straight((0, 800.0 + 1700 * n), (5000, 800.0 + 1700 * n), 51) for n in range(4)]
    return survey([*lines, *ties], **columns)


def test_a_spike_is_six_in_its_fourth_difference_and_cubics_are_none():
    """δ⁴ of a cubic is zero, of a spike of height A it is A (1, −4, 6, −4, 1)."""
    place = np.arange(12.0)
    cubic = 3 + place - 0.5 * place**2 + 0.1 * place**3
    npt.assert_allclose(kernel.fourth_differences(cubic)[2:-2], 0, atol=1e-11)
    cubic[6] += 7
    npt.assert_allclose(kernel.fourth_differences(cubic)[4:9], 7 * np.array([1, -4, 6, -4, 1]), atol=1e-11)


def test_spikes_on_a_smooth_line_come_out_and_nothing_else():
    """Twenty spikes of 5 to 40 nT on a sine of 2 nT noise-free steps: the sine is back to 1e-3 nT."""
    place = np.arange(1000.0)
    smooth = 100 * np.sin(place / 60)
    wild = smooth.copy()
    where = 20 + 48 * np.arange(20)
    wild[where] += np.linspace(5, 40, 20) * (-1.0) ** np.arange(20)
    npt.assert_allclose(kernel.without_spikes(wild, 8.0, 0.0), smooth, atol=1e-3)
    npt.assert_array_equal(kernel.without_spikes(smooth, 8.0, 1.0), smooth)


def test_lines_too_short_for_spikes_stay():
    """Fewer than five readings have no fourth difference; none at all is no error."""
    for count in range(5):
        values = np.arange(float(count)) ** 3
        npt.assert_array_equal(kernel.without_spikes(values, 3.0, 0.0), values)


def test_narrow_features_are_cut_at_their_chord_and_wide_ones_stay():
    """A box of three readings goes with width 3, not with width 2; lower than the tolerance it stays."""
    base = 10 + 0.5 * np.arange(30.0)
    box = base.copy()
    box[12:15] += 8
    npt.assert_allclose(kernel.without_narrow(box, 3, 1.0), base, atol=1e-12)
    npt.assert_array_equal(kernel.without_narrow(box, 2, 1.0)[12:15], box[12:15])
    npt.assert_array_equal(kernel.without_narrow(box, 3, 9.0), box)


def test_smoothing_keeps_straight_lines_to_their_ends():
    """With uneven steps, repeated places and missing readings."""
    random = np.random.default_rng(1)
    distance = np.sort(random.uniform(0, 1000, 60))
    distance[10] = distance[11]
    values = 5 - 0.02 * distance
    values[[3, 40]] = np.nan
    npt.assert_allclose(kernel.smoothed(distance, values, 30.0), 5 - 0.02 * distance, atol=1e-9)


@pytest.mark.parametrize("wave", [200.0, 400.0, 800.0, 3200.0])
def test_smoothing_passes_waves_by_its_stated_response(wave):
    """exp(−ln 2 (λ₀/λ)²) inside the line, one half at the cutoff, within 5e-4 (the Gaussian ends at 4 σ)."""
    distance = np.arange(0, 40_000.0, 10.0)
    values = np.cos(2 * np.pi * distance / wave)
    found = kernel.smoothed(distance, values, kernel.HALF_AT_CUTOFF * 400.0)[1000:-1000]
    expected = np.exp(-np.log(2) * (400.0 / wave) ** 2) * values[1000:-1000]
    npt.assert_allclose(found, expected, atol=5e-4)


def test_a_lone_reading_is_its_own_mean():
    """Nothing near: the value itself, and none where it is missing."""
    npt.assert_array_equal(
        kernel.smoothed(np.array([0.0, 1e6]), np.array([3.0, np.nan]), 10.0), [3.0, np.nan]
    )


def random_lines(count, seed):
    random = np.random.default_rng(seed)
    return [random.uniform(-1, 1, (random.integers(1, 40), 2)).cumsum(axis=0) * 100 for _ in range(count)]


@pytest.mark.parametrize("seed", range(4))
def test_crossings_are_those_of_every_pair_of_steps(seed):
    """Wandering lines of 1 to 39 points against shapely, pair by pair, to 1e-6 m."""
    lines = random_lines(12, seed)
    starts = np.concatenate([[0], np.cumsum([len(one) for one in lines])])
    places = np.concatenate(lines)
    found = kernel.crossings(places, starts, np.ones((12, 12), bool))
    step = places[found.first_point + 1] - places[found.first_point]
    points = places[found.first_point] + found.first_part[:, None] * step
    expected = []
    for one in range(12):
        for other in range(one + 1, 12):
            if min(len(lines[one]), len(lines[other])) > 1:
                meet = shapely.intersection(*(shapely.linestrings(lines[n]) for n in (one, other)))
                expected += [(one, other, *xy) for xy in shapely.get_coordinates(meet)]
    got = np.column_stack([found.first_line, found.second_line, points])
    assert len(got) == len(expected) > 0
    order = [np.lexsort(np.round(rows, 4).T[::-1]) for rows in (got, np.array(expected))]
    npt.assert_allclose(got[order[0]], np.array(expected)[order[1]], atol=1e-6)


def test_crossings_at_common_points_count_once_and_parallels_do_not_cross():
    """Through a point of both lines, at the very end of one, and along a common stretch."""
    through = [straight((0, -2), (0, 2), 5), straight((-2, 0), (2, 0), 5)]
    ends = [straight((0, -2), (0, 0), 3), straight((-2, 0), (2, 0), 4)]
    along = [straight((0, 0), (4, 0), 5), straight((1, 0), (5, 0), 5)]
    for lines, expected in ((through, 1), (ends, 1), (along, 0)):
        found, _ = crossovers(survey(lines, v=lambda e, n: e * 0), "line", ("v",), maximum_gap=10.0)
        assert len(found) == expected


def test_misties_of_a_plane_are_zero_and_of_offsets_the_offsets():
    """A field that is straight between readings has no misties; 3 nT on every line and none on ties has 3."""
    frame = crossing_survey(v=lambda e, n: 50 + 0.01 * e - 0.02 * n)
    frame["w"] = frame["v"] + 3.0 * frame["line"].isin([f"L{n}" for n in range(5)])
    found, statistics = crossovers(frame, "line", ("v", "w"))
    assert len(found) == 20
    assert set(found["kind_1"]) == {"survey"}
    assert set(found["kind_2"]) == {"tie"}
    npt.assert_allclose(found["v_mistie"], 0, atol=1e-9)
    npt.assert_allclose(found["w_mistie"], 3, atol=1e-9)
    npt.assert_allclose(statistics["root_mean_square"], [0, 3], atol=1e-9)
    npt.assert_allclose(statistics["standard_deviation"], 0, atol=1e-9)


def test_the_order_of_rows_makes_no_difference_where_a_column_says_it():
    """Shuffled rows with fiducials give the same crossings and the same line table."""
    frame = crossing_survey(v=lambda e, n: np.sin(e / 700) + n / 900)
    shuffled = frame.sample(frac=1, random_state=3)
    for first, second in zip(
        (*arrange(frame, "line", order="fiducial"), *crossovers(frame, "line", ("v",), order="fiducial")),
        (
            *arrange(shuffled, "line", order="fiducial"),
            *crossovers(shuffled, "line", ("v",), order="fiducial"),
        ),
        strict=True,
    ):
        pd.testing.assert_frame_equal(pd.DataFrame(first), pd.DataFrame(second))


def test_kinds_headings_and_lengths_of_lines():
    """Lines to the north are the survey, those across are ties; a loop is neither, a point is one."""
    lines = [straight((n * 500, 0), (n * 500, 4000), 41)[:: 1 - 2 * (n % 2)] for n in range(4)]
    angle = np.linspace(0, 2 * np.pi, 30)
    loop = 300 * np.column_stack([np.cos(angle), np.sin(angle)])
    frame = survey(
        [
            *lines,
            straight((-100, 900), (1900, 900), 21),
            loop,
            np.array([[5.0, 5]]),
            np.array([[7.0, 7], [7, 7]]),
        ]
    )
    points, table = arrange(frame, "line")
    assert list(table["line_kind"]) == ["survey"] * 4 + ["tie"] + ["other"] * 3
    assert list(table["finding"]) == [""] * 5 + ["not straight", "single point", "one place"]
    npt.assert_allclose(table["heading"][:5], [0, 180, 0, 180, 90], atol=1e-9)
    npt.assert_allclose(table["length_m"][:5], [4000] * 4 + [2000])
    assert table.geometry.isna().tolist() == [False] * 6 + [True, False]
    assert len(points) == len(frame)


def test_lines_are_named_in_natural_order():
    """L2 comes before L10; numbers stay numbers."""
    lines = [straight((n * 500, 0), (n * 500, 400), 5) for n in range(12)]
    assert list(arrange(survey(lines), "line").lines["line"]) == [f"L{n}" for n in range(12)]
    frame = survey(lines[:3]).assign(number=lambda t: t["line"].map({"L0": 100, "L1": 20, "L2": 3}))
    assert list(arrange(frame, "number").lines["number"]) == [3, 20, 100]


def test_gaps_duplicates_reversals_and_speeds_are_found():
    """One of each, put on a line of 1 s and 70 m steps."""
    place = np.column_stack([np.zeros(60), 70.0 * np.arange(60)])
    place[20] = place[19]
    place[30:, 1] += 600
    place[45, 1] -= 200
    frame = survey([place]).assign(second=np.arange(60) + 20.0 * (np.arange(60) >= 30))
    frame.attrs["columns"] = {"second": {"unit": "s"}}
    points, lines = arrange(frame, "line", time="second")
    assert points["finding"][20] == "duplicate"
    assert points["finding"][30] == "gap"
    assert "reversal" in points["finding"][45]
    assert "speed" in points["finding"][46]
    assert (points["finding"] != "").sum() == 5
    assert lines[["duplicates", "gaps", "reversals"]].to_numpy().tolist() == [[1, 1, 1]]
    assert points["speed_m_per_s"][10] == pytest.approx(70)


def test_a_survey_across_the_antimeridian_is_one_survey():
    """In degrees from 179.9° E to 179.9° W: lengths as on the ellipsoid, crossings near 180°, no gap."""
    east = straight((179.9, -17.0), (180.1, -17.0), 201)
    east[:, 0] = (east[:, 0] + 180) % 360 - 180
    north = straight((179.999, -17.05), (179.999, -16.95), 101)
    frame = survey([east, north], "EPSG:4326", v=lambda e, n: n * 0 + 1)
    lines = arrange(frame, "line")[1]
    geod = pyproj.Geod(ellps="WGS84")
    expected = [200 * geod.inv(0, -17, 0.001, -17)[2], geod.inv(0, -17.05, 0, -16.95)[2]]
    npt.assert_allclose(lines["length_m"], expected, atol=0.1)
    assert lines["gaps"].sum() == 0
    found, _ = crossovers(frame, "line", ("v",))
    npt.assert_allclose(shapely.get_coordinates(found.geometry), [[179.999, -17.0]], atol=1e-9)


def test_a_survey_of_half_the_world_is_refused():
    """No plane shows it within one percent."""
    frame = survey([straight((0, 0), (60, 0), 61)], "EPSG:4326")
    with pytest.raises(ContractError, match="`table` must be a survey within 1500 km"):
        arrange(frame, "line")


def test_rows_that_belong_to_no_line_are_left_alone():
    """Without place or line: not in the arranged rows, no value after a filter."""
    frame = crossing_survey(v=lambda e, n: e)
    frame.loc[3, "geometry"] = None
    frame.loc[4, "line"] = None
    assert len(arrange(frame, "line").points) == len(frame) - 2
    found = filter_lines(frame, "line", "v", 500.0)["v_filtered"]
    assert np.flatnonzero(found.isna()).tolist() == [3, 4]
    with pytest.raises(ContractError, match="at least one point with a place and a line"):
        arrange(frame.assign(line=None), "line")
    with pytest.raises(ContractError, match="`order` must be"):
        arrange(frame.assign(fiducial=np.nan), "line", order="fiducial")


def test_despiking_and_filtering_are_told_by_new_columns_in_the_same_unit():
    """The reading is spike plus rest; short waves plus long waves are the reading; gaps stay gaps."""
    frame = crossing_survey(v=lambda e, n: 40 * np.sin(n / 900) + e / 500)
    frame.loc[[20, 200], "v"] += [60, -45]
    frame.loc[33, "v"] = np.nan
    clean = despike(frame, "line", "v", smallest=1.0)
    assert np.flatnonzero(clean["v_spike"].fillna(0)).tolist() == [20, 200]
    npt.assert_allclose(clean["v_spike"][[20, 200]], [60, -45], atol=0.5)
    npt.assert_allclose(clean["v_despiked"] + clean["v_spike"], frame["v"], atol=1e-12)
    assert clean.attrs["columns"]["v_despiked"] == {"unit": "nT"}
    long, short = (filter_lines(frame, "line", "v", 800.0, keep=one) for one in ("long", "short"))
    npt.assert_allclose(long["v_filtered"] + short["v_filtered"], frame["v"], atol=1e-12)
    assert np.flatnonzero(long["v_filtered"].isna()).tolist() == [33]
    with pytest.raises(ContractError, match="`smallest` must be above 0"):
        despike(frame, "line", "v", method="non_linear")


def test_even_steps_keep_straight_fields_and_leave_gaps():
    """Linear and Akima give a plane to rounding; a gap of 1000 m has no values; constants stay."""
    lines = [
        np.delete(straight((0, 0), (3000, 4000), 101), slice(40, 61), axis=0),
        straight((0, 0), (0, 400), 9),
    ]
    frame = survey(lines, v=lambda e, n: e - 2 * n, c=lambda e, n: e * 0 + 7)
    for interpolation in ("linear", "akima"):
        found = resample(frame, "line", ("v", "c"), 70.0, interpolation=interpolation)
        east, north = shapely.get_coordinates(found.geometry).T
        there = found["v"].notna()
        npt.assert_allclose(found["v"][there], (east - 2 * north)[there], atol=1e-9)
        npt.assert_array_equal(found["c"][there], 7)
        away = found[~there & (found["line"] == "L0")]["distance_m"]
        assert (away.min(), away.max()) == (1960, 3010)
    assert found["line"].value_counts().to_dict() == {"L0": 72, "L1": 6}
    with pytest.raises(ContractError, match="`spacing` must be large enough"):
        resample(frame, "line", ("v",), 1e-5)


def test_rows_of_one_time_go_along_the_direction_of_travel():
    """Ten readings a second with whole seconds, flown west and round a bend: 490 m and 980 m long.

    Rows of one time, and no other, stay as they come.
    """
    west = straight((490, 0), (0, 0), 50)
    bend = np.concatenate([straight((0, 0), (490, 0), 50), straight((490, 0), (490, 490), 50)[1:]])
    frame = survey([west, bend], v=lambda e, n: e + n)
    frame["second"] = np.concatenate([np.arange(50) // 10, np.arange(99) // 10])
    lines = lines_of("test", frame, "line", "second")
    npt.assert_allclose(lines.distance[lines.starts[1:] - 1], [490, 980])
    npt.assert_array_equal(lines.rows, np.arange(149))
    mixed = frame.sample(frac=1, random_state=2)
    npt.assert_array_equal(mixed.index[lines_of("test", mixed, "line", "second").rows], np.arange(149))
    frame["second"] = 7
    npt.assert_array_equal(lines_of("test", frame, "line", "second").rows, np.arange(149))


@pytest.mark.parametrize("interpolation", ["linear", "akima"])
def test_even_steps_reach_the_last_reading(interpolation):
    """Lines of every length of whole steps of 0.1 m have a value at their end, though 3 × 0.1 is not 0.3."""
    lines = [straight((0, 0), (0, 0.1 * count), count + 1) for count in range(3, 60)]
    found = resample(survey(lines, v=lambda e, n: n), "line", ("v",), 0.1, interpolation=interpolation)
    npt.assert_allclose(found["v"], found["distance_m"], atol=1e-9)
    assert len(found) == sum(range(4, 61))
