"""Operations in the definition of the API."""

from __future__ import annotations

from craton.web.openapi_parts import answer, operation, problems, reading
from craton.web.openapi_schemas import TEXT, ref
from craton.web.replies import Json

SCHEMAS: dict[str, Json] = {
    "health": {"type": "object", "properties": {"status": TEXT}, "required": ["status"]},
    "readiness": {
        "type": "object",
        "properties": {"status": TEXT, "reasons": {"type": "array", "items": TEXT}},
        "required": ["status", "reasons"],
    },
}


def paths() -> Json:
    """Paths of operations."""
    ready = reading("getReadiness", "Operations", "Whether the node can do its work", "readiness")
    ready["get"]["responses"]["503"] = answer("why it cannot", ref("readiness"))
    numbers = operation("getMetrics", "Operations", "Numbers about the node, as Prometheus reads them")
    numbers["responses"] = {"200": answer("the numbers", TEXT, "text/plain"), **problems(400, 403)}
    return {
        "/health": reading("getHealth", "Operations", "Whether the server answers", "health"),
        "/ready": ready,
        "/metrics": {"get": numbers},
    }
