"""A served node by itself: search of a million records, memory at rest, the portal's first file and first map."""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import craton
from catalogue_speed import WORDS, records
from craton.web import portal
from harness import BENCH, ROOT, report
from load import median_milliseconds, served

RECORDS = int(os.environ.get("BENCH_RECORDS", "1000000"))
SEARCHES = 300
RUNS = 5
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


ASKED_FOR_TILES = "performance.getEntriesByType('resource').some(one => one.name.includes('/map/tiles/'))"


def searches(start: str, words: str) -> list[str]:
    """Addresses that ask for a box, a time and a word at once, the same every time."""
    draw = random.Random(3)
    found = []
    for _ in range(SEARCHES):
        size = draw.choice([0.25, 1, 4, 16])
        west, south, year = draw.uniform(92, 108 - size), draw.uniform(5, 28 - size), draw.randint(1965, 2014)
        box = f"{west:.3f},{south:.3f},{west + size:.3f},{south + size:.3f}"
        span = f"{year}-01-01T00:00:00Z/{year + 10}-01-01T00:00:00Z"
        found.append(f"{start}?limit=10&bbox={box}&datetime={span}&{words}={quote(draw.choice(WORDS))}")
    return found


def searched(folder: Path) -> None:
    """Median times of searches over HTTP."""
    with craton.create(folder) as node:
        node.store.put_many(records(RECORDS))
    work = f"box + time + word, limit 10, over {RECORDS:,} records, over HTTP, one connection"
    with served(folder) as (port, _pid):
        for claim, start, words in (
            ("record-search-http", "/collections/catalogue/items", "words"),
            ("stac-search-http", "/stac/search", "q"),
        ):
            took = median_milliseconds(port, searches(start, words))
            report(claim=claim, ours=took, peer=None, peer_name="", unit="ms", goal="p50 ≤ 10 ms", work=work)


def at_rest(folder: Path) -> None:
    """Memory of a node that has nothing to do, all its processes together."""
    with craton.create(folder) as node:
        node.add(ROOT / "demo" / "sample")
    with served(folder) as (_port, pid):
        time.sleep(10)
        memory = sum(resident(one) for one in (pid, *below(pid))) / 2**20
    report(
        claim="node-at-rest", ours=memory, peer=None, peer_name="", unit="MB", goal="≤ 300 MB",
        work="proportional set size of `craton serve` and its children, ten seconds after it answers",
    )  # fmt: skip


def resident(pid: int) -> int:
    """Bytes of a process, memory that it shares counted by its part."""
    said = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", said, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def below(pid: int) -> list[int]:
    """Processes that a process began, and those that they began."""
    children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(deeper for child in children for deeper in below(child))]


def first_map(folder: Path) -> None:
    """Seconds until the workbench has drawn its first map, in a browser that has seen nothing yet."""
    from playwright.sync_api import sync_playwright

    with craton.open(folder) as node:
        id = node.find(text="gravity disturbance", limit=1)[0].id
    with served(folder) as (port, _pid), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        times = []
        for _ in range(RUNS):
            page = browser.new_page(viewport={"width": 1440, "height": 900}, bypass_csp=True)
            start = time.perf_counter()
            page.goto(f"http://127.0.0.1:{port}/portal/map?add={id}")
            page.wait_for_function(ASKED_FOR_TILES, timeout=60_000)
            page.wait_for_function("document.querySelector('[data-drawn=\"true\"]') !== null", timeout=60_000)
            times.append(time.perf_counter() - start)
            page.close()
        browser.close()
    report(
        claim="portal-first-map", ours=statistics.median(times), peer=None, peer_name="", unit="s", goal="≤ 2 s",
        work="workbench with one layer, from the address to the drawn map; software rendering, the browser and the"
        " node on the same machine",
    )  # fmt: skip


def first_files() -> None:
    """Size of what a browser must have before it shows the first page, as it is sent."""
    page = (portal.FILES / "index.html").read_text()
    files = re.findall(r'(?:src|href)="(?:\./)?(assets/[^"]+\.(?:js|css))"', page)
    size = sum(len(gzip.compress((portal.FILES / name).read_bytes(), 9)) for name in files)
    report(
        claim="portal-entry", ours=size / 1000, peer=None, peer_name="", unit="kB", goal="≤ 450 kB",
        work=f"{len(files)} scripts and styles named by the page, with gzip",
    )  # fmt: skip


def main() -> None:
    """Measure all, in a folder that goes afterwards."""
    BENCH.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="node-", dir=BENCH))
    try:
        first_files()
        at_rest(folder / "small")
        first_map(folder / "small")
        searched(folder / "large")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
