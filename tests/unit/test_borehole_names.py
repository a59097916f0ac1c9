"""Tables of drill holes told by the names of their columns and files."""

from __future__ import annotations

import pytest

from craton.ingest.borehole_names import Role, base, keys, recognise, role_of, table_name


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("HoleId,Longitude,Latitude,MaxDepth", Role.COLLAR),
        ("BHID,XCOLLAR,YCOLLAR,ZCOLLAR", Role.COLLAR),
        ("HOLE_ID,East (m),North (m),RL (m),Azimuth,Dip", Role.COLLAR),
        ("CompanyHoleId,Depth,Dip,Azimuth", Role.SURVEY),
        ("BHID,AT,BRG,DIP", Role.SURVEY),
        ("DHID,FROM_M,TO_M,AU_PPM", Role.INTERVAL),
        ("Hole,Depth From,Depth To,Lithology", Role.INTERVAL),
        ("nr,x,y,surface,end,top,bottom,lith", Role.INTERVAL),
        ("nr,x,y,surface,end,depth,coneresistance", Role.POINT),
        ("hole_id,depth,density", Role.POINT),
        ("X,Y,Z,name", None),
        ("X,Y,Z,azimuth,dip,polarity,formation", None),
        ("id,x,y,depth", None),
        ("from,to,weight", None),
        ("nr,top,bottom", None),
        ("station,depth,salinity", None),
    ],
)
def test_what_a_header_makes_a_table(header, role):
    """Spellings of many programs are known, and tables of other things are left alone."""
    assert role_of(recognise(header.split(","))) is role


def test_keys_in_order_of_trust():
    """The identifier of the database comes before the company's own, the row number last."""
    assert keys(["Id", "CompanyHoleId", "CollarID", "HoleId", "Depth"]) == [
        "HoleId",
        "CompanyHoleId",
        "CollarID",
        "Id",
    ]


@pytest.mark.parametrize(
    ("stem", "words"),
    [
        ("gswa_sample_geology", ("gswa", "sample")),
        ("demo_gswa_sample_collars", ("demo", "gswa", "sample")),
        ("Assays", ()),
        ("MineSurvey", ("mine",)),
        ("north block - collar", ("north", "block")),
    ],
)
def test_what_a_file_name_says_besides(stem, words):
    """Files belong together by the words that do not say what they hold."""
    assert base(stem) == words


@pytest.mark.parametrize(
    ("stem", "role", "name"),
    [
        ("gswa_sample_geology", Role.INTERVAL, "geology"),
        ("cpts_usp", Role.POINT, "cpt"),
        ("boreholes_usp", Role.INTERVAL, "layers"),
        ("holes", Role.POINT, "readings"),
    ],
)
def test_tables_are_named_by_their_file(stem, role, name):
    """The last word that says what a file holds names its table."""
    assert table_name(stem, role) == name
