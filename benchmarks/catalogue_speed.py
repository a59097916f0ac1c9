"""A catalogue of a million records: loading, and searching by box, time and words at once."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Iterator

import numpy as np

from craton.model.record import Period, Quantity, Record
from craton.store.store import Store
from harness import BENCH, report, seconds

RECORDS = 1_000_000
QUERIES = 400
WORDS = [
    "gravity", "magnetic", "geology", "borehole", "landslide", "gold", "copper", "granite", "limestone", "basalt",
    "sheet", "survey", "airborne", "river", "soil", "geochemistry", "seismic", "relief", "ore", "fault", "安全", "地质图",
    "矿产", "重力异常", "แผนที่ธรณีวิทยา", "แร่ทองคำ", "ແຜນທີ່ທໍລະນີສາດ", "ທອງຄຳ", "ផែនទីភូគព្ភសាស្ត្រ", "ဘူမိဗေဒမြေပုံ",
]  # fmt: skip
"""Subjects, the first ones common, the last ones rare (Zipf's law)."""


def records(count: int) -> Iterator[Record]:
    """Made-up records of the region: small boxes, few large ones, dates over sixty years."""
    random = np.random.default_rng(4)
    rank = 1 / np.arange(1, len(WORDS) + 1)
    for start in range(0, count, 10_000):
        n = min(10_000, count - start)
        words = random.choice(len(WORDS), (n, 3), p=rank / rank.sum())
        west, south = random.uniform(92, 108, n), random.uniform(5, 28, n)
        width = random.lognormal(-3, 1.5, n).clip(1e-4, 10)
        year, month = random.integers(1965, 2026, n), random.integers(1, 13, n)
        for k in range(n):
            subject = " ".join(WORDS[w] for w in words[k])
            day = f"{year[k]}-{month[k]:02d}-01"
            yield Record(
                id=f"record-{start + k:07d}",
                kind="table",
                title={"en": f"{subject} {start + k}"},
                description={"en": f"Results of the {subject} campaign of {year[k]}, sheet {k % 317}"},
                bbox=(west[k], south[k], west[k] + width[k], south[k] + width[k]),
                time=Period(start=f"{day}T00:00:00Z", end=f"{day}T23:59:59Z"),
                quantities=(Quantity(name="gold_concentration", unit="mg/kg"),),
            )


def main() -> None:
    """Load, then search."""
    folder = BENCH / "catalogue"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = list(records(RECORDS))
    with Store.create(folder) as store:
        load = seconds(lambda: store.put_many(made))
        report(
            claim="catalogue-load", ours=RECORDS / load, peer=None, peer_name="", unit="records/s",
            goal="≥ 10,000 records/s", work=f"{RECORDS:,} records with box, time, words and a quantity",
            smaller_is_better=False,
        )  # fmt: skip
        times = [one_search(store, number) for number in range(QUERIES)]
        cut = statistics.quantiles(times, n=100)
        for percentile, goal in ((50, "≤ 5 ms"), (95, "≤ 20 ms")):
            report(
                claim=f"catalogue-search-p{percentile}", ours=cut[percentile - 1] * 1e3, peer=None, peer_name="",
                unit="ms", goal=goal,
                work=f"box + time + words, limit 10, {QUERIES} different queries over {RECORDS:,} records, in process",
            )  # fmt: skip


def one_search(store: Store, number: int) -> float:
    """Seconds of one search; boxes from a quarter degree to the whole region, words from common to rare."""
    random = np.random.default_rng(1000 + number)
    size = float(random.choice([0.25, 1, 4, 16]))
    west, south = random.uniform(92, 108 - size), random.uniform(5, 28 - size)
    start = int(random.integers(1965, 2015))
    words = WORDS[int(random.integers(0, len(WORDS)))]
    begin = time.perf_counter()
    store.find(
        bbox=(west, south, west + size, south + size),
        time=Period(start=f"{start}-01-01", end=f"{start + int(random.choice([1, 10, 40]))}-12-31"),
        text=words,
        limit=10,
    )
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
