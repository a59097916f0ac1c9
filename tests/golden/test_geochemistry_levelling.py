"""Levelling of stream sediments and regolith: the factors that Geoscience Australia published with the data."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from tests.reading import DATA, read_source

from craton.methods.geochemistry_levelling import level

FOLDER = DATA / "geochemistry/stream_sediment_levelling"

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason="the open survey data is not beside this checkout"
)

SINGLE = "Example 1 - Single Standard Correction Factors"
LINEAR = "Example 2 - Linear Correction Factors"
SEVERAL = "Example 3 - Multi-Standard Correction Factors"

ROUNDED = 1e-9
"""The published factors are written with all digits of a double; sums differ in the last."""


@cache
def analyses(path):
    """Table of a spreadsheet as a node reads it, with the notes on its columns."""
    (draft,) = read_source(FOLDER / path)[1]
    frame = draft.data.to_pandas()
    frame.attrs["columns"] = {name: dict(vars(note)) for name, note in draft.notes.items()}
    return frame


@cache
def published(path):
    """Sheet with the published factors."""
    return pd.read_excel(FOLDER / path, engine="calamine")


def detected(frame, name):
    """Whether all values of a column are measured."""
    flag = f"{name}_below_detection"
    return flag not in frame.columns or not frame[flag].any()


def test_single_standard_gives_the_published_factors():
    """TILL-1 in two groups: medians, factors and p-values of all elements that are above detection in both."""
    group, other = analyses(f"{SINGLE}/TILL-1_Group_2.xlsx"), analyses(f"{SINGLE}/TILL-1_Group_1.xlsx")
    expected = published(f"{SINGLE}/Output Files/Example 1.xlsx").set_index("Element")
    names = {name.strip(): name for name in group.columns}
    used = [e for e in expected.index if detected(group, names[e]) and detected(other, names[e])]
    standard = {"sample": "label", "reference_sample": "label"}
    result = level(
        group.assign(label="TILL-1"), other.assign(label="TILL-1"), method="standard", significance=1.0,
        columns=tuple(names[e] for e in used), **standard,
    ).factors.set_index("element")  # fmt: skip
    assert len(used) == 38
    found = result.loc[[names[e] for e in used]]
    wanted = expected.loc[used].drop(columns="Test").astype(float)
    columns = ["reference_median", "median", "slope"]
    np.testing.assert_allclose(found[columns].to_numpy(), wanted.iloc[:, 1:].to_numpy(), rtol=ROUNDED)
    np.testing.assert_allclose(found["p_value"], wanted.iloc[:, 0], rtol=1e-7)


def test_what_is_below_detection_in_one_campaign_gets_no_factor():
    """The published factor of lutetium is −1.8: <1 in one group is divided by 0.55 in the other."""
    group, other = analyses(f"{SINGLE}/TILL-1_Group_2.xlsx"), analyses(f"{SINGLE}/TILL-1_Group_1.xlsx")
    other = other.assign(Lu=other["Lu"].astype(float))
    result = level(
        group.assign(label="TILL-1"), other.assign(label="TILL-1"), sample="label", reference_sample="label",
        columns=("Lu",),
    )  # fmt: skip
    assert result.factors["applied"].tolist() == ["median below detection"]
    pd.testing.assert_series_equal(result.levelled["Lu"], group["Lu"])


def test_several_standards_give_the_published_lines():
    """Three standards in 930 and 945 analyses: slope, intercept and R² of 36 elements.

    The publishers did not count one row whose name ends in a space; antimony and bismuth, of which two
    standards are below detection, have a published line through their limits.
    """
    group, other = analyses(f"{SEVERAL}/Group_1.xlsx"), analyses(f"{SEVERAL}/Group_2.xlsx")
    expected = published(f"{SEVERAL}/Output Files/Example 3.xlsx").set_index("Element").T
    expected = expected[expected["Slope"] != 0].drop(["Sb", "Bi"])
    names = {name.strip(): name for name in group.columns}
    result = level(
        group[group["SampleNo"] != "TILL-1 "], other, method="standards", sample="SampleNo",
        reference_sample="SampleNo", columns=tuple(names[e] for e in (*expected.index, "Sb")),
    )  # fmt: skip
    found = result.factors.set_index("element")
    assert found.loc["Sb", "applied"] == "fewer than 2 that are above detection in both"
    found = found.loc[[names[e] for e in expected.index], ["slope", "intercept", "determination"]]
    assert len(found) == 36
    # Sums of a line are formed otherwise there; intercepts are small beside the values.
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=ROUNDED, atol=1e-9)
    np.testing.assert_allclose(
        result.levelled["V"].iloc[0], 0.9944834629616368 * 43.7 - 0.6123211042, rtol=1e-9
    )


def test_reanalysed_samples_give_the_published_lines():
    """22 samples of an old survey analysed again: the lines of 15 elements that both have above detection."""
    old, new = (
        analyses(f"{LINEAR}/Hedley_Seigal_Mines_Streams.xlsx"),
        analyses(f"{LINEAR}/Central_Batch.xlsx"),
    )
    expected = published(f"{LINEAR}/Output Files/Example 2.xlsx").set_index("Element").T
    expected = expected[expected["Slope"] != 0].dropna()
    names = {element: f"{element} [ppm]" for element in expected.index}
    result = level(
        old,
        new,
        method="reanalysis",
        sample="SITEID",
        reference_sample="Sample ID",
        columns=tuple(names.values()),
    )
    found = result.factors.set_index("element").loc[
        list(names.values()), ["slope", "intercept", "determination"]
    ]
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=ROUNDED, atol=1e-9)
