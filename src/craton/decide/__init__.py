"""Indicators, evaluation models, allocation, scenarios and their uncertainty.

May import `kernels`, `model`, `process`. Never: files, storage, jobs, web.
A module is imported when one of its processes is asked for: `PROCESSES` says where each lives.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from craton.decide import allocation as allocation
    from craton.decide import allocation_search as allocation_search
    from craton.decide import efficiency as efficiency
    from craton.decide import efficiency_limits as efficiency_limits
    from craton.decide import evaluation as evaluation
    from craton.decide import evaluation_cells as evaluation_cells
    from craton.decide import evaluation_compare as evaluation_compare
    from craton.decide import evaluation_sensitivity as evaluation_sensitivity
    from craton.decide import indicator_values as indicator_values
    from craton.decide import ranking_balance as ranking_balance
    from craton.decide import ranking_consensus as ranking_consensus
    from craton.decide import ranking_distance as ranking_distance
    from craton.decide import ranking_grades as ranking_grades
    from craton.decide import ranking_outranking as ranking_outranking
    from craton.decide import ranking_sensitivity as ranking_sensitivity
    from craton.decide import ranking_sums as ranking_sums
    from craton.decide import scoring as scoring
    from craton.decide import scoring_shapes as scoring_shapes
    from craton.decide import sensitivity as sensitivity
    from craton.decide import weighting_data as weighting_data
    from craton.decide import weighting_judged as weighting_judged
    from craton.decide import zone_autocorrelation as zone_autocorrelation
    from craton.decide import zone_hot_spots as zone_hot_spots
    from craton.decide import zone_inequality as zone_inequality
    from craton.decide import zone_neighbours as zone_neighbours
    from craton.decide import zone_regions as zone_regions

PROCESSES: dict[str, tuple[str, ...]] = {
    "allocation": ("allocation.assign", "allocation.trade_off"),
    "allocation_search": ("allocation.search",),
    "efficiency": (
        "efficiency.frontier",
        "efficiency.malmquist",
        "efficiency.slacks_based",
        "efficiency.super_efficiency",
    ),
    "efficiency_limits": ("efficiency.directional", "efficiency.restricted_weights"),
    "evaluation": ("evaluation.check", "evaluation.made_data", "evaluation.table"),
    "evaluation_cells": ("evaluation.grid", "evaluation.volume"),
    "evaluation_compare": ("evaluation.compare",),
    "evaluation_sensitivity": ("evaluation.sensitivity",),
    "indicator_values": ("indicator.aggregate", "indicator.compute"),
    "ranking_balance": ("ranking.coupling_coordination", "ranking.limiting_factor", "ranking.obstacles"),
    "ranking_consensus": ("ranking.consensus", "ranking.rank_reversal"),
    "ranking_distance": ("ranking.grey_relation", "ranking.topsis", "ranking.vikor"),
    "ranking_grades": ("ranking.cloud_model", "ranking.cloud_numbers", "ranking.matter_element"),
    "ranking_outranking": ("ranking.electre", "ranking.promethee"),
    "ranking_sensitivity": ("ranking.acceptability", "ranking.contributions"),
    "ranking_sums": ("ranking.ordered_weighted_average", "ranking.weighted_product", "ranking.weighted_sum"),
    "scoring": ("scoring.classes", "scoring.linear", "scoring.piecewise", "scoring.target"),
    "scoring_shapes": ("scoring.membership", "scoring.utility"),
    "sensitivity": ("sensitivity.one_at_a_time", "sensitivity.screening", "sensitivity.variance"),
    "weighting_data": (
        "weighting.critic",
        "weighting.entropy",
        "weighting.principal_components",
        "weighting.spread",
    ),
    "weighting_judged": ("weighting.analytic_hierarchy", "weighting.best_worst", "weighting.combined"),
    "zone_autocorrelation": ("zone.local_moran", "zone.moran"),
    "zone_hot_spots": ("zone.general_g", "zone.hot_spots"),
    "zone_inequality": ("zone.factor_detector", "zone.inequality"),
    "zone_neighbours": ("zone.neighbours",),
    "zone_regions": ("zone.max_p", "zone.region_growing", "zone.skater"),
}
"""Identifiers of the processes in each module."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> ModuleType:
        """Import a module when it is asked for, so that one process does not wait for all."""
        if name not in PROCESSES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    """Names of the modules beside what is here."""
    return sorted({*globals(), *PROCESSES})
