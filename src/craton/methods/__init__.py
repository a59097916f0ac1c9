"""Science on labelled data; every public function is a process over kernels.

May import `kernels`, `model`, `process`. Never: files, storage, jobs, web.
A module is imported when one of its processes is asked for: `PROCESSES` says where each lives.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from craton.methods import bodies as bodies
    from craton.methods import boosted_sources as boosted_sources
    from craton.methods import borehole_contacts as borehole_contacts
    from craton.methods import borehole_desurvey as borehole_desurvey
    from craton.methods import borehole_learning as borehole_learning
    from craton.methods import borehole_order as borehole_order
    from craton.methods import borehole_panel as borehole_panel
    from craton.methods import borehole_units as borehole_units
    from craton.methods import change_of_support as change_of_support
    from craton.methods import contour as contour
    from craton.methods import curie_depth as curie_depth
    from craton.methods import demagnetisation as demagnetisation
    from craton.methods import depth_rules as depth_rules
    from craton.methods import electrical_chargeability as electrical_chargeability
    from craton.methods import electrical_inversion as electrical_inversion
    from craton.methods import electrical_section as electrical_section
    from craton.methods import electrical_sounding as electrical_sounding
    from craton.methods import equivalent_checks as equivalent_checks
    from craton.methods import equivalent_sources as equivalent_sources
    from craton.methods import euler as euler
    from craton.methods import field_continuation as field_continuation
    from craton.methods import field_depths as field_depths
    from craton.methods import field_derivatives as field_derivatives
    from craton.methods import field_edge_lines as field_edge_lines
    from craton.methods import field_edges as field_edges
    from craton.methods import field_filters as field_filters
    from craton.methods import field_separation as field_separation
    from craton.methods import field_spectrum as field_spectrum
    from craton.methods import geochemistry_anomalies as geochemistry_anomalies
    from craton.methods import geochemistry_biplot as geochemistry_biplot
    from craton.methods import geochemistry_catchment_values as geochemistry_catchment_values
    from craton.methods import geochemistry_catchments as geochemistry_catchments
    from craton.methods import geochemistry_censored as geochemistry_censored
    from craton.methods import geochemistry_clusters as geochemistry_clusters
    from craton.methods import geochemistry_combined as geochemistry_combined
    from craton.methods import geochemistry_compositions as geochemistry_compositions
    from craton.methods import geochemistry_diagrams as geochemistry_diagrams
    from craton.methods import geochemistry_duplicates as geochemistry_duplicates
    from craton.methods import geochemistry_factors as geochemistry_factors
    from craton.methods import geochemistry_fractal as geochemistry_fractal
    from craton.methods import geochemistry_indices as geochemistry_indices
    from craton.methods import geochemistry_levelling as geochemistry_levelling
    from craton.methods import geochemistry_normalised as geochemistry_normalised
    from craton.methods import geochemistry_quality as geochemistry_quality
    from craton.methods import geochemistry_singularity as geochemistry_singularity
    from craton.methods import geochemistry_spectrum as geochemistry_spectrum
    from craton.methods import geochemistry_thresholds as geochemistry_thresholds
    from craton.methods import geomagnetic as geomagnetic
    from craton.methods import geomodel as geomodel
    from craton.methods import geomodel_ask as geomodel_ask
    from craton.methods import geomodel_ask_map as geomodel_ask_map
    from craton.methods import geomodel_compare as geomodel_compare
    from craton.methods import geomodel_ensemble as geomodel_ensemble
    from craton.methods import geomodel_error as geomodel_error
    from craton.methods import geomodel_fields as geomodel_fields
    from craton.methods import geomodel_history as geomodel_history
    from craton.methods import geomodel_map as geomodel_map
    from craton.methods import geomodel_section as geomodel_section
    from craton.methods import geomodel_surfaces as geomodel_surfaces
    from craton.methods import geomodel_uncertainty as geomodel_uncertainty
    from craton.methods import geomodel_update as geomodel_update
    from craton.methods import gravity as gravity
    from craton.methods import gravity_check as gravity_check
    from craton.methods import gravity_isostasy as gravity_isostasy
    from craton.methods import gravity_reduction as gravity_reduction
    from craton.methods import gravity_survey as gravity_survey
    from craton.methods import gravity_terrain as gravity_terrain
    from craton.methods import grid as grid
    from craton.methods import grid_statistics as grid_statistics
    from craton.methods import grid_warp as grid_warp
    from craton.methods import gridding as gridding
    from craton.methods import gridding_blank as gridding_blank
    from craton.methods import gridding_checks as gridding_checks
    from craton.methods import gridding_lines as gridding_lines
    from craton.methods import gridding_trend as gridding_trend
    from craton.methods import inversion as inversion
    from craton.methods import inversion_forward as inversion_forward
    from craton.methods import inversion_joint as inversion_joint
    from craton.methods import inversion_petrophysical as inversion_petrophysical
    from craton.methods import inversion_vector as inversion_vector
    from craton.methods import kriging as kriging
    from craton.methods import kriging_indicator as kriging_indicator
    from craton.methods import kriging_places as kriging_places
    from craton.methods import kriging_secondary as kriging_secondary
    from craton.methods import kriging_validation as kriging_validation
    from craton.methods import landscape as landscape
    from craton.methods import line_levelling as line_levelling
    from craton.methods import magnetics as magnetics
    from craton.methods import magnetics_reduction as magnetics_reduction
    from craton.methods import magnetics_survey as magnetics_survey
    from craton.methods import magnetics_transforms as magnetics_transforms
    from craton.methods import magnetotelluric as magnetotelluric
    from craton.methods import magnetotelluric_curves as magnetotelluric_curves
    from craton.methods import magnetotelluric_distortion as magnetotelluric_distortion
    from craton.methods import magnetotelluric_layers as magnetotelluric_layers
    from craton.methods import magnetotelluric_static_shift as magnetotelluric_static_shift
    from craton.methods import map_picture as map_picture
    from craton.methods import microlevelling as microlevelling
    from craton.methods import points as points
    from craton.methods import profile_bodies as profile_bodies
    from craton.methods import property_categories as property_categories
    from craton.methods import property_kriging as property_kriging
    from craton.methods import property_simulation as property_simulation
    from craton.methods import proximity as proximity
    from craton.methods import relief as relief
    from craton.methods import resource_blocks as resource_blocks
    from craton.methods import resource_classes as resource_classes
    from craton.methods import resource_composites as resource_composites
    from craton.methods import resource_tonnage as resource_tonnage
    from craton.methods import series_table as series_table
    from craton.methods import simulation as simulation
    from craton.methods import simulation_classes as simulation_classes
    from craton.methods import simulation_scores as simulation_scores
    from craton.methods import surface_bodies as surface_bodies
    from craton.methods import survey_line_values as survey_line_values
    from craton.methods import survey_lines as survey_lines
    from craton.methods import table as table
    from craton.methods import terrain as terrain
    from craton.methods import tesseroids as tesseroids
    from craton.methods import trend_change as trend_change
    from craton.methods import trend_effect_sizes as trend_effect_sizes
    from craton.methods import trend_effects as trend_effects
    from craton.methods import trend_tests as trend_tests
    from craton.methods import variogram_model as variogram_model
    from craton.methods import variograms as variograms
    from craton.methods import vector as vector
    from craton.methods import vector_append as vector_append
    from craton.methods import vector_cells as vector_cells
    from craton.methods import vector_join as vector_join
    from craton.methods import vector_reproject as vector_reproject
    from craton.methods import werner as werner
    from craton.methods import worms as worms
    from craton.methods import zonal as zonal

PROCESSES = {
    "bodies": (
        "gravity.of_bodies", "gravity.of_bodies_at_stations", "gravity.gradients_of_bodies",
        "magnetics.of_bodies", "magnetics.of_bodies_at_stations",
    ),
    "boosted_sources": ("gridding.boosted_sources",),
    "borehole_contacts": ("boreholes.contacts",),
    "borehole_desurvey": ("boreholes.desurvey",),
    "borehole_learning": ("boreholes.units_by_learning",),
    "borehole_order": ("boreholes.stratigraphic_order",),
    "borehole_panel": ("boreholes.correlation_panel",),
    "borehole_units": ("boreholes.units_by_rules",),
    "change_of_support": ("geostatistics.change_of_support",),
    "contour": ("grid.contour",),
    "curie_depth": ("magnetics.curie_depth",),
    "demagnetisation": ("magnetics.demagnetised_bodies",),
    "depth_rules": ("gravity.half_width_depth", "magnetics.half_slope_depth"),
    "electrical_chargeability": ("electrical.chargeability_section",),
    "electrical_inversion": ("electrical.section_inversion",),
    "electrical_section": ("electrical.pseudosection",),
    "electrical_sounding": ("electrical.sounding_curve", "electrical.sounding_inversion"),
    "equivalent_checks": (
        "gridding.equivalent_sources_at_stations", "gridding.equivalent_sources_validation",
    ),
    "equivalent_sources": ("gridding.equivalent_sources", "magnetics.equivalent_sources_to_pole"),
    "euler": ("potential_field.euler",),
    "field_continuation": (
        "potential_field.downward_continuation", "potential_field.level_to_drape",
        "potential_field.drape_to_level",
    ),
    "field_depths": ("magnetics.tilt_depth", "magnetics.source_parameter_imaging"),
    "field_derivatives": (
        "potential_field.derivative", "potential_field.directional_derivative",
        "potential_field.horizontal_gradient", "potential_field.total_gradient", "potential_field.gradients",
    ),
    "field_edge_lines": ("potential_field.edges",),
    "field_edges": (
        "potential_field.tilt", "potential_field.theta_map", "potential_field.horizontal_gradient_tilt",
        "potential_field.normalised_standard_deviation",
    ),
    "field_filters": ("potential_field.band_filter", "potential_field.strike_filter"),
    "field_separation": (
        "potential_field.continuation_residual", "potential_field.matched_filter",
        "potential_field.wavelet_separation", "potential_field.polynomial_trend",
        "potential_field.cutting_separation",
    ),
    "field_spectrum": ("potential_field.spectrum", "potential_field.spectral_depth"),
    "geochemistry_anomalies": ("geochemistry.anomaly_polygons",),
    "geochemistry_biplot": ("geochemistry.biplot",),
    "geochemistry_catchment_values": (
        "geochemistry.catchment_anomaly", "geochemistry.lithological_background",
    ),
    "geochemistry_catchments": ("geochemistry.catchments",),
    "geochemistry_censored": ("geochemistry.below_detection", "geochemistry.censored_statistics"),
    "geochemistry_clusters": (
        "geochemistry.clusters", "geochemistry.element_clusters", "geochemistry.correlation",
    ),
    "geochemistry_combined": ("geochemistry.combined_anomalies",),
    "geochemistry_compositions": ("geochemistry.log_ratios",),
    "geochemistry_diagrams": ("geochemistry.rock_classes", "geochemistry.rock_picture"),
    "geochemistry_duplicates": ("geochemistry.duplicates",),
    "geochemistry_factors": ("geochemistry.principal_components", "geochemistry.factors"),
    "geochemistry_fractal": (
        "geochemistry.concentration_area", "geochemistry.concentration_number",
        "geochemistry.concentration_volume",
    ),
    "geochemistry_indices": (
        "geochemistry.enrichment_factor", "geochemistry.geoaccumulation", "geochemistry.association_index",
    ),
    "geochemistry_levelling": ("geochemistry.level",),
    "geochemistry_normalised": ("geochemistry.normalised", "geochemistry.normalised_picture"),
    "geochemistry_quality": ("geochemistry.standards", "geochemistry.blanks"),
    "geochemistry_singularity": (
        "geochemistry.singularity", "geochemistry.local_anomaly", "geochemistry.median_contrast",
    ),
    "geochemistry_spectrum": ("geochemistry.spectrum_area",),
    "geochemistry_thresholds": ("geochemistry.thresholds", "geochemistry.classes"),
    "geomagnetic": (
        "magnetics.reference_field", "magnetics.reference_field_grid", "magnetics.anomaly",
        "magnetics.anomaly_grid",
    ),
    "geomodel": ("geomodel.structural",),
    "geomodel_ask": ("geomodel.virtual_borehole", "geomodel.volumes"),
    "geomodel_ask_map": ("geomodel.slice", "geomodel.thickness", "geomodel.depth_to_unit"),
    "geomodel_compare": ("geomodel.compare",),
    "geomodel_ensemble": ("geomodel.ensemble",),
    "geomodel_error": ("geomodel.contact_error",),
    "geomodel_fields": (
        "geomodel.gravity", "geomodel.magnetics", "geomodel.gravity_grid", "geomodel.magnetics_grid",
        "geomodel.reference_model",
    ),
    "geomodel_history": ("geomodel.history",),
    "geomodel_map": ("geomodel.contacts_of_map",),
    "geomodel_section": ("geomodel.section",),
    "geomodel_surfaces": ("geomodel.surfaces",),
    "geomodel_uncertainty": ("geomodel.probabilities", "geomodel.best_next_borehole"),
    "geomodel_update": ("geomodel.update",),
    "gravity": ("gravity.upward_continuation", "gravity.pseudo_magnetic"),
    "gravity_check": ("gravity.check_stations",),
    "gravity_isostasy": ("gravity.isostatic_compensation", "gravity.isostatic_anomaly"),
    "gravity_reduction": (
        "gravity.normal_gravity", "gravity.disturbance", "gravity.free_air_anomaly",
        "gravity.bouguer_anomaly",
    ),
    "gravity_survey": ("gravity.drift_and_tide",),
    "gravity_terrain": ("gravity.terrain_correction",),
    "grid": ("grid.algebra", "grid.clip"),
    "grid_statistics": ("grid.statistics",),
    "grid_warp": ("grid.resample", "grid.reproject"),
    "gridding": (
        "gridding.block_reduce", "gridding.minimum_curvature", "gridding.spline",
        "gridding.natural_neighbour", "gridding.inverse_distance",
    ),
    "gridding_blank": ("gridding.blank",),
    "gridding_checks": ("gridding.cross_validation", "gridding.error_map"),
    "gridding_lines": ("gridding.bidirectional",),
    "gridding_trend": ("gridding.polynomial_trend",),
    "inversion": ("inversion.gravity", "inversion.magnetics"),
    "inversion_forward": ("inversion.forward",),
    "inversion_joint": ("inversion.joint",),
    "inversion_petrophysical": ("inversion.petrophysical",),
    "inversion_vector": ("inversion.magnetic_vector",),
    "kriging": (
        "geostatistics.ordinary_kriging", "geostatistics.simple_kriging", "geostatistics.universal_kriging",
        "geostatistics.block_kriging",
    ),
    "kriging_indicator": ("geostatistics.indicator_kriging",),
    "kriging_places": ("geostatistics.kriging_at_points", "geostatistics.kriging_volume"),
    "kriging_secondary": (
        "geostatistics.external_drift_kriging", "geostatistics.collocated_cokriging",
        "geostatistics.cokriging",
    ),
    "kriging_validation": ("geostatistics.cross_validation",),
    "landscape": ("landscape.metrics", "landscape.patches"),
    "line_levelling": ("magnetics.tie_line_levelling",),
    "magnetics": ("magnetics.upward_continuation",),
    "magnetics_reduction": (
        "magnetics.reduction_to_pole", "magnetics.reduction_to_equator",
        "magnetics.differential_reduction_to_pole",
    ),
    "magnetics_survey": (
        "magnetics.diurnal_correction", "magnetics.lag_correction", "magnetics.heading_correction",
    ),
    "magnetics_transforms": ("magnetics.component", "magnetics.pseudo_gravity", "magnetics.products"),
    "magnetotelluric": (
        "magnetotelluric.apparent_resistivity", "magnetotelluric.rotate", "magnetotelluric.dimensionality",
        "magnetotelluric.depth_transform",
    ),
    "magnetotelluric_curves": ("magnetotelluric.curves",),
    "magnetotelluric_distortion": ("magnetotelluric.distortion",),
    "magnetotelluric_layers": ("magnetotelluric.of_layers", "magnetotelluric.layers"),
    "magnetotelluric_static_shift": ("magnetotelluric.static_shift",),
    "map_picture": ("map.picture",),
    "microlevelling": ("magnetics.microlevelling", "magnetics.microlevelling_lines"),
    "points": ("points.to_grid_nearest", "points.to_grid_linear", "points.density"),
    "profile_bodies": ("gravity.of_section", "magnetics.of_section"),
    "property_categories": ("property.indicator_kriging", "property.indicator_simulation"),
    "property_kriging": ("property.kriging", "property.collocated_cokriging"),
    "property_simulation": ("property.simulation",),
    "proximity": ("grid.proximity",),
    "relief": ("gravity.of_relief", "magnetics.of_relief", "gravity.basement_depth"),
    "resource_blocks": ("resource.block_model",),
    "resource_classes": ("resource.classify",),
    "resource_composites": ("resource.composite",),
    "resource_tonnage": ("resource.tonnage_grade", "resource.report"),
    "series_table": ("series.to_table",),
    "simulation": (
        "geostatistics.random_field", "geostatistics.conditional_simulation",
        "geostatistics.sequential_gaussian",
    ),
    "simulation_classes": ("geostatistics.sequential_indicator",),
    "simulation_scores": ("geostatistics.normal_scores", "geostatistics.from_normal_scores"),
    "surface_bodies": ("gravity.of_surfaces", "magnetics.of_surfaces"),
    "survey_line_values": ("survey_lines.despike", "survey_lines.filter", "survey_lines.resample"),
    "survey_lines": ("survey_lines.arrange", "survey_lines.crossovers"),
    "table": ("table.statistics", "table.rank", "table.filter"),
    "terrain": ("terrain.hillshade", "terrain.slope", "terrain.aspect"),
    "tesseroids": ("gravity.of_tesseroids",),
    "trend_change": ("trend.change_point",),
    "trend_effect_sizes": ("trend.effect_sizes", "trend.pooled_effect"),
    "trend_effects": ("trend.before_after_control_impact", "trend.difference_in_differences"),
    "trend_tests": ("trend.mann_kendall", "trend.mann_kendall_of_rows", "trend.mann_kendall_grid"),
    "variogram_model": ("geostatistics.variogram_model",),
    "variograms": ("geostatistics.variogram", "geostatistics.cross_variogram", "geostatistics.fit_variogram"),
    "vector": ("vector.buffer", "vector.overlay", "vector.clip"),
    "vector_append": ("vector.append",),
    "vector_cells": ("vector.cells",),
    "vector_join": ("vector.spatial_join", "vector.count_within"),
    "vector_reproject": ("vector.reproject",),
    "werner": ("magnetics.werner_deconvolution",),
    "worms": ("potential_field.worms",),
    "zonal": ("grid.zonal_statistics",),
}  # fmt: skip
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
