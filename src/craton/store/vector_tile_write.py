"""Vector tiles as bytes (Mapbox Vector Tile 2.1): all tiles of a level at once.

Geometry, identifiers and tags of a feature are numbers of one kind (protocol
buffers' varints), so the features of all tiles are laid out as one array of
numbers and written together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from craton.store.vector_tile_drawn import EXTENT
from craton.store.vector_tile_shapes import (
    POINT,
    POLYGON,
    Flags,
    Floats,
    Integers,
    Shapes,
    runs,
    starts_of,
)
from craton.store.vector_tile_values import Attributes, varint

MOVE, LINE_TO, CLOSE = 1, 2, 7
"""Commands of the geometry."""

ID, TAGS, TYPE, GEOMETRY = 0x08, 0x12, 0x18, 0x22
"""Keys of what a feature holds."""

FEATURE, KEY = b"\x12", b"\x1a"
"""Keys of what a layer holds."""


class Tile(NamedTuple):
    """One tile, not compressed."""

    row: int
    column: int
    data: bytes


def written(shapes: Shapes, attributes: Attributes, ids: Integers, layer: str) -> Iterator[Tile]:
    """Tiles of `shapes` as they are drawn, each once.

    Parameters
    ----------
    attributes : Attributes
        Of all features, by row.
    ids : array
        Identifiers of all features, by row.
    layer : str
        Name of the only layer.
    """
    if not len(shapes.features):
        return
    order = np.lexsort((shapes.features, shapes.columns, shapes.rows))
    tile = _numbers(shapes, order)
    tags, tag_counts, values = attributes.tags(shapes.features, tile)
    data, ends = _features(shapes, ids[shapes.features], tags, tag_counts, order)
    first = np.flatnonzero(np.diff(tile[order], prepend=-1))
    lasts = np.append(first[1:], len(order)) - 1
    head, tail = _head(layer), attributes.keys + _field(5, EXTENT) + _field(15, 2)
    starts = np.append(0, ends)[first]
    for number, (start, end) in enumerate(zip(starts.tolist(), ends[lasts].tolist(), strict=True)):
        piece = order[first[number]]
        body = head + data[start:end] + tail + values(number)
        yield Tile(int(shapes.rows[piece]), int(shapes.columns[piece]), b"\x1a" + varint(len(body)) + body)


def _numbers(shapes: Shapes, order: Integers) -> Integers:
    """Number of each piece's tile, counted in the order of the tiles."""
    rows, columns = shapes.rows[order], shapes.columns[order]
    new = np.ones(len(order), bool)
    new[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(new) - 1
    return numbers


def _head(layer: str) -> bytes:
    name = layer.encode()
    return b"\x0a" + varint(len(name)) + name


def _field(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def _features(
    shapes: Shapes, ids: Integers, tags: Integers, tag_counts: Integers, order: Integers
) -> tuple[bytes, Integers]:
    """Bytes of all features in `order`, and where each ends."""
    geometry, geometry_counts = _geometry(shapes)
    tag_bytes = _sums(_lengths(tags), tag_counts)
    geometry_bytes = _sums(_lengths(geometry), geometry_counts)
    tagged = tag_counts > 0
    size = (
        1 + _lengths(ids) + 2 + 1 + _lengths(geometry_bytes) + geometry_bytes
        + np.where(tagged, 1 + _lengths(tag_bytes) + tag_bytes, 0)
    )  # fmt: skip
    heads = [np.full(len(ids), 0x12), size, np.full(len(ids), ID), ids]
    tag_heads = [np.full(len(ids), TAGS), tag_bytes]
    middles = [
        np.full(len(ids), TYPE), shapes.kinds, np.full(len(ids), GEOMETRY), geometry_bytes
    ]  # fmt: skip
    counts = 4 + np.where(tagged, 2 + tag_counts, 0) + 4 + geometry_counts
    place = np.empty(len(ids), np.int64)
    place[order] = starts_of(counts[order])
    stream = np.empty(int(counts.sum()), np.int64)
    for number, values in enumerate(heads):
        stream[place + number] = values
    for number, values in enumerate(tag_heads):
        stream[(place + 4 + number)[tagged]] = values[tagged]
    stream[runs(place + 6, tag_counts)] = tags
    after = place + 4 + np.where(tagged, 2 + tag_counts, 0)
    for number, values in enumerate(middles):
        stream[after + number] = values
    stream[runs(after + 4, geometry_counts)] = geometry
    total = size + 1 + _lengths(size)
    return numbers_as_bytes(stream), np.cumsum(total[order])


def _sums(values: Integers, counts: Integers) -> Integers:
    """Sum of each run of `values`."""
    totals = np.append(0, np.cumsum(values))
    starts = starts_of(counts)
    return np.asarray(totals[starts + counts] - totals[starts])


def _geometry(shapes: Shapes) -> tuple[Integers, Integers]:
    """Commands and steps of all pieces, and how many numbers each has."""
    kinds, sizes = shapes.part_kinds, shapes.sizes
    closing = kinds == POLYGON
    points = kinds == POINT
    counts = 1 + 2 * sizes + ~points + closing
    place = starts_of(counts)
    stream = np.empty(int(counts.sum()), np.int64)
    stream[place] = np.where(points, sizes, 1) << 3 | MOVE
    drawing_on = ~points
    stream[place[drawing_on] + 3] = (sizes[drawing_on] - 1) << 3 | LINE_TO
    stream[(place + counts - 1)[closing]] = 1 << 3 | CLOSE
    first = _first_of_piece(shapes)
    within = np.arange(len(shapes.x)) - np.repeat(shapes.starts, sizes)
    shift = np.repeat(place + 1, sizes) + 2 * within + (np.repeat(~points, sizes) & (within > 0))
    stream[shift] = _steps(shapes.x, first)
    stream[shift + 1] = _steps(shapes.y, first)
    return stream, np.bincount(shapes.owners, counts, len(shapes.features)).astype(np.int64)


def _first_of_piece(shapes: Shapes) -> Integers:
    """First vertex of each piece, from which its steps are counted anew."""
    return np.asarray(shapes.starts[np.flatnonzero(np.diff(shapes.owners, prepend=-1))])


def _steps(values: Floats, first: Integers) -> Integers:
    """Differences from vertex to vertex, with the sign in the lowest bit."""
    whole = values.astype(np.int64)
    steps = np.diff(whole, prepend=0)
    steps[first] = whole[first]
    return np.asarray((steps << 1) ^ (steps >> 63))


def _lengths(values: Integers) -> Integers:
    """Bytes that each number takes."""
    length = np.ones(len(values), np.int64)
    for bits in range(7, 63, 7):
        longer = values >= 1 << bits
        if not longer.any():
            break
        length += longer
    return length


def numbers_as_bytes(stream: Integers) -> bytes:
    """All numbers of `stream`, written one after the other."""
    lengths = _lengths(stream)
    place = starts_of(lengths)
    out = np.empty(int(lengths.sum()), np.uint8)
    longest = int(lengths.max(initial=0))
    out[place] = stream & 127 | np.where(lengths > 1, 128, 0)
    for number in range(1, longest):
        longer: Flags = lengths > number
        more = np.where(lengths[longer] > number + 1, 128, 0)
        out[place[longer] + number] = stream[longer] >> 7 * number & 127 | more
    return out.tobytes()
