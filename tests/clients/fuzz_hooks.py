"""What schemathesis must know of a node: identifiers that are there, and texts of the formats that it names.

It is loaded by schemathesis (`SCHEMATHESIS_HOOKS`); `CRATON_FUZZ_WORDS` holds values of parameters
of paths, by name, and by method and name where one method has its own.
"""

import json
import os

import schemathesis
from hypothesis import strategies

WORDS = json.loads(os.environ["CRATON_FUZZ_WORDS"])
CRS = "http://www.opengis.net/def/crs/"

FORMATS = {
    "crs": (f"{CRS}OGC/1.3/CRS84", f"{CRS}EPSG/0/4326", f"{CRS}EPSG/0/32648", "EPSG:3857"),
    "interval": ("2026-01-01T00:00:00Z", "2026-01-01/..", "../2026-01-31T12:00:00Z", "2020-01-01/2026-12-31"),
    "cql2": ("1 = 1", "gold_ppm > 0.1", "site LIKE 'S%' AND NOT gold_ppm IS NULL",
             "S_INTERSECTS(geometry, BBOX(100, 17, 101, 19))"),
}  # fmt: skip

for name, texts in FORMATS.items():
    schemathesis.openapi.format(name, strategies.sampled_from(texts))


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Parameters have values that lead somewhere; of paths, what is not among them should not be found."""
    _name_datasets(raw_schema)
    for path, methods in raw_schema["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                _lead(parameter, method, path.rpartition("/")[2])


def _name_datasets(part):
    """Datasets in the inputs of processes are there."""
    if isinstance(part, dict):
        if part.get("format") == "dataset-id":
            part["enum"] = WORDS["datasetID"]
        for inner in part.values():
            _name_datasets(inner)
    elif isinstance(part, list):
        for inner in part:
            _name_datasets(inner)


def _lead(parameter, method, end):
    name = parameter["name"]
    words = WORDS.get(f"{method} {name}") or WORDS.get(f"{name} of {end}")
    words = words or (WORDS.get(name) if parameter["in"] == "path" else None)
    if words and "enum" not in parameter["schema"]:
        parameter["schema"] = {**parameter["schema"], "enum": words}
    elif parameter["in"] == "path" and name in WORDS["examples"]:
        parameter["example"] = WORDS["examples"][name]


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Leave out what is meant.

    A limit above the greatest gives so many (17-069r4, /req/core/fc-limit-response-1); what is gone is
    not found without a name either; who shows wrong names too often has to wait.
    """
    said = failure.message
    is_limit = failure.code == "ST201" and "`limit`" in said and "greater than maximum" in said
    is_absent = failure.code == "ST401" and ("got `404" in said or "got `429" in said)
    return not (is_limit or is_absent)
