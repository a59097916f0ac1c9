"""A manganese bed made for the purpose, its grade known in every cell: estimate, classes and intervals."""

import numpy as np
import numpy.testing as npt
from tests import ore_body

from craton.kernels.conditional_field import ConditionalField
from craton.methods import (
    property_simulation,
    resource_blocks,
    resource_classes,
    resource_composites,
    resource_tonnage,
)


def true_amounts(body, cutoff):
    """Tonnage in Mt and mean grade of 90 m × 90 m × 4 m blocks at or above a cut-off, from the true cells."""
    lattice = body.lattice
    cell = float(np.prod(lattice.spacing))
    grade = body.grade.reshape(22, 2, 8, 3, 10, 3).transpose(0, 2, 4, 1, 3, 5).reshape(22 * 8 * 10, -1)
    count = np.isfinite(grade).sum(axis=1)
    used = count > 0
    means = np.nansum(grade[used], axis=1) / count[used]
    tonnes = count[used] * cell * ore_body.DENSITY * (means >= cutoff)
    return tonnes.sum() / 1e6, (tonnes * means).sum() / tonnes.sum()


def test_the_resource_of_the_bed_is_found_within_its_interval():
    """28 holes at 150 m: tonnage of all ore exact, mean grade within 4 %, tonnage above 20 % within 15 %.

    The mean of a bed of 15 × 12 squares of the range has a standard error of some 2 %; the true values lie in
    the intervals of 80 % of 50 realizations, widened by a half for those of one draw.
    """
    body = ore_body.ore_body(21)
    composites = resource_composites.composite(ore_body.holes(body, 5), ("Mn",), 2.0)
    ore = composites[composites["unit"] == "Ore"]
    assert composites.attrs["columns"]["Mn"]["unit"] == "%"
    npt.assert_allclose(ore["length"], 2.0)
    blocks = resource_blocks.block_model(
        body.volume, composites, "Mn", "Ore", 90.0, height=4.0, density=ore_body.DENSITY, unit_column="unit",
        model=ore_body.MODEL,
    )  # fmt: skip
    classes = resource_classes.classify(blocks)
    ensemble = property_simulation.simulation(
        body.volume, composites, "Mn", unit_column="unit", units=("Ore",), model=ore_body.MODEL, scores=False,
        realizations=50, seed=2,
    )  # fmt: skip
    curve = resource_tonnage.tonnage_grade(classes, "Mn", cutoffs=(0.0, 20.0), realizations=ensemble).table
    for row, cutoff, tolerance in ((0, 0.0, 1e-5), (1, 20.0, 0.15)):
        tonnage, grade = true_amounts(body, cutoff)
        npt.assert_allclose(curve["tonnage"][row], tonnage, rtol=tolerance)
        npt.assert_allclose(curve["grade"][row], grade, rtol=0.04)
        middle = (curve["grade_low"][row] + curve["grade_high"][row]) / 2
        assert abs(grade - middle) < 0.75 * (curve["grade_high"][row] - curve["grade_low"][row])
    table = resource_tonnage.report((classes,), "Mn", cutoff=0.0, realizations=ensemble)
    together = table.set_index("class")["tonnage"]
    npt.assert_allclose(together["measured"] + together["indicated"], together["measured and indicated"])
    assert together["measured and indicated"] + together["inferred"] <= curve["tonnage"][0] * (1 + 1e-9)
    assert (table["metal_low"].dropna() <= table["metal_high"].dropna()).all()


def test_intervals_of_the_bed_are_calibrated():
    """Nominal 80 % intervals of grade and of the share above 20 % hold 75 to 85 % of true values.

    Of the quarters of 60 beds with 10 holes each and 39 realizations; the variogram is known and the mean not.
    The standard error of the share is 2.6 %.
    """
    held, shape = np.zeros(2), (6, 12, 16)
    field = ConditionalField(ore_body.GRADE, shape, (2 * ore_body.STEP, ore_body.SIDE, ore_body.SIDE))
    for number, truth in enumerate(field.draw(60, (1,))):
        holes = np.random.default_rng(number).choice(12 * 16, 10, replace=False)
        known = np.sort((np.arange(6)[:, None] * 12 * 16 + holes).ravel())
        drawn = field.draw(39, (2, number))
        field.tie(drawn, known, truth[known].astype(float), known_mean=False)
        for row, column in np.ndindex(2, 2):
            part = (..., slice(6 * row, 6 * row + 6), slice(8 * column, 8 * column + 8))
            cells, true = drawn.reshape(39, *shape)[part].reshape(39, -1), truth.reshape(shape)[part]
            for kind, (amounts, amount) in enumerate(
                [(cells.mean(axis=1), true.mean()), ((cells >= 0).mean(axis=1), (true >= 0).mean())]
            ):
                low, high = np.quantile(amounts, (0.1, 0.9), method="weibull")
                held[kind] += low <= amount <= high
    assert (held / 240 >= 0.75).all()
    assert (held / 240 <= 0.85).all()
