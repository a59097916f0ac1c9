"""Features on the web: pages of them, and one (17-069r4). The stored bytes are joined, never decoded."""

from __future__ import annotations

import hashlib
import time
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from craton.model import crs as systems
from craton.model.errors import NotFoundError
from craton.store.feature_index import FeaturePage, GoneError, TooLongError
from craton.web.crs_negotiation import System, geometries_in
from craton.web.features_open import Opened, at_hand, opened
from craton.web.features_query import Asked, asked_of, check_names, crs_of
from craton.web.files import matches
from craton.web.negotiation import HTML, VARY, address_as, wants_page
from craton.web.replies import GEOJSON, Json, link, link_header, page_reply
from craton.web.site import is_number, site_of

FORM = "2"
"""Number of the form that pages have; part of their entity tags."""

MOST_SECONDS = 0.02
"""How long a page may take for which all other visitors wait; then it is begun anew in a thread."""

QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"

_encode = msgspec.json.Encoder().encode


class RawFeature(msgspec.Struct):
    """A feature whose parts are left as they are written."""

    id: msgspec.Raw
    geometry: msgspec.Raw
    properties: msgspec.Raw


_read_feature = msgspec.json.Decoder(RawFeature).decode


async def list_features(request: Request) -> Response:
    """Give a page of the features of a collection."""
    site, name = site_of(request), request.path_params["collection"]
    found = at_hand(site, name)
    if found is None:
        found = await site.ask(opened, site, name)
    asked = asked_of(request, found.index)
    base = site.base(request)
    headers = _headers(base, request, found, asked.system)
    is_page = wants_page(request, GEOJSON)
    if not is_page and matches(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if asked.is_simple and found.is_quick and not is_page:
        try:
            return _page(base, request, found, asked, headers, seconds=MOST_SECONDS)
        except TooLongError:
            found.took(MOST_SECONDS, MOST_SECONDS)
        except GoneError:
            pass
    pool = site.read if asked.is_simple and found.is_quick else site.ask
    return await pool(_page, base, request, found, asked, headers)


def _page(
    base: str, request: Request, found: Opened, asked: Asked, headers: dict[str, str], *,
    seconds: float | None = None,
) -> Response:  # fmt: skip
    worked, start = time.thread_time(), time.perf_counter()
    page = found.index.page(asked.query, seconds=seconds)
    if asked.is_simple:
        found.took(time.thread_time() - worked, time.perf_counter() - start)
    links = _links(request, base, found, asked, page)
    said: Json = {"type": "FeatureCollection", **_counts(found, asked, page), "links": links}
    if wants_page(request, GEOJSON):
        features = [msgspec.json.decode(one) for one in _in_system(found, page, asked.system)]
        document = {"title": found.record.name(), **said, "features": features}
        return page_reply(request, document, headers=_without_tag(headers))
    written = b",".join(_in_system(found, page, asked.system))
    body = b"".join((_encode(said)[:-1], b',"features":[', written, b"]}"))
    return Response(body, headers=headers, media_type=GEOJSON)


def _counts(found: Opened, asked: Asked, page: FeaturePage) -> Json:
    """How many features the page has; and how many answer, where that is known without counting."""
    returned = len(page.features)
    counts: Json = {"numberReturned": returned}
    if asked.is_whole:
        counts["numberMatched"] = found.index.count
    elif not page.more and asked.query.after is None and (returned or not asked.query.offset):
        counts["numberMatched"] = asked.query.offset + returned
    return counts


def _in_system(found: Opened, page: FeaturePage, system: System) -> list[bytes]:
    """Features of the page with their positions in `system`."""
    if system.is_default or not systems.is_placed(found.index.crs):
        return page.features
    shapes = geometries_in(found.index.geometries(page.ids), found.index.crs, system)
    return [_replaced(one, shape) for one, shape in zip(page.features, shapes, strict=True)]


def _replaced(feature: bytes, geometry: bytes) -> bytes:
    read = _read_feature(feature)
    return b'{"type":"Feature","id":%b,"geometry":%b,"properties":%b}' % (
        bytes(read.id), geometry, bytes(read.properties),
    )  # fmt: skip


def _links(request: Request, base: str, found: Opened, asked: Asked, page: FeaturePage) -> list[Json]:
    address = base + request.scope["path"]
    links = _own_links(request, base, address, found)
    limit, offset = asked.query.limit, asked.query.offset
    if page.more:
        by_number = page.in_order and not (asked.query.sort or offset)
        on = {"after": page.ids[-1]} if by_number else {"offset": offset + len(page.features)}
        links.append(link(_at(request, address, on), "next", "next page", GEOJSON))
    if offset or asked.query.after:
        links.append(link(_at(request, address, {}), "first", "first page", GEOJSON))
    if offset:
        back = {"offset": max(0, offset - limit)}
        links.append(link(_at(request, address, back), "prev", "page before", GEOJSON))
    return links


def _own_links(request: Request, base: str, address: str, found: Opened) -> list[Json]:
    """Links of a document at `address` to itself, to its page and to the collection."""
    query = request.scope["query_string"].decode("latin-1")
    page = f"{address}?{query}&f=html" if query else f"{address}?f=html"
    if "f" in request.query_params:
        page = address_as(request, base, "html")
    return [
        link(f"{address}?{query}" if query else address, "self", "this document", GEOJSON),
        link(page, "alternate", "this document as a page", HTML),
        link(base + found.path, "collection", "the collection"),
    ]


def _at(request: Request, address: str, place: dict[str, int]) -> str:
    """Address of another page of the same question."""
    pairs = [(k, v) for k, v in request.query_params.multi_items() if k not in {"after", "offset"}]
    query = urlencode([*pairs, *place.items()])
    return f"{address}?{query}" if query else address


def _headers(base: str, request: Request, found: Opened, system: System) -> dict[str, str]:
    record = found.record
    asked = f"{base}{request.scope['path']}?{request.scope['query_string']!r}"
    digest = hashlib.blake2b(f"{FORM} {record.content} {asked}".encode(), digest_size=12).hexdigest()
    return {
        "Content-Crs": f"<{system.address}>",
        "ETag": f'"{digest}"',
        "Cache-Control": "no-cache" if record.visibility == "public" else "private, no-cache",
        "Vary": VARY,
        "Link": link_header(f"{base}{found.path}/queryables", QUERYABLES, type="application/schema+json"),
    }


def _without_tag(headers: dict[str, str]) -> dict[str, str]:
    """Headers of a page for people, which also depends on the title of the dataset."""
    return {name: value for name, value in headers.items() if name != "ETag"}


async def show_feature(request: Request) -> Response:
    """Give one feature of a collection."""
    site, name = site_of(request), request.path_params["collection"]
    found = at_hand(site, name)
    if found is None:
        found = await site.ask(opened, site, name)
    check_names(request, ("crs", "f"))
    system = crs_of(request)
    base = site.base(request)
    headers = _headers(base, request, found, system)
    if not wants_page(request, GEOJSON) and matches(
        request.headers.get("if-none-match", ""), headers["ETag"]
    ):
        return Response(status_code=304, headers=headers)
    return await site.read(_feature, base, request, found, system, headers)


def _feature(base: str, request: Request, found: Opened, system: System, headers: dict[str, str]) -> Response:
    id_ = request.path_params["feature"]
    feature = found.index.feature(int(id_)) if is_number(id_) else None
    if feature is None:
        raise NotFoundError(f"the collection has no feature {id_[:40]!r}", hint="they are numbered from 1")
    (feature,) = _in_system(found, FeaturePage([feature], [int(id_)], more=False), system)
    address = f"{base}{found.path}/items/{int(id_)}"
    links = _own_links(request, base, address, found)
    if wants_page(request, GEOJSON):
        document = {**msgspec.json.decode(feature), "links": links}
        return page_reply(request, document, headers=_without_tag(headers))
    body = b'%b,"links":%b}' % (feature[:-1], _encode(links))
    return Response(body, headers=headers, media_type=GEOJSON)
