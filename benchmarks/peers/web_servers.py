"""Servers of others on the loopback: pygeoapi and TiPg over one PostGIS, TiTiler over a COG; two workers each."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from harness import peer_python

POSTGRESQL = Path("/usr/lib/postgresql")
WORKERS = "2"
STARTING_SECONDS = 90
TABLE = "polygons"

PYGEOAPI = """\
server:
  bind: {{host: 127.0.0.1, port: {port}}}
  url: http://127.0.0.1:{port}
  mimetype: application/json; charset=UTF-8
  encoding: utf-8
  languages: [en-US]
  limits: {{default_items: 10, max_items: 1000}}
  map: {{url: "http://127.0.0.1/{{z}}/{{x}}/{{y}}", attribution: none}}
logging: {{level: ERROR}}
metadata:
  identification: {{title: t, description: d, keywords: [k], keywords_type: theme, terms_of_service: none, url: "http://127.0.0.1"}}
  license: {{name: none, url: "http://127.0.0.1"}}
  provider: {{name: none, url: "http://127.0.0.1"}}
  contact: {{name: none}}
resources:
  polygons:
    type: collection
    title: polygons
    description: polygons
    keywords: [k]
    extents: {{spatial: {{bbox: [-180, -90, 180, 90], crs: "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}}}}
    providers:
      - type: feature
        name: PostgreSQL
        data: {{host: 127.0.0.1, port: {database}, dbname: postgres, user: postgres, password: x, search_path: [public]}}
        id_field: id
        table: polygons
        geom_field: geometry
"""

TITILER = """\
from fastapi import FastAPI
from titiler.core.factory import TilerFactory

app = FastAPI()
app.include_router(TilerFactory().router)
"""


def free_port() -> int:
    """A port that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgis() -> Iterator[int]:
    """Port of a PostgreSQL server with PostGIS in a folder of its own."""
    programs = max(POSTGRESQL.glob("*/bin"))
    folder, port = Path(tempfile.mkdtemp(prefix="bench-postgis-")), free_port()
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if user:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)

    def run(program: str, *arguments: str) -> None:
        command = [*user, str(programs / program), "-D", str(folder), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    run("initdb", "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c shared_buffers=1GB"
    run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", options, "start")
    try:
        yield port
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def load(port: int, frame: object) -> None:
    """Put a GeoDataFrame into the table `polygons`, with a spatial index."""
    import psycopg
    import shapely

    columns = [name for name in frame.columns if name != "geometry"]
    types = {"i": "bigint", "f": "double precision"}
    said = ", ".join(f'"{name}" {types.get(frame[name].dtype.kind, "text")}' for name in columns)
    rows = zip(
        *(frame[name] for name in columns),
        shapely.to_wkb(frame.geometry.values, hex=True, include_srid=False),
        strict=True,
    )
    with psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres") as database:
        database.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        database.execute(
            f"CREATE TABLE {TABLE} (id serial PRIMARY KEY, {said}, geometry geometry(Geometry, 4326))"
        )
        names = ", ".join(f'"{name}"' for name in [*columns, "geometry"])
        with database.cursor().copy(f"COPY {TABLE} ({names}) FROM STDIN") as copy:
            for *values, shape in rows:
                copy.write_row([*(v.item() if hasattr(v, "item") else v for v in values), shape])
        database.execute(f"UPDATE {TABLE} SET geometry = ST_SetSRID(geometry, 4326)")
        database.execute(f"CREATE INDEX ON {TABLE} USING gist (geometry)")
    with psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", autocommit=True) as database:
        database.execute(f"VACUUM ANALYZE {TABLE}")


@contextmanager
def running(command: list[str], port: int, path: str, **environment: str) -> Iterator[int]:
    """The server of `command` once it answers at `path`."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        _await(process, f"http://127.0.0.1:{port}{path}")
        yield port
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=30)


def _await(process: subprocess.Popen[bytes], address: str) -> None:
    end = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the peer ended: {process.args}")
        try:
            urlopen(address, timeout=30).read()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise RuntimeError(f"nothing answers at {address}")


@contextmanager
def tipg(database: int) -> Iterator[int]:
    """TiPg over the database at a port."""
    port = free_port()
    command = [
        str(peer_python()),
        "-m",
        "uvicorn",
        "tipg.main:app",
        "--port",
        str(port),
        "--workers",
        WORKERS,
    ]
    address = f"postgresql://postgres@127.0.0.1:{database}/postgres"
    with running(command, port, "/collections", DATABASE_URL=address, TIPG_MAX_FEATURES_PER_QUERY="10000"):
        yield port


@contextmanager
def pygeoapi(database: int) -> Iterator[int]:
    """Pygeoapi over the database at a port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config, definition = Path(folder, "config.yml"), Path(folder, "openapi.yml")
        config.write_text(PYGEOAPI.format(port=port, database=database))
        environment = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(definition)}
        programs = peer_python().parent
        make = [programs / "pygeoapi", "openapi", "generate", config, "--output-file", definition]
        subprocess.run(make, env={**os.environ, **environment}, check=True, capture_output=True)
        command = [
            str(programs / "gunicorn"),
            "-w",
            WORKERS,
            "-b",
            f"127.0.0.1:{port}",
            "pygeoapi.flask_app:APP",
        ]
        with running(command, port, "/collections?f=json", **environment):
            yield port


@contextmanager
def titiler() -> Iterator[int]:
    """TiTiler, which reads the COG that a request names."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tiler.py").write_text(TITILER)
        command = [
            str(peer_python()),
            "-m",
            "uvicorn",
            "tiler:app",
            "--port",
            str(port),
            "--workers",
            WORKERS,
        ]
        with running(
            command, port, "/openapi.json", PYTHONPATH=folder, GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"
        ):
            yield port
