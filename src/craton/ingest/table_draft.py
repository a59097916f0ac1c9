"""From typed columns to a draft: a table with or without geometry, or a time series."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import msgspec
import pyarrow as pa

from craton.ingest.reference import state_crs
from craton.ingest.series import time_column, to_series
from craton.ingest.table_cells import EXTRA
from craton.ingest.table_coordinates import DEFAULT_CRS, Pair, Places, find_places, has_many_zones
from craton.ingest.table_directions import find_directions
from craton.ingest.table_geometry import Located, locate
from craton.ingest.table_header import Layout
from craton.ingest.table_layouts import (
    LATITUDE,
    LONGITUDE,
    ZONES,
    KnownLayout,
    Slot,
    degree_columns,
    known_layout,
    zoned_columns,
)
from craton.ingest.table_missing import declared_marks
from craton.ingest.table_values import Habits, Values, read_values
from craton.model.crs import is_geographic, normalise
from craton.model.data import ColumnNote, Draft
from craton.model.errors import InvalidError
from craton.model.record import Finding
from craton.process.readers import Source, split_suffix

GEOMETRY = "geometry"
MODEL_SUFFIXES = (".irr", ".wth", ".upd", ".par", ".out")
"""Suffixes that say which part of a model a table is: irrigation, weather, updates, parameters, results."""

PREAMBLE_LINES, LINE_LENGTH = 60, 300

_POSITION = re.compile(r"\bcolumn_\d+\b")
_STATED_CRS = re.compile(r"\bEPSG\s*[:#/ ]+\s*(\d{4,5})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Recipe:
    """How a table is made of its cells: what is settled before, `None` where it is to be found out.

    Parameters
    ----------
    habits : Habits
        What is known of all columns.
    headerless : bool
        Whether the names of the columns are ours.
    known : KnownLayout or None
        The layout after which a headerless table is named.
    places : Places or None
        The columns of coordinates.
    names : dict of str to str
        Names found for columns that had none, by position.
    settled : bool
        Whether `known`, `places` and `names` are final even where they are empty.
    """

    habits: Habits = field(default_factory=Habits)
    headerless: bool = False
    known: KnownLayout | None = None
    places: Places | None = None
    names: dict[str, str] = field(default_factory=dict)
    settled: bool = False


@dataclass
class Made:
    """A table, or a block of a long one, made of its cells."""

    values: Values
    recipe: Recipe
    located: Located | None = None
    findings: list[Finding] = field(default_factory=list)


def recipe_of(layout: Layout, *, comma_cells: bool) -> Recipe:
    """What the layout of a table says about how to read it."""
    declared = declared_marks("\n".join(layout.preamble))
    habits = Habits(layout.units, declared, comma_cells, texts=frozenset({EXTRA}))
    return Recipe(habits, headerless=layout.headerless)


def make(cells: pa.Table, recipe: Recipe) -> Made:
    """Typed columns and geometry out of `cells`, a table of text."""
    values = read_values(cells, recipe.habits)
    made = Made(values, recipe)
    places = recipe.places
    if recipe.headerless:
        places = _name_columns(made, cells)
    return place(made, places)


def place(made: Made, places: Places | None) -> Made:
    """`made` with geometry from the columns of `places`, which are looked for where nothing is settled."""
    columns = made.values.columns
    if places is None and not made.recipe.settled and not made.recipe.headerless:
        places = find_places(columns)
    if places is not None and places.kind == "projected" and has_many_zones(columns):
        made.findings.append(Finding(code="coordinate-zones"))
        places = None
    if places is not None:
        made.located = locate(columns, places)
        places = made.located.places
        columns.update(made.located.columns)
    made.recipe = replace(made.recipe, places=places)
    made.findings = [*made.values.findings, *made.findings, *(made.located.findings if made.located else [])]
    return made


def _name_columns(made: Made, cells: pa.Table) -> Places | None:
    """Name the columns of a headerless table after a layout it fits; the coordinates it has without doubt."""
    recipe, values = made.recipe, made.values
    own = {name: column for name, column in values.columns.items() if name not in values.companions}
    known = recipe.known or (None if recipe.settled else known_layout(own))
    if known is not None:
        _rename(values, {old: slot.name for old, slot in zip(own, known.slots, strict=True)})
        values.notes |= {slot.name: ColumnNote(unit=slot.unit) for slot in known.slots if slot.unit}
    made.recipe = replace(recipe, known=known)
    message = f"the columns were named as those of {known.title}" if known else ""
    made.findings.append(Finding(code="header-missing", message=message))
    if known is not None:
        return find_places(values.columns)
    if recipe.settled:
        _rename(values, recipe.names)
        return recipe.places
    return _name_places(made, {name: cells.column(name).combine_chunks() for name in cells.column_names})


def _name_places(made: Made, texts: dict[str, pa.Array]) -> Places | None:
    """Name the columns of a headerless table that can only be coordinates."""
    values = made.values
    places: Places | None = None
    slots: tuple[tuple[str, Slot], ...] = ()
    if degrees := degree_columns(texts, values.columns):
        slots = tuple(zip(degrees, (LONGITUDE, LATITUDE), strict=True))
        places = Places("geographic", (Pair("longitude", "latitude"),))
    elif zoned := zoned_columns(values.columns):
        slots = tuple(zip(zoned, ZONES, strict=True))
        places = Places("projected", (Pair("easting", "northing"),))
    names = {old: slot.name for old, slot in slots}
    _rename(values, names)
    values.notes |= {slot.name: ColumnNote(unit=slot.unit) for _, slot in slots if slot.unit}
    made.recipe = replace(made.recipe, names=names)
    return places


def _rename(values: Values, names: dict[str, str]) -> None:
    def renamed(name: str) -> str:
        owner = values.companions.get(name, name)
        return names.get(owner, owner) + name.removeprefix(owner)

    values.companions = {renamed(name): names.get(owner, owner) for name, owner in values.companions.items()}
    values.notes = {renamed(name): note for name, note in values.notes.items()}
    values.columns = {renamed(name): column for name, column in values.columns.items()}
    values.findings = [
        msgspec.structs.replace(found, message=_POSITION.sub(lambda match: renamed(match[0]), found.message))
        for found in values.findings
    ]


def to_draft(made: Made, source: Source, *, name: str = "", preamble: Sequence[str] = ()) -> Draft:
    """The draft of a whole table."""
    title = title_of(source)
    if made.located is None and (time := time_column(made.values)):
        draft = Draft(data=to_series(made.values, time, source.stem), kind="series", name=name, title=title)
    else:
        draft = Draft(data=table_of(made), kind="table", name=name, title=title)
    draft.notes = made.values.notes
    draft.findings = [*made.findings]
    find_directions(draft)
    finish(draft, made, source, preamble)
    return draft


def title_of(source: Source) -> str:
    """Stem of the file, with the suffix where files of one model differ in nothing else."""
    suffix = split_suffix(source.name)[1]
    return f"{source.stem} {suffix[1:]}" if suffix in MODEL_SUFFIXES else source.stem


def table_of(made: Made) -> pa.Table:
    """The columns of `made`, the geometry last."""
    columns = dict(made.values.columns)
    if made.located is None:
        return pa.table(columns)
    if made.located.places.kind == "wkt":
        columns.pop(made.located.places.points[0].x)
    taken = {name.lower() for name in columns}
    own = next(free for number in count(1) if (free := f"{GEOMETRY}{'_' * number}") not in taken)
    columns = {own if name.lower() == GEOMETRY else name: column for name, column in columns.items()}
    return pa.table({**columns, GEOMETRY: made.located.geometry})


def finish(draft: Draft, made: Made, source: Source, preamble: Sequence[str]) -> None:
    """State the reference system, and keep the lines that stood before the table."""
    lines = [line[:LINE_LENGTH] for line in preamble[:PREAMBLE_LINES]]
    if lines:
        draft.properties["preamble"] = lines
    if made.located is None:
        return
    stated = _stated_crs(draft, made.located, preamble)
    if made.located.places.kind == "geographic" and not stated and not source.options.crs:
        draft.crs = DEFAULT_CRS
        draft.find("crs-from-names")
        return
    state_crs(draft, stated, source.options)


def _stated_crs(draft: Draft, located: Located, preamble: Sequence[str]) -> str:
    """System that geometries, names of columns or lines above state; one of metres is none of longitudes."""
    found = next((match for line in preamble if (match := _STATED_CRS.search(line))), None)
    text = located.crs or located.places.datum or (f"EPSG:{found[1]}" if found else "")
    try:
        stated = normalise(text) if text else ""
    except InvalidError:
        draft.find("crs-unknown", message=text)
        return ""
    misplaced = stated and located.places.kind == "geographic" and not is_geographic(stated)
    return "" if misplaced else stated
