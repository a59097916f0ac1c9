"""What a node is, what it runs on, and what needs attention."""

from __future__ import annotations

import os
import platform
import shutil
from collections import Counter
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any, get_args
from urllib.parse import urlsplit

from craton import __version__
from craton.cli.node import Node
from craton.cli.settings import Settings, described
from craton.jobs.job import State
from craton.model.findings import FINDINGS

LIBRARIES = (
    "dask",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "rasterio",
    "pyogrio",
    "scipy",
    "pyproj",
    "shapely",
    "xarray",
    "zarr",
    "obstore",
)
LOW_SPACE = 5 << 30


def examine(node: Node) -> dict[str, dict[str, Any]]:
    """Settings, versions, contents and advice for `node`."""
    return {
        "node": {
            "folder": str(node.folder),
            "identifier": node.store.catalogue.node,
            "sequence": node.store.sequence(),
        },
        "settings": {
            f"{s}.{k}": v for s, values in described(node.settings).items() for k, v in values.items()
        },
        "versions": _versions(),
        "readers": _readers(),
        "processes": _processes(),
        "jobs": _jobs(node),
        "contents": _contents(node),
        "advice": _advice(node),
    }


def _versions() -> dict[str, str]:
    import pyogrio
    import rasterio

    from craton.process.provenance import environment

    return {
        "craton": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "gdal (rasters)": rasterio.__gdal_version__,
        "gdal (vectors)": ".".join(map(str, pyogrio.__gdal_version__)),
        "environment": environment().hash,
    }


def _readers() -> dict[str, list[str]]:
    from craton.process.readers import readers

    return {f"{r.id}@{r.version}": list(r.suffixes) for r in readers()}


def _processes() -> dict[str, str]:
    from craton.process.processes import processes

    return {f"{spec.id}@{spec.version}": spec.title for spec in processes()}


def _jobs(node: Node) -> dict[str, int]:
    """Jobs by state; none where the folder cannot be written, which SQLite needs even to read."""
    if not os.access(node.folder, os.W_OK):
        return {}
    return {state: node.queue.count(state) for state in get_args(State)}


def _contents(node: Node) -> dict[str, int]:
    records = node.find()
    kinds = Counter(r.kind for r in records)
    return {"datasets": len(records), **dict(sorted(kinds.items()))}


def _advice(node: Node) -> dict[str, str]:
    advice = {}
    free = shutil.disk_usage(node.folder).free
    if free < LOW_SPACE:
        advice["disk"] = f"only {free / 1e9:.1f} GB are free"
    if _is_behind_unknown_proxy(node.settings):
        advice["limits"] = (
            "visitors come through a proxy whose word is not taken, so they all share one limit and one"
            " address in the audit log; name it in access.trusted_proxies"
        )
    for problem in node.check(deep=False):
        advice[problem.code] = f"{problem.message}; see craton check"
    errors = Counter(f.code for r in node.find() for f in r.findings if FINDINGS[f.code].severity == "error")
    for code, count in errors.most_common():
        advice[code] = f"{count} datasets: {FINDINGS[code].todo}"
    return advice


def _is_behind_unknown_proxy(settings: Settings) -> bool:
    """Whether the node is reached at another host than it listens at, and no proxy's word is taken."""
    if settings.access.trusted_proxies or not settings.web.address:
        return False
    return _is_near(settings.web.host) and not _is_near(_host_of(settings.web.address))


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_near(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
