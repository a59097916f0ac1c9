"""Signing in, tokens and the audit log in the definition of the API."""

from __future__ import annotations

from craton.model.permission import ROLES
from craton.web.identity_people import MOST_DAYS
from craton.web.openapi_parts import answer, operation, path_parameter, problems, query_parameter, reading
from craton.web.openapi_people import for_people
from craton.web.openapi_schemas import MOMENT, TEXT, ref
from craton.web.queries import DEFAULT_LIMIT, MOST
from craton.web.replies import JSON, Json

TAG = "Identity"
ROLE: Json = {"type": "string", "enum": list(ROLES)}
SPAN: Json = {"type": "string", "format": "interval"}
TRUTH: Json = {"type": "boolean"}

_TOKEN: Json = {
    "id": TEXT, "user": TEXT, "name": TEXT, "role": ROLE, "created": MOMENT, "expires": MOMENT,
    "used": {"type": "string", "description": "when it was last used; empty for never"},
}  # fmt: skip


def _object(properties: Json, *required: str) -> Json:
    said: Json = {"type": "object", "properties": properties}
    return {**said, "required": list(required)} if required else said


SCHEMAS: dict[str, Json] = {
    "signIn": {
        **_object(
            {"name": {**TEXT, "maxLength": 200}, "password": {**TEXT, "maxLength": 1000}}, "name", "password"
        ),
        "additionalProperties": False,
    },
    "signingIn": _object(
        {"title": TEXT, "description": TEXT, "links": {"type": "array", "items": ref("link")}}
    ),
    "me": _object(
        {"name": TEXT, "title": TEXT, "role": ROLE, "signedIn": TRUTH, "by": TEXT,
         "sees": {"type": "array", "items": TEXT}, "mayRun": TRUTH, "mayChange": TRUTH, "mayAudit": TRUTH,
         "provider": TRUTH,
         "csrfToken": {"type": "string", "description": "goes into the header that csrfHeader names"},
         "csrfHeader": TEXT},
        "name", "role", "signedIn",
    ),
    "newToken": {
        **_object(
            {"name": {"type": "string", "minLength": 1, "maxLength": 120},
             "role": {**ROLE, "enum": [*ROLES, None], "nullable": True},
             "days": {"type": "integer", "minimum": 1, "maximum": MOST_DAYS, "default": 365}},
            "name",
        ),
        "additionalProperties": False,
    },
    "token": _object(_TOKEN, "id", "role", "expires"),
    "madeToken": _object({**_TOKEN, "token": TEXT}, "id", "token"),
    "tokens": _object({"tokens": {"type": "array", "items": ref("token")}}, "tokens"),
    "audit": _object(
        {"lines": {"type": "array", "items": {"type": "object", "additionalProperties": True}}}, "lines"
    ),
}  # fmt: skip


def paths() -> Json:
    """Paths of signing in and out, of tokens, and of the audit log."""
    return {
        "/login": {**_showing(), "post": _signing_in()},
        "/login/oidc": {"get": _leaving()},
        "/login/oidc/callback": {"get": _coming_back()},
        "/logout": {"post": _signing_out()},
        "/me": reading("getMe", TAG, "Who asks, and what they may", "me", None, 401, 404, 429),
        "/tokens": {
            "get": for_people(
                reading("getTokens", TAG, "Tokens of who asks", "tokens", None, 401, 403, 404, 429)["get"]
            ),
            "post": for_people(_making()),
        },
        "/tokens/{tokenID}": {"delete": for_people(_revoking())},
        "/audit": {
            "get": for_people(
                reading("getAudit", TAG, "The audit log", "audit", _conditions(), 401, 403, 429)["get"]
            ),
        },
    }


def _next() -> Json:
    return query_parameter("next", TEXT, "address of this node to go to afterwards")


def _body(schema: str) -> Json:
    return {"required": True, "content": {JSON: {"schema": ref(schema)}}}


def _showing() -> Json:
    said = reading("getLogin", TAG, "How to sign in", "signingIn", [_next()], 401, 404, 429)
    said["get"]["responses"]["200"]["content"]["text/html"] = {"schema": TEXT}
    return said


def _signing_in() -> Json:
    replies = {
        "200": answer("who signed in", ref("me")), "303": {"description": "signed in by the form"},
        "401": {**answer("the name or the password is wrong", ref("exception"), "application/problem+json")},
        **problems(400, 403, 404, 408, 413, 415, 429, 503),
    }  # fmt: skip
    return {**operation("signIn", TAG, "Sign in"), "requestBody": _body("signIn"), "responses": replies}


def _leaving() -> Json:
    replies = {
        "303": {"description": "to the identity provider"}, **problems(400, 401, 404, 429, 503),
    }  # fmt: skip
    return {**operation("beginSignIn", TAG, "Sign in elsewhere", [_next()]), "responses": replies}


def _coming_back() -> Json:
    names = ("code", "state", "error", "error_description", "iss", "session_state")
    replies = {
        "303": {"description": "signed in"}, **problems(400, 401, 403, 404, 429, 503),
    }  # fmt: skip
    parameters = [query_parameter(name, TEXT) for name in names]
    said = operation("finishSignIn", TAG, "Come back from the identity provider", parameters)
    return {**said, "responses": replies}


def _signing_out() -> Json:
    replies = {"204": {"description": "signed out"}, **problems(400, 401, 403, 404, 429)}
    return {**operation("signOut", TAG, "Sign out"), "responses": replies}


def _making() -> Json:
    made = answer("the token; its secret is told this once", ref("madeToken"))
    made["headers"] = {"Location": {"description": "where it is revoked", "schema": TEXT}}
    replies = {"201": made, **problems(400, 401, 403, 404, 408, 409, 413, 415, 429)}
    return {
        **operation("makeToken", TAG, "Make a token"), "requestBody": _body("newToken"), "responses": replies,
    }  # fmt: skip


def _revoking() -> Json:
    replies = {"204": {"description": "it is of no use any more"}, **problems(400, 401, 403, 404, 429)}
    return {
        **operation("revokeToken", TAG, "Take back a token", [path_parameter("tokenID")]),
        "responses": replies,
    }


def _conditions() -> list[Json]:
    limit: Json = {"type": "integer", "minimum": 1, "default": DEFAULT_LIMIT}
    return [
        query_parameter("datetime", SPAN, "a moment, or an interval with .. at an open side"),
        query_parameter("actor", TEXT), query_parameter("dataset", TEXT), query_parameter("event", TEXT),
        query_parameter("limit", limit, f"lines; no more than {MOST} are given"),
    ]  # fmt: skip
