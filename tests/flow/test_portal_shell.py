"""The portal as a browser meets it: its files, its addresses, its policy, the map, its languages, the phone."""

from __future__ import annotations

import gzip
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.testclient import TestClient
from tests.browser import NEEDED, WAIT, open_page
from tests.serving import Served, make_node

from craton.web import portal

pytestmark = NEEDED


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("portal")
    make_node(folder / "node")
    with Served(folder / "node", folder) as node:
        yield node


def test_a_browser_gets_the_page_and_a_program_the_document(served):
    """The root answers with the portal for who accepts HTML, with JSON for all others."""
    seen = served.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert seen.headers["content-type"].startswith("text/html")
    assert '<base href="/portal/" />' in seen.text
    assert served.get("/").json()["links"]


def test_every_address_of_the_portal_is_the_one_page(served):
    """Pages are addresses of their own, for the browser's history and for links in letters."""
    for path in ("/portal", "/portal/", "/portal/map", "/portal/data/sites-1", "/portal/jobs/a.b"):
        assert "<div id=" in served.get(path).text


def test_no_script_but_its_own(served):
    """The policy allows scripts of the node only, none that stands in a page."""
    policy = dict(
        part.strip().split(" ", 1)
        for part in served.get("/portal/").headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"


def test_files_with_a_hash_in_their_name_are_kept_for_ever(served):
    """A browser that comes again fetches one small page, and what it fetches is packed."""
    page = served.get("/portal/")
    assert page.headers["cache-control"] == "no-cache"
    name = re.search(r'src="\./(assets/[^"]+\.js)"', page.text)[1]
    file = served.get(f"/portal/{name}", headers={"Accept-Encoding": "gzip"})
    assert "immutable" in file.headers["cache-control"]
    assert file.headers["content-encoding"] == "gzip"
    plain = served.get(f"/portal/{name}", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == file.content


@pytest.mark.parametrize("path", ["assets/none.js", "../craton.toml", "%2e%2e/portal.py", ".source-sha256"])
def test_no_other_file_is_given(served, path):
    """What is not a file of the portal does not exist, wherever the path leads."""
    assert served.client.get(f"/portal/{path}").status_code == 404


def test_the_entry_is_small():
    """What the first page needs is within 450 kB, packed; the map and the charts come when they are wanted."""
    page = (portal.FILES / "index.html").read_text("utf-8")
    files = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', page)
    assert files
    assert sum(len(gzip.compress((portal.FILES / file).read_bytes())) for file in files) < 450_000


def test_a_node_without_the_portal_says_so(monkeypatch, tmp_path):
    """Where the pages were not built, the address tells how to build them."""
    monkeypatch.setattr(portal, "FILES", tmp_path)
    request_site = type(
        "Site", (), {"options": type("O", (), {"title": "<b>"})(), "base": lambda *_: "http://x"}
    )()
    app = Starlette()
    app.add_route("/portal/", lambda request: portal.index_page(request_site, request))
    text = TestClient(app).get("/portal/").text
    assert "make portal" in text
    assert "<b>" not in text


def test_home_has_two_doors(page):
    """Whoever comes chooses between a site and the workbench."""
    page.goto("/portal/")
    page.get_by_role("heading", name="What is under my site?").wait_for()
    page.get_by_role("link", name="Open the workbench").click()
    page.locator("canvas.maplibregl-canvas").wait_for(timeout=WAIT)
    assert "/portal/map" in page.url
    page.go_back()
    page.get_by_role("heading", name="What is under my site?").wait_for()


def test_the_languages_change_the_page(page):
    """Words, and the language that is told to who reads aloud."""
    page.goto("/portal/?lang=zh")
    page.get_by_role("heading", name="我的场地下面有什么？").wait_for()
    assert page.locator("html").get_attribute("lang") == "zh"
    page.get_by_role("button", name="语言").click()
    page.get_by_role("button", name="ລາວ").click()
    page.locator("nav[lang=lo]").wait_for(state="attached")
    assert page.locator("html").get_attribute("lang") == "en"  # most words are, until they are translated


def test_a_layer_is_found_drawn_told_and_kept_in_the_address(page):
    """Search, add, look at the table, choose a row: the address tells all of it, and a new page shows the same."""
    page.goto("/portal/map")
    page.get_by_role("searchbox").fill("sites")
    page.locator("article", has_text="sites-1").get_by_role("button", name="Add to the map").click()
    page.get_by_role("tab", name="Layers (1)").click()
    page.get_by_role("button", name="More for sites-1").click()
    page.get_by_role("button", name="Table of features").click()
    page.locator("tbody tr", has_text="S2").click()
    expect(page).to_have_url(re.compile("chosen=sites-1~3"), timeout=WAIT)
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    page.get_by_role("tab", name="Layers (1)").wait_for(timeout=WAIT)
    assert page.get_by_role("button", name="More for sites-1").is_visible()


def test_a_busy_node_is_asked_once_more(page):
    """What only reads is asked for again when the node said to come again, and nothing is told of it."""
    asked = []

    def busy_at_first(route):
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=429, headers={"Retry-After": "0"})
        else:
            route.continue_()

    page.route(re.compile(r"/collections/catalogue/items\?kind="), busy_at_first)
    page.goto("/portal/map")
    page.locator("article", has_text="sites-1").wait_for(timeout=WAIT)
    page.wait_for_load_state("networkidle")
    assert asked.count(asked[0]) == 2


@pytest.mark.parametrize("path", ["/portal/", "/portal/map"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_pages_can_be_used_by_all(browser, served, path, size):
    """No fault that axe knows, on a desk and on a phone; nothing runs over the side."""
    viewport = {"width": size[0], "height": size[1]}
    with open_page(browser, served.address, viewport) as page:
        page.goto(path)
        page.locator("main h1").wait_for(state="attached", timeout=WAIT)
        page.wait_for_load_state("networkidle")
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
