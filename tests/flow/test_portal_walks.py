"""Whole walks through the portal: from a question to what is taken home."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import geopandas as gpd
import pandas as pd
import pytest
from playwright.sync_api import expect
from tests.browser import DESK, NEEDED, WAIT, add_layer, id_of, open_page, pixel, settle, sign_in
from tests.serving import SAMPLE

from craton.process.processes import find_process
from craton.process.spoken import words_of

pytestmark = NEEDED

QUAKES = "Earthquakes of the upper Mekong"
LARGEST = (102.543, 24.185)
"""Place of the earthquake of magnitude 7.1 of 1970, alone on the map."""

RAW_KEY = re.compile(r"^[a-z-]+\.[a-z-]+(\.one|\.other)?$")
TEXTS = """() => {
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    // Identifiers of processes look like keys; they stand in elements of code.
    while (walk.nextNode()) if (!walk.currentNode.parentElement.closest('code, pre, script, style'))
        found.push(walk.currentNode.data.trim());
    for (const one of document.querySelectorAll('[aria-label], [title], [placeholder]'))
        for (const name of ['aria-label', 'title', 'placeholder']) found.push((one.getAttribute(name) ?? '').trim());
    return found;
}"""


def wait_for_view(page):
    """Wait until the address tells where the map came to rest."""
    expect(page).to_have_url(re.compile("at="), timeout=WAIT)
    settle(page)
    page.wait_for_timeout(600)  # the address follows the map after 0.4 s


def table_at(page, place):
    """What the workbench tells of `place` when it is clicked."""
    page.mouse.click(*pixel(page, *place))
    return page.get_by_role("region", name="At this place")


def test_data_is_found_styled_asked_and_taken_home(page, tmp_path):
    """Search, add, colour by a column, click a feature and read its values, download the whole table."""
    page.goto("/portal/map")
    add_layer(page, "Earthquake")
    wait_for_view(page)
    canvas = page.locator("canvas.maplibregl-canvas").first
    before = canvas.screenshot()
    page.get_by_role("button", name=f"Look of {QUAKES}").click()
    page.get_by_label("Colour by").select_option("magnitude")
    page.get_by_role("group", name="Colours").get_by_role("button", name="magma").click()
    expect(page).to_have_url(re.compile("by=magnitude~mode=steps~colours=magma"), timeout=WAIT)
    settle(page)
    assert canvas.screenshot() != before
    told = table_at(page, LARGEST)
    expect(told).to_contain_text("7.1")
    expect(told).to_contain_text("1970-01-04")
    page.get_by_role("button", name=f"More for {QUAKES}").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as geojson").click()
    download.value.save_as(tmp_path / "quakes.geojson")
    taken = gpd.read_file(tmp_path / "quakes.geojson")
    assert len(taken) == len(pd.read_csv(SAMPLE / "hazards" / "earthquakes.csv"))
    assert taken["magnitude"].max() == pd.read_csv(SAMPLE / "hazards" / "earthquakes.csv")["magnitude"].max()


def test_what_is_under_a_site(page):
    """A town by its name, a place by coordinates, an area by clicks; values, distances, and where they come from."""
    page.goto("/portal/")
    page.get_by_label("Place").fill("Vientiane")
    page.get_by_role("button", name="Look here").click()
    expect(page.get_by_role("heading", name="17.9667° N, 102.6000° E")).to_be_visible(timeout=WAIT)
    height = page.get_by_role("article").filter(
        has=page.get_by_role("heading", name="Relief of the upper Mekong", exact=True)
    )
    expect(height.locator("strong").first).to_have_text(re.compile(r"^[\d,]+(\.\d+)? m$"))
    page.get_by_label("Look around it").select_option("20 km")
    deposits = page.get_by_role("article").filter(has_text="Mineral deposits of the upper Mekong")
    expect(deposits.locator("summary").first).to_contain_text(
        re.compile(r"\d+(\.\d+)? km (north|south|east|west)")
    )

    page.goto("/portal/")
    page.get_by_label("Place").fill("18.52, 103.07")
    page.get_by_role("button", name="Look here").click()
    expect(page.get_by_role("heading", name="18.5200° N, 103.0700° E")).to_be_visible(timeout=WAIT)
    height.get_by_role("link", name="Source and how it was made").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Relief of the upper Mekong", timeout=WAIT)
    page.go_back()

    settle(page)
    page.get_by_role("button", name="Draw an area").click()
    box = page.locator("canvas.maplibregl-canvas").bounding_box()
    for right, down in ((0.3, 0.3), (0.7, 0.3), (0.5, 0.7)):
        page.mouse.click(box["x"] + right * box["width"], box["y"] + down * box["height"])
        page.wait_for_timeout(350)  # two quick clicks are a double click
    page.get_by_role("button", name="Use this area").click()
    expect(page.get_by_role("heading", name=re.compile(r"(ha|km²)$"))).to_be_visible(timeout=WAIT)
    expect(height).to_be_visible(timeout=WAIT)
    assert "POLYGON" in unquote(page.url)


def send(page, *paths):
    """Choose files on the upload page and send them."""
    page.goto("/portal/upload")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(paths)
    page.get_by_role("button", name=re.compile("^Send")).click()


def test_a_file_that_asks_and_a_broken_one(page, tmp_path):
    """A shapefile without a coordinate system is asked for it in the page; a broken file is told what to do."""
    places = gpd.points_from_xy([200_000.0, 260_000.0], [2_000_000.0, 2_040_000.0])
    wells = gpd.GeoDataFrame({"depth_m": [31.5, 58.0]}, geometry=places, crs="EPSG:32648")
    wells.to_file(tmp_path / "wells.shp")
    parts = [tmp_path / f"wells.{suffix}" for suffix in ("shp", "shx", "dbf")]
    sign_in(page, then="upload")
    send(page, *parts)
    form = page.get_by_role("form", name=re.compile("About wells.shp"))
    form.get_by_label("Which coordinate reference system").fill("EPSG:32648")
    form.get_by_role("button", name="Answer").click()
    expect(page.get_by_label("Which coordinate reference system")).to_have_count(0, timeout=WAIT)
    page.get_by_role("list", name="Files").get_by_role("link").first.click(timeout=WAIT)
    page.get_by_role("button", name="Show on the map").click(timeout=WAIT)
    page.get_by_role("tab", name="Layers (1)").wait_for()
    wait_for_view(page)
    there = wells.to_crs("OGC:CRS84").geometry[1]
    expect(table_at(page, (there.x, there.y))).to_contain_text("58")

    broken = tmp_path / "relief.tif"
    broken.write_bytes((SAMPLE / "elevation" / "relief.tif").read_bytes()[:600])
    send(page, broken)
    expect(page.get_by_text("refused", exact=True)).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("Mend it where it was made, or export it to another format")).to_be_visible()


@pytest.mark.slow
def test_a_process_is_run(page, served):
    """A form that refuses a wrong number at its field, a run with its progress, its result on the map, the list."""
    page.goto("/portal/processes")
    page.get_by_role("searchbox", name="Search the processes").fill("shaded relief")
    page.get_by_role("link", name="Shaded relief").click()
    number = page.get_by_label("azimuth")
    number.fill("400")
    expect(page.get_by_role("alert").filter(has_text="360")).to_be_visible(timeout=WAIT)
    expect(number).to_have_attribute("aria-invalid", "true")

    page.goto("/portal/processes")
    page.get_by_role("searchbox", name="Search the processes").fill("slope")
    page.get_by_role("link", name="Steepness of the ground").click()
    page.get_by_role("button", name="Choose: elevation").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Relief of the upper Mekong")).click()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page).to_have_url(re.compile("/portal/jobs/"), timeout=WAIT)
    expect(page.get_by_text("Done", exact=True).first).to_be_visible(timeout=2 * WAIT)
    page.get_by_role("button", name="Show on the map").click()
    page.get_by_role("tab", name="Layers (1)").wait_for()
    wait_for_view(page)
    expect(table_at(page, (102.0, 20.0))).to_contain_text(re.compile(r"slope", re.IGNORECASE))

    asked = {"inputs": {"table": id_of(served, QUAKES), "wait": 60}}
    address = "/processes/misbehaving.slow_double/execution"
    assert page.request.post(address, data=asked, headers={"Prefer": "respond-async"}).status == 201
    page.goto("/portal/jobs")
    entries = page.get_by_role("list", name="Jobs").get_by_role("listitem")
    expect(entries.filter(has_text="terrain.slope")).to_contain_text("Done", timeout=WAIT)
    slow = entries.filter(has_text="misbehaving.slow_double")
    expect(slow.get_by_role("progressbar")).to_be_visible(timeout=WAIT)
    slow.get_by_role("button", name=re.compile("^Cancel")).click()
    expect(slow).to_contain_text("Stopped", timeout=WAIT)


@pytest.mark.slow
def test_a_field_and_a_survey_line_are_looked_at(page, tmp_path):
    """A grid equalised and lit from the east, its spectrum; a line that is clicked, its chart, the next line."""
    page.goto("/portal/map")
    add_layer(page, "Gravity disturbance")
    wait_for_view(page)
    page.get_by_role("button", name=re.compile("^Look of Gravity")).click()
    page.get_by_role("button", name="Equalised").click()
    page.get_by_role("checkbox", name="Shade as relief").check()
    page.get_by_role("slider", name="Light from").fill("90")
    expect(page).to_have_url(re.compile("stretch=equal~azimuth=90"), timeout=WAIT)
    page.get_by_role("button", name=re.compile("^More for Gravity")).click()
    page.get_by_role("button", name="Power spectrum").click()
    page.get_by_role("slider", name="Place on the spectrum").press("End")
    expect(page.get_by_text(re.compile(r"^Wavenumber .* wavelength [\d.]+ km"))).to_be_visible(timeout=WAIT)
    page.get_by_role("tab", name="Legend").click()
    expect(
        page.get_by_role("list", name=re.compile("same number of cells")).get_by_role("listitem")
    ).to_have_count(11)

    rows = [
        (n, 101 + 0.01 * n, 19 + 0.1 * line, line, n * line)
        for line in (1, 2, 3)
        for n in range(60)
        if n not in range(20, 30)
    ]
    survey = pd.DataFrame(rows, columns=["fid", "longitude", "latitude", "line_number", "field_nt"])
    survey.to_csv(tmp_path / "survey.csv", index=False)
    sign_in(page, then="upload")
    send(page, tmp_path / "survey.csv")
    page.get_by_role("list", name="Files").get_by_role("link").first.click(timeout=WAIT)
    page.get_by_role("button", name="Show on the map").click(timeout=WAIT)
    wait_for_view(page)
    page.get_by_role("tab", name="Layers").click()
    page.get_by_role("button", name=re.compile("^More for survey")).click()
    page.get_by_role("button", name="Survey lines").click()
    expect(page.get_by_text(re.compile("^50 points .* 1 gap"))).to_be_visible(timeout=WAIT)
    wait_for_view(page)
    table_at(page, (101.4, 19.2))
    expect(page.get_by_label("Line", exact=True)).to_have_value("2", timeout=WAIT)
    expect(page.get_by_role("slider", name="Place along the line")).to_have_attribute(
        "aria-valuetext", re.compile("field_nt 80"), timeout=WAIT
    )
    page.get_by_role("button", name="Next line").click()
    expect(page.get_by_role("region", name="Line 3")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("button", name="Next line")).to_be_disabled()


WORDS = {
    "zh": ("中文", "zh", "我的场地下面有什么？", "noto-sans-sc"),
    # Most of its words are English still, so that the page is read aloud as English.
    "lo": ("ລາວ", "en", "ໃຕ້ພື້ນທີ່ຂອງຂ້ອຍມີຫຍັງ?", "noto-sans-lao"),
}
"""By code: name of the language, language that is read aloud, a heading, a font."""


@pytest.mark.slow
@pytest.mark.parametrize("code", WORDS)
def test_the_language_is_changed(page, served, code):
    """Words and the language told to who reads aloud change on all pages; no key stands raw; fonts are the node's."""
    name, spoken, site, font = WORDS[code]
    fonts = []
    page.on("response", lambda reply: fonts.append(reply) if reply.request.resource_type == "font" else None)
    page.goto("/portal/site?at=18.52,103.07")
    page.get_by_role("button", name="Language").click()
    page.get_by_role("button", name=re.compile(f"^{name}")).click()
    expect(page.locator(f"html[data-language={code}][lang={spoken}]")).to_be_attached(timeout=WAIT)
    expect(page.get_by_role("heading", level=1)).to_have_text(site)
    addresses = ["", "map", f"data/{id_of(served, QUAKES)}", "processes", "apps", "jobs", "sign-in"]
    for address in ["site?at=18.52,103.07", *addresses]:
        page.goto(f"/portal/{address}")
        settle(page)
        assert page.locator("html").get_attribute("lang") == spoken
        assert [text for text in page.evaluate(TEXTS) if RAW_KEY.match(text)] == []
    assert any(font in reply.url and reply.ok for reply in fonts)
    assert all(reply.ok for reply in fonts)


@pytest.mark.slow
def test_a_form_is_told_in_the_language_of_the_page(page):
    """Title, fields and formula follow the language, what is filled in stays; the link to the formula does not leave."""
    page.goto("/portal/processes/potential_field.derivative")
    page.get_by_label("Upward").fill("2")
    page.get_by_role("link", name="Formula, results and references").click()
    expect(page).to_have_url(re.compile("processes/potential_field.derivative"))
    expect(page.locator("#about")).to_be_in_viewport(timeout=WAIT)
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="中文").click()
    words = words_of("zh")
    spec = find_process("potential_field.derivative")
    expect(page.get_by_role("heading", level=1)).to_have_text(words[spec.title], timeout=WAIT)
    expect(page.get_by_label(words["upward"])).to_have_value("2")


def test_the_work_is_passed_on(page, browser, served, tmp_path):
    """The address opened elsewhere, and the saved file opened elsewhere, show the same layers and view."""
    page.goto("/portal/map")
    add_layer(page, "Earthquakes")
    page.get_by_role("tab", name="Data").click()
    add_layer(page, "Relief")
    wait_for_view(page)
    page.mouse.move(*pixel(page, *LARGEST))
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(1500)
    wait_for_view(page)
    address = page.url
    page.get_by_role("button", name="Work", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save work").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    layers = [layer["id"] for layer in json.loads(file.read_text())["layers"]]
    assert layers == [id_of(served, "Relief"), id_of(served, QUAKES)]

    with open_page(browser, served.address, DESK) as other:
        other.goto(address)
        expect(other.get_by_role("button", name=f"More for {QUAKES}")).to_be_visible(timeout=WAIT)
        wait_for_view(other)
        assert other.url == address
    with open_page(browser, served.address, DESK) as other:
        other.goto("/portal/map")
        settle(other)
        other.get_by_role("button", name="Work", exact=True).click()
        with other.expect_file_chooser() as chooser:
            other.get_by_role("button", name="Open work").click()
        chooser.value.set_files(file)
        expect(other.get_by_role("button", name=f"More for {QUAKES}")).to_be_visible(timeout=WAIT)
        wait_for_view(other)
        assert view_of(other.url) == pytest.approx(view_of(address), abs=1e-3)


def view_of(address):
    """Longitude, latitude and zoom that an address of the workbench tells."""
    return [float(part) for part in re.search("at=([^&]+)", address)[1].split(",")]
