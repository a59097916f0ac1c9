"""Point clouds: LAS, LAZ and COPC, read in pieces so that memory does not grow with the file."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import laspy
import lazrs
import numpy as np
import pyarrow as pa
from laspy.errors import LaspyException

from craton.ingest.gps_time import rfc3339, utc_of_gps_seconds
from craton.ingest.las_header import SIGNATURE, Heights, Layout, read_layout, reference
from craton.ingest.point_geometry import point_column
from craton.ingest.reference import state_crs
from craton.model.data import ColumnNote, Draft, TableStream
from craton.model.errors import RefusedError
from craton.model.record import Interval, Period
from craton.process.readers import Source, reader

BATCH_POINTS = 500_000
BATCH_BYTES = 64 << 20
MAX_RAW_BYTES = 16
"""Extra bytes of a point that are kept when nothing says what they are."""

ADJUSTED_GPS_OFFSET = 1e9
"""Seconds that LAS takes off GPS time to keep digits (specification 1.4, global encoding bit 0)."""
SCAN_ANGLE_STEP = 0.006
"""Degrees per count of the scan angle of point formats 6 to 10."""

READ_ERRORS = (
    LaspyException, lazrs.LazrsError, ValueError, struct.error, ArithmeticError, LookupError, TypeError,
    OSError, EOFError, AttributeError,
)  # fmt: skip
"""What the library raises on malformed bytes."""

NOTES = {
    "upward": ColumnNote(unit="m", quantity="elevation", title="height"),
    "scan_angle": ColumnNote(unit="deg", title="scan angle"),
    "intensity": ColumnNote(quantity="point_intensity", title="strength of the returned pulse"),
    "classification": ColumnNote(title="class of the point (ASPRS code)"),
    "gps_time": ColumnNote(unit="s", title="GPS time of the pulse"),
}


@dataclass
class Survey:
    """What one pass over all points found."""

    points: int = 0
    minimum: np.ndarray = field(default_factory=lambda: np.full(3, np.inf))
    maximum: np.ndarray = field(default_factory=lambda: np.full(3, -np.inf))
    first_time: float = np.inf
    last_time: float = -np.inf
    classes: np.ndarray = field(default_factory=lambda: np.zeros(256, dtype=np.int64))

    def add(self, points: laspy.ScaleAwarePointRecord) -> None:
        """Take in one piece of the cloud."""
        self.points += len(points)
        places = np.stack([np.asarray(points.x), np.asarray(points.y), np.asarray(points.z)])
        self.minimum = np.minimum(self.minimum, places.min(axis=1))
        self.maximum = np.maximum(self.maximum, places.max(axis=1))
        self.classes += np.bincount(np.asarray(points.classification), minlength=256)[:256]
        if "gps_time" in points.point_format.dimension_names:
            times = np.asarray(points.gps_time)
            self.first_time = min(self.first_time, float(np.nanmin(times, initial=np.inf)))
            self.last_time = max(self.last_time, float(np.nanmax(times, initial=-np.inf)))


@reader("point-cloud", order=10, matches=lambda candidate: candidate.head.startswith(SIGNATURE))
def read_point_cloud(source: Source) -> Iterator[Draft]:
    """One table a file: points with height in metres and the attributes of their point format."""
    layout = read_layout(source.path)
    header, survey = _survey(source.path, layout)
    system, heights, fault = reference(header)
    stream = _stream(source.path, layout, header, heights.metres)
    draft = Draft(data=stream, kind="table", notes=_notes(header, stream, heights))
    if fault:
        draft.find("crs-unknown", message=fault)
    state_crs(draft, system, source.options)
    _note_heights(draft, survey, heights)
    _note_time(draft, header, survey)
    _note_header(draft, header, layout, survey)
    yield draft


def _survey(path: Path, layout: Layout) -> tuple[laspy.LasHeader, Survey]:
    """Header and findings of a pass over every point; `RefusedError` where one cannot be decoded."""
    survey = Survey()
    try:
        with _open(path, read_evlrs=layout.extended_records_sound) as las, np.errstate(all="ignore"):
            header = las.header
            if not (
                np.isfinite(header.scales).all()
                and np.isfinite(header.offsets).all()
                and np.all(header.scales)
            ):
                raise RefusedError("corrupt", "scales or offsets of the coordinates are not numbers")
            for points in _pieces(las, layout):
                survey.add(points)
    except READ_ERRORS as error:
        message = f"point {survey.points + 1} of {layout.points} and those after it cannot be read ({error})"
        raise RefusedError("corrupt", message, hint="copy or export it again") from error
    if not np.isfinite([survey.minimum, survey.maximum]).all():
        raise RefusedError("corrupt", "the header's scales make coordinates that are not numbers")
    return header, survey


def _open(path: Path, *, read_evlrs: bool) -> laspy.LasReader:
    """Reader on one thread: the parallel one trusts chunk sizes and allocates what a broken file declares."""
    return laspy.open(path, laz_backend=laspy.LazBackend.Lazrs, read_evlrs=read_evlrs)


def _pieces(las: laspy.LasReader, layout: Layout) -> Iterator[laspy.ScaleAwarePointRecord]:
    left, step = layout.whole, max(1, min(BATCH_POINTS, BATCH_BYTES // layout.record_size))
    while left > 0:
        points = las.read_points(min(step, left))
        if len(points) == 0:
            raise EOFError("no more points")
        left -= len(points)
        yield points


def _stream(path: Path, layout: Layout, header: laspy.LasHeader, metres: float) -> TableStream:
    columns = _columns(header, metres)
    empty = laspy.ScaleAwarePointRecord.empty(header.point_format, header.scales, header.offsets)
    arrays = {name: column(empty) for name, column in columns.items()}
    schema = pa.schema([(name, array.type) for name, array in arrays.items()])

    def batches() -> Iterator[pa.RecordBatch]:
        with _open(path, read_evlrs=False) as las, np.errstate(all="ignore"):
            for points in _pieces(las, layout):
                yield pa.RecordBatch.from_arrays(
                    [column(points) for column in columns.values()], schema=schema
                )

    return TableStream(schema=schema, batches=batches)


Column = Callable[[laspy.ScaleAwarePointRecord], pa.Array]


def _columns(header: laspy.LasHeader, metres: float) -> dict[str, Column]:
    """Arrow columns by name, each made from a piece of the cloud."""
    columns: dict[str, Column] = {
        "geometry": lambda points: point_column(np.asarray(points.x), np.asarray(points.y)),
        "upward": lambda points: pa.array(np.asarray(points.z) * metres),
    }
    for dimension in header.point_format.dimensions:
        if dimension.name not in {"X", "Y", "Z"} and not _is_left_out(dimension):
            columns |= _dimension_columns(dimension, taken={name.lower() for name in columns})
    return columns


def _is_left_out(dimension: laspy.DimensionInfo) -> bool:
    return bool(dimension.name == "ExtraBytes" and dimension.num_elements > MAX_RAW_BYTES)


def _dimension_columns(dimension: laspy.DimensionInfo, taken: set[str]) -> dict[str, Column]:
    """One column of a plain dimension, one per element of a compound one."""
    name = dimension.name if dimension.name.lower() not in taken else f"{dimension.name}_extra"
    if name.startswith("scan_angle"):
        step = SCAN_ANGLE_STEP if name == "scan_angle" else 1.0
        return {"scan_angle": lambda points: pa.array(np.asarray(points[dimension.name]) * np.float32(step))}
    if dimension.num_elements == 1:
        return {name: lambda points: _values(np.asarray(points[dimension.name]), dimension)}
    return {f"{name}_{number + 1}": _element(dimension, number) for number in range(dimension.num_elements)}


def _element(dimension: laspy.DimensionInfo, number: int) -> Column:
    return lambda points: _values(
        np.ascontiguousarray(np.asarray(points[dimension.name])[:, number]), dimension
    )


def _values(values: np.ndarray, dimension: laspy.DimensionInfo) -> pa.Array:
    if dimension.no_data is None:
        return pa.array(values)
    return pa.array(values, mask=values == np.asarray(dimension.no_data).ravel()[0])


def _notes(header: laspy.LasHeader, stream: TableStream, heights: Heights) -> dict[str, ColumnNote]:
    notes = {name: note for name, note in NOTES.items() if name in stream.schema.names}
    if heights.metres != 1.0:
        notes["upward"] = replace(NOTES["upward"], original_unit=heights.unit)
    described = {d.name: d.description for d in header.point_format.extra_dimensions if d.description}
    return notes | {
        name: ColumnNote(title=words)
        for name in stream.schema.names
        for extra, words in described.items()
        if name in {extra, f"{extra}_extra"}
    }


def _note_heights(draft: Draft, survey: Survey, heights: Heights) -> None:
    low, high = survey.minimum[2] * heights.metres, survey.maximum[2] * heights.metres
    draft.vertical = Interval(minimum=float(low), maximum=float(high), unit="m", datum=heights.datum)
    if heights.metres != 1.0:
        draft.find("vertical-unit", message=f"from {heights.unit}")
        draft.steps.append(f"heights times {heights.metres:.12g} to metres")
    if not heights.stated:
        draft.find("vertical-unit-assumed", message=f"taken as {heights.unit}")


def _note_time(draft: Draft, header: laspy.LasHeader, survey: Survey) -> None:
    """State the period where points carry absolute GPS time, which seconds of a week are not."""
    absolute = header.global_encoding.gps_time_type == laspy.header.GpsTimeType.STANDARD
    if not absolute or not np.isfinite([survey.first_time, survey.last_time]).all():
        return
    if survey.first_time == survey.last_time == 0.0:
        return
    try:
        first, last = (
            utc_of_gps_seconds(t + ADJUSTED_GPS_OFFSET) for t in (survey.first_time, survey.last_time)
        )
    except OverflowError:
        draft.find("date-unread", survey.points, "GPS times lie outside the calendar")
        return
    draft.time = Period(start=rfc3339(first), end=rfc3339(last))


def _note_header(draft: Draft, header: laspy.LasHeader, layout: Layout, survey: Survey) -> None:
    classes = {str(code): int(count) for code, count in enumerate(survey.classes) if count}
    draft.properties = {
        "las_version": f"{header.version.major}.{header.version.minor}",
        "point_format": header.point_format.id,
        "points_by_class": classes,
        "generating_software": header.generating_software,
    }
    if layout.whole < layout.points:
        draft.find(
            "truncated", layout.points - layout.whole, f"{layout.whole} of {layout.points} points are there"
        )
    if not layout.extended_records_sound:
        draft.find(
            "metadata-invalid", message="the records after the points reach beyond the end of the file"
        )
    _check_bounds(draft, header, survey)
    for dimension in header.point_format.extra_dimensions:
        if dimension.name == "ExtraBytes":
            kept = "left out" if _is_left_out(dimension) else "kept as they are"
            draft.find(
                "structure-nonstandard", message=f"{dimension.num_elements} undescribed bytes a point, {kept}"
            )


def _check_bounds(draft: Draft, header: laspy.LasHeader, survey: Survey) -> None:
    """Doubt a header whose extent is not that of its points, to two steps of the coordinates."""
    tolerance = 2 * np.abs(header.scales)
    wrong = (np.abs(header.mins - survey.minimum) > tolerance) | (
        np.abs(header.maxs - survey.maximum) > tolerance
    )
    if wrong.any() or not np.isfinite([header.mins, header.maxs]).all():
        draft.find(
            "metadata-invalid", int(max(wrong.sum(), 1)), "the extent in the header is not that of the points"
        )
