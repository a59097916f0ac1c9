"""Reports of evaluations: words, numbers, charts, the page and the PDF/A, made of one content."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
import string

import msgspec
import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader
from tests.evaluations import ANSWER, GRADES, UNITS, evaluation, full, make_evaluated, parcels

import craton
from craton.decide.evaluation_words import scoring_words as scored
from craton.model.errors import InvalidError, NotFoundError
from craton.model.evaluation import Spread
from craton.model.pack import Score
from craton.model.record import Parent, Run
from craton.web import report_map
from craton.web.report_build import report_content
from craton.web.report_charts import Twig, tree
from craton.web.report_content import Facts, Figure, Grid, Heading, Span
from craton.web.report_fonts_folder import FONTS
from craton.web.report_html import html_report
from craton.web.report_map import Key, MapWords, map_of
from craton.web.report_method import command_of
from craton.web.report_pdf import pdf_report
from craton.web.report_scoring import scoring_words
from craton.web.report_source import open_source
from craton.web.report_speech import FOLDER, LANGUAGES, Speech
from craton.web.report_svg import Drawing, lines_of, width_of
from craton.web.report_typst import visible

BASE = "https://data.survey.example"
HAN = re.compile(r"[\u4e00-\u9fff]")

needs_fonts = pytest.mark.skipif(not FONTS.is_dir(), reason="the fonts are not built: make portal")


def report(folder, told=None, *, language="en", base=BASE, name=ANSWER, **more):
    """Content of the report of an evaluation."""
    make_evaluated(folder, told, **more)
    with craton.open(folder) as node:
        source = open_source(node.store, lambda id: node[id].record, node[name].record)
        return report_content(source, language, node="Mekong node", base=base)


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """Reports with every part in both languages."""
    folder = tmp_path_factory.mktemp("evaluated") / "node"
    make_evaluated(folder, full(parcels()[0]))
    with craton.open(folder) as node:
        source = open_source(node.store, lambda id: node[id].record, node[UNITS].record)
        return {one: report_content(source, one, node="Mekong node", base=BASE) for one in LANGUAGES}


@pytest.fixture(scope="module")
def pdfs(contents):
    """Their PDFs."""
    return {language: pdf_report(content) for language, content in contents.items()}


def blocks(content, kind):
    """All blocks of a kind."""
    return [block for part in content.parts for block in part.blocks if isinstance(block, kind)]


def spans(content):
    """All spans of the tables, facts and paragraphs."""
    for part in content.parts:
        for block in part.blocks:
            rows = getattr(block, "rows", ()) if not isinstance(block, Heading) else ()
            texts = [cell for row in rows for cell in row] + [
                getattr(block, "text", ()),
                *getattr(block, "items", ()),
            ]
            yield from (
                span for text in texts if isinstance(text, tuple) for span in text if isinstance(span, Span)
            )


def names_in(words):
    """Names that stand in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def test_both_languages_have_the_same_words():
    """Every word has its Chinese, which takes no value that the English does not."""
    en, zh = (json.loads((FOLDER / f"{one}.json").read_text()) for one in LANGUAGES)
    assert en.keys() == zh.keys()
    assert all(names_in(zh[key]) - {"supports"} <= names_in(en[key]) for key in en)
    assert all(zh[key] for key in en if key != "punctuation.gap")


def test_a_chinese_report_is_chinese_in_all_its_own_words(contents):
    """Titles, headings, names of columns and facts hold Chinese signs, whatever the data is called."""
    content = contents["zh"]
    said = [part.title for part in content.parts] + [block.text for block in blocks(content, Heading)]
    said += [name for grid in blocks(content, Grid) for name in grid.head]
    said += [name for facts in blocks(content, Facts) for name, _ in facts.rows]
    said += [figure.caption for figure in blocks(content, Figure)]
    assert [words for words in said if not HAN.search(words)] == []
    english = set(json.loads((FOLDER / "en.json").read_text()).values()) - {"m²", "ha", "km²", "TOPSIS", ", "}
    assert [span.text for span in spans(content) if span.text in english and span.style != "code"] == []


def test_the_report_has_every_part_in_order(contents):
    """The answer comes first, then why, checks, data, method, limits and provenance."""
    assert [part.id for part in contents["en"].parts] == [
        "summary", "answer", "why", "charts", "rules", "scenario", "robustness", "frontier", "problems", "data",
        "method", "limits", "provenance",
    ]  # fmt: skip


def test_the_answer_in_one_sentence(contents):
    """Counts, shares and the greatest obstacle are those of the evaluation."""
    lead = contents["en"].parts[0].blocks[0]
    told = evaluation(parcels()[0])
    (span,) = lead.text
    assert span.text.startswith("144 of 147 units were evaluated; their mean score is 0.588 (from 0 to 1).")
    assert f"{told.grades[-1].count} of them" in span.text
    assert "What holds the units back most is Soil salinity" in span.text
    assert span.href == f"{BASE}/datasets/{UNITS}@1"


def test_numbers_lead_to_their_run(contents):
    """Every cell of a column of numbers leads somewhere, but for the bounds of grades, which the pack states."""
    for grid in blocks(contents["en"], Grid):
        places = grid.numbers - {grid.head.index("From score") if "From score" in grid.head else -1}
        assert all(span.href for row in grid.rows for place in places for span in row[place]), grid.caption


def test_without_an_address_nothing_leads_anywhere(tmp_path):
    """A report of a node that states no address has no links to it."""
    content = report(tmp_path / "node", base="")
    assert {span.href for span in spans(content) if "spdx" not in span.href} == {""}


@pytest.mark.parametrize(
    ("number", "said"),
    [(None, "–"), (float("nan"), "–"), (0, "0"), (1234567.8, "1,234,568"), (0.00123456, "0.001235"), (-12.5, "−12.5"),
     (3e15, "3×10¹⁵"), (1.25e-9, "1.25×10⁻⁹"), (100.0, "100"), (2026, "2026")],
)  # fmt: skip
def test_numbers_of_data(number, said):
    """Four digits, no noughts at the end, powers of ten where it must be."""
    assert Speech("en").number(number) == said


def test_areas_have_the_unit_that_fits():
    """Square metres, hectares, square kilometres, in the words of the language."""
    en, zh = Speech("en"), Speech("zh")
    assert [en.area(one) for one in (500.0, 0.0, 250_000.0, 3.6e9, None)] == [
        "500 m²",
        "0 ha",
        "25 ha",
        "3600 km²",
        "–",
    ]
    assert zh.area(250_000.0) == "25 公顷"
    assert zh.moment("2026-03-04T05:06:07Z") == "2026年3月4日 05:06（UTC）"
    assert en.moment("2026-03-04T05:06:07+07:00") == "3 March 2026, 22:06 UTC"


@pytest.mark.parametrize(
    ("score", "direction"),
    [
        (Score(worst=16.0, best=2.0), "cost"), (Score(), "cost"), (Score(), "benefit"),
        (Score(method="target", target=7.0, reach=2.5), "target"), (Score(method="target", target=7.0), "target"),
        (Score(method="classes", bounds=(6.0, 13.0), scores=(1.0, 0.5, 0.0)), "cost"),
        (Score(method="piecewise", at=(0.0, 4.0), scores=(0.0, 1.0)), "benefit"),
        (Score(method="membership", shape="bell", points=(1.0, 2.0, 3.0)), "benefit"), (Score(method="as_it_is"), "benefit"),
    ],
)  # fmt: skip
def test_every_scoring_has_chinese_words(score, direction):
    """The lines that evaluations write are told in Chinese with the same numbers."""
    line = scored(score, direction)
    told = scoring_words(Speech("zh"), line)
    assert not re.search(r"[a-z]{2}", told)
    assert sorted(re.findall(r"\d[\d.]*", line)) in (
        sorted(re.findall(r"\d[\d.]*", told)), sorted([*re.findall(r"\d[\d.]*", told), "0", "1"])
    )  # fmt: skip


def test_the_command_repeats_the_run():
    """Inputs with versions and fields, parameters quoted for a shell, long texts from a file."""
    run = Run(
        process="evaluation.table", process_version="1", inputs={"units": (Parent(id="a", version=2, content="c", variable="v"),)},
        parameters={"pack": "x\ny", "label": "it's", "seed": 7, "columns": ["p", "q"], "draw": False, "none": None},
    )  # fmt: skip
    assert command_of(run).split(" \\\n  ") == [
        "craton run NODE evaluation.table", "--input 'units=a@2#v'", "--set pack=@pack.txt",
        "--set 'label=it'\"'\"'s'", "--set seed=7", "--set columns=p,q", "--set draw=false",
    ]  # fmt: skip


@needs_fonts
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_states_pdf_a_and_embeds_its_fonts(pdfs, language):
    """XMP claims PDF/A-2a and PDF/UA-1; tagged, titled, in its language, with an output intent, unlocked."""
    reader = PdfReader(io.BytesIO(pdfs[language]))
    root = reader.trailer["/Root"]
    said = root["/Metadata"].get_data().decode()
    assert re.search(r"pdfaid:part[>=\"]+2", said)
    assert re.search(r"pdfaid:conformance[>=\"]+A", said)
    assert re.search(r"pdfuaid:part[>=\"]+1", said)
    assert not reader.is_encrypted
    assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"].lower().startswith(language)
    assert reader.metadata.author == "Department of Lands & Mines"
    assert reader.metadata.creation_date.isoformat().startswith("2026-03-04")
    fonts = [
        font.get_object() for page in reader.pages for font in page["/Resources"].get("/Font", {}).values()
    ]
    assert fonts
    for font in fonts:
        below = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(below)
        assert "/ToUnicode" in font
    assert not any("/JavaScript" in str(root.get(name, "")) for name in ("/Names", "/OpenAction", "/AA"))


@needs_fonts
def test_the_same_run_makes_the_same_bytes(contents, pdfs):
    """Nothing of the moment or the machine is in a report."""
    assert pdf_report(contents["zh"]) == pdfs["zh"]
    assert html_report(contents["zh"]) == html_report(contents["zh"])


@needs_fonts
def test_pdf_and_page_say_the_same(contents, pdfs):
    """Words of the PDF are those of the page."""
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdfs["en"])).pages)
    page = html_report(contents["en"])
    for words in (
        "144 of 147",
        "Parcels <b>#1</b>",
        "craton run NODE evaluation.table",
        "Leach with drains",
        "83.0%",
    ):
        assert words in text.replace("\n", " ")
        assert words.replace("<", "&lt;").replace(">", "&gt;") in page


EVIL = '#panic("x") *b* _i_ $1$ @ref \\ "q" <script>alert(1)</script> </svg> & `r` // c'


@needs_fonts
def test_markup_in_a_title_is_text(tmp_path):
    """What looks like markup of Typst, HTML or SVG stands in both as it was written."""
    scores, _ = parcels()
    grades = evaluation(scores).grades
    first = type(grades[0])(
        **{name: getattr(grades[0], name) for name in grades[0].__struct_fields__} | {"title": {"en": EVIL}}
    )
    content = report(
        tmp_path / "node",
        evaluation(scores, title={"en": EVIL}, question={"en": EVIL}, grades=(first, *grades[1:])),
    )
    page = html_report(content)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    reader = PdfReader(io.BytesIO(pdf_report(content)))
    assert reader.metadata.title == EVIL
    assert '#panic("x") *b* _i_ $1$ @ref' in reader.pages[0].extract_text().replace("\n", " ")


@needs_fonts
def test_a_sign_without_a_font_shows_as_a_box(tmp_path):
    """Rare signs never stop a report: they become the letters they stand for, or a box."""
    assert visible("Ⅱ级 𪛖 ☃\x07") == "II级 □ □"
    content = report(
        tmp_path / "node", evaluation(parcels()[0], title={"en": "Class Ⅱ 𪛖 ລາວ ไทย ខ្មែរ မြန်မာ"})
    )
    text = PdfReader(io.BytesIO(pdf_report(content))).pages[0].extract_text()
    assert "Class II □" in text


@needs_fonts
def test_the_fonts_have_the_signs_of_chinese_reports():
    """All of the first level of GB 2312 and nearly all of the second; the words of reports without a box."""
    first, second = (
        [bytes([row, cell]).decode("gb2312", "ignore") for row in range(*rows) for cell in range(0xA1, 0xFF)]
        for rows in ((0xB0, 0xD8), (0xD8, 0xF8))
    )
    assert visible("".join(first)) == "".join(first)
    assert visible("".join(second)).count("□") < 0.02 * len(second)
    for language in LANGUAGES:
        words = "".join(json.loads((FOLDER / f"{language}.json").read_text()).values())
        assert visible(words) == words
    assert (FONTS / "LICENSE.txt").read_text().count("SIL Open Font License, Version 1.1") >= 6


def colours_of(svg):
    """Pixels of the picture in a map."""
    (png,) = re.findall(r"data:image/png;base64,([^\"]+)", svg)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA"))


def test_the_map_has_the_colours_of_the_grades(contents):
    """Each grade that there is has its own colour on the map, but for rounding, and all are in the legend."""
    (figure,) = [one for one in blocks(contents["en"], Figure) if one.is_map]
    pixels = colours_of(figure.svg)
    inner = np.unique(pixels[pixels[..., 3] == 255][:, :3], axis=0).astype(int)
    for _, _, start, colour in GRADES[1:]:
        wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
        assert np.abs(inner - wanted).max(axis=1).min() <= 2, start
    assert all(f"{colour}" in figure.svg for _, _, _, colour in GRADES)
    assert "N</text>" in figure.svg
    assert "1 km" in figure.svg
    assert "°E" in figure.svg


def test_a_map_of_many_units_is_drawn_in_parts(tmp_path, monkeypatch):
    """Parts put together show the same as one picture."""
    make_evaluated(tmp_path / "node")
    keys = [Key(start, colour, name) for name, _, start, colour in GRADES]
    with craton.open(tmp_path / "node") as node:
        units = node[UNITS].record
        whole = colours_of(map_of(node.store, units, keys, MapWords("map", "none")))
        monkeypatch.setattr(report_map, "MOST_FEATURES", 40)
        report_map._pictures.clear()
        parts = colours_of(map_of(node.store, units, keys, MapWords("map", "none")))
    assert (whole != parts).any(axis=2).mean() < 0.002


def test_units_without_a_place_have_no_map(tmp_path):
    """The rest of the report is there; charts by column too."""
    content = report(tmp_path / "node", placed=False)
    assert not [one for one in blocks(content, Figure) if one.is_map]
    assert "charts" in {part.id for part in content.parts}


@needs_fonts
@pytest.mark.parametrize(("language", "said"), [("en", "No unit could be evaluated: each of the 5 has a gap in what is needed."), ("zh", "5 个")])  # fmt: skip
def test_an_evaluation_that_found_nothing_has_a_report(tmp_path, language, said):
    """No unit without gaps: no best, no numbers, no crash."""
    nothing = Spread(count=0, gaps=5)
    scores, _ = parcels()
    told = evaluation(scores)
    grades = tuple(
        type(one)(**{n: getattr(one, n) for n in one.__struct_fields__} | {"count": 0, "share": 0.0})
        for one in told.grades
    )
    content = report(
        tmp_path / "node",
        evaluation(scores, evaluated=0, units=5, scores=nothing, best=(), poorest=(), robustness=None, grades=grades, rules=(), charts=()),
        language=language,
    )  # fmt: skip
    assert said in content.parts[0].blocks[0].text[0].text
    assert pdf_report(content).startswith(b"%PDF-1.7")


@needs_fonts
def test_signs_that_are_none_and_endless_words_make_a_report(tmp_path):
    """Control signs, none at all, and texts longer than a page stop no report and cost no minutes."""
    assert visible("a\x00b\x1b\uffff\ufeffc") == "abc"
    scores, _ = parcels()
    told = evaluation(scores, title={"en": "\x07\u200b"}, limits={"en": "盐" * 2000})
    endless = {"en": "a\x00" + "盐" * 9000}
    indicators = tuple(msgspec.structs.replace(one, title=endless, reference="W" * 4000) for one in told.indicators)  # fmt: skip
    nodes = tuple(msgspec.structs.replace(one, title=endless) for one in told.nodes)
    content = report(tmp_path / "node", msgspec.structs.replace(told, indicators=indicators, nodes=nodes))
    made = pdf_report(dataclasses.replace(content, date="yesterday"))
    assert PdfReader(io.BytesIO(made)).metadata.title == "–"
    assert PdfReader(io.BytesIO(made)).metadata.creation_date.year == 1970


def test_an_answer_that_cannot_be_read_is_told(tmp_path):
    """Which one, and what to do."""
    make_evaluated(tmp_path / "node")
    with craton.open(tmp_path / "node") as node:
        record = node[ANSWER].record
        member = record.assets["data"].members[0]
        file = node.store.objects.path(member.sha256)
        file.chmod(0o600)
        file.write_text('{"pack": 1}')
        with pytest.raises(InvalidError, match=f"the answer {ANSWER}@1 cannot be read") as caught:
            open_source(node.store, lambda id: node[id].record, record)
    assert "run the evaluation again" in caught.value.hint


def test_units_that_are_words_are_chinese():
    """Symbols stay; words of money and people do not."""
    zh = Speech("zh")
    assert [zh.unit(one) for one in ("money/ha", "person/km2", "m3/a")] == [
        "货币/ha", "人/km²", "m³/a",
    ]  # fmt: skip


def test_only_results_of_evaluations_have_reports(tmp_path):
    """Another dataset is refused with what to do."""
    make_evaluated(tmp_path / "node")
    with (
        craton.open(tmp_path / "node") as node,
        pytest.raises(NotFoundError, match="no result of an evaluation"),
    ):
        open_source(node.store, lambda id: node[id].record, node["parcels-1"].record)


def test_lines_break_between_words_and_wide_signs():
    """No line is wider than its place; what does not fit is cut."""
    for words in ("Depth to the water table in the dry season", "土壤盐分与碱化度的综合评价指标体系"):
        lines = lines_of(words, 100)
        assert len(lines) in (2, 3)
        assert all(width_of(line) <= 100 for line in lines)
    assert lines_of("short", 100) == ["short"]


def test_a_tree_places_parents_amid_their_children():
    """Nodes come with their words; text is escaped."""
    svg = tree(
        [
            Twig("a", "", "Goal <1>", "", 1.0),
            Twig("b", "a", "B", "0.5", 0.5),
            Twig("c", "a", "C", "0.5", 0.5),
        ],
        "tree",
    )
    assert svg.count("<path") == 2
    assert "Goal &lt;1&gt;" in svg
    assert Drawing(10, 10).svg('"').count("&quot;") == 1
