"""Spellings of units, and conversion by published factors."""

from __future__ import annotations

import numpy as np
import pytest

from craton.model import units
from craton.model.errors import InvalidError


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("mGal", "mGal"),
        ("MGAL", "mGal"),
        ("milligal", "mGal"),
        ("gu", "um/s2"),
        ("µm/s²", "um/s2"),
        ("μm s⁻²", "um/s2"),
        ("nT", "nT"),
        ("NT", "nT"),
        ("gamma", "nT"),
        ("eotvos", "Eo"),
        ("Eötvös", "Eo"),
        ("ppm", "ppm"),
        ("ppb", "ppb"),
        ("g/t", "g/t"),
        ("mg/kg", "mg/kg"),
        ("MG/KG", "mg/kg"),
        ("µg/g", "ug/g"),
        ("%", "%"),
        ("pct", "%"),
        ("PERCNT", "%"),
        ("wt%", "wt%"),
        ("API", "gAPI"),
        ("GAPI", "gAPI"),
        ("OHMM", "ohm.m"),
        ("Ω·m", "ohm.m"),
        ("ohm-m", "ohm.m"),
        ("us/ft", "us/ft"),
        ("US/F", "us/ft"),
        ("m", "m"),
        ("M", "m"),
        ("ft", "ft"),
        ("usft", "ftUS"),
        ("US survey foot", "ftUS"),
        ("km", "km"),
        ("degC", "degC"),
        ("°C", "degC"),
        ("deg C", "degC"),
        ("cps", "cps"),
        ("count s-1", "cps"),
        ("mS/m", "mS/m"),
        ("MS/M", "mS/m"),
        ("SI", "SI"),
        ("10^-5 SI", "1e-5 SI"),
        ("g/cm3", "g/cm3"),
        ("G/C3", "g/cm3"),
        ("kg/m3", "kg/m3"),
        ("kg m-3", "kg/m3"),
        ("K/M3", "kg/m3"),
        ("nGy/h", "nGy/h"),
        ("Ma", "Ma"),
        ("DEG", "deg"),
        ("degrees_north", "deg"),
        ("V/V", "1"),
        ("m3 m-3", "1"),
        ("unitless", "1"),
        ("W m-1 K-1", "W/m/K"),
        ("[m]", "m"),
        ("(nT)", "nT"),
        ("mm yr-1", "mm/a"),
        ("m.s^-2", "m/s2"),
        ("m**2", "m2"),
        ("MN/m2", "MPa"),
        ("mV/km/nT", "mV/km/nT"),
        ("kg m^-2 s^-1", "kg/m2/s"),
        ("亩", "mu"),
    ],
)
def test_spellings_surveys_use(spelling, canonical):
    """Each way that files write a unit is brought to one."""
    assert units.parse(spelling) == canonical


@pytest.mark.parametrize(
    "text", ["", "  ", "-", "n/a", "none", "yyyy-mm-dd", "dd/mm/yyyy", "hh:mm", "yyyy-mm-ddThh:mm:ss"]
)
def test_text_that_states_no_unit(text):
    """Blanks, marks of absence and date formats state no unit, which is not the same as an unknown one."""
    assert units.parse(text) == ""


@pytest.mark.parametrize(
    "text", ["foo", "ppt", "F", "J/kg K", "mm/month", "days since 2000-01-01", "in situ"]
)
def test_text_that_is_not_understood(text):
    """Unknown and ambiguous units (parts per trillion or per thousand?) are not guessed."""
    assert units.parse(text) is None


def test_case_tells_units_apart():
    """Where only the case differs, it decides: mega from milli, siemens from second."""
    assert [units.parse(text) for text in ("MHz", "mHz")] == ["MHz", "mHz"]
    assert [units.parse(text) for text in ("Mg", "mg")] == ["Mg", "mg"]
    assert [units.parse(text) for text in ("S", "s")] == ["S", "s"]
    assert [units.parse(text) for text in ("mS", "ms")] == ["mS", "ms"]


@pytest.mark.parametrize(
    ("from_unit", "to_unit", "factor"),
    [
        ("um/s2", "mGal", 0.1),  # 1 gravity unit
        ("ftUS", "m", 1200 / 3937),  # NIST Handbook 44
        ("ft", "m", 0.3048),
        ("nmi", "m", 1852.0),
        ("fathom", "m", 1.8288),
        ("ppb", "mg/kg", 0.001),
        ("g/t", "mg/kg", 1.0),
        ("%", "mg/kg", 10_000.0),
        ("ozt/ton", "g/t", 34.285714285714),  # troy ounces a short ton
        ("us/ft", "us/m", 1 / 0.3048),
        ("1e-6 cgs", "SI", 4e-6 * np.pi),
        ("psi", "kPa", 6.894757293168),
        ("kgf/cm2", "kPa", 98.0665),
        ("mD", "D", 0.001),
        ("Eo", "mGal/m", 1e-4),
        ("hfu", "mW/m2", 41.84),
        ("m3/d", "L/s", 1000 / 86400),
        ("mm/a", "m/s", 1e-3 / (365.25 * 86400)),
        ("uS/cm", "mS/m", 0.1),
        ("pCi/L", "Bq/m3", 37.0),
        ("mu", "ha", 1 / 15),
        ("rai", "m2", 1600.0),
        ("km3/a", "hm3/a", 1000.0),
        ("kWh", "MJ", 3.6),
        ("person", "count", 1.0),
    ],
)
def test_conversion_by_published_factors(from_unit, to_unit, factor):
    """Factors are those of the standards, to 14 digits."""
    assert units.conversion(from_unit, to_unit) == (pytest.approx(factor, rel=1e-13), 0.0)


def test_money_converts_into_money_only():
    """Money is one's own currency: per area it follows the area, and it is no pure number."""
    assert units.conversion("money/ha", "money/km2") == (pytest.approx(100.0, rel=1e-13), 0.0)
    assert units.parse("currency/m3") == "money/m3"
    assert not any(units.compatible("money", other) for other in ("1", "count", "kWh", "t"))


def test_persons_of_an_area_are_an_areal_number():
    """Persons are counted, so that a density of people is one of any thing counted."""
    assert units.conversion("person/ha", "1/km2") == (pytest.approx(100.0, rel=1e-13), 0.0)
    assert [units.parse(text) for text in ("persons", "people", "person/km2")] == [
        "person",
        "person",
        "1/km2",
    ]


def test_temperature_has_a_shift():
    """Water boils at 212 °F, 100 °C and 373.15 K."""
    np.testing.assert_allclose(units.convert([32.0, 212.0], "degF", "degC"), [0.0, 100.0], atol=1e-10)
    np.testing.assert_allclose(units.convert([0.0, 100.0], "degC", "K"), [273.15, 373.15])


def test_gradients_are_steps_not_temperatures():
    """In a product a degree Celsius is a step of one kelvin."""
    assert units.parse("°C/km") == "K/km"
    assert units.parse("degC m-1") == "K/m"
    np.testing.assert_allclose(units.convert([30.0], "K/km", "K/m"), [0.03])


def test_products_outside_the_table_convert():
    """A product of known units converts by its parts."""
    np.testing.assert_allclose(units.convert([36.0], "km/h", "m/s"), [10.0])
    np.testing.assert_allclose(
        units.convert([1.0], units.parse("g/m2/h") or "", units.parse("kg/m2/s") or ""), [1e-3 / 3600]
    )


def test_incompatible_units_are_refused():
    """A length is no acceleration, and an angle no percentage, though a physicist sees two pure numbers."""
    for pair in (("m", "mGal"), ("deg", "%"), ("foo", "m"), ("m", "foo"), ("gAPI", "1")):
        assert not units.compatible(*pair)
        with pytest.raises(InvalidError):
            units.convert([1.0], *pair)


def test_no_unit_is_compatible_with_none_only():
    """An unstated unit converts to nothing."""
    assert not units.compatible("", "m")
    assert not units.compatible("m", "")
    assert units.compatible("", "")
