"""Run the benchmarks: all, or those whose file or claim name is given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CLAIMS = {
    "ingest_speed": ("raster-to-cog", "vector-to-geoparquet", "csv-survey-points"),
    "catalogue_speed": ("catalogue-load", "catalogue-search-p50", "catalogue-search-p95"),
    "command_speed": ("demo", "ls-cold-start"),
    "raster_memory": ("raster-memory",),
    "hillshade_speed": ("hillshade-blocks",),
    "continuation_speed": ("upward-continuation",),
    "terrain_correction_speed": ("terrain-correction",),
    "minimum_curvature_speed": (
        "minimum-curvature-50000-gmt",
        "minimum-curvature-50000-verde",
        "minimum-curvature-1000000-gmt",
    ),
    "transform_speed": (
        "transform-upward-float32",
        "transform-vertical-float32",
        "transform-pole-float32",
        "transform-upward-float64",
        "transform-vertical-float64",
        "transform-pole-float64",
        "transform-products",
    ),
    "euler_speed": ("euler-windows",),
    "evaluation_speed": ("evaluation-million",),
    "topsis_speed": ("topsis", "topsis-ranked"),
    "variogram_speed": ("variogram",),
    "kriging_speed": ("kriging-million-cells", "local-kriging"),
    "indicator_kriging_speed": ("indicator-kriging-volume",),
    "simulation_3d_speed": ("conditional-simulation-volume",),
    "random_field_speed": ("random-field", "conditional-simulation"),
    "equivalent_source_speed": (
        "equivalent-sources-million",
        "equivalent-sources-20k",
        "equivalent-sources-blocks-20k",
        "equivalent-sources-100k",
        "equivalent-sources-blocks-100k",
    ),
    "web_speed": ("feature-page-pygeoapi", "feature-page-tipg", "vector-tile-z8", "raster-tile"),
    "node_speed": (
        "portal-entry",
        "node-at-rest",
        "portal-first-map",
        "record-search-http",
        "stac-search-http",
    ),
    "scene_speed": ("scene-first-picture", "scene-frames"),
    "geomodel_update_speed": ("field-changed", "field-updated", "model-update", "model-ensemble"),
    "surface_nets_speed": ("unit-surfaces",),
    "holdout_lithology": ("holdout-lithology-nearest", "holdout-lithology-geotop"),
    "holdout_utrecht": ("holdout-utrecht-nearest", "holdout-utrecht-geotop"),
    "tile_archive": ("tile-archive",),
    "prism_speed": ("prism-gz", "prism-gzz", "prism-b"),
    "survey_lines_speed": ("main-magnetic-field", "line-crossings"),
    "inversion_speed": ("gravity-inversion-32k", "gravity-inversion-108k", "gravity-inversion-million"),
    "implicit_speed": ("implicit-model-gempy", "implicit-model-loopstructural", "implicit-model-fine"),
    "horizon_speed": ("horizon-420", "horizon-2102", "horizon-5255"),
    "scattered_field_speed": (
        "scattered-field-linear",
        "scattered-field-cubic",
        "scattered-field-update",
        "field-on-lattice",
        "field-of-a-million",
    ),
    "allocation_speed": ("allocation-front",),
    "envelopment_speed": ("envelopment",),
    "trend_speed": ("mann-kendall-sen",),
    "landscape_speed": ("landscape-metrics",),
    "zoning_speed": ("zoning-max-p",),
    "job_speed": ("process-call-overhead", "job-submit-to-start", "thousand-tiny-jobs"),
}


def main(wanted: list[str]) -> int:
    """Run each file that holds a wanted claim, in a process of its own."""
    chosen = [name for name, claims in CLAIMS.items() if not wanted or {name, *claims} & set(wanted)]
    if not chosen:
        print(
            f"no such claim; there are: {', '.join(c for claims in CLAIMS.values() for c in claims)}",
            file=sys.stderr,
        )
        return 1
    return max(subprocess.run([sys.executable, HERE / f"{name}.py"]).returncode for name in chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
