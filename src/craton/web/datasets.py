"""Datasets on the web: the list, one record, its provenance, its files, its data in other formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from craton.model.errors import InvalidError, NotFoundError
from craton.model.findings import FINDINGS, meaning, severity, todo
from craton.model.ogc_record import to_ogc_record
from craton.model.permission import visible_to
from craton.model.record import Asset, Member, Record
from craton.process.provenance import Ancestry, ancestry, graph, to_prov
from craton.process.ro_crate import to_crate
from craton.web.files import object_reply, written_reply
from craton.web.formats import formats_of, written
from craton.web.negotiation import FORMS
from craton.web.queries import DEFAULT_LIMIT, MOST, check_query, number_of, page_links
from craton.web.replies import GEOJSON, JSON, Json, link, path_of, reply
from craton.web.report_source import report_links
from craton.web.scene import scene_links
from craton.web.site import Site, site_of

PROVENANCE = "http://www.w3.org/ns/prov#has_provenance"

WRITERS: dict[str, tuple[Callable[..., Json], str]] = {
    "graph": (graph, JSON),
    "prov": (to_prov, JSON),
    "ro-crate": (to_crate, "application/ld+json"),
}
"""Forms of provenance, and their media types."""


def list_datasets(site: Site, request: Request) -> Response:
    """List the datasets that anyone may see, the newest change first."""
    check_query(request, "limit", "offset")
    limit = number_of(request, "limit", DEFAULT_LIMIT, least=1, most=MOST)
    offset = number_of(request, "offset", 0)
    visible = visible_to(site.actor)
    found = site.store.find(visibility=visible, limit=limit + 1, offset=offset)
    base = site.base(request)
    document = {
        "type": "FeatureCollection",
        "numberMatched": site.store.count(visibility=visible),
        "numberReturned": len(found[:limit]),
        "features": [_summary(base, record) for record in found[:limit]],
        "links": page_links(request, base, limit=limit, offset=offset, more=len(found) > limit),
    }
    return reply(request, document, media_type=GEOJSON)


def dataset_path(record: Record) -> str:
    """Where a dataset is told of."""
    return path_of("datasets", record.id)


def _summary(base: str, record: Record) -> Json:
    """A record in a list: without its footprint, whose place the box takes."""
    document = to_ogc_record(record, href=_href(base, record))
    kept = ("id", "type", "time", "geometry", "bbox")
    properties = {
        k: v for k, v in document["properties"].items()
        if k in {"title", "description", "license", "updated", "craton:kind", "craton:version"}
    }  # fmt: skip
    return {
        **{k: document[k] for k in kept if k in document}, "properties": properties,
        "links": [link(base + dataset_path(record), "self", type=GEOJSON)],
    }  # fmt: skip


def show_dataset(site: Site, request: Request) -> Response:
    """Tell all about one dataset; `ID@VERSION` is one of its versions."""
    check_query(request)
    name = request.path_params["dataset"]
    record = site.record(name)
    base = site.base(request)
    document = to_ogc_record(record, href=_href(base, record))
    address = base + path_of("datasets", name)
    links = [
        link(address, "self", "this record", GEOJSON),
        link(f"{address}/provenance", PROVENANCE, "how it came to be"),
        link(f"{base}/datasets", "collection", "all datasets", GEOJSON),
        *(scene_links(base, record) if "@" not in name else ()),
        *_data_links(site, address, record),
        *report_links(base, record),
    ]
    document["links"] = [*links, *document.get("links", ())]
    if record.findings:
        document["properties"]["craton:findings"] = _findings_in_words(record)
    return reply(request, document, media_type=GEOJSON)


def _findings_in_words(record: Record) -> list[Json]:
    """Findings with how bad they are, what they mean and what to do; who reads records passes over it."""
    return [
        {
            **msgspec.to_builtins(finding), "count": finding.count, "severity": severity(finding),
            "meaning": meaning(finding), "todo": todo(finding),
        }
        if finding.code in FINDINGS else msgspec.to_builtins(finding)
        for finding in record.findings
    ]  # fmt: skip


def _data_links(site: Site, address: str, record: Record) -> list[Json]:
    """Links to the data in each format."""
    return [
        link(
            f"{address}/data?f={quote(one.name, safe='')}",
            "enclosure",
            f"the data as {one.name}",
            one.media_type,
        )
        for one in formats_of(site, record)
    ]


def _href(base: str, record: Record) -> Callable[[str, str], str]:
    """Address of an asset or one of its members."""
    address = base + path_of("datasets", f"{record.id}@{record.version}", "assets")

    def href(asset: str, member: str) -> str:
        return address + path_of(asset) + ("/" + quote(member) if member else "")

    return href


def show_provenance(site: Site, request: Request) -> Response:
    """Tell how a dataset came to be: as a graph, as W3C PROV-JSON or as RO-Crate metadata."""
    check_query(request, "f")
    form = request.query_params.get("f", "graph")
    form = "graph" if form in FORMS else form
    if form not in WRITERS:
        raise InvalidError(f"f must be one of {', '.join(WRITERS)}, not {form[:40]!r}")
    history = _history(site, site.record(request.path_params["dataset"]))
    writer, media_type = WRITERS[form]
    more: dict[str, Any] = {} if form == "graph" else {"base": site.base(request) + "/datasets/"}
    return reply(request, writer(history, **more), media_type=media_type)


def _history(site: Site, record: Record) -> Ancestry:
    """All that `record` stands on; what the visitor may not see is a missing parent in it."""

    def get(id: str, version: int) -> Record | None:
        try:
            return site.record(f"{id}@{version}")
        except NotFoundError:
            return None

    return ancestry(record, get)


def show_asset(site: Site, request: Request) -> Response:
    """Give the bytes of an asset, or tell its members where there are several."""
    check_query(request)
    record, asset = _asset(site, request)
    if len(asset.members) == 1:
        return _member_reply(site, request, asset, asset.members[0])
    base = site.base(request)
    members = [
        {"name": m.name, "size": m.size, "href": _href(base, record)(request.path_params["asset"], m.name)}
        for m in asset.members
    ]
    return reply(request, {"type": asset.media_type, "roles": asset.roles, "members": members})


def show_member(site: Site, request: Request) -> Response:
    """Give the bytes of one member of an asset."""
    check_query(request)
    _record, asset = _asset(site, request)
    name = request.path_params["member"]
    member = next((m for m in asset.members if m.name == name), None)
    if member is None:
        raise NotFoundError(f"the asset has no member {name[:80]!r}")
    return _member_reply(site, request, asset, member)


def _asset(site: Site, request: Request) -> tuple[Record, Asset]:
    record = site.record(request.path_params["dataset"], "read")
    name = request.path_params["asset"]
    if name not in record.assets:
        known = ", ".join(record.assets) or "none"
        raise NotFoundError(f"{record.id} has no asset {name[:80]!r}", hint=f"there are: {known}")
    return record, record.assets[name]


def _member_reply(site: Site, request: Request, asset: Asset, member: Member) -> Response:
    if not member.sha256:
        raise NotFoundError(f"the data lies at {member.name}, not on this node")
    path = site.store.objects.path(member.sha256)
    if path is None:
        return RedirectResponse(site.store.objects.url(member.sha256))
    media_type = asset.media_type if len(asset.members) == 1 else "application/octet-stream"
    return object_reply(request, path, member.sha256, media_type, PurePosixPath(member.name).name)


async def give_data(request: Request) -> Response:
    """Give a dataset's data in the format that the query asks for, a media type or a short name."""
    check_query(request, "f")
    site = site_of(request)
    record = await site.read(site.record, request.path_params["dataset"], "read")
    asked = request.query_params.get("f", "")
    return written_reply(request, await site.write(written, site, record, asked), {})
