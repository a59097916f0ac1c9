"""Vocabularies: the CGI terms and the stratigraphic chart, and small ones in each RDF syntax."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.reading import DATA, read_source

from craton.model.data import Draft
from craton.model.errors import RefusedError

CGI = DATA / "geology" / "cgi_vocabularies"
CHART = DATA / "geology" / "ics_chart" / "chart.ttl"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

TURTLE = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix dct: <http://purl.org/dc/terms/> .
<http://x/s> a skos:ConceptScheme ; skos:prefLabel "Rocks"@en, "岩石"@zh ;
    skos:definition "Kinds of rock."@en ;
    dct:license <https://creativecommons.org/licenses/by/4.0/> ; skos:hasTopConcept <http://x/rock> .
<http://x/rock> a skos:Concept ; skos:inScheme <http://x/s> ; skos:prefLabel "rock"@en, "หิน"@th ;
    skos:notation "1" .
<http://x/granite> a skos:Concept ; skos:broader <http://x/rock> ;
    skos:prefLabel "granite"@en, "silaRkanIt"@km ;
    skos:altLabel "granites"@en ; skos:definition "coarse and felsic"@en ;
    skos:exactMatch <http://y/granite> .
"""


def only(path: Path) -> Draft:
    """The single draft of the file at `path`."""
    (draft,) = read_source(path)[1]
    return draft


def codes(draft: Draft) -> dict[str, int]:
    """Findings of `draft` by code."""
    return {finding.code: finding.count for finding in draft.findings}


def written(tmp_path: Path, name: str, text: str) -> Path:
    """`text` in a file."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_concepts_become_rows(tmp_path: Path) -> None:
    """A row a concept, a column a language, relations by identifier; the scheme gives title and licence."""
    draft = only(written(tmp_path, "rocks.ttl", TURTLE))
    table = draft.data.set_index("uri")
    rock, granite = table.loc["http://x/rock"], table.loc["http://x/granite"]
    assert (rock["label_en"], rock["label_th"], rock["notation"], rock["top_concept"]) == (
        "rock",
        "หิน",
        "1",
        True,
    )
    assert (granite["broader"], granite["exact_match"], granite["top_concept"]) == (
        "http://x/rock",
        "http://y/granite",
        False,
    )
    assert (granite["name"], granite["alternative_labels"]) == ("granite", '{"en":["granites"]}')
    assert granite["definition"] == "coarse and felsic"
    assert draft.titles == {"en": "Rocks", "zh": "岩石"}
    assert (draft.title, draft.description) == ("Rocks", "Kinds of rock.")
    assert draft.licence


def test_labels_typed_for_a_legacy_font_are_doubted(tmp_path: Path) -> None:
    """A Khmer label without a Khmer letter is counted and kept; a Thai one in Thai letters is fine."""
    draft = only(written(tmp_path, "rocks.ttl", TURTLE))
    assert codes(draft) == {"label-legacy-font": 1}
    assert "silaRkanIt" in draft.data["label_km"].tolist()


RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
N_TRIPLES = f'<http://x/a> <{RDF}type> <{SKOS}Concept> .\n<http://x/a> <{SKOS}prefLabel> "ore"@en .\n'
RDF_XML = (
    f'<rdf:RDF xmlns:rdf="{RDF}" xmlns:skos="{SKOS}"><skos:Concept rdf:about="http://x/a">'
    '<skos:prefLabel xml:lang="en">ore</skos:prefLabel></skos:Concept></rdf:RDF>'
)
JSON_LD = (
    '{"@context":{"skos":"http://www.w3.org/2004/02/skos/core#"},"@id":"http://x/a","@type":"skos:Concept",'
    '"skos:prefLabel":{"@value":"ore","@language":"en"}}'
)


@pytest.mark.parametrize(("name", "text"), [("a.nt", N_TRIPLES), ("a.rdf", RDF_XML), ("a.jsonld", JSON_LD)])
def test_other_syntaxes(tmp_path: Path, name: str, text: str) -> None:
    """N-Triples, RDF/XML and JSON-LD give the same row."""
    table = only(written(tmp_path, name, text)).data
    assert table[["uri", "label_en"]].to_numpy().tolist() == [["http://x/a", "ore"]]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a.ttl", "@prefix broken", "corrupt"),
        ("a.ttl", "<a> <b> ", "corrupt"),
        ("a.jsonld", '{"@context":"https://example.org/context.jsonld","@id":"http://x/a"}', "unsupported"),
        ("a.jsonld", "[" * 100_000, "too-deep"),
        ("a.rdf", '<!DOCTYPE r [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><r/>', "unsupported"),
    ],
)
def test_unusable_rdf_is_refused(tmp_path: Path, name: str, text: str, code: str) -> None:
    """Broken, remote or swelling RDF is refused; nothing is fetched."""
    with pytest.raises(RefusedError) as caught:
        read_source(written(tmp_path, name, text))
    assert caught.value.code == code


def test_rdf_without_concepts_is_a_document(tmp_path: Path) -> None:
    """RDF of another kind is kept as a document."""
    draft = only(written(tmp_path, "a.ttl", "<http://x/a> <http://x/b> 'c' ."))
    assert (draft.kind, draft.data.media_type) == ("document", "text/turtle")


@needs_data
def test_all_cgi_vocabularies() -> None:
    """2,048 concepts in 55 files, all with English labels and titles; Lao and Khmer are mojibake."""
    files = sorted(CGI.rglob("*.ttl"))
    drafts = [only(path) for path in files]
    assert len(files) == 55
    assert sum(len(draft.data) for draft in drafts) == 2048
    assert all(
        draft.kind == "table" and draft.title and draft.data["label_en"].notna().all() for draft in drafts
    )
    doubted = {"language lo": 0, "language km": 0}
    for one in (finding for draft in drafts for finding in draft.findings):
        assert one.code == "label-legacy-font"
        doubted[one.where] += one.count
    assert doubted == {"language lo": 423, "language km": 413}


@needs_data
def test_lithology_labels_in_the_languages_of_the_region() -> None:
    """Granite in Thai, Vietnamese, Indonesian and Chinese."""
    table = only(CGI / "geosciml" / "simplelithology.ttl").data.set_index("name")
    assert len(table) == 265
    granite = table.loc["granite"]
    assert granite[["label_en", "label_th", "label_zh", "label_vi"]].tolist()[0] == "granite"
    assert granite["label_th"] == "หินแกรนิต"
    assert granite["broader"].endswith("/granitoid")


@needs_data
def test_stratigraphic_chart() -> None:
    """178 units with ages: the Jurassic runs from 201.4 to 143.1 Ma; 26 languages of labels, titles in 25."""
    draft = only(CHART)
    table = draft.data.set_index("name")
    jurassic = table.loc["Jurassic"]
    assert (jurassic["beginning_ma"], jurassic["end_ma"], jurassic["label_zh"]) == (201.4, 143.1, "侏罗 系")
    assert (len(table), int(table["beginning_ma"].notna().sum())) == (178, 178)
    assert len([name for name in table.columns if name.startswith("label_")]) == 26
    assert (table["beginning_ma"] > table["end_ma"]).all()
    assert draft.notes["beginning_ma"].unit == "Ma"
    assert len(draft.titles) == 25
    assert draft.titles["en"] == "International Chronostratigraphic Chart"
    assert codes(draft) == {"format-recovered": 1}


@needs_data
def test_units_lie_within_their_parents() -> None:
    """Each unit of the chart begins no earlier and ends no later than the broader one."""
    table = only(CHART).data.set_index("uri")
    inner = table[table["broader"].isin(table.index)]
    outer = table.loc[inner["broader"]]
    assert len(inner) > 150
    assert (inner["beginning_ma"].to_numpy() <= outer["beginning_ma"].to_numpy()).all()
    assert (inner["end_ma"].to_numpy() >= outer["end_ma"].to_numpy()).all()
    assert isinstance(table, pd.DataFrame)
