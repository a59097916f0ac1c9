"""Pictures of pages of the portal, and how far two of them differ."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image
from tests.browser import DESK, PHONE, id_of, open_page, settle

FOLDER = Path(__file__).parent / "golden" / "screens"
VERSION = FOLDER / "chromium.txt"
"""Major version of the Chromium that drew the pictures; another may draw letters and maps otherwise."""

SIZES = {"desk": DESK, "phone": PHONE}
PAGES = {
    "home": "",
    "site": "site?at=17.9667,102.6&radius=20000",
    "workbench": "map#at=101,21,5&layer={quakes}~by=magnitude~mode=steps~colours=magma&layer={relief}",
    "record": "data/{relief}",
}
KEPT = 0.5
"""Scale at which pictures are kept and compared: edges of letters count for less."""

NOTICED = 48
"""Difference of a colour, of 255, from which on a pixel differs."""

ONE_DAY = """
    // Data of the node is of the day it was added.
    Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', { get: () => () => '1 Jan 2026' });
"""


def take(browser, served, name, size):
    """Picture of a page as it comes to a visitor, reduced."""
    with open_page(browser, served.address, SIZES[size]) as page:
        page.add_init_script(ONE_DAY)
        names = {"quakes": id_of(served, "Earthquakes"), "relief": id_of(served, "Relief")}
        page.goto(f"/portal/{PAGES[name].format(**names)}")
        settle(page)
        page.evaluate("document.fonts.ready")
        page.wait_for_timeout(1000)  # labels of the map come one by one
        settle(page)
        whole = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    return whole.resize((round(whole.width * KEPT), round(whole.height * KEPT)), Image.Resampling.BOX)


def file_of(name, size):
    """Where the picture of a page is kept."""
    return FOLDER / f"{name}-{size}.webp"


def version_of(browser):
    """Major version of a browser."""
    return browser.version.split(".")[0]


def difference(one, other):
    """Share of the pixels whose colours differ, 0 to 1."""
    if one.size != other.size:
        return 1.0
    apart = np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).max(axis=2)
    return float((apart > NOTICED).mean())
