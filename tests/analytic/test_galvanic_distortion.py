"""Galvanic distortion of magnetotelluric stations: known strike, twist and shear come back."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from tests import samples

from craton.kernels import galvanic_distortion as distortion
from craton.kernels import magnetotelluric_layers as layers
from craton.kernels.impedance_tensor import turned
from craton.methods.magnetotelluric_distortion import distortion as process
from craton.model.errors import ContractError

FREQUENCY = np.geomspace(1e-3, 1e3, 13)
ALONG = layers.impedance(FREQUENCY, [100.0, 5.0, 1000.0], [500.0, 3000.0])
ACROSS = layers.impedance(FREQUENCY, [100.0, 300.0, 10.0], [500.0, 9000.0])


def regional(one=ALONG, other=ACROSS):
    """Impedances in the axes of the strike."""
    return np.stack([np.stack([0 * one, one], -1), np.stack([-other, 0 * one], -1)], -2)


def distorted(strike, twist, shear, tensor=None):
    """Impedances to the north of ground with a strike, by a field that is twisted and sheared."""
    t, e = np.tan(np.radians([twist, shear]))
    local = np.array([[1, -t], [t, 1]]) @ np.array([[1, e], [e, 1]]) / np.sqrt((1 + t * t) * (1 + e * e))
    whole = local @ (regional() if tensor is None else tensor)
    return turned(whole, np.full(len(whole), -strike))


def table(tensor, azimuth=0.0):
    frame = pd.DataFrame({"station": "S1", "frequency": FREQUENCY, "impedance_rotation": azimuth})
    for place, part in enumerate(("xx", "xy", "yx", "yy")):
        value = tensor.reshape(-1, 4)[:, place]
        frame[f"z{part}_real"], frame[f"z{part}_imaginary"] = value.real, value.imag
    frame.attrs["columns"] = {name: {"unit": "mV/km/nT"} for name in frame.columns[3:]}
    frame.attrs["columns"]["frequency"] = {"unit": "Hz"}
    return frame


@pytest.mark.parametrize(
    ("strike", "twist", "shear"), [(30.0, -12.0, 25.0), (-40.0, 35.0, -38.0), (0.0, 0, 0)]
)
def test_angles_come_back(strike, twist, shear):
    """Without noise: strike, twist and shear to 1e-5 degrees, and the impedances of the region to 1e-6."""
    tensor = distorted(strike, twist, shear)
    found = distortion.decomposed(tensor, 0.03 * np.abs(ALONG))
    npt.assert_allclose(found[0:1] + found[2:4], (strike, twist, shear), atol=1e-5)
    assert found.misfit < 1e-6
    back, _ = distortion.undistorted(tensor, np.full(tensor.shape, np.nan), found)
    npt.assert_allclose(back, regional(), atol=1e-6 * np.abs(ALONG).max())


def test_anisotropy_and_gain_stay_as_static_shift():
    """Any real matrix of distortion: what is left has no diagonal, and each mode is its curve times a number."""
    local = np.array([[1.3, 0.4], [0.5, 0.9]])
    tensor = turned(local @ regional(), np.full(len(ALONG), -20.0))
    found = distortion.decomposed(tensor, 0.03 * np.abs(ALONG))
    # Twist + shear is the angle of the first column of the matrix from x, shear − twist of the second from y.
    first, second = np.degrees(np.arctan([0.5 / 1.3, 0.4 / 0.9]))
    npt.assert_allclose(found[2:4], ((first - second) / 2, (first + second) / 2), atol=1e-5)
    back, _ = distortion.undistorted(tensor, np.full(tensor.shape, np.nan), found)
    npt.assert_allclose(back[:, [0, 1], [0, 1]], 0, atol=1e-6 * np.abs(ALONG).max())
    for row, column, curve, gain in ((0, 1, ALONG, (1.3, 0.5)), (1, 0, -ACROSS, (0.4, 0.9))):
        npt.assert_allclose(back[:, row, column] / curve, np.hypot(*gain), rtol=1e-6)


def test_noise_and_flat_ground():
    """3 % noise: misfit near 1, angles within 2°, the strike within its range; over 1-D ground any strike will do."""
    random = np.random.default_rng(3)
    tensor = distorted(30.0, -12.0, 25.0)
    deviation = 0.03 * np.sqrt((np.abs(tensor) ** 2).sum(axis=(1, 2)) / 2) / np.sqrt(2)
    noise = random.normal(size=(2, *tensor.shape)) * deviation[:, None, None]
    found = distortion.decomposed(tensor + noise[0] + 1j * noise[1], deviation)
    assert 0.7 < found.misfit < 1.3
    npt.assert_allclose(found[0:1] + found[2:4], (30.0, -12.0, 25.0), atol=2.0)
    assert abs(found.strike - 30.0) < 2 * found.strike_range < 8.0
    flat = distorted(10.0, 5.0, 8.0, regional(ALONG, ALONG))
    npt.assert_allclose(distortion.decomposed(flat, 0.03 * np.abs(ALONG)).strike_range, 45.0)


def test_stations_and_their_axes():
    """Axes turned by 25° tell the same azimuth of the strike; a strike a right angle away shears the other way."""
    tensor = distorted(30.0, -12.0, 25.0)
    plain = process(table(tensor))
    turn = process(table(turned(tensor, np.full(len(tensor), 25.0)), 25.0))
    for found in (plain, turn):
        row = found.distortion.iloc[0]
        npt.assert_allclose(row[["strike", "twist", "shear"]].astype(float), [30.0, -12.0, 25.0], atol=1e-5)
        npt.assert_allclose(found.impedances["impedance_rotation"], 30.0, atol=1e-5)
        npt.assert_allclose(found.impedances["zxy_real"], ALONG.real, rtol=1e-5)
    other = process(table(tensor), strike=120.0)
    npt.assert_allclose(other.distortion["shear"], -25.0, atol=1e-4)
    npt.assert_allclose(other.impedances["zxy_real"], ACROSS.real, rtol=1e-4)


def test_what_is_refused_and_what_is_lost():
    """Too few periods, a band of nothing, axes that turn with the period; a shear of 45° leaves no impedances."""
    frame = table(distorted(30.0, -12.0, 25.0))
    turning = frame.assign(impedance_rotation=np.arange(13.0))
    turning.attrs = frame.attrs
    for given, options, words in (
        (frame, {"longest": 2e-3}, "at least 3 periods"),
        (frame, {"shortest": 10.0, "longest": 1.0}, "below `longest`"),
        (turning, {}, "do not turn"),
    ):
        with pytest.raises(ContractError, match=words):
            process(given, **options)
    lost = process(table(distorted(0.0, 0.0, 45.0)), strike=0.0)
    assert lost.impedances["zxy_real"].isna().all()
    assert process(samples.impedances(), "name").distortion["misfit"].item() < 3.0
