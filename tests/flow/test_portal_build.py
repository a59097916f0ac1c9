"""An evaluation is made in the portal: from data in few clicks, with faults that lead to their place, saved, compared."""

from __future__ import annotations

import json
import re

import geopandas as gpd
import numpy as np
import pytest
from playwright.sync_api import expect
from shapely.geometry import box
from tests.browser import MANAGER, NEEDED, PASSWORD, PHONE, WAIT, open_page, sign_in
from tests.serving import Served, put

import craton
from craton.model.data import ColumnNote
from craton.web.identity_file import FILE_NAME
from craton.web.identity_people import People

pytestmark = NEEDED

SIDE = 5
NOTES = {
    "slope": ColumnNote(unit="deg", title="Slope"),
    "soil_depth": ColumnNote(unit="cm", title="Depth of the soil"),
    "gold": ColumnNote(unit="mg/kg", title="Gold in soil"),
}


def parcels():
    """A lattice of parcels with three measured columns, rising along the rows."""
    count = np.arange(SIDE * SIDE)
    squares = [box(102 + 0.01 * (n % SIDE), 18 + 0.01 * (n // SIDE), 102.01 + 0.01 * (n % SIDE), 18.01 + 0.01 * (n // SIDE)) for n in count]  # fmt: skip
    data = {
        "parcel": [f"P{n}" for n in count],
        "slope": 30.0 - count,
        "soil_depth": 10.0 + count,
        "gold": 0.1 * count,
    }
    return gpd.GeoDataFrame(data, geometry=squares, crs="EPSG:4326")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("build") / "node"
    with craton.create(folder, title="Builder node") as node:
        put(node, parcels(), "table", id="parcels-1", notes=NOTES)
    people = People(folder / FILE_NAME)
    people.add(MANAGER, role="manager", password=PASSWORD)
    people.close()
    with Served(folder, "") as server:
        yield server


def begin(page):
    """A pack of the three columns, of which the slope is better low."""
    page.get_by_role("button", name=re.compile("^Start from a dataset")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=re.compile("^parcels-1")).click()
    dialog.get_by_label("Direction of Slope").select_option("cost")
    dialog.get_by_role("button", name="Begin (3)").click()
    expect(page.get_by_text("It can be run", exact=True)).to_be_visible(timeout=WAIT)


def step(page, name):
    page.get_by_role("navigation", name="Steps").get_by_role("button", name=re.compile(name)).click()


def test_from_a_dataset_to_an_answer_in_few_clicks(page, served):
    """Five clicks from data to a run; the answer opens by itself, and its best unit is the flattest and richest."""
    page.goto("/portal/build")
    begin(page)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page).to_have_url(re.compile(r"/portal/decision\?answer="), timeout=4 * WAIT)
    answer = page.url.rpartition("answer=")[2]
    told = served.get(f"/datasets/{answer}/assets/data").json()
    assert told["best"][0]["label"] == f"P{SIDE * SIDE - 1}"
    assert told["best"][0]["score"] == pytest.approx(1)
    assert [one["count"] for one in told["grades"]] == [5, 5, 5, 5, 5]


def test_faults_lead_to_their_place_and_a_step_is_undone(page):
    """A unit that does not fit is told beside its field; the fault leads there; undoing makes the pack sound again."""
    page.goto("/portal/build")
    begin(page)
    step(page, "Indicators")
    page.get_by_text("Depth of the soil").first.click()
    page.get_by_label("Formula").fill("soil_depth + '2 kg'")
    fault = page.get_by_role("region", name="1 fault").get_by_role("button")
    expect(fault).to_contain_text("indicators.soil_depth", timeout=WAIT)
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    step(page, "Grades")
    fault.click()
    expect(page.get_by_label("Formula")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("It can be run", exact=True)).to_be_visible(timeout=WAIT)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Evaluation of parcels-1", timeout=WAIT)


def test_weights_are_judged_and_thresholds_need_a_source(page):
    """Judgments that contradict each other show their ratio and the repair; thresholds without a source are a fault."""
    page.goto("/portal/build")
    begin(page)
    step(page, "Hierarchy")
    page.get_by_label("Weights", exact=True).select_option("analytic_hierarchy")
    page.get_by_label("Slope over Depth of the soil").select_option("9")
    page.get_by_label("Slope over Gold in soil").select_option(label="1/5")
    expect(page.get_by_text("Consistency ratio 1.58 (at most 0.1)")).to_be_visible(timeout=WAIT)
    expect(page.get_by_text(re.compile("think again about slope over soil_depth")).first).to_be_visible()
    page.get_by_label("Weights", exact=True).select_option("given")
    page.get_by_role("slider", name="Slope").fill("0.5")
    expect(page.get_by_role("slider", name="Gold in soil")).to_have_value("0.25", timeout=WAIT)
    expect(page.get_by_text("It can be run", exact=True)).to_be_visible(timeout=WAIT)
    step(page, "What each unit carries")
    page.get_by_text("Slope").first.click()
    page.get_by_label("Identifier").fill("gradient")
    page.get_by_label("Identifier").press("Tab")
    expect(page.get_by_role("code").filter(has_text=re.compile("^gradient$"))).to_be_visible(timeout=WAIT)
    step(page, "Indicators")
    page.get_by_text("Slope").first.click()
    expect(page.get_by_label("Formula")).to_have_value("gradient", timeout=WAIT)
    page.get_by_text("Gold in soil").first.click()
    # The fields are those of the indicator before until this one has opened.
    expect(page.get_by_label("Formula")).to_have_value("gold", timeout=WAIT)
    page.get_by_label("Worst (score 0)").fill("0")
    page.get_by_label("Best (score 1)").fill("2")
    expect(page.get_by_role("img", name="Score over the number, changing at 0, 2")).to_be_visible(
        timeout=WAIT
    )
    expect(page.get_by_role("region", name="1 fault")).to_be_visible(timeout=WAIT)
    page.get_by_label("Source of the thresholds").fill("Judged for this test.")
    expect(page.get_by_text("It can be run", exact=True)).to_be_visible(timeout=WAIT)


@pytest.mark.slow
def test_a_pack_is_saved_opened_again_and_two_scenarios_are_compared(page, served):
    """As a dataset with a record page that leads back; a scenario of the pack against things as they are."""
    sign_in(page, then="build")
    page.goto("/portal/build")
    begin(page)
    step(page, "Scenarios")
    page.get_by_role("button", name="Add a scenario").click()
    page.get_by_label("Name (English)").fill("Terraced")
    page.get_by_label("Name (Chinese)").fill("梯田")
    page.get_by_label("Change an attribute").select_option("slope")
    page.get_by_label("Slope =").fill("slope / 2")
    expect(page.get_by_text("It can be run", exact=True)).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("It is saved.")).to_be_visible(timeout=2 * WAIT)
    page.get_by_role("link", name="See its page").click()
    page.get_by_role("link", name="Open in the builder").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Evaluation of parcels-1", timeout=WAIT)
    page.get_by_role("button", name="Choose a dataset").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^parcels-1")).click()
    page.get_by_role("button", name="Run both and compare").click()
    expect(page).to_have_url(re.compile(r"/portal/decision/compare\?a=.+&b=.+"), timeout=4 * WAIT)


def test_text_goes_both_ways(page):
    """TOML that is pasted becomes the pack; text that is none is told with its place and changes nothing."""
    page.goto("/portal/build")
    page.get_by_role("button", name=re.compile("^Start from nothing")).click()
    step(page, "As text")
    text = page.get_by_label("Pack, in JSON or TOML")
    assert json.loads(text.input_value())["goal"] == "overall"
    text.fill("id = \n")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_contain_text("line 1", timeout=WAIT)
    text.fill(
        'id = "mine"\nversion = "2"\ngoal = "all"\ntitle = { en = "Of mine", zh = "我的" }\n[criteria.all]\nparts = []\n'
    )
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Of mine", timeout=WAIT)
    assert json.loads(text.input_value())["criteria"] == {"all": {"parts": []}}


def test_on_a_phone_in_chinese(browser, served):
    """The page is as wide as the phone, speaks Chinese, and the findings do too."""
    with open_page(browser, served.address, PHONE, has_touch=True, is_mobile=True) as page:
        page.goto("/portal/build?lang=zh")
        page.get_by_role("button", name=re.compile("^从空白开始")).tap()
        expect(page.get_by_text(re.compile("^缺少语言")).first).to_be_visible(timeout=WAIT)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        page.get_by_role("navigation", name="步骤").get_by_role("button", name=re.compile("层次与权重")).tap()
        expect(page.get_by_text("没有组成项").first).to_be_visible(timeout=WAIT)
