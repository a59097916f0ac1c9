"""A node served on the loopback as a person would, for tests with clients that we did not write."""

from __future__ import annotations

import atexit
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import geopandas as gpd
import httpx
import msgspec
import pandas as pd
from tests.plugin import install, install_text

import craton
from craton.jobs.assets import content_hash, stage_assets
from craton.model.data import Draft
from craton.model.describe import describe
from craton.store.codec import encode

SAMPLE = Path(__file__).parents[1] / "demo" / "sample"
COMMAND = (
    "import os; from craton.store.apart import die_with_parent; die_with_parent(os.getppid());"
    "from craton.cli import main; main()"
)
STARTING_SECONDS = 60
ENDING_SECONDS = 30

PAIR = '''
"""A process with two outputs."""

from typing import Annotated, NamedTuple

import geopandas as gpd
import pandas as pd

from craton.process.marks import Table
from craton.process.processes import process

Places = Annotated[gpd.GeoDataFrame, Table()]
Rows = Annotated[pd.DataFrame, Table()]


class Both(NamedTuple):
    """Two tables."""

    places: Places
    rows: Rows


@process("pair.split", version="1")
def split(table: Places) -> Both:
    """Places, and what is known of them.

    Parameters
    ----------
    table : GeoDataFrame
        Any table with geometry.

    Returns
    -------
    places : GeoDataFrame
        The geometries.
    rows : DataFrame
        The other columns.
    """
    return Both(gpd.GeoDataFrame(geometry=table.geometry), pd.DataFrame(table.drop(columns="geometry")))
'''


def plugins(folder):
    """Folder with the plugins that these tests run."""
    install_text(folder, "pair", PAIR)
    return install(folder, "misbehaving")


class Served:
    """`craton serve` of a node in a process of its own; a context manager."""

    def __init__(self, folder, path, *, settings=None):
        self.folder = folder
        self._environment = {
            **os.environ, "PYTHONPATH": str(path), "CRATON_WEB_LOG": "off", **(settings or {}),
        }  # fmt: skip

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        sys.stderr.write(self.end())

    def start(self):
        """Start the server, and wait until it tells its address."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "serve", str(self.folder), "--port", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self._environment,
        )  # fmt: skip
        ready, _, _ = select.select([self.process.stdout], [], [], STARTING_SECONDS)
        self.address = self.process.stdout.readline().strip() if ready else ""
        if not self.address:
            self.process.kill()
            raise AssertionError(self.process.communicate()[1])
        self.client = httpx.Client(base_url=self.address, timeout=60)

    def kill(self):
        """End the server without warning, as a power cut does."""
        self.client.close()
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def end(self):
        """End the server as a person does, and give what it wrote to standard error."""
        if self.process.poll() is not None:
            return ""
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            errors = self.process.communicate(timeout=ENDING_SECONDS)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the server did not end: " + self.process.communicate()[1]) from None
        assert self.process.returncode == 0, errors
        return errors

    def get(self, path, status=200, **more):
        """Reply to a GET, of that status."""
        reply = self.client.get(path, **more)
        assert reply.status_code == status, reply.text
        return reply

    def run(self, process, inputs, *, prefer="", status=200, kind="processes", **more):
        """Reply to a request to run something, of that status."""
        headers = {"Prefer": prefer} if prefer else {}
        body = {"inputs": inputs, **more}
        reply = self.client.post(f"/{kind}/{process}/execution", json=body, headers=headers)
        assert reply.status_code == status, reply.text
        return reply

    def job(self, process, inputs, **more):
        """Status of a new job that is not waited for."""
        return self.run(process, inputs, prefer="respond-async", status=201, **more).json()

    def wait(self, job, *states, seconds=60):
        """Status of a job once it is in one of `states`, or over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status = self.get(f"/jobs/{job['jobID']}").json()
            if status["status"] in (states or ("successful", "failed", "dismissed")):
                return status
            time.sleep(0.05)
        raise AssertionError(status)


def make_node(folder):
    """A node with a table of sites, grids of elevation and gravity, a document, and a private record."""
    return Path(shutil.copytree(_whole_node(), folder, dirs_exist_ok=True))


@cache
def _whole_node():
    """Folder of the node that the others are copies of."""
    folder = Path(tempfile.mkdtemp(prefix="craton-node-"))
    atexit.register(shutil.rmtree, folder)
    sites = pd.DataFrame({"site": [f"S{n}" for n in range(5)], "gold_ppm": [0.1 * n for n in range(5)]})
    places = gpd.points_from_xy([100.0, 100.5, 101.0, 101.5, 102.0], [18.0] * 5)
    with craton.create(folder / "node", title="Mekong node") as node:
        node.add(SAMPLE / "elevation", SAMPLE / "geophysics", SAMPLE / "geography", SAMPLE / "SOURCES.md")
        put(node, gpd.GeoDataFrame(sites, geometry=places, crs="EPSG:4326"), "table", id="sites-1")
        put(node, sites, "table", id="secret-1", visibility="private")
    return folder / "node"


def make_small_node(folder):
    """A node with a table of sites, and a private one."""
    sites = pd.DataFrame({"site": [f"S{n}" for n in range(5)], "gold_ppm": [0.1 * n for n in range(5)]})
    places = gpd.points_from_xy([100.0, 100.5, 101.0, 101.5, 102.0], [18.0] * 5)
    with craton.create(folder, title="Small node") as node:
        put(node, gpd.GeoDataFrame(sites, geometry=places, crs="EPSG:4326"), "table", id="sites-1")
        put(node, sites, "table", id="secret-1", visibility="private")
    return folder


def put(node, data, kind, *, id, visibility="public", **said):
    """A dataset of labelled data, of which a reader would have `said` more; its record."""
    crs = "EPSG:4326" if hasattr(data, "geometry") else ""
    draft = Draft(data=data, kind=kind, title=id, licence="CC-BY-4.0", crs=crs, **said)
    record = describe(draft, id=id)
    with node.store.transaction() as transaction:
        folder = transaction.folder / id
        folder.mkdir()
        assets, staged = stage_assets(encode(data, kind, folder, crs=record.crs))
        record = msgspec.structs.replace(
            record, assets=assets, content=content_hash(assets), visibility=visibility
        )
        node.store.commit(transaction, [record], {sha256: Path(path) for sha256, path in staged.items()})
    return record


class Listener:
    """A server that is called back: keeps what it is sent, and answers with statuses in turn; 200 at last."""

    def __init__(self, *statuses, location=""):
        self.calls, self._statuses, self._location = [], list(statuses), location

    def __enter__(self):
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.calls.append((self.path, msgspec.json.decode(body), dict(self.headers)))
                self.send_response(listener._statuses.pop(0) if listener._statuses else 200)
                if listener._location:
                    self.send_header("Location", listener._location)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, path, count=1, seconds=40):
        """The calls to `path`, once there are `count`."""
        end = time.monotonic() + seconds
        while len(found := [call for call in self.calls if call[0] == path]) < count:
            assert time.monotonic() < end, self.calls
            time.sleep(0.05)
        return found
