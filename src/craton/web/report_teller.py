"""What all parts of a report are told with: its source, its language, and addresses for its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from craton.model.evaluation import Evaluation, Node, UnitAnswer
from craton.model.record import Parent, Record
from craton.web.replies import path_of
from craton.web.report_content import Span, Text
from craton.web.report_source import Source
from craton.web.report_speech import Speech

RAMP = ("#b2182b", "#ef8a62", "#fddbc7", "#d9f0d3", "#7fbf7b", "#1b7837")
"""Colours of grades that state none, from the lowest."""


@dataclass(frozen=True)
class Teller:
    """Tells of one source.

    Parameters
    ----------
    base : str
        Address of the node, to which numbers lead; empty for no links.
    """

    source: Source
    speech: Speech
    base: str = ""

    @property
    def evaluation(self) -> Evaluation:
        """The answer."""
        return self.source.evaluation

    def dataset(self, one: Record | Parent | None) -> str:
        """Address of a version of a dataset."""
        return f"{self.base}{path_of('datasets', f'{one.id}@{one.version}')}" if self.base and one else ""

    def sibling(self, *outputs: str) -> str:
        """Address of what the run made: the first of `outputs` that there is, else the answer."""
        found = next((self.source.siblings[name] for name in outputs if name in self.source.siblings), None)
        return self.dataset(found or self.source.answer)

    @cached_property
    def units(self) -> str:
        """Address of the evaluated units."""
        return self.sibling("units", "cells")

    def row(self, row: int) -> str:
        """Address of one unit, by its place from 1."""
        units = self.source.units
        if not self.base or units is None or units.kind != "table" or units.bbox is None:
            return self.units
        return f"{self.base}{path_of('collections', units.id, 'items', str(row))}"

    def number(self, words: str, href: str = "") -> Text:
        """A number that leads to the units it was found from, or to `href`."""
        return (Span(words, href or self.units),)

    def grade(self, place: int) -> Text:
        """A grade with its colour."""
        grades = self.evaluation.grades
        if not 0 <= place < len(grades):
            return (Span("–"),)
        return (Span(self.speech.text(grades[place].title), colour=self.colours[place]),)

    @cached_property
    def colours(self) -> tuple[str, ...]:
        """Colour of each grade, its own or by its place."""
        grades = self.evaluation.grades
        steps = (len(RAMP) - 1) / max(len(grades) - 1, 1)
        return tuple(one.colour or RAMP[round(place * steps)] for place, one in enumerate(grades))

    def heading(self, kind: str, key: str) -> str:
        """Title that the pack gives to its charts of a kind, else the words of `key`."""
        titles = (one.get("title") for one in self.evaluation.charts if one.get("kind") == kind)
        title = next((one for one in titles if isinstance(one, dict) and one), None)
        return self.speech.text(title) if title else self.speech.say(key)

    def indicator(self, id: str) -> str:
        """Title of an indicator; of one that is not told of, its identifier."""
        return self._titles.get(id, id)

    def node_title(self, node: Node) -> str:
        """Title of a node of the hierarchy."""
        return self.speech.text(node.title) or node.id

    @cached_property
    def _titles(self) -> dict[str, str]:
        nodes = {node.id: self.node_title(node) for node in self.evaluation.nodes}
        return nodes | {one.id: self.speech.text(one.title) or one.id for one in self.evaluation.indicators}

    def label(self, unit: UnitAnswer) -> str:
        """What a unit is called; a cell of a grid by its place on the Earth."""
        if self.evaluation.supports != "grid" or len(unit.position) != 2:
            return unit.label
        longitude, latitude = unit.position
        return self.speech.say(
            "place", latitude=f"{abs(latitude):.4f}", longitude=f"{abs(longitude):.4f}",
            north="N" if latitude >= 0 else "S", east="E" if longitude >= 0 else "W",
        )  # fmt: skip

    def supports(self) -> str:
        """What units of evaluation are called: units, cells, blocks."""
        return self.speech.say(f"supports.{self.evaluation.supports}")
