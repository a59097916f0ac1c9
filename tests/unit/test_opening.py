"""An input of a process carries what its record says of its columns."""

from __future__ import annotations

import pandas as pd
from tests.serving import put

import craton
from craton.jobs.opening import open_input
from craton.model.boreholes import make_collars
from craton.model.data import Boreholes, ColumnNote
from craton.process.processes import find_process


def test_tables_of_holes_carry_their_units(tmp_path):
    """Each table of a set of drill holes has the notes of its own columns, not those of another's."""
    collars = make_collars(["A"], x=[0.0], y=[0.0], elevation=[10.0], total_depth=[5.0])
    assay = pd.DataFrame({"hole_id": ["A"], "from_depth": [0.0], "to_depth": [5.0], "Mn": [21.0]})
    holes = Boreholes(collars, intervals={"assay": assay, "geology": assay.drop(columns="Mn")})
    with craton.create(tmp_path / "node") as node:
        notes = {"assay.Mn": ColumnNote(unit="%", title="Manganese")}
        record = put(node, holes, "boreholes", id="holes", notes=notes)
        members = [member for asset in record.assets.values() for member in asset.members]
        paths = {one.sha256: str(node.store.objects.path(one.sha256)) for one in members}
        spec = find_process("resource.composite")
        opened = open_input(spec.id, spec.inputs[0], record, "", paths)
    assert opened.intervals["assay"].attrs["columns"]["Mn"] == {"unit": "%", "title": "Manganese"}
    assert "Mn" not in opened.intervals["geology"].attrs["columns"]
