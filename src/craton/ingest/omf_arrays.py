"""Arrays of an OMF project: Parquet files in its zip, each checked against what the index says of it."""

from __future__ import annotations

import io
import zipfile
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from craton.model.errors import RefusedError

LARGEST = 4 << 30
"""Bytes of an array, packed or not, beyond which it is not believed."""

MOST_SWELL = 20
SMALL = 1 << 20
"""Times a member of the zip may be packed by, and bytes besides: Parquet packs itself, members are stored."""

HINT = "export it again as OMF 2.0"


class Array(Struct):
    """An array: its member of the zip, and how many items it has."""

    filename: str
    item_count: int


class Arrays:
    """Arrays of an archive, each checked against what the index says of it."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive, self.name = archive, name

    def broken(self, words: str) -> RefusedError:
        """The error that says what breaks the format."""
        return RefusedError("invalid-structure", f"{self.name} is no sound OMF file: {words}", hint=HINT)

    def table(self, array: Array | None, what: str) -> pa.Table:
        """The array as a table of columns."""
        if array is None:
            raise self.broken(f"{what} are missing")
        try:
            entry = self._archive.getinfo(array.filename)
            if entry.flag_bits & 1:
                raise RefusedError("encrypted", f"{self.name} is locked by a password")
            if entry.file_size > min(LARGEST, MOST_SWELL * entry.compress_size + SMALL):
                raise RefusedError("too-large", f"{what} of {self.name} unpack to {entry.file_size} bytes")
            content = self._archive.read(entry)
            with pq.ParquetFile(io.BytesIO(content)) as file:
                if file.metadata.num_rows != array.item_count:
                    raise self.broken(
                        f"{what} are {file.metadata.num_rows}, not {array.item_count} as the index says"
                    )
                size = sum(
                    file.metadata.row_group(group).total_byte_size
                    for group in range(file.metadata.num_row_groups)
                )
                # values that repeat take hardly any bytes in the file, but eight each once they are read
                size = max(size, 8 * file.metadata.num_rows * file.metadata.num_columns)
                if size > LARGEST:
                    raise RefusedError("too-large", f"{what} of {self.name} unpack to {size} bytes")
                return file.read()
        except KeyError as error:
            raise self.broken(f"{what} are in {array.filename[:60]!r}, which is not there") from error
        except (pa.ArrowException, OSError, zipfile.BadZipFile, zlib.error, ValueError) as error:
            raise RefusedError(
                "corrupt", f"{what} of {self.name} cannot be read ({str(error)[:80]})"
            ) from error

    def columns(self, array: Array | None, names: str, what: str) -> np.ndarray:
        """Columns called by the letters of `names`, as (n, k) numbers."""
        table = self.table(array, what)
        if not set(names) <= set(table.column_names):
            raise self.broken(f"{what} have the columns {', '.join(table.column_names)[:80]}")
        columns = [table.column(name).to_numpy() for name in names]
        if any(column.dtype.kind not in "iuf" for column in columns):
            raise self.broken(f"{what} are no numbers")
        return np.stack(columns, axis=1) if len(columns) > 1 else columns[0]

    def only(self, array: Array | None, what: str) -> pa.ChunkedArray:
        """The only column of an array."""
        table = self.table(array, what)
        if table.num_columns != 1:
            raise self.broken(f"{what} have {table.num_columns} columns, not one")
        return table.column(0)
