"""Questions to the GeoTOP voxel model of Utrecht: a published volume of classes answers as our own do."""

import numpy as np
import numpy.testing as npt
import pytest
from tests.reading import DATA, read_source

from craton.methods import geomodel_ask as ask
from craton.methods import geomodel_ask_map as maps
from craton.methods import geomodel_section, geomodel_surfaces

GEOTOP = DATA / "boreholes/utrecht_science_park/geotop_usp.nc"

pytestmark = pytest.mark.skipif(
    not GEOTOP.exists(), reason="the open survey data is not beside this checkout"
)


@pytest.fixture(scope="module")
def geotop():
    """Voxels of 100 m × 100 m × 0.5 m."""
    return read_source(GEOTOP)[1][0].data


def runs(column):
    """Codes of a column from the top and how many cells each goes on for, without air."""
    codes = np.nan_to_num(column[::-1])
    codes = codes[np.flatnonzero(codes)[0] : np.flatnonzero(codes)[-1] + 1]
    starts = np.flatnonzero(np.append(True, np.diff(codes) != 0))
    return codes[starts], np.diff(np.append(starts, codes.size))


def test_a_virtual_hole_is_the_column_of_voxels(geotop):
    """At the middle of a column: the strata of its voxels, thickness the count of voxels times 0.5 m."""
    column = geotop["strat"].sel(easting=140_350, northing=455_350).transpose("upward").to_numpy()
    codes, counts = runs(column)
    found = ask.virtual_borehole(geotop, easting=140_350.0, northing=455_350.0).intervals
    assert [int(name) for name in found["unit"]] == codes.astype(int).tolist()
    npt.assert_allclose(found["thickness"], 0.5 * counts, atol=1e-6)
    lithoclass = ask.virtual_borehole(geotop, easting=140_350.0, northing=455_350.0, variable="lithok")
    assert lithoclass.intervals["probability"].between(0, 1).all()


def test_volumes_are_counts_of_voxels(geotop):
    """5,000 m³ a voxel, for every stratum."""
    table = ask.volumes(geotop)
    values, counts = np.unique(geotop["strat"].to_numpy(), return_counts=True)
    expected = {int(v): 5000.0 * n for v, n in zip(values, counts, strict=True) if np.isfinite(v)}
    assert dict(zip(table["code"], table["volume"], strict=True)) == pytest.approx(expected)
    thick = maps.thickness(geotop, "5060")
    assert float(thick.sum()) * 10_000 == pytest.approx(expected[5060])


def test_sections_slices_and_surfaces_are_made(geotop):
    """A section along a column of voxels, a cut at their level and closed surfaces agree with the voxels."""
    section = geomodel_section.section(
        geotop, along=(140_350.0, 454_700.0, 140_350.0, 456_200.0), spacing=100.0
    )
    expected = np.nan_to_num(geotop["strat"].sel(easting=140_350).transpose("upward", "northing").to_numpy())
    npt.assert_array_equal(section.section["strat"], expected[::-1])
    cut = maps.slice_(geotop, elevation=-9.75).slice
    npt.assert_array_equal(
        cut,
        np.nan_to_num(geotop["strat"].sel(upward=-9.75).transpose("northing", "easting").to_numpy())[::-1],
    )
    mesh = geomodel_surfaces.surfaces(geotop, smoothing=0)
    volumes = ask.volumes(geotop).set_index("unit")["volume"]
    npt.assert_allclose(mesh.parts.set_index("unit")["volume"], volumes[mesh.parts["unit"]], rtol=1e-9)
