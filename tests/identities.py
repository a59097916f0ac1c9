"""A node with a person of each role, for tests of who may do what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
from tests.serving import Served, make_small_node, put

import craton
from craton.web.audit_log import lines
from craton.web.identity_people import People

PASSWORD = "correct horse battery"
PEOPLE = {"boss": "manager", "geo": "geologist", "pal": "partner", "pub": "public"}
SITES = {"table": "sites-1"}


@contextmanager
def serve_people(folder: Path, path: Path, **more: Any) -> Iterator[Served]:
    """A server of a small node with a person of each role, whose tokens are its `tokens`."""
    make_small_node(folder)
    places = gpd.points_from_xy([104.0, 104.5], [20.0, 20.0])
    with craton.open(folder) as node:
        put(node, gpd.GeoDataFrame({"a": [1, 2]}, geometry=places, crs="EPSG:4326"), "table", id="shared-1",
            visibility="partners")  # fmt: skip
    people = People(folder / "identity.sqlite")
    tokens = {}
    for name, role in PEOPLE.items():
        people.add(name, role=role, password=PASSWORD)
        _, tokens[name] = people.new_token(name, name="tests")
    people.close()
    with Served(folder, path, **more) as server:
        server.tokens = tokens
        yield server


@contextmanager
def clients_of(served: Served) -> Iterator[Callable[..., httpx.Client]]:
    """What makes clients, which end with it."""
    with ExitStack() as stack:
        yield lambda **more: stack.enter_context(httpx.Client(base_url=served.address, timeout=60, **more))


def bearer(served, name):
    return {"Authorization": f"Bearer {served.tokens[name]}"}


def sign_in(browser, name, password=PASSWORD):
    """A browser in which `name` is signed in, and the header that goes with its changes."""
    said = browser.post("/login", json={"name": name, "password": password})
    assert said.status_code == 200, said.text
    return browser, {"X-CSRF-Token": said.json()["csrfToken"]}


def execute(client, process="misbehaving.count", headers=None, **inputs):
    return client.post(
        f"/processes/{process}/execution", json={"inputs": {**SITES, **inputs}},
        headers={"Prefer": "respond-async", **(headers or {})},
    )  # fmt: skip


def events(served, **conditions):
    httpx.get(f"{served.address}/audit", headers=bearer(served, "boss")).raise_for_status()
    return list(lines(served.folder / "audit", **conditions))
