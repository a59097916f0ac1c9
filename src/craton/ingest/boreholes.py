"""Drill holes given as tables: collars, surveys, intervals and readings, in text files, workbooks or Parquet.

Tables are told by their columns. Files beside a collar table that belong to
it (see `borehole_sets`) are one dataset with it; a table that repeats the
hole's place in each row makes its own collars; one without either keeps its
holes by name. Holes go by the first column that is complete and unique; each
other table is joined by the pair of columns that knows most holes, and
ambiguous or unknown names are told, never dropped.

Columns with a fixed meaning become `hole_id`, `elevation`, `total_depth`,
`from_depth`, `to_depth`, `depth`, `azimuth`, `inclination`; all others keep
their name. Dips are turned to negative down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from craton.ingest.borehole_collars import Collars, collars_of, repeated_collars, used_columns
from craton.ingest.borehole_keys import best_key, hole_ids, names_of
from craton.ingest.borehole_names import FROM_VERTICAL, Role, bare, base, table_name
from craton.ingest.borehole_sets import companions, is_hole_table
from craton.ingest.borehole_tables import HoleTable, read_tables
from craton.ingest.hole_draft import bare_holes, finish
from craton.model.boreholes import dips_downward, sound_surveys
from craton.model.data import Boreholes, ColumnNote, Draft
from craton.model.errors import RefusedError
from craton.model.record import Finding
from craton.process.readers import Source, reader

SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".parquet")

FIXED = {
    Role.SURVEY: {"depth": "depth", "azimuth": "azimuth", "dip": "inclination"},
    Role.INTERVAL: {"from": "from_depth", "to": "to_depth"},
    Role.POINT: {"depth": "depth"},
}
"""Columns with a fixed name, by the meaning they come from."""

STATION = ["hole_id", "depth", "azimuth", "inclination"]
TAKEN = {"hole_id", "from_depth", "to_depth", *STATION}


@reader("borehole-tables", suffixes=SUFFIXES, order=40, matches=is_hole_table, gather=companions)
def read_borehole_tables(source: Source) -> Iterator[Draft]:
    """The holes of a collar table and its companions, or of one table alone."""
    left_out: list[Finding] = []
    tables = list(_tables(source, left_out))
    if not tables:
        words = f"{source.name} has no table with hole names and depths or places"
        hint = "name the columns hole_id, from, to, depth, easting, northing"
        raise RefusedError("invalid-structure", words, hint=hint)
    collars, others = _split(tables)
    build = _Build(collars)
    for table in others:
        build.add(table)
    draft = Draft(data=build.boreholes(), kind="boreholes", title="_".join(base(source.stem)) or source.stem)
    draft.notes, draft.steps = build.notes, build.steps
    draft.findings = [*left_out, *(f for t in tables for f in t.findings), *build.findings]
    why = Finding(code="crs-from-names", message="columns named longitude and latitude")
    yield finish(
        draft, source.options, assumed="EPSG:4326" if collars and collars.geographic else "", why=why
    )


def _tables(source: Source, left_out: list[Finding]) -> Iterator[HoleTable]:
    """Tables of all files; a companion that cannot be read is left out and told."""
    for path in source.files:
        try:
            yield from read_tables(path, source.scratch)
        except RefusedError as error:
            if path == source.path:
                raise
            left_out.append(
                Finding(code="format-recovered", message=f"{path.name} was left out: {error.message}")
            )


def _split(tables: list[HoleTable]) -> tuple[Collars | None, list[HoleTable]]:
    """The collars, and the tables to join to them."""
    for table in tables:
        if table.role is Role.COLLAR and _repeats_places(table):
            table.role = Role.POINT
    own = sorted((t for t in tables if t.role is Role.COLLAR), key=lambda t: -len(t.frame))
    for table in own[1:]:
        table.find("structure-nonstandard", len(table.frame), "a second table of collars was left out")
    others = [t for t in tables if t.role is not Role.COLLAR]
    if own:
        return collars_of(own[0]), others
    placed = next((t for t in others if {"x", "y"} <= set(t.columns)), None)
    return (repeated_collars(placed) if placed else None), others


def _repeats_places(table: HoleTable) -> bool:
    """Whether a table with places and one depth has several rows a hole, which makes them readings."""
    names = table.frame[table.columns["hole_id"]]
    return "depth" in table.columns and 2 * names.nunique() < len(names)


@dataclass
class _Build:
    """Tables put together around their collars."""

    collars: Collars | None
    surveys: list[pd.DataFrame] = field(default_factory=list)
    intervals: dict[str, pd.DataFrame] = field(default_factory=dict)
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    notes: dict[str, ColumnNote] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.collars is None or self.collars.repeated:
            return
        table = self.collars.table
        self._note("collars", table, set(self.collars.holes))
        direction = _direction(table)
        if direction is not None:
            stations = direction.assign(hole_id=self.collars.holes["hole_id"].to_numpy(), depth=0.0)
            self._add_survey(table, stations.dropna())

    def add(self, table: HoleTable) -> None:
        """Join one more table to the holes."""
        key, wanted = self._join(table)
        used = {key, *used_columns(table, FIXED[table.role])}
        if self.collars is not None and self.collars.table is table:
            used |= self.collars.used
        rest = table.frame[[name for name in table.frame if name not in used]]
        rest = rest.rename(columns={name: f"{name}_of_source" for name in rest if name in TAKEN})
        if table.role is Role.SURVEY:
            direction = _direction(table)
            if direction is not None:
                self._add_survey(
                    table, direction.assign(hole_id=wanted, depth=table.lengths("depth")).join(rest)
                )
        else:
            self._add_depths(table, wanted, rest)

    def _join(self, table: HoleTable) -> tuple[str, pd.Series]:
        """Column of `table` that names the hole, and the hole of each row."""
        if self.collars is None or self.collars.repeated:
            return table.columns["hole_id"], names_of(table.frame, table.columns["hole_id"])
        source = self.collars.table
        key = best_key(source, table)
        names, wanted = names_of(source.frame, key.of_collars), names_of(table.frame, key.of_table)
        found, findings = hole_ids(self.collars.holes, names, wanted, key, geographic=self.collars.geographic)
        self.findings += findings
        self.steps.append(f"{table.stem} joined by {key.of_table} to {key.of_collars} of the collars")
        return key.of_table, found

    def _add_survey(self, table: HoleTable, stations: pd.DataFrame) -> None:
        from_vertical = bare(table.columns["dip"]) in FROM_VERTICAL
        dips = dips_downward(stations["inclination"], from_vertical_possible=from_vertical)
        surveys, found = sound_surveys(stations.assign(inclination=dips.inclination))
        self.findings += [*dips.findings, *found]
        self.surveys.append(surveys[[*STATION, *(c for c in surveys if c not in STATION)]])
        self._note("surveys", table, set(map(str, surveys)))

    def _add_depths(self, table: HoleTable, wanted: pd.Series, rest: pd.DataFrame) -> None:
        tables = self.intervals if table.role is Role.INTERVAL else self.curves
        name = _free(
            table_name(table.stem, table.role), {*self.intervals, *self.curves, "collars", "surveys"}
        )
        depths = {fixed: table.lengths(meaning) for meaning, fixed in FIXED[table.role].items()}
        tables[name] = pd.DataFrame({"hole_id": wanted, **depths}).join(rest)
        self._note(name, table, set(map(str, rest)))

    def _note(self, name: str, table: HoleTable, columns: set[str]) -> None:
        self.notes |= {
            f"{name}.{c}": note for c, note in table.notes.items() if c in columns and note != ColumnNote()
        }

    def boreholes(self) -> Boreholes:
        """All tables; holes known by name only where there are no collars.

        A direction in the collar table counts where the surveys have none at
        the collar.
        """
        surveys = pd.concat(reversed(self.surveys), ignore_index=True) if self.surveys else pd.DataFrame()
        if len(surveys):
            surveys = surveys.drop_duplicates(["hole_id", "depth"]).sort_values(
                ["hole_id", "depth"], ignore_index=True
            )
        if self.collars is not None:
            return Boreholes(self.collars.holes, surveys, self.intervals, self.curves)
        holes, found = bare_holes(surveys, self.intervals, self.curves)
        self.findings.append(found)
        return holes


def _free(name: str, taken: set[str]) -> str:
    """`name`, or `name_2`, `name_3`… where it is taken."""
    number = 1
    while (free := name if number == 1 else f"{name}_{number}") in taken:
        number += 1
    return free


def _direction(table: HoleTable) -> pd.DataFrame | None:
    """Azimuth and angle as the source gives them, `None` where it gives not both."""
    azimuth, dip = table.column("azimuth"), table.column("dip")
    if azimuth is None or dip is None:
        return None
    angles = {
        "azimuth": pd.to_numeric(azimuth, errors="coerce"),
        "inclination": pd.to_numeric(dip, errors="coerce"),
    }
    return pd.DataFrame(angles).astype(float)
