"""Which columns of a table say where its rows are, by the names surveys give them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from craton.ingest.table_angles import read_angles
from craton.ingest.table_arrays import is_empty, is_number

DATUMS = {
    "wgs84": "EPSG:4326", "wgs1984": "EPSG:4326", "gda94": "EPSG:4283", "gda2020": "EPSG:7844",
    "gda20": "EPSG:7844", "nad83": "EPSG:4269", "nad27": "EPSG:4267", "etrs89": "EPSG:4258",
    "etrs1989": "EPSG:4258", "cgcs2000": "EPSG:4490", "jgd2000": "EPSG:4612", "jgd2011": "EPSG:6668",
    "agd66": "EPSG:4202", "agd84": "EPSG:4203", "vn2000": "EPSG:4756", "indian1975": "EPSG:4240",
    "indian1960": "EPSG:4131",
}  # fmt: skip
"""Geographic reference systems by the datum that a column name ends with."""

DEFAULT_CRS = "EPSG:4326"

_AXES = {
    "longitude": r"(?:dec(?:imal)?|geo|gps|x)?(?:longitude|longitud|long|lng|lon)",
    "latitude": r"(?:dec(?:imal)?|geo|gps|y)?(?:latitude|latitud|lat)",
}
_TAIL = r"(?:dd|dms|dm|dec(?:imal)?(?:deg(?:rees?)?)?|deg(?:rees?)?|x|y|e|n|east|north)?"
_GEOGRAPHIC = {
    axis: re.compile(rf"{stem}{_TAIL}(?P<datum>{'|'.join(DATUMS)})?") for axis, stem in _AXES.items()
}  # fmt: skip

PAIRS = (
    ("easting", "northing"), ("eastings", "northings"), ("east", "north"), ("utme", "utmn"), ("utmx", "utmy"),
    ("xutm", "yutm"), ("eutm", "nutm"), ("utmeast", "utmnorth"), ("utmeasting", "utmnorthing"),
    ("mgae", "mgan"), ("mgaeast", "mganorth"), ("mgaeasting", "mganorthing"), ("amge", "amgn"),
    ("amgeast", "amgnorth"), ("rdx", "rdy"), ("xrd", "yrd"), ("rechtswert", "hochwert"), ("este", "norte"),
    ("coordx", "coordy"), ("xcoord", "ycoord"), ("xcoordinate", "ycoordinate"),
    ("coordinatex", "coordinatey"), ("xcoor", "ycoor"), ("pointx", "pointy"), ("origx", "origy"),
    ("locx", "locy"), ("xloc", "yloc"), ("e", "n"), ("x", "y"),
)  # fmt: skip
"""Names of eastings and northings, letters and digits only, the plainer ones last."""

_SYSTEM = re.compile(r"(?<=.)(?:gda94|gda2020|wgs84|agd66|agd84|utm|mga|amg|zone|z(?=\d))+\d{0,2}[nsk]?$")
ENDS = ((("start", "from", "begin", "initial", "first"), "1"), (("final", "end", "to", "stop", "last"), "2"))
"""What names of the first and the last point of a line begin or end with."""

WKT = re.compile(
    r"(?:SRID=\d+;)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON)\s*(?:Z|M|ZM)?\s*(?:\(|EMPTY)|GEOMETRYCOLLECTION",
    re.IGNORECASE,
)
TRANSLATIONS = {
    "经度": "longitude", "經度": "longitude", "経度": "longitude", "东经": "longitude", "ลองจิจูด": "longitude",
    "kinh độ": "longitude", "Kinh độ": "longitude", "bujur": "longitude", "Bujur": "longitude",
    "纬度": "latitude", "緯度": "latitude", "北纬": "latitude", "ละติจูด": "latitude",
    "vĩ độ": "latitude", "Vĩ độ": "latitude", "lintang": "latitude", "Lintang": "latitude",
    "东坐标": "easting", "横坐标": "easting", "北坐标": "northing", "纵坐标": "northing",
}  # fmt: skip
"""Names of coordinates in the languages of the region."""

ZONE_NAMES = ("zone", "utmzone", "mgazone", "amgzone")


class Pair(NamedTuple):
    """Columns of the two coordinates of a point."""

    x: str
    y: str


@dataclass(frozen=True)
class Places:
    """The columns that say where the rows are.

    Parameters
    ----------
    kind : str
        `geographic` for longitudes and latitudes in degrees, `projected` for
        eastings and northings, `wkt` for geometries as text.
    points : tuple of Pair
        One pair for points, two for lines from one point to another; for
        `wkt` the one column twice.
    datum : str
        Reference system that the names of the columns state.
    swapped : bool
        Whether the columns are named the wrong way round.
    """

    kind: Literal["geographic", "projected", "wkt"]
    points: tuple[Pair, ...]
    datum: str = ""
    swapped: bool = False


def find_places(columns: Mapping[str, pa.Array]) -> Places | None:
    """Columns of coordinates: geometries before degrees before metres, points before lines."""
    return _wkt(columns) or _geographic(columns) or _projected(columns) or _lines(columns)


def has_many_zones(columns: Mapping[str, pa.Array]) -> bool:
    """Whether a column says that the rows lie in several zones of a projection."""
    zones = [column for name, column in columns.items() if plain_name(name) in ZONE_NAMES]
    return any(len(pc.unique(column.drop_null())) > 1 for column in zones)


def plain_name(name: str) -> str:
    """`name` in lower case, without accents, units in brackets, and all but letters and digits."""
    bare = re.sub(r"[\[(（].*?[\])）]", "", name).strip()
    if bare in TRANSLATIONS:
        return TRANSLATIONS[bare]
    folded = unicodedata.normalize("NFKD", bare).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]", "", folded)


def _wkt(columns: Mapping[str, pa.Array]) -> Places | None:
    for name, column in columns.items():
        if pa.types.is_string(column.type):
            first = column.drop_null()[:20].to_pylist()
            if first and all(WKT.match(cell.lstrip()[:60]) for cell in first):
                return Places("wkt", (Pair(name, name),))
    return None


def _geographic(columns: Mapping[str, pa.Array]) -> Places | None:
    """Longitude and latitude, with the same datum where one is named."""
    found: dict[str, dict[str, str]] = {"longitude": {}, "latitude": {}}
    for name, column in columns.items():
        for axis, pattern in _GEOGRAPHIC.items():
            match = pattern.fullmatch(plain_name(name))
            if match and _is_angle(column):
                found[axis].setdefault(match["datum"] or "", name)
    for datum, longitude in found["longitude"].items():
        if datum in found["latitude"]:
            return Places("geographic", (Pair(longitude, found["latitude"][datum]),), DATUMS.get(datum, ""))
    return None


def _is_angle(column: pa.Array) -> bool:
    if is_empty(column):
        return False
    return is_number(column.type) or (pa.types.is_string(column.type) and read_angles(column) is not None)


def _projected(columns: Mapping[str, pa.Array]) -> Places | None:
    numbers = _by_plain_name(
        name for name, column in columns.items() if is_number(column.type) and not is_empty(column)
    )
    for x, y in PAIRS:
        if x in numbers and y in numbers:
            return Places("projected", (Pair(numbers[x], numbers[y]),))
    return None


def _by_plain_name(names: Iterable[str]) -> dict[str, str]:
    """Column by its plain name, without the reference system it may end with; the first of several."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(plain_name(name), name)
        found.setdefault(_SYSTEM.sub("", plain_name(name)), name)
    return found


def _lines(columns: Mapping[str, pa.Array]) -> Places | None:
    """Lines given by their first and last point, as in `StartLong`, `StartLat`, `FinalLong`, `FinalLat`."""
    ends: list[Places] = []
    for prefixes, number in ENDS:
        stripped = {_without_end(name, prefixes, number): name for name in columns}
        part = {short: columns[name] for short, name in stripped.items() if short}
        place = _geographic(part) or _projected(part)
        if place is None:
            return None
        ends.append(
            Places(place.kind, (Pair(*(stripped[column] for column in place.points[0])),), place.datum)
        )
    first, last = ends
    same = first.kind == last.kind and first.datum == last.datum
    return Places(first.kind, first.points + last.points, first.datum) if same else None


def _without_end(name: str, prefixes: tuple[str, ...], number: str) -> str:
    """Plain `name` without the word for the end of a line it belongs to; empty where there is none."""
    plain = plain_name(name)
    for prefix in prefixes:
        if plain.startswith(prefix) and len(plain) > len(prefix):
            return plain.removeprefix(prefix)
        if plain.endswith(prefix) and len(plain) > len(prefix):
            return plain.removesuffix(prefix)
    return plain.removesuffix(number) if plain.endswith(number) else ""
