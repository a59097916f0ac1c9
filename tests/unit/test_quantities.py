"""Column names of real surveys, and what they say."""

from __future__ import annotations

import pytest

from craton.model import quantities


@pytest.mark.parametrize(
    ("name", "quantity", "unit"),
    [
        ("Au_ppm", "gold_concentration", "ppm"),
        ("Au (ppm)", "gold_concentration", "ppm"),
        ("AuPPM", "gold_concentration", "ppm"),
        ("AU_PPB_FA50", "gold_concentration", "ppb"),
        ("U ppm", "uranium_concentration", "ppm"),
        ("K_ppm", "potassium_concentration", "ppm"),
        ("Fe%", "iron_concentration", "%"),
        ("Ni_mg_kg", "nickel_concentration", "mg/kg"),
        ("eU_ppm", "equivalent_uranium", "ppm"),
        ("Eu_ppm", "europium_concentration", "ppm"),
        ("Ca (mg/L)", "dissolved_calcium_concentration", "mg/L"),
        ("SiO2", "silica_concentration", ""),
        ("Al2O3 (wt%)", "alumina_concentration", "wt%"),
        ("gravity_mgal", "gravity", "mGal"),
        ("Bouguer anomaly (gu)", "bouguer_anomaly", "um/s2"),
        ("FreeAirAnomaly", "free_air_anomaly", ""),
        ("total_field_anomaly_nt", "magnetic_anomaly", "nT"),
        ("TMI", "total_magnetic_intensity", ""),
        ("mag_nt", "total_magnetic_intensity", "nT"),
        ("mag", "magnitude", ""),
        ("elevation_m", "elevation", "m"),
        ("ELEV_FT", "elevation", "ft"),
        ("depth", "depth", ""),
        ("Depth (km)", "depth", "km"),
        ("bathymetry_m", "bathymetry", "m"),
        ("slip_rate", "slip_rate", ""),
        ("age_ma", "numeric_age", "Ma"),
        ("temp_c", "temperature", "degC"),
        ("susceptibility [10^-5 SI]", "magnetic_susceptibility", "1e-5 SI"),
        ("rainfall (mm/d)", "precipitation_rate", "mm/d"),
        ("GR (API)", "natural_gamma", "gAPI"),
        ("total_count_cps", "gamma_total_count", "cps"),
        ("area_sqkm", "area", "km2"),
        ("K_ppm_imp", "potassium_concentration", "ppm"),
        ("Tdew", "dew_point_temperature", ""),
        ("comm_minor", "commodity", ""),
        ("FINALMAG", "total_magnetic_intensity", ""),
        ("RAWMAG", "total_magnetic_intensity", ""),
        ("GRAV_AAGD07", "gravity", ""),
        ("F_A_Anom", "free_air_anomaly", ""),
        ("BA (mGal)", "bouguer_anomaly", "mGal"),
        ("BA (ppm)", "barium_concentration", "ppm"),
        ("POTFIN (%)", "potassium_concentration", "%"),
        ("URAFIN (ppm)", "equivalent_uranium", "ppm"),
        ("THOFIN (ppm)", "equivalent_thorium", "ppm"),
        ("TOTFIN (nGy/h)", "gamma_dose_rate", "nGy/h"),
        ("elv", "elevation", ""),
        ("geotechnical_soil_name", "lithology", ""),
        ("beginning_ma", "numeric_age", "Ma"),
        ("reflectance", "reflectance", ""),
        ("cu_pct", "copper_concentration", "%"),
        ("Th (%)", "", "%"),
    ],
)
def test_names_say_quantity_and_unit(name, quantity, unit):
    """Aliases, units in brackets or at the end, and case are all read."""
    match = quantities.recognise(name)
    assert (match.quantity, match.unit) == (quantity, unit)


@pytest.mark.parametrize(
    "name",
    [
        "OBJECTID",
        "x",
        "K",
        "As",
        "In",
        "V",
        "No",
        "GR",
        "type_c",
        "year",
        "name",
        "dist.m",
        "K_ppm_imp_",
        "K_ppm_log",
        "Zn_ppm_i",
        "minerals",
        "area",
        "displacement",
        "slip_type",
        "landslide_trigger",
        "landslide_size",
        "MAG_LEV",
        "BA",
        "lithok",
        "bigtujunga",
        "TOTFIN",
    ],
)
def test_names_that_say_nothing(name):
    """Words that only look like a symbol or a mnemonic are not taken for one."""
    assert quantities.recognise(name) == quantities.Match()


def test_bare_symbols_count_in_tables_of_analyses():
    """`K` and `As` are elements beside other analytes, not in any table."""
    assert quantities.is_chemistry(["SAMPLE", "AS", "CU", "PB", "ZN"])
    assert quantities.recognise("K", chemistry=True).quantity == "potassium_concentration"
    assert quantities.recognise("AS", chemistry=True).quantity == "arsenic_concentration"


def test_winds_and_electrodes_are_no_analyses():
    """U, V, W are winds; XA, YB, ZN among many others are coordinates of electrodes."""
    assert not quantities.is_chemistry(["U", "V", "W", "time"])
    assert not quantities.is_chemistry(
        ["XA", "YA", "ZA", "XB", "YB", "ZB", "XM", "YM", "ZM", "XN", "YN", "ZN", "V_over_I"]
    )


def test_mnemonics_count_in_logs_only():
    """GR is a gamma log in a borehole."""
    assert quantities.recognise("GR", logs=True).quantity == "natural_gamma"
    assert quantities.recognise("DT", logs=True).quantity == "sonic_slowness"


def test_a_stated_unit_decides():
    """A quantity that cannot have the unit stated elsewhere is not taken."""
    assert quantities.recognise("mag", unit="nT").quantity == ""
    assert quantities.recognise("depth", unit="km").quantity == "depth"
    assert quantities.recognise("elevation", unit="degC").quantity == ""


def test_titles_of_grids():
    """A quantity is found within a file's name."""
    assert quantities.recognise_within("srtm_dem_30m") == "elevation"
    assert quantities.recognise_within("TMI_RTP_sheet 12") == "reduced_to_pole_magnetic_anomaly"
    assert quantities.recognise_within("fieldtrip photo") == ""
