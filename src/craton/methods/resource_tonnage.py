"""Tonnage and grade: what of a block model lies above cut-offs, by class and unit, with its interval."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from craton.methods.curve_sheet import MARKS, CurveSheet
from craton.methods.geomodel_volume import cells_of
from craton.methods.property_cells import ModelVolume
from craton.methods.resource_amounts import (
    MEGATONNE,
    add_interval,
    amounts_of,
    limits_of,
    ore_of,
    realized_means,
    unit_of,
)
from craton.methods.resource_blocks import BlockVolume
from craton.methods.resource_classes import CLASS, NAMES, NOTICE, field_of
from craton.methods.vector_shapes import COLUMNS
from craton.model.data import Document
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Paper, Table
from craton.process.processes import process

CURVE, REPORT = "resource.tonnage_grade", "resource.report"

RANKS = {"measured": "G1", "indicated": "G2", "inferred": "G3"}
"""Confidence in the estimate as UNFC ranks it, by class."""

AMOUNTS = (
    Column(name="volume", unit="m3", title="Volume of ore"),
    Column(name="tonnage", unit="Mt", title="Ore tonnage"),
    Column(name="grade", title="Mean grade"),
    Column(name="metal", unit="t", title="Contained metal"),
)
ENDS = tuple(
    Column(name=f"{name}_{end}", unit=unit, title=f"{title}, {words}")
    for name, unit, title in (
        ("tonnage", "Mt", "Ore tonnage"), ("grade", "", "Mean grade"), ("metal", "t", "Contained metal")
    )
    for end, words in (("low", "10th percentile"), ("high", "90th percentile"))
)  # fmt: skip

Cutoff = Annotated[float, Bounds(minimum=0)]


class Curve(NamedTuple):
    """Tonnage and grade by cut-off."""

    table: Annotated[
        pd.DataFrame, Table(columns=(Column(name="cutoff", title="Cut-off grade"), *AMOUNTS, *ENDS))
    ]
    picture: Annotated[Document, Paper()]


@process(
    CURVE, version="1", keywords=("cut-off", "grade-tonnage curve", "recoverable", "品位吨位曲线", "边界品位")
)
def tonnage_grade(
    blocks: BlockVolume,
    column: str,
    *,
    cutoffs: tuple[Cutoff, ...] = (),
    realizations: ModelVolume | None = None,
    width: Annotated[int, Bounds(minimum=400, maximum=4000)] = 1440,
) -> Curve:
    """Tonnage and mean grade above each of several cut-off grades, as a table and a picture.

    Use it to see how a resource shrinks and grows rich as the cut-off rises. The curve of kriged blocks is
    too smooth where holes are far apart: too much tonnage just below the mean, too little rich ore.
    Realizations show by how much; the curve of classes is `resource.report`.

    Parameters
    ----------
    blocks : Dataset
        Blocks from `resource.block_model`.
    column : str
        Name of the grade.
    cutoffs : tuple of float
        Cut-off grades in the unit of the grade, rising. Left out, 25 from 0 to where 2 percent of the ore is
        left.
    realizations : Dataset
        Ensemble of the grade from `property.simulation` on the cells of the model, 9 realizations or more;
        its cells of the unit of the blocks are averaged over each block here. Left out, no interval is given.
    width : int
        Width of the picture in pixels.

    Returns
    -------
    table : DataFrame
        By `cutoff`: `volume` of ore in m³, `tonnage` in Mt, mean `grade` weighed by tonnage, contained
        `metal` in t (empty where the grade has no unit of parts), and of the last three the ends of the
        interval that holds 80 percent of the realizations (`_low`, `_high`).
    picture : Document
        Tonnage and grade against cut-off, PNG.

    Notes
    -----
    A block counts with its part in the unit if its grade is the cut-off or more, to six digits: T = Σ V ρ,
    mean grade Σ V ρ z / T. At a cut-off of 0 all ore counts, blocks that kriging gave a grade below 0 too. Of
    no ore the grade is empty, and so is an end of an interval where fewer than 9 realizations have ore.

    References
    ----------
    Lane, K. F. (1988). The economic definition of ore. Mining Journal Books.

    Rossi, M. E., and Deutsch, C. V. (2014). Mineral resource estimation. Springer, chapter 9.
    doi:10.1007/978-1-4020-5717-5
    """
    ore, unit = ore_of(CURVE, blocks, column), unit_of(blocks, column)
    limits = limits_of(CURVE, cutoffs, ore)
    table = pd.DataFrame({"cutoff": limits, **amounts_of(ore, limits, unit)})
    add_interval(table, realized_means(CURVE, blocks, column, realizations), limits, ore, unit)
    table.attrs[COLUMNS] = _grade_units(unit)
    return Curve(table, _picture(table, column, unit, width))


@process(
    REPORT, version="1", keywords=("JORC", "UNFC", "resource statement", "metal", "资源量估算", "储量报告")
)
def report(
    blocks: tuple[BlockVolume, ...],
    column: str,
    *,
    cutoff: Cutoff = 0.0,
    realizations: ModelVolume | None = None,
) -> Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="unit", title="Unit"),
            Column(name="class", title="Class"),
            Column(name="rank", title="Confidence as UNFC ranks it"),
            Column(name="cutoff", title="Cut-off grade"),
            Column(name="density", unit="g/cm3", title="Mean density"),
            *AMOUNTS,
            *ENDS,
        )
    ),
]:
    """Table of a resource above a cut-off by unit and class, with the interval of simulation.

    Use it for the last page of an estimate. It follows the form of tables under the JORC Code (2012) and the
    G axis of UNFC, and claims neither: classes come from `resource.classify` by rule, and a competent person
    must judge and sign. Ore without a class is not in it.

    Parameters
    ----------
    blocks : tuple of Dataset
        Blocks from `resource.classify`, of one unit or several.
    column : str
        Name of the grade, the same in all.
    cutoff : float
        Cut-off grade in the unit of the grade; at 0 all ore counts.
    realizations : Dataset
        Ensemble of the grade from `property.simulation` on the cells of the model, 9 realizations or more; of
        each unit its own cells count. Left out, no interval is given.

    Returns
    -------
    DataFrame
        Rows by `unit` and `class`, with measured and indicated together; inferred ore is not added to them.
        Each has `rank` (G1, G2, G3), `volume` in m³, mean `density`, `tonnage` in Mt, mean `grade`, contained
        `metal` in t, and the ends of the interval of 80 percent of tonnage, grade and metal. With several
        units, rows of all of them follow.

    Notes
    -----
    The interval is that of the sum over the class in each realization, so blocks that are wrong together
    count so. It holds the doubt of the grade between holes, not that of the borders of units, density or
    sampling.

    References
    ----------
    Joint Ore Reserves Committee (2012). Australasian code for reporting of exploration results, mineral
    resources and ore reserves (the JORC Code), table 1 and clauses 20 to 28.

    United Nations Economic Commission for Europe (2020). United Nations framework classification for
    resources, update 2019. ECE Energy Series 61.
    """
    if not blocks:
        raise ContractError(REPORT, "blocks", "blocks of one unit or more", "none")
    rows = [row for one in blocks for row in _by_class(one, column, cutoff, realizations)]
    units = sorted({unit_of(one, column) for one in blocks})
    if len(units) > 1:
        came = " and ".join(unit or "none" for unit in units)
        raise ContractError(REPORT, "blocks", "grades of one unit in all", came)
    table = pd.DataFrame(rows)
    table.attrs = {COLUMNS: _grade_units(units[0]), "notice": NOTICE}
    return table


def _grade_units(unit: str) -> dict[str, dict[str, str]]:
    return {name: {"unit": unit} for name in ("cutoff", "grade", "grade_low", "grade_high") if unit}


def _by_class(
    blocks: xr.Dataset, column: str, cutoff: float, realizations: xr.Dataset | None
) -> list[dict[str, Any]]:
    """Rows of the report for the blocks of one unit."""
    classes = cells_of(field_of(REPORT, blocks, CLASS), process=REPORT, parameter="blocks").ravel()
    name = str(blocks.attrs.get("unit_name", "")) or "ore"
    # All ore first, which refuses blocks without it.
    ore_of(REPORT, blocks, column)
    means, unit = realized_means(REPORT, blocks, column, realizations), unit_of(blocks, column)
    limits, rows = np.array([cutoff]), []
    for group in ((1,), (2,), (1, 2), (3,)):
        ore = ore_of(REPORT, blocks, column, np.isin(classes, group))
        row = pd.DataFrame(amounts_of(ore, limits, unit))
        add_interval(row, means, limits, ore, unit)
        volume, mass = float(row["volume"].iloc[0]), float(row["tonnage"].iloc[0]) * MEGATONNE
        first = {
            "unit": name, "class": " and ".join(NAMES[code - 1] for code in group),
            "rank": "+".join(RANKS[NAMES[code - 1]] for code in group), "cutoff": cutoff,
            "density": mass / volume if volume > 0 else np.nan,
        }  # fmt: skip
        amounts = {str(key): float(value) for key, value in row.iloc[0].items()}
        rows.append({**first, **amounts})
    return rows


def _picture(table: pd.DataFrame, column: str, unit: str, width: int) -> Document:
    """Tonnage to the left, grade to the right, with the interval as a band."""
    grade = f"{column} ({unit})" if unit else column
    sheet = CurveSheet(f"Tonnage and grade of {column}", ["Tonnage (Mt)", grade], 4.4)
    left = sheet.panels[0][0]
    sheet.dress(left, f"Cut-off, {grade}", "Tonnage (Mt)")
    right = left.twinx()
    sheet.dress(right, "", f"Mean {grade}")
    right.grid(visible=False)
    right.set_facecolor("none")
    for panel, name, words, mark in (
        (left, "tonnage", "tonnage", MARKS[0]),
        (right, "grade", "mean grade", MARKS[1]),
    ):
        panel.plot(
            table["cutoff"],
            table[name],
            color=mark[0],
            marker=mark[1],
            markersize=2.5,
            linewidth=1.2,
            label=words,
        )
        if table[f"{name}_low"].notna().any():
            ends = table[f"{name}_low"], table[f"{name}_high"]
            panel.fill_between(
                table["cutoff"], *ends, color=mark[0], alpha=0.18, linewidth=0, label=f"80 % of {name}"
            )
    left.set_ylim(bottom=0)
    lines, labels = left.get_legend_handles_labels()
    further = right.get_legend_handles_labels()
    left.legend(lines + further[0], labels + further[1], frameon=False, fontsize=7)
    return sheet.document(width)
