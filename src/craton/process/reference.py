"""Reference pages of the registered processes as Markdown: one a topic, and a list of all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from craton.process.marks import Column, Data, Grid, Holes, Stations, Table
from craton.process.schema import plain_default
from craton.process.spec import RESULT, Param, Spec
from craton.process.values import allowed_words

FOLDER = "processes"
"""Name of the list, and of the folder of the pages by topic."""

KINDS = {
    "grid": "grid",
    "volume": "volume",
    "table": "table",
    "boreholes": "drill holes",
    "mesh": "surfaces",
    "series": "measurements over time",
    "document": "document",
}
"""What each kind of data is called on a page."""


def pages(specs: Iterable[Spec]) -> dict[str, str]:
    """Text of each page by its name without suffix: `processes`, and `processes/TOPIC` for each topic."""
    ordered = sorted(specs, key=lambda spec: spec.id)
    topics = {topic: list(group) for topic, group in groupby(ordered, key=lambda spec: spec.topic)}
    written = {f"{FOLDER}/{topic}": _topic(topic, group) for topic, group in topics.items()}
    return {FOLDER: _index(topics), **written}


def _index(topics: dict[str, list[Spec]]) -> str:
    rows = [
        "# Processes\n",
        "Each is called in the same way from Python, the command line, over HTTP and from the node's page.\n",
    ]
    for topic, specs in topics.items():
        rows.append(
            f"## [{topic}]({FOLDER}/{topic}.md)\n\n| process | version | what it does |\n|---|---|---|"
        )
        rows += [f"| [`{s.id}`]({FOLDER}/{topic}.md#{_anchor(s)}) | {s.version} | {s.title} |" for s in specs]
        rows.append("")
    return "\n".join(rows)


def _anchor(spec: Spec) -> str:
    """Fragment that Markdown renderers make of the heading of a process."""
    return spec.id.replace(".", "")


def _topic(topic: str, specs: list[Spec]) -> str:
    return "\n".join([f"# {topic.replace('_', ' ').capitalize()}\n", *map(_section, specs)])


def _section(spec: Spec) -> str:
    """Everything about one process."""
    parts = [
        f"## {spec.id}",
        f"{spec.title}. Version {spec.version}.",
        spec.description,
        _parameters(spec),
        _results(spec),
        _blocks(spec),
        f"### How it works\n\n{spec.notes}" if spec.notes else "",
        "### References\n\n" + "\n".join(f"- {text}" for text in spec.references) if spec.references else "",
        _calls(spec),
    ]
    # Headings of one process would repeat on the page, so they are lines in bold.
    text = "\n\n".join(filter(None, parts)) + "\n"
    return "\n".join(f"**{line[4:]}**" if line.startswith("### ") else line for line in text.split("\n"))


def _parameters(spec: Spec) -> str:
    rows = ["| parameter | what | unit | legal | default |\n|---|---|---|---|---|"]
    for param in spec.params:
        cells = (f"`{param.name}`", param.doc, _unit(param), _legal(param), _default(param))
        rows.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(rows) if spec.params else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _unit(param: Param) -> str:
    unit = param.data.unit if isinstance(param.data, Grid) else param.unit
    return "" if unit == "1" else unit


def _legal(param: Param) -> str:
    if param.data is None:
        return allowed_words(param)
    words = data_words(param.data)
    words = f"one or more: {words}" if param.many else words
    return f"{words}, or nothing" if param.optional else words


def data_words(data: Data) -> str:
    """What labelled data a mark asks for, in words."""
    words = [KINDS[data.kind]]
    if isinstance(data, Grid):
        words += [f"of {' or '.join(f'`{q}`' for q in data.quantities)}"] if data.quantities else []
        words += ["on evenly spaced northing and easting in metres"] if data.plane else []
        words += [f"like `{data.like}`"] if data.like else []
    if isinstance(data, Table) and data.geometry:
        words.append(f"of {' or '.join(data.geometry)}")
    if isinstance(data, Table | Stations) and data.columns:
        words.append("with " + ", ".join(map(_column, data.columns)))
    if isinstance(data, Holes) and data.tables:
        words.append(f"with {', '.join(f'`{name}`' for name in data.tables)}")
    return " ".join(words)


def _column(column: Column) -> str:
    return f"`{column.name}`" + (f" ({column.unit})" if column.unit not in {"", "1"} else "")


def _default(param: Param) -> str:
    if param.required:
        return "(must be given)"
    return "nothing" if param.default is None else f"`{_shown(param)}`"


def _shown(param: Param) -> str:
    """Default of a parameter as it is written at a door."""
    value = plain_default(param)
    if isinstance(value, list):
        return ",".join(f"{part:g}" if isinstance(part, float) else str(part) for part in value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _results(spec: Spec) -> str:
    if spec.outputs[0].name == RESULT and not spec.several:
        return f"**Result:** {spec.outputs[0].doc} ({_output(spec.outputs[0])})"
    rows = ["| result | what | kind |\n|---|---|---|"]
    rows += [f"| `{o.name}` | {_cell(o.doc)} | {_cell(_output(o))} |" for o in spec.outputs]
    return "\n".join(rows)


def _output(output: Param) -> str:
    assert output.data is not None
    unit = _unit(output)
    return data_words(output.data) + (f", in {unit}" if unit else "")


def _blocks(spec: Spec) -> str:
    if spec.halo is None:
        return ""
    around = f"each with {spec.halo} cells of its neighbours" if spec.halo else "cell by cell"
    return f"Grids larger than memory go through in blocks, {around}."


def _calls(spec: Spec) -> str:
    """How to call it from Python, the command line and over HTTP."""
    inputs = [p for p in spec.inputs if p.required]
    values = _values_shown(spec)
    lines = [
        "### How to call it\n",
        f"```python\n{_python(spec, inputs, values)}\n```\n",
        f"```text\n{_command(spec, inputs, values)}\n```\n",
        f"```text\n{_request(spec, inputs, values)}\n```",
    ]
    return "\n".join(lines)


def _values_shown(spec: Spec) -> list[Param]:
    """Plain parameters of the examples: those that must be given, else the first one."""
    required = [param for param in spec.values if param.required]
    return required or [param for param in spec.values if param.default not in {None, "", ()}][:1]


def _python(spec: Spec, inputs: list[Param], values: list[Param]) -> str:
    module, name = spec.function.__module__, spec.function.__name__
    given = [p.name if not p.many else f"({p.name},)" for p in inputs]
    given += [f"{p.name}={_in_python(_example(p))}" for p in values]
    return f"from {module} import {name}\n\nresult = {name}({', '.join(given)})"


def _in_python(value: Any) -> str:
    """A value as Python has it, texts in double quotes."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_in_python, value))}{',' if len(value) == 1 else ''})"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _command(spec: Spec, inputs: list[Param], values: list[Param]) -> str:
    words = [f"craton run NODE {spec.id}", *(f"--input {p.name}=ID" for p in inputs)]
    return " ".join([*words, *(f"--set {p.name}={_quoted(_text(p))}" for p in values)])


def _quoted(text: str) -> str:
    """`text` as a shell takes it."""
    return text if text and all(sign.isalnum() or sign in "._-:,/%" for sign in text) else f'"{text}"'


def _text(param: Param) -> str:
    """Example value as text, with its unit."""
    value = _example(param)
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    number = f"{value:g}" if isinstance(value, float) else str(value)
    return number + (param.unit if param.unit not in {"", "1"} else "")


def _request(spec: Spec, inputs: list[Param], values: list[Param]) -> str:
    given = {p.name: ["ID"] if p.many else "ID" for p in inputs}
    body = {"inputs": {**given, **{p.name: _example(p) for p in values}}}
    text = json.dumps(body, ensure_ascii=False)
    return f"POST /processes/{spec.id}/execution\nContent-Type: application/json\n\n{text}"


def _example(param: Param) -> Any:
    """A legal value of a plain parameter: its default, or one within its bounds."""
    if not param.required and param.default is not None:
        return param.default
    one = _example_part(param)
    return (one,) * (param.length or 1) if param.many else one


def _example_part(param: Param) -> Any:
    if param.choices:
        return param.choices[0]
    if param.base is str:
        return "COLUMN" if param.column_of else "EPSG:32648" if param.system else "TEXT"
    return False if param.base is bool else example_number(param)


def example_number(param: Param) -> int | float:
    """A number well within the bounds of `param`."""
    bounds = param.bounds
    low = high = None
    if bounds:
        low = bounds.minimum if bounds.minimum is not None else bounds.above
        high = bounds.maximum if bounds.maximum is not None else bounds.below
    if low is not None and high is not None:
        number = low + (high - low) / 2
    elif low is not None:
        number = low + max(1.0, abs(low))
    else:
        number = high - max(1.0, abs(high)) if high is not None else 1.0
    return round(number) if param.base is int else float(number)
