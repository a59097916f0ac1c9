"""Questions to models of known shape: closed forms of volume, thickness, depth, holes, sections and gravity."""

import json

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import shapely
import xarray as xr

from craton.kernels.constants import GRAVITATIONAL
from craton.methods import geomodel_ask as ask
from craton.methods import geomodel_ask_map as maps
from craton.methods import geomodel_compare, geomodel_fields, geomodel_section, geomodel_surfaces
from craton.methods.geomodel_ask_model import asked_of
from craton.methods.geomodel_section_holes import holes_near
from craton.methods.geomodel_volume import UnitTable, new_lattice, volume_of
from craton.model.data import Boreholes
from craton.model.errors import ContractError

UNITS = UnitTable(np.array([3, 7]), ("sand", "rock"), ("#e0c060", "#808080"))
CRS = "EPSG:32648"
WEST, SOUTH = 250_000.0, 1_990_000.0


def plane_model(slope=(0.0, 0.0), level=-50.0, *, field=True, spacing=(10.0, 20.0, 25.0), ground=1000.0):
    """Sand above rock, whose top is level + slope · (east, north) about the south-west corner; air above ground."""
    lattice = new_lattice("test", (WEST, SOUTH, -100.0, WEST + 400.0, SOUTH + 300.0, 0.0), spacing, CRS)
    up, north, east = np.meshgrid(lattice.upward, lattice.northing, lattice.easting, indexing="ij")
    over = up - level - slope[0] * (east - WEST) - slope[1] * (north - SOUTH)
    codes = np.where(over >= 0, 3, 7)
    codes[up > ground] = 0
    attrs = {"levels": json.dumps({"sand": 0.0})}
    fields = {"field_all": (over.astype(np.float32), attrs)} if field else None
    return volume_of(lattice, codes, UNITS, fields=fields)


def one_hole(model, **more):
    """Intervals of a hole in the middle of the model."""
    return ask.virtual_borehole(model, easting=WEST + 200, northing=SOUTH + 150, **more).intervals


@pytest.mark.parametrize(("field", "depth"), [(True, 43.7), (False, 40.0)])
def test_a_hole_meets_a_level_contact_where_it_is(field, depth):
    """With the field the contact is at its depth to a millimetre; without, at the face of the cell."""
    found = one_hole(plane_model(level=-43.7, field=field))
    assert list(found["unit"]) == ["sand", "rock"]
    npt.assert_allclose(found["to_depth"], [depth, 100.0], atol=1e-3)
    npt.assert_allclose(found["base_elevation"], [-depth, -100.0], atol=1e-3)


@pytest.mark.parametrize(("azimuth", "inclination"), [(90.0, -60.0), (0.0, -30.0), (233.0, -75.0)])
def test_an_inclined_hole_meets_a_dipping_contact_where_it_is(azimuth, inclination):
    """z₀ + d sin i = level + slope · place: a linear field is met exactly, to the millimetre of single precision."""
    slope, level = (0.1, -0.05), -48.0
    model = plane_model(slope, level)
    found = one_hole(model, azimuth=azimuth, inclination=inclination, elevation=0.0, length=120.0)
    turn, dip = np.radians(azimuth), np.radians(inclination)
    rate = np.sin(dip) - np.cos(dip) * (slope[0] * np.sin(turn) + slope[1] * np.cos(turn))
    expected = (level + slope[0] * 200 + slope[1] * 150) / rate
    npt.assert_allclose(found["to_depth"].iloc[0], expected, atol=2e-3)


def test_a_hole_in_cells_ends_exactly_at_their_faces():
    """Random classes: what a vertical hole meets is the column of cells, run for run."""
    random = np.random.default_rng(2)
    model = plane_model(field=False)
    codes = random.choice([3, 7], model["unit"].shape).astype(np.uint8)
    model["unit"] = model["unit"].copy(data=codes)
    found = one_hole(model)
    column = codes[:, np.argmin(abs(model["northing"].to_numpy() - SOUTH - 150)), 8]
    ends = np.append(np.flatnonzero(np.diff(column)) + 1, column.size) * 10.0
    npt.assert_array_equal(found["to_depth"], ends)
    assert list(found["unit"]) == [{3: "sand", 7: "rock"}[one] for one in column[(ends / 10 - 1).astype(int)]]


def test_holes_tell_probability_and_begin_at_the_ground():
    """Air above the ground is no part of the hole; the probability is the mean over the cells of the interval."""
    model = plane_model(level=-50.0, field=False, ground=-20.0)
    chance = xr.full_like(model["unit"], 0.75, dtype=np.float32)
    chance[{"upward": slice(2, 4)}] = 0.25
    found = one_hole(model.assign(probability_3=chance.drop_attrs()))
    npt.assert_allclose(found["top_elevation"].iloc[0], -20.0)
    npt.assert_allclose(found["probability"].iloc[0], (2 * 0.25 + 1 * 0.75) / 3, atol=1e-6)
    assert np.isnan(found["probability"].iloc[1])


def test_volumes_of_a_layer_cake_and_of_a_wedge_are_exact():
    """Area × thickness; of a dipping contact the mean of it, within cells by the field, to single precision."""
    table = ask.volumes(plane_model(level=-43.7)).set_index("unit")
    npt.assert_allclose(table["volume"], 400 * 300 * np.array([43.7, 56.3]), rtol=1e-6)
    npt.assert_allclose(table["area"], 400 * 300)
    table = ask.volumes(plane_model((0.1, -0.05), -48.0)).set_index("unit")
    npt.assert_allclose(table.loc["sand", "volume"], 400 * 300 * (48.0 - 20.0 + 7.5), rtol=1e-6)
    npt.assert_allclose(table.loc["rock", "highest_top"], -48.0 + 0.1 * 387.5 - 0.05 * 10, atol=1e-3)


def test_thickness_and_depth_of_a_dipping_contact_are_its_plane():
    """At the middles of columns, to a millimetre; thickness and depth of the base are the same below the ground."""
    model = plane_model((0.1, -0.05), -48.0)
    thick, deep = maps.thickness(model, "sand"), maps.depth_to_unit(model, "rock")
    north, east = np.meshgrid(thick["northing"] - SOUTH, thick["easting"] - WEST, indexing="ij")
    expected = 48.0 - 0.1 * east + 0.05 * north
    npt.assert_allclose(thick, expected, atol=1e-3)
    npt.assert_allclose(deep, expected, atol=1e-3)
    npt.assert_allclose(maps.depth_to_unit(model, "7", measure="elevation"), -expected, atol=1e-3)
    npt.assert_allclose(maps.depth_to_unit(model, "rock", surface="base"), 100.0, atol=1e-3)


def test_absent_units_have_no_thickness_and_no_depth():
    """0 and missing; a name that is not there is refused with those that are."""
    model = plane_model(level=500.0)
    assert (maps.thickness(model, "sand") == 0).all()
    assert np.isnan(maps.depth_to_unit(model, "sand")).all()
    with pytest.raises(ContractError, match="sand, rock"):
        maps.thickness(model, "clay")


def test_a_level_cut_follows_the_contact_within_cells():
    """Where z < level + slope · place the cut is rock; at a depth it follows the ground that is given."""
    model = plane_model((0.1, 0.0), -48.0)
    cut = maps.slice_(model, elevation=-33.0).slice
    expected = np.where(-33.0 + 48.0 - 0.1 * (cut["easting"] - WEST) >= 0, 3, 7)
    npt.assert_array_equal(cut, np.broadcast_to(expected, cut.shape))
    ground = (0.0 * cut + 0.1 * (cut["easting"] - WEST) - 45.0).assign_attrs(
        units="m", standard_name="elevation", crs=CRS
    )
    assert (maps.slice_(model, ground, depth=1.0).slice == 3).all()
    assert (maps.slice_(model, ground, depth=4.0).slice == 7).all()


def test_a_section_shows_the_contact_at_its_height():
    """Along a bent line, the boundary in each column is that of the plane, to the height of a sample."""
    model = plane_model((0.1, -0.05), -48.0)
    corners = (WEST + 50, SOUTH + 50, WEST + 350, SOUTH + 100, WEST + 300, SOUTH + 250)
    cut = geomodel_section.section(model, along=corners).section
    sand = (cut["unit"] == 3).sum("upward") * float(cut["upward"][0] - cut["upward"][1])
    expected = 48.0 - 0.1 * (cut["easting"] - WEST) + 0.05 * (cut["northing"] - SOUTH)
    npt.assert_allclose(sand, expected, atol=2.5 / 2 + 1e-6)
    npt.assert_allclose(cut["distance"][-1], np.hypot(300, 50) + np.hypot(50, 150), atol=7)


def test_places_beside_the_model_are_refused_by_name():
    """A hole, a line and a level outside."""
    model = plane_model()
    with pytest.raises(ContractError, match="`easting` must be within the model"):
        ask.virtual_borehole(model, easting=0.0, northing=0.0)
    with pytest.raises(ContractError, match="`along` must be a line that runs through the model"):
        geomodel_section.section(model, along=(0.0, 0.0, 100.0, 0.0))
    with pytest.raises(ContractError, match="`elevation` must be within the model"):
        maps.slice_(model, elevation=50.0)


def test_surfaces_of_units_hold_their_volumes():
    """The closed meshes of a wedge have the volumes of the table but for half cells at the sides: 1 %."""
    model = plane_model((0.1, -0.05), -48.0)
    mesh = geomodel_surfaces.surfaces(model)
    table = ask.volumes(model)
    npt.assert_allclose(mesh.parts["volume"], table["volume"], rtol=0.01)
    npt.assert_allclose(mesh.parts["volume"].sum(), 400 * 300 * 100.0, rtol=1e-12)
    assert list(mesh.parts["unit"]) == ["sand", "rock"]
    npt.assert_allclose(mesh.vertices.min(axis=0), [WEST, SOUTH, -100.0])


def test_comparing_a_lowered_contact_tells_by_how_much():
    """A contact 12 m lower: the base of the sand falls by 12 m, and 12 m of rock turn to sand."""
    report = geomodel_compare.compare(plane_model(level=-42.0), plane_model(level=-54.0))
    table = report.changes.set_index("unit")
    npt.assert_allclose(
        table.loc["sand", ["base_moved_mean", "base_moved_down"]].astype(float), [-12, 12], atol=1e-3
    )
    npt.assert_allclose(
        table["volume_after"] - table["volume_before"], [400 * 300 * 12.0, -400 * 300 * 12.0], rtol=1e-5
    )
    assert table.loc["sand", "gained_from"] == "rock"
    assert table.loc["rock", "lost_to"] == "sand"
    changed = report.cells["changed"] == 1
    assert int(changed.sum()) == int(table.loc["sand", "cells_gained"]) == 15 * 16
    same = geomodel_compare.compare(plane_model(), plane_model())
    assert not same.cells["changed"].any()
    assert (same.changes["base_moved_mean"].dropna() == 0).all()


def test_models_on_other_cells_are_compared_within_cells_where_both_reach():
    """A contact from −23 to −34.3 m on cells of half the size: −11.3 m, and volumes to single precision.

    Of a later model of the western half, only that half counts, before as after.
    """
    before, after = plane_model(level=-23.0), plane_model(level=-34.3, spacing=(5.0, 10.0, 12.5))
    for later, share in ((after, 1.0), (after.isel(easting=slice(16)), 0.5)):
        table = geomodel_compare.compare(before, later).changes.set_index("unit")
        npt.assert_allclose(table.loc["sand", "base_moved_mean"], -11.3, atol=1e-3)
        area = share * 400 * 300
        npt.assert_allclose(table["volume_before"], area * np.array([23.0, 77.0]), rtol=1e-6)
        npt.assert_allclose(table["volume_after"], area * np.array([34.3, 65.7]), rtol=1e-6)


def test_chances_in_percent_are_told_from_all_of_them():
    """Of chances without a unit, 99.5 and 0.5 are percent: the rare unit has 0.005, not one half."""
    model = plane_model(level=-50.0, field=False)
    one = xr.zeros_like(model["unit"], dtype=np.float32).drop_attrs()
    chances = asked_of("test", model.assign(probability_3=one + 99.5, probability_7=one + 0.5)).chances()
    npt.assert_allclose([np.unique(part) for part in chances], [[0.995], [0.005]], rtol=1e-6)


def test_heights_above_the_ellipsoid_are_no_ground():
    """They lie tens of metres off the elevations of a model, and are refused by name."""
    model = plane_model()
    ground = (0.0 * maps.thickness(model, "sand")).assign_attrs(standard_name="ellipsoidal_height", units="m")
    with pytest.raises(ContractError, match="elevation"):
        maps.depth_to_unit(model, "rock", ground)


def properties(**density):
    """Table of rocks."""
    frame = pd.DataFrame({"unit": list(density), "density": list(density.values())})
    frame.attrs["columns"] = {"density": {"unit": "kg/m3"}}
    return frame


def test_a_wide_slab_attracts_as_an_infinite_one():
    """2πGρh, less what is missing beyond the margin R: 2πGρ(√(R²+a²) − √(R²+b²) + h) on the axis of a disc.

    A square of half side R holds a disc of R and lies in one of √2 R, between which the value must be.
    """
    model = plane_model(level=-40.0, field=False, spacing=(10.0, 100.0, 100.0))
    stations = gpd.GeoDataFrame(geometry=shapely.points([[WEST + 200, SOUTH + 150]]), crs=CRS)
    found = geomodel_fields.gravity(
        model, properties(sand=2000, rock=2670), stations, height=1.0, margin=20_000.0
    )
    predicted = float(found.stations["predicted"].iloc[0])

    def disc(radius):
        return 2e5 * np.pi * GRAVITATIONAL * -670 * (40 + np.hypot(radius, 1) - np.hypot(radius, 41))

    slab = 2e5 * np.pi * GRAVITATIONAL * -670 * 40
    npt.assert_allclose(predicted, slab, rtol=2e-3)
    assert disc(20_150 * 2**0.5) <= predicted <= disc(20_150)


def test_the_misfit_takes_out_a_constant():
    """Data that are the prediction plus 7 mGal have that shift and no residual; the grid says the same."""
    model = plane_model((0.1, 0.0), field=False)
    rocks = properties(sand=2000, rock=2700)
    at = [[WEST + x, SOUTH + y] for x in (50, 200, 350) for y in (60, 220)]
    stations = gpd.GeoDataFrame(geometry=shapely.points(at), crs=CRS)
    stations["value"] = (
        geomodel_fields.gravity(model, rocks, stations, height=5.0).stations["predicted"] + 7.0
    )
    stations.attrs["columns"] = {"value": {"unit": "mGal"}}
    found = geomodel_fields.gravity(model, rocks, stations, column="value", height=5.0)
    npt.assert_allclose(
        found.misfit.loc[0, ["shift", "root_mean_square"]].astype(float), [7.0, 0.0], atol=1e-9
    )
    grid = xr.DataArray(
        np.arange(6.0).reshape(2, 3), {"northing": SOUTH + np.array([220.0, 60]), "easting": WEST + np.array([50.0, 200, 350])},
        ("northing", "easting"), attrs={"units": "mGal", "crs": CRS},
    )  # fmt: skip
    cells = geomodel_fields.gravity_grid(model, rocks, grid, height=5.0).fields["predicted"]
    npt.assert_allclose(np.sort(cells.to_numpy().ravel()), np.sort(stations["value"] - 7.0), atol=1e-6)


def test_the_reference_of_an_inversion_is_the_contrast():
    """Density less the background in each unit, nothing in the air; a unit without density is named."""
    model = plane_model(level=-40.0, ground=-10.0)
    found = geomodel_fields.reference_model(model, properties(sand=2000, rock=2700), background=2600.0)
    npt.assert_array_equal(np.unique(found.to_numpy()[np.isfinite(found)]), [-600.0, 100.0])
    assert np.isnan(found.isel(upward=0)).all()
    assert found.attrs["units"] == "kg/m3"
    with pytest.raises(ContractError, match="without rock"):
        geomodel_fields.reference_model(model, properties(sand=2000.0))


def test_a_wedge_under_an_unconformity_keeps_its_thickness():
    """Between a level base at −40 and a contact rising to it, 30 − 0.1 x, where that is more than a cell.

    Each contact is taken from the field of its own series; where the wedge is thinner than a cell no
    middle of a cell may lie in it, so that it may be missing.
    """
    lattice = new_lattice(
        "test", (WEST, SOUTH, -100.0, WEST + 400.0, SOUTH + 300.0, 0.0), (10.0, 20.0, 25.0), CRS
    )
    up, _north, east = np.meshgrid(lattice.upward, lattice.northing, lattice.easting, indexing="ij")
    young, old = up + 40.0, up + 70.0 - 0.1 * (east - WEST)
    units = UnitTable(np.array([1, 2, 3]), ("young", "wedge", "old"), ("#aa0000", "#00aa00", "#0000aa"))
    codes = np.where(young >= 0, 1, np.where(old >= 0, 2, 3))
    fields = {
        "field_one": (young.astype(np.float32), {"levels": '{"young": 0.0}'}),
        "field_two": (old.astype(np.float32), {"levels": '{"wedge": 0.0}'}),
    }
    model = volume_of(lattice, codes, units, fields=fields)
    thick = maps.thickness(model, "wedge")
    expected = np.broadcast_to(30.0 - 0.1 * (thick["easting"] - WEST), thick.shape)
    sure = expected >= 10.0
    npt.assert_allclose(thick.to_numpy()[sure], expected[sure], atol=1e-3)
    found = ask.virtual_borehole(model, easting=WEST + 63.0, northing=SOUTH + 111.0).intervals
    assert list(found["unit"]) == ["young", "wedge", "old"]
    npt.assert_allclose(found["to_depth"], [40.0, 70.0 - 6.3, 100.0], atol=1e-3)


def test_a_magnetic_block_is_a_dipole_from_afar():
    """On the axis of a vertical field, 2·10⁻⁷ m / r³ with the moment κ F V / μ₀, to the square of size over distance."""
    model = plane_model(level=500.0, field=False)
    codes = model["unit"].to_numpy().copy()
    codes[5, 7, 8] = 3
    model["unit"] = model["unit"].copy(data=codes)
    rocks = properties(sand=0.0, rock=0.0).assign(susceptibility=[0.05, 0.0])
    rocks.attrs["columns"] = {"susceptibility": {"unit": "SI"}}
    at = float(model["easting"][8]), float(model["northing"][7])
    stations = gpd.GeoDataFrame(geometry=shapely.points([at]), crs=CRS)
    found = geomodel_fields.magnetics(
        model, rocks, stations, height=445.0, margin=0.0, field_intensity=40_000.0, inclination=90.0,
        declination=0.0,
    )  # fmt: skip
    moment = 0.05 * 40_000e-9 / (4e-7 * np.pi) * 10 * 20 * 25
    npt.assert_allclose(found.stations["predicted"], 2e-7 * moment / 500.0**3 * 1e9, rtol=(25 / 500) ** 2)


def test_holes_at_the_ends_of_a_section_are_drawn():
    """A line through three collars shows all three, at its ends and in its middle; one beyond it is left out."""
    names = ["A", "B", "C", "D"]
    places = np.add([[50.0, 100], [150, 130], [350, 100], [380, 90]], [WEST, SOUTH])
    collars = gpd.GeoDataFrame(
        {"hole_id": names, "elevation": 5.0, "total_depth": 30.0},
        geometry=shapely.points(places), crs=CRS,
    )  # fmt: skip
    layers = pd.DataFrame({"hole_id": names, "from_depth": 0.0, "to_depth": 30.0, "unit": "sand"})
    line = shapely.LineString(places[:3])
    found = holes_near(
        "test", Boreholes(collars, intervals={"geology": layers}), CRS, line, 50.0, table="", column=""
    )
    assert [name for name, *_place in found.holes] == ["A", "B", "C"]
    expected = [0.0, np.hypot(100, 30), line.length]
    npt.assert_allclose(found.distance, np.column_stack([expected, expected]), atol=1e-9)


def test_holes_beside_a_section_are_turned_into_it():
    """A hole 60 m beside the line stands at its foot on it, one beyond `reach` is left out."""
    collars = gpd.GeoDataFrame(
        {"hole_id": ["near", "far"], "elevation": [5.0, 5.0], "total_depth": [30.0, 30.0]},
        geometry=shapely.points([[WEST + 130, SOUTH + 160], [WEST + 130, SOUTH + 250]]), crs=CRS,
    )  # fmt: skip
    layers = pd.DataFrame(
        {"hole_id": ["near", "far"], "from_depth": 0.0, "to_depth": 30.0, "unit": ["sand", "sand"]}
    )
    line = shapely.LineString([(WEST + 50, SOUTH + 100), (WEST + 350, SOUTH + 100)])
    found = holes_near(
        "test", Boreholes(collars, intervals={"geology": layers}), CRS, line, 100.0, table="", column=""
    )
    npt.assert_allclose(found.distance, [[80.0, 80.0]])
    npt.assert_allclose(found.upward, [[5.0, -25.0]])
    assert found.holes == [("near", 80.0, 5.0)]
