"""Geochemistry, rocks: rare earths and trace elements over a reference, as a table and a picture."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from craton.methods.geochemistry_columns import AnyTable, with_columns
from craton.methods.geochemistry_pictures import PixelWidth, Plot, groups_of
from craton.methods.geochemistry_reference import Composition, amount, element_values, title_of
from craton.model.data import Document
from craton.model.errors import ContractError
from craton.process.marks import ColumnOf, Paper
from craton.process.processes import process

TABLE, PICTURE = "geochemistry.normalised", "geochemistry.normalised_picture"

RARE_EARTHS = ("La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu")

SPIDER = (
    "Cs", "Rb", "Ba", "Th", "U", "Nb", "Ta", "K", "La", "Ce", "Pb", "Pr", "Sr", "P", "Nd", "Zr", "Sm", "Eu",
    "Ti", "Dy", "Y", "Yb", "Lu",
)  # fmt: skip
"""From the most incompatible element on, after Sun and McDonough (1989)."""

Elements = Literal["rare_earths", "spider"]

ORDER = {"rare_earths": RARE_EARTHS, "spider": SPIDER}

RATIOS = (("La", "Yb"), ("La", "Sm"), ("Gd", "Yb"))

MOST_LINES = 2000
"""Samples of a picture; more cannot be told apart."""


@process(
    TABLE, version="1", keywords=("REE", "spidergram", "chondrite", "europium anomaly", "稀土元素", "标准化")
)
def normalised(
    table: AnyTable, *, composition: Composition = "chondrite", elements: Elements = "rare_earths"
) -> AnyTable:
    """Rare earths or trace elements divided by a reference, with the anomalies of europium and cerium.

    Use it to compare rocks by the shape of their pattern: the division takes away that elements of even
    number are more abundant. Numbers from different references do not compare.

    Parameters
    ----------
    table : DataFrame
        Analyses; columns are known by their quantity or name. K, Ti and P are taken from their oxides where
        they are not there as elements.
    composition : str
        `chondrite` (McDonough and Sun 1995), `chondrite_1989`, `primitive_mantle`, `n_morb`, `e_morb`, `oib`
        (Sun and McDonough 1989), `paas` (Taylor and McLennan 1985) or `upper_crust` (Rudnick and Gao 2003).
    elements : str
        `rare_earths` from La to Lu, or the incompatible elements of a `spider` diagram.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, and `NAME_n` for each element that both have. For rare earths also
        `eu_anomaly`, `ce_anomaly`, `la_yb_n`, `la_sm_n`, `gd_yb_n` and `sum_rare_earths` in mg/kg (of the
        elements that are there), where their elements are.

    Notes
    -----
    Eu/Eu* = Eu_n/√(Sm_n Gd_n), Ce/Ce* = Ce_n/√(La_n Pr_n): 1 is none. A value that is missing or not above
    0 leaves its results missing.

    References
    ----------
    McDonough, W. F., and Sun, S.-s. (1995). The composition of the Earth. Chemical Geology 120, 223-253.
    doi:10.1016/0009-2541(94)00140-4

    Sun, S.-s., and McDonough, W. F. (1989). Chemical and isotopic systematics of oceanic basalts. Geological
    Society Special Publication 42, 313-345. doi:10.1144/GSL.SP.1989.042.01.19

    Taylor, S. R., and McLennan, S. M. (1985). The Continental Crust: its Composition and Evolution.
    Blackwell.

    Rudnick, R. L., and Gao, S. (2003). Composition of the continental crust. Treatise on Geochemistry 3,
    1-64. doi:10.1016/B0-08-043751-6/03016-4
    """
    values = element_values(TABLE, table, ORDER[elements])
    shown = _normalised(TABLE, values, composition, elements)
    added = {f"{name}_n": (found, {"unit": "1"}) for name, found in shown.items()}
    if elements == "rare_earths":
        added |= {name: (found, {"unit": "1"}) for name, found in _shape(shown).items()}
        total = np.nansum(list(values.values()), axis=0)
        none = np.isnan(list(values.values())).all(axis=0)
        added["sum_rare_earths"] = (np.where(none, np.nan, total), {"unit": "mg/kg"})
    return with_columns(table, added)


def _normalised(
    id: str, values: dict[str, np.ndarray], composition: str, elements: str
) -> dict[str, np.ndarray]:
    """Elements over the reference, by symbol; `ContractError` where there are fewer than three."""
    shown = {}
    for name, found in values.items():
        level = amount(composition, name)
        if level > 0:
            shown[name] = np.where(found > 0, found, np.nan) / level
    if len(shown) < 3:
        allowed = f"a table with three or more of {', '.join(ORDER[elements])}"
        raise ContractError(id, "table", allowed, f"one with {', '.join(shown) or 'none'}")
    return shown


def _shape(shown: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Anomalies and ratios for which the elements are there."""
    found = {}
    for name, (middle, left, right) in {"eu": ("Eu", "Sm", "Gd"), "ce": ("Ce", "La", "Pr")}.items():
        if {middle, left, right} <= set(shown):
            found[f"{name}_anomaly"] = shown[middle] / np.sqrt(shown[left] * shown[right])
    for above, below in RATIOS:
        if {above, below} <= set(shown):
            found[f"{above.lower()}_{below.lower()}_n"] = shown[above] / shown[below]
    return found


@process(PICTURE, version="1", keywords=("REE", "spidergram", "figure", "plot", "稀土配分图", "蛛网图"))
def normalised_picture(
    table: AnyTable,
    *,
    composition: Composition = "chondrite",
    elements: Elements = "rare_earths",
    group: Annotated[str, ColumnOf("table")] | None = None,
    title: str = "",
    width_px: PixelWidth = 1200,
) -> Annotated[Document, Paper()]:
    """Picture of normalised rare earths (REE pattern) or trace elements (spider diagram).

    Use it for the figure of a report. For numbers take `geochemistry.normalised`.

    Parameters
    ----------
    table : DataFrame
        Analyses of up to 2000 samples, as for `geochemistry.normalised`.
    composition : str
        Reference that values are divided by.
    elements : str
        `rare_earths` or `spider`.
    group : str, optional
        Column by whose values lines are coloured; the nine most frequent have a colour.
    title : str
        Written above the plot.
    width_px : int
        Width in pixels, from 400 to 6000.

    Returns
    -------
    Document
        A PNG with a logarithmic axis. A line goes past elements that are missing.

    References
    ----------
    Sun, S.-s., and McDonough, W. F. (1989). Chemical and isotopic systematics of oceanic basalts. Geological
    Society Special Publication 42, 313-345. doi:10.1144/GSL.SP.1989.042.01.19
    """
    if len(table) > MOST_LINES:
        raise ContractError(PICTURE, "table", f"at most {MOST_LINES} samples", str(len(table)))
    shown = _normalised(PICTURE, element_values(PICTURE, table, ORDER[elements]), composition, elements)
    names, values = list(shown), np.column_stack(list(shown.values()))
    rows = np.flatnonzero(np.isfinite(values).any(axis=1))
    if not rows.size:
        raise ContractError(PICTURE, "table", "a table of samples with values above 0", "one of none")
    groups = groups_of(table, group, rows)
    plot = Plot([title, *names, *(label for label, _c, _r in groups)])
    for label, colour, part in groups:
        _draw_lines(plot, values[part], label, colour)
    plot.axes.set(yscale="log", xticks=range(len(names)), xlim=(-0.5, len(names) - 0.5))
    plot.axes.set_xticklabels(names, family=plot.fonts)
    plot.axes.axhline(1, color="#b8b5ac", linewidth=0.6, zorder=0)
    plot.name_axes(title, "", f"Sample / {title_of(composition)}")
    plot.key(loc="upper right")
    return Document(text=title or title_of(composition), media_type="image/png", content=plot.png(width_px))


def _draw_lines(plot: Plot, values: np.ndarray, label: str, colour: str) -> None:
    """Draw the lines of one group; only the first has a label."""
    strength = 0.9 if len(values) < 30 else 0.35
    for number, line in enumerate(values):
        there = np.isfinite(line)
        mark = {"marker": "o", "markersize": 2.5, "linewidth": 0.8, "color": colour, "alpha": strength}
        plot.axes.plot(np.flatnonzero(there), line[there], label=label if number == 0 else "_", **mark)
