"""Packs for tests: small ones that can be run, and changed to have faults."""

from __future__ import annotations


def small_pack(**more):
    """A sound pack of two attributes, two indicators and two grades."""
    words = {"en": "Gold", "zh": "金"}
    attributes = {
        "gold": {"title": words, "unit": "mg/kg", "columns": ["gold_ppm"]},
        "depth": {"title": {"en": "Depth", "zh": "深度"}, "unit": "m"},
    }
    indicators = {
        "gold": {"title": words, "formula": "gold", "direction": "benefit"},
        "shallow": {
            "title": {"en": "Depth in kilometres", "zh": "深度（千米）"}, "formula": "depth", "unit": "km",
            "direction": "cost", "score": {"method": "linear", "worst": 1.0, "best": 0.0, "source": "Example."},
        },
    }  # fmt: skip
    weights = {"method": "given", "values": {"gold": 3.0, "shallow": 1.0}}
    return {
        "id": "gold-sites", "version": "1", "title": {"en": "Gold of sites", "zh": "金矿点评价"},
        "question": {"en": "Which site first?", "zh": "先勘查哪个矿点？"},
        "description": {"en": "Gold and depth.", "zh": "金与深度。"},
        "limits": {"en": "For trials only.", "zh": "仅供试用。"}, "goal": "overall",
        "attributes": attributes, "indicators": indicators,
        "criteria": {
            "overall": {"title": {"en": "All", "zh": "综合"}, "parts": ["gold", "shallow"], "weights": weights}
        },
        "grades": [
            {"title": {"en": "Poor", "zh": "差"}, "colour": "#b2182b"},
            {"title": {"en": "Good", "zh": "良"}, "from_score": 0.5, "colour": "#1b7837"},
        ],
        **more,
    }  # fmt: skip
