"""A pack that has everything a pack can have, as a dict that tests change."""

from __future__ import annotations

import copy
import json
from typing import Any

RICH: dict[str, Any] = {
    "id": "rich", "version": "1",
    "title": {"en": "Land", "zh": "土地"}, "question": {"en": "Which land?", "zh": "哪块土地？"},
    "description": {"en": "For tests.", "zh": "测试用。"}, "limits": {"en": "None.", "zh": "无。"},
    "goal": "land", "label": ["name"],
    "attributes": {
        "slope": {"unit": "deg", "title": {"en": "Slope", "zh": "坡度"}, "lowest": 0.0, "highest": 90.0},
        "depth": {"unit": "m", "title": {"en": "Soil depth", "zh": "土层厚度"}, "columns": ["soil_depth"]},
        "acidity": {"unit": "1", "title": {"en": "pH", "zh": "酸碱度"}, "error": 0.2},
        "distance": {"unit": "km", "title": {"en": "Distance", "zh": "距离"}},
        "texture": {"title": {"en": "Texture", "zh": "质地"}},
    },
    "indicators": {
        "gentle": {
            "title": {"en": "Slope", "zh": "坡度"}, "formula": "slope", "direction": "cost",
            "score": {"worst": 25.0, "best": 5.0},
        },
        "rooting": {
            "title": {"en": "Rooting depth", "zh": "根系深度"}, "formula": "depth", "unit": "cm",
            "direction": "benefit", "score": {"method": "classes", "bounds": [50.0, 100.0], "scores": [0.0, 0.6, 1.0]},
        },
        "reaction": {
            "title": {"en": "Reaction", "zh": "酸碱反应"}, "formula": "acidity", "direction": "target",
            "score": {"method": "target", "target": 6.5, "reach": 2.0},
        },
        "access": {
            "title": {"en": "Access", "zh": "可达性"}, "formula": "1 / (1 + distance / '1 km')",
            "direction": "benefit", "score": {"method": "as_it_is"},
        },
        "ease": {
            "title": {"en": "Ease", "zh": "便利度"}, "formula": "access * depth", "direction": "benefit",
            "score": {"method": "piecewise", "at": [0.0, 1.0, 2.0], "scores": [0.0, 0.8, 1.0]},
        },
    },
    "criteria": {
        "land": {
            "title": {"en": "Land", "zh": "土地"}, "parts": ["soil", "place"],
            "weights": {"method": "analytic_hierarchy", "judgments": [["soil", "place", 3.0]]},
        },
        "soil": {
            "title": {"en": "Soil", "zh": "土壤"}, "parts": ["rooting", "reaction"],
            "weights": {"method": "given", "values": {"rooting": 3.0, "reaction": 2.0}},
        },
        "place": {
            "title": {"en": "Place", "zh": "区位"}, "parts": ["gentle", "access", "ease"],
            "weights": {
                "method": "best_worst", "best_over": {"gentle": 1.0, "access": 2.0, "ease": 4.0},
                "over_worst": {"gentle": 4.0, "access": 2.0, "ease": 1.0},
            },
        },
    },
    "grades": [
        {"title": {"en": "Poor", "zh": "差"}, "colour": "#b2182b"},
        {"title": {"en": "Fair", "zh": "中"}, "from_score": 0.4},
        {"title": {"en": "Good", "zh": "好"}, "from_score": 0.7},
    ],
    "rules": {
        "advice": {
            "title": {"en": "Advice", "zh": "建议"},
            "answers": {"lime": {"en": "Lime", "zh": "施石灰"}, "keep": {"en": "Keep", "zh": "保持"}},
            "rules": [{"when": "acidity < 5.5 and class('texture', 'sand', 'loam')", "then": "lime"}],
            "otherwise": "keep",
        }
    },
    "scenarios": {
        "limed": {"title": {"en": "Limed", "zh": "施石灰"}, "set": {"acidity": "maximum(acidity, 6)"}},
        "access_first": {"title": {"en": "Access", "zh": "可达优先"}, "weights": {"soil": {"method": "equal"}}},
    },
    "uncertainty": {"draws": 50},
    "frontier": {"inputs": ["distance"], "outputs": ["depth"], "returns": "constant"},
    "problems": {
        "use": {
            "title": {"en": "Use", "zh": "用途"},
            "uses": {
                "crops": {"title": {"en": "Crops", "zh": "耕地"}, "worth": "score_soil", "most": 0.5},
                "forest": {"title": {"en": "Forest", "zh": "林地"}, "worth": "1 - score_place"},
            },
        }
    },
    "workflow": {
        "states": {"asked": {"en": "Asked", "zh": "申请"}, "done": {"en": "Done", "zh": "完成"}},
        "start": "asked", "ends": ["done"],
        "transitions": [
            {"start": "asked", "end": "done", "title": {"en": "Approve", "zh": "批准"}, "when": "score >= 0.4"}
        ],
    },
    "oracles": [
        {
            "title": "by hand", "source": "By hand: 1 km away, 1.2 m of soil, 15 degrees.",
            "given": {
                "slope": [15.0], "depth": [1.2], "acidity": [6.5], "distance": [1.0], "texture": ["sand"],
            },
            "expect": {
                "rooting": [120.0], "score_rooting": [1.0], "score_gentle": [0.5], "access": [0.5],
                "ease": [0.6], "score_ease": [0.48], "advice": ["keep"], "rank": [1], "grade": ["好"],
            },
        }
    ],
    "synthetic": {
        "rows": 6, "columns": 5,
        "attributes": {
            "wet": {"method": "uniform", "low": 0.0, "high": 1.0, "smooth": 1.0},
            "slope": {"method": "uniform", "low": 0.0, "high": 30.0},
            "depth": {"method": "formula", "formula": "'20 cm' + '1.5 m' * wet"},
            "acidity": {"method": "normal", "mean": 6.0, "deviation": 0.8, "low": 3.0, "high": 9.0},
            "distance": {"method": "lognormal", "mean": 0.5, "deviation": 0.5},
            "texture": {"method": "words", "of": ["sand", "clay"], "shares": [0.25, 0.75]},
        },
    },
}  # fmt: skip


def rich(**changes: Any) -> str:
    """Text of the rich pack with values at dotted places changed, such as `grades=[]`; None takes one out."""
    told = copy.deepcopy(RICH)
    for place, value in changes.items():
        put(told, place.split("__"), value)
    return json.dumps(told)


def put(told: Any, path: list[str], value: Any) -> None:
    """Change one value of a tree."""
    for key in path[:-1]:
        told = told[int(key)] if isinstance(told, list) else told.setdefault(key, {})
    if value is None:
        del told[path[-1]]
    elif isinstance(told, list):
        told[int(path[-1])] = value
    else:
        told[path[-1]] = value
