"""The vocabulary tables hold together: each unit parses, each quantity has one, each name leads to one."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import numpy as np
import pytest

from craton.model import licences, quantities, units
from craton.model.findings import FINDINGS, REFUSALS


def _rows(name):
    return tomllib.loads(files("craton.model").joinpath(f"tables/{name}").read_text("utf-8"))


def test_each_unit_is_found_by_each_of_its_spellings():
    """Every spelling in the table leads to its own unit, and the canonical one to itself."""
    for symbol, row in _rows("units.toml").items():
        assert units.parse(symbol) == symbol
        for spelling in (*row.get("also", ()), *row.get("only", ())):
            assert units.parse(spelling) == symbol, spelling


def test_units_of_a_kind_convert_into_each_other():
    """Any two units of one kind have a finite factor, and the way back is its inverse."""
    by_kind = {}
    for unit in units.units().values():
        by_kind.setdefault(unit.kind, []).append(unit.symbol)
    for kind, symbols in by_kind.items():
        for symbol in symbols:
            there = units.convert([1.0, 2.5], symbols[0], symbol)
            back = units.convert(there, symbol, symbols[0])
            np.testing.assert_allclose(back, [1.0, 2.5], rtol=1e-9, err_msg=f"{kind}: {symbol}")


def test_units_of_different_kinds_do_not_mix():
    """A unit is compatible with those of its kind only, even where a physicist sees the same dimension."""
    first = {}
    for unit in units.units().values():
        first.setdefault(unit.kind, unit.symbol)
    symbols = list(first.values())
    for number, one in enumerate(symbols):
        assert not any(units.compatible(one, other) for other in symbols[number + 1 :])


def test_there_are_quantities_for_all_fields():
    """The registry covers the fields of a survey, with more than eighty quantities beside concentrations."""
    rules = quantities.quantities()
    plain = [name for name in rules if not name.endswith("_concentration")]
    assert len(plain) > 80
    topics = {rule.topic for rule in rules.values()}
    assert {
        "gravity",
        "magnetics",
        "geochemistry",
        "hydrology",
        "hazards",
        "geotechnics",
        "remote_sensing",
        "terrain",
    } <= topics


def test_each_quantity_has_a_canonical_unit_and_two_titles():
    """Units are spelled canonically, titles are given in English and Chinese."""
    for rule in quantities.quantities().values():
        assert units.parse(rule.unit) == rule.unit, rule.name
        assert rule.unit == "" or rule.unit in units.units(), rule.name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", rule.name)
        assert rule.title["en"]
        assert re.search(r"[\u4e00-\u9fff]", rule.title["zh"]), rule.name


def test_each_alias_leads_to_its_quantity_alone():
    """No name stands for two quantities, and each is in the spelling it is looked up by."""
    seen = {}
    for rows in _rows("quantities.toml").values():
        for name, row in rows.items():
            for alias in (name, *row.get("also", ()), *row.get("mnemonic", ())):
                assert seen.setdefault(alias, name) == name, alias
                assert re.fullmatch(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)*", alias), alias
                unit = row["unit"] if row.get("stated") else ""
                assert quantities.recognise(alias, unit=unit, logs=True).quantity == name, alias


def test_each_element_and_oxide_is_recognised():
    """A symbol with a unit is its concentration, in the solid and in water."""
    tables = _rows("elements.toml")
    for symbol, (word, *_) in tables["elements"].items():
        assert quantities.recognise(f"{symbol}_ppm").quantity == f"{word}_concentration"
        assert quantities.recognise(f"{symbol} (mg/L)").quantity == f"dissolved_{word}_concentration"
        assert quantities.canonical_unit(f"{word}_concentration") == "mg/kg"
    for formula, (word, *_) in tables["oxides"].items():
        assert quantities.recognise(f"{formula} (wt%)").quantity == f"{word}_concentration"
        assert quantities.canonical_unit(f"{word}_concentration") == "wt%"


@pytest.mark.parametrize("name", _rows("licences.toml"))
def test_each_licence_is_found_by_its_names(name):
    """The SPDX identifier and each short name lead to the licence."""
    row = _rows("licences.toml")[name]
    for text in (name, *row["names"]):
        assert licences.licence_from_text(text) == name, text


def test_each_finding_and_refusal_is_described():
    """Codes are words with hyphens; each finding says how bad it is, what it means and what to do."""
    for code, rule in FINDINGS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
        assert rule.severity in {"info", "doubt", "error"}
        assert rule.meaning.format(count=1)
        assert rule.todo
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) and meaning for code, meaning in REFUSALS.items())
