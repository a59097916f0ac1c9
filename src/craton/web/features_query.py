"""What is asked of the features of a collection: the query of an address, checked against its columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from starlette.requests import Request

from craton.model import crs as systems
from craton.model.cql2 import Expression, Operation, Place, Property, parse, properties_of
from craton.model.errors import InvalidError
from craton.model.record import Bbox
from craton.store.feature_index import FeatureIndex, FeatureQuery
from craton.web.collections import period_of
from craton.web.crs_negotiation import CRS84, System, box_of, ring_of, system_of, to_default
from craton.web.negotiation import FORMS
from craton.web.queries import DEFAULT_LIMIT, number_of, words_of

MOST_FEATURES = 10_000
"""Features of a page at most; who asks for more gets so many."""

MOST_PASSED = 2_000
"""Features that are passed over before a page that other visitors wait for."""

GEOMETRY = "geometry"
"""What the place of a feature is called in a filter."""

LANGUAGES = ("cql2-text", "cql2-json")

PARAMETERS = (
    "limit", "offset", "after", "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs",
    "sortby", "properties", "f",
)  # fmt: skip
"""Parameters of a page of features; all others are names of columns."""


@dataclass(frozen=True)
class Asked:
    """A page that is asked for.

    Parameters
    ----------
    query : FeatureQuery
        For the index.
    system : System
        Which the positions are wanted in.
    """

    query: FeatureQuery
    system: System

    @property
    def is_simple(self) -> bool:
        """Whether it takes no more than a walk through the index of places."""
        query = self.query
        is_bare = query.filter is None and not query.sort and not query.equal and query.properties is None
        is_near = query.limit <= 2 * DEFAULT_LIMIT and query.offset <= MOST_PASSED
        return is_bare and is_near and self.system.is_default

    @property
    def is_whole(self) -> bool:
        """Whether every feature of the collection answers."""
        query = self.query
        return query.bbox is None and query.filter is None and query.period is None and not query.equal


def asked_of(request: Request, index: FeatureIndex) -> Asked:
    """What `request` asks of the features of `index`; `InvalidError` where it makes no sense there."""
    names = [column.name for column in index.columns]
    given = request.query_params
    check_names(request, PARAMETERS, names)
    system = crs_of(request)
    bbox, condition = _bbox(request)
    query = FeatureQuery(
        bbox=bbox,
        filter=_joined(condition, _filter(request, names)),
        period=period_of(request),
        properties=_properties(request, names),
        sort=_sort(request, names),
        equal=tuple((name, value) for name, value in given.multi_items() if name not in PARAMETERS),
        after=number_of(request, "after", 0, least=0) if "after" in given else None,
        offset=number_of(request, "offset", 0),
        limit=number_of(request, "limit", DEFAULT_LIMIT, least=1, most=MOST_FEATURES),
        any_order=True,
    )
    if query.after is not None and (query.sort or query.offset):
        raise InvalidError("after goes neither with sortby nor with offset")
    return Asked(query, system)


def check_names(request: Request, parameters: Iterable[str], columns: Iterable[str] = ()) -> None:
    """Refuse parameters that are neither known nor columns, and forms that there are not."""
    allowed = {*parameters, *columns}
    unknown = next((name for name in request.query_params if name not in allowed), None)
    if unknown is not None:
        raise InvalidError(
            f"{unknown[:40]!r} is neither a parameter here nor a column of the collection",
            hint=f"parameters: {', '.join(sorted(parameters))}; the columns are told at /queryables",
        )
    if request.query_params.get("f", FORMS[0]) not in FORMS:
        raise InvalidError(f"f must be {' or '.join(FORMS)}")


def crs_of(request: Request) -> System:
    """System that positions are wanted in."""
    return system_of(request.query_params.get("crs", CRS84), "crs")


def _bbox(request: Request) -> tuple[Bbox | None, Expression | None]:
    """Box in longitude and latitude; and, where its edges are not straight there, its outline as a filter."""
    stated = request.query_params.get("bbox-crs")
    system = system_of(stated if stated is not None else CRS84, "bbox-crs")
    text = request.query_params.get("bbox")
    if text is None:
        return None, None
    box = box_of(text, system)
    if systems.is_geographic(system.name) or box[0] > box[2]:
        return box, None
    ring = ring_of(text, system)
    if not _is_plain(box, ring) or not (outline := shapely.Polygon(ring)).is_valid:
        return box, None
    place = Property(GEOMETRY)
    touching = Operation("s_intersects", (place, Place(outline)))
    return box, Operation("or", (touching, Operation("isNull", (place,))))


def _is_plain(box: Bbox, ring: NDArray[np.float64]) -> bool:
    """Whether `ring` encloses what it should: not where it holds a pole or goes around the Earth."""
    if not np.isfinite(ring).all() or max(-box[1], box[3]) >= 90 or box[2] - box[0] >= 180:
        return False
    return bool(np.abs(np.diff(ring[:, 0])).max() < 90)


def _joined(*conditions: Expression | None) -> Expression | None:
    """All of `conditions` that there are."""
    given = tuple(one for one in conditions if one is not None)
    if not given:
        return None
    return given[0] if len(given) == 1 else Operation("and", given)


def _filter(request: Request, names: list[str]) -> Expression | None:
    """Filter of the query, whose properties are columns or the geometry."""
    given = request.query_params
    language = given.get("filter-lang", LANGUAGES[0])
    if language not in LANGUAGES:
        raise InvalidError(f"filter-lang must be {' or '.join(LANGUAGES)}, not {language[:40]!r}")
    system = system_of(given.get("filter-crs", CRS84), "filter-crs")
    if "filter" not in given:
        return None

    def project(positions: NDArray[np.float64]) -> NDArray[np.float64]:
        return to_default(positions, system)

    language_ = cast("Literal['cql2-text', 'cql2-json']", language)
    expression = parse(given["filter"], language_, project=None if system.is_default else project)
    unknown = sorted(properties_of(expression) - {*names, GEOMETRY})
    if unknown:
        raise InvalidError(
            f"filter: the collection has no property {unknown[0][:40]!r}", hint="they are told at /queryables"
        )
    return expression


def _properties(request: Request, names: list[str]) -> tuple[str, ...] | None:
    """Columns that are wanted, `None` for all."""
    if "properties" not in request.query_params:
        return None
    chosen = words_of(request, "properties")
    _check_columns("properties", chosen, names)
    return tuple(dict.fromkeys(chosen))


def _sort(request: Request, names: list[str]) -> tuple[tuple[str, bool], ...]:
    """Columns to sort by, and whether each falls."""
    words = [word.strip() for word in words_of(request, "sortby")]
    keys: dict[str, bool] = {}
    for word in words:
        keys.setdefault(word.lstrip("+-"), word.startswith("-"))
    _check_columns("sortby", keys, names)
    return tuple(keys.items())


def _check_columns(parameter: str, given: Iterable[str], names: list[str]) -> None:
    known = set(names)
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        raise InvalidError(
            f"{parameter}: the collection has no column {unknown[:40]!r}",
            hint=f"there are: {', '.join(names[:30]) or 'none'}",
        )
