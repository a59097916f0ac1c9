"""Indicators in the portal: found by theme, words and filters, told in full, taken into a pack, computed."""

from __future__ import annotations

import re
import tomllib

import pytest
from playwright.sync_api import expect
from tests.browser import NEEDED, PHONE, WAIT, open_page, settle
from tests.serving import Served, make_small_node

from craton.model.indicator_library import library, matching, themes

pytestmark = NEEDED

ONE = "sodium_adsorption_ratio"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("indicators")
    with Served(make_small_node(folder / "node"), folder / "plugins") as node:
        yield node


def heads(page):
    """Titles of the indicators that are listed."""
    return page.locator("main a.card strong")


def test_from_a_theme_to_an_indicator(page):
    """The navigation leads to the themes, a theme to its criteria, a card to everything about one, and back."""
    page.goto("/portal/?lang=en")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Indicators").click()
    expect(heads(page)).to_have_count(len(themes()), timeout=WAIT)
    page.get_by_role("link", name=re.compile("^Saline and sodic land")).click()
    expect(page.get_by_role("heading", name="Saline and sodic land")).to_be_visible()
    expect(heads(page)).to_have_count(len(themes()["saline_land"].indicators))
    page.get_by_role("link", name=re.compile("^Sodium adsorption ratio")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sodium adsorption ratio", timeout=WAIT)
    expect(page.locator("math msqrt")).to_contain_text("Calcium+Magnesium")
    expect(page.get_by_role("row", name="Very high sodium ≥ 26 0")).to_be_visible()
    expect(page.get_by_text("Handbook 60, chapter 2")).to_be_visible()
    page.get_by_label("Where it stands").get_by_role("link", name="Saline and sodic land").click()
    expect(page).to_have_url(re.compile(r"indicators\?theme=saline_land$"))


def test_search_and_filters_are_in_the_address(page):
    """The list narrows as one types; the address opens the same list; nothing found says what to do."""
    page.goto("/portal/indicators?lang=en")
    search = page.get_by_role("searchbox", name="Search the indicators")
    search.fill("forest")
    expect(heads(page)).to_have_count(len(matching("forest")), timeout=WAIT)
    page.get_by_label("Unit of evaluation").select_option("district")
    page.get_by_label("Better").select_option("benefit")
    count = len(matching("forest", support="district", direction="benefit"))
    expect(page.get_by_role("status").filter(has_text="indicator")).to_have_text(
        f"{count} indicator{'' if count == 1 else 's'}"
    )
    page.goto(page.url)
    expect(search).to_have_value("forest", timeout=WAIT)
    expect(heads(page)).to_have_count(count, timeout=WAIT)
    search.fill("nothing like it")
    expect(page.get_by_text("No indicator fits")).to_be_visible()
    page.get_by_role("button", name="Clear").last.click()
    expect(heads(page)).to_have_count(len(themes()))


def test_an_indicator_goes_into_a_pack_and_into_a_process(page):
    """The text for a pack is TOML with the inputs, the indicator and its scores; the form is filled in."""
    page.goto(f"/portal/indicators/{ONE}?lang=en")
    page.get_by_text("Text for a pack").click()
    told = tomllib.loads(page.get_by_role("group", name="Text for a pack").inner_text())
    ours = library()[ONE]
    assert {name: one["unit"] for name, one in told["attributes"].items()} == {
        name: one.unit for name, one in ours.inputs.items()
    }
    assert told["indicators"][ONE]["library"] == ONE
    assert told["indicators"][ONE]["score"]["bounds"] == [one.from_value for one in ours.classes[1:]]
    assert told["indicators"][ONE]["score"]["scores"] == [one.score for one in ours.classes]
    page.get_by_role("link", name="Compute it on a table").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Indicators of the library", timeout=WAIT)
    expect(page.locator("#field-indicator")).to_have_value(ONE)


def test_in_chinese_on_a_phone(browser, served):
    """All words are Chinese, formulas too; nothing is wider than the phone."""
    with open_page(browser, served.address, PHONE) as page:
        for path in ("indicators", f"indicators/{ONE}", "indicators/no-such-one"):
            page.goto(f"/portal/{path}?lang=zh")
            settle(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        page.goto(f"/portal/indicators/{ONE}?lang=zh")
        expect(page.get_by_role("heading", level=1)).to_have_text("钠吸附比", timeout=WAIT)
        expect(page.locator("math msqrt")).to_have_text(re.compile(r"钙\s*\+\s*镁"))
        expect(page.get_by_text("越小越好")).to_be_visible()


def test_formulas_of_several_cases_can_be_set(served, browser):
    """Formulas with a choice in them are read by the page, or are so long that they stay text."""
    with open_page(browser, served.address, PHONE) as page:
        for id in [id for id, one in library().items() if "where(" in one.formula]:
            page.goto(f"/portal/indicators/{id}")
            long = len(library()[id].formula) >= 260
            expect(page.locator("main section pre" if long else "main math").first).to_be_visible(
                timeout=WAIT
            )
