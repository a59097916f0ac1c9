"""Units of drill holes: decoding against all sequences, order by votes, rules, learning, contacts, panels."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import shapely

from craton.kernels import ordered_labels, vote_order
from craton.methods import (
    borehole_contacts,
    borehole_desurvey,
    borehole_learning,
    borehole_order,
    borehole_panel,
    borehole_units,
)
from craton.model.data import Boreholes
from craton.model.errors import ContractError

CRS = "EPSG:28992"
COLUMN = pd.DataFrame(
    {"unit": ["Top", "Clay", "Sand", "Chalk"], "colour": ["#88cc88", "#8888cc", "#cccc88", "#cccccc"]}
)


def holes_of(logs, *, places=None, elevation=10.0, surveys=None, table="geology"):
    """Holes from `{name: [(from, to, lithology, unit), …]}`, 100 m apart to the east."""
    names = list(logs)
    rows = [(name, *row) for name in names for row in logs[name]]
    frame = pd.DataFrame(rows, columns=["hole_id", "from_depth", "to_depth", "lithology", "unit"])
    at = places if places is not None else [(1000.0 + 100 * n, 500.0) for n in range(len(names))]
    collars = gpd.GeoDataFrame(
        {"hole_id": names, "elevation": np.broadcast_to(elevation, len(names)), "total_depth": np.nan},
        geometry=[shapely.Point(*one) if one is not None else None for one in at], crs=CRS,
    )  # fmt: skip
    return Boreholes(collars, pd.DataFrame() if surveys is None else surveys, {table: frame})


def log(*units, thickness=2.0):
    """Intervals of one thickness whose lithology is their unit."""
    return [(n * thickness, (n + 1) * thickness, name.lower(), name) for n, name in enumerate(units)]


def weights_of(evidence, change, reversal):
    """Weight of every sequence of labels, by sequence."""
    count, labels = evidence.shape
    found = {}
    for sequence in itertools.product(range(labels), repeat=count):
        weight = np.exp(evidence[np.arange(count), sequence].sum())
        for a, b in itertools.pairwise(sequence):
            weight *= 1.0 if a == b else change if b > a else reversal
        found[sequence] = weight
    return found


@pytest.mark.parametrize("reversal", [0.0, 0.05])
def test_decoding_is_that_of_all_sequences(reversal):
    """Best sequence and probabilities of each label equal those of all 3⁵ sequences, hole by hole at once."""
    random = np.random.default_rng(3)
    counts = np.array([2, 5, 1, 4])
    evidence = random.normal(size=(counts.sum(), 3)) * 2
    code = ordered_labels.decode(evidence, counts, change=0.3, reversal=reversal)
    chance = ordered_labels.marginals(evidence, counts, change=0.3, reversal=reversal)
    for end, count in zip(np.cumsum(counts), counts, strict=True):
        rows = slice(end - count, end)
        weights = weights_of(evidence[rows], 0.3, reversal)
        assert tuple(code[rows]) == max(weights, key=weights.get)
        expected = np.zeros((count, 3))
        for sequence, weight in weights.items():
            expected[np.arange(count), sequence] += weight
        npt.assert_allclose(chance[rows], expected / sum(weights.values()), rtol=1e-12)


def test_a_sequence_in_order_always_exists():
    """Evidence that speaks wholly against the order is overruled, without a NaN, over a thousand intervals."""
    evidence = np.full((1000, 2), -1e6)
    evidence[:500, 1] = evidence[500:, 0] = 0.0
    code = ordered_labels.decode(evidence, np.array([1000]))
    chance = ordered_labels.marginals(evidence, np.array([1000]))
    assert np.all(np.diff(code) >= 0)
    npt.assert_allclose(chance.sum(axis=1), 1.0)


@pytest.mark.parametrize("count", [5, 14])
def test_order_by_votes_is_the_cheapest(count, monkeypatch):
    """In a circle of random votes: against all permutations of 5; of 14 by improvement, near the exact one."""
    random = np.random.default_rng(count)
    votes = random.uniform(0, 10, (count, count))
    votes[np.arange(count), (np.arange(count) + 1) % count] = 30.0
    np.fill_diagonal(votes, 0.0)
    order, circle = vote_order.order_by_votes(votes, np.zeros(count))
    assert sorted(order) == list(range(count))
    assert np.unique(circle).size == 1
    if count == 5:
        best = min(vote_order.cost(votes, np.array(one)) for one in itertools.permutations(range(count)))
    else:
        monkeypatch.setattr(vote_order, "EXACT", count)
        best = vote_order.cost(votes, vote_order.order_by_votes(votes, np.zeros(count))[0])
    # Moves of single things end in a local optimum; on such votes it is within a few percent of the best.
    assert vote_order.cost(votes, order) <= best * (1.0 + (1e-12 if count == 5 else 0.05))


def test_order_of_holes_with_a_planted_contradiction():
    """No hole shows all units; the order is found, and the one hole against it named with its pair."""
    logs = {
        "A": log("Top", "Clay"), "B": log("Clay", "Sand"), "C": log("Sand", "Chalk"),
        "D": log("Top", "Clay", "Sand"), "wrong": log("Sand", "Clay"),
    }  # fmt: skip
    told = borehole_order.stratigraphic_order(holes_of(logs))
    assert list(told.order["unit"]) == ["Top", "Clay", "Sand", "Chalk"]
    assert list(told.order["to_next"]) == ["holes", "contradicted", "holes", ""]
    first = told.pairs.iloc[0]
    assert (first["younger"], first["older"], first["holes_for"], first["against"]) == (
        "Clay",
        "Sand",
        2,
        "wrong",
    )
    assert (told.pairs["holes_against"] > 0).sum() == 1


def test_a_circle_of_contradictions_is_told():
    """Three units each above the next in most holes: all are in circle 1, a unit beneath in none."""
    logs = {"A": log("P", "Q", "Z"), "B": log("Q", "R", "Z"), "C": log("R", "P", "Z")}
    order = borehole_order.stratigraphic_order(holes_of(logs)).order
    assert dict(zip(order["unit"], order["circle"], strict=True)) == {"P": 1, "Q": 1, "R": 1, "Z": 0}
    assert order["unit"].iloc[-1] == "Z"


RULES = pd.DataFrame({
    "unit": ["Top", "Clay", "Sand", "Sand", "Chalk"],
    "lithology": ["peat;made*", "cla?", "sand", "", "chalk"],
    "text": ["", "", "", "grit (coarse)", ""],
})  # fmt: skip


def units(holes, rules=RULES, **more):
    found = borehole_units.units_by_rules(holes, rules, lithology="lithology", **more)
    return found.boreholes.intervals["units"], found.conflicts


def test_rules_in_order():
    """Patterns match whole names, `text` parts of them; a thin clay in sand yields to the order, and is told."""
    rocks = [
        (0, 1, "Made ground"),
        (1, 3, "CLAY"),
        (3, 9, "sand"),
        (9, 9.2, "clay"),
        (9.2, 15, "some grit (coarse) bits"),
        (15, 20, "chalk"),
    ]
    table, conflicts = units(holes_of({"A": [(*row, "") for row in rocks]}), column=COLUMN)
    assert list(table["unit"]) == ["Top", "Clay", "Sand", "Sand", "Sand", "Chalk"]
    assert list(table["basis"]) == ["rule", "rule", "rule", "order", "rule", "rule"]
    assert table["confidence"].between(0, 1).all()
    overruled = conflicts[conflicts["problem"] == "rule overruled by the order"].iloc[0]
    assert (overruled["depth"], overruled["unit"], overruled["detail"]) == (9.0, "Sand", "its rule says Clay")


def test_an_interval_without_a_rule_takes_the_unit_of_its_neighbours():
    """Between two of one unit there is no choice, and it is nearly as sure; between two units it is unsure."""
    logs = {
        "A": [(0, 2, "clay", ""), (2, 4, "?", ""), (4, 6, "clay", "")],
        "B": [(0, 2, "clay", ""), (2, 4, "?", ""), (4, 6, "chalk", "")],
    }
    table, conflicts = units(holes_of(logs), column=COLUMN)
    assert list(table["unit"][:3]) == ["Clay"] * 3
    assert (table["confidence"][1] > 0.7, table["confidence"][4] < 0.5) == (True, True)
    assert list(conflicts["problem"]) == ["no rule holds"] * 2


def test_reversals_may_be_allowed():
    """A thick repeat stays with a weight for reversals, and is overruled without."""
    holes = holes_of({"A": log("Clay", "Sand", "Clay", "Sand", "Chalk")})
    assert list(units(holes, column=COLUMN, reversals=0.1)[0]["unit"]) == [
        "Clay",
        "Sand",
        "Clay",
        "Sand",
        "Chalk",
    ]
    assert (
        units(holes, column=COLUMN)[0]["unit"].map({"Clay": 0, "Sand": 1, "Chalk": 2}).is_monotonic_increasing
    )


def test_depths_heights_priorities_and_neighbours_are_conditions():
    """Clay deeper than 20 m below the datum, and clay above peat, are other units; the higher priority counts."""
    rules = pd.DataFrame({
        "unit": ["Upper", "Peat", "Lower", "Deep"], "lithology": ["clay", "peat", "clay", "clay"],
        "above": ["Peat", "", "", ""], "maximum_elevation": [np.nan, np.nan, np.nan, -20.0],
        "priority": [1, 0, 0, 2],
    })  # fmt: skip
    rocks = ["clay", "peat", "clay", "clay"]
    holes = holes_of({"A": [(10 * n, 10 * n + 10, rock, "") for n, rock in enumerate(rocks)]})
    assert list(units(holes, rules)[0]["unit"]) == ["Upper", "Peat", "Lower", "Deep"]


@pytest.mark.parametrize(
    ("change", "parameter", "words"),
    [
        ({"shape": ["x"] * 5}, "rules", "shape"),
        ({"confidence": [0.5, 2.0, 0.5, 0.5, 0.5]}, "rules", "2 in row 2"),
        ({"above": ["Granite", "", "", "", ""]}, "rules", "Granite"),
        ({"unit": ["Top", "", "Sand", "Sand", "Chalk"]}, "rules", "row 2"),
    ],
)
def test_rules_that_cannot_be_used_are_refused(change, parameter, words):
    """A column that is nowhere, a confidence beyond 1, an unknown unit and a row without one are named."""
    with pytest.raises(ContractError) as caught:
        units(holes_of({"A": log("Clay", "Sand")}), RULES.assign(**change))
    assert caught.value.parameter == parameter
    assert words in str(caught.value)


def layer_cake(holes=36, seed=5):
    """Three units with dipping bases −5 − x/200 and −25 + y/300 (m) under level ground, whose lithology overlaps.

    Sand is 70 % of the upper and 30 % of the lower two units, so that lithology alone is right in about
    two of three intervals at the best.
    """
    random = np.random.default_rng(seed)
    places = random.uniform(0, 1000, (holes, 2))
    logs = {}
    for number, (x, y) in enumerate(places):
        edges = np.unique(np.round([0.0, 5 + x / 200, 25 - y / 300, *random.uniform(0, 40, 14), 40.0], 2))
        rows = []
        for top, base in itertools.pairwise(edges):
            middle = (top + base) / 2
            code = int(middle > 5 + x / 200) + int(middle > 25 - y / 300)
            rock = "sand" if random.uniform() < (0.7, 0.3, 0.3)[code] else "clay"
            rows.append((top, base, rock, "ABC"[code]))
        logs[f"H{number:02d}"] = rows
    return holes_of(logs, places=[tuple(one) for one in places], elevation=0.0)


def test_learning_on_a_layer_cake():
    """Units of twelve holes learned from 24: at least 95 % right by metres, better than by nearest hole.

    Bases dip 5 m per km and holes are some 100 m apart, so the nearest hole errs by about half a metre at each
    of two bases of 40 m, 3 % of the metres at the least; intervals at a base add to that. Cross-validation
    must tell the accuracy in the held-out holes within its scatter of a few percent.
    """
    holes = layer_cake()
    frame = holes.intervals["geology"]
    truth = frame["unit"].copy()
    held = frame["hole_id"] >= "H24"
    frame["unit"] = frame["unit"].where(~held)
    found = borehole_learning.units_by_learning(holes, trees=30, folds=3)
    table = found.boreholes.intervals["units"]
    assert list(table["hole_id"]) == list(frame["hole_id"])
    right = (table["unit"].to_numpy() == truth.to_numpy())[held]
    thick = (frame["to_depth"] - frame["from_depth"]).to_numpy()[held]
    share = float((right * thick).sum() / thick.sum())
    assert share >= 0.95
    assert list(table["basis"][:3]) == ["given"] * 3
    assert (table["confidence"][~held] == 1.0).all()
    scores = found.accuracy.set_index("method")
    assert abs(scores.loc["learned", "accuracy_by_thickness"] - share) < 0.05
    assert scores.loc["learned", "accuracy"] >= scores.loc["nearest hole", "accuracy"]
    assert scores.loc["learned", "accuracy"] >= scores.loc["learned without order", "accuracy"] - 0.01
    assert scores.loc["nearest hole", "accuracy"] > 0.8 > scores.loc["most frequent unit", "accuracy"]
    assert scores.loc["learned", "calibration_error"] < 0.05
    assert found.confusion["intervals"].sum() == (~held).sum()
    for _hole, part in table.groupby("hole_id"):
        assert part["unit"].is_monotonic_increasing


def test_learning_from_another_set_and_in_another_order_is_the_same():
    """Interpreted holes as a set of their own, and all rows shuffled, give the same units and confidence."""
    holes = layer_cake(holes=12)
    frame, collars = holes.intervals["geology"], holes.collars
    frame["unit"] = frame["unit"].where(frame["hole_id"] < "H09")
    one = borehole_learning.units_by_learning(holes, trees=10, folds=2).boreholes.intervals["units"]
    shuffled = frame.sample(frac=1.0, random_state=1)
    parts = [
        Boreholes(collars[(collars["hole_id"] < "H09") == known], pd.DataFrame(), {"geology": shuffled[(shuffled["hole_id"] < "H09") == known]})
        for known in (False, True)
    ]  # fmt: skip
    other = borehole_learning.units_by_learning(*parts, trees=10, folds=2).boreholes.intervals["units"]
    own = one[one["hole_id"] >= "H09"].reset_index(drop=True)
    assert list(other["unit"]) == list(own["unit"])
    npt.assert_array_equal(other["confidence"], own["confidence"])


def arc(radius=100.0):
    """Survey of a hole that turns from straight down to level, heading east, on a quarter circle."""
    return pd.DataFrame(
        {"hole_id": "A", "depth": [0.0, np.pi / 2 * radius], "azimuth": 90.0, "inclination": [-90.0, 0.0]}
    )


def test_contacts_of_a_bent_hole():
    """On a quarter circle of radius r the depth d is at r(1 − cos d/r) east and r sin(d/r) down, to 1e-9 m."""
    depths = [0.0, 30.0, 90.0, 150.0]
    names = ["Top", "Clay", "Sand"]
    rows = [(a, b, "x", unit) for (a, b), unit in zip(itertools.pairwise(depths), names, strict=True)]
    found = borehole_contacts.contacts(holes_of({"A": rows}, surveys=arc()), COLUMN)
    at = np.array(depths[1:3]) / 100
    expected = np.column_stack([1000 + 100 * (1 - np.cos(at)), [500.0] * 2, 10 - 100 * np.sin(at)])
    npt.assert_allclose(found.contacts[["easting", "northing", "upward"]], expected, atol=1e-9)
    npt.assert_allclose(shapely.get_coordinates(found.contacts.geometry, include_z=True), expected, atol=1e-9)
    assert list(found.contacts["unit"]) == ["Top", "Clay"]
    assert list(found.limits["reason"]) == ["top of hole", "end of hole"]
    npt.assert_allclose(found.limits["upward"], [10.0, 10 - 100 * np.sin(1.5)], atol=1e-9)


def test_desurveyed_lines_and_points():
    """The line of a bent hole ends where the arc does; samples lie at the middles of their intervals."""
    found = borehole_desurvey.desurvey(
        holes_of({"A": [(0.0, np.pi / 2 * 100, "x", "Top")]}, surveys=arc()), table="geology"
    )
    trace, point = found.traces.iloc[0], found.points.iloc[0]
    npt.assert_allclose(
        [trace["end_easting"], trace["end_upward"], trace["drift"]], [1100.0, -90.0, 100.0], atol=1e-9
    )
    half = np.pi / 4
    npt.assert_allclose(
        [point["easting"], point["upward"]],
        [1000 + 100 * (1 - np.cos(half)), 10 - 100 * np.sin(half)],
        atol=1e-9,
    )
    # Chords of 10 m, and one of the rest, on a radius of 100 m.
    chords = np.append(np.full(15, 10.0), np.pi / 2 * 100 - 150)
    line = np.diff(shapely.get_coordinates(trace.geometry, include_z=True), axis=0)
    npt.assert_allclose(np.linalg.norm(line, axis=1).sum(), (200 * np.sin(chords / 200)).sum(), rtol=1e-12)
    assert len(borehole_desurvey.desurvey(holes_of({"A": log("Top")}), spacing=1.0).points) == 3


def test_missing_repeated_and_gapped_units():
    """A missing unit gives limits on both sides; a repeat and a long gap give no contact; all are told."""
    logs = {
        "missing": log("Top", "Sand", "Chalk"), "repeat": log("Clay", "Sand", "Clay"),
        "gap": [(0, 2, "", "Clay"), (2.4, 4, "", "Sand"), (9, 12, "", "Chalk")],
    }  # fmt: skip
    found = borehole_contacts.contacts(holes_of(logs), COLUMN)
    rows = [tuple(row) for row in found.contacts[["hole_id", "unit", "below", "missing", "depth"]].to_numpy()]
    assert rows == [
        ("gap", "Clay", "Sand", "", 2.2), ("missing", "Top", "Sand", "Clay", 2.0), ("missing", "Sand", "Chalk", "", 4.0),
        ("repeat", "Clay", "Sand", "", 2.0),
    ]  # fmt: skip
    npt.assert_allclose(found.contacts["tolerance"], [0.2, 0.0, 0.0, 0.0], atol=1e-12)
    limits = (
        found.limits[found.limits["hole_id"] != "repeat"]
        .groupby(["hole_id", "reason"])["depth"]
        .apply(sorted)
    )
    assert limits["missing", "beside a missing unit"] == [1.0, 3.0]
    assert limits["gap", "beside a gap"] == [4.0, 9.0]
    told = set(zip(found.report["hole_id"], found.report["problem"], strict=True))
    assert told == {
        ("missing", "units missing"),
        ("repeat", "older unit on a younger one"),
        ("gap", "gap too long for a contact"),
    }


def turned(logs, inclination=90.0):
    """The same rock met by holes that go up: from the end of each to its start, from the collar at its end."""
    found = {}
    for name, rows in logs.items():
        end = rows[-1][1]
        found[name] = [(end - b, end - a, *rest) for a, b, *rest in rows[::-1]]
    surveys = pd.DataFrame({"hole_id": list(logs), "depth": 0.0, "azimuth": 0.0, "inclination": inclination})
    return holes_of(
        found, surveys=surveys, elevation=10.0 - np.array([rows[-1][1] for rows in logs.values()])
    )


def test_a_hole_that_rises_tells_the_same_as_one_that_falls():
    """Order, units by rules, contacts, limits and panels of rock are the same from below as from above."""
    logs = {
        "A": log("Top", "Clay", "Clay", "Sand"),
        "B": [(0, 3, "peat", "Top"), (3.4, 6, "sand", "Sand"), (20, 21, "chalk", "Chalk")],
    }
    down, up = holes_of(logs), turned(logs)
    npt.assert_array_equal(
        borehole_order.stratigraphic_order(up).pairs, borehole_order.stratigraphic_order(down).pairs
    )
    both = [units(holes, column=COLUMN)[0].sort_values(["hole_id", "from_depth"]) for holes in (down, up)]
    assert [list(part["unit"])[::-1] for _hole, part in both[1].groupby("hole_id")] == [
        list(part["unit"]) for _hole, part in both[0].groupby("hole_id")
    ]
    ends = []
    for holes in (down, up):
        found = borehole_contacts.contacts(holes)
        contacts = found.contacts[["unit", "below", "easting", "upward", "tolerance"]]
        limits = found.limits[["unit", "easting", "upward"]]
        ends.append([sorted(map(tuple, part.round(9).to_numpy())) for part in (contacts, limits)])
    assert ends[0] == ends[1]
    panels = [
        borehole_panel.correlation_panel(holes, COLUMN, hang="Top", width_px=400).thickness
        for holes in (down, up)
    ]
    for name in ("unit", "thickness", "top_height", "whole"):
        npt.assert_array_equal(panels[0][name], panels[1][name])


def test_a_hole_that_falls_and_rises_gives_the_contacts_of_both_parts():
    """Along a half circle down and up again the unit above is the younger one on both sides; the turn tells nothing."""
    surveys = pd.DataFrame(
        {"hole_id": "A", "depth": [0.0, 100 * np.pi], "azimuth": 90.0, "inclination": [-89.999, 89.999]}
    )
    half = 50 * np.pi
    rows = [(0, 40, "", "Clay"), (40, half, "", "Sand"), (half, 250, "", "Sand"), (250, 300, "", "Clay")]
    found = borehole_contacts.contacts(holes_of({"A": rows}, surveys=surveys), COLUMN)
    assert list(found.contacts[["depth", "unit", "below"]].itertuples(index=False, name=None)) == [
        (40.0, "Clay", "Sand"), (250.0, "Clay", "Sand"),
    ]  # fmt: skip
    rows = [(0, half, "", "Clay"), (half, 300, "", "Sand")]
    found = borehole_contacts.contacts(holes_of({"A": rows}, surveys=surveys), COLUMN)
    assert found.contacts.empty
    assert "hole turns between two units" in set(found.report["problem"])


def test_intervals_without_a_confidence_are_not_sure():
    """Where a least confidence is asked for they count as without a unit; with none asked for all count."""
    holes = holes_of({"A": log("Clay", "Sand")})
    holes.intervals["geology"]["confidence"] = [0.9, np.nan]
    assert len(borehole_contacts.contacts(holes, COLUMN).contacts) == 1
    assert borehole_contacts.contacts(holes, COLUMN, least_confidence=0.5).contacts.empty


def test_nothing_is_said_of_a_stretch_without_a_log():
    """Limits beside a missing unit, and levels to hang holes on, do not come from between 5 and 95 m."""
    rows = [(0, 5, "", "Top"), (95, 100, "", "Top"), (100, 104, "", "Sand")]
    found = borehole_contacts.contacts(holes_of({"A": rows}), COLUMN).limits
    beside = found[found["reason"] == "beside a missing unit"]
    assert list(beside["depth"]) == [97.5, 102.0]
    table = borehole_panel.correlation_panel(
        holes_of({"A": rows}), COLUMN, hang="Top", width_px=400
    ).thickness
    assert list(table["top_height"]) == [100.0, 5.0, 0.0]
    for unseen in ([(0, 5, "", "Top"), (5, 9, "", "")], [(0, 5, "", "Top"), (95, 99, "", "Sand")]):
        holes = holes_of({"A": unseen, "B": log("Top", "Sand")})
        hung = borehole_panel.correlation_panel(holes, COLUMN, hang="Top", width_px=400).thickness
        assert set(hung["hole_id"]) == {"B"}


def test_holes_without_place_or_height_are_told():
    """Their contacts are left out, and so are those of a hole that no collar names."""
    logs = {name: log("Top", "Clay") for name in ("A", "nowhere", "flat", "stray")}
    holes = holes_of(logs, places=[(0, 0), None, (5, 5), (9, 9)], elevation=[10.0, 10.0, np.nan, 10.0])
    holes = Boreholes(holes.collars[:3], holes.surveys, holes.intervals)
    found = borehole_contacts.contacts(holes)
    assert list(found.contacts["hole_id"]) == ["A"]
    told = dict(zip(found.report["hole_id"], found.report["problem"], strict=True))
    assert told == {
        "nowhere": "hole without a place",
        "flat": "hole without an elevation",
        "stray": "hole without a collar",
    }


def test_a_panel_hung_on_a_unit():
    """Heights are counted from its base; a hole that does not reach it is left out; thickness is vertical."""
    logs = {"A": log("Top", "Clay", "Sand"), "B": log("Top", "Sand", thickness=3.0), "C": log("Top")}
    found = borehole_panel.correlation_panel(
        holes_of(logs), COLUMN, hang="Top", lithology="lithology", width_px=400
    )
    assert found.picture.content.startswith(b"\x89PNG")
    table = found.thickness.set_index(["hole_id", "unit"])
    assert set(table.index.get_level_values(0)) == {"A", "B"}
    npt.assert_allclose(table["base_height"].xs("Top", level="unit"), 0.0, atol=1e-12)
    npt.assert_allclose(
        table.loc[("A", "Clay"), ["top_height", "base_height", "thickness"]].astype(float),
        [0, -2, 2],
        atol=1e-12,
    )
    assert list(table["whole"]) == ["yes", "yes", "no", "yes", "no"]
    assert table.loc[("B", "Sand"), "along"] == 100.0


def test_levels_thin_out_where_a_unit_is_missing():
    """Clay, missing in the second hole, ends there between Top and Sand; a shallow third hole draws from its neighbours."""
    from craton.methods import borehole_panel_holes as panel_holes
    from craton.methods.borehole_contacts import Run

    def hole(name, *runs):
        depth = np.unique([[run.top, run.base] for run in runs])
        return panel_holes.Shown(name, slice(0, 0), 0.0, list(runs), depth, -depth)

    shown = [
        hole("A", Run(0, 0, 2), Run(1, 2, 4), Run(2, 4, 9)), hole("B", Run(0, 0, 3), Run(2, 3, 9)),
        hole("C", Run(0, 0, 1)), hole("D", Run(1, 0, 5), Run(2, 5, 8)),
    ]  # fmt: skip
    levels = panel_holes.levels_of(shown, 3, np.arange(4.0))
    npt.assert_allclose(levels.height[:, :3], [[0, -2, -4], [0, -3, -3], [0, -1.5, -4], [0, 0, -5]])
    assert levels.seen[:, 1].tolist() == [True, True, False, True]


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        (lambda holes: borehole_contacts.contacts(holes, unit="nothing"), "unit"),
        (lambda holes: borehole_contacts.contacts(holes, table="nothing"), "table"),
        (lambda holes: borehole_contacts.contacts(holes, COLUMN[:1]), "unit"),
        (lambda holes: borehole_panel.correlation_panel(holes, holes=("Z",)), "holes"),
        (lambda holes: borehole_panel.correlation_panel(holes, hang="Granite"), "hang"),
        (borehole_learning.units_by_learning, "unit"),
        (lambda holes: borehole_contacts.contacts(Boreholes(holes.collars, holes.surveys, {})), "unit"),
        (lambda holes: borehole_desurvey.desurvey(Boreholes(holes.collars[:0])), "boreholes"),
        (lambda holes: borehole_desurvey.desurvey(Boreholes(pd.concat([holes.collars] * 2))), "boreholes"),
    ],
)
def test_what_cannot_be_used_is_refused(call, parameter):
    """Names that are not there, too few interpreted holes, empty sets and repeated holes are named."""
    with pytest.raises(ContractError) as caught:
        call(holes_of({"A": log("Top", "Clay"), "B": log("Top", "Clay")}))
    assert caught.value.parameter == parameter
