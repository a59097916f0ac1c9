"""OGC API – Processes – Part 1 (18-062r2), one test for each requirement or few, with clients we did not write."""

from __future__ import annotations

import base64
import datetime as dt
import email
import email.policy
import io

import geopandas as gpd
import jsonschema
import pytest
import rasterio
from openapi_spec_validator import OpenAPIV30SpecValidator
from owslib.ogcapi.processes import Processes
from tests.serving import Served, make_node, plugins

CONFORMANCE = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"
EXCEPTION = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
SITES = {"table": "sites-1"}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    with Served(make_node(folder / "node"), plugins(folder / "plugins")) as server:
        yield server


@pytest.fixture(scope="module")
def api(served):
    return served.get("/api").json()


@pytest.fixture
def conforms(api):
    """Fails where a document is not of a schema of the API definition."""

    def check(document, name):
        schema = {"components": api["components"], "$ref": f"#/components/schemas/{name}"}
        jsonschema.Draft202012Validator(schema).validate(document)
        return document

    return check


def _relations(document):
    return {one["rel"]: one["href"] for one in document["links"]}


def test_landing_page(served, conforms):
    """/req/core/landingpage-op, landingpage-success: links to the definition, conformance, processes and jobs."""
    links = _relations(conforms(served.get("/").json(), "landingPage"))
    for relation in ("service-desc", RELATION + "conformance", RELATION + "processes", RELATION + "job-list"):
        assert served.get(links[relation]).json()


def test_a_browser_gets_a_page(served):
    """Who asks for HTML gets the same document as a page; with `f=json`, JSON with a line for each thing in it."""
    page = served.get("/processes", headers={"Accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "terrain.slope" in page.text
    reply = served.get("/?f=json", headers={"Accept": "text/html"})
    assert reply.headers["content-type"] == "application/json"
    assert len(reply.text.splitlines()) > 10


def test_api_definition(api):
    """/req/oas30/oas-definition: the definition is valid OpenAPI 3.0 and refers to nothing outside itself."""
    OpenAPIV30SpecValidator(api).validate()
    assert api["openapi"].startswith("3.0")

    def references(part):
        if isinstance(part, dict):
            yield from ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
            part = list(part.values())
        if isinstance(part, list):
            for one in part:
                yield from references(one)

    assert all(one.startswith("#/components/") for one in references(api))
    assert "/processes/terrain.slope/execution" in api["paths"]


def test_api_definition_operations(api, served):
    """/req/oas30/completeness: every operation that needs no parameters answers as the definition says."""
    for path, operations in api["paths"].items():
        needed = [one for one in operations.get("get", {}).get("parameters", ()) if one.get("required")]
        if "{" not in path and "get" in operations and not needed:
            reply = served.client.get(path)
            told = operations["get"]["responses"][str(reply.status_code)].get("content", {})
            assert reply.headers["content-type"].partition(";")[0] in {
                media.partition(";")[0] for media in told
            } | {"application/vnd.oai.openapi+json"}


def test_conformance(served, conforms):
    """/req/core/conformance-op, conformance-success: the classes that are kept."""
    classes = conforms(served.get("/conformance").json(), "confClasses")["conformsTo"]
    names = {one.removeprefix(CONFORMANCE) for one in classes if one.startswith(CONFORMANCE)}
    assert names == {
        "core", "ogc-process-description", "json", "oas30", "job-list", "callback", "dismiss",
    }  # fmt: skip


def test_http(served):
    """/req/core/http, /rec/core/http-head: HEAD has the headers of GET and no body; wrong methods are told."""
    for path in ("/", "/processes", "/jobs", "/datasets/sites-1"):
        head, get = served.client.head(path), served.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"]
    reply = served.client.put("/jobs")
    assert reply.status_code == 405
    assert "GET" in reply.headers["allow"]
    assert reply.headers["content-type"] == "application/problem+json"
    assert served.get("/nothing", 404).json()["status"] == 404


def test_headers(served):
    """/rec/core/cross-origin: pages of any host may read; none may run; what is sent is never run as a page."""
    reply = served.get("/processes")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    asked = served.client.options("/jobs", headers={"Access-Control-Request-Method": "DELETE"})
    assert asked.status_code == 204
    assert "DELETE" not in asked.headers["access-control-allow-methods"]
    assert "access-control-allow-origin" not in served.run("misbehaving.count", SITES).headers


def test_process_list(served, conforms):
    """/req/core/process-list, process-list-success: a summary of every process with a link to its description."""
    found = conforms(served.get("/processes").json(), "processList")["processes"]
    ids = [one["id"] for one in found]
    assert {"terrain.slope", "misbehaving.count", "pair.split"} <= set(ids)
    assert ids == sorted(ids)
    assert served.get(_relations(found[0])["self"]).json()["id"] == ids[0]


def test_process_list_pages(served):
    """/req/core/pl-limit-definition, pl-limit-response, pl-links: `next` leads through all, each once."""
    address, seen, pages = "/processes?limit=7", [], 0
    while address:
        page = served.get(address).json()
        assert len(page["processes"]) <= 7
        seen += [one["id"] for one in page["processes"]]
        address, pages = _relations(page).get("next", ""), pages + 1
        assert pages < 100
    assert seen == [one["id"] for one in served.get("/processes").json()["processes"]]
    for wrong in ("limit=0", "limit=x", "limit=-1", "limit=99999999999999999999", "offset=-1", "limits=3"):
        assert served.get(f"/processes?{wrong}", 400).json()["type"] == "urn:craton:problem:invalid"


def test_process_description(served, conforms):
    """/req/core/process-description, /req/ogc-process-description/*: inputs and outputs with schema and occurrence."""
    said = conforms(served.get("/processes/terrain.slope").json(), "process")
    assert said["jobControlOptions"] == ["sync-execute", "async-execute", "dismiss"]
    assert said["outputTransmission"] == ["value", "reference"]
    assert said["inputs"]["elevation"]["minOccurs"] == 1
    assert said["inputs"]["method"]["minOccurs"] == 0
    types = [one["contentMediaType"] for one in said["outputs"]["result"]["schema"]["oneOf"]]
    assert types == ["image/tiff; application=geotiff", "application/x-netcdf"]
    assert _relations(said)[RELATION + "execute"].endswith("/processes/terrain.slope/execution")


@pytest.mark.parametrize("path", ["/processes/none", "/processes/none/execution", "/apps/none"])
def test_no_such_process(served, conforms, path):
    """/req/core/process-exception/no-such-process: 404 of the standard's type."""
    reply = served.client.post(path, json={}) if path.endswith("execution") else served.client.get(path)
    assert reply.status_code == 404
    assert conforms(reply.json(), "exception")["type"] == EXCEPTION + "no-such-process"


def test_independent_client(served):
    """OWSLib lists, describes and runs, at once and later."""
    client = Processes(served.address + "/")
    assert CONFORMANCE + "core" in client.conformance()["conformsTo"]
    assert client.api()["openapi"] == "3.0.3"
    assert "misbehaving.count" in {one["id"] for one in client.processes()}
    assert client.process("misbehaving.count")["inputs"]["number"]["minOccurs"] == 0
    done = client.execute("misbehaving.count", {**SITES, "number": 1})
    assert done["result"]["value"].splitlines() == ["rows,number", "5,1"]
    later = client.execute("misbehaving.count", {**SITES, "number": 2}, async_=True)
    assert client.response_headers["Location"].endswith(later["jobID"])
    assert served.wait(later)["status"] == "successful"


def test_raw_value(served):
    """/req/core/job-creation-sync-raw-value-one: 200, the value itself, of a media type of the description."""
    reply = served.run("pair.split", SITES, outputs={"places": {}})
    assert reply.headers["content-type"] == "application/geo+json"
    assert len(gpd.read_file(io.BytesIO(reply.content))) == 5
    assert 'rel="monitor"' in reply.headers["link"]


def test_raw_value_of_a_grid(served):
    """A grid comes as a GeoTIFF that another program reads, by default and as asked for."""
    (grid,) = (one["id"] for one in served.get("/datasets").json()["features"] if "relief" in one["id"])
    reply = served.run("terrain.slope", {"elevation": grid})
    assert reply.headers["content-type"] == "image/tiff; application=geotiff"
    with rasterio.MemoryFile(reply.content) as file, file.open() as dataset:
        assert dataset.crs.to_epsg() == 4326
    wish = {"result": {"format": {"mediaType": "application/netcdf"}}}
    reply = served.run("terrain.slope", {"elevation": grid}, outputs=wish)
    assert reply.content[:4] == b"\x89HDF"


def test_raw_values(served):
    """/req/core/job-creation-sync-raw-value-multi: several values as multipart/related, each with its identifier."""
    reply = served.run("pair.split", SITES)
    assert int(reply.headers["content-length"]) == len(reply.content)
    parts = _parts(reply)
    assert [part["content-id"] for part in parts] == ["<places>", "<rows>"]
    assert [part.get_content_type() for part in parts] == ["application/geo+json", "text/csv"]
    assert len(gpd.read_file(io.BytesIO(parts[0].get_payload(decode=True)))) == 5


def test_raw_mixed(served):
    """/req/core/job-creation-sync-raw-mixed-multi: a reference is a part with a location and no body."""
    wish = {"places": {"transmissionMode": "reference"}, "rows": {"format": {"mediaType": "text/csv"}}}
    places, rows = _parts(served.run("pair.split", SITES, outputs=wish))
    assert places.get_payload(decode=True) == b""
    assert served.get(places["content-location"]).json()["properties"]["craton:kind"] == "table"
    assert rows.get_payload(decode=True).decode().startswith("site,gold_ppm\n")


def _parts(reply):
    head = b"Content-Type: " + reply.headers["content-type"].encode() + b"\r\n\r\n"
    message = email.message_from_bytes(head + reply.content, policy=email.policy.HTTP)
    assert message.get_content_type() == "multipart/related"
    return list(message.iter_parts())


def test_raw_reference(served):
    """/req/core/job-creation-sync-raw-ref: 204, with a link to each output in the headers."""
    wish = {name: {"transmissionMode": "reference"} for name in ("places", "rows")}
    reply = served.run("pair.split", SITES, outputs=wish, status=204)
    assert reply.content == b""
    links = [one for one in reply.headers["link"].split(", ") if 'rel="item"' in one]
    assert ['title="places"' in links[0], 'title="rows"' in links[1]] == [True, True]
    assert served.get(links[0].partition(">")[0].lstrip("<")).json()["type"] == "Feature"


def test_document(served, conforms):
    """/req/core/job-creation-sync-document: 200, one JSON document; values and references as the schema has them."""
    wish = {"places": {"format": {"mediaType": "application/geopackage+sqlite3"}}, "rows": {}}
    reply = served.run("pair.split", SITES, outputs=wish, response="document")
    assert reply.headers["content-type"] == "application/json"
    said = conforms(reply.json(), "results")
    assert said["rows"]["mediaType"] == "text/csv"
    assert said["places"]["encoding"] == "base64"
    assert base64.b64decode(said["places"]["value"])[:15] == b"SQLite format 3"
    wish = {"places": {"transmissionMode": "reference", "format": {"mediaType": "application/geo+json"}}}
    said = served.run("pair.split", SITES, outputs=wish, response="document").json()
    assert list(said) == ["places"]
    collection = served.get(said["places"]["href"])
    assert collection.headers["content-type"] == said["places"]["type"] == "application/geo+json"
    assert len(collection.json()["features"]) == 5


def test_default_outputs(served):
    """/req/core/job-creation-default-outputs: no outputs named means all of them."""
    assert list(served.run("pair.split", SITES, response="document").json()) == ["places", "rows"]


def test_default_mode(served):
    """/req/core/job-creation-default-execution-mode: without a preference the reply waits for the result."""
    reply = served.run("misbehaving.slow_double", {**SITES, "wait": "1 s"}, response="document")
    assert "value" in reply.json()["result"]


def test_async(served, conforms):
    """/req/core/job-creation-auto-execution-mode, job-creation-success-async: 201, status and its address."""
    inputs = {**SITES, "number": 11}
    reply = served.run("misbehaving.count", inputs, prefer="respond-async", status=201, response="document")
    assert reply.headers["preference-applied"] == "respond-async"
    job = conforms(reply.json(), "statusInfo")
    assert reply.headers["location"] == f"{served.address}/jobs/{job['jobID']}"
    assert (job["type"], job["processID"]) == ("process", "misbehaving.count")
    done = conforms(served.wait(job), "statusInfo")
    assert (done["status"], done["progress"]) == ("successful", 100)
    assert done["created"] <= done["started"] <= done["finished"] <= done["updated"]
    results = conforms(served.get(_relations(done)[RELATION + "results"]).json(), "results")
    assert results["result"]["value"].splitlines()[1] == "5,11"


def test_async_wait(served):
    """RFC 7240: who prefers not to wait longer than some seconds gets the result if it comes sooner."""
    quick = {**SITES, "wait": 0.3}
    assert served.run("misbehaving.slow_double", quick, prefer="respond-async, wait=30").status_code == 200
    slow = {**SITES, "wait": 20}
    job = served.run("misbehaving.slow_double", slow, prefer="respond-async, wait=1", status=201).json()
    assert job["status"] == "running"
    served.client.delete(f"/jobs/{job['jobID']}")


@pytest.mark.parametrize(
    ("response", "wish", "media_type"),
    [
        ("raw", {"places": {}}, "application/geo+json"),
        ("raw", {}, "multipart/related"),
        ("document", {}, "application/json"),
    ],
)
def test_job_results(served, response, wish, media_type):
    """/req/core/job-results-op, job-results-async-*: the results come as they were asked for, also later."""
    job = served.wait(served.job("pair.split", SITES, response=response, outputs=wish))
    reply = served.get(f"/jobs/{job['jobID']}/results")
    assert reply.headers["content-type"].partition(";")[0] == media_type


def test_job_results_by_reference(served):
    """/req/core/job-results-async-raw-ref: 204 and links, also later."""
    wish = {"rows": {"transmissionMode": "reference"}}
    job = served.wait(served.job("pair.split", SITES, outputs=wish))
    assert 'title="rows"' in served.get(f"/jobs/{job['jobID']}/results", 204).headers["link"]


def test_no_such_job(served, conforms):
    """/req/core/job-exception-no-such-job, job-results-exception/no-such-job, dismiss: 404 of the standard's type."""
    for reply in (
        served.client.get("/jobs/none"),
        served.client.get("/jobs/none/results"),
        served.client.delete("/jobs/none"),
    ):
        assert reply.status_code == 404
        assert conforms(reply.json(), "exception")["type"] == EXCEPTION + "no-such-job"


def test_results_not_ready(served):
    """/req/core/job-results-exception/results-not-ready: 404 of the standard's type."""
    job = served.job("misbehaving.slow_double", {**SITES, "wait": 21})
    assert served.get(f"/jobs/{job['jobID']}/results", 404).json()["type"] == EXCEPTION + "result-not-ready"
    served.client.delete(f"/jobs/{job['jobID']}")


def test_failed(served, conforms):
    """/req/core/job-results-failed: an error status, and why; the same at once and later."""
    said = conforms(served.run("misbehaving.raises", SITES, status=500).json(), "exception")
    assert "there is nothing to divide by" in said["detail"]
    job = served.wait(served.job("misbehaving.raises", SITES))
    assert job["status"] == "failed"
    assert served.get(f"/jobs/{job['jobID']}/results", 500).json()["type"] == "urn:craton:problem:crashed"


def test_dismiss(served, conforms):
    """/req/dismiss/job-dismiss-op, job-dismiss-success: 200 and the status; it stops; after that it is gone."""
    job = served.job("misbehaving.loops", SITES)
    served.wait(job, "running")
    reply = served.client.delete(f"/jobs/{job['jobID']}")
    assert (reply.status_code, conforms(reply.json(), "statusInfo")["status"]) == (200, "dismissed")
    assert served.get(f"/jobs/{job['jobID']}").json()["status"] == "dismissed"
    assert served.client.delete(f"/jobs/{job['jobID']}").status_code == 410
    served.get(f"/jobs/{job['jobID']}/results", 410)


def test_dismiss_a_job_that_is_over(served):
    """A job that is over is taken from the list; its result stays a dataset."""
    job = served.wait(served.job("misbehaving.count", {**SITES, "number": 31}, response="document",
                                 outputs={"result": {"transmissionMode": "reference"}}))  # fmt: skip
    result = served.get(f"/jobs/{job['jobID']}/results").json()["result"]["href"]
    assert served.client.delete(f"/jobs/{job['jobID']}").json()["status"] == "dismissed"
    served.get(f"/jobs/{job['jobID']}", 404)
    served.get(result)


def test_job_list(served, conforms):
    """/req/job-list/job-list-op, job-list-success, limit, links: newest first, paged."""
    jobs = [served.wait(served.job("misbehaving.count", {**SITES, "number": n})) for n in (41, 42, 43)]
    page = conforms(served.get("/jobs?limit=2").json(), "jobList")
    assert [one["jobID"] for one in page["jobs"]] == [jobs[2]["jobID"], jobs[1]["jobID"]]
    following = served.get(_relations(page)["next"]).json()
    assert following["jobs"][0]["jobID"] == jobs[0]["jobID"]
    assert served.get(_relations(following)["prev"]).json()["jobs"] == page["jobs"]


def test_job_list_filters(served):
    """/req/job-list/type, processID, status, datetime, minDuration, maxDuration: only jobs that meet all."""
    slow = served.wait(served.job("misbehaving.slow_double", {**SITES, "wait": "1.2 s"}))
    failed = served.wait(served.job("misbehaving.raises", SITES))

    def ids(query):
        return [one["jobID"] for one in served.get(f"/jobs?{query}").json()["jobs"]]

    assert ids("type=process&limit=1") == [failed["jobID"]]
    assert ids("processID=misbehaving.slow_double")[0] == slow["jobID"]
    assert ids("processID=misbehaving.slow_double,misbehaving.raises&limit=2") == [
        failed["jobID"],
        slow["jobID"],
    ]
    assert ids("processID=misbehaving.slow_double&processID=misbehaving.raises&limit=1") == [failed["jobID"]]
    assert ids("processID=none") == []
    assert ids("status=failed&limit=1") == [failed["jobID"]]
    assert slow["jobID"] in ids("status=successful,dismissed")
    assert slow["jobID"] in ids("minDuration=1")
    assert failed["jobID"] not in ids("minDuration=1.1")
    assert slow["jobID"] not in ids("maxDuration=1")
    now = dt.datetime.now(dt.UTC)
    before, after = (f"{now + dt.timedelta(days=days):%Y-%m-%d}" for days in (-1, 1))
    assert slow["jobID"] in ids(f"datetime={before}/{after}")
    assert slow["jobID"] in ids(f"datetime={slow['created']}")
    assert ids(f"datetime={after}/..") == ids(f"datetime=../{before}") == []
    for wrong in (
        "type=x&status=x",
        "datetime=yesterday",
        "datetime=../..",
        "minDuration=-1",
        "states=failed",
    ):
        served.get(f"/jobs?{wrong}", 400)


def test_inputs(served):
    """/req/core/job-creation-input-inline, -ref, -object, -array: identifier, link, qualified value, measurement."""
    href = {"href": f"{served.address}/datasets/sites-1", "type": "application/geo+json"}
    for table in (
        "sites-1",
        "sites-1@1",
        href,
        {"value": "sites-1"},
        href["href"],
        {"href": "/datasets/sites-1"},
    ):
        assert served.run("misbehaving.count", {"table": table}, response="document").status_code == 200
    for wait in ("100 ms", 0.1, {"measurement": 100, "uom": "ms"}, {"value": "100 ms"}, "0.1"):
        said = served.run("misbehaving.slow_double", {**SITES, "wait": wait}, response="document")
        assert said.status_code == 200
    number = {"table": [href], "number": {"value": 3, "mediaType": "application/json"}}
    assert served.run("misbehaving.count", number).text.splitlines()[1] == "5,3"


COLLECTION = {"type": "FeatureCollection", "features": []}


@pytest.mark.parametrize(
    ("inputs", "more", "parameter", "allowed"),
    [
        ({}, {}, "table", "given: the id of a table"),
        ({**SITES, "number": -1}, {}, "number", "a whole number at least 0"),
        ({**SITES, "number": "many"}, {}, "number", "a whole number at least 0"),
        ({**SITES, "numbers": 1}, {}, "numbers", "one of its parameters: number"),
        ({"table": 7}, {}, "table", "a dataset of this node"),
        ({"table": {"href": "http://elsewhere.example/datasets/sites-1"}}, {}, "table", "a dataset of this node"),
        ({"table": {"value": COLLECTION, "mediaType": "application/geo+json"}}, {}, "table", "a dataset of this node"),
        ({"table": ["sites-1", "sites-1"]}, {}, "table", "one dataset"),
        ({**SITES, "number": {"href": "http://elsewhere.example/3"}}, {}, "number", "given by value"),
        (SITES, {"outputs": {"results": {}}}, "outputs.results", "one of its outputs: result"),
        (SITES, {"outputs": {"result": {"format": {"mediaType": "image/png"}}}}, "outputs.result.format.mediaType",
         "application/geo+json"),
    ],
)  # fmt: skip
def test_input_validation(served, conforms, inputs, more, parameter, allowed):
    """/req/core/job-creation-input-validation, -cardinality: 400 that names parameter, what is allowed, what came."""
    said = conforms(served.run("misbehaving.count", inputs, status=400, **more).json(), "exception")
    assert said["parameter"] == parameter
    assert said["allowed"].startswith(allowed)
    assert said["came"]


def test_an_application_without_its_data(served, conforms):
    """An application is described with what it needs and what of that is here; it is refused where data is missing."""
    (hazard,) = (one for one in served.get("/apps").json()["apps"] if one["id"] == "hazard-exposure")
    assert hazard["ready"] is False
    assert hazard["missing"] == ["earthquakes", "landslides"]
    said = served.get(_relations(hazard)["self"]).json()
    assert said["inputs"]["earthquakes"]["candidates"] == []
    assert set(said["outputs"]) == set(said["show"]["results"])
    refused = conforms(served.run("hazard-exposure", {}, kind="apps", status=400).json(), "exception")
    assert (refused["process"], refused["parameter"]) == ("hazard-exposure", "earthquakes")
    served.run("hazard-exposure", {"earthquakes": []}, kind="apps", status=400)


def test_an_application(served, conforms):
    """An application runs as a process does: one job with its steps told, results by name."""
    wish = {"map": {}, "contours": {"transmissionMode": "reference"}}
    inputs = {"height": "20 km", "interval": 20}
    job = served.job("regional-gravity-map", inputs, kind="apps", response="document", outputs=wish)
    done = conforms(served.wait(job, seconds=120), "statusInfo")
    assert (done["status"], done["processID"]) == ("successful", "regional-gravity-map"), done
    assert {step["status"] for step in done["steps"]} == {"successful"}
    assert served.get("/jobs?processID=regional-gravity-map").json()["jobs"][0]["jobID"] == done["jobID"]
    said = served.get(f"/jobs/{done['jobID']}/results").json()
    assert list(said) == ["map", "contours"]
    assert said["map"]["mediaType"] == "image/png"
    assert base64.b64decode(said["map"]["value"])[:4] == b"\x89PNG"
    graph = served.get(said["contours"]["href"] + "/provenance").json()
    assert "grid.contour" in [node["title"] for node in graph["nodes"]]


def test_a_job_tells_what_it_was_asked_with(served, conforms):
    """Beside the standard: inputs as they would be asked for again, datasets that were made, a title of the result."""
    asked = {"inputs": {**SITES, "number": 77}, "title": "Counted twice"}
    done = conforms(
        served.wait(served.job("misbehaving.count", asked["inputs"], title=asked["title"])), "statusInfo"
    )
    assert done["inputs"] == {"table": ["sites-1@1"], "number": 77}
    record = served.get(f"/datasets/{done['datasets']['result']}").json()
    assert record["properties"]["title"] == "Counted twice"
    for title in ("x" * 201, "two\nlines", 5):
        served.run("misbehaving.count", asked["inputs"], title=title, status=400)


def test_process_list_tells_kinds(served):
    """Beside the standard: the kinds of data that a process takes and gives stand in the list."""
    (slope,) = (one for one in served.get("/processes").json()["processes"] if one["id"] == "terrain.slope")
    told = {one["name"]: one["value"] for one in slope["additionalParameters"]["parameters"]}
    assert told == {"inputKinds": ["grid"], "outputKinds": ["grid"]}
