"""Levelling: errors that were put on lines come off again, to rounding where there is no noise."""

import numpy as np
import numpy.testing as npt
import pytest
from scipy.interpolate import CubicSpline
from tests.analytic.test_survey_lines import crossing_survey, straight, survey

from craton.kernels import line_levelling as kernel
from craton.methods.line_levelling import tie_line_levelling
from craton.methods.magnetics_survey import diurnal_correction, heading_correction, lag_correction
from craton.model.errors import ContractError


def field(east, north):
    """Straight between readings, so that crossings see it without error."""
    return 50 + 0.01 * east - 0.02 * north


def levelled(frame, **options):
    return tie_line_levelling(frame, "line", "v", order="fiducial", **options)


def with_errors(order, seed=1, ties=False):
    """Survey with a polynomial of the distance on each survey line, and on each tie where asked."""
    frame, random = crossing_survey(v=field), np.random.default_rng(seed)
    number = frame["line"].str[1:].astype(int).to_numpy()
    along = np.where(number < 5, frame.geometry.y / 3500 - 1, frame.geometry.x / 2500 - 1)
    coefficients = random.normal(0, 20, (9, order + 1))
    if not ties:
        coefficients[5:] = 0
    error = (kernel.polynomials(along, order) * coefficients[number]).sum(axis=1)
    return frame.assign(v=frame["v"] + error), error


@pytest.mark.parametrize(("form", "order"), [("constant", 0), ("linear", 1), ("quadratic", 2)])
@pytest.mark.parametrize("robust", [True, False])
def test_errors_of_survey_lines_are_recovered(form, order, robust):
    """With ties that are right, constants, slopes and parabolas come off to 1e-9 nT."""
    frame, error = with_errors(order)
    found = levelled(frame, form=form, adjust="survey", robust=robust)
    npt.assert_allclose(found.points["v_level"], error, atol=1e-9)
    npt.assert_allclose(found.points["v_levelled"], field(frame.geometry.x, frame.geometry.y), atol=1e-9)
    npt.assert_allclose(found.statistics["root_mean_square"][1], 0, atol=1e-9)
    assert set(found.lines["finding"]) == {""}


def test_with_both_kinds_moving_constants_are_recovered_but_for_one_common_constant():
    """What cannot be seen is left with the least sum of squares: the mean error of all lines stays."""
    frame, error = with_errors(0, ties=True)
    found = levelled(frame, form="constant")
    apart = found.points["v_level"] - error
    npt.assert_allclose(apart, apart[0], atol=1e-9)
    npt.assert_allclose(found.lines["correction"].sum(), 0, atol=1e-9)


@pytest.mark.parametrize("form", ["constant", "linear", "quadratic", "spline"])
def test_a_survey_without_errors_stays(form):
    """No mistie, no correction."""
    npt.assert_allclose(levelled(crossing_survey(v=field), form=form).points["v_level"], 0, atol=1e-9)


@pytest.mark.parametrize("form", ["constant", "linear", "spline"])
def test_a_constant_survey_stays(form):
    """A column of one value has no misties; the statistics say so."""
    found = levelled(crossing_survey(v=lambda e, n: e * 0 + 7.0), form=form)
    npt.assert_array_equal(found.points["v_levelled"], 7.0)
    npt.assert_array_equal(found.statistics["largest"], 0.0)


def test_wild_crossings_do_no_harm():
    """Three of 20 crossings off by 300 nT or more: robust weights find the truth to 1e-6 nT, and tell them.

    Without them, the same misties throw lines off by tens of nT.
    """
    frame, error = with_errors(0)
    for line, north in ((0, 800), (2, 2500), (4, 5900)):
        frame.loc[(frame["line"] == f"L{line}") & (abs(frame.geometry.y - north) < 60), "v"] += (
            300 + 70 * line
        )
    found = levelled(frame, form="constant", adjust="survey")
    kept = frame["v"] - found.points["v_levelled"]
    npt.assert_allclose(kept, error, atol=1e-6)
    assert found.lines["left_out"].tolist() == [1, 0, 1, 0, 1, 1, 1, 0, 1]
    plain = levelled(frame, form="constant", adjust="survey", robust=False)
    assert np.abs(plain.points["v_level"] - error).max() > 50


def test_a_spline_meets_every_tie():
    """Errors that no line can follow: after the spline all crossings agree to rounding."""
    frame = crossing_survey(v=field)
    frame["v"] += (frame["line"] < "L5") * 15 * np.sin(frame.geometry.y / 800 + frame.geometry.x)
    found = levelled(frame, form="spline", adjust="survey", robust=False)
    assert found.statistics["largest"][0] > 10
    npt.assert_allclose(found.statistics["largest"][1], 0, atol=1e-9)
    with pytest.raises(ContractError, match="`adjust` must be survey or both"):
        levelled(frame, form="spline", adjust="tie")


def test_lines_that_cannot_be_levelled_are_named():
    """A line apart has no crossing, one over a single tie a single crossing; both say so."""
    lines = [straight((500.0 + 900 * n, 0), (500.0 + 900 * n, 7000), 71) for n in range(3)]
    lines += [straight((9000, 0), (9000, 7000), 71), straight((3200, 0), (3200, 1500), 16)]
    ties = [straight((0, 850.0 + 2500 * n), (5000, 850.0 + 2500 * n), 51) for n in range(2)]
    frame = survey([*lines, *ties], v=lambda e, n: e * 0)
    frame["v"] += frame["line"].map({"L0": 4, "L1": -3, "L3": 50, "L4": 9}).fillna(0)
    found = levelled(frame, form="linear", adjust="survey")
    found_words = ["few crossings"] * 3 + ["no crossing", "single crossing", "", ""]
    assert found.lines["finding"].tolist() == found_words
    assert found.lines["network"].tolist() == [1, 1, 1, 0, 1, 1, 1]
    npt.assert_allclose(found.lines["correction"], [4, -3, 0, 0, 9, 0, 0], atol=1e-6)


def test_surveys_without_ties_or_crossings_are_refused():
    """Parallel lines only, and ties that lie elsewhere; where it is asked for, they keep their readings."""
    lines = [straight((900.0 * n, 0), (900.0 * n, 7000), 71) for n in range(3)]
    with pytest.raises(ContractError, match="3 survey and 0 tie lines"):
        levelled(survey(lines, v=field))
    apart = survey([*lines, straight((0, 9000), (4000, 9000), 41)], v=field)
    with pytest.raises(ContractError, match="one without crossings"):
        levelled(apart)
    for frame in (survey(lines, v=field), apart):
        for form in ("constant", "spline"):
            kept = levelled(frame, form=form, uncrossed="keep")
            assert kept.points["v_levelled"].tolist() == kept.points["v"].tolist()
            assert set(kept.lines["finding"]) == {"no crossing"}
            assert kept.statistics["count"].tolist() == [0, 0]


def test_what_is_hardly_determined_stays_small():
    """With 3 nT of noise on crossings and forms that both directions could take up, no line runs away."""
    frame = crossing_survey(v=field)
    frame["v"] += np.random.default_rng(4).normal(0, 3, len(frame))
    found = levelled(frame, form="quadratic")
    assert np.abs(found.points["v_level"]).max() < 15


def test_a_tension_spline_lies_between_a_cubic_and_straight_lines():
    """Without tension the natural cubic, with little nearly it, with much nearly straight; exact at nodes."""
    nodes = np.array([0.0, 1.0, 2.5, 3.0, 5.0])
    values, at = np.sin(nodes), np.linspace(-1, 6, 71)
    inside = np.clip(at, 0, 5)
    cubic = CubicSpline(nodes, values, bc_type="natural")(inside)
    npt.assert_allclose(kernel.tension_spline(nodes, values, at, 0.0), cubic, atol=1e-14)
    npt.assert_allclose(kernel.tension_spline(nodes, values, at, 1e-3), cubic, atol=1e-6)
    straight_on = np.interp(at, nodes, values)
    npt.assert_allclose(kernel.tension_spline(nodes, values, at, 1000.0), straight_on, atol=1e-2)
    for tension in (0.5, 5.0, 1e4):
        npt.assert_allclose(kernel.tension_spline(nodes, values, nodes, tension), values, atol=1e-12)
    npt.assert_array_equal(kernel.tension_spline(nodes[:1], values[:1] + 2, at, 5.0), 2.0)


def base(seconds, values):
    import pandas as pd

    frame = pd.DataFrame({"t": seconds, "b": values})
    frame.attrs["columns"] = {"t": {"unit": "s"}, "b": {"unit": "nT"}}
    return frame


def timed(**columns):
    frame = crossing_survey(v=field, **columns)
    frame["time"] = frame["fiducial"]
    frame.attrs["columns"] = {"v": {"unit": "nT"}, "time": {"unit": "s"}}
    return frame


def test_the_daily_variation_comes_off():
    """A variation straight between base readings, a clock 7 s behind, a datum: to rounding, in any unit."""
    frame, seconds = timed(), np.arange(-100.0, 700.0, 60.0)
    record = 45_000 + 20 * np.sin(seconds / 100)
    variation = np.interp(frame["time"] - 7, seconds, record) - 45_010
    seen = frame.assign(v=frame["v"] + variation, time=frame["time"] / 60)
    seen.attrs["columns"] = {"v": {"unit": "nT"}, "time": {"unit": "min"}}
    shuffled = base(seconds, record).sample(frac=1, random_state=1)
    found = diurnal_correction(seen, shuffled, "v", "time", "b", "t", datum=45_010.0, lag=7.0)
    npt.assert_allclose(found["v_corrected"], frame["v"], atol=1e-9)
    npt.assert_allclose(found["v_diurnal"], variation, atol=1e-9)


def test_gaps_of_the_base_are_refused_or_left_empty():
    """Readings on a gap and beyond the record are counted in words, or have no value."""
    frame = timed()
    seconds = np.array([0.0, 60, 120, 400, 460])
    record = base(seconds, 45_000 + seconds / 60)
    with pytest.raises(
        ContractError, match=r"`base` must be a record .* misses 377 of 559, the first in row 122"
    ):
        diurnal_correction(frame, record, "v", "time", "b", "t", maximum_gap=60.0)
    found = diurnal_correction(frame, record, "v", "time", "b", "t", maximum_gap=60.0, outside="leave_empty")
    assert found["v_corrected"].notna().sum() == 559 - 377


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (base([0.0, 600.0], [5.0, 5.0]), "`base_value` must be a record that varies"),
        (base([0.0], [5.0]), "`base` must be a record of readings"),
        (base(["2024-01-01", "2024-01-02"], [5.0, 6.0]), "`base_time` must be a column of the same kind"),
    ],
)
def test_records_that_are_none_are_refused(record, words):
    """Of one value, of one reading, and of dates where the survey has seconds."""
    with pytest.raises(ContractError, match=words):
        diurnal_correction(timed(), record, "v", "time", "b", "t")


def test_a_lag_moves_anomalies_back_on_lines_flown_both_ways():
    """Sampled 150 m late on lines of either direction, a field straight between readings is restored."""
    lines = [straight((900.0 * n, 0), (900.0 * n, 7000), 71)[:: 1 - 2 * (n % 2)] for n in range(4)]
    frame = survey(lines, v=field)
    late = frame.assign(v=frame["v"] + 0.02 * 150 * np.where(frame["line"].isin(["L0", "L2"]), 1, -1))
    found = lag_correction(late, "line", "v", 150.0)["v_lagged"]
    there = found.notna()
    npt.assert_allclose(found[there], frame["v"][there], atol=1e-9)
    assert (~there).sum() == 4 * 2
    by_reading = lag_correction(late, "line", "v", 1.5, along="readings")["v_lagged"]
    npt.assert_allclose(by_reading[there], found[there], atol=1e-9)
    npt.assert_array_equal(lag_correction(late, "line", "v", 0.0)["v_lagged"], late["v"])


def headed(effect):
    """Survey flown both ways in both directions, with an effect of the heading on it."""
    lines = [straight((900.0 * n, 0), (900.0 * n, 7000), 71)[:: 1 - 2 * (n % 2)] for n in range(6)]
    lines += [
        straight((-50, 900.0 + 2000 * n), (4950, 900.0 + 2000 * n), 51)[:: 1 - 2 * (n % 2)] for n in range(3)
    ]
    frame = survey(lines, v=field)
    heading = frame["line"].map(
        lambda name: (0, 180)[int(name[1:]) % 2] if int(name[1:]) < 6 else (90, 270)[int(name[1:]) % 2]
    )
    return frame.assign(v=frame["v"] + heading.map(effect)), frame["v"]


def test_the_heading_effect_is_recovered():
    """Of four headings with mean zero, from the survey and from a cloverleaf, to 1e-9 nT."""
    effect = {0: 3.0, 90: -1.0, 180: -4.0, 270: 2.0}
    frame, truth = headed(effect)
    found = heading_correction(frame, "line", "v")
    npt.assert_allclose(found.points["v_heading_corrected"], truth, atol=1e-9)
    npt.assert_allclose(found.headings["correction"], [3, -1, -4, 2], atol=1e-9)
    assert found.headings["lines"].tolist() == [3, 2, 3, 1]
    leaf = headed(effect)[0]
    leaf["v"] += 5
    npt.assert_allclose(
        heading_correction(frame, "line", "v", cloverleaf=leaf).points["v_heading_corrected"],
        truth,
        atol=1e-9,
    )


def test_a_sinusoid_of_the_heading_is_recovered_but_for_its_mean():
    """3 cos h and −2 sin h are told apart by four headings."""
    frame, truth = headed(
        {h: 3 * np.cos(np.radians(h)) - 2 * np.sin(np.radians(h)) for h in (0, 90, 180, 270)}
    )
    found = heading_correction(frame, "line", "v", form="sinusoid")
    npt.assert_allclose(found.points["v_heading_corrected"], truth, atol=1e-9)
    assert len(found.headings) == 24


def test_headings_that_do_not_cross_are_refused():
    """Parallel lines tell nothing, nor does a cloverleaf without the columns."""
    frame = survey([straight((900.0 * n, 0), (900.0 * n, 7000), 71) for n in range(3)], v=field)
    with pytest.raises(ContractError, match="`table` must be lines that cross on different headings"):
        heading_correction(frame, "line", "v")
    with pytest.raises(ContractError, match="`cloverleaf` must be a table with the columns"):
        heading_correction(frame, "line", "v", cloverleaf=frame.drop(columns="v"))


def test_several_days_by_the_time_of_the_day_are_no_record():
    """Three days in a row, at the same seconds or between them, are refused; a night over midnight is not."""
    day = np.arange(0.0, 700.0, 10.0)
    same = base(np.tile(day, 3), 45_000 + np.repeat([0.0, 8.0, 30.0], day.size) + np.tile(day / 100, 3))
    with pytest.raises(ContractError, match=r"agree within 5 nT, .* by up to 30 nT\s+hint: give dates"):
        diurnal_correction(timed(), same, "v", "time", "b", "t")
    between = base(np.concatenate([day, day + 3, day + 6]), same["b"])
    with pytest.raises(
        ContractError, match=r"`base_time` must be times that go over each hour once, .* again"
    ):
        diurnal_correction(timed(), between, "v", "time", "b", "t")
    night = np.concatenate([86_000 + day[:40], day])
    found = diurnal_correction(
        timed(), base(night, 45_000 + night / 100), "v", "time", "b", "t", datum=45_000.0
    )
    npt.assert_allclose(found["v_diurnal"], found["time"] / 100)


def test_a_lag_moves_nothing_onto_a_gap():
    """A line with 2 km missing: readings 150 m before the gap have none, unless a longer gap is allowed."""
    line = np.delete(straight((0, 0), (0, 7000), 71), slice(31, 50), axis=0)
    frame = survey([line], v=lambda e, n: np.sin(n / 500))
    for given in ({"lag": 150.0}, {"lag": 1.5, "along": "readings"}):
        moved = lag_correction(frame, "line", "v", **given)["v_lagged"]
        npt.assert_array_equal(np.flatnonzero(moved.isna()), [29, 30, 50, 51])
        across = lag_correction(frame, "line", "v", **given, maximum_gap=2000.0)["v_lagged"]
        npt.assert_array_equal(np.flatnonzero(across.isna()), [50, 51])
