"""Every process keeps the contract, whatever it computes: the tests are drawn from its Spec.

A process whose parameters a generated sample cannot suit has an example in
`EXAMPLES`; everything else comes from `tests.samples`.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import re

import dask.array as da
import geopandas as gpd
import jsonschema
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from tests import samples
from tests.staging import stage

from craton.model import quantities, units
from craton.model.data import Document, Mesh
from craton.model.errors import ContractError
from craton.process.marks import Grid, Stations, Table
from craton.process.ogc import description
from craton.process.processes import call, processes
from craton.process.reference import example_number, pages
from craton.process.schema import input_schema, output_schema, param_schema
from craton.process.values import check_value, from_door, from_doors

SPECS = processes()

SURVEY = {"table": samples.survey, "line": "line"}
"""What processes of survey lines ask for."""

SCORES = ("value", "road", "soil")
"""Scores of `samples.evaluated`."""

JUDGED = {"table": samples.evaluated, "columns": SCORES, "weights": samples.criteria_weights}
"""What processes that rank ask for."""

KRIGED = {"spacing": 500.0, "model": samples.variogram_model}
"""What processes that krige or simulate ask for."""

COARSE = {"deviation": 2.0, "thickness": 500.0, "depth": 1000.0, "margin": 500.0}
"""Errors and a mesh that let an inversion end at once."""

AMBIENT = {"field_intensity": 45_000.0, "inclination": 30.0, "declination": 0.0}
"""A field of the Earth."""


EXAMPLES = {
    **{
        f"geochemistry.{name}": {"table": samples.analyses, **more}
        for name, more in {
            "association_index": {"columns": ("Pb", "Zn")},
            "below_detection": {},
            "blanks": {"columns": ("Cu",)},
            "censored_statistics": {},
            "classes": {"column": "Pb"},
            "clusters": {"columns": ("Pb", "Zn")},
            "correlation": {},
            "duplicates": {"pair": "name", "columns": ("Pb", "Zn")},
            "element_clusters": {"columns": ("Pb", "Zn", "La", "Ce")},
            "enrichment_factor": {"reference": "Al2O3"},
            "factors": {"columns": ("Pb", "Zn", "La", "Ce")},
            "geoaccumulation": {"columns": ("Pb", "Zn")},
            "level": {
                "reference": samples.analyses,
                "sample": "name",
                "reference_sample": "name",
                "method": "standards",
                "standards": ("row 0", "row 1", "row 2"),
            },
            "log_ratios": {"columns": ("Pb", "Zn", "SiO2")},
            "normalised": {},
            "normalised_picture": {},
            "principal_components": {"columns": ("Pb", "Zn", "La", "Ce")},
            "rock_classes": {},
            "rock_picture": {},
            "standards": {
                "certified": samples.certified,
                "standard": "name",
                "certified_standard": "name",
            },
            "thresholds": {},
        }.items()
    },
    "geochemistry.biplot": {
        "scores": samples.analyses,
        "loadings": samples.component_loadings,
        "first": "Pb",
        "second": "Zn",
    },
    "boreholes.contacts": {"unit": "lithology"},
    "boreholes.correlation_panel": {"unit": "lithology"},
    "boreholes.stratigraphic_order": {"unit": "lithology"},
    "boreholes.units_by_learning": {"unit": "lithology", "trees": 10},
    "boreholes.units_by_rules": {"rules": lambda: pd.DataFrame({"unit": ["sand"], "lithology": ["sand"]})},
    "geochemistry.anomaly_polygons": {"thresholds": (44.0,)},
    "geochemistry.catchment_anomaly": {"catchments": samples.catchments},
    "geochemistry.lithological_background": {
        "catchments": samples.catchments,
        "geology": samples.catchments,
        "rock": "name",
    },
    **{
        f"geomodel.{name}": {"model": samples.geological_model, **more}
        for name, more in {
            "depth_to_unit": {"unit": "rock"},
            "gravity": {"properties": samples.rock_properties, "height": 100.0},
            "gravity_grid": {
                "properties": samples.rock_properties,
                "grid": lambda: samples.grid()[:7, :6],
                "height": 100.0,
            },
            "magnetics": {**AMBIENT, "properties": samples.rock_properties, "height": 100.0},
            "magnetics_grid": {
                **AMBIENT,
                "properties": samples.rock_properties,
                "grid": lambda: samples.grid(Grid(unit="nT"))[:7, :6],
                "height": 100.0,
            },
            "reference_model": {"properties": samples.rock_properties},
            "section": {"along": (samples.WEST, samples.NORTH - 900, samples.WEST + 1900, samples.NORTH)},
            "slice": {"elevation": -150.0},
            "surfaces": {},
            "thickness": {"unit": "sand"},
            "virtual_borehole": {
                "easting": samples.WEST + 600.0,
                "northing": samples.NORTH - 700.0,
                "inclination": -60.0,
            },
            "volumes": {},
        }.items()
    },
    "geomodel.best_next_borehole": {"models": samples.geological_models, "spacing": 800.0},
    "geomodel.compare": {
        "before": samples.geological_model,
        "after": lambda: samples.geological_model(-240.0),
    },
    "geomodel.probabilities": {"models": samples.geological_models},
    "geomodel.contact_error": {"contacts": samples.contacts, "column": samples.stratigraphy},
    "geomodel.contacts_of_map": {
        "geology": samples.geological_map,
        "unit_column": "name",
        "spacing": 500.0,
        "youngest_age": "youngest",
        "oldest_age": "oldest",
    },
    "geomodel.ensemble": {
        "contacts": samples.contacts,
        "column": samples.stratigraphy,
        "members": 3,
        "spacing": 800.0,
        "thickness": 50.0,
    },
    "geomodel.history": {
        "models": samples.geological_models,
        "times": ("2023-01-01", "2024-01-01", "2025-01-01"),
    },
    "geomodel.update": {
        "model": samples.built_model,
        "contacts": samples.contacts,
        "column": samples.stratigraphy,
        "new_contacts": samples.new_contacts,
        "time": "2024-05-17",
    },
    "geomodel.structural": {
        "contacts": samples.contacts,
        "column": samples.stratigraphy,
        "spacing": 800.0,
        "thickness": 50.0,
    },
    "geostatistics.block_kriging": KRIGED,
    "geostatistics.change_of_support": {"block": 200.0, "model": samples.variogram_model},
    "geostatistics.cokriging": {**KRIGED, "secondary": ("value",)},
    "geostatistics.collocated_cokriging": {"model": samples.variogram_model},
    "geostatistics.conditional_simulation": {**KRIGED, "realizations": 2, "lines": 50},
    "geostatistics.cross_validation": {"model": samples.variogram_model},
    "geostatistics.external_drift_kriging": {"model": samples.variogram_model},
    "geostatistics.fit_variogram": {"variogram": samples.variogram},
    "geostatistics.indicator_kriging": {**KRIGED, "thresholds": (15.0, 20.0, 25.0)},
    "geostatistics.kriging_at_points": {"model": samples.variogram_model},
    "geostatistics.kriging_volume": {**KRIGED, "vertical_spacing": 5.0},
    "geostatistics.ordinary_kriging": KRIGED,
    "geostatistics.random_field": {**KRIGED, "region": (0.0, 0.0, 9000.0, 8000.0)},
    "geostatistics.sequential_gaussian": {**KRIGED, "realizations": 2},
    "geostatistics.sequential_indicator": {**KRIGED, "realizations": 2},
    "geostatistics.simple_kriging": KRIGED,
    "geostatistics.universal_kriging": KRIGED,
    "geostatistics.variogram_model": {"added_to": samples.variogram_model},
    "gridding.boosted_sources": {"spacing": 400.0},
    "gridding.equivalent_sources": {"spacing": 400.0},
    "gridding.bidirectional": {"line": "name", "spacing": 200.0},
    "gravity.gradients_of_bodies": {"bodies": samples.bodies},
    "gravity.of_bodies": {"bodies": samples.bodies},
    "gravity.of_bodies_at_stations": {"bodies": samples.bodies},
    "gravity.of_relief": {"height": 300.0},
    "gravity.of_section": {"bodies": samples.section},
    "gravity.of_tesseroids": {"bodies": samples.blocks, "grid": samples.degrees, "height": 1000.0},
    "magnetics.demagnetised_bodies": {"bodies": samples.bodies},
    "magnetics.of_bodies": {"bodies": samples.bodies},
    "magnetics.of_bodies_at_stations": {"bodies": samples.bodies},
    "magnetics.of_relief": {"height": 300.0},
    "gravity.of_surfaces": {"surfaces": samples.wireframe, "properties": samples.wireframe_properties},
    "magnetics.of_surfaces": {"surfaces": samples.wireframe, "properties": samples.wireframe_properties},
    "magnetics.of_section": {"bodies": samples.section},
    "gravity.bouguer_anomaly": {"stations": samples.gravity_stations, "geoid_height": "geoid_height"},
    "gravity.check_stations": {"stations": samples.gravity_stations},
    "gravity.disturbance": {"stations": samples.gravity_stations, "geoid_height": "geoid_height"},
    "gravity.drift_and_tide": {
        "readings": samples.meter_readings,
        "bases": samples.gravity_bases,
        "calibration": samples.meter_calibration,
    },
    "gravity.free_air_anomaly": {"stations": samples.gravity_stations, "geoid_height": "geoid_height"},
    "gravity.normal_gravity": {"stations": samples.gravity_stations, "geoid_height": "geoid_height"},
    "gravity.terrain_correction": {"stations": samples.gravity_stations, "radius": 5000.0},
    "grid.clip": {
        "region": (
            samples.WEST,
            samples.NORTH - 9 * samples.SPACING[0],
            samples.WEST + 9 * samples.SPACING[1],
            samples.NORTH,
        )
    },
    "grid.resample": {"spacing": 700.0},
    "magnetics.anomaly": {"stations": samples.survey, "date_column": "date"},
    "magnetics.anomaly_grid": {"date": "2024-05-17"},
    "magnetics.curie_depth": {
        "window": 8400.0,
        "top_wavelengths": (1000.0, 3000.0),
        "centroid_wavelengths": (1500.0, 9000.0),
    },
    "magnetics.diurnal_correction": {
        "table": samples.survey,
        "base": samples.base_station,
        "time": "time",
        "base_time": "base_time",
        "base_value": "base_value",
    },
    "magnetics.equivalent_sources_to_pole": {
        "points": samples.magnetic_points,
        "height_column": "flying_height",
        "spacing": 400.0,
        "inclination": 50.0,
        "declination": -1.0,
    },
    "magnetics.heading_correction": SURVEY,
    "magnetics.lag_correction": {**SURVEY, "lag": 150.0},
    "magnetics.microlevelling": {"azimuth": 0.0, "line_spacing": 1000.0},
    "magnetics.microlevelling_lines": {**SURVEY, "wavelength": 1000.0},
    "magnetics.reference_field": {"stations": samples.survey, "date_column": "date"},
    "magnetics.reference_field_grid": {"date": "2024.5"},
    "magnetics.tie_line_levelling": SURVEY,
    "inversion.forward": {"model": lambda: samples.volume(Grid(unit="kg/m3")).to_dataset(name="density")},
    "inversion.gravity": {"grid": lambda: samples.grid()[:7, :6], **COARSE},
    "inversion.joint": {
        "gravity_grid": lambda: samples.grid()[:7, :6],
        "magnetic_grid": lambda: samples.grid(Grid(unit="nT"))[:7, :6],
        "gravity_deviation": 2.0,
        **{name: value for name, value in COARSE.items() if name != "deviation"},
    },
    "inversion.petrophysical": {
        "rocks": samples.rocks,
        "gravity_grid": lambda: samples.grid()[:7, :6],
        "magnetic_grid": lambda: samples.grid(Grid(unit="nT"))[:7, :6],
        "gravity_deviation": 2.0,
        "rounds": 2,
        **{name: value for name, value in COARSE.items() if name != "deviation"},
    },
    "inversion.magnetic_vector": {"grid": lambda: samples.grid(Grid(unit="nT"))[:7, :6], **COARSE},
    "inversion.magnetics": {
        "grid": lambda: samples.grid(Grid(unit="nT"))[:7, :6],
        "reference": lambda: samples.converted(samples.volume(Grid(unit="SI")), "1e-5 SI", "SI"),
        **COARSE,
    },
    "electrical.chargeability_section": {
        "readings": samples.polarised_readings,
        "section": samples.resistivity_section,
        "electrodes": samples.electrodes,
        "chargeability": "chargeability",
    },
    "electrical.pseudosection": {
        "readings": samples.electrode_readings,
        "electrodes": samples.electrodes,
        "resistance": "resistance",
    },
    "electrical.section_inversion": {
        "readings": samples.electrode_readings,
        "electrodes": samples.electrodes,
        "resistance": "resistance",
        "target": 5.0,
    },
    "electrical.sounding_inversion": {"soundings": samples.soundings},
    "allocation.assign": {
        "table": samples.evaluated,
        "scores": SCORES,
        "limits": samples.use_limits,
        "area": "road",
    },
    "allocation.search": {
        "table": samples.evaluated,
        "worths": samples.use_worths,
        "plans": 6,
        "generations": 3,
    },
    "allocation.trade_off": {
        "table": samples.evaluated,
        "first": ("value", "road"),
        "second": ("soil", "value"),
        "limits": lambda: samples.use_limits().iloc[1:],
        "points": 5,
    },
    **{
        f"efficiency.{name}": {"table": samples.evaluated, "inputs": ("value",), "outputs": ("road", "soil")}
        for name in ("frontier", "slacks_based", "super_efficiency")
    },
    "efficiency.directional": {
        "table": samples.evaluated,
        "inputs": ("value",),
        "outputs": ("road",),
        "undesired": ("soil",),
    },
    "efficiency.restricted_weights": {
        "table": samples.evaluated,
        "inputs": ("value",),
        "outputs": ("road", "soil"),
        "limits": samples.weight_limits,
    },
    "efficiency.malmquist": {
        "table": lambda: samples.evaluated().assign(
            unit=[f"unit {n % 6}" for n in range(12)], year=[2020 + n // 6 for n in range(12)]
        ),
        "inputs": ("value",),
        "outputs": ("road", "soil"),
        "unit": "unit",
        "period": "year",
    },
    "evaluation.check": {"pack": samples.evaluation_pack},
    "evaluation.made_data": {"pack": samples.evaluation_pack},
    "evaluation.table": {"units": samples.evaluated, "pack": samples.evaluation_pack, "draws": 20},
    "evaluation.grid": {"cells": samples.evaluation_cells, "pack": samples.evaluation_pack, "draws": 20},
    "evaluation.volume": {"cells": samples.evaluation_volume, "pack": samples.evaluation_pack, "draws": 20},
    "evaluation.sensitivity": {
        "units": samples.evaluated,
        "pack": samples.evaluation_pack,
        "trajectories": 2,
        "points": 16,
    },
    "evaluation.compare": {"first": samples.evaluation_units, "second": samples.evaluation_units},
    "magnetotelluric.apparent_resistivity": {"impedances": samples.impedances},
    "magnetotelluric.curves": {"impedances": samples.impedances},
    "magnetotelluric.depth_transform": {"impedances": samples.impedances},
    "magnetotelluric.dimensionality": {"impedances": samples.impedances},
    "magnetotelluric.distortion": {"impedances": samples.impedances, "station": "name"},
    "magnetotelluric.layers": {"impedances": samples.impedances},
    "magnetotelluric.rotate": {"impedances": samples.impedances, "azimuth": 30.0},
    "magnetotelluric.static_shift": {
        "impedances": samples.impedances,
        "station": "name",
        "factors": samples.static_shifts,
    },
    "map.picture": {"grid": samples.grid},
    "gravity.half_width_depth": {**SURVEY, "value": "value"},
    "magnetics.half_slope_depth": {**SURVEY, "value": "value"},
    "magnetics.werner_deconvolution": {**SURVEY, "value": "value", "tolerance": 10.0},
    "potential_field.worms": {"lowest": 300.0, "highest": 2000.0, "heights": 4},
    **{
        f"property.{name}": {"volume": samples.geological_model, "points": samples.assays, **more}
        for name, more in {
            "collocated_cokriging": {"secondary": "unit", "model": samples.variogram_model},
            "indicator_kriging": {"column": "rock", "model": samples.variogram_model},
            "indicator_simulation": {
                "column": "rock",
                "model": samples.variogram_model,
                "realizations": 2,
            },
            "kriging": {"model": samples.variogram_model},
            "simulation": {"model": samples.variogram_model, "realizations": 2},
        }.items()
    },
    "resource.block_model": {
        "volume": samples.geological_model,
        "points": samples.assays,
        "unit": "rock",
        "block": 800.0,
        "density": 2.7,
        "model": samples.variogram_model,
    },
    **{
        f"ranking.{name}": {**JUDGED, **more}
        for name, more in {
            "acceptability": {"draws": 20},
            "cloud_model": {"grades": samples.criteria_grades, "draws": 5},
            "consensus": {},
            "contributions": {},
            "coupling_coordination": {},
            "electre": {
                "thresholds": lambda: pd.DataFrame(
                    {
                        "indicator": ["value", "road", "soil"],
                        "indifference": 0.05,
                        "preference": 0.2,
                        "veto": 0.7,
                    }
                )
            },
            "grey_relation": {},
            "limiting_factor": {},
            "matter_element": {"grades": samples.criteria_grades},
            "obstacles": {},
            "ordered_weighted_average": {},
            "promethee": {},
            "rank_reversal": {},
            "topsis": {},
            "vikor": {},
            "weighted_product": {},
            "weighted_sum": {},
        }.items()
    },
    "scoring.classes": {"table": samples.evaluated, "classes": samples.criteria_classes},
    "scoring.membership": {"shape": "gaussian", "points": (20.0, 5.0)},
    "scoring.piecewise": {"table": samples.evaluated, "knots": samples.criteria_knots},
    "scoring.utility": {"table": samples.evaluated},
    **{
        f"sensitivity.{name}": {"factors": samples.factors, "formula": "depth * density + 0.1 * rate"}
        for name in ("one_at_a_time", "screening", "variance")
    },
    "weighting.analytic_hierarchy": {"judgments": samples.criteria_judgments},
    "weighting.best_worst": {"comparisons": samples.criteria_comparisons},
    "weighting.combined": {"weights": lambda: (samples.criteria_weights(), samples.criteria_weights())},
    "weighting.critic": {"table": samples.evaluated, "columns": SCORES},
    "weighting.principal_components": {"table": samples.evaluated, "columns": SCORES},
    "resource.classify": {"blocks": samples.ore_blocks},
    "resource.composite": {"columns": ("value",), "length": 10.0},
    "resource.report": {"blocks": lambda: (samples.ore_blocks(),)},
    "resource.tonnage_grade": {"blocks": samples.ore_blocks},
    **{
        f"zone.{name}": {"table": samples.districts, **more}
        for name, more in {
            "factor_detector": {"column": "value", "factors": ("soil",)},
            "general_g": {"columns": SCORES},
            "hot_spots": {"column": "value", "contact": "rook"},
            "inequality": {"columns": SCORES, "group": "soil"},
            "local_moran": {"column": "value"},
            "max_p": {"columns": SCORES, "least": 3.0},
            "moran": {"columns": SCORES},
            "neighbours": {},
            "region_growing": {"columns": SCORES, "most": 4.0},
            "skater": {"columns": SCORES, "zones": 3},
        }.items()
    },
    "points.density": {"spacing": 100.0, "bandwidth": 1000.0},
    "points.to_grid_linear": {"spacing": 100.0},
    "points.to_grid_nearest": {"spacing": 100.0},
    "survey_lines.arrange": SURVEY,
    "survey_lines.crossovers": {**SURVEY, "values": ("value",)},
    "survey_lines.despike": SURVEY,
    "survey_lines.filter": {**SURVEY, "wavelength": 500.0},
    "survey_lines.resample": {**SURVEY, "values": ("value",), "spacing": 70.0},
    "potential_field.matched_filter": {"deep": 2000.0, "shallow": 500.0},
    "table.filter": {"expression": "value > 15"},
    "landscape.metrics": {"grid": samples.land_cover},
    "landscape.patches": {"grid": samples.land_cover},
    "trend.before_after_control_impact": {
        "table": samples.panel,
        "columns": ("value",),
        "site": "site",
        "impact": "measure",
        "period": "period",
        "after": "after",
    },
    "trend.change_point": {"table": samples.panel, "time": "year", "group": "village"},
    "trend.difference_in_differences": {
        "table": samples.panel,
        "columns": ("value",),
        "unit": "village",
        "time": "year",
        "treatment": "reached",
    },
    "trend.effect_sizes": {
        "table": samples.study_results,
        "mean": "mean",
        "deviation": "deviation",
        "count": "count",
        "control_mean": "control_mean",
        "control_deviation": "deviation",
        "control_count": "count",
    },
    "indicator.aggregate": {
        "table": samples.water_samples,
        "indicator": ("sodium_adsorption_ratio",),
        "group": "name",
        "area": "watered",
    },
    "indicator.compute": {"table": samples.water_samples, "indicator": ("sodium_adsorption_ratio",)},
    "trend.mann_kendall": {"table": samples.panel, "time": "year", "group": "village"},
    "trend.mann_kendall_grid": {"grid": samples.yearly_grid},
    "trend.mann_kendall_of_rows": {
        "table": samples.yearly_columns,
        "columns": tuple(f"value_{year}" for year in range(2001, 2011)),
    },
    "trend.pooled_effect": {"table": samples.study_results, "effect": "value", "variance": "spread"},
    "vector.cells": {"region": (100.0, 17.0, 103.0, 19.0)},
}
"""Arguments by process, where a generated sample cannot suit: values, or callables that make them."""

NO_SOURCE = {
    "evaluation.compare",
    "points.to_grid_nearest",
    "series.to_table",
    "grid.clip",
    "grid.reproject",
    "grid.resample",
    "vector.append",
    "vector.reproject",
    "table.filter",
    "vector.clip",
    "vector.overlay",
}
"""Processes that compute nothing a reference could be given for."""

DISCRETE: set[str] = set()
"""Processes whose result can jump with the last digit of a number, so other units may give another."""

EQUAL = 1e-9
"""Part of the largest number by which results from other units may differ: a few roundings of float64."""


def sample(spec, **given):
    """Arguments of one call."""
    return samples.arguments(spec, **{**EXAMPLES.get(spec.id, {}), **given})


def function_of(spec):
    """The function as a person calls it."""
    return getattr(importlib.import_module(spec.function.__module__), spec.function.__name__)


def each(choose):
    """Parametrise by process and by what `choose` gives of it."""
    return [
        pytest.param(spec, one, id=f"{spec.id}-{getattr(one, 'name', one)}")
        for spec in SPECS
        for one in choose(spec)
    ]


every_process = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
every_input = pytest.mark.parametrize(("spec", "param"), each(lambda spec: spec.inputs))
every_value = pytest.mark.parametrize(("spec", "param"), each(lambda spec: spec.values))
every_number = pytest.mark.parametrize(
    ("spec", "param"), each(lambda spec: [p for p in spec.values if p.base in {int, float}])
)


def assert_refused(spec, name, /, **given):
    """Calling with one wrong argument is a `ContractError` that names it."""
    with pytest.raises(ContractError) as caught:
        call(spec, sample(spec, **given))
    assert (caught.value.process, caught.value.parameter) == (spec.id, name)
    assert f"`{name}`" in caught.value.message
    assert caught.value.allowed
    assert caught.value.came


@every_process
def test_it_is_described(spec):
    """Words for the process, each parameter and each result; a version; a source where it is science."""
    assert re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", spec.id)
    assert spec.version
    assert len(spec.title) < 110
    assert spec.description, "say when to use it, and when not"
    assert all(len(param.doc) > 6 for param in (*spec.params, *spec.outputs))
    told = [*(one.doc for one in (*spec.params, *spec.outputs)), *spec.references]
    assert [words for words in told if words.startswith("As for `")] == []
    assert spec.references or spec.id in NO_SOURCE
    signature = inspect.signature(spec.function).parameters.values()
    keyword_only = {one.name for one in signature if one.kind is one.KEYWORD_ONLY}
    assert {p.name for p in spec.values if p.base is bool} <= keyword_only


@every_process
def test_its_schemas_are_valid_and_take_their_own_examples(spec):
    """Both schemas are valid 2020-12; an object of the required inputs and all defaults passes."""
    for schema in (input_schema(spec), output_schema(spec)):
        jsonschema.Draft202012Validator.check_schema(schema)
    given = {p.name: ["a"] if p.many else "a" for p in spec.inputs if p.required}
    given |= {p.name: _as_json(sample(spec)[p.name]) for p in spec.values}
    jsonschema.validate(given, input_schema(spec), jsonschema.Draft202012Validator)
    for param in spec.params:
        if not param.required:
            jsonschema.validate(param_schema(param)["default"], param_schema(param))
    from_doors(spec, {p.name: given[p.name] for p in spec.values})


def _as_json(value):
    return list(value) if isinstance(value, tuple) else value


@every_process
def test_it_stands_on_a_page_and_in_the_ogc_description(spec):
    """Both name all parameters and results."""
    page = pages([spec])[f"processes/{spec.topic}"]
    said = description(spec)
    assert list(said["inputs"]) == [p.name for p in spec.params]
    assert list(said["outputs"]) == [p.name for p in spec.outputs]
    assert all(f"| `{name}` |" in page for name in said["inputs"])


@every_number
def test_it_refuses_numbers_just_out_of_bounds_and_takes_the_edge(spec, param):
    """One step beyond a closed limit and an open limit itself are refused; the last legal number is not."""
    for outside, inside in _edges(param):
        assert_refused(spec, param.name, **{param.name: _several(param, outside)})
        check_value(spec.id, param, _several(param, inside))


def _edges(param):
    """Pairs of a number just outside and one just inside, for each limit."""
    bounds, step = param.bounds, _step(param)
    if bounds is None:
        return
    for limit, way in ((bounds.minimum, -1), (bounds.maximum, 1)):
        if limit is not None:
            yield step(limit, way), limit
    for limit, way in ((bounds.above, -1), (bounds.below, 1)):
        if limit is not None:
            yield limit, step(limit, -way)


def _step(param):
    if param.base is int:
        return lambda number, way: int(number) + way
    return lambda number, way: float(np.nextafter(float(number), way * np.inf))


def _several(param, value):
    return (value,) * (param.length or 1) if param.many else value


@every_number
def test_it_refuses_what_is_no_number(spec, param):
    """NaN, infinities, text (also with a unit) and booleans are refused in Python."""
    for wrong in (float("nan"), float("inf"), -float("inf"), "5", f"5 {param.unit}", True):
        assert_refused(spec, param.name, **{param.name: _several(param, wrong)})


@every_value
def test_it_refuses_values_of_another_type(spec, param):
    """An object is no value; nothing is one only where that is declared; a choice is one of those listed."""
    assert_refused(spec, param.name, **{param.name: _several(param, object())})
    if not param.optional:
        assert_refused(spec, param.name, **{param.name: None})
    if param.choices:
        wrong = "no such choice" if param.base is str else 987654321
        assert_refused(spec, param.name, **{param.name: _several(param, wrong)})
    if param.system:
        assert_refused(spec, param.name, **{param.name: _several(param, "EPSG:0")})
    if param.length:
        right = sample(spec)[param.name] or _several(param, 1)
        assert_refused(spec, param.name, **{param.name: (*right, right[0])})


@pytest.mark.parametrize(
    ("spec", "param"), each(lambda spec: [p for p in spec.values if p.column_of is not None])
)
def test_it_refuses_columns_that_are_not_there(spec, param):
    """A name that no column has, and a text column where numbers are wanted."""
    table = sample(spec).get(param.column_of.table)
    if table is None:
        table = samples.data_of(spec, spec.param(param.column_of.table))
    given = {param.column_of.table: table}
    assert_refused(spec, param.name, **given, **{param.name: _several(param, "no such column")})
    if param.column_of.numeric and "name" in table.columns:
        assert_refused(spec, param.name, **given, **{param.name: _several(param, "name")})


@every_process
def test_it_refuses_names_it_does_not_have_and_calls_without_a_required_one(spec):
    """An unknown option and a parameter left out are named."""
    function, given = function_of(spec), sample(spec)
    with pytest.raises(ContractError, match="`no_such_option`"):
        function(**given, no_such_option=1)
    for param in spec.params:
        if param.required:
            with pytest.raises(ContractError, match=f"`{param.name}`"):
                function(**{name: value for name, value in given.items() if name != param.name})


@every_input
def test_it_refuses_data_of_another_kind(spec, param):
    """A file name, bare numbers, and labelled data of another kind are refused."""
    mesh = samples.mesh() if param.base is not Mesh else Document()
    for wrong in ("data.tif", np.ones((3, 3)), mesh, 5):
        assert_refused(spec, param.name, **{param.name: (wrong,) if param.many else wrong})
    if param.required:
        assert_refused(spec, param.name, **{param.name: None})


@pytest.mark.parametrize(
    ("spec", "param"), each(lambda spec: [p for p in spec.inputs if isinstance(p.data, Grid) and p.data.unit])
)
def test_it_refuses_grids_without_their_unit(spec, param):
    """A grid that states no unit, one that does not convert, or none that is known."""
    field = samples.data_of(spec, param)
    for unit in ("", samples.alien_unit(param.data.unit), "no such unit"):
        assert_refused(spec, param.name, **{param.name: _changed(param, field, units=unit)})


@pytest.mark.parametrize(
    ("spec", "param"),
    each(lambda spec: [p for p in spec.inputs if isinstance(p.data, Grid) and p.data.quantities]),
)
def test_it_refuses_grids_of_another_quantity(spec, param):
    """A grid that states a quantity which the process is not for."""
    field = samples.data_of(spec, param)
    wrong = next(name for name in quantities.quantities() if name not in param.data.quantities)
    assert_refused(spec, param.name, **{param.name: _changed(param, field, standard_name=wrong)})


@pytest.mark.parametrize(
    ("spec", "param"),
    each(lambda spec: [p for p in spec.inputs if isinstance(p.data, Grid) and p.data.plane]),
)
def test_it_refuses_grids_that_are_not_plane(spec, param):
    """Longitude and latitude, and uneven rows, where even metres are wanted."""
    field = samples.data_of(spec, param)
    degrees = _each(param, field, lambda one: one.rename(northing="latitude", easting="longitude"))
    uneven = _each(param, field, lambda one: one.isel(northing=[0, 1, 2, 3, 5, 6, 7, 8]))
    for wrong in (degrees, uneven):
        assert_refused(spec, param.name, **{param.name: wrong})


def _each(param, data, change):
    return tuple(map(change, data)) if param.many else change(data)


def _changed(param, data, **attrs):
    """Grid with other attributes; an empty one is taken away."""

    def change(one):
        if isinstance(one, xr.Dataset):
            return one.map(change).assign_attrs(one.attrs)
        left = {k: v for k, v in {**one.attrs, **attrs}.items() if v}
        return one.copy().assign_attrs(left) if len(left) >= len(one.attrs) else _bare(one, left)

    return _each(param, data, change)


def _bare(field, attrs):
    field = field.copy()
    field.attrs = attrs
    return field


@pytest.mark.parametrize(
    ("spec", "param"),
    each(lambda spec: [p for p in spec.inputs if isinstance(p.data, Table | Stations) and p.data.columns]),
)
def test_it_refuses_tables_without_their_columns(spec, param):
    """A declared column that is missing, or stands there without its unit or in another."""
    for column in param.data.columns:
        without = _of_frame(param, samples.data_of(spec, param), _without_column, column.name)
        assert_refused(spec, param.name, **{param.name: without})
        if column.unit not in {"", "1"}:
            for unit in ("", samples.alien_unit(column.unit)):
                wrong = _of_frame(param, samples.data_of(spec, param), _noted, column.name, unit)
                assert_refused(spec, param.name, **{param.name: wrong})


def _without_column(frame, name):
    return frame.drop(columns=name)


def _of_frame(param, data, change, *given):
    """Table or series, or each of several, with its frame changed."""
    if param.many:
        return tuple(_of_one_frame(one, change, *given) for one in data)
    return _of_one_frame(data, change, *given)


def _of_one_frame(data, change, *given):
    if isinstance(data, pd.DataFrame):
        return change(data, *given)
    return type(data)(change(data.values, *given), data.stations)


def _noted(frame, column, unit):
    frame.attrs["columns"] = {**frame.attrs["columns"], column: {"unit": unit}}
    return frame


@pytest.mark.parametrize(
    ("spec", "param"),
    each(
        lambda s: [
            p
            for p in s.inputs
            if isinstance(p.data, Table) and p.data.geometry and p.base is gpd.GeoDataFrame
        ]
    ),
)
def test_it_refuses_tables_of_other_geometries(spec, param):
    """Points where polygons are wanted, and so on."""
    left = {"Point", "LineString", "Polygon"} - set(param.data.geometry)
    for kind in sorted(left):
        shapes = gpd.GeoSeries(samples.geometries(kind), crs=samples.CRS)
        wrong = _of_frame(param, samples.data_of(spec, param), gpd.GeoDataFrame.set_geometry, shapes)
        assert_refused(spec, param.name, **{param.name: wrong})


@every_process
def test_it_gives_what_it_declares_and_the_same_again(spec):
    """Two calls give the same bits, in the declared kind, unit and columns; the inputs are not touched."""
    given = sample(spec)
    before = copy.deepcopy(given)
    first, second = call(spec, given), call(spec, sample(spec))
    for name, value in before.items():
        samples.assert_equal(given[name], value)
    samples.assert_equal(first, second)
    for output, result in _results(spec, first):
        assert isinstance(result, output.base)
        if isinstance(output.data, Grid) and output.data.unit:
            fields = result.data_vars.values() if isinstance(result, xr.Dataset) else [result]
            assert {field.attrs["units"] for field in fields} == {output.data.unit}


def _results(spec, result):
    return list(zip(spec.outputs, result if spec.several else (result,), strict=True))


@every_process
def test_its_results_can_be_stored_and_read_again(spec, tmp_path):
    """The codec takes every result, and gives its cells and rows again."""
    for output, result in _results(spec, call(spec, sample(spec))):
        data = _as_dataset(result) if isinstance(result, xr.DataArray) else result
        back = stage(data, output.data.kind, tmp_path / output.name).read()
        if isinstance(data, xr.Dataset):
            xr.testing.assert_equal(
                back.compute().drop_vars("spatial_ref", errors="ignore"),
                _as_read(data.compute()).drop_vars("spatial_ref", errors="ignore"),
            )
        elif isinstance(data, pd.DataFrame):
            assert list(back.columns) == list(data.columns)
            assert len(back) == len(data)
        else:
            assert type(back) is type(data)


def _as_dataset(field):
    dataset = field.to_dataset(name=field.name)
    dataset.attrs = {k: v for k, v in field.attrs.items() if k in {"crs", "history"}}
    return dataset


def _as_read(dataset):
    """Whole numbers that declare nodata come back as fractions, with NaN where there is none."""
    masked = {
        name: array.where(array != array.attrs["nodata"]).astype(np.float32)
        for name, array in dataset.data_vars.items()
        if "nodata" in array.attrs
    }
    return dataset.assign(masked)


def _in_other_units(spec):
    """What of a process can be given in another unit: values, grids, columns."""
    return [param for param in spec.params if any(map(samples.other_unit, _units_of(param)))]


def _units_of(param):
    if isinstance(param.data, Table | Stations):
        return [column.unit for column in param.data.columns]
    return [param.data.unit if isinstance(param.data, Grid) else param.unit]


@pytest.mark.parametrize(("spec", "param"), each(_in_other_units))
def test_other_units_give_the_same(spec, param):
    """A value, grid or column in another unit that converts gives the same result."""
    value = sample(spec)[param.name]
    if param.data is None:
        _assert_value_is_unit_true(spec, param, value)
        return
    data = samples.data_of(spec, param) if value is None else value
    other = _each(param, data, lambda one: _in_other_unit(param.data, one))
    results = [call(spec, sample(spec, **{param.name: one})) for one in (data, other)]
    if spec.id not in DISCRETE:
        samples.assert_equal(results[1], results[0], rtol=EQUAL, history=False)


def _assert_value_is_unit_true(spec, param, value):
    """Text in another unit comes in as the number in the declared one."""
    parts = value if param.many else (value,)
    numbers = [example_number(param) if part is None else part for part in parts or (None,)]
    other = samples.other_unit(param.unit)
    if param.base is int:
        return
    for number in numbers:
        text = f"{float(units.convert(number, param.unit, other))!r} {other}"
        came = from_door(spec.id, param, [text] * (param.length or 1) if param.many else text)
        np.testing.assert_allclose(came, number, rtol=1e-12)


def _in_other_unit(mark, data):
    if isinstance(mark, Grid):
        return samples.converted(data, mark.unit, samples.other_unit(mark.unit))
    for column in mark.columns:
        if other := samples.other_unit(column.unit):
            data = _of_one_frame(data, samples.with_column_unit, column, other)
    return data


LAZY = [spec for spec in SPECS if spec.halo is not None]


def _explode(block):
    raise AssertionError("the cells were computed")


@pytest.mark.parametrize("spec", LAZY, ids=lambda spec: spec.id)
def test_it_takes_grids_larger_than_memory_without_computing_them(spec):
    """A call with lazy cells gives a lazy result of the same shape, and reads none of them."""
    given = sample(spec)
    for param in spec.inputs:
        if (field := given[param.name]) is not None:
            cells = da.from_array(field.to_numpy(), chunks=8)
            given[param.name] = field.copy(data=da.map_blocks(_explode, cells, meta=cells._meta))
    result = call(spec, given)
    assert result.chunks is not None
    with pytest.raises(AssertionError, match="computed"):
        result.compute(scheduler="synchronous")


@pytest.mark.parametrize("spec", LAZY, ids=lambda spec: spec.id)
def test_blocks_give_what_the_whole_gives(spec):
    """However the grid is cut, with gaps in it, in either direction of rows: the same cells."""
    eager = _with_gaps(spec, sample(spec))
    expected = call(spec, eager)
    shape = next(iter(eager[p.name] for p in spec.inputs if eager[p.name] is not None)).shape
    reach = 2 * spec.halo
    for chunks in ((reach + 3, reach + 4), (shape[0], reach + 5), (2 * reach + 7, shape[1]), shape, (1, 1)):
        lazy = {
            n: v.chunk(dict(zip(v.dims, chunks, strict=True))) if isinstance(v, xr.DataArray) else v
            for n, v in eager.items()
        }
        result = call(spec, lazy)
        assert (result.dtype, result.attrs, result.name) == (expected.dtype, expected.attrs, expected.name)
        samples.assert_equal(result.compute(scheduler="synchronous"), expected, rtol=1e-12)


def _with_gaps(spec, given):
    for param in spec.inputs:
        if isinstance(field := given[param.name], xr.DataArray):
            field = field.copy(deep=True)[::-1]
            field[2, 3] = field[9:11, 7] = field[-1, -1] = np.nan
            given[param.name] = field
    return given
