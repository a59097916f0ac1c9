"""The portal can be used by all: by who does not see colours or small text, by the keyboard alone, on a phone."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from tests.browser import DESK, NEEDED, PHONE, WAIT, id_of, open_page, settle, sign_in

pytestmark = NEEDED

MOST_TABS = 120
"""Steps of the Tab key within which the main act of any page is reached."""

FOCUSED = """async (aim) => {
    // What comes into view by getting the focus takes a moment to come.
    await new Promise(requestAnimationFrame);
    await Promise.allSettled(document.getAnimations().map((one) => one.finished));
    const one = document.activeElement;
    if (!one || one === document.body) return { marked: true, inView: true, there: false };
    const seen = getComputedStyle(one);
    const around = one.closest('label, .search, [role=group]');
    const marked = (style) => (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
    const box = one.getBoundingClientRect();
    return {
        what: one.outerHTML.slice(0, 160),
        there: one === aim,
        marked: marked(seen) || (around ? marked(getComputedStyle(around)) : false),
        inView: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
}"""

PAGES = {
    "home": ("", "textbox", "Place"),
    "site": ("site?at=17.9667,102.6", "button", "Look"),
    "workbench": (
        "map#at=101,21,5&layer={quakes}~by=magnitude~mode=steps&layer={relief}",
        "tab",
        "Layers (2)",
    ),
    "grid": ("data/{relief}", "button", "Show on the map"),
    "table": ("data/{quakes}", "button", "Show on the map"),
    "document": ("data/{sources}", "link", "Download"),
    "topics": ("processes", "link", re.compile("Terrain")),
    "processes": ("processes?topic=terrain", "link", re.compile("Shaded relief")),
    "process": ("processes/terrain.slope", "button", "Run"),
    "apps": ("apps", "link", re.compile("gravity", re.IGNORECASE)),
    "app": ("apps/hazard-exposure", "button", "Run"),
    "jobs": ("jobs", "link", re.compile("Steepness of the ground")),
    "job": ("jobs/{job}", "button", "Show on the map"),
    "upload": ("upload", "button", "Choose files"),
    "account": ("sign-in", "button", "New token"),
    "sign-in": ("sign-in", "button", "Sign in"),
}
"""By name: address, and role and name of the main act."""

STRANGER = {"home", "sign-in"}
"""Pages that are looked at without a name."""


@pytest.fixture(scope="module")
def names(served):
    """What stands in the addresses of pages."""
    relief, quakes, sources = (id_of(served, words) for words in ("Relief", "Earthquakes", "Sources"))
    job = served.job("terrain.slope", {"elevation": relief})
    assert served.wait(job)["status"] == "successful"
    return {"relief": relief, "quakes": quakes, "sources": sources, "job": job["jobID"]}


@pytest.fixture(scope="module")
def signed_in(browser, served):
    """What a browser keeps after the manager signed in."""
    with open_page(browser, served.address, DESK) as page:
        sign_in(page)
        return page.context.storage_state()


@pytest.fixture(scope="module", params=PAGES)
def opened(browser, served, names, signed_in, request):
    """A page at a desk, and its name; opened once for all tests of it."""
    name = request.param
    more = {} if name in STRANGER else {"storage_state": signed_in}
    with open_page(browser, served.address, DESK, **more) as page:
        page.goto(f"/portal/{PAGES[name][0].format(**names)}")
        settle(page)
        yield page, name


def faults(page):
    """What axe finds that keeps somebody from using the page."""
    found = Axe().run(page).response["violations"]
    grave = [one for one in found if one["impact"] in {"serious", "critical"}]
    return [(one["id"], node["target"], node["html"][:200]) for one in grave for node in one["nodes"]]


def main_act(page, name):
    """What a page is there for."""
    _, role, words = PAGES[name]
    exact = {} if isinstance(words, re.Pattern) else {"exact": True}
    return page.get_by_role("main").get_by_role(role, name=words, **exact).first


def test_the_keyboard_is_enough(opened):
    """Tab leads to the main act of each page, and where it is can be seen all the way."""
    page, name = opened
    page.set_viewport_size(DESK)
    goal = main_act(page, name)
    expect(goal).to_be_visible(timeout=WAIT)
    aim = goal.element_handle()
    page.evaluate("document.activeElement.blur()")
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED, aim)
        assert at["marked"], f"focus is not seen: {at['what']}"
        assert at["inView"], f"focus is out of view: {at['what']}"
        if at["there"]:
            return
    pytest.fail(f"Tab does not lead to {goal}", pytrace=False)


def test_nothing_keeps_anybody_out(opened):
    """No grave fault that axe knows, on a desk and on a phone; nothing runs over the side."""
    page, _ = opened
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        settle(page)
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
