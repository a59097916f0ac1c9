"""From points, lines, surfaces and blocks to drafts: tables, one mesh of all surfaces, volumes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from craton.ingest.grid_axes import axis_names, is_regular
from craton.ingest.reference import state_crs
from craton.ingest.shapes import Attribute, Blocks, Lines, Points, Shapes, Surface, worded
from craton.model.crs import normalise
from craton.model.data import ColumnNote, Draft, Mesh
from craton.model.errors import InvalidError, RefusedError
from craton.process.readers import Source

ALIGNED = 1e-6
"""How far a unit vector may be off an axis and still lie on it."""

HINT = "check the export that made it"
LONGEST_CRS = 20_000
UPWARD = "upward"
PART_COLUMN = "part_id"
MOST_CODE = 1 << 53
"""Numbers up to which floats are whole numbers that can be codes, either side of 0."""

WHOLE_TYPES = (np.uint8, np.uint16, np.int32, np.int64)


def shape_drafts(shapes: Shapes, source: Source) -> Iterator[Draft]:
    """Drafts of all that a file holds.

    Raises
    ------
    RefusedError
        `unsupported` where it holds only what has no place here, `no-data` where it holds nothing.
    """
    drafts = list(_drafts(shapes))
    if not drafts:
        if shapes.left_out:
            words = "; ".join(dict.fromkeys(shapes.left_out))
            raise RefusedError("unsupported", f"{source.name} holds only {words}", hint=HINT)
        raise RefusedError("no-data", f"{source.name} holds nothing to draw", hint=HINT)
    stated = _known(shapes.crs)
    names = _distinct([draft.name for draft in drafts]) if len(drafts) > 1 else [""]
    for draft, name in zip(drafts, names, strict=True):
        draft.title = draft.name if len(drafts) > 1 else (shapes.title or draft.name)
        draft.name = name
        draft.description = shapes.description
        _place(draft, shapes.crs, stated, source)
        for code, words in dict.fromkeys(shapes.findings):
            draft.find(code, message=words)
        if shapes.left_out:
            words = "; ".join(dict.fromkeys(shapes.left_out))
            draft.find("part-skipped", len(shapes.left_out), words[:400])
        yield draft


def _known(text: str) -> str:
    try:
        return normalise(text[:LONGEST_CRS]) if text.strip() else ""
    except InvalidError:
        return ""


def _place(draft: Draft, said: str, stated: str, source: Source) -> None:
    if said.strip() and not stated:
        draft.find("crs-unknown", message=said.strip()[:80])
    state_crs(draft, stated, source.options)
    if not draft.crs:
        return
    if isinstance(draft.data, xr.Dataset):
        names = axis_names(draft.crs)
        wanted = {"northing": names.rows, "easting": names.columns}
        draft.data = draft.data.rename({old: new for old, new in wanted.items() if old != new})
        draft.data.attrs["crs"] = draft.crs
    elif isinstance(draft.data, gpd.GeoDataFrame):
        draft.data = draft.data.set_crs(draft.crs, allow_override=True)


def _drafts(shapes: Shapes) -> Iterator[Draft]:
    surfaces = [one for one in shapes.items if isinstance(one, Surface)]
    mesh = _mesh(surfaces) if surfaces else None
    if mesh is not None:
        yield mesh
    for one in shapes.items:
        match one:
            case Points() if len(one.places):
                yield _table(one, _rows(one.attributes), shapely.points(one.places))
            case Lines() if len(one.segments):
                yield _lines(one)
            case Blocks():
                yield _volume(one)


def _distinct(names: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    told = []
    for place, name in enumerate(names, 1):
        bare = name.strip()[:120] or f"part {place}"
        unique = next(
            one for number in count(1) if (one := bare if number == 1 else f"{bare}#{number}") not in taken
        )
        taken.add(unique)
        told.append(unique)
    return told


def _mesh(surfaces: list[Surface]) -> Draft | None:
    """One mesh of all surfaces, a part each unless a surface tells parts of its own apart."""
    vertices, triangles, part, tables, lost = [], [], [], [], 0
    before, rows = 0, 0
    for one in surfaces:
        corners = np.asarray(one.triangles, np.int64).reshape(-1, 3)
        inside = ((corners >= 0) & (corners < len(one.places))).all(axis=1)
        inside[inside] = np.isfinite(one.places[corners[inside]]).all(axis=(1, 2))
        lost += int((~inside).sum())
        used, local = np.unique(corners[inside], return_inverse=True)
        table = (
            pd.DataFrame(one.parts)
            if one.part is not None
            else pd.DataFrame([{PART_COLUMN: one.name, **_facts(one)}])
        )
        own = np.zeros(len(corners), np.int64) if one.part is None else np.asarray(one.part, np.int64)
        vertices.append(one.places[used].astype(np.float64))
        triangles.append(local.reshape(-1, 3) + before)
        part.append(own[inside] + rows)
        tables.append(table)
        before, rows = before + used.size, rows + len(table)
    if not sum(map(len, triangles)):
        return None
    parts = pd.concat(tables, ignore_index=True)
    mesh = Mesh(np.concatenate(vertices), np.concatenate(triangles), np.concatenate(part), _plain(parts))
    draft = Draft(mesh, kind="mesh", name=surfaces[0].name if len(surfaces) == 1 else "surfaces")
    if lost:
        draft.find("geometry-unread", lost, "triangles whose corners have no place were left out")
    if left_out := sum(one.left_out for one in surfaces):
        draft.find(
            "part-skipped", left_out, "attributes of vertices and triangles, which a mesh here has not"
        )
    return draft


def _facts(surface: Surface) -> dict[str, object]:
    return {str(name): value for name, value in surface.facts.items() if name != PART_COLUMN}


def _plain(parts: pd.DataFrame) -> pd.DataFrame:
    """Columns of one kind of value; of several kinds as text."""
    told = parts.copy()
    for name in told.columns:
        kinds = {type(value) for value in told[name].dropna()}
        if not any(kinds <= kind for kind in ({str}, {bool}, {int, float})):
            told[name] = [None if value is None else str(value) for value in told[name]]
    return told


def _rows(attributes: list[Attribute]) -> dict[str, pd.Series]:
    """Columns of a table, codes as the names they stand for."""
    names = _distinct([one.name for one in attributes])
    columns = {}
    for name, one in zip(names, attributes, strict=True):
        values = pd.Series(one.values)
        if one.classes is not None:
            values = values.map(dict(zip(one.classes.codes, one.classes.names, strict=True)))
        if one.missing is not None and one.missing.any():
            values = values.mask(one.missing) if values.dtype.kind in "fM" else _nullable(values, one.missing)
        columns["geometry_column" if name == "geometry" else name] = values
    return columns


def _nullable(values: pd.Series, missing: np.ndarray) -> pd.Series:
    """`values` with none where `missing`, whole numbers kept whole."""
    if values.dtype.kind in "iu":
        return values.astype("Int64").mask(missing)
    if values.dtype.kind == "b":
        return values.astype("boolean").mask(missing)
    return values.astype(object).mask(missing, None)


def _table(shape: Points | Lines, columns: dict[str, pd.Series], geometry: np.ndarray) -> Draft:
    frame = gpd.GeoDataFrame(columns, geometry=geometry)
    draft = Draft(frame, kind="table", name=shape.name)
    for name, one in zip(columns, shape.attributes, strict=True):
        if one.unit or one.title:
            draft.notes[name] = ColumnNote(unit=one.unit, title=one.title)
    nowhere = ~np.isfinite(shapely.get_coordinates(geometry, include_z=False)).all(axis=1)
    if nowhere.any():
        draft.find("coordinate-missing", int(nowhere.sum()))
        if isinstance(shape, Points):
            frame.loc[nowhere, "geometry"] = None
    return draft


def _lines(lines: Lines) -> Draft:
    """Segments that follow each other with the same attributes as one line."""
    ends = np.asarray(lines.segments, np.int64).reshape(-1, 2)
    sound = ((ends >= 0) & (ends < len(lines.places))).all(axis=1)
    sound[sound] = np.isfinite(lines.places[ends[sound]]).all(axis=(1, 2))
    kept = ends[sound]
    columns = {name: values[sound] for name, values in _rows(lines.attributes).items()}
    begins = np.ones(len(kept), bool)
    begins[1:] = kept[1:, 0] != kept[:-1, 1]
    for values in columns.values():
        codes = pd.factorize(values, use_na_sentinel=False)[0]
        begins[1:] |= codes[1:] != codes[:-1]
    line = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    order = np.argsort(np.concatenate([line[first] * 2.0, line * 2.0 + 1]), kind="stable")
    vertex = np.concatenate([kept[first, 0], kept[:, 1]])[order]
    number = np.concatenate([line[first], line])[order]
    geometry = shapely.linestrings(lines.places[vertex], indices=number) if len(kept) else np.empty(0, object)
    table = {name: values.iloc[first].reset_index(drop=True) for name, values in columns.items()}
    draft = _table(lines, table, geometry)
    if lost := int((~sound).sum()):
        draft.find("geometry-unread", lost, "segments whose ends have no place were left out")
    return draft


def _volume(blocks: Blocks) -> Draft:
    axes = _aligned(blocks.directions)
    if axes is None:
        return _block_table(blocks)
    shape = tuple(axis.size for axis in reversed(blocks.middles))
    places, dimensions, turned = {}, {}, {}
    for number, (axis, sign) in enumerate(axes):
        name = ("easting", "northing", UPWARD)[axis]
        middles = blocks.origin[axis] + sign * np.asarray(blocks.middles[number], np.float64)
        ascending = middles[-1] >= middles[0]
        turned[name] = ascending != (name == "easting")
        places[name] = middles[::-1] if turned[name] else middles
        dimensions[number] = name
    names = [dimensions[number] for number in (2, 1, 0)]
    wanted = (UPWARD, "northing", "easting")
    data = {}
    held = [found for one in blocks.attributes if (found := _numbers(one)) is not None]
    for name, one in zip(_distinct([one.name for one in held]), held, strict=True):
        cells = xr.DataArray(_cells(one).reshape(shape), dims=names).transpose(*wanted)
        flipped = cells.isel({axis: slice(None, None, -1) for axis in wanted if turned[axis]})
        data[name] = xr.Variable(wanted, np.ascontiguousarray(flipped.to_numpy()), _told(one))
    told = {UPWARD: {"units": "m", "positive": "up"}}
    coordinates = {name: (name, places[name], told.get(name, {})) for name in wanted}
    draft = Draft(xr.Dataset(data, coords=coordinates), kind="volume", name=blocks.name)
    for name, one in zip(data, held, strict=True):
        stated = str(one.attributes.get("units", "")) or one.unit
        title = str(one.attributes.get("long_name", "")) or one.title
        quantity = str(one.attributes.get("standard_name", ""))
        if stated or title or quantity:
            draft.notes[name] = ColumnNote(unit=stated, title=title, quantity=quantity)
    missing = sum(int(one.missing.sum()) for one in held if one.missing is not None)
    if missing:
        draft.find("nodata-declared", missing)
    if left_out := len(blocks.attributes) - len(held):
        draft.find("part-skipped", left_out, "values of blocks that are neither numbers nor classes")
    if any(not is_regular(axis) for axis in places.values()):
        draft.find("axis-irregular")
    if not data:
        draft.find("table-empty", message="the blocks have no attribute")
    return draft


def _aligned(directions: np.ndarray) -> list[tuple[int, float]] | None:
    """Axis (0 easting, 1 northing, 2 upward) and sense of each direction; `None` where one lies aslant."""
    found = []
    for vector in np.asarray(directions, np.float64):
        axis = int(np.abs(vector).argmax())
        if np.abs(np.delete(vector, axis)).max() > ALIGNED:
            return None
        found.append((axis, float(np.sign(vector[axis]))))
    return found if {axis for axis, _ in found} == {0, 1, 2} else None


def _numbers(attribute: Attribute) -> Attribute | None:
    """An attribute of blocks as numbers, texts as classes; `None` for times and too many texts."""
    if attribute.values.dtype.kind in "biuf":
        return attribute
    return worded(attribute) if attribute.values.dtype.kind in "OU" else None


def _cells(attribute: Attribute) -> np.ndarray:
    """Values of blocks as numbers: codes as small whole numbers, a code for none, all else NaN for none."""
    values, missing = attribute.values, attribute.missing
    if attribute.classes is not None:
        none = _without_class(attribute)
        codes = np.where(none, 0, values).astype(np.int64)
        codes[none] = _code_of_none(attribute)
        return _smallest(codes)
    if values.dtype.kind == "b":
        values = values.astype(np.uint8)
    if missing is None or not missing.any():
        return values
    return np.where(missing, np.nan, values.astype(np.float64 if values.dtype.itemsize > 2 else np.float32))


def _without_class(attribute: Attribute) -> np.ndarray:
    """Blocks that are none, or whose number can be no code."""
    values, missing = attribute.values, attribute.missing
    none: np.ndarray = ~((values >= -MOST_CODE) & (values <= MOST_CODE))
    return none if missing is None else none | missing


def _code_of_none(attribute: Attribute) -> int:
    """Code of blocks without a class: 0, where no class has it; else the one stated, else a free one."""
    classes = attribute.classes
    names = dict(zip(classes.codes, classes.names, strict=True)) if classes is not None else {}
    if names.get(0, "none") == "none":
        return 0
    stated = attribute.attributes.get("nodata")
    if isinstance(stated, int) and abs(stated) <= MOST_CODE and stated not in names:
        return stated
    taken = np.unique(attribute.values[~_without_class(attribute)].astype(np.int64))
    taken = np.union1d(taken, [code for code in names if abs(code) <= MOST_CODE])
    return int(np.setdiff1d(np.arange(1, taken.size + 2), taken)[0])


def _smallest(codes: np.ndarray) -> np.ndarray:
    low, high = int(codes.min(initial=0)), int(codes.max(initial=0))
    kind = next(one for one in WHOLE_TYPES if np.iinfo(one).min <= low and high <= np.iinfo(one).max)
    return codes.astype(kind)


def _told(attribute: Attribute) -> dict[str, object]:
    told: dict[str, object] = {"units": attribute.unit} if attribute.unit else {}
    if attribute.title:
        told["long_name"] = attribute.title
    if attribute.classes is not None:
        told |= attribute.classes.attributes()
    told |= attribute.attributes
    if attribute.classes is not None and _without_class(attribute).any():
        told["nodata"] = _code_of_none(attribute)
    return told


def _block_table(blocks: Blocks) -> Draft:
    """Blocks of axes that lie aslant as the points of their middles."""
    w, v, u = np.meshgrid(*reversed(blocks.middles), indexing="ij")
    distances = np.stack([u.ravel(), v.ravel(), w.ravel()], axis=1)
    points = Points(blocks.name, blocks.origin + distances @ blocks.directions, blocks.attributes)
    draft = _table(points, _rows(blocks.attributes), shapely.points(points.places))
    draft.find("raster-rotated", message="blocks that lie aslant became the points of their middles")
    return draft
