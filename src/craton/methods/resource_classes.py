"""Classes of a resource: how well blocks are known, by holes, distance, and quality of kriging."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import xarray as xr

from craton.methods.geomodel_volume import AXES
from craton.methods.resource_blocks import DISTANCE, HOLES, SHARE, SLOPE, BlockVolume
from craton.model.errors import ContractError
from craton.process.marks import Bounds
from craton.process.processes import process

CLASSIFY = "resource.classify"

CLASS = "resource_class"
"""Variable of the class of a block."""

NAMES = ("measured", "indicated", "inferred", "unclassified")
COLOURS = ("#2e7d32", "#f9a825", "#c62828", "#9e9e9e")

NOTICE = (
    "Classes by rule, not a statement under the JORC Code (2012), UNFC or any other code: a competent person "
    "must judge data, geology and modifying factors, and sign."
)
"""What must stand beside every number of a resource."""

HoleCount = Annotated[int, Bounds(minimum=1, maximum=500)]
Ranges = Annotated[float, Bounds(above=0, maximum=100)]
Slope = Annotated[float, Bounds(minimum=0, maximum=1)]


@process(
    CLASSIFY,
    version="1",
    keywords=("measured", "indicated", "inferred", "JORC", "UNFC", "资源量分类", "储量"),
)
def classify(
    blocks: BlockVolume,
    *,
    measured_holes: HoleCount = 3,
    measured_distance: Ranges = 0.33,
    measured_slope: Slope = 0.9,
    indicated_holes: HoleCount = 2,
    indicated_distance: Ranges = 0.67,
    indicated_slope: Slope = 0.6,
    inferred_distance: Ranges = 1.5,
) -> BlockVolume:
    """Measured, indicated and inferred blocks by rules on holes, distance and quality of kriging.

    Use it as a first draft of classes that is the same for all blocks and can be repeated. It knows nothing
    of the quality of sampling, of the doubt of geology, or of mining and markets: a competent person must
    judge these and sign. Look at the map of classes; spotted ones are to be smoothed by hand.

    Parameters
    ----------
    blocks : Dataset
        Blocks from `resource.block_model`.
    measured_holes : int
        Fewest holes within the range of the variogram for a measured block.
    measured_distance : float
        Largest distance of its middle from a sample, as part of the range.
    measured_slope : float
        Least slope of the regression of true on estimated grade.
    indicated_holes : int
        Fewest holes for an indicated block.
    indicated_distance : float
        Largest distance of its middle from a sample, as part of the range.
    indicated_slope : float
        Least slope of the regression.
    inferred_distance : float
        Largest distance of an inferred block; beyond, a block has ore in it but no class.

    Returns
    -------
    Dataset
        `blocks` with `resource_class`: 1 measured, 2 indicated, 3 inferred, 4 unclassified, 0 no ore. The
        attributes `criteria` and `notice` say by which rule, and what the classes are not.

    Notes
    -----
    A block has the best class all of whose limits it keeps. The same blocks stand in the report as UNFC-style
    G1, G2 and G3 (confidence in the estimate). The rules are customary ones; no code prescribes numbers.

    References
    ----------
    Joint Ore Reserves Committee (2012). Australasian code for reporting of exploration results, mineral
    resources and ore reserves (the JORC Code), clauses 20 to 24.

    Silva, D. S. F., and Boisvert, J. B. (2014). Mineral resource classification: a comparison of new and
    existing techniques. Journal of the Southern African Institute of Mining and Metallurgy 114, 265-273.
    """
    if not measured_distance <= indicated_distance <= inferred_distance:
        came = f"{measured_distance:g}, {indicated_distance:g}, {inferred_distance:g}"
        raise ContractError(
            CLASSIFY, "measured_distance", "distances that rise from measured to inferred", came
        )
    share, holes, distance, slope = (
        field_of(CLASSIFY, blocks, name).to_numpy() for name in (SHARE, HOLES, DISTANCE, SLOPE)
    )
    known = np.isfinite(distance) & (share > 0)
    measured = (holes >= measured_holes) & (distance <= measured_distance) & (slope >= measured_slope)
    indicated = (holes >= indicated_holes) & (distance <= indicated_distance) & (slope >= indicated_slope)
    choices = [~known, measured, indicated | measured, distance <= inferred_distance]
    classes = np.select(choices, [0, 1, 2, 3], 4).astype(np.uint8)
    attrs = {
        "flag_values": [0, 1, 2, 3, 4], "flag_meanings": ["none", *NAMES],
        "flag_colors": ["#ffffff", *COLOURS], "long_name": "Class of the resource",
    }  # fmt: skip
    criteria = (
        f"measured: {measured_holes} holes, {measured_distance:g} ranges, slope {measured_slope:g}; "
        f"indicated: {indicated_holes} holes, {indicated_distance:g} ranges, slope {indicated_slope:g}; "
        f"inferred: {inferred_distance:g} ranges"
    )
    return blocks.assign({CLASS: (AXES, classes, attrs)}).assign_attrs(criteria=criteria, notice=NOTICE)


def field_of(process: str, blocks: xr.Dataset, name: str, parameter: str = "blocks") -> xr.DataArray:
    """Variable of blocks, refused where they do not have it."""
    if name not in blocks.data_vars or set(blocks[name].dims) != set(AXES):
        known = ", ".join(map(str, list(blocks.data_vars)[:12]))
        raise ContractError(
            process, parameter, f"blocks with `{name}`, as from resource.block_model", f"a volume of {known}"
        )
    return blocks[name].transpose(*AXES)
