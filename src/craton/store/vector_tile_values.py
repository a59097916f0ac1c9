"""Attributes as vector tiles hold them: each tile lists its values once, and features point at them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from craton.store.vector_tile_shapes import Integers

MOST_CHARACTERS = 200
"""Characters kept of a text; the feature itself has the rest."""

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Attributes:
    """Attributes of all features.

    Parameters
    ----------
    keys : bytes
        Names of the columns, as a layer lists them.
    codes : sequence of array (features,)
        For each column, the number of each feature's value in `values`, -1 where there is none.
    values : list of bytes
        Different values of all columns, as a layer lists them.
    """

    keys: bytes
    codes: Sequence[Integers]
    values: list[bytes]

    def tags(self, features: Integers, tile: Integers) -> tuple[Integers, Integers, Callable[[int], bytes]]:
        """Tags of the pieces of `features` in tiles numbered `tile`.

        Returns
        -------
        tags : array
            Numbers of key and value by turns, of one piece after the other.
        counts : array
            How many numbers each piece has.
        values : callable
            Gives the values that tile `n` lists.
        """
        if not self.codes:
            nothing = np.empty(0, np.int64)
            return nothing, np.zeros(len(features), np.int64), lambda _number: b""
        codes = np.stack([column[features] for column in self.codes], axis=1)
        piece, key = np.nonzero(codes >= 0)
        wanted = tile[piece] * len(self.values) + codes[piece, key]
        listed, place = np.unique(wanted, return_inverse=True)
        owner = listed // max(len(self.values), 1)
        firsts = np.searchsorted(owner, np.arange(int(tile.max(initial=-1)) + 2))
        tags = np.empty(2 * len(piece), np.int64)
        tags[0::2], tags[1::2] = key, place - firsts[tile[piece]]
        numbers = (listed - owner * len(self.values)).tolist()

        def values(number: int) -> bytes:
            return b"".join([self.values[n] for n in numbers[firsts[number] : firsts[number + 1]]])

        return tags, 2 * np.bincount(piece, minlength=len(features)).astype(np.int64), values


def attributes_of(columns: dict[str, Sequence[Scalar]]) -> Attributes:
    """Attributes by name, each with a value for every feature."""
    keys, codes, values = b"", [], list[bytes]()
    for name, column in columns.items():
        keys += _listed(3, name.encode())
        different: dict[tuple[type, Scalar], int] = {}
        start = len(values)
        found = [_number(different, value) for value in column]
        values += [_listed(4, _value(value)) for _type, value in different]
        codes.append(np.array([number + start if number >= 0 else -1 for number in found], np.int64))
    return Attributes(keys, codes, values)


def _number(different: dict[tuple[type, Scalar], int], value: Scalar) -> int:
    if value is None or value != value:  # noqa: PLR0124 - not a number
        return -1
    return different.setdefault((type(value), value), len(different))


def _value(value: Scalar) -> bytes:
    if isinstance(value, str):
        text = value[:MOST_CHARACTERS].encode("utf-8", "replace")
        return b"\x0a" + varint(len(text)) + text
    if isinstance(value, bool):
        return b"\x38" + bytes([value])
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
        return b"\x30" + varint((value << 1) ^ (value >> 63)) if value < 0 else b"\x28" + varint(value)
    assert value is not None
    return b"\x19" + struct.pack("<d", value)


def _listed(field: int, data: bytes) -> bytes:
    return bytes([field << 3 | 2]) + varint(len(data)) + data


def varint(number: int) -> bytes:
    """A whole number as protocol buffers write it."""
    out = bytearray()
    while number > 127:
        out.append((number & 127) | 128)
        number >>= 7
    out.append(number)
    return bytes(out)
