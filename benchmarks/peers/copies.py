"""Peers of the cloud-optimised copies: GDAL's COG driver, and a bare pyogrio + pyarrow copy."""

import json
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import rasterio
import rasterio.shutil


def cog(source, target, options):
    rasterio.shutil.copy(source, target, driver="COG", **options)


def parquet(source, target, options):
    _meta, table = pyogrio.read_arrow(source)
    pq.write_table(table, target, **options)


def csv(source, target, options):
    import pyarrow.csv

    pq.write_table(pyarrow.csv.read_csv(source), target, **options)


TASKS = {"cog": cog, "parquet": parquet, "csv": csv}
assert pa.__version__

for line in sys.stdin:
    request = json.loads(line)
    start = time.perf_counter()
    TASKS[request["task"]](request["source"], request["target"], request.get("options", {}))
    print(json.dumps(time.perf_counter() - start), flush=True)
