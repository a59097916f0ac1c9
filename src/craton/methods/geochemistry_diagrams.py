"""Geochemistry, rocks: igneous rocks named by diagrams of their main oxides, as a column and a picture."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import shapely

from craton.methods.geochemistry_columns import AnyTable, Cells, analytes, with_columns
from craton.methods.geochemistry_pictures import PixelWidth, Plot, groups_of
from craton.methods.geochemistry_reference import in_unit, molar_mass, share_in_oxide
from craton.methods.map_style import GREY
from craton.model.data import Document
from craton.model.errors import ContractError
from craton.process.marks import ColumnOf, Paper
from craton.process.processes import process

CLASSES, PICTURE = "geochemistry.rock_classes", "geochemistry.rock_picture"

Diagram = Literal["tas", "k2o_silica", "afm", "alumina_saturation"]

NEEDED = {
    "tas": ("SiO2", "Na2O", "K2O"),
    "k2o_silica": ("SiO2", "K2O"),
    "afm": ("Na2O", "K2O", "MgO"),
    "alumina_saturation": ("Al2O3", "CaO", "Na2O", "K2O"),
}

MAJORS = ("SiO2", "TiO2", "Al2O3", "MnO", "MgO", "CaO", "Na2O", "K2O", "P2O5")
IRON = ("Fe2O3", "FeO", "Fe2O3T", "FeOT")

ALWAYS = ("SiO2", "Al2O3", "MgO", "CaO", "Na2O", "K2O")
"""Oxides without which a total means nothing."""

TOTAL = (80.0, 110.0)
"""Totals of oxides in percent that a whole analysis can have."""

HEIGHT = np.sqrt(3.0) / 2.0
"""Height of a triangle of side 1."""


@cache
def _diagrams() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("tables/rock_diagrams.toml").read_text("utf-8"))


@cache
def _outlines(diagram: str) -> tuple[shapely.Polygon, ...]:
    """Fields of a diagram in its plane."""
    every = [np.array(field["corners"], float) for field in _diagrams()[diagram]["fields"]]
    return tuple(shapely.polygons(_in_triangle(one) if diagram == "afm" else one) for one in every)


def _in_triangle(parts: np.ndarray) -> np.ndarray:
    """Places (n, 2) of three parts (n, 3) that add up to 100: A lower left, F at the top, M lower right."""
    return np.column_stack([parts[:, 2] + parts[:, 1] / 2.0, parts[:, 1] * HEIGHT])


class _Placed(NamedTuple):
    """What the axes of a diagram show of each sample (n, 2 or 3), and where it lies in the plane (n, 2)."""

    shown: np.ndarray
    places: np.ndarray


@process(CLASSES, version="2", keywords=("TAS", "AFM", "A/CNK", "shoshonite", "volcanic rocks", "岩石分类"))
def rock_classes(table: AnyTable, *, diagram: Diagram = "tas", recalculate: bool = True) -> AnyTable:
    """Igneous rocks named by a diagram of their main oxides.

    Use it for fresh volcanic rocks (`tas`, `k2o_silica`, `afm`) and granitoids (`alumina_saturation`). Not
    for altered or weathered rocks, whose alkalis have moved, nor for cumulates or sediments.

    Parameters
    ----------
    table : DataFrame
        Analyses; oxides are known by their quantity or name, in percent or a unit that converts.
    diagram : str
        `tas`: total alkalis and silica. `k2o_silica`: series of orogenic rocks by potassium. `afm`:
        tholeiitic and calc-alkaline series. `alumina_saturation`: molar A/CNK and A/NK.
    recalculate : bool
        Whether `tas` and `k2o_silica` take oxides as percent of their sum without volatiles, as the
        classification asks for. It needs SiO2, Al2O3, MgO, CaO, Na2O, K2O and iron; samples that lack one
        of them, or whose oxides add up to less than 80 or more than 110 percent, have no class.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, the values on the axes (`tas_x`, `tas_y` …), and the field
        (`tas_class`), empty where the sample lies in none or lacks a value.

    Notes
    -----
    A sample on a border is in the first of its fields as they are listed. `tas` does not divide trachyte
    from trachydacite nor tephrite from basanite, which takes a norm. Its foidite begins at 3 percent alkalis
    here, so that kimberlite and other ultramafic rocks below 41 percent SiO2 have no class. Iron is total
    iron, or FeO and Fe2O3 in rows without it; in `afm` it is FeO + 0.8998 Fe2O3, and the line is known from
    5 to 50 percent MgO. `k2o_silica` reaches from 48 to 78 percent SiO2; the line below shoshonites ends at
    63 and that below high-K rocks at 70 percent in the paper, and both are carried on straight here.

    References
    ----------
    Le Maitre, R. W., editor (2002). Igneous Rocks: a Classification and Glossary of Terms, 2nd edition.
    Cambridge University Press.

    Le Bas, M. J., Le Maitre, R. W., Streckeisen, A., and Zanettin, B. (1986). A chemical classification of
    volcanic rocks based on the total alkali-silica diagram. Journal of Petrology 27(3), 745-750.
    doi:10.1093/petrology/27.3.745

    Peccerillo, A., and Taylor, S. R. (1976). Geochemistry of Eocene calc-alkaline volcanic rocks from the
    Kastamonu area, northern Turkey. Contributions to Mineralogy and Petrology 58, 63-81.
    doi:10.1007/BF00384745

    Irvine, T. N., and Baragar, W. R. A. (1971). A guide to the chemical classification of the common
    volcanic rocks. Canadian Journal of Earth Sciences 8, 523-548. doi:10.1139/e71-055

    Maniar, P. D., and Piccoli, P. M. (1989). Tectonic discrimination of granitoids. Geological Society of
    America Bulletin 101, 635-643.
    """
    found = _placed(CLASSES, table, diagram, recalculate)
    names = np.array([""] + [field["name"] for field in _diagrams()[diagram]["fields"]], dtype=object)
    added: dict[str, tuple[Cells, dict[str, str]]] = {}
    unit = "1" if diagram == "alumina_saturation" else "%" if diagram == "afm" else "wt%"
    for axis, values in zip("xyz", found.shown.T, strict=False):
        added[f"{diagram}_{axis}"] = (values, {"unit": unit, "title": _diagrams()[diagram][axis]})
    title = f"Class: {_diagrams()[diagram]['title'].lower()}"
    added[f"{diagram}_class"] = (names[_fields(diagram, found.places) + 1], {"title": title})
    return with_columns(table, added)


def _fields(diagram: str, places: np.ndarray) -> np.ndarray:
    """Number of the first field that holds each place (n,), −1 where none does."""
    number = np.full(len(places), -1)
    there = np.isfinite(places).all(axis=1)
    points = shapely.points(np.where(there[:, None], places, -1e9))
    for place, outline in reversed(list(enumerate(_outlines(diagram)))):
        number[there & shapely.intersects(outline, points)] = place
    return number


def _placed(id: str, table: pd.DataFrame, diagram: str, recalculate: bool) -> _Placed:
    """Where the samples lie in a diagram; NaN where a value is missing."""
    columns = analytes(table, (*MAJORS, *IRON))
    silica = diagram in {"tas", "k2o_silica"}
    needed = dict.fromkeys((*NEEDED[diagram], *(ALWAYS if silica and recalculate else ())))
    lacking = [oxide for oxide in needed if oxide not in columns]
    iron = any(one in columns for one in IRON)
    if not iron and (diagram == "afm" or (silica and recalculate)):
        lacking.append("FeO, Fe2O3 or total iron")
    if lacking:
        hint = "set recalculate to false to take oxides as they are" if silica and recalculate else ""
        raise ContractError(
            id, "table", "a table of main oxides", f"one without {', '.join(lacking)}", hint=hint
        )
    oxides = {name: in_unit(id, table, column, "wt%") for name, column in columns.items()}
    if silica and recalculate:
        oxides = _without_volatiles(oxides)
    shown = _axes(diagram, oxides)
    return _Placed(shown, _in_triangle(shown) if diagram == "afm" else shown)


def _iron(oxides: dict[str, np.ndarray], *, ferric: float = 1.0) -> np.ndarray:
    """All iron (n,) of each row, `ferric` times what is stated as Fe2O3; NaN where nothing tells it.

    Total iron where the row has it, else FeO and Fe2O3, of which one may be missing.
    """
    found = np.full(next(iter(oxides.values())).shape, np.nan)
    for names in (("FeOT",), ("Fe2O3T",), ("FeO", "Fe2O3")):
        parts = [oxides[n] * (ferric if n.startswith("Fe2O3") else 1.0) for n in names if n in oxides]
        if parts:
            told = ~np.isnan(parts).all(axis=0)
            found = np.where(np.isnan(found) & told, np.nansum(parts, axis=0), found)
    return found


def _reduced() -> float:
    """FeO in one part of Fe2O3 by mass."""
    return share_in_oxide("Fe2O3")[1] / share_in_oxide("FeO")[1]


def _without_volatiles(oxides: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Oxides as percent of their sum; NaN where that cannot be a whole analysis."""
    minor = [oxides[name] for name in MAJORS if name in oxides and name not in ALWAYS]
    # A missing minor oxide hardly changes the sum; without one of the others there is none.
    whole = sum((oxides[name] for name in ALWAYS), _iron(oxides))
    whole = whole + np.nansum(minor, axis=0) if minor else whole
    whole = np.where((whole >= TOTAL[0]) & (whole <= TOTAL[1]), whole, np.nan)
    return {name: values * 100.0 / whole for name, values in oxides.items()}


def _axes(diagram: str, oxides: dict[str, np.ndarray]) -> np.ndarray:
    """What the axes show (n, 2), or three parts (n, 3) that add up to 100."""
    if diagram == "tas":
        return np.column_stack([oxides["SiO2"], oxides["Na2O"] + oxides["K2O"]])
    if diagram == "k2o_silica":
        return np.column_stack([oxides["SiO2"], oxides["K2O"]])
    with np.errstate(divide="ignore", invalid="ignore"):
        if diagram == "afm":
            parts = np.column_stack(
                [oxides["Na2O"] + oxides["K2O"], _iron(oxides, ferric=_reduced()), oxides["MgO"]]
            )
            return np.asarray(100.0 * parts / parts.sum(axis=1, keepdims=True))
        moles = {name: oxides[name] / molar_mass(name) for name in NEEDED[diagram]}
        alkalis = moles["Na2O"] + moles["K2O"]
        ratios = np.column_stack([moles["Al2O3"] / (moles["CaO"] + alkalis), moles["Al2O3"] / alkalis])
    return np.where(np.isfinite(ratios), ratios, np.nan)


@process(PICTURE, version="1", keywords=("TAS", "AFM", "A/CNK", "figure", "plot", "岩石图解"))
def rock_picture(
    table: AnyTable,
    *,
    diagram: Diagram = "tas",
    recalculate: bool = True,
    group: Annotated[str, ColumnOf("table")] | None = None,
    title: str = "",
    width_px: PixelWidth = 1200,
) -> Annotated[Document, Paper()]:
    """Picture of igneous rocks in a diagram of their main oxides, with its fields.

    Use it for the figure of a report. For the names as a column take `geochemistry.rock_classes`.

    Parameters
    ----------
    table : DataFrame
        Analyses, as for `geochemistry.rock_classes`.
    diagram : str
        `tas`, `k2o_silica`, `afm` or `alumina_saturation`.
    recalculate : bool
        Whether oxides are taken as percent of their sum without volatiles.
    group : str, optional
        Column by whose values points are coloured; the nine most frequent have a colour.
    title : str
        Written above the plot.
    width_px : int
        Width in pixels, from 400 to 6000.

    Returns
    -------
    Document
        A PNG. Samples outside the frame or without a value are left out.

    References
    ----------
    Le Maitre, R. W., editor (2002). Igneous Rocks: a Classification and Glossary of Terms, 2nd edition.
    Cambridge University Press.
    """
    known = _diagrams()[diagram]
    places = _placed(PICTURE, table, diagram, recalculate).places
    rows = np.flatnonzero(np.isfinite(places).all(axis=1))
    if not rows.size:
        raise ContractError(PICTURE, "table", "a table of samples that lie in the diagram", "one of none")
    groups = groups_of(table, group, rows)
    plot = Plot([title, known["x"], known["y"], *(label for label, _c, _r in groups)])
    _draw_fields(plot, diagram)
    for label, colour, part in groups:
        plot.axes.scatter(
            *places[part].T, s=16, color=colour, edgecolor="#2b2b2b", linewidth=0.3, label=label
        )
    west, east, south, north = known["shown"]
    plot.axes.set(xlim=(west, east), ylim=(south, north))
    if diagram == "afm":
        plot.axes.set(aspect="equal", xticks=[], yticks=[])
        for side in plot.axes.spines.values():
            side.set_visible(False)
        plot.name_axes(title or known["title"], "", "")
    else:
        plot.name_axes(title or known["title"], known["x"], known["y"])
    plot.key(loc="upper right")
    return Document(text=title or known["title"], media_type="image/png", content=plot.png(width_px))


def _in_lines(name: str) -> str:
    """Name of a field in two lines where it is long."""
    return name.replace(" or ", "\nor ").replace("basaltic ", "basaltic\n")


def _draw_fields(plot: Plot, diagram: str) -> None:
    """Draw the fields with their names, and the sides of a triangle."""
    known = _diagrams()[diagram]
    west, east, south, north = known["shown"]
    frame = shapely.box(west, south, east, north)
    for field, outline in zip(known["fields"], _outlines(diagram), strict=True):
        corners = shapely.get_coordinates(outline.exterior)
        plot.axes.plot(*corners.T, color=GREY, linewidth=0.7, zorder=1)
        inside = shapely.intersection(outline, frame)
        if not inside.is_empty:
            at = shapely.get_coordinates(shapely.centroid(inside))[0]
            plot.write(at[0], at[1], _in_lines(field["name"]), zorder=2)
    if diagram == "afm":
        side = _in_triangle(np.array([[100.0, 0, 0], [0, 100, 0], [0, 0, 100], [100, 0, 0]]))
        plot.axes.plot(*side.T, color="#2b2b2b", linewidth=0.9, zorder=1)
        for text, (right, up), shift in zip(
            (known["x"], known["y"], known["z"]), side, (-3, 3, -3), strict=False
        ):
            plot.write(right, up + shift, text)
