"""Build the demo node from the sample, say what is in it, draw it, and run three applications on it."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections import Counter
from pathlib import Path

import click
import geopandas as gpd
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LightSource
from matplotlib.patheffects import withStroke

import craton
from craton.cli import present
from craton.cli.node import Node
from craton.process.apps import packs

mpl.use("Agg")
import matplotlib.pyplot as plt

SAMPLE = Path(__file__).parent / "sample"
TITLE = "Upper Mekong demonstration node"
MAP = Path("build/demo-map.png")
APPS = ("regional-gravity-map", "hazard-exposure")
EVALUATION = "saline-alkali-land"
EXTENT = (97.0, 106.0, 16.0, 26.0)
INK, WATER, PAPER = "#2b2b2b", "#3f7cac", "#fbfaf6"
HALO = [withStroke(linewidth=2, foreground=PAPER)]


def main(folder: Path) -> None:
    """Make or update the node in `folder` and report on it."""
    start = time.perf_counter()
    node = craton.open(folder) if (folder / "craton.toml").exists() else craton.create(folder, title=TITLE)
    with node:
        outcomes = node.add(SAMPLE, language="en")
        records = sorted(node.find(), key=lambda record: record.sequence)
        click.echo(f"\nPublished in {folder}\n")
        present.record_table(records)
        counts = Counter(outcome.outcome for outcome in outcomes)
        click.echo(
            f"\n{len(outcomes)} files: " + ", ".join(f"{n} {word}" for word, n in sorted(counts.items()))
        )
        codes = Counter(code for record in records for code in {finding.code for finding in record.findings})
        present.finding_summary(codes, err=False)
        draw(node, MAP)
        click.echo(f"\nMap: {MAP}\n")
        answers = [answer(node, app) for app in APPS]
        click.echo(evaluated(node))
        problems = node.check()
    click.echo(f"\nThe node is {'whole' if not problems else 'damaged: see craton check'}.")
    click.echo(f"Done in {time.perf_counter() - start:.1f} s. Look further:\n")
    click.echo(
        f"  .venv/bin/craton ls {folder} --text 地震\n  .venv/bin/craton ls {folder} --bbox 101,18,103,20"
    )
    click.echo(f"  .venv/bin/craton show {folder} {records[0].id}")
    click.echo(f"  .venv/bin/craton provenance {folder} {answers[0]}")
    if os.environ.get("SERVE", "1") == "0" or not sys.stdout.isatty():
        click.echo(f"  .venv/bin/craton serve {folder}      # the portal, and every standard service")
        return
    click.echo("\nServing the node; open the address in a browser. Ctrl-C ends.\n")
    sys.stdout.flush()
    command = str(Path(sys.executable).with_name("craton"))
    os.execv(command, [command, "serve", str(folder), "--port", str(port())])  # noqa: S606 - our own command


def port() -> int:
    """Port 8000, or 0 for any free one where something listens there."""
    with socket.socket() as probe:
        return 0 if probe.connect_ex(("127.0.0.1", 8000)) == 0 else 8000


def answer(node: Node, app: str) -> str:
    """Run application `app`, leave its picture as a file too, and give the picture's identifier."""
    picture = node.run(app)["map"]
    path = picture.export(MAP.with_name(f"{app}.png"), overwrite=True)
    click.echo(f"{picture.record.name('en')}: {picture.record.id}, also in {path}")
    return picture.record.id


def evaluated(node: Node) -> str:
    """Judge made parcels by the pack of saline land, and tell where the answer is."""
    parcels = node.run("evaluation.made_data", pack=packs()[EVALUATION])["result"]
    found = node.run(EVALUATION, units=parcels)["parcels.answer"]
    return f"{found.record.name('en')}: {found.record.id}, of made parcels; craton report makes a PDF of it"


def layer(node: Node, title: str) -> gpd.GeoDataFrame | xr.Dataset:
    """Data of the dataset of the sample whose English title starts with `title`."""
    sample = (r for r in node.find() if r.lineage.run is None)
    record = next(r for r in sample if r.name("en").startswith(title))
    return node[record.id].read()


def draw(node: Node, path: Path) -> None:
    """Draw the overview map of the node."""
    plt.rcParams.update({"font.size": 8, "axes.edgecolor": INK, "text.color": INK, "axes.labelcolor": INK})
    figure, axes = plt.subplots(figsize=(7.2, 8.6), dpi=150, facecolor=PAPER, layout="constrained")
    draw_relief(axes, layer(node, "Relief"))
    layer(node, "Rivers").plot(ax=axes, color=WATER, linewidth=0.8, zorder=2)
    draw_gravity(axes, layer(node, "Gravity disturbance"))
    draw_points(axes, node)
    draw_places(axes, layer(node, "Towns"))
    axes.set(xlim=EXTENT[:2], ylim=EXTENT[2:], xlabel="Longitude (°E)", ylabel="Latitude (°N)")
    axes.set_aspect(1 / np.cos(np.radians(21)))
    axes.set_title("Upper Mekong: what the demonstration node knows", loc="left", fontsize=12, pad=10)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=2, frameon=False)
    sources = "Sources: USGS, NASA, NOAA, NGA, GFZ/ICGEM, Natural Earth. No boundary is shown."
    figure.supxlabel(sources, fontsize=6, x=0.01, horizontalalignment="left")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)


def draw_relief(axes: Axes, relief: xr.Dataset) -> None:
    """Shaded relief under everything."""
    elevation = next(iter(relief.data_vars.values())).squeeze().sortby("latitude", ascending=False)
    elevation = elevation.interp(
        latitude=np.linspace(EXTENT[3], EXTENT[2], 400), longitude=np.linspace(*EXTENT[:2], 360),
        kwargs={"fill_value": "extrapolate"},
    )  # fmt: skip
    colours = mpl.colors.LinearSegmentedColormap.from_list(
        "paper", ["#dfe8d8", "#efe9d2", "#e3d2b0", "#cbb08a"]
    )
    shaded = LightSource(azdeg=315, altdeg=45).shade(
        elevation.values, cmap=colours, vert_exag=25, dx=2500, dy=2500, blend_mode="soft", vmin=0, vmax=3000
    )
    axes.imshow(shaded, extent=EXTENT, zorder=0, aspect="auto")


def draw_gravity(axes: Axes, gravity: xr.Dataset) -> None:
    """Contours of the gravity disturbance, smoothed by a cubic spline for the eye."""
    field = gravity["gravity_disturbance"].squeeze().sortby("latitude").load()
    fine = {"latitude": np.linspace(*EXTENT[2:], 201), "longitude": np.linspace(*EXTENT[:2], 181)}
    field = field.interp(fine, method="cubic")
    lines = axes.contour(
        field.longitude, field.latitude, field, levels=range(-40, 20, 10), colors="#7a4e7e", linewidths=0.6,
        linestyles="solid", alpha=0.75, zorder=1,
    )  # fmt: skip
    for label in axes.clabel(lines, levels=[-40, -20, 0], fontsize=6, fmt="%d"):
        label.set_path_effects(HALO)
    axes.plot([], [], color="#7a4e7e", linewidth=0.8, label="gravity disturbance at 10 km (10 mGal)")


def draw_points(axes: Axes, node: Node) -> None:
    """Landslides, earthquakes by magnitude, mineral deposits."""
    slides = layer(node, "Catalogued landslides")
    axes.scatter(
        slides.geometry.x, slides.geometry.y, s=9, marker="^", color="#8c5a2b", zorder=3, label="landslide"
    )
    quakes = layer(node, "Earthquakes")
    axes.scatter(
        quakes.geometry.x, quakes.geometry.y, s=4 ** (quakes.magnitude - 4), facecolor="none",
        edgecolor="#c1121f", linewidth=0.8, zorder=4, label="earthquake (area grows with magnitude)",
    )  # fmt: skip
    deposits = layer(node, "Mineral deposits")
    axes.scatter(
        deposits.geometry.x, deposits.geometry.y, s=20, marker="D", color="#e0a100", edgecolor=INK,
        linewidth=0.5, zorder=5, label="mineral deposit",
    )  # fmt: skip


def draw_places(axes: Axes, places: gpd.GeoDataFrame) -> None:
    """The larger towns with their names, written towards the middle of the map."""
    towns = places.sort_values("population", ascending=False).head(16)
    axes.scatter(towns.geometry.x, towns.geometry.y, s=8, color=INK, zorder=6)
    middle = (EXTENT[0] + EXTENT[1]) / 2
    for name, x, y in zip(towns["name"], towns.geometry.x, towns.geometry.y, strict=True):
        side, offset = ("left", 4) if x < middle + 2.5 else ("right", -4)
        axes.annotate(
            name, (x, y), xytext=(offset, 3), textcoords="offset points", ha=side, fontsize=7.5, zorder=7,
            path_effects=HALO,
        )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
