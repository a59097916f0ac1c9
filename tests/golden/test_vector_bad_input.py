"""Every file of the public suites of bad JSON and GeoJSON: refused, or read with its faults told."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reading import DATA, read_source

from craton.model.data import Draft
from craton.model.errors import RefusedError
from craton.model.findings import FINDINGS, REFUSALS

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

BAD = DATA / "bad_input"
STYLE_ONLY = {
    "excessive_precision_truncated.geojson",
    "invalid_geometry_geometrycollection_single.geojson",
    "problematic_duplicate_nodes.geojson",
    "problematic_excessive_vertices.geojson",
    "problematic_multitype_geometry_with_just_one_geometry.geojson",
    "problematic_wrong_bbox_coordinate_order.geojson",
}
"""Files that their authors find unwise but whose data is whole: spare digits and vertices, needless parts,
a bbox that is not used."""

EXPECTED = {
    "bad-polygon-interiorring-rhr": {"geometry-winding": 1},
    "badfeatureid": {"structure-nonstandard": 1},
    "bbox-contains-string": {"structure-nonstandard": 1},
    "bbox-string": {"structure-nonstandard": 1},
    "different-first-size": {"geometry-winding": 1, "structure-nonstandard": 1},
    "feature_changed_semantics": {"structure-nonstandard": 2},
    "geometry_changed_semantics": {"structure-nonstandard": 3},
    "geometrycollection_nested": {"structure-nonstandard": 1},
    "multiple_problems": {"geometry-unread": 2, "structure-nonstandard": 3},
    "nofeaturetype": {"structure-nonstandard": 1},
    "polygon_winding_order": {"geometry-winding": 1},
    "stringcoord": {"geometry-unread": 1},
    "invalid_crs_defined": {"crs-old-style": 1},
    "invalid_exterior_not_ccw": {"geometry-winding": 1},
    "invalid_feature_id_type": {"structure-nonstandard": 1},
    "invalid_geometry_bbox_not4or6": {"structure-nonstandard": 1},
    "invalid_geometry_bbox_not_numbers": {"structure-nonstandard": 1},
    "invalid_interior_not_cw": {"geometry-winding": 1},
    "problematic_crosses_antimeridian": {"antimeridian-crossed": 1},
    "problematic_feature_null_geometry": {"geometry-null": 1},
    "problematic_outside_lat_lon_boundaries": {"geometry-repaired": 1, "geometry-invalid": 1},
    "problematic_self_intersection_small": {"geometry-invalid": 1},
}
"""Counts by code where something can be read; every other file that is not `STYLE_ONLY` is refused."""


def files(folder: str, suffix: str) -> list[Path]:
    """Files of a suite, none where the data is absent."""
    return sorted((BAD / folder).glob(f"*{suffix}")) if BAD.exists() else []


def attempt(path: Path) -> tuple[str, list[Draft]]:
    """Code of the refusal and no drafts, or an empty code and the drafts."""
    try:
        return "", read_source(path)[1]
    except RefusedError as error:
        return error.code, []


def counts(drafts: list[Draft]) -> dict[str, int]:
    """Findings of the drafts, summed by code."""
    found: dict[str, int] = {}
    for one in (finding for draft in drafts for finding in draft.findings):
        assert one.code in FINDINGS
        found[one.code] = found.get(one.code, 0) + one.count
    return found


@pytest.mark.parametrize("path", files("geojson_bad/good", ".geojson"), ids=lambda path: path.stem)
def test_good_geojson_gives_data(path: Path) -> None:
    """What a GeoJSON linter accepts becomes a table with at least one row."""
    reader, drafts = read_source(path)
    assert (reader, [draft.kind for draft in drafts]) == ("json", ["table"])
    assert drafts[0].data.num_rows >= 1


@pytest.mark.parametrize(
    "path",
    files("geojson_bad/bad", ".geojson") + files("geojson_invalid_geometry", ".geojson"),
    ids=lambda path: path.stem,
)
def test_bad_geojson_is_refused_or_told(path: Path) -> None:
    """What a linter rejects is refused, or read with the very fault among the findings."""
    refusal, drafts = attempt(path)
    if refusal:
        assert (refusal, path.stem in EXPECTED) == ("invalid-structure", False)
        return
    found = counts(drafts)
    assert path.name in STYLE_ONLY or path.stem in EXPECTED
    assert {code: found.get(code, 0) for code in EXPECTED.get(path.stem, {})} == EXPECTED.get(path.stem, {})


@pytest.mark.parametrize("path", files("json_test_suite", ".json"), ids=lambda path: path.stem)
def test_json_suite(path: Path) -> None:
    """`y_` texts are documents, `n_` texts are refused, `i_` texts end in one or the other."""
    refusal, drafts = attempt(path)
    assert refusal == "" or refusal in REFUSALS
    assert not path.name.startswith("n_" if refusal == "" else "y_")
    assert [draft.kind for draft in drafts] == ([] if refusal else ["document"])


@pytest.mark.parametrize("path", files("csv_spectrum/json", ".json"), ids=lambda path: path.stem)
def test_other_json_is_a_document(path: Path) -> None:
    """Lists of records and the like are kept as documents."""
    assert [draft.kind for draft in read_source(path)[1]] == ["document"]
