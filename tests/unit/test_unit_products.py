"""Products and powers of units agree with pint, whatever spelling they end in."""

import itertools

import numpy.testing as npt
import pint
import pytest

from craton.model import unit_products, units
from craton.model.errors import InvalidError

SOME = ["m", "km", "ft", "ha", "mGal", "m/s2", "nT/m", "kg/m3", "g/t", "%", "ppm", "mg/kg", "ohm.m", "mS/m", "K/km", "W/m/K", "1", "deg", "1e-3 SI", "km/km2"]  # fmt: skip


def in_base(unit, number=1.0):
    """Size of a unit in base units, by pint alone."""
    registry = pint.application_registry
    size = registry.Quantity(units.units()[unit].size) if unit in units.units() else registry.Quantity(1.0)
    if unit not in units.units():
        above, *below = unit.split("/")
        for part, sign in [*((p, 1) for p in above.split(".") if p != "1"), *((p, -1) for p in below)]:
            atom, power = (part[:-1], int(part[-1])) if part[-1].isdigit() else (part, 1)
            size = size * registry.Quantity(units.units()[atom].size) ** (sign * power)
    return (number * size).to_base_units()


@pytest.mark.parametrize("divided", [False, True])
@pytest.mark.parametrize(("one", "other"), list(itertools.product(SOME, SOME)))
def test_products_have_the_size_that_pint_gives(one, other, divided):
    """Scale × unit of the result equals one × other (or one ÷ other), in dimension and to 1e-12 in size."""
    unit, scale = unit_products.product(one, other, divided=divided)
    left, right = in_base(one), in_base(other)
    expected = left / right if divided else left * right
    found = in_base(unit, scale)
    assert found.dimensionality == expected.dimensionality
    npt.assert_allclose(found.to(expected.units).magnitude, expected.magnitude, rtol=1e-12)
    assert units.parse(unit) == unit


@pytest.mark.parametrize(
    ("unit", "exponent", "expected"),
    [("m", 2, ("m2", 1)), ("m2", 0.5, ("m", 1)), ("mGal/m", 2, ("mGal2/m2", 1)), ("%", 2, ("1", 1e-4)),
     ("m", -1, ("1/m", 1)), ("km/km2", 1, ("1/km", 1)), ("m", 0, ("1", 1))],
)  # fmt: skip
def test_powers(unit, exponent, expected):
    """A power multiplies the powers of the factors; a fraction becomes a pure number."""
    assert unit_products.power(unit, exponent) == (expected[0], pytest.approx(expected[1], rel=1e-14))


@pytest.mark.parametrize(
    ("unit", "exponent"), [("m", 0.5), ("ha", 0.5), ("m", 10), ("degC", 2), ("nGy/h", 2)]
)
def test_powers_without_a_unit_are_refused(unit, exponent):
    """Half a metre-power, the square of a temperature and units without factors have no spelling."""
    with pytest.raises(InvalidError):
        unit_products.power(unit, exponent)


@pytest.mark.parametrize("unit", ["degC", "degF"])
def test_temperatures_with_a_zero_of_their_own_have_no_products(unit):
    """Twice 20 degC is no temperature; a kelvin is."""
    for other in ("1", "m", unit):
        with pytest.raises(InvalidError, match="no products"):
            unit_products.product(unit, other)
    assert unit_products.product("K", "1") == ("K", 1.0)
