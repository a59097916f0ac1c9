"""A node with an evaluation as its process leaves it: units, weights, contributions, answer, and their input."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import msgspec
import numpy as np
import pandas as pd
from shapely.geometry import box

import craton
from craton.jobs.assets import content_hash, stage_assets
from craton.jobs.run_task import result_id
from craton.model.data import Document, Draft
from craton.model.describe import describe
from craton.model.evaluation import (
    MEDIA_TYPE,
    AttributeAnswer,
    Contribution,
    Evaluation,
    FrontierAnswer,
    GradeShare,
    IndicatorAnswer,
    Node,
    ProblemAnswer,
    Robustness,
    RuleAnswer,
    Spread,
    UnitAnswer,
    encoded,
)
from craton.model.record import Lineage, Parent, Party, Run
from craton.store.codec import encode

KEY = "5f" * 32
PROCESS = "evaluation.table"
ANSWER = result_id(PROCESS, KEY, "answer", several=True)
UNITS = result_id(PROCESS, KEY, "units", several=True)
SIDE = 12
"""Parcels along a side of the lattice."""

GRADES = (
    ("poor", "差", 0.0, "#b8552f"), ("fair", "中", 0.4, "#e0b25c"), ("good", "良", 0.6, "#8bb56b"),
    ("very good", "优", 0.8, "#2f7d4f"),
)  # fmt: skip
WEIGHTS = {"salinity": 0.3, "sodicity": 0.2, "water": 0.3, "slope": 0.2}
TITLES = {
    "salinity": {"en": "Soil salinity", "zh": "土壤盐分"}, "sodicity": {"en": "Sodicity", "zh": "碱化度"},
    "water": {"en": "Water within reach", "zh": "可用水量"}, "slope": {"en": "Slope", "zh": "坡度"},
    "soil": {"en": "Soil", "zh": "土壤条件"}, "site": {"en": "Site", "zh": "立地条件"},
    "goal": {"en": "Suitability for reclamation", "zh": "改良适宜性"},
}  # fmt: skip


def spread(values, steps=20):
    """Numbers in short."""
    known = values[np.isfinite(values)]
    bins = np.histogram(known, steps)[0]
    low, *quartiles, high = np.quantile(known, [0, 0.25, 0.5, 0.75, 1]).tolist()
    return Spread(
        count=known.size, gaps=values.size - known.size, mean=float(known.mean()), lowest=low,
        quartiles=tuple(quartiles), highest=high, bins=tuple(bins.tolist()),
    )  # fmt: skip


def parcels(side=SIDE):
    """Scores (n, 4) of a lattice of parcels, and the parcels."""
    row, column = np.divmod(np.arange(side * side), side)
    wave = np.sin(column / 2.3) * np.cos(row / 3.1)
    scores = np.column_stack([
        0.5 + 0.45 * wave, 0.55 + 0.4 * np.cos(row / 2.0), 0.6 + 0.35 * np.sin(row / 4.0 + column / 6.0),
        0.2 + 0.75 * column / side,
    ]).clip(0, 1)  # fmt: skip
    west, south = 250_000 + 500 * column, 1_980_000 + 500 * row
    shapes = [box(x, y, x + 500, y + 500) for x, y in zip(west, south, strict=True)]
    return scores, gpd.GeoSeries(shapes, crs="EPSG:32648")


def evaluation(scores, /, **more):
    """The answer of an evaluation of parcels."""
    names, weights = list(WEIGHTS), np.array([*WEIGHTS.values()])
    whole = scores @ weights
    order = np.argsort(-whole, kind="stable")
    starts = [start for _, _, start, _ in GRADES]
    grades = np.searchsorted(starts, whole, side="right") - 1
    lacks = weights * (1 - scores)
    limiting = lacks.argmax(axis=1)

    def unit(place, rank):
        return UnitAnswer(
            row=place + 1, label=f"P-{place:03d}", score=float(whole[place]), rank=rank, grade=int(grades[place]),
            limiting=names[limiting[place]], rules={"treatment": "leach" if scores[place, 0] < 0.6 else "none"},
            contributions=tuple(
                Contribution(indicator=name, value=1.5, score=float(scores[place, n]), weight=float(weights[n]),
                             contribution=float(scores[place, n] * weights[n])) for n, name in enumerate(names)
            ), grade_probability=0.83, best_rank=1, worst_rank=9, position=(102.6, 17.9),
        )  # fmt: skip

    def node(id, kind, parent, weight, in_whole, values, **said):
        return Node(id=id, kind=kind, title=TITLES[id], parent=parent, weight=weight, whole_weight=in_whole,
                    scores=spread(values), **said)  # fmt: skip

    judged = {"combine": "weighted_sum", "weighing": "analytic_hierarchy"}
    indicator_nodes = [
        node(name, "indicator", "soil" if n < 2 else "site", weight / 0.5, weight, scores[:, n])
        for n, (name, weight) in enumerate(WEIGHTS.items())
    ]
    said = {
        "pack": "saline-land", "version": "1.2.0", "key": "ab" * 32,
        "title": {"en": "Saline land fit for reclamation", "zh": "盐碱地改良适宜性评价"},
        "question": {"en": "Which parcels are worth reclaiming first, and what holds the others back?", "zh": "哪些地块应优先改良？其余地块受何限制？"},
        "description": {"en": "Parcels are scored by soil and site.", "zh": "按土壤和立地条件对地块评分。"},
        "limits": {"en": "For planning at 1:10,000; not for the design of drains.", "zh": "适用于 1:10 000 规划，不用于排水工程设计。"},
        "supports": "table", "units": len(whole) + 3, "evaluated": len(whole), "scores": spread(whole),
        "grades": tuple(
            GradeShare(title={"en": en, "zh": zh}, from_score=start, count=int((grades == n).sum()),
                       share=float((grades == n).mean()), colour=colour, area=250_000.0 * int((grades == n).sum()))
            for n, (en, zh, start, colour) in enumerate(GRADES)
        ),
        "best": tuple(unit(int(place), rank + 1) for rank, place in enumerate(order[:5])),
        "poorest": tuple(unit(int(place), len(whole) - rank) for rank, place in enumerate(order[::-1][:5])),
        "nodes": (
            node("goal", "criterion", "", 1.0, 1.0, whole, weighing_source="Panel of 7 experts, 2025", consistency_ratio=0.0, **judged),
            node("soil", "criterion", "goal", 0.5, 0.5, scores[:, :2].mean(axis=1), consistency_ratio=0.04, **judged),
            *indicator_nodes[:2],
            node("site", "criterion", "goal", 0.5, 0.5, scores[:, 2:].mean(axis=1), combine="limiting_factor", weighing="combined of entropy, critic"),
            *indicator_nodes[2:],
        ),
        "indicators": tuple(
            IndicatorAnswer(
                id=name, title=TITLES[name], definition={"en": f"{TITLES[name]['en']} of the topsoil.", "zh": f"表土的{TITLES[name]['zh']}。"},
                unit="dS/m" if n == 0 else "1", formula="electrical_conductivity * 1.0" if n == 0 else f"{name}_column / 2",
                direction="cost" if n < 2 else "benefit", reference="Ayers and Westcot (1985), FAO 29, table 1",
                scoring=("linear from 16 (0) to 2 (1)", "classes: 1 below 6, 0.5 from 6, 0 from 13", "linear from the least (0) to the most (1) of all units", "trapezoid of 0, 2, 8, 25")[n],
                scoring_source="FAO 29, an example to be replaced", values=spread(16 - 14 * scores[:, n]),
                obstacle=float((lacks[:, n] / lacks.sum(axis=1)).mean()), limiting=float((limiting == n).mean()),
                inputs={"electrical_conductivity": "ec"} if n == 0 else {},
            ) for n, name in enumerate(names)
        ),
        "attributes": (
            AttributeAnswer(id="ec", title={"en": "Electrical conductivity", "zh": "电导率"}, unit="dS/m", column="EC_e", found_unit="mS/cm", values=spread(16 - 14 * scores[:, 0]), refused=2),
            AttributeAnswer(id="texture", title={"en": "Texture", "zh": "质地"}, unit="", column="TEXTURE", found_unit="", values=Spread(count=140, gaps=4), words={"loam": 90, "clay": 50}),
        ),
        "rules": (
            RuleAnswer(table="treatment", table_title={"en": "Treatment", "zh": "治理措施"}, id="leach", title={"en": "Leach with drains", "zh": "排水淋洗"}, count=80, share=0.55, source="FAO 29", area=2e7),
            RuleAnswer(table="treatment", table_title={"en": "Treatment", "zh": "治理措施"}, id="none", title={"en": "No treatment", "zh": "无需治理"}, count=64, share=0.45, source="FAO 29", area=1.6e7),
        ),
        "area": 250_000.0 * len(whole),
        "robustness": Robustness(draws=1000, spread=0.3, errors={"ec": "10 % of the number"}, same_grade=0.87, unsure=6, first="P-034", first_probability=0.41, seed=7),
        "summary": {"en": "The west of the district is fit first.", "zh": "应优先改良本区西部。"},
        "method": {"en": "Weights come from a panel; thresholds from FAO 29.", "zh": "权重由专家组给出，阈值取自 FAO 29。"},
        "charts": ({"kind": "scatter", "title": {"en": "Salinity and score", "zh": "盐分与得分"}, "columns": ["salinity", "score"]},),
    }  # fmt: skip
    return Evaluation(**(said | more))


def full(scores):
    """An answer that has every part."""
    return evaluation(
        scores, scenario="more_water", scenario_title={"en": "A new canal", "zh": "新建渠道"},
        changes={"water": "water * 1.3"}, note={"en": "900 draws were made.", "zh": "实际抽样 900 次。"},
        frontier=FrontierAnswer(inputs=("ec",), outputs=("water",), undesirable=("sodicity",), returns="variable", efficient=9, efficiency=spread(scores.mean(axis=1))),
        problems=(ProblemAnswer(id="use", title={"en": "Use of the land", "zh": "土地用途"}, worth=1234.5, uses={"crop": {"en": "Crops", "zh": "种植"}, "reed": {"en": "Reed", "zh": "芦苇"}}, counts={"crop": 100, "reed": 44}, areas={"crop": 2.5e7, "reed": 1.1e7}),),
    )  # fmt: skip


def make_evaluated(folder, told=None, *, visibility="public", placed=True, **said):
    """A node with the results of one evaluation; `told` is its answer."""
    scores, shapes = parcels()
    told = told or evaluation(scores, **said)
    names, weights = list(WEIGHTS), np.array([*WEIGHTS.values()])
    whole = scores @ weights
    rows = pd.DataFrame({
        "label": [f"P-{n:03d}" for n in range(len(whole))], "score": whole,
        **{name: 16 - 14 * scores[:, n] for n, name in enumerate(names)},
    })  # fmt: skip
    units = gpd.GeoDataFrame(rows, geometry=shapes, crs=shapes.crs) if placed else rows
    with craton.create(folder, title="Mekong node") as node:
        given = _put(node, rows, "table", "parcels-1", licence="CC-BY-4.0", visibility=visibility,
                     title={"en": "Parcels <b>#1</b>", "zh": "地块"})  # fmt: skip
        run = Run(
            process=PROCESS, process_version="1", software="craton 1.0", key=KEY, seed=7, actor="geologist",
            parameters={"pack": "id = 'saline-land'\n" * 20, "seed": 7, "scenario": ""},
            inputs={"units": (Parent(id=given.id, version=1, content=given.content),)}, output="units",
            started="2026-03-04T05:06:07.123456Z", ended="2026-03-04T05:06:09.654321Z", environment="cd" * 32, job="job-1",
        )  # fmt: skip
        tables = {
            "units": units, "weights": pd.DataFrame({"indicator": names, "weight": weights}),
            "contributions": rows[names],
        }  # fmt: skip
        for output, data in tables.items():
            _put(node, data, "table", output, run=run, licence="CC-BY-4.0", visibility=visibility)
        document = Document(text="an answer", media_type=MEDIA_TYPE, content=encoded(told))
        _put(node, document, "document", "answer", run=run, licence="CC-BY-4.0", visibility=visibility)
    return Path(folder)


def _put(node, data, kind, name, *, licence, visibility, run=None, title=None):
    """A dataset as a run makes it."""
    crs = "EPSG:32648" if hasattr(data, "geometry") else ""
    id = name if run is None else result_id(run.process, run.key, name, several=True)
    record = describe(Draft(data=data, kind=kind, title=name, licence=licence, crs=crs), id=id)
    with node.store.transaction() as transaction:
        folder = transaction.folder / id
        folder.mkdir()
        assets, staged = stage_assets(encode(data, kind, folder, crs=record.crs))
        lineage = record.lineage
        if run is not None:
            own = msgspec.structs.replace(run, output=name)
            lineage = Lineage(parents=tuple(p for given in run.inputs.values() for p in given), run=own)
        record = msgspec.structs.replace(
            record, assets=assets, content=content_hash(assets), visibility=visibility, lineage=lineage,
            parties=(Party(name="Department of Lands & Mines"),), title=title or record.title,
        )  # fmt: skip
        node.store.commit(transaction, [record], {sha256: Path(path) for sha256, path in staged.items()})
    return record
