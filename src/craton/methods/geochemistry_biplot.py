"""Geochemistry, elements together: biplot of scores and loadings."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd

from craton.methods.geochemistry_columns import numbers
from craton.methods.geochemistry_pictures import PixelWidth, Plot, groups_of
from craton.methods.map_style import INK
from craton.model.data import Document
from craton.model.errors import ContractError
from craton.process.marks import Column, ColumnOf, Paper, Table
from craton.process.processes import process

BIPLOT = "geochemistry.biplot"


@process(BIPLOT, version="1", keywords=("principal components", "figure", "loadings", "scores", "双标图"))
def biplot(
    scores: Annotated[pd.DataFrame, Table()],
    loadings: Annotated[pd.DataFrame, Table(columns=(Column(name="element", title="Element"),))],
    *,
    first: Annotated[str, ColumnOf("scores", numeric=True)] = "PC1",
    second: Annotated[str, ColumnOf("scores", numeric=True)] = "PC2",
    group: Annotated[str, ColumnOf("scores")] | None = None,
    title: str = "",
    width_px: PixelWidth = 1200,
) -> Annotated[Document, Paper()]:
    """Picture of samples as points and elements as arrows on two components.

    Use it to read what `geochemistry.principal_components` or `geochemistry.factors` found: samples that
    lie the way an arrow points are rich in that element against the others.

    Parameters
    ----------
    scores : DataFrame
        Samples with their scores.
    loadings : DataFrame
        Elements with their loadings, in columns named as those of the scores.
    first : str
        Column of the scores to the right.
    second : str
        Column of the scores upward.
    group : str, optional
        Column by whose values points are coloured, such as a rock; the nine most frequent have a colour.
    title : str
        Written above the plot.
    width_px : int
        Width in pixels, from 400 to 6000.

    Returns
    -------
    Document
        A PNG. Samples without a score are left out.

    Notes
    -----
    Arrows are the loadings, all longer by one factor so that they fill the plot; their directions and
    ratios count. With log-ratios the line between two arrowheads stands for the ratio of both elements.

    References
    ----------
    Gabriel, K. R. (1971). The biplot graphic display of matrices with application to principal component
    analysis. Biometrika 58(3), 453-467. doi:10.1093/biomet/58.3.453

    Aitchison, J., and Greenacre, M. (2002). Biplots of compositional data. Applied Statistics 51(4), 375-392.
    doi:10.1111/1467-9876.00275
    """
    for name in (first, second):
        if name not in loadings.columns or not pd.api.types.is_numeric_dtype(loadings[name]):
            raise ContractError(
                BIPLOT, "loadings", f"a table with a column `{name}` of numbers", "one without"
            )
    places = np.column_stack([numbers(scores, first), numbers(scores, second)])
    rows = np.flatnonzero(np.isfinite(places).all(axis=1))
    if not rows.size:
        raise ContractError(BIPLOT, "scores", "a table of samples with scores", "one of none")
    arrows = np.column_stack([numbers(loadings, first), numbers(loadings, second)])
    names = loadings["element"].astype(str).to_list()
    groups = groups_of(scores, group, rows)
    plot = Plot([title, first, second, *names, *(label for label, _c, _r in groups)], height=6.2)
    for label, colour, part in groups:
        plot.axes.scatter(*places[part].T, s=9, color=colour, alpha=0.7, linewidth=0, label=label)
    reach, longest = float(np.abs(places[rows]).max()), float(np.nanmax(np.abs(arrows), initial=0.0))
    scale = 0.85 * reach / longest if longest > 0 else 1.0
    for name, (east, north) in zip(names, arrows * scale, strict=True):
        if np.isfinite(east) and np.isfinite(north):
            way = {"arrowstyle": "-|>", "color": INK, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
            plot.axes.annotate("", (east, north), (0, 0), arrowprops=way)
            plot.write(east * 1.07, north * 1.07, name, color=INK)
    limit = 1.05 * max(reach, 1e-12)
    plot.axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    plot.axes.axhline(0, color="#dcdad3", linewidth=0.6, zorder=0)
    plot.axes.axvline(0, color="#dcdad3", linewidth=0.6, zorder=0)
    plot.name_axes(title, first, second)
    plot.key(loc="best")
    return Document(text=title or f"{first} and {second}", media_type="image/png", content=plot.png(width_px))
