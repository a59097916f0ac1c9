"""The portal: the pages for people, as files that were built from `portal/` and lie beside this module."""

from __future__ import annotations

import gzip
import html
import mimetypes
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from craton.model.errors import NotFoundError
from craton.web.area import Area, get
from craton.web.openapi_parts import answer, operation, path_parameter, problems
from craton.web.openapi_schemas import TEXT
from craton.web.replies import Json, link
from craton.web.site import Site

FILES = Path(__file__).with_name("portal_files")
"""What `make portal` and the building of the wheel write."""

HTML = "text/html; charset=utf-8"
BASE = '<base href="/portal/" />'
"""Stands in the page that was built; the address of the node takes its place."""

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "worker-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, and no script but the portal's own files.

The map and the charts set places and colours of single elements, so styles may stand in the page.
"""

FOR_EVER = "public, max-age=31536000, immutable"
"""For files whose name changes with what is in them."""

PACKED = re.compile(r"\.(html|js|mjs|css|json|svg|txt|bin)$")
"""Files that become much smaller when they are packed; fonts and pictures are packed already."""

LEAST_PACKED = 1024

LEVEL = 6
"""How hard it is packed: more takes twice the time for a hundredth of the size."""

FIRST = re.compile(r"assets/(Map|base|maplibre-gl-worker)-[\w-]+\.(js|css)")
"""The largest files of the first map."""

NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1>
<p>The pages of the portal are not built in this installation. In a checkout, <code>make portal</code>
builds them.</p>
<p>All else answers: <a href="{base}/api">the definition of the API</a>,
<a href="{base}/datasets">the datasets</a>.</p></body></html>
"""


def index_page(site: Site, request: Request) -> Response:
    """The one page, which draws all others."""
    base = site.base(request)
    path = FILES / "index.html"
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "Vary": "Accept"}
    if not path.is_file():
        title = html.escape(site.options.title or "A Craton node")
        return Response(NOT_BUILT.format(title=title, base=html.escape(base)), 200, headers, HTML)
    start = html.escape(urlsplit(base).path.rstrip("/"))
    text = path.read_text("utf-8").replace(BASE, f'<base href="{start}/portal/" />')
    return Response(text, 200, headers, HTML)


def show_portal(site: Site, request: Request) -> Response:
    """Give a file of the portal; an address that is no file is a page, which the one page draws."""
    name = request.path_params.get("path", "")
    if "." not in name.rpartition("/")[2] or name.startswith(("data/", "processes/", "apps/", "jobs/")):
        return index_page(site, request)
    if name not in _names(FILES, _built()):
        raise NotFoundError(f"the portal has no file {name[:80]!r}")
    return _file_reply(request, name)


def _built() -> int:
    """When the pages were built; 0 where they are not."""
    page = FILES / "index.html"
    return page.stat().st_mtime_ns if page.is_file() else 0


@lru_cache(maxsize=1)
def _names(folder: Path, built: int) -> frozenset[str]:
    """All files, so that no path of an address reaches the disk unless it is one of them."""
    del built  # asked for so that pages built anew are listed anew
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return frozenset(path.relative_to(folder).as_posix() for path in found)


def _file_reply(request: Request, name: str) -> Response:
    pack = bool(PACKED.search(name)) and "gzip" in request.headers.get("accept-encoding", "")
    content, packed = _content(FILES / name, pack)
    hashed = name.startswith("assets/")
    headers = {"Cache-Control": FOR_EVER if hashed else "no-cache", "Content-Security-Policy": POLICY}
    if PACKED.search(name):
        headers["Vary"] = "Accept-Encoding"
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(content, 200, headers, _media_type(name))


@lru_cache(maxsize=512)
def _content(path: Path, pack: bool) -> tuple[bytes, bool]:
    """Bytes of a file, and whether they are packed; each is packed once while the node runs."""
    content = path.read_bytes()
    if not pack or len(content) < LEAST_PACKED:
        return content, False
    return gzip.compress(content, LEVEL, mtime=0), True


def pack_first() -> None:
    """Pack what takes longest of the first map, so that its visitor need not wait for that."""
    for name in _names(FILES, _built()):
        if FIRST.fullmatch(name):
            _content(FILES / name, True)


def _media_type(name: str) -> str:
    """Media type by the name's end; those of scripts and fonts do not depend on the machine."""
    known = {".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2"}
    suffix = Path(name).suffix
    return known.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def portal_links(base: str) -> list[Json]:
    """Link of the landing page to the portal."""
    return [link(f"{base}/portal/", "alternate", "pages for people", "text/html")]


def portal_paths() -> Json:
    """Paths of the portal."""
    page = answer("a page", TEXT, "text/html")
    any_file = {"description": "a page or a file", "content": {"*/*": {"schema": TEXT}}}
    file = operation("getPortalFile", "Portal", "A page, or a file of the pages", [path_parameter("path")])
    return {
        "/portal/": {
            "get": {**operation("getPortal", "Portal", "Pages for people"), "responses": {"200": page}}
        },
        "/portal/{path}": {"get": {**file, "responses": {"200": any_file, **problems(404)}}},
    }


AREA = Area(
    "Portal",
    (get("/portal", show_portal), get("/portal/", show_portal), get("/portal/{path:path}", show_portal)),
    links=portal_links,
    paths=portal_paths,
)
