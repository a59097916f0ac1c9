"""Bodies within wireframes: boxes as meshes, cavities, units of a model, and what is refused."""

from dataclasses import replace

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import shapely
from tests import samples
from tests.golden.test_bodies import EARTH, EAST, NORTH, grid, table

from craton.methods.bodies import gravity_of_bodies, magnetics_of_bodies
from craton.methods.geomodel_surfaces import surfaces
from craton.methods.surface_bodies import gravity_of_surfaces, magnetics_of_surfaces
from craton.model.data import Mesh
from craton.model.errors import ContractError

LOW, HIGH = np.array([-300.0, -200.0, -900.0]), np.array([300.0, 200.0, -150.0])


def box(low=LOW, high=HIGH):
    """Corners and triangles of a box, each triangle with corners of its own, as in files of triangles."""
    unit = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    faces = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    three = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
    corners = (low + unit * (high - low) + [EAST, NORTH, 0.0])[three.ravel()]
    return corners, np.arange(len(corners), dtype=np.int32).reshape(-1, 3)


def mesh(*shapes):
    """Shapes as the parts `body 1`, `body 2`, ..."""
    corners = np.concatenate([one for one, _ in shapes])
    offsets = np.cumsum([0, *(len(one) for one, _ in shapes[:-1])])
    faces = [one + offset for (_, one), offset in zip(shapes, offsets, strict=True)]
    part = np.repeat(np.arange(len(shapes), dtype=np.int32), [len(one) for one in faces])
    names = pd.DataFrame({"part_id": [f"body {n + 1}" for n in range(len(shapes))]})
    return Mesh(corners, np.concatenate(faces).astype(np.int32), part, names)


def properties(**columns):
    frame = pd.DataFrame({"part_id": ["body 1"], "density": 300.0, "susceptibility": 0.02, **columns})
    frame.attrs["columns"] = {"density": {"unit": "kg/m3"}, "susceptibility": {"unit": "SI"}}
    return frame


def test_a_box_of_triangles_is_a_prism():
    """Gravity and magnetic field of the prism of the same sides, to 1e-9 of the peak; turned inside out alike."""
    whole = table(
        [shapely.Point(EAST, NORTH)], kind="prism", width=600.0, length=400.0, top=-150.0, bottom=-900.0
    )
    corners, faces = box()
    for triangles in (faces, faces[:, ::-1]):
        body = mesh((corners, triangles))
        gravity = gravity_of_surfaces(body, grid(), properties(), height=20.0)
        npt.assert_allclose(gravity, gravity_of_bodies(whole, grid(), height=20.0), rtol=0, atol=1e-9)
        field = magnetics_of_surfaces(body, grid(), properties(), height=20.0, **EARTH)
        npt.assert_allclose(
            field, magnetics_of_bodies(whole, grid(), height=20.0, **EARTH), rtol=0, atol=1e-8
        )


def test_cavities_and_parts():
    """A shell within a body, facing in, is a cavity; parts add up; parts without properties are left out."""
    corners, faces = box()
    inner, turned = box(LOW + 100, HIGH - 100)
    hollow = mesh((np.concatenate([corners, inner]), np.concatenate([faces, turned[:, ::-1] + len(corners)])))
    both = mesh(box(), box(LOW + 100, HIGH - 100))
    found = gravity_of_surfaces(hollow, grid(), properties())
    two = properties(part_id=["body 1", "body 2"], density=[300.0, -300.0])
    two.attrs = properties().attrs
    npt.assert_allclose(found, gravity_of_surfaces(both, grid(), two), rtol=0, atol=1e-9)
    one = gravity_of_surfaces(both, grid(), properties())
    npt.assert_allclose(one, gravity_of_surfaces(mesh(box()), grid(), properties()), rtol=0, atol=1e-12)


def test_units_of_a_model_are_bodies():
    """What `geomodel.surfaces` gives is closed: the far field is that of its volume as a point, within 1 %."""
    body = surfaces(samples.geological_model(), units=("rock",))
    at = samples.grid()
    values = pd.DataFrame({"part_id": ["rock"], "density": [500.0]})
    values.attrs["columns"] = {"density": {"unit": "kg/m3"}}
    found = gravity_of_surfaces(body, at, values, height=60_000.0)
    middle = body.vertices.mean(axis=0)
    north, east = np.meshgrid(at.northing, at.easting, indexing="ij")
    away = np.stack([east - middle[0], north - middle[1], np.full(at.shape, 60_000.0) - middle[2]])
    point = 6.6743e-11 * 500.0 * body.parts["volume"].item() * away[2] / np.linalg.norm(away, axis=0) ** 3
    npt.assert_allclose(found, 1e5 * point, rtol=0.01)


def test_meshes_that_are_refused():
    """Open or turned surfaces, flat ones, another reference system, names of nobody or twice, vertices of none."""
    corners, faces = box()
    turned = np.concatenate([faces[:1, ::-1], faces[1:]])
    flat = np.concatenate([faces[:1], faces[:1, ::-1]])
    lost = corners.copy()
    lost[0, 0] = np.nan
    twice = properties(part_id=["body 1", "body 1"], density=[1.0, 2.0])
    twice.attrs = properties().attrs
    for body, values, words in (
        (mesh((corners, faces[1:])), properties(), "3 edges of 'body 1'"),
        (mesh((corners, turned)), properties(), "open or turned"),
        (mesh((corners, flat)), properties(), "volume within"),
        (mesh((lost, faces)), properties(), "without"),
        (replace(mesh((corners, faces)), crs="EPSG:32755"), properties(), "EPSG:32755"),
        (mesh((corners, faces)), properties(part_id=["ore"]), "names parts"),
        (mesh((corners, faces)), twice, "twice"),
    ):
        with pytest.raises(ContractError, match=words):
            gravity_of_surfaces(body, grid(), values)
