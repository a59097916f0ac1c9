"""What a node is, what it runs on, and what needs attention."""

from __future__ import annotations

import platform
import shutil
from collections import Counter
from importlib.metadata import version
from typing import Any

from craton import __version__
from craton.cli.node import Node
from craton.cli.settings import described
from craton.model.findings import FINDINGS

LIBRARIES = (
    "numpy",
    "pandas",
    "pyarrow",
    "rasterio",
    "pyogrio",
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
        "contents": _contents(node),
        "advice": _advice(node),
    }


def _versions() -> dict[str, str]:
    import pyogrio
    import rasterio

    return {
        "craton": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "gdal (rasters)": rasterio.__gdal_version__,
        "gdal (vectors)": ".".join(map(str, pyogrio.__gdal_version__)),
    }


def _readers() -> dict[str, list[str]]:
    from craton.process.readers import readers

    return {f"{r.id}@{r.version}": list(r.suffixes) for r in readers()}


def _contents(node: Node) -> dict[str, int]:
    records = node.find()
    kinds = Counter(r.kind for r in records)
    return {"datasets": len(records), **dict(sorted(kinds.items()))}


def _advice(node: Node) -> dict[str, str]:
    advice = {}
    free = shutil.disk_usage(node.folder).free
    if free < LOW_SPACE:
        advice["disk"] = f"only {free / 1e9:.1f} GB are free"
    for problem in node.check(deep=False):
        advice[problem.code] = f"{problem.message}; see craton check"
    errors = Counter(f.code for r in node.find() for f in r.findings if FINDINGS[f.code].severity == "error")
    for code, count in errors.most_common():
        advice[code] = f"{count} datasets: {FINDINGS[code].todo}"
    return advice
