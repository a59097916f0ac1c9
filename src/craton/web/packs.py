"""Packs on the web: those of the applications, those that people saved, the check of one that is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from craton.model.errors import InvalidError, NotFoundError
from craton.model.pack import Pack
from craton.model.pack_check import PackFinding, check
from craton.model.pack_form import form_faults
from craton.model.pack_names import names_of
from craton.model.pack_resolved import ResolvedIndicator, attribute_units, in_order, resolve
from craton.model.pack_text import MEDIA_TYPE, laid_over, read_table
from craton.model.pack_weights import told_weights, whole_weights
from craton.model.permission import visible_to
from craton.model.record import Record
from craton.process.apps import packs
from craton.store.search import Query
from craton.web.area import Area, get
from craton.web.packs_openapi import SCHEMAS, paths
from craton.web.queries import MOST, check_query
from craton.web.replies import OWN_PROBLEMS, Json, ProblemError, link, path_of, reply
from craton.web.shell import read_json
from craton.web.site import Site, site_of

KEYWORD = "evaluation pack"
"""Of each pack that is kept as a dataset; its reader gives it."""

MOST_BYTES = 256 << 10
"""Of a pack with its overlay: a large one has a tenth."""

TOLD = ("id", "version", "title", "question")
"""What a list tells of a pack."""


def list_packs(site: Site, request: Request) -> Response:
    """List the packs of the applications, then those that were saved, the newest first."""
    check_query(request)
    base = site.base(request)
    ours = [_summary(base, id, "application", whole) for id, whole in installed().items()]
    saved = [_saved(site, base, record) for record in _records(site)]
    links = [link(f"{base}/packs", "self", "this list")]
    return reply(request, {"packs": [*ours, *saved], "links": links})


@cache
def installed() -> Mapping[str, Json]:
    """Packs of the applications by their own identifier, as they are written."""
    wholes = [read_table(text, "pack") for text in packs().values()]
    return {str(whole["id"]): whole for whole in wholes}


def _summary(base: str, name: str, source: str, told: Mapping[str, Any]) -> Json:
    said = {key: told[key] for key in TOLD if key in told}
    links = [link(base + path_of("packs", name), "item", "the pack", MEDIA_TYPE)]
    return {**said, "name": name, "source": source, "links": links}


def _records(site: Site) -> list[Record]:
    query = Query(
        kind="document", keywords=(KEYWORD,), visibility=visible_to(site.actor), limit=MOST, order="newest"
    )
    return [record for record in site.store.search(query) if is_pack(record)]


def is_pack(record: Record) -> bool:
    """Whether `record` is of a pack."""
    data = record.assets.get("data")
    return record.kind == "document" and data is not None and data.media_type == MEDIA_TYPE


def _saved(site: Site, base: str, record: Record) -> Json:
    """A saved pack in the list; what it says of itself stands in its record, so that no file is opened."""
    told = {"title": record.title, "question": record.description, **record.properties.get("pack", {})}
    said = _summary(base, record.id, "dataset", told)
    site.visit.open(record, "see")
    return {**said, "dataset": record.id, "datasetVersion": record.version, "updated": record.updated}


def show_pack(site: Site, request: Request) -> Response:
    """Give a pack as JSON: of an application by its identifier, a saved one by that of its dataset."""
    check_query(request)
    name = request.path_params["pack"]
    whole = installed().get(name)
    if whole is None:
        whole = _read(site, name)
    return reply(request, whole, media_type=MEDIA_TYPE)


def _read(site: Site, name: str) -> Json:
    absent = NotFoundError(f"there is no pack {name[:80]!r}", hint="the list is at /packs")
    try:
        record = site.record(name, "read")
    except NotFoundError:
        raise absent from None
    if not is_pack(record):
        raise absent
    return read_table(site.locate(record.assets["data"].members[0]).read_text(encoding="utf-8"), "pack")


async def check_pack(request: Request) -> Response:
    """Tell what is wrong in a pack that somebody writes, and what becomes of it where it is right."""
    site = site_of(request)
    return await site.read(_checked, site, request, await read_json(request))


def _checked(_site: Site, request: Request, said: Json) -> Response:
    check_query(request)
    strange = sorted(set(said) - {"pack", "overlay"})
    if strange or "pack" not in said:
        wrong = f"not {strange[0][:40]!r}" if strange else "and `pack` is missing"
        raise InvalidError(f"the body has `pack` and, if there is one, `overlay`, {wrong}")
    for name, one in said.items():
        if not isinstance(one, str | dict):
            raise InvalidError(f"`{name}` is an object, or a text in TOML or JSON")
    if len(msgspec.json.encode(said)) > MOST_BYTES:
        message = f"a pack with its overlay has at most {MOST_BYTES} bytes"
        raise ProblemError(413, OWN_PROBLEMS + "too-large", message)
    found = checked(said["pack"], said.get("overlay", {}))
    return reply(request, found, headers={"Cache-Control": "no-store"})


def checked(pack: str | Json, overlay: str | Json) -> Json:
    """Findings of a pack with an overlay over it, each an object or a text, and what the pack becomes."""
    found: list[PackFinding] = []
    below, above = _told(pack, "pack", found), _told(overlay, "overlay", found)
    whole = laid_over(below, above)
    found += form_faults(whole) if not found else []
    resolved: Json = {}
    if not found:
        form = msgspec.convert(whole, type=Pack)
        found, resolved = check(form), resolved_of(form)
    return {
        "sound": not found, "findings": [_plain(one) for one in found], "resolved": resolved, "pack": below,
        "overlay": above,
    }  # fmt: skip


def _told(one: str | Json, name: str, found: list[PackFinding]) -> Json:
    """A table that is sent as JSON or as text; empty with a finding where the text cannot be read."""
    if isinstance(one, dict):
        return one
    try:
        return read_table(one, name)
    except InvalidError as error:
        found.append(PackFinding(place=name, reason=error.message.removeprefix(f"{name}: "), hint=error.hint))
    return {}


def _plain(one: PackFinding) -> Json:
    return {"place": one.place, "reason": one.reason, "hint": one.hint}


def resolved_of(pack: Pack) -> Json:
    """What the parts of a pack become: units, scorings, weights, names that conditions may use."""
    indicators = dict(_indicators(pack))
    names = names_of(pack, indicators)
    whole = whole_weights(pack)
    return {
        "attributes": {id: {"title": one.title, "unit": one.unit} for id, one in pack.attributes.items()},
        "indicators": {id: _indicator(one) for id, one in indicators.items()},
        "criteria": {id: _criterion(pack, id, whole) for id in pack.criteria},
        "names": {"numbers": dict(names.numbers), "words": sorted(names.words)},
    }


def _indicators(pack: Pack) -> Iterator[tuple[str, ResolvedIndicator]]:
    """Those that can be worked out, whatever is wrong with the others."""
    known = attribute_units(pack)
    try:
        order = in_order(pack)
    except InvalidError:  # they need each other in a ring, which the findings tell
        return
    for id in order:
        try:
            one = resolve(pack, id, known)
        except InvalidError:
            continue
        known.setdefault(id, one.unit)
        yield id, one


def _indicator(one: ResolvedIndicator) -> Json:
    score = {"method": one.score.method, **msgspec.to_builtins(one.score)}
    return {**msgspec.to_builtins(one), "score": score}


def _criterion(pack: Pack, id: str, whole: Mapping[str, float]) -> Json:
    one = pack.criteria[id]
    told = told_weights(one)
    parts = [
        {
            "id": part,
            **({"weight": told.weights[part]} if part in told.weights else {}),
            **({"wholeWeight": whole[part]} if part in whole else {}),
        }
        for part in one.parts
    ]  # fmt: skip
    ratio = {} if told.ratio is None else {"consistencyRatio": told.ratio}
    weighing = one.weights.method
    return {"title": one.title, "combine": one.combine, "weighing": weighing, "parts": parts, **ratio}


def _links(base: str) -> list[Json]:
    return [link(f"{base}/packs", "related", "packs: evaluations as data")]


AREA = Area(
    "Packs",
    (
        get("/packs", list_packs),
        Route("/pack-check", check_pack, methods=["POST"]),
        get("/packs/{pack}", show_pack),
    ),
    links=_links,
    paths=paths,
    schemas=SCHEMAS,
)
