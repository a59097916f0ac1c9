"""How the command talks to people: tables, cards, progress; readable without colour."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import msgspec

from craton.model.errors import CratonError
from craton.model.findings import FINDINGS, meaning, severity
from craton.model.record import Bbox, Column, Quantity, Record

if TYPE_CHECKING:
    from craton.jobs.add import Outcome

REFUSALS_SHOWN = 20
FINDINGS_SHOWN = 12
ID_COLUMNS = 36
"""Longer identifiers stand on a line of their own, so that titles keep their room."""


def fail(error: CratonError) -> None:
    """Print `error` the way every command does."""
    click.echo(f"error: {text(error.message)}", err=True)
    if error.hint:
        click.echo(f"\nhint: {text(error.hint)}", err=True)


def text(value: str) -> str:
    """`value` for a terminal: control characters and undecodable bytes made visible."""
    shown = value.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)


def printable(value: object) -> object:
    """Plain data that JSON can carry, also when a file name is not UTF-8."""
    plain = msgspec.to_builtins(value)
    return _escaped(plain)


def _escaped(plain: Any) -> Any:
    if isinstance(plain, str):
        return plain if plain.isascii() else plain.encode("utf-8", "backslashreplace").decode()
    if isinstance(plain, dict):
        return {_escaped(k): _escaped(v) for k, v in plain.items()}
    if isinstance(plain, list | tuple):
        return [_escaped(v) for v in plain]
    return plain


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[int, int, str], None] | None]:
    """A progress bar on standard error, for people at a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking at the folder", total=None)
        yield lambda done, total, name: bar.update(
            task, completed=done, total=total, description=clipped(text(name), 40, keep_end=True)
        )


def add_summary(outcomes: Sequence[Outcome]) -> None:
    """What became of the files: counts, refusals with their reason, the commonest findings."""
    counts = Counter(o.outcome for o in outcomes)
    click.echo(", ".join(f"{number} {word}" for word, number in sorted(counts.items())), err=True)
    refused = [o for o in outcomes if o.outcome == "refused"]
    for one in refused[:REFUSALS_SHOWN]:
        click.echo(f"refused  {text(one.path)}\n         {one.code}: {text(one.message)}", err=True)
    if len(refused) > REFUSALS_SHOWN:
        click.echo(f"… and {len(refused) - REFUSALS_SHOWN} more refused (see all with --json)", err=True)
    finding_summary(Counter(code for o in outcomes for code in o.findings))


def finding_summary(datasets: Counter[str], *, err: bool = True) -> None:
    """How many datasets carry each finding that needs a person, worst first, with what to do."""
    order = {"error": 0, "doubt": 1, "info": 2}
    rows = sorted(datasets.items(), key=lambda row: (order[FINDINGS[row[0]].severity], -row[1]))
    rows = [row for row in rows if FINDINGS[row[0]].severity != "info"][:FINDINGS_SHOWN]
    if rows:
        click.echo("\nquality findings (datasets with each, worst first)", err=err)
    for code, number in rows:
        rule = FINDINGS[code]
        click.echo(f"{number:6d}  {rule.severity:5s}  {code:26s} {rule.todo}", err=err)


def record_table(records: Sequence[Record]) -> None:
    """One line a record, fitted to the terminal."""
    if not records:
        click.echo("no dataset matches", err=True)
        return
    width = shutil.get_terminal_size((110, 24)).columns
    ids = min(ID_COLUMNS, max(len(r.id) for r in records))
    room = max(24, width - ids - 46)
    click.echo(f"{'id':{ids}s}  {'kind':9s}  {padded('title', room)}  {'size':>16s}  {'crs'}")
    for r in records:
        title = padded(clipped(text(r.name()), room), room)
        if len(r.id) > ids:
            click.echo(r.id)
        id = "" if len(r.id) > ids else r.id
        click.echo(f"{id:{ids}s}  {r.kind:9s}  {title}  {size(r):>16s}  {short_crs(r)}")


def size(record: Record) -> str:
    """Extent of the data in its own terms: rows, or cells along each axis."""
    if record.rows is not None and len(record.shape) == 1:
        return f"{record.rows:,} rows"
    if record.kind in {"grid", "volume"}:
        return "×".join(str(n) for n in record.shape.values())
    return ", ".join(f"{n:,} {name}s" for name, n in list(record.shape.items())[:1])


def short_crs(record: Record) -> str:
    """The reference system's code, `WKT` for one without a code, `–` for none."""
    if not record.crs:
        return "–"
    return record.crs if len(record.crs) < 16 else "WKT"


def clipped(value: str, room: int, *, keep_end: bool = False) -> str:
    """`value` cut to `room` columns."""
    if columns(value) <= room:
        return value
    characters = list(reversed(value)) if keep_end else list(value)
    kept: list[str] = []
    while characters and columns("".join(kept)) + columns(characters[0]) < room:
        kept.append(characters.pop(0))
    return "…" + "".join(reversed(kept)) if keep_end else "".join(kept) + "…"


def padded(value: str, room: int) -> str:
    """`value` filled with spaces to `room` columns."""
    return value + " " * max(0, room - columns(value))


def columns(value: str) -> int:
    """Terminal columns `value` takes: wide characters two, combining marks none."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in value)
    marks = sum(unicodedata.category(c) in {"Mn", "Me", "Cf"} for c in value)
    return len(value) + wide - marks


def record_card(record: Record) -> None:
    """Everything about one record, in words."""
    click.echo(f"{text(record.name())}\n{record.id}  version {record.version}  {record.kind}  {size(record)}")
    for label, value in _facts(record):
        if value:
            click.echo(f"{label:12s} {text(value)}")
    _echo_rows("quantities", [_quantity_line(q) for q in record.quantities])
    _echo_rows("columns", [_column_line(c) for c in record.columns])
    _echo_rows(
        "findings",
        [
            f"{severity(f):5s}  {f.code}: {meaning(f)}\n         → {FINDINGS[f.code].todo}"
            for f in record.findings
        ],
    )
    _echo_rows(
        "assets",
        [
            f"{n}  {a.media_type}  {a.size:,} bytes in {len(a.members)} files"
            for n, a in record.assets.items()
        ],
    )


def _facts(record: Record) -> list[tuple[str, str]]:
    names = {k: v for k, v in record.title.items() if v != record.name()}
    return [
        ("also called", "; ".join(f"{v} ({k})" for k, v in names.items())),
        ("about", next(iter(record.description.values()), "")),
        (
            "place",
            "" if record.bbox is None else place(record.bbox),
        ),
        (
            "height",
            ""
            if record.vertical is None
            else f"{record.vertical.minimum:g} to {record.vertical.maximum:g} m",
        ),
        ("time", "" if record.time is None else f"{record.time.start or '…'} to {record.time.end or '…'}"),
        ("crs", clipped(record.crs.replace("\n", " "), 100) or "not stated"),
        ("licence", record.licence or "not stated"),
        ("owner", ", ".join(p.name for p in record.parties)),
        (
            "read from",
            ", ".join(f.path for f in record.lineage.files[:4])
            + (" …" if len(record.lineage.files) > 4 else ""),
        ),
        ("how", "; ".join(record.lineage.steps)),
        ("updated", record.updated),
    ]


def place(bbox: Bbox) -> str:
    """Box in words a map reader knows: `97.2° E to 103.3° E, 17.6° N to 26.0° N`."""
    west, south, east, north = bbox
    longitudes = " to ".join(_degrees(v, "E", "W") for v in (west, east))
    latitudes = " to ".join(_degrees(v, "N", "S") for v in (south, north))
    return f"{longitudes}, {latitudes}"


def _degrees(value: float, positive: str, negative: str) -> str:
    number = f"{abs(value):.5f}".rstrip("0").rstrip(".")
    return f"{number}° {positive if value >= 0 else negative}" if value else "0°"


def _quantity_line(quantity: Quantity) -> str:
    limits = "" if quantity.minimum is None else f"  {quantity.minimum:g} … {quantity.maximum:g}"
    origin = f"  (was {quantity.original_unit})" if quantity.original_unit else ""
    unit = {"": "  (unit not stated)" if limits else "", "1": ""}.get(quantity.unit, f"  [{quantity.unit}]")
    variable = f"  in {quantity.variable}" if quantity.variable not in {"", quantity.name} else ""
    return f"{quantity.name}{unit}{limits}{origin}{variable}"


def _column_line(column: Column) -> str:
    table = f"{column.table}: " if column.table else ""
    return f"{table}{column.name}  {column.type}{f'  {column.unit}' if column.unit else ''}"


def _echo_rows(heading: str, rows: list[str]) -> None:
    if rows:
        click.echo(f"\n{heading}")
    for row in rows:
        click.echo(f"  {text(row) if chr(10) not in row else row}")


def version_line(record: Record) -> str:
    """One line for one version."""
    return f"{record.id}@{record.version}  {record.updated}  {size(record)}  {text(record.name())}"


def examination(examined: dict[str, Any]) -> None:
    """The doctor's findings, section by section."""
    for section, facts in examined.items():
        click.echo(f"{section}")
        for name, value in facts.items():
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            click.echo(f"  {name:24s} {shown}")


def lineage(graph: dict[str, Any]) -> None:
    """How a dataset came to be, from the sources down."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    for node in graph["nodes"]:
        causes = [edge["from"] for edge in graph["edges"] if edge["to"] == node["id"]]
        after = f"  ← {', '.join(text(nodes[c].get('title') or c) for c in causes)}" if causes else ""
        click.echo(f"{node['type']:8s} {text(node.get('title') or node['id'])}{after}")
        for name, value in node.get("parameters", {}).items():
            unit = node.get("units", {}).get(name, "")
            click.echo(f"           {name} = {text(str(value))} {unit}".rstrip())
