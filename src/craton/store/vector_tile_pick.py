"""Vector tiles with some of their attributes only: a whole tile is cut down, its shapes as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise

import numpy as np

from craton.store.vector_tile_shapes import Integers
from craton.store.vector_tile_values import varint
from craton.store.vector_tile_write import numbers_as_bytes

LAYER = 3
"""Number of a layer in a tile."""

NAME, FEATURE, KEY, VALUE, EXTENT, VERSION = 1, 2, 3, 4, 5, 15
"""Numbers of what a layer holds."""

TAGS = 2
"""Number of the tags of a feature."""

LAYER_HEAD, FEATURE_HEAD, TAGS_HEAD = b"\x1a", b"\x12", b"\x12"


Piece = tuple[int, int, int]
"""Where a field begins, where its content does, and where both end."""

NOWHERE: list[Piece] = []


def picked(tile: bytes, names: Collection[str]) -> bytes:
    """A tile of one layer, not compressed, with the attributes `names` only.

    Keys and values that no feature has any more are left out.
    """
    _, first, end = _fields(tile, 0, len(tile))[LAYER][0]
    layer = _fields(tile, first, end)
    features, listed, values = (layer.get(number, NOWHERE) for number in (FEATURE, KEY, VALUE))
    kept = [place for place, (_, at, to) in enumerate(listed) if tile[at:to].decode() in names]
    place_of = np.full(max(len(listed), 1), -1, np.int64)
    place_of[kept] = np.arange(len(kept))

    tags = [_tags(tile, one) for one in features]
    numbers, counts = _decoded([tile[at:to] for _, at, to in tags])
    wanted = place_of[numbers[0::2]] >= 0
    used, places = np.unique(numbers[1::2][wanted], return_inverse=True)
    stream = np.empty(2 * len(places), np.int64)
    stream[0::2], stream[1::2] = place_of[numbers[0::2][wanted]], places
    owners = np.repeat(np.arange(len(features)), counts // 2)[wanted]
    own = _parted(stream, 2 * np.bincount(owners, minlength=len(features)))

    body = b"".join([
        *_whole(tile, layer.get(NAME, NOWHERE)),
        *(_feature(tile, *each) for each in zip(features, tags, own, strict=True)),
        *_whole(tile, [listed[place] for place in kept]),
        *_whole(tile, [piece for number in (EXTENT, VERSION) for piece in layer.get(number, NOWHERE)]),
        *_whole(tile, [values[number] for number in used.tolist()]),
    ])  # fmt: skip
    return LAYER_HEAD + varint(len(body)) + body


def _whole(tile: bytes, pieces: list[Piece]) -> Iterator[bytes]:
    return (tile[start:end] for start, _, end in pieces)


def _feature(tile: bytes, feature: Piece, tags: Piece, own: bytes) -> bytes:
    """A feature with other tags."""
    told = TAGS_HEAD + varint(len(own)) + own if own else b""
    content = tile[feature[1] : tags[0]] + told + tile[tags[2] : feature[2]]
    return FEATURE_HEAD + varint(len(content)) + content


def _tags(tile: bytes, feature: Piece) -> Piece:
    """Tags of a feature; nothing at its end where it has none."""
    _, first, end = feature
    return _fields(tile, first, end).get(TAGS, [(end, end, end)])[0]


def _fields(data: bytes, at: int, end: int) -> dict[int, list[Piece]]:
    """Fields of a message by number; all are numbers or of stated length, as in layers and features."""
    found: dict[int, list[Piece]] = {}
    while at < end:
        start, head, size, first = at, data[at], data[at + 1], at + 2
        if size > 127:
            size, first = _number(data, at + 1)
        at = first + size if head & 7 else first
        found.setdefault(head >> 3, []).append((start, first, at))
    return found


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends."""
    found = data[at] & 127
    shift = 7
    while data[at] > 127:
        at += 1
        found |= (data[at] & 127) << shift
        shift += 7
    return found, at + 1


def _decoded(several: list[bytes]) -> tuple[Integers, Integers]:
    """Numbers of all parts one after the other, and how many each part has."""
    data = np.frombuffer(b"".join(several), np.uint8)
    last = data < 128
    which = np.cumsum(last) - last
    starts = np.flatnonzero(np.append(True, last[:-1])) if data.size else np.empty(0, np.int64)
    shift = 7 * (np.arange(data.size) - starts[which])
    bits = (data & 127).astype(np.int64) << shift
    numbers = np.add.reduceat(bits, starts) if data.size else np.empty(0, np.int64)
    ends = np.cumsum([len(one) for one in several]).astype(np.int64)
    before = np.append(0, np.cumsum(last))
    return numbers, np.diff(before[ends], prepend=0)


def _parted(stream: Integers, counts: Integers) -> list[bytes]:
    """Bytes of runs of `stream`, of which each has so many numbers."""
    data = numbers_as_bytes(stream)
    ends = np.append(0, np.flatnonzero(np.frombuffer(data, np.uint8) < 128) + 1)
    places = ends[np.append(0, np.cumsum(counts))].tolist()
    return [data[start:end] for start, end in pairwise(places)]
