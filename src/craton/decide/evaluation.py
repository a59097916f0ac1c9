"""Evaluations told by a pack: on tables, made data, checks, and two results held side by side."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import pandas as pd

from craton.decide.criteria_table import AnyTable, stated
from craton.decide.evaluation_answer import document
from craton.decide.evaluation_data import of_table
from craton.decide.evaluation_made import made_parcels
from craton.decide.evaluation_places import Rows
from craton.decide.evaluation_plan import plan_of
from craton.decide.evaluation_run import carried_out, results
from craton.decide.evaluation_tables import contributions_table, units_table, weights_table
from craton.model.data import Document
from craton.model.errors import ContractError, InvalidError
from craton.model.pack_check import PackFinding
from craton.model.pack_check import check as faults_of
from craton.model.pack_text import decoded
from craton.process.marks import Bounds, Column, Paper, Table
from craton.process.processes import process

TABLE, MADE, CHECK = "evaluation.table", "evaluation.made_data", "evaluation.check"

Draws = Annotated[int, Bounds(minimum=0, maximum=100_000)]

Seed = Annotated[int, Bounds(minimum=0)]

Answer = Annotated[Document, Paper()]

Parcels = Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",))]

PartTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="criterion", title="Criterion"),
            Column(name="part", title="Part of it"),
            Column(name="kind", title="Whether the part is a criterion or an indicator"),
            Column(name="weight", unit="1", title="Weight beside the other parts"),
            Column(name="whole_weight", unit="1", title="Weight in the whole"),
            Column(name="method", title="How the parts were weighed"),
            Column(name="source", title="Who judged, or where the weights come from"),
            Column(name="consistency_ratio", unit="1", title="Consistency ratio of the judgments"),
        )
    ),
]

ContributionTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="row", title="Number of the unit from 1"),
            Column(name="label", title="Name of the unit"),
            Column(name="indicator", title="Indicator"),
            Column(name="value", title="Its number"),
            Column(name="unit", title="Unit of its number"),
            Column(name="score", unit="1", title="Its score"),
            Column(name="weight", unit="1", title="Its weight in the whole"),
            Column(name="contribution", unit="1", title="What it brings to the score"),
            Column(name="obstacle", unit="1", title="Share of what is missing that is due to it"),
            Column(name="from", title="Attributes it was made of, and where they come from"),
        )
    ),
]

FaultTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="place", title="Place in the pack"),
            Column(name="reason", title="What is wrong"),
            Column(name="hint", title="What to do"),
        )
    ),
]


class TableEvaluation(NamedTuple):
    """Units with scores and grades, weights, where the scores come from, and the answer as a document."""

    units: AnyTable
    weights: PartTable
    contributions: ContributionTable
    answer: Answer


@process(TABLE, version="1", keywords=("pack", "assessment", "suitability", "评价", "适宜性"))
def table(
    units: AnyTable,
    *,
    pack: str,
    overlay: str = "",
    scenario: str = "",
    draws: Draws | None = None,
    seed: Seed = 0,
) -> TableEvaluation:
    """Indicators, scores, grades and ranks of each row of a table, as a pack tells.

    Use it for parcels, basins, districts and projects: it works out the indicators of a pack, scores them,
    weighs them up the hierarchy, grades and ranks the units, answers the decision tables, and says how sure
    that is and what holds each unit back. Cells of a grid go through `evaluation.grid`.

    Parameters
    ----------
    units : DataFrame
        A row for each unit, with a column for each attribute of the pack: called as it is there, or of its
        quantity. Units that convert are converted. Numbers out of the bounds of an attribute are gaps.
    pack : str
        Text of the pack, TOML or JSON.
    overlay : str
        Text that is laid over the pack key by key, such as the thresholds of a country.
    scenario : str
        Scenario of the pack; empty for things as they are.
    draws : int, optional
        Draws over weights and errors of the data; left out, as many as the pack says; 0 for none.
    seed : int
        Start of the random numbers, at least 0.

    Returns
    -------
    units : DataFrame
        The rows and columns of `units`; each indicator in its unit, `score_NAME` of indicators and criteria,
        `score` from 0 to 1, `grade`, `grade_number` from 1 for the lowest, `rank`, `limiting` (the indicator
        of the greatest obstacle), the answer of each decision table; with draws `grade_probability`,
        `best_rank`, `worst_rank`, `first_probability`, `top_probability`; `efficiency` and the use of each
        problem where the pack asks for them. A unit with a gap in a scored indicator has gaps.
    weights : DataFrame
        A row for each part of each criterion.
    contributions : DataFrame
        A row for each indicator of each of the first 2,000 units by rank, with the attributes it comes from.
    answer : Document
        The answer as JSON, from which reports and the dashboard are drawn.

    Notes
    -----
    A contribution is w_j s_j with the weight in the whole; where scores are not put together by weighted
    sums, contributions are in these proportions and add up to the score. The obstacle is
    w_j (1 − s_j)/Σ w_j (1 − s_j). Weights are drawn evenly up to the pack's spread around themselves; with
    more than 20,000 units the ranks of the draws are those of scores in 65,536 steps. Where the score is no
    weighted sum, or data have errors, units times draws are held to 200 million, and the answer tells how
    many draws were made. A unit that uses nothing or gives nothing has no efficiency.

    Areas of polygons are those on the map, or those on the ground where the map stretches areas by more than
    a hundredth. Where units have no areas they all count as alike in a problem.

    Parts that score all units alike are refused where they are put together by `topsis` or `grey_relation`,
    which call the best of the units ideal whatever its scores are.

    References
    ----------
    OECD and JRC (2008). Handbook on Constructing Composite Indicators: Methodology and User Guide. OECD
    Publishing. doi:10.1787/9789264043466-en

    Lahdelma, R., and Salminen, P. (2001). SMAA-2: stochastic multicriteria acceptability analysis for group
    decision making. Operations Research 49(3), 444-454. doi:10.1287/opre.49.3.444.11220
    """
    plan = plan_of(TABLE, pack, overlay, scenario, support="table")
    taken = of_table(TABLE, units, plan)
    done = carried_out(TABLE, plan, taken)
    found = results(TABLE, done, taken, Rows(units, plan, done.units), "table", draws, seed)
    return TableEvaluation(
        units_table(units, found), weights_table(done), contributions_table(found), document(found)
    )


@process(MADE, version="1", keywords=("synthetic", "demonstration", "test data", "模拟数据"))
def made_data(*, pack: str, overlay: str = "", seed: Seed = 0) -> Parcels:
    """Made data of a pack: a lattice of parcels with all attributes, for trials and demonstration.

    Use it to see what a pack does before data are at hand. The numbers are drawn as the pack tells and say
    nothing about any place.

    Parameters
    ----------
    pack : str
        As for `evaluation.table`. It tells how each attribute is drawn.
    overlay : str
        As for `evaluation.table`.
    seed : int
        As for `evaluation.table`.

    Returns
    -------
    GeoDataFrame
        Square parcels with a name and a column for each attribute, in the units of the pack.

    Notes
    -----
    Fields with neighbours alike are normal numbers smoothed by a Gaussian, brought back to deviation 1 and
    then to the distribution that is asked for.

    References
    ----------
    Oliver, D. S. (1995). Moving averages for Gaussian simulation in two and three dimensions. Mathematical
    Geology 27(8), 939-960. doi:10.1007/BF02091660
    """
    plan = plan_of(MADE, pack, overlay)
    if plan.pack.synthetic is None:
        raise ContractError(MADE, "pack", "one that tells how data are made", "one without `synthetic`")
    return made_parcels(plan.pack, plan.pack.synthetic, seed)


@process(CHECK, version="1", keywords=("validate", "lint", "审查", "校验"))
def check(*, pack: str, overlay: str = "") -> FaultTable:
    """Faults of a pack: what keeps it from being run, where, and what to do about it.

    Use it while a pack is written. A table without rows says that the pack can be run; whether its examples
    come out is another question.

    Parameters
    ----------
    pack : str
        As for `evaluation.table`.
    overlay : str
        As for `evaluation.table`.

    Returns
    -------
    DataFrame
        A row for each fault.

    Notes
    -----
    Judgments of pairs are to have a consistency ratio of at most 0.1.

    References
    ----------
    Saaty, T. L. (1980). The Analytic Hierarchy Process. McGraw-Hill.
    """
    try:
        found = faults_of(decoded(pack, overlay))
    except InvalidError as error:
        found = [PackFinding(place="pack", reason=error.message, hint=error.hint)]
    rows = {name: [getattr(one, name) for one in found] for name in ("place", "reason", "hint")}
    return stated({name: pd.Series(values, dtype="string") for name, values in rows.items()}, {})
