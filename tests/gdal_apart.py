"""GDAL as a client in a process of its own: what tests before did to this one's GDAL does not matter to it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pyogrio


def _apart(act: Callable, *arguments, **options):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(act, *arguments, **options).result(timeout=120)


def layers(source):
    """Names of the layers of a source."""
    return [name for name, _ in _apart(pyogrio.list_layers, source)]


def read(source, **options):
    """Features of a layer, as `pyogrio.read_dataframe` gives them."""
    return _apart(pyogrio.read_dataframe, source, **options)
