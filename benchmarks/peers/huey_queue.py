"""Peer: 1,000 no-op tasks through huey on SQLite, with worker processes; kept running, answers requests."""

import json
import subprocess
import sys
import time
from pathlib import Path

MODULE = """
from huey import SqliteHuey
huey = SqliteHuey("peer", filename={file!r}, fsync=True)

@huey.task()
def nothing(number):
    return {{"rows": 2, "number": number}}
"""

for line in sys.stdin:
    request = json.loads(line)
    folder = Path(request["folder"])
    file = folder / "huey.db"
    for old in folder.glob("huey.db*"):
        old.unlink()
    (folder / "huey_tasks.py").write_text(MODULE.format(file=str(file)))
    sys.path.insert(0, str(folder))
    import huey_tasks

    consumer = subprocess.Popen(
        [sys.executable, "-m", "huey.bin.huey_consumer", "huey_tasks.huey", "-w", str(request["workers"]),
         "-k", "process", "-d", "0.01", "-m", "0.05", "-q"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    huey_tasks.nothing(-1).get(blocking=True)  # the workers are up
    start = time.perf_counter()
    results = [huey_tasks.nothing(number) for number in range(request["jobs"])]
    for result in results:
        result.get(blocking=True, backoff=1.0, max_delay=0.01)
    seconds = time.perf_counter() - start
    consumer.terminate()
    consumer.wait()
    print(json.dumps(seconds), flush=True)
