"""All areas of the API, in the order in which they are told."""

from __future__ import annotations

from starlette.routing import Route

from craton.web import (
    coverage,
    csw,
    edits,
    edr,
    features,
    identity,
    indicators,
    maps,
    operations,
    packs,
    portal,
    records,
    report,
    scene,
    stac,
    styles,
    tiles,
    under,
    uploads,
    wfs,
    wms,
    wmts,
)
from craton.web.area import Area, by_method, get
from craton.web.datasets import (
    give_data,
    list_datasets,
    show_asset,
    show_dataset,
    show_member,
    show_provenance,
)
from craton.web.execution import run_app, run_process
from craton.web.jobs import dismiss_job, list_jobs, show_job
from craton.web.landing import (
    COMMON_CLASSES,
    PROCESS_CLASSES,
    dataset_links,
    node_links,
    process_links,
    show_conformance,
    show_landing,
)
from craton.web.openapi import app_paths, dataset_paths, job_paths, node_paths, process_paths, show_api
from craton.web.openapi_schemas import SCHEMAS
from craton.web.processes import list_apps, list_processes, show_app, show_process
from craton.web.results import show_results

NODE = Area(
    "Node",
    (get("/", show_landing), get("/conformance", show_conformance), get("/api", show_api)),
    conformance=COMMON_CLASSES, links=node_links, paths=node_paths, schemas=SCHEMAS,
)  # fmt: skip

PROCESSES = Area(
    "Processes",
    (
        get("/processes", list_processes),
        get("/processes/{process}", show_process),
        Route("/processes/{process}/execution", run_process, methods=["POST"]),
    ),
    conformance=PROCESS_CLASSES,
    links=process_links,
    paths=process_paths,
)

APPLICATIONS = Area(
    "Applications",
    (
        get("/apps", list_apps),
        get("/apps/{app}", show_app),
        Route("/apps/{app}/execution", run_app, methods=["POST"]),
    ),
    paths=app_paths,
)

JOBS = Area(
    "Jobs",
    (
        get("/jobs", list_jobs),
        by_method("/jobs/{job}", GET=show_job, DELETE=dismiss_job),
        Route("/jobs/{job}/results", show_results),
    ),
    paths=job_paths,
)

DATASETS = Area(
    "Datasets",
    (
        get("/datasets", list_datasets),
        get("/datasets/{dataset}", show_dataset),
        get("/datasets/{dataset}/provenance", show_provenance),
        Route("/datasets/{dataset}/data", give_data),
        get("/datasets/{dataset}/assets/{asset}", show_asset),
        get("/datasets/{dataset}/assets/{asset}/{member:path}", show_member),
    ),
    links=dataset_links,
    paths=dataset_paths,
)

AREAS = (
    NODE, DATASETS, report.AREA, records.AREA, features.AREA, stac.AREA, tiles.AREA, maps.AREA, edr.AREA,
    coverage.AREA, scene.AREA, styles.AREA, under.AREA, PROCESSES, APPLICATIONS, JOBS, indicators.AREA,
    packs.AREA, uploads.AREA, edits.AREA, wms.AREA, wmts.AREA, wfs.AREA, csw.AREA, identity.AREA,
    operations.AREA, portal.AREA,
)  # fmt: skip
"""Routes are tried in this order."""
