"""Seismic data: SEG-Y files as grids of amplitudes that stay on disk until they are needed."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr
from dask.delayed import delayed
from lxml import etree

from craton.ingest.reference import state_crs
from craton.ingest.segy_headers import (
    BLOCK_BYTES,
    FORMATS,
    IBM_FLOAT,
    LAYOUT_STANZA,
    Layout,
    byte_order,
    looks_like_cards,
    read_block,
    read_layout,
    read_trace_fields,
)
from craton.kernels.ibm_float import ibm_to_ieee
from craton.model.crs import to_crs84_bounds
from craton.model.data import ColumnNote, Draft
from craton.model.errors import InvalidError
from craton.process.readers import Candidate, Source, reader

SUFFIXES = (".sgy", ".segy", ".seg")
MICROSECONDS = 1000.0
"""Microseconds in a millisecond."""
ARC_SECONDS, DEGREES = 2, 3
"""Coordinate units of a trace header that are angles; 1 is a length."""
ARC_SECONDS_PER_DEGREE = 3600.0
CUBE_AXES = ("inline", "crossline", "offset")

Fields = dict[str, np.ndarray]


def _matches(candidate: Candidate) -> bool:
    known = candidate.suffix in SUFFIXES or looks_like_cards(candidate.head)
    return known and bool(byte_order(candidate.head))


@reader("segy", order=12, matches=_matches)
def read_segy(source: Source) -> Iterator[Draft]:
    """One grid a file: (inline, crossline, two_way_time) where traces fill a cube, else by trace."""
    layout, texts = read_layout(source.path)
    fields = read_trace_fields(source.path, layout)
    draft = Draft(data=xr.Dataset(), kind="grid")
    dimensions = _cube_dimensions(fields) or {"trace": np.arange(1, layout.traces + 1)}
    time_name, times = _time_axis(draft, layout, fields)
    amplitude = _amplitude(source.path, layout, [len(values) for values in dimensions.values()])
    data = xr.Dataset(
        {"amplitude": ((*dimensions, time_name), amplitude)},
        coords={name: (name, values) for name, values in dimensions.items()}
        | {time_name: (time_name, times)},
    )
    if time_name == "two_way_time":
        data[time_name].attrs["units"] = "ms"
    data = _ordered(data.assign_coords(_trace_coordinates(draft, fields, dimensions)))
    draft.data, draft.notes = (
        data,
        {"amplitude": ColumnNote(unit="1", quantity="seismic_amplitude", title="amplitude of the trace")},
    )
    _place(draft, data, source)
    _note_headers(draft, layout, fields, texts)
    yield draft


def _cube_dimensions(fields: Fields) -> dict[str, np.ndarray] | None:
    """Axes of the cube that the traces fill, outermost first; `None` where they fill none.

    Traces fill a cube when their axes, each in its order of appearance, run
    like the digits of a counter.
    """
    if not (fields["inline"].any() and fields["crossline"].any()):
        return None
    axes = {name: _in_order_of_appearance(fields[name]) for name in CUBE_AXES}
    if len(axes["offset"]) == 1:
        del axes["offset"]
    if math.prod(len(values) for values in axes.values()) != len(fields["inline"]):
        return None
    for order in itertools.permutations(axes):
        if _runs_like_counter(fields, {name: axes[name] for name in order}):
            return {name: axes[name] for name in order}
    return None


def _in_order_of_appearance(values: np.ndarray) -> np.ndarray:
    unique, first = np.unique(values, return_index=True)
    return unique[np.argsort(first)]


def _runs_like_counter(fields: Fields, axes: dict[str, np.ndarray]) -> bool:
    period, number = len(fields["inline"]), np.arange(len(fields["inline"]))
    for name, values in axes.items():
        period //= len(values)
        if not np.array_equal(fields[name], values[number // period % len(values)]):
            return False
    return True


def _amplitude(path: Path, layout: Layout, shape: list[int]) -> da.Array:
    """Samples as a dask array of `shape` + (samples,), in blocks of whole steps of the first axis."""
    inner = math.prod(shape[1:])
    inner_bytes = max(1, inner * layout.trace.itemsize)
    step = max(1, BLOCK_BYTES // inner_bytes)
    dtype = np.dtype(FORMATS[layout.format].read)
    blocks = []
    for first in range(0, shape[0], step):
        count = min(step, shape[0] - first)
        samples = delayed(_samples, pure=True)(path, layout, first * inner, count * inner)
        block: da.Array = da.from_delayed(samples, (count * inner, layout.samples), dtype)  # type: ignore[no-untyped-call] # dask is partly typed
        blocks.append(block.reshape((count, *shape[1:], layout.samples)))  # type: ignore[no-untyped-call] # as above
    cube: da.Array = da.concatenate(blocks, axis=0)  # type: ignore[no-untyped-call] # dask is partly typed
    return cube


def _samples(path: Path, layout: Layout, first: int, count: int) -> np.ndarray:
    """Samples (count, samples) of `count` traces from `first` on, as native numbers."""
    stored = read_block(path, layout, first, count)["samples"]
    if layout.format == IBM_FLOAT:
        return ibm_to_ieee(stored.astype(np.uint32))
    return stored.astype(FORMATS[layout.format].read)


def _time_axis(draft: Draft, layout: Layout, fields: Fields) -> tuple[str, np.ndarray]:
    """Name and values of the sample axis: milliseconds, or sample numbers where no interval is stated."""
    interval = layout.interval
    stated = np.unique(fields["sample_interval"][fields["sample_interval"] > 0])
    if interval <= 0 and len(stated) == 1:
        draft.find(
            "metadata-invalid",
            message=f"the sample interval is {interval:g} µs, but {stated[0]} µs in the traces",
        )
        interval = float(stated[0])
    elif interval <= 0:
        draft.find("metadata-invalid", message="no sample interval is stated; samples are numbered")
        return "sample", np.arange(1, layout.samples + 1)
    return "two_way_time", _first_time(draft, fields) + np.arange(layout.samples) * interval / MICROSECONDS


def _first_time(draft: Draft, fields: Fields) -> float:
    """Delay of the first sample in milliseconds, where it is the same in all traces."""
    delays = np.unique(_scaled(fields["delay"], fields["time_scalar"]))
    if len(delays) == 1:
        return float(delays[0])
    draft.find(
        "axis-irregular", message="traces begin at different times, which are kept as the coordinate delay"
    )
    return 0.0


def _scaled(values: np.ndarray, scalar: np.ndarray) -> np.ndarray:
    """`values` times a header scalar, divided by it where it is negative, as they are where it is zero."""
    magnitude = np.where(scalar == 0, 1, np.abs(scalar.astype(np.int64)))
    return np.where(scalar < 0, values / magnitude, values.astype(np.float64) * magnitude)


def _trace_coordinates(draft: Draft, fields: Fields, dimensions: dict[str, np.ndarray]) -> dict[str, object]:
    """Coordinates of the traces, shaped like the cube: place, and the header fields that say something."""
    shape = tuple(len(values) for values in dimensions.values())
    values = _places(draft, fields)
    kept = ("field_record", "ensemble", "offset", "inline", "crossline", "delay")
    values |= {
        name: fields[name] for name in kept if name not in dimensions and len(np.unique(fields[name])) > 1
    }
    return {name: (tuple(dimensions), numbers.reshape(shape)) for name, numbers in values.items()}


def _places(draft: Draft, fields: Fields) -> Fields:
    """Where the traces lie: ensemble position, else the middle between source and receiver, else either."""
    east, north = next(
        (pair for pair in _position_pairs(fields) if pair[0].any() or pair[1].any()), (None, None)
    )
    if east is None or north is None:
        draft.find("no-coordinates", message="the trace headers state no positions")
        return {}
    east, north = (_scaled(values, fields["coordinate_scalar"]) for values in (east, north))
    unit = int(fields["coordinate_unit"][0])
    if unit not in {ARC_SECONDS, DEGREES}:
        return {"easting": east, "northing": north}
    divisor = ARC_SECONDS_PER_DEGREE if unit == ARC_SECONDS else 1.0
    return {"longitude": east / divisor, "latitude": north / divisor}


def _position_pairs(fields: Fields) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    yield fields["ensemble_x"], fields["ensemble_y"]
    if (fields["source_x"].any() or fields["source_y"].any()) and (
        fields["receiver_x"].any() or fields["receiver_y"].any()
    ):
        yield (
            (fields["source_x"].astype(np.float64) + fields["receiver_x"]) / 2,
            (fields["source_y"].astype(np.float64) + fields["receiver_y"]) / 2,
        )
    yield fields["source_x"], fields["source_y"]
    yield fields["receiver_x"], fields["receiver_y"]


def _ordered(data: xr.Dataset) -> xr.Dataset:
    """Axes in their customary order, whatever the file's."""
    return data.transpose(*(name for name in ("trace", *CUBE_AXES) if name in data.dims), ...)


def _place(draft: Draft, data: xr.Dataset, source: Source) -> None:
    """State the reference system and the extent of the traces."""
    angles = "longitude" in data.coords
    east, north = ("longitude", "latitude") if angles else ("easting", "northing")
    if east not in data.coords:
        return
    state_crs(draft, "EPSG:4326" if angles else "", source.options)
    if angles and not source.options.crs:
        draft.find("crs-from-names", message="coordinates of the trace headers are angles without a datum")
    bounds = (
        float(data[east].min()),
        float(data[north].min()),
        float(data[east].max()),
        float(data[north].max()),
    )
    draft.properties["extent"] = dict(zip(("west", "south", "east", "north"), bounds, strict=True))
    if not draft.crs:
        return
    data.attrs["crs"] = draft.crs
    try:
        draft.geographic_bounds = to_crs84_bounds(draft.crs, bounds)
    except InvalidError as error:
        draft.find("extent-outside-crs", message=error.message)


CARD = re.compile(r"^C\s*\d{1,2}\s?")


def _note_headers(draft: Draft, layout: Layout, fields: Fields, texts: list[str]) -> None:
    cards = [CARD.sub("", texts[0][start : start + 80]).strip() for start in range(0, len(texts[0]), 80)]
    unreadable = sum(
        not character.isprintable() for character in texts[0][:-1]
    )  # the last is often a terminator
    draft.description = "\n".join("".join(filter(str.isprintable, card)) for card in cards if card)
    draft.properties |= {
        "traces": layout.traces,
        "samples": layout.samples,
        "sample_format": layout.format,
        "revision": layout.revision,
        "extended_text": "\n".join(texts[1:]).replace("\0", "")[:20_000],
    }
    if unreadable:
        draft.find("encoding-repaired", unreadable, "in the text header")
    if layout.rest:
        draft.find(
            "truncated", message=f"{layout.rest} bytes after {layout.traces} whole traces are part of another"
        )
    other = int(np.count_nonzero((fields["sample_count"] != layout.samples) & (fields["sample_count"] > 0)))
    if other:
        words = f"{other} trace headers state another number of samples than the {layout.samples} there are"
        draft.find("metadata-invalid", other, words)
    _check_stanzas(draft, "".join(texts[1:]))


def _check_stanzas(draft: Draft, text: str) -> None:
    """Doubt a description of the trace headers that cannot be parsed."""
    if LAYOUT_STANZA not in text:
        return
    body = text[text.index(LAYOUT_STANZA) :].partition("))")[2].partition("((")[0].strip()
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        etree.fromstring(body.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        draft.find(
            "metadata-invalid", message=f"the layout of the trace headers cannot be read ({str(error)[:80]})"
        )
