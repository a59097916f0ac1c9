"""Tables too long for memory: read block by block, twice: to learn their types, and to hand them over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from craton.ingest.table_arrays import is_empty
from craton.ingest.table_cells import Body, stream_cells
from craton.ingest.table_draft import Made, Recipe, finish, make, table_of, title_of
from craton.model.data import ColumnNote, Draft, TableStream
from craton.model.record import Finding
from craton.process.readers import Source

MOST_PASSES = 4
"""Times a file is gone through until the types of its columns stand."""

WIDER = {
    (pa.int64(), pa.float64()): pa.float64(),
    (pa.date32(), pa.timestamp("us", tz="UTC")): pa.timestamp("us", tz="UTC"),
}
"""Type that holds the values of both types of a pair."""


@dataclass
class Survey:
    """What going through all blocks of a file has shown."""

    recipe: Recipe
    types: dict[str, pa.DataType] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    clashes: set[str] = field(default_factory=set)
    notes: dict[str, ColumnNote] = field(default_factory=dict)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    first: Made | None = None

    def take(self, made: Made, findings: Sequence[Finding]) -> None:
        """Learn from one block."""
        self.first = self.first or made
        settled = replace(made.recipe, settled=True)
        month_first = self.recipe.habits.month_first
        if month_first is None:
            month_first = made.values.month_first
        self.recipe = replace(settled, habits=replace(self.recipe.habits, month_first=month_first))
        self.notes |= made.values.notes
        self.owners |= made.values.companions
        for name, column in zip(table_of(made).column_names, table_of(made).columns, strict=True):
            self._widen(name, column)
        for finding in (*findings, *made.findings):
            key = (finding.code, finding.message)
            self.counts[key] = self.counts.get(key, 0) + finding.count

    def _widen(self, name: str, column: pa.ChunkedArray) -> None:
        if is_empty(column):
            return
        known = self.types.setdefault(name, column.type)
        if known == column.type:
            return
        wider = WIDER.get((known, column.type)) or WIDER.get((column.type, known))
        if wider is None:
            self.clashes.add(self.owners.get(name, name))
        else:
            self.types[name] = wider

    def schema(self) -> pa.Schema:
        """Columns in the order of the first block, those met later beside the column they belong to."""
        names = list(table_of(self.first).column_names) if self.first else []
        for name in self.types:
            if name not in names:
                owner = self.owners.get(name, "")
                names.insert(names.index(owner) + 1 if owner in names else len(names), name)
        return pa.schema([(name, self.types.get(name, pa.string())) for name in names])


def stream_draft(body: Body, recipe: Recipe, source: Source, preamble: Sequence[str]) -> Draft:
    """The draft of a table that stays in its file."""
    survey, body = _surveyed(body, recipe)
    for _ in range(MOST_PASSES - 1):
        habits = survey.recipe.habits
        if not survey.clashes and habits.month_first == recipe.habits.month_first:
            break
        recipe = replace(survey.recipe, habits=replace(habits, texts=habits.texts | survey.clashes))
        survey, body = _surveyed(body, recipe)
    schema, final = survey.schema(), survey.recipe
    stream = TableStream(schema, lambda: _batches(body, final, schema))
    draft = Draft(data=stream, kind="table", title=title_of(source), notes=survey.notes)
    draft.findings = [
        Finding(code=code, count=count, message=words) for (code, words), count in survey.counts.items()
    ]
    if survey.first is not None:
        finish(draft, survey.first, source, preamble)
    return draft


def _surveyed(body: Body, recipe: Recipe) -> tuple[Survey, Body]:
    """What all blocks show, and the body to be read the exact way where its rows are uneven."""
    try:
        return _survey(body, recipe), body
    except pa.ArrowInvalid:
        body = replace(body, exact=True)
        return _survey(body, recipe), body


def _survey(body: Body, recipe: Recipe) -> Survey:
    survey = Survey(recipe)
    for cells, tally in stream_cells(body):
        survey.take(make(cells, survey.recipe), tally.findings())
    return survey


def _batches(body: Body, recipe: Recipe, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for cells, _ in stream_cells(body):
        yield from conform(table_of(make(cells, recipe)), schema).to_batches()


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """`table` with exactly the columns of `schema`; those it lacks are empty."""
    present = {name for name in table.column_names if not is_empty(table.column(name))}
    columns = [
        table.column(wanted.name).cast(wanted.type)
        if wanted.name in present
        else pa.nulls(table.num_rows, wanted.type)
        for wanted in schema
    ]
    return pa.table(columns, schema=schema)
