"""Reports of evaluations on the web and at the command line."""

from __future__ import annotations

import io
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from pypdf import PdfReader
from starlette.testclient import TestClient
from tests.browser import DESK, NEEDED, PHONE, open_page
from tests.evaluations import ANSWER, UNITS, full, make_evaluated, parcels
from tests.serving import Served

import craton
from craton.cli.commands import craton as command
from craton.web.app import make_app
from craton.web.report import AREA
from craton.web.report_fonts_folder import FONTS
from craton.web.site import Site, SiteOptions

pytestmark = [pytest.mark.skipif(not FONTS.is_dir(), reason="the fonts are not built: make portal")]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A node with the results of an evaluation, served."""
    folder = tmp_path_factory.mktemp("report")
    make_evaluated(folder / "node", full(parcels()[0]))
    with Served(folder / "node", folder) as node:
        yield node


def test_any_result_of_the_run_leads_to_the_report(served):
    """The answer and its siblings tell of the report; the input of the run has none."""
    for name in (ANSWER, UNITS, f"{UNITS}@1"):
        page = served.get(f"/datasets/{name}/report", headers={"Accept": "text/html"})
        assert "Saline land fit for reclamation" in page.text
    links = {one["href"] for one in served.get(f"/datasets/{UNITS}").json()["links"]}
    assert f"{served.address}/datasets/{UNITS}@1/report?f=pdf" in links
    problem = served.get("/datasets/parcels-1/report", status=404).json()
    assert "no result of an evaluation" in problem["detail"]
    assert not [one for one in served.get("/datasets/parcels-1").json()["links"] if "report" in one["href"]]


def test_form_and_language_are_negotiated(served):
    """The query says, else the headers do; what there is not is refused."""
    path = f"/datasets/{ANSWER}/report"
    chinese = served.get(path, headers={"Accept-Language": "lo, zh-CN;q=0.8, en;q=0.5"})
    assert chinese.headers["content-language"] == "zh"
    assert '<html lang="zh-Hans">' in chinese.text
    assert (
        served.get(f"{path}?lang=en", headers={"Accept-Language": "zh"}).headers["content-language"] == "en"
    )
    pdf = served.get(path, headers={"Accept": "application/pdf", "Accept-Language": "zh"})
    assert pdf.headers["content-type"] == "application/pdf"
    assert f'filename="{ANSWER}-zh.pdf"' in pdf.headers["content-disposition"]
    assert PdfReader(io.BytesIO(pdf.content)).metadata.title == "盐碱地改良适宜性评价"
    assert served.get(f"{path}?f=pdf&lang=zh").content == pdf.content
    served.get(f"{path}?f=doc", status=400)
    served.get(f"{path}?lang=fr", status=400)
    served.get(f"{path}?page=2", status=400)


def test_who_has_the_report_is_told_so(served):
    """The entity tag tells form and language apart, and answers a question again."""
    path = f"/datasets/{ANSWER}/report"
    first = served.get(f"{path}?f=html&lang=en")
    again = served.get(f"{path}?f=html&lang=en", status=304, headers={"If-None-Match": first.headers["etag"]})
    assert again.content == b""
    served.get(f"{path}?f=html&lang=zh", headers={"If-None-Match": first.headers["etag"]})


def test_numbers_lead_to_pages_that_there_are(served):
    """Every address of the node that a report holds answers."""
    page = served.get(f"/datasets/{ANSWER}/report?f=html&lang=en").text
    found = {one.replace("&amp;", "&") for one in re.findall(r'href="([^"#]+)"', page)}
    own = sorted(one for one in found if one.startswith(served.address))
    assert len(own) >= 8
    gone = [one for one in own if served.client.get(one).status_code != 200]
    assert gone in ([], [f"{served.address}/jobs/job-1", f"{served.address}/processes/evaluation.table"],
                    [f"{served.address}/jobs/job-1"])  # fmt: skip


def test_the_report_is_told_in_the_definition_of_the_api():
    """With its forms and languages."""
    said = AREA.paths()["/datasets/{datasetID}/report"]["get"]
    assert set(said["responses"]["200"]["content"]) == {"text/html", "application/pdf"}
    assert [one["name"] for one in said["parameters"]] == ["datasetID", "f", "lang"]


def test_a_private_evaluation_has_no_report_for_others(tmp_path):
    """It does not exist for a visitor without a name."""
    make_evaluated(tmp_path / "node", visibility="private")
    with craton.open(tmp_path / "node") as node, node.manager() as manager:
        site = Site(node.store, manager, None, SiteOptions(metrics="off"))
        with TestClient(make_app(site, None)) as client:
            replies = [
                client.get(f"/datasets/{name}/report") for name in (ANSWER, UNITS, "parcels-1", "none")
            ]
        site.close()
        site.operations.close()
    assert [one.status_code for one in replies] == [404] * 4
    details = {re.sub("'.*'", "", one.json()["detail"]) for one in replies}
    assert len(details) == 1


@pytest.mark.parametrize(("size", "language"), [(DESK, "en"), (PHONE, "zh")], ids=["desk", "phone"])
@pytest.mark.usefixtures("served")
@NEEDED[1]
def test_the_page_is_accessible_and_fits(browser, served, size, language):
    """No violation of WCAG 2 A and AA, nothing wider than the screen, nothing refused by the policy."""
    with open_page(browser, served.address, size) as page:
        page.goto(f"/datasets/{ANSWER}/report?f=html&lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        options = {"runOnly": ["wcag2a", "wcag2aa"]}
        found = Axe().run(page, options=options).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found] == []


def test_the_command_writes_both_forms(served, tmp_path):
    """`craton report` writes PDF and page in the language asked for, and no file twice."""
    run = CliRunner().invoke
    node = str(served.folder)
    made = run(command, ["report", node, UNITS, "--output", str(tmp_path / "r.pdf"), "--language", "zh"])
    assert made.exit_code == 0, made.output
    assert PdfReader(tmp_path / "r.pdf").metadata.title == "盐碱地改良适宜性评价"
    made = run(command, ["report", node, ANSWER, "--output", str(tmp_path / "r.html")])
    assert made.exit_code == 0, made.output
    assert '<html lang="en">' in (tmp_path / "r.html").read_text()
    for arguments in (
        [ANSWER, "--output", "r.html"],
        [ANSWER, "--output", "r.doc"],
        ["parcels-1", "--output", "p.pdf"],
    ):
        assert run(command, ["report", node, *arguments[:2], str(tmp_path / arguments[2])]).exit_code != 0
