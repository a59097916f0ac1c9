"""Geochemical processes on published analyses and small tables: known answers, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import shapely
from tests.reading import DATA

from craton.methods import (
    geochemistry_biplot,
    geochemistry_censored,
    geochemistry_clusters,
    geochemistry_compositions,
    geochemistry_diagrams,
    geochemistry_duplicates,
    geochemistry_factors,
    geochemistry_indices,
    geochemistry_levelling,
    geochemistry_normalised,
    geochemistry_quality,
    geochemistry_thresholds,
)
from craton.methods.geochemistry_columns import chosen
from craton.model.errors import ContractError

MEUSE = DATA / "geochemistry/meuse/meuse.txt"

METALS = ("cadmium", "copper", "lead", "zinc")

OXIDES = ("SiO2", "TiO2", "Al2O3", "Fe2O3", "FeO", "MnO", "MgO", "CaO", "Na2O", "K2O", "P2O5")

AVERAGES = {
    "basalt": (49.20, 1.84, 15.74, 3.79, 7.13, 0.20, 6.73, 9.47, 2.91, 1.10, 0.35),
    "andesite": (57.94, 0.87, 17.02, 3.27, 4.04, 0.14, 3.33, 6.79, 3.48, 1.62, 0.21),
    "rhyolite": (72.82, 0.28, 13.27, 1.48, 1.11, 0.06, 0.39, 1.14, 3.55, 4.30, 0.07),
}
"""Average rocks in percent of mass: Le Maitre, R. W. (1976), The chemical variability of some common igneous
rocks, Journal of Petrology 17(4), 589-598, table 1."""


def table(columns, unit="mg/kg", **others):
    """Analyses in one unit, with further columns."""
    frame = pd.DataFrame({**columns, **others})
    frame.attrs["columns"] = {name: {"unit": unit} for name in columns}
    return frame


@pytest.fixture(scope="module")
def meuse():
    """Heavy metals in soils of the Meuse floodplain."""
    if not MEUSE.exists():
        pytest.skip("the open survey data is not beside this checkout")
    frame = pd.read_csv(MEUSE)
    frame.attrs["columns"] = {name: {"unit": "mg/kg"} for name in METALS}
    return frame


@pytest.fixture(scope="module")
def rocks():
    """Average igneous rocks."""
    frame = pd.DataFrame(AVERAGES, index=OXIDES).T.reset_index(names="rock")
    frame.attrs["columns"] = {name: {"unit": "wt%"} for name in OXIDES}
    return frame


def test_standards_by_hand():
    """Three values of a standard of 100 ± 5: mean 107, bias 7 %, z of 0, 1 and 3.2, out of control."""
    given = table({"Cu": [100.0, 105.0, 116.0, 9.0]}, id=["S", "S", "S", "sample"])
    known = table({"Cu": [0.01], "Cu_sd": [0.0005]}, unit="wt%", id=["S"])
    known.attrs["columns"]["Cu"]["unit"] = "wt%"
    found = geochemistry_quality.standards(given, known, "id", "id", columns=("Cu",))
    row = found.summary.iloc[0]
    assert row["bias"] == pytest.approx(7.0, rel=1e-12)
    assert (row["beyond_2"], row["beyond_3"], row["verdict"]) == (1, 1, "out of control")
    np.testing.assert_allclose(found.scores["z"], [0, 1, 3.2], atol=1e-12)


def test_two_in_a_row_beyond_two_deviations_are_out_of_control():
    """The rule 2₂ of Westgard: on one side yes, on both sides only a warning."""
    known = table({"Cu": [100.0], "Cu_sd": [5.0]}, id=["S"])
    verdicts = [
        geochemistry_quality.standards(table({"Cu": cells}, id=["S"] * 3), known, "id", "id").summary[
            "verdict"
        ][0]
        for cells in ([100.0, 111.0, 112.0], [100.0, 111.0, 88.0], [101.0, 99.0, 100.0])
    ]
    assert verdicts == ["out of control", "warning", "in control"]


def test_numbers_of_standards_meet_whatever_their_type():
    """905 beside a gap is read as 905.0, and is still the standard 905."""
    given = table({"Cu": [100.0, 9.0, 105.0]}, id=[905, np.nan, 905])
    known = table({"Cu": [100.0], "Cu_sd": [5.0]}, id=[905])
    found = geochemistry_quality.standards(given, known, "id", "id", columns=("Cu",)).summary
    assert (found["standard"].tolist(), found["count"].tolist()) == (["905"], [2])


def test_duplicates_by_hand():
    """Pairs (10, 12) and (20, 20): HARD 9.09 and 0, RMSCV 100 √(2 (1/11)²/2) = 9.09 percent."""
    given = table({"Cu": [10.0, 20.0, 12.0, 20.0, 5.0]}, id=["a", "b", "a", "b", "alone"])
    row = geochemistry_duplicates.duplicates(given, "id").summary.iloc[0]
    assert row["pairs"] == 2
    assert row["hard_mean"] == pytest.approx(100 / 22, rel=1e-12)
    assert row["ard_mean"] == pytest.approx(100 / 11, rel=1e-12)
    assert row["rmscv"] == pytest.approx(100 / 11, rel=1e-12)
    assert np.isnan(row["deviation_slope"])


def test_blanks_by_hand():
    """Limit 2, threshold 6: one blank of 7 is contaminated; without a limit it is refused by name."""
    given = table({"Cu": [np.nan, 3.0, 7.0]}, Cu_below_detection=[True, False, False], Cu_detection_limit=2.0)
    row = geochemistry_quality.blanks(given, columns=("Cu",)).iloc[0]
    assert (row["count"], row["above_detection"], row["contaminated"]) == (3, 2, 1)
    assert row["verdict"] == "contaminated"
    with pytest.raises(ContractError, match="detection limit above 0 for Zn"):
        geochemistry_quality.blanks(table({"Zn": [1.0]}))


def censored(measured, limits):
    """Column Cu of measured values, and values below limits, as readers give it."""
    nothing, below = [np.nan] * len(limits), [False] * len(measured) + [True] * len(limits)
    marks = {"Cu_below_detection": below, "Cu_detection_limit": [np.nan] * len(measured) + list(limits)}
    return table({"Cu": [*measured, *nothing]}, **marks)


def test_values_below_detection_are_replaced():
    """Half, 1/√2 and the limit itself; by regression all below one limit have their mean."""
    given = censored([3.0, 5.0, 9.0, 14.0], [2.0, 2.0, 4.0])
    for method, share in {"half": 0.5, "root_two": 2**-0.5, "limit": 1.0}.items():
        found = geochemistry_censored.below_detection(given, method=method)
        np.testing.assert_allclose(found["Cu"], [3, 5, 9, 14, 2 * share, 2 * share, 4 * share], rtol=1e-15)
    found = geochemistry_censored.below_detection(given, method="regression")["Cu"]
    assert found[4] == found[5] < found[6] <= 4


@pytest.mark.parametrize(
    ("measured", "limits", "method"),
    [([], [2.0] * 6, "half"), ([3.0, 3.0, 3.0, 3.0], [2.0], "regression"), ([3.0, 4.0], [2.0] * 5, "half")],
)
def test_columns_that_cannot_be_filled_are_refused_by_name(measured, limits, method):
    """All below detection, one value only, more than half below."""
    with pytest.raises(ContractError, match="Cu"):
        geochemistry_censored.below_detection(censored(measured, limits), columns=("Cu",), method=method)


def test_a_limit_in_its_own_cell_is_kept():
    """Without a column of limits the first run makes one, so that a second run changes nothing."""
    given = table({"Cu": [3.0, 5.0, 9.0, 2.0]}, Cu_below_detection=[False, False, False, True])
    once = geochemistry_censored.below_detection(given)
    assert once["Cu"].tolist() == [3.0, 5.0, 9.0, 1.0]
    assert once["Cu_detection_limit"].tolist()[3] == 2.0
    twice = geochemistry_censored.below_detection(once)
    pd.testing.assert_frame_equal(twice, once)
    assert twice.attrs["columns"]["Cu_detection_limit"] == {"unit": "mg/kg"}


def test_a_bare_percent_is_an_analysis_by_name_only():
    """Recovery, moisture and slope in % are no concentrations; SiO2 in % and LOI in wt% are."""
    names = ("core_recovery", "moisture", "slope", "SiO2", "LOI")
    given = table({name: [50.0, 60.0] for name in names}, unit="%")
    given.attrs["columns"]["LOI"] = {"unit": "wt%"}
    assert chosen("geochemistry.any", given, ()) == ("SiO2", "LOI")


def test_censored_statistics_of_a_published_example():
    """Arsenic of Oahu (Helsel 2012): 24 values, 13 below, mean 0.949, median 0.7, regression 0.972 ± 0.718."""
    given = censored([0.5, 0.5, 0.5, 0.6, 0.7, 0.7, 0.9, 1.5, 1.7, 2.8, 3.2], [0.9, *[1.0] * 4, *[2.0] * 8])
    row = geochemistry_censored.censored_statistics(given, columns=("Cu",)).iloc[0]
    assert (row["count"], row["below_detection"]) == (24, 13)
    names = ["mean", "median", "regression_mean", "regression_deviation"]
    assert row[names].astype(float).round(3).tolist() == [0.949, 0.7, 0.972, 0.718]


def test_log_ratios_bring_units_together():
    """Percent and mg/kg: the ratio of 1 % to 100 mg/kg is 100; a zero is refused by name."""
    given = table({"Fe": [1.0], "Cu": [100.0]})
    given.attrs["columns"]["Fe"]["unit"] = "wt%"
    found = geochemistry_compositions.log_ratios(given, transform="additive", divisor="Cu")
    assert found["alr_Fe"][0] == pytest.approx(np.log(100), rel=1e-12)
    with pytest.raises(ContractError, match="Cu"):
        geochemistry_compositions.log_ratios(given.assign(Cu=0.0))


def test_partition_in_words(meuse):
    """Cadmium and zinc against copper and lead is their balance; a partition that is none is refused."""
    steps = ("cadmium zinc / copper lead", "cadmium / zinc", "copper / lead")
    found = geochemistry_compositions.log_ratios(meuse, transform="isometric", partition=steps)
    logs = np.log(meuse[list(METALS)])
    balance = (logs["cadmium"] + logs["zinc"] - logs["copper"] - logs["lead"]) / 2
    np.testing.assert_allclose(found["ilr_1"], balance, atol=1e-12)
    with pytest.raises(ContractError, match="partition"):
        geochemistry_compositions.log_ratios(meuse, transform="isometric", partition=steps[:2])


def test_components_are_those_of_the_log_ratios(meuse):
    """Not robust: singular values of the centred clr; loadings add up to 0; scores have these variances."""
    found = geochemistry_factors.principal_components(meuse, columns=METALS, robust=False)
    logs = np.log(meuse[list(METALS)].to_numpy())
    ratios = logs - logs.mean(axis=1, keepdims=True)
    roots = np.linalg.svd(ratios - ratios.mean(axis=0), compute_uv=False)[:3] ** 2 / (len(meuse) - 1)
    np.testing.assert_allclose(found.variance["variance"], roots, rtol=1e-12)
    labels = ["PC1", "PC2", "PC3"]
    np.testing.assert_allclose(found.loadings[labels].sum(), 0, atol=1e-14)
    np.testing.assert_allclose(found.scores[labels].var(), roots, rtol=1e-12)
    np.testing.assert_allclose((found.scores["distance"] ** 2).mean(), 3 * 154 / 155, rtol=1e-12)


def test_robust_components_do_not_follow_outliers():
    """Fifteen wild samples in 150 turn the ordinary first axis, not the robust one; order does not matter."""
    random = np.random.default_rng(12)
    axis = np.array([1.0, 1.0, -2.0]) / np.sqrt(6)
    logs = 0.5 * random.normal(size=(150, 1)) * axis + 0.05 * random.normal(size=(150, 3))
    logs[:15, 0] += 5.0
    wild = table({name: np.exp(logs[:, n]) for n, name in enumerate(("Cu", "Pb", "Zn"))})

    def components(frame, robust):
        found = geochemistry_factors.principal_components(frame, robust=robust)
        return found.loadings["PC1"].to_numpy(), found.scores["distance"].to_numpy()

    loadings, far = components(wild, True)
    assert abs(axis @ loadings) > 0.999
    assert abs(axis @ components(wild, False)[0]) < 0.9
    assert far[:15].min() > 3 * far[15:].max()
    np.testing.assert_array_equal(components(wild[::-1], True)[1][::-1], far)


def test_factors_explain_what_their_loadings_say(meuse):
    """Communalities are below 1, all factors together explain all; scores are uncorrelated of variance 1."""
    found = geochemistry_factors.factors(meuse, columns=METALS, robust=False, factors=2)
    scores = found.scores[["F1", "F2"]].to_numpy()
    np.testing.assert_allclose(np.cov(scores.T), np.eye(2), atol=1e-10)
    assert (found.loadings["communality"] <= 1 + 1e-12).all()
    whole = geochemistry_factors.factors(meuse, columns=METALS, robust=False, factors=3)
    assert whole.variance["cumulative"].iloc[-1] == pytest.approx(100.0, rel=1e-12)


def test_columns_that_repeat_another_are_refused(meuse):
    """A column that is twice another has no spread of its own."""
    twice = meuse.assign(more=2 * meuse["zinc"])
    twice.attrs["columns"] = {**meuse.attrs["columns"], "more": {"unit": "mg/kg"}}
    with pytest.raises(ContractError, match="singular"):
        geochemistry_factors.principal_components(twice, columns=(*METALS, "more"), robust=False)


def test_biplot_is_a_picture_that_stays_the_same(meuse):
    """The same bytes twice, of a PNG of the asked width."""
    found = geochemistry_factors.principal_components(meuse, columns=METALS, robust=False)
    one, other = (
        geochemistry_biplot.biplot(found.scores, found.loadings, width_px=400) for _time in range(2)
    )
    assert one.content == other.content
    assert int.from_bytes(one.content[16:20], "big") == 400


def test_clusters_find_two_kinds_of_rock_whatever_the_dilution():
    """Two kinds that differ in ratios only, each diluted at random: Ward and k-means part them."""
    random = np.random.default_rng(8)
    kinds = np.repeat([[1.0, 1.0, 8.0], [6.0, 3.0, 1.0]], [30, 20], axis=0)
    cells = kinds * random.lognormal(sigma=0.1, size=(50, 3)) * random.uniform(0.1, 10, (50, 1))
    given = table({name: cells[:, n] for n, name in enumerate(("Cu", "Pb", "Zn"))})
    for method in ("ward", "k_means"):
        found = geochemistry_clusters.clusters(given, clusters=2, method=method)
        assert found.samples["cluster"].tolist() == [1] * 30 + [2] * 20
        assert found.centres["count"].tolist() == [30, 20]


def test_elements_of_steady_ratio_are_grouped_first():
    """Copper and gold in one ratio, lead and zinc in another."""
    random = np.random.default_rng(9)
    one, other = random.lognormal(size=(2, 60))
    given = table(
        {"Cu": one, "Pb": other, "Au": 0.01 * one * random.lognormal(sigma=0.05, size=60), "Zn": 3 * other}
    )
    found = geochemistry_clusters.element_clusters(given, clusters=2).set_index("element")
    assert found.loc["Cu", "nearest"] == "Au"
    assert found.loc["Pb", "cluster"] == found.loc["Zn", "cluster"] != found.loc["Cu", "cluster"]
    assert found.loc["Zn", "joined_at"] == pytest.approx(0, abs=1e-7)


def test_correlation_of_the_meuse_soils(meuse):
    """Pearson of cadmium and zinc 0.916, of copper and lead 0.818 (`cor(meuse[3:6])` in R, package sp)."""
    matrix = geochemistry_clusters.correlation(meuse, columns=METALS, method="pearson").matrix.set_index(
        "element"
    )
    assert round(matrix.loc["cadmium", "zinc"], 3) == 0.916
    assert round(matrix.loc["copper", "lead"], 3) == 0.818


def test_thresholds_by_each_method(meuse):
    """Zinc: median + 2 MAD, inner fence, mean + 2 s and percentile by numpy; flags count what is above."""
    zinc = meuse["zinc"].to_numpy(float)
    low, middle, high = np.quantile(zinc, (0.25, 0.5, 0.75))
    expected = {
        "median": middle + 2 * 1.482602218505602 * np.median(np.abs(zinc - middle)),
        "fence": high + 1.5 * (high - low),
        "mean": zinc.mean() + 2 * zinc.std(ddof=1),
        "percentile": np.quantile(zinc, 0.98),
    }
    for method, limit in expected.items():
        found = geochemistry_thresholds.thresholds(meuse, columns=("zinc",), method=method, logarithm=False)
        assert found.thresholds["upper"][0] == pytest.approx(limit, rel=1e-12)
        assert found.samples["zinc_above"].sum() == (zinc > limit).sum() == found.thresholds["above"][0]


def test_classes_hold_their_share(meuse):
    """Quartile classes of 155 samples: 39, 38, 39, 39; given breaks count below and above."""
    found = geochemistry_thresholds.classes(meuse, "zinc", percentiles=(25.0, 50.0, 75.0))
    assert found.classes["count"].sum() == 155
    assert found.classes["count"].between(38, 39).all()
    found = geochemistry_thresholds.classes(meuse, "zinc", breaks=(200.0, 1000.0))
    assert found.samples["class"].tolist() == (1 + (meuse["zinc"] >= 200) + (meuse["zinc"] >= 1000)).tolist()
    with pytest.raises(ContractError, match="rise"):
        geochemistry_thresholds.classes(meuse, "zinc", breaks=(2.0, 1.0))


def test_enrichment_and_geoaccumulation_by_hand():
    """Twice the copper of the crust in half its aluminium is 4; shale times 1.5 is 0, times 6 is 2."""
    given = table({"Cu": [56.0]}, Al2O3=[7.7])
    given.attrs["columns"]["Al2O3"] = {"unit": "wt%"}
    found = geochemistry_indices.enrichment_factor(given, "Al2O3", columns=("Cu",))
    assert found["ef_Cu"][0] == pytest.approx(4.0, rel=1e-12)
    shale = table({"Cu": [75.0, 300.0, 0.0]})
    found = geochemistry_indices.geoaccumulation(shale)
    np.testing.assert_allclose(found["igeo_Cu"], [0, 2, np.nan], atol=1e-12)
    assert found["igeo_class_Cu"].tolist()[:2] == [0, 2]
    with pytest.raises(ContractError, match="background"):
        geochemistry_indices.geoaccumulation(shale, table({"Zn": [1.0]}))


def test_iron_of_compositions_is_total():
    """FeO alone or FeOT of the crust is 1; FeO beside Fe2O3 is ferrous iron, of which the crust tells nothing."""
    crust = {"Al2O3": [15.4], "FeO": [5.04]}
    found = geochemistry_indices.enrichment_factor(table(crust, unit="wt%"), "Al2O3")
    assert found["ef_FeO"][0] == pytest.approx(1.0, rel=1e-12)
    total = table({"Al2O3": [15.4], "FeOT": [5.04], "Fe2O3": [3.0], "FeO": [2.34]}, unit="wt%")
    found = geochemistry_indices.enrichment_factor(total, "Al2O3")
    assert found["ef_FeOT"][0] == pytest.approx(1.0, rel=1e-12)
    assert "ef_FeO" not in found
    assert found["without_background"].tolist() == ["Fe2O3, FeO"]


def test_concentrations_without_a_background_are_named():
    """Shale tells no mercury: a column says so, and mercury by name is refused."""
    given = table({"Cu": [75.0], "Hg": [1.0]})
    found = geochemistry_indices.geoaccumulation(given, composition="paas")
    assert found["without_background"].tolist() == ["Hg"]
    assert "without_background" not in geochemistry_indices.geoaccumulation(given, composition="upper_crust")
    with pytest.raises(ContractError, match="Hg"):
        geochemistry_indices.geoaccumulation(given, columns=("Cu", "Hg"), composition="paas")


def test_association_index_by_hand():
    """A balance of two against one is √(2/3) ln(√(2 · 8)/1); standardised ones are 0 at the median."""
    given = table({"Cu": [2.0, 3, 4], "Pb": [8.0, 9, 10], "Zn": [1.0, 2, 3]})
    found = geochemistry_indices.association_index(given, ("Cu", "Pb"), against=("Zn",), method="balance")
    assert found["index"][0] == pytest.approx(np.sqrt(2 / 3) * np.log(4), rel=1e-12)
    found = geochemistry_indices.association_index(given, ("Cu", "Pb"), name="sum")
    assert found["sum"][1] == 0.0


def test_patterns_of_published_compositions():
    """Upper crust over chondrite, shale over chondrite: anomalies and ratios as their authors print."""
    names = ("La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Yb")
    crust = (31, 63, 7.1, 27, 4.7, 1.0, 4.0, 1.96)
    shale = (38.2, 80, 8.9, 32, 5.6, 1.1, 4.7, 2.8)
    given = table(
        {name: [float(one), float(other)] for name, one, other in zip(names, crust, shale, strict=True)}
    )
    found = geochemistry_normalised.normalised(given)
    # Eu/Eu* 0.72 of Rudnick and Gao (2003), 0.65 and La/Yb 9.2 of McLennan (2001), by older chondrites; the
    # other ratio is (31/0.237)/(1.96/0.161).
    np.testing.assert_allclose(found["eu_anomaly"], [0.72, 0.65], atol=0.02)
    np.testing.assert_allclose(found["la_yb_n"], [10.7, 9.2], atol=0.1)
    np.testing.assert_allclose(found["ce_anomaly"], 1.0, atol=0.05)
    assert found["La_n"][0] == pytest.approx(31 / 0.237, rel=1e-12)


def test_oxides_stand_in_for_elements_of_a_spider_diagram():
    """K2O of 0.0301 percent is the 250 mg/kg of K in the primitive mantle (Sun and McDonough 1989)."""
    given = table({"Rb": [0.635], "Ba": [6.989]}, K2O=[0.030115])
    given.attrs["columns"]["K2O"] = {"unit": "wt%"}
    found = geochemistry_normalised.normalised(given, composition="primitive_mantle", elements="spider")
    np.testing.assert_allclose(found[["Rb_n", "Ba_n", "K_n"]], 1.0, rtol=1e-4)


def test_average_rocks_have_their_names(rocks):
    """Le Maitre's averages of basalt, andesite and rhyolite lie in the fields of these names."""
    found = geochemistry_diagrams.rock_classes(rocks)
    assert found["tas_class"].tolist() == list(AVERAGES)
    series = geochemistry_diagrams.rock_classes(rocks, diagram="k2o_silica")["k2o_silica_class"]
    assert series.tolist() == ["calc-alkaline series", "calc-alkaline series", "high-K calc-alkaline series"]
    assert geochemistry_diagrams.rock_classes(rocks, diagram="afm")["afm_class"][1] == "calc-alkaline series"
    alumina = geochemistry_diagrams.rock_classes(rocks, diagram="alumina_saturation")
    assert alumina["alumina_saturation_class"].tolist() == ["metaluminous", "metaluminous", "peraluminous"]
    # Moles of Al2O3 0.13014, CaO 0.02033, Na2O 0.05728, K2O 0.04565.
    assert alumina["alumina_saturation_x"][2] == pytest.approx(1.0558, abs=2e-4)


def test_the_line_of_afm_is_that_of_irvine_and_baragar():
    """The points of their figure, which are ours, lie within 1 percent of their tabulated curve (1971, page 547)."""
    magnesium = np.array([10.0, 17.8, 20.0, 24.0, 27.8, 30.0, 40.0])
    curve = [47.4, 34.3, 25.7, 21.1, 19.2, 18.3, 17.5]
    alkalis = np.interp(magnesium, np.arange(10.0, 41.0, 5.0), curve)
    for offset, expected in ((-1.0, "tholeiitic series"), (1.0, "calc-alkaline series")):
        iron = 100.0 - magnesium - alkalis - offset
        given = table({"Na2O": alkalis + offset, "K2O": 0 * iron, "FeOT": iron, "MgO": magnesium}, unit="wt%")
        found = geochemistry_diagrams.rock_classes(given, diagram="afm", recalculate=False)
        assert found["afm_class"].tolist() == [expected] * magnesium.size


def test_fields_cover_the_diagram_once():
    """Every composition of a grid over the drawn part of the TAS diagram lies in one field."""
    silica, alkalis = (
        axis.ravel() for axis in np.meshgrid(np.arange(41.05, 77, 0.5), np.arange(0.05, 16, 0.5))
    )
    given = table({"SiO2": silica, "Na2O": alkalis, "K2O": np.zeros(silica.size)}, unit="wt%")
    found = geochemistry_diagrams.rock_classes(given, recalculate=False)
    assert (found["tas_class"] != "").all()
    outlines = geochemistry_diagrams._outlines("tas")
    area = sum(one.area for one in outlines)
    assert shapely.union_all(outlines).area == pytest.approx(area, rel=1e-12)


def test_rocks_that_lack_an_oxide_have_no_class(rocks):
    """A missing Al2O3 is not 0; a missing total of iron gives way to FeO and Fe2O3, row by row."""
    gaps = rocks.assign(Al2O3=[np.nan, *rocks["Al2O3"][1:]])
    gaps.attrs = rocks.attrs
    assert geochemistry_diagrams.rock_classes(gaps)["tas_class"].tolist() == ["", "andesite", "rhyolite"]
    whole = rocks.assign(FeOT=[np.nan, 6.98, 2.44], P2O5=np.nan)
    whole.attrs["columns"] = rocks.attrs["columns"] | {"FeOT": {"unit": "wt%"}}
    assert geochemistry_diagrams.rock_classes(whole)["tas_class"].tolist() == list(AVERAGES)
    iron = geochemistry_diagrams.rock_classes(whole, diagram="afm")
    same = geochemistry_diagrams.rock_classes(rocks, diagram="afm")
    np.testing.assert_allclose(iron["afm_y"], same["afm_y"], atol=0.02)
    without = rocks.assign(FeO=[np.nan, 4.0, 1.0], Fe2O3=[np.nan, 3.0, 1.0])
    without.attrs = rocks.attrs
    assert geochemistry_diagrams.rock_classes(without)["tas_class"].tolist()[0] == ""
    assert np.isnan(geochemistry_diagrams.rock_classes(without, diagram="afm")["afm_y"][0])


def test_kimberlite_is_no_foidite():
    """Below 41 percent SiO2, foidite begins at 3 percent alkalis."""
    given = table({"SiO2": [33.0, 40.0], "Na2O": [0.3, 4.0], "K2O": [1.0, 3.0]}, unit="wt%")
    found = geochemistry_diagrams.rock_classes(given, recalculate=False)
    assert found["tas_class"].tolist() == ["", "foidite"]


def test_analyses_that_are_not_whole_have_no_class(rocks):
    """Oxides that add up to 50 percent are no rock analysis; without iron the sum means nothing."""
    half = rocks.assign(SiO2=rocks["SiO2"] / 10)
    half.attrs = rocks.attrs
    assert (geochemistry_diagrams.rock_classes(half)["tas_class"] == "").all()
    bare = rocks.drop(columns=["FeO", "Fe2O3"])
    with pytest.raises(ContractError, match="iron"):
        geochemistry_diagrams.rock_classes(bare)


def test_levelling_by_distribution():
    """A campaign of twice the numbers plus one comes back by scores exactly, by percentiles closely."""
    random = np.random.default_rng(10)
    true = random.lognormal(3, 0.5, 400)
    given, reference = table({"Cu": 2 * true + 1}), table({"Cu": true})
    by_scores = geochemistry_levelling.level(given, reference, method="scores", within_overlap=False)
    np.testing.assert_allclose(by_scores.levelled["Cu"], true, rtol=1e-10)
    by_rank = geochemistry_levelling.level(given, reference, method="percentiles", within_overlap=False)
    np.testing.assert_allclose(by_rank.levelled["Cu"], true, rtol=0.02)
