"""Answers for officials: the dashboard of an evaluation, two of them compared, and a front of plans explored."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from tests.browser import NEEDED, PHONE, WAIT, open_page, settle
from tests.flow.test_packs import cells_of
from tests.serving import Served, put

import craton
from craton.decide.evaluation import made_data
from craton.model.pack_text import decoded
from craton.process.apps import pack_text

pytestmark = NEEDED

APPS = Path(craton.__file__).parent / "apps"
PACK, FARMLAND = (pack_text(APPS / name) for name in ("saline_land", "farmland_protection"))
SIDE = 8
USES, AIMS = ("rice", "pasture", "wetland"), ("yield", "nature", "water")


def land():
    """Parcels with what each of three uses is worth for each of three aims."""
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    waves = [np.sin(0.7 * row + turn) + np.cos(0.9 * column + turn) for turn in range(9)]
    worth = {f"{aim}_{use}": waves[3 * n + m] for n, aim in enumerate(AIMS) for m, use in enumerate(USES)}
    shapes = shapely.box(102 + column / 200, 18 + row / 200, 102.005 + column / 200, 18.005 + row / 200)
    return gpd.GeoDataFrame(worth, geometry=shapes, crs="EPSG:4326")


def worths():
    rows = [(aim, use, f"{aim}_{use}") for aim in AIMS for use in USES]
    return pd.DataFrame(rows, columns=["objective", "use", "column"])


class Node:
    """A node with two answers of the same parcels, one of cells, and a front of plans."""

    def __init__(self, server):
        self.server, self.address = server, server.address
        search = {"table": "land", "worths": "worths", "together": True, "plans": 12, "generations": 5}
        aims = {
            name: [f"{aim}_{use}" for use in USES]
            for name, aim in zip(("first", "second"), AIMS, strict=False)
        }
        begun = [
            server.job("evaluation.made_data", {"pack": PACK}),
            server.job("allocation.search", search),
            server.job("allocation.trade_off", {"table": "land", "points": 8} | aims),
        ]
        parcels, self.front, self.trade_off = map(self.results, begun)
        asked = {"units": parcels["result"], "pack": PACK, "draws": 40}
        jobs = [server.job("evaluation.table", asked | {"scenario": one}) for one in ("", "drained")]
        jobs.append(server.job("evaluation.grid", {"cells": "cells", "pack": FARMLAND, "draws": 0}))
        self.plain, self.drained, self.gridded = map(self.results, jobs)
        self.job = jobs[0]["jobID"]

    def results(self, job):
        """Results of a job by name, once it is over."""
        told = self.server.wait(job)
        assert told["status"] == "successful", told
        return told["datasets"]

    def answer(self, results):
        """The answer among results, as the node keeps it."""
        return self.server.get(f"/datasets/{results['answer']}/data", params={"f": "bin"}).json()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decision") / "node"
    with craton.create(folder) as node:
        put(node, land(), "table", id="land")
        put(node, worths(), "table", id="worths")
        put(node, cells_of(decoded(FARMLAND), made_data(pack=FARMLAND)), "grid", id="cells")
    with Served(folder, "") as server:
        yield Node(server)


def grave(page):
    """What axe finds against WCAG 2.2 AA."""
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = Axe().run(page, options=rules).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found]


def brought(page):
    """What the indicators bring to the unit that is told of, and its score, as they are written."""
    panel = page.locator("article")
    parts = panel.locator("summary .number").all_inner_texts()
    return [float(one) for one in parts], float(panel.locator(".sum .number").inner_text())


def test_an_answer_is_told_explained_and_can_be_repeated(page, served):
    """From job and record to the dashboard: the counts, a unit by map and by name, its sum, the command."""
    told = served.answer(served.plain)
    page.goto(f"/portal/jobs/{served.job}")
    expect(page.get_by_role("link", name="Open the answer").first).to_be_visible()
    page.goto(f"/portal/data/{served.plain['answer']}")
    page.get_by_role("link", name="Open the answer").first.click()
    expect(page.locator("main h1")).to_have_text(told["question"]["en"])
    best = told["grades"][-1]
    expect(page.locator(".verdict")).to_contain_text(f"Of {told['evaluated']} units, {best['count']} ")
    expect(page.get_by_role("row", name=re.compile(f"^{best['title']['en']}"))).to_contain_text(
        str(best["count"])
    )
    expect(page.get_by_text(told["limits"]["en"])).to_be_visible()
    held = round(10 * told["robustness"]["same_grade"])
    expect(page.get_by_text(f"A grade holds in {held} of 10 draws")).to_be_visible()

    # The middle of the map is the corner of four parcels in the middle of 24 by 24.
    settle(page)
    canvas = page.locator("canvas.maplibregl-canvas")
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] / 2 + 6, "y": box["height"] / 2 - 6})
    panel = page.get_by_role("article", name="P301")
    expect(panel).to_be_visible()
    expect(page).to_have_url(re.compile("unit=301"))

    page.get_by_role("combobox", name="Find by name").fill("P7")
    expect(page.get_by_role("option", name="P7", exact=True)).to_be_visible()
    page.get_by_role("combobox", name="Find by name").press("Enter")
    panel = page.get_by_role("article", name="P7", exact=True)
    expect(panel).to_be_visible()
    parts, score = brought(page)
    assert len(parts) == sum(node["kind"] == "indicator" for node in told["nodes"])
    assert sum(parts) == pytest.approx(score, abs=0.0005 * (len(parts) + 1))
    panel.locator("summary").first.press("Enter")
    expect(panel.get_by_text("Source of the thresholds").first).to_be_visible()
    expect(panel.get_by_text(re.compile("^column ")).first).to_be_visible()

    expect(page.get_by_label("To repeat it exactly").first).to_contain_text("--set pack=@pack.txt")
    with page.expect_download() as saving:
        page.get_by_role("button", name="pack.txt").click()
    assert Path(saving.value.path()).read_text("utf-8") == PACK


def test_two_answers_are_compared(page, served):
    """The second is chosen from the list; the difference is a job; every unit stands in the matrix of grades."""
    page.goto(f"/portal/decision?answer={served.plain['answer']}")
    page.get_by_role("link", name="Compare with another").click()
    page.locator(f"a.card[href*='{served.drained['answer']}']").click()
    expect(page.get_by_role("heading", name="Water table lowered by drains")).to_be_visible(timeout=WAIT)
    packs = page.get_by_role("region", name="How the two differ")
    expect(packs).to_contain_text("maximum(water_table_depth, '1.8 m')")
    page.get_by_role("button", name="Work out the difference").click()
    matrix = page.get_by_role("region", name="From which grade to which").locator("table")
    expect(matrix).to_be_visible(timeout=WAIT)
    cells = [one.split() for one in matrix.locator("td").all_inner_texts() if one != "·"]
    assert sum(int(count) for count, *_ in cells) == served.answer(served.plain)["evaluated"]
    assert all(unit in {"ha", "km²"} for _, _, unit in cells)
    winners = page.get_by_role("region", name="Who wins, who loses")
    expect(winners.get_by_role("listitem").last).to_contain_text("Worse0 0%")
    settle(page)
    assert grave(page) == []


def test_cells_of_a_grid_are_drawn_in_their_grades(page, served):
    """The map of a grid asks for its grades, and has no key of another colouring; a click tells a cell's grade."""
    results = served.gridded
    answer = served.answer(results)
    asked = []
    page.on(
        "request", lambda one: asked.append(one.url) if f"{results['cells']}/map/tiles" in one.url else None
    )
    page.goto(f"/portal/decision?answer={results['answer']}")
    expect(page.locator(".verdict")).to_be_visible(timeout=WAIT)
    settle(page)
    assert asked
    assert all("variable=grade_number" in one for one in asked)
    expect(page.get_by_text("The colours of this map are of the score")).to_have_count(0)
    canvas = page.locator("canvas.maplibregl-canvas")
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    titles = [one["title"]["en"] for one in answer["grades"]]
    expect(page.get_by_role("article").first).to_contain_text(re.compile("|".join(titles)))
    legend = served.server.get(f"/collections/{results['cells']}/legend?variable=grade_number").json()
    assert [(one[2], one[1]) for one in legend["classes"]] == [
        (one["title"]["en"], one["colour"]) for one in answer["grades"]
    ]
    page.goto(f"/portal/data/{results['answer']}")
    expect(page.get_by_role("link", name="JSON", exact=False).first).to_be_visible()
    expect(page.get_by_text("BIN", exact=True)).to_have_count(0)


def test_a_front_is_explored_by_keys(page, served):
    """A floor leaves fewer plans; the next of them is shown with its own uses; the address keeps it."""
    page.goto(f"/portal/data/{served.front['parcels']}")
    page.get_by_role("link", name="Explore the plans").click()
    fit = page.get_by_text(re.compile(r"\d+ of \d+ plans? reach"))
    whole = int(fit.inner_text().split()[0])
    slider = page.get_by_role("slider", name=re.compile("^yield"))
    slider.press("End")
    expect(fit).not_to_have_text(re.compile(f"^{whole} of"))
    slider.press("Home")
    for _ in range(3):
        slider.press("PageUp")
    assert 0 < int(fit.inner_text().split()[0]) < whole
    page.get_by_role("button", name="Next plan").press("Enter")
    chosen = re.search(r"plan=(\d+)", page.url)[1]
    expect(page.get_by_role("heading", name=f"Plan {chosen}")).to_be_visible()
    uses = [int(one.split()[0]) for one in page.get_by_text(re.compile(r"^\d+ parcels?$")).all_inner_texts()]
    assert sum(uses) == SIDE * SIDE
    settle(page)
    assert grave(page) == []

    page.goto(f"/portal/data/{served.trade_off['points']}")
    page.get_by_role("link", name="Explore the plans").click()
    expect(page.get_by_text("The cross is the ideal")).to_be_visible()
    page.get_by_role("combobox", name="Choose a plan").select_option(index=0)
    expect(page.get_by_text("The map shows the uses of the plan that is put forward")).to_be_visible()


def test_the_dashboard_on_a_phone_in_chinese(browser, served):
    """Nothing is wider than the screen, nothing is left in English of the page's own, and axe finds no fault."""
    with open_page(browser, served.address, PHONE) as page:
        page.goto(f"/portal/decision?answer={served.drained['answer']}&lang=zh")
        expect(page.get_by_role("heading", name="可靠程度")).to_be_visible(timeout=WAIT)
        expect(page.get_by_text("情景假设：排水降低地下水位")).to_be_visible()
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator("article summary").first.click()
        assert not re.findall(r"\bdecision\.[\w.-]+", page.locator("main").inner_text())
        assert grave(page) == []
        for address in (
            f"/portal/decision/compare?a={served.plain['answer']}&b={served.drained['answer']}",
            f"/portal/decision/front?plans={served.front['plans']}&parcels={served.front['parcels']}",
        ):
            page.goto(address)
            settle(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_no_answer_says_so(page):
    """A wrong address tells what to do, and no address lists the answers."""
    page.goto("/portal/decision?answer=land")
    expect(page.get_by_text("This dataset is not the result of an evaluation.")).to_be_visible()
    page.get_by_role("link", name="Other answers").click()
    expect(page.locator("a.card")).to_have_count(3)
