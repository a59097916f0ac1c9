"""Time and memory of the gravity inversion as problems grow, drawn from the result files."""

from __future__ import annotations

import json
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from harness import RESULTS, ROOT

PICTURE = ROOT / "docs" / "look-up" / "inversion-speed.png"
BESIDE = ("gravity-inversion-32k", "gravity-inversion-108k")
OURS, PEER = "#0b6e4f", "#b5442e"


def result(claim: str) -> dict[str, Any]:
    """A result file."""
    found: dict[str, Any] = json.loads((RESULTS / f"{claim}.json").read_text(encoding="utf-8"))
    return found


def draw() -> None:
    """Write the picture: two log-log panels over cells times data."""
    sizes = result("gravity-inversion-million")["sizes"]
    beside = [result(claim) for claim in BESIDE]
    grown, even = ([one["cells"] * one["data"] for one in some] for some in (sizes, beside))
    figure = Figure(figsize=(9, 3.8), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    time, memory = figure.subplots(1, 2)
    line(time, grown, [one["seconds"] for one in sizes], "ours, stations anywhere, relief", OURS, "o-")
    line(time, even, [one["ours"] for one in beside], "ours, stations over cells", OURS, "s--")
    line(time, even, [one["peer"] for one in beside], beside[0]["peer_name"], PEER, "s--")
    line(memory, grown, [one["megabytes"] for one in sizes], "ours, stations anywhere, relief", OURS, "o-")
    line(memory, even, [one["peer_megabytes"] for one in beside], beside[0]["peer_name"], PEER, "s--")
    finish(time, "Time of the inversion (s)")
    memory.set_ylim(100, 10_000)
    finish(memory, "Peak memory of the process (MB)")
    figure.savefig(PICTURE, metadata={"Software": None})


def line(axes: Axes, sizes: list[int], values: list[float], label: str, colour: str, style: str) -> None:
    """One program over sizes."""
    axes.loglog(sizes, values, style, color=colour, label=label, markersize=5)


def finish(axes: Axes, title: str) -> None:
    """Titles, grid and legend."""
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("cells × data")
    axes.grid(which="major", alpha=0.4)
    axes.legend(fontsize=8)


if __name__ == "__main__":
    draw()
