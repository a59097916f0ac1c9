"""The library of indicators on the web: lists, filters, one of them, in the definition of the API."""

from __future__ import annotations

import jsonschema
import pytest
from tests.serving import Served, make_small_node

from craton.model.indicator_library import library, themes

ONE = "sodium_adsorption_ratio"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    with Served(make_small_node(folder / "node"), folder / "plugins") as server:
        yield server


@pytest.fixture(scope="module")
def api(served):
    return served.get("/api").json()


def conforms(api, document, name):
    """The document, after a check against its schema in the definition of the API."""
    schema = {"components": api["components"], "$ref": f"#/components/schemas/{name}"}
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


def test_the_whole_library_is_one_list(served, api):
    """All indicators at once, in the order of their themes, each with its own address; the landing page leads there."""
    links = [one["href"] for one in served.get("/").json()["links"]]
    assert f"{served.address}/indicators" in links
    found = conforms(api, served.get("/indicators").json(), "indicators")
    assert [one["id"] for one in found["indicators"]] == list(library())
    assert found["numberMatched"] == found["numberReturned"] == len(library())
    first = found["indicators"][0]
    assert served.get(first["links"][0]["href"]).json()["id"] == first["id"]


def test_filters_narrow_the_list(served):
    """By words in either language, theme, unit of evaluation and direction, together; in pages."""
    ids = [one["id"] for one in served.get("/indicators", params={"q": "钠吸附比"}).json()["indicators"]]
    assert ONE in ids
    asked = {"theme": "saline_land", "support": "parcel", "direction": "cost"}
    found = served.get("/indicators", params=asked).json()
    for one in found["indicators"]:
        assert (one["theme"], one["direction"]) == ("saline_land", "cost")
        assert "parcel" in one["supports"]
    page = served.get("/indicators", params={**asked, "limit": 2, "offset": 2}).json()
    assert page["indicators"] == found["indicators"][2:4]
    assert {"next", "prev"} <= {one["rel"] for one in page["links"]}
    assert served.get("/indicators", params={"q": "nonesuch"}).json()["indicators"] == []


def test_what_is_not_known_is_refused_by_name(served):
    """A misspelt filter, a theme and an indicator that there are not."""
    assert "'unit' is no parameter" in served.get("/indicators?unit=parcel", 400).json()["detail"]
    assert "theme must be one of" in served.get("/indicators?theme=moon", 400).json()["detail"]
    assert "no indicator 'nonesuch'" in served.get("/indicators/nonesuch", 404).json()["detail"]


def test_one_indicator_tells_its_place_in_the_hierarchy(served, api):
    """Goal, criterion, inputs with units, classes with their source; in the visitor's language as a page."""
    found = conforms(api, served.get(f"/indicators/{ONE}").json(), "indicator")
    ours = library()[ONE]
    assert found["goal"] == themes()["saline_land"].title
    assert found["inputs"]["sodium"]["unit"] == "mmol/L"
    assert [one.get("from_value") for one in found["classes"]] == [one.from_value for one in ours.classes]
    page = served.get(f"/indicators/{ONE}", headers={"Accept": "text/html", "Accept-Language": "zh"})
    assert page.headers["content-type"].startswith("text/html")
    assert ours.title["zh"] in page.text


def test_themes_tell_criteria_and_counts(served, api):
    """Every theme, its criteria, and as many indicators as the library has."""
    found = conforms(api, served.get("/indicators/themes").json(), "indicatorThemes")
    assert [one["id"] for one in found["themes"]] == list(themes())
    for one in found["themes"]:
        assert one["count"] == sum(part["count"] for part in one["criteria"])
    assert sum(one["count"] for one in found["themes"]) == len(library())


def test_what_a_visitor_has_is_not_sent_again(served):
    """An entity tag, of the language too where it is a page."""
    tag = served.get("/indicators").headers["etag"]
    assert served.get("/indicators", 304, headers={"If-None-Match": tag}).content == b""
    assert served.get("/indicators?q=sodium").headers["etag"] != tag
    pages = [
        served.get("/indicators", headers={"Accept": "text/html", "Accept-Language": language}).headers[
            "etag"
        ]
        for language in ("en", "zh")
    ]
    assert len({tag, *pages}) == 3
