"""What all tests share: where GDAL keeps tiles, and an S3 and a PostGIS server on the loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

POSTGRESQL = Path("/usr/lib/postgresql")
EXTENSIONS = Path("/usr/share/postgresql")
STARTING_SECONDS = 60


@pytest.fixture(scope="session", autouse=True)
def _gdal_cache(tmp_path_factory):
    """Tiles that GDAL fetches as a client are kept where the other files of the tests are."""
    os.environ["GDAL_DEFAULT_WMS_CACHE_PATH"] = str(tmp_path_factory.mktemp("gdal"))


@pytest.fixture(scope="session")
def s3_endpoint():
    """Address of an S3 server that lives as long as the tests."""
    port = _free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            _wait_for(f"http://127.0.0.1:{port}/moto-api/", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


@pytest.fixture
def s3_bucket(s3_endpoint, request):
    """Name of a new bucket."""
    name = f"bucket-{abs(hash(request.node.nodeid))}"
    urllib.request.urlopen(urllib.request.Request(f"{s3_endpoint}/{name}", method="PUT")).close()
    return name


@pytest.fixture(scope="session")
def postgis_address():
    """Connection string of a PostgreSQL server with PostGIS that lives as long as the tests."""
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL with PostGIS is not installed (tools/system-packages installs it)")
    folder, port = Path(tempfile.mkdtemp(prefix="craton-postgresql-")), _free_port()
    as_user = []
    if os.getuid() == 0:
        # PostgreSQL refuses to run as root.
        as_user = ["runuser", "-u", "postgres", "--"]
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)

    def run(program, *arguments):
        command = [*as_user, programs / program, "-D", folder, *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
    try:
        run("initdb", "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        run("pg_ctl", "-w", "-l", folder / "log", "-o", settings, "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgresql_programs():
    """Folder of the newest PostgreSQL that has PostGIS."""
    for programs in sorted(POSTGRESQL.glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True):
        if (EXTENSIONS / programs.parent.name / "extension" / "postgis.control").exists():
            return programs
    return None


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait_for(address, server):
    """Wait until the server answers."""
    end = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address).close()
        except urllib.error.URLError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the server at {address} does not answer")
