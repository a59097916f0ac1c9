"""The underground scene: drawn, cut, asked, turned and saved in a browser, by pointer and by keys."""

from __future__ import annotations

import io
import json
import re
import struct
from pathlib import Path

import geopandas as gpd
import msgspec
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect
from tests.browser import NEEDED, PHONE, WAIT, open_page
from tests.serving import Served

import craton
from craton.jobs.assets import content_hash, stage_assets
from craton.model.data import Boreholes, Draft
from craton.model.describe import describe
from craton.store.codec import encode

pytestmark = NEEDED

CRS = "EPSG:32648"
EAST, NORTH, TOP = 500_000.0, 2_000_000.0, 100.0
SAND, CLAY = (0xF2, 0xC1, 0x4E), (0x4E, 0x7A, 0x3A)


def model():
    """Sand above clay, 20 × 24 × 30 cells of 5 × 20 × 20 m, and how sure the sand is."""
    cells = np.full((20, 24, 30), 1, np.uint8)
    cells[10:] = 2
    coords = {
        "upward": TOP - 5.0 * (np.arange(20) + 0.5),
        "northing": NORTH + 480.0 - 20.0 * (np.arange(24) + 0.5),
        "easting": EAST + 20.0 * (np.arange(30) + 0.5),
    }
    names = tuple(coords)
    flags = {
        "flag_values": [1, 2], "flag_meanings": ["sand", "clay"], "flag_colors": ["#f2c14e", "#4e7a3a"],
    }  # fmt: skip
    unit = xr.DataArray(cells, coords, names, attrs=flags)
    sure = xr.DataArray(np.linspace(0, 1, cells.size, dtype=np.float32).reshape(cells.shape), coords, names)
    return xr.Dataset({"unit": unit, "probability_1": sure}).assign_attrs(crs=CRS)


def holes():
    """Two upright holes with the same two layers, one beside the model."""
    collars = gpd.GeoDataFrame(
        {"hole_id": ["B1", "B2"], "elevation": [110.0, 110.0], "total_depth": [90.0, 90.0]},
        geometry=[shapely.Point(EAST + 480, NORTH + 100), shapely.Point(EAST - 60, NORTH + 240)], crs=CRS,
    )  # fmt: skip
    layers = pd.DataFrame({
        "hole_id": ["B1", "B1", "B2", "B2"], "from_depth": [0.0, 60.0, 0.0, 60.0],
        "to_depth": [60.0, 90.0, 60.0, 90.0], "lithology": ["sand", "clay"] * 2,
    })  # fmt: skip
    return Boreholes(collars, pd.DataFrame(), {"geology": layers}, {})


def in_degrees(boreholes):
    """The same holes on longitudes and latitudes, with one far to the west, whose zone of UTM is another one."""
    collars = boreholes.collars.to_crs("EPSG:4326")
    more = collars.iloc[:1].assign(hole_id="B3").set_geometry([shapely.Point(97.0, 18.0)], crs="EPSG:4326")
    return Boreholes(pd.concat([collars, more]), boreholes.surveys, boreholes.intervals, {})


def even():
    """A volume of the same number everywhere."""
    unit = model()["unit"]
    grade = xr.full_like(unit, 5.0, dtype=np.float32).drop_attrs().assign_attrs(units="g/t")
    return grade.to_dataset(name="grade").assign_attrs(crs=CRS)


def put(node, data, kind, id, crs=CRS):
    record = describe(Draft(data=data, kind=kind, title=f"{kind} {id}", licence="CC-BY-4.0", crs=crs), id=id)
    with node.store.transaction() as transaction:
        folder = transaction.folder / id
        folder.mkdir()
        assets, staged = stage_assets(encode(data, kind, folder, crs=crs))
        record = msgspec.structs.replace(
            record, assets=assets, content=content_hash(assets), visibility="public"
        )
        node.store.commit(transaction, [record], {sha256: Path(path) for sha256, path in staged.items()})


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene") / "node"
    with craton.create(folder) as node:
        put(node, model(), "volume", "model")
        put(node, holes(), "boreholes", "wells")
        put(node, in_degrees(holes()), "boreholes", "far", "EPSG:4326")
        put(node, even(), "volume", "even")
    with Served(folder, "") as server:
        yield server


def opened(page, address="/portal/scene?add=model&add=wells"):
    """The scene, once all of it is drawn."""
    page.goto(address)
    expect(page.locator(".viewport[data-drawn=true]")).to_be_visible(timeout=WAIT)
    page.wait_for_timeout(400)
    return page.locator(".viewport")


def picture(view):
    """Pixels of the scene once it is drawn to the end: two pictures in a row are alike."""
    last, now = b"", view.screenshot()
    for _ in range(20):
        if now == last:
            break
        view.page.wait_for_timeout(250)
        last, now = now, view.screenshot()
    return np.asarray(Image.open(io.BytesIO(now)).convert("RGB")).astype(int)


def share(pixels, colour):
    """Share of the pixels that have a colour in any light."""
    ratio = pixels / np.maximum(1, pixels.max(axis=2, keepdims=True))
    wanted = np.array(colour) / max(colour)
    return float((np.abs(ratio - wanted).max(axis=2) < 0.04).mean())


def moved_to(page, label, value):
    """Put a slider somewhere, as a drag does."""
    page.get_by_role("slider", name=label, exact=True).evaluate(
        "(it, value) => { it.value = value; it.dispatchEvent(new Event('input', {bubbles: true})); }", value
    )
    page.wait_for_timeout(400)


def test_a_scene_is_drawn_cut_asked_and_saved(page):
    """Both layers are seen; a level plane shows the unit below; a hidden unit goes; a click tells what is there."""
    view = opened(page)
    whole = picture(view)
    assert share(whole, SAND) > 0.02
    assert share(whole, CLAY) > 0.01

    page.get_by_role("tab", name="Sections").click()
    page.get_by_role("checkbox", name="Level", exact=True).check()
    moved_to(page, "Height", 0.3)
    cut = picture(view)
    assert share(cut, SAND) < 0.3 * share(whole, SAND)
    assert share(cut, CLAY) > share(whole, CLAY)

    page.get_by_role("tab", name=re.compile("^Layers")).click()
    page.get_by_role("checkbox", name="clay").first.uncheck()
    page.wait_for_timeout(600)
    assert share(picture(view), CLAY) < 0.5 * share(cut, CLAY)
    page.get_by_role("checkbox", name="clay").first.check()
    page.wait_for_timeout(600)

    view.focus()
    page.keyboard.press("Enter")
    told = page.get_by_role("region", name="What is here")
    expect(told).to_contain_text("clay")
    expect(told).to_contain_text("Northing")
    expect(told.get_by_role("link", name="From: volume model")).to_have_attribute(
        "href", "/portal/data/model"
    )

    page.get_by_role("button", name="Save what is shown").click()
    with page.expect_download() as saving:
        page.get_by_role("button", name="Model (glTF)").click()
    content = Path(saving.value.path()).read_bytes()
    length = struct.unpack_from("<I", content, 12)[0]
    tree = json.loads(content[20 : 20 + length])
    assert content[:4] == b"glTF"
    assert len(tree["meshes"]) >= 2
    page.get_by_role("button", name="Save what is shown").click()
    with page.expect_download() as saving:
        page.get_by_role("button", name="Picture (PNG)").click()
    with Image.open(saving.value.path()) as kept:
        assert kept.width >= 1000


def facts(page):
    """What is told of the place that was clicked."""
    told = page.get_by_role("region", name="What is here")
    names, words = (told.locator(tag).all_inner_texts() for tag in ("dt", "dd"))
    return dict(zip(names, words, strict=True))


def value(words):
    return float(words.replace(",", "").split()[0].replace("\N{MINUS SIGN}", "-"))


def test_a_click_tells_what_stands_in_the_data(page):
    """On a level plane between two cells, unit and number are those of the cell below, to all digits told."""
    view = opened(page, "/portal/scene?add=model")
    page.get_by_role("tab", name="Sections").click()
    page.get_by_role("checkbox", name="Level", exact=True).check()
    moved_to(page, "Height", 0.4)
    page.get_by_role("button", name="Look from", exact=True).click()
    page.get_by_role("button", name="From above", exact=True).click()
    page.wait_for_timeout(600)
    frame = view.bounding_box()
    cells, seen = model(), set()
    for across, down in ((0.4, 0.4), (0.5, 0.52), (0.56, 0.61), (0.62, 0.36)):
        with page.expect_response(lambda reply: "/position" in reply.url):
            view.click(position={"x": across * frame["width"], "y": down * frame["height"]})
        page.wait_for_timeout(100)
        told = facts(page)
        east, north, up = (value(told[name]) for name in ("Easting", "Northing", "Height"))
        assert up == pytest.approx(40.0)
        cell = cells.sel(upward=37.5, easting=east, northing=north, method="nearest")
        assert told["unit"] == "clay"
        number = next(words for name, words in told.items() if "robability" in name)
        assert value(number) == pytest.approx(float(cell["probability_1"]), rel=1e-5)
        assert value(told["Depth below the top"]) == 62.5
        seen.add(number)
    assert len(seen) == 4


def test_holes_of_another_system_lie_where_they_are(page):
    """On longitudes and latitudes, whose own zone is another one, they are drawn and told as those in metres."""
    pictures = {}
    for id in ("wells", "far"):
        page.goto("/portal/")
        pictures[id] = picture(opened(page, f"/portal/scene?add=model&add={id}"))
        page.get_by_role("button", name=f"Appearance of boreholes {id}").click()
        page.get_by_role("combobox", name="Mark a hole").fill("B2")
        told = facts(page)
        assert value(told["Easting"]) == pytest.approx(EAST - 60, abs=0.2)
        assert value(told["Height"]) == 110.0
        assert told["Interval"] == "0 – 60 m"
        assert told["lithology"] == "sand"
    assert np.abs(pictures["wells"] - pictures["far"]).mean() < 0.5


def test_a_choice_goes_from_the_map_to_the_scene_and_back(page):
    """A hole that was chosen on the map is told of in the scene; from there the map marks it again."""
    page.goto("/portal/map#at=105,18.08,13&layer=wells&chosen=wells~2")
    page.get_by_role("tab", name=re.compile("^Layers")).click()
    page.get_by_role("button", name="More for boreholes wells").click()
    page.get_by_role("link", name="See in 3D").click()
    told = page.get_by_role("region", name="What is here")
    expect(told).to_contain_text("Hole B2", timeout=WAIT)
    expect(told.get_by_role("link", name="On the map")).to_have_attribute(
        "href", re.compile("chosen=wells~2$|chosen=wells%7E2$")
    )


def test_another_system_may_follow_when_all_is_taken_out(page):
    """An emptied scene takes what it refused beside the first; and a volume of one number is seen."""
    opened(page, "/portal/scene?add=even")
    assert share(picture(page.locator(".viewport")), (0x44, 0x01, 0x54)) > 0.02
    page.get_by_role("button", name="More for volume even").click()
    page.get_by_role("button", name="Take out of the scene").click()
    expect(page.get_by_text("Nothing is in the scene yet")).to_be_visible()
    page.get_by_role("button", name="Add data").first.click()
    page.get_by_role("button", name=re.compile("boreholes far")).click()
    expect(page.locator(".viewport[data-drawn=true]")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".facts-line")).to_contain_text("EPSG:32647")


def test_keys_turn_the_view_and_the_address_keeps_it(page):
    """An arrow turns, a plus goes nearer; the address then draws the same view again."""
    view = opened(page)
    before = picture(view)
    view.focus()
    for key in ("ArrowLeft", "ArrowLeft", "+"):
        page.keyboard.press(key)
    page.wait_for_timeout(900)
    turned = picture(view)
    assert np.abs(turned - before).mean() > 3
    address = page.url
    assert "eye=" in address
    page.goto("/portal/")
    again = picture(opened(page, address))
    assert np.abs(again - turned).mean() < 1


def test_the_scene_has_no_grave_fault_for_those_who_do_not_see_it(page):
    """Neither the scene with its settings open nor the empty one fails the checks of axe."""
    opened(page)
    page.get_by_role("button", name="Appearance of volume model").click()
    page.get_by_label("See-through where unsure").select_option(index=1)
    assert grave(page) == []
    page.goto("/portal/scene")
    expect(page.get_by_text("Nothing is in the scene yet")).to_be_visible()
    assert grave(page) == []


def grave(page):
    found = Axe().run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]


def test_on_a_phone_the_panel_is_a_drawer(browser, served):
    """The picture fills the screen; the panel comes when it is called."""
    with open_page(browser, served.address, PHONE) as page:
        view = opened(page)
        assert view.bounding_box()["height"] > 600
        page.get_by_role("tab", name="Sections").click()
        expect(page.get_by_role("checkbox", name="Level", exact=True)).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
