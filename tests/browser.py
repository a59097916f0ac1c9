"""Pages of the portal in a browser: fixtures and the steps that many tests of them share."""

from __future__ import annotations

import math
import re
import shutil
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright
from tests.serving import SAMPLE, Served, plugins

import craton
from craton.web import portal
from craton.web.identity_file import FILE_NAME
from craton.web.identity_people import People

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
WAIT = 30_000
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
MANAGER, PASSWORD = "boss", "correct horse battery"

NEEDED = [
    pytest.mark.skipif(
        not (portal.FILES / "index.html").is_file(), reason="the portal is not built: make portal"
    ),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium (tools/system-packages installs it)"),
]
"""Marks of all tests that walk through the portal."""


def make_sample_node(folder):
    """A node with the whole sample of the demonstration, and a manager."""
    with craton.create(folder, title="Upper Mekong demonstration node") as node:
        node.add(SAMPLE, language="en")
    people = People(folder / FILE_NAME)
    try:
        people.add(MANAGER, role="manager", password=PASSWORD)
    finally:
        people.close()
    return folder


@contextmanager
def open_browser():
    """Chromium without a window, with a software WebGL."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def open_page(browser, address, size, **more):
    """A page of a visitor of their own.

    It must meet no fault until it is closed: no error of a script, nothing refused by the policy of the node,
    no failure of the node, no request to anywhere but the node.
    """
    context = browser.new_context(
        viewport=size,
        base_url=address,
        locale="en-GB",
        reduced_motion="reduce",
        accept_downloads=True,
        **more,
    )
    context.set_default_timeout(WAIT)
    faults = []
    context.on("weberror", lambda told: faults.append(str(told.error)))
    context.on("console", lambda said: "Content Security Policy" in said.text and faults.append(said.text))
    context.on("response", lambda reply: reply.status >= 500 and faults.append(f"{reply.status} {reply.url}"))
    context.on(
        "request", lambda asked: leaves(asked.url, address) and faults.append(f"left the node: {asked.url}")
    )
    try:
        yield context.new_page()
    finally:
        context.close()
    if faults:
        pytest.fail("; ".join(faults), pytrace=False)


def leaves(url, address):
    """Whether a request goes to anything but the node at `address`."""
    return not url.startswith((f"{address}/", "data:", f"blob:{address}/"))


@pytest.fixture(scope="session")
def sample_node(tmp_path_factory):
    """Folder of a node with the whole sample; copy it before it is changed."""
    return make_sample_node(tmp_path_factory.mktemp("sample") / "node")


@pytest.fixture(scope="module")
def served(sample_node, tmp_path_factory):
    """A node with the whole sample, served; a module may have another in its place."""
    folder = tmp_path_factory.mktemp("served")
    with Served(shutil.copytree(sample_node, folder / "node"), plugins(folder / "plugins")) as node:
        yield node


@pytest.fixture(scope="module")
def browser():
    """A browser; not for longer than a module, because its loop is in the way of other loops."""
    with open_browser() as browser:
        yield browser


@pytest.fixture
def page(browser, served):
    """A page at a desk."""
    with open_page(browser, served.address, DESK) as page:
        yield page


LOADING = re.compile("^(Loading|正在加载|ກຳລັງໂຫຼດ)$")

QUIET = """async () => {
    for (let before = -1, now = 0; before !== now; ) {
        before = now;
        await new Promise((go) => setTimeout(go, 200));
        now = performance.getEntriesByType('resource').length;
    }
}"""
"""Waits until nothing came for a while."""


def settle(page):
    """Wait until a page has come and its maps are drawn."""
    expect(page.locator("main h1").first).to_be_attached(timeout=WAIT)
    page.evaluate(QUIET)
    expect(page.locator("main [aria-busy=true], .stage .busy")).to_have_count(0, timeout=WAIT)
    expect(page.get_by_text(LOADING)).to_have_count(0, timeout=WAIT)


def sign_in(page, *, then=""):
    """Sign in as the manager, by the form."""
    page.goto(f"/portal/sign-in?next=/portal/{then}")
    page.get_by_label("Name").fill(MANAGER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("button", name="Account")).to_be_visible(timeout=WAIT)


def id_of(served, words):
    """Identifier of the dataset of the sample whose title begins with `words`."""
    found = served.get("/collections/catalogue/items", params={"limit": 100}).json()["features"]
    return next(one["id"] for one in found if one["properties"]["title"].startswith(words))


def add_layer(page, words):
    """Find a dataset whose title begins with `words` in the workbench, and put it on the map."""
    page.get_by_role("searchbox", name="Search the data").fill(words)
    page.locator("article", has=page.get_by_role("link", name=re.compile(f"^{words}"))).get_by_role(
        "button", name="Add to the map"
    ).click()
    page.get_by_role("tab", name="Layers").click()


def pixel(page, longitude, latitude):
    """Where a place is drawn in the page, by the view that the address of the workbench tells."""
    view = parse_qs(urlsplit(page.url).fragment)["at"][0]
    west, north, zoom = (float(part) for part in view.split(","))
    box = page.locator("canvas.maplibregl-canvas").first.bounding_box()
    size = 512 * 2**zoom
    right = (longitude - west) / 360 * size
    down = (mercator(north) - mercator(latitude)) * size
    return box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2 + down


def mercator(latitude):
    """Northing of the web's projection, where the whole earth is 1 wide."""
    return math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2)) / (2 * math.pi)
