"""Whatever a client sends: a 4xx problem document with a stable code, and nothing is changed.

Each test goes over every route that a service's own OpenAPI document names.
"""

from __future__ import annotations

import itertools
import json
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from tests.support.accounts import Answer
from tests.support.catalogues import ENTRIES
from tests.support.places import Place, Route, place
from tests.support.planned import EMPLOYEE

__all__ = ["place"]

Share = Callable[[Iterable[Any]], list[Any]]


@pytest.fixture
def share(request: pytest.FixtureRequest) -> Share:
    """Of the values that are tried on each of many routes or fields: every eighth, at least one,
    beginning with another one each time, so that all are tried somewhere; or all of them on each.
    """
    turns = itertools.count()

    def of(values: Iterable[Any]) -> list[Any]:
        found = list(values)
        every = min(request.param, len(found))
        return found[next(turns) % every :: every] if found else []

    return of


a_share = pytest.mark.parametrize(
    "share", [8, pytest.param(1, marks=pytest.mark.long)], indirect=True
)

NOBODY = "0197a000-0000-7000-8000-0000000000ff"
_KINDS: dict[str, list[Any]] = {
    "string": ["x"],
    "number": [7, -1, 0, 1.5, 10**400, 1e300],
    "boolean": [True, False],
    "array": [[], ["x"], [[]], [{"$ne": None}]],
    "object": [{}, {"$ne": None}, {"$gt": ""}, {"a": {"b": {}}}],
    "null": [None],
}
_OPERATORS = [{"$ne": None}, {"$gt": ""}, {"$regex": ".*"}, {"$where": "1"}, {"$in": ["x"]}]
_CONTROL = ["\0", "\x07", "\x1b", "\x7f", "\u2028", "\u202e", "\ufffe"]
_HALVES = [b"\\ud800 and a half", b"\xed\xa0\x80 and a half"]
_UNKNOWN = ["id", "_id", "tenant_id", "version", "$set", "a.b", "", "\0", "__proto__", "{x}"]
_OTHER_MEDIA = [
    None, "", "text/plain", "application/xml", "multipart/form-data", "application/jsonx",
    "application/x-www-form-urlencoded",
]  # fmt: skip
_NOWHERE = [NOBODY, NOBODY.upper(), "x", "0", "-1", "%00", f"{NOBODY}%0A", "$ne", "x" * 5_000]
_NO_GOOD_TOKENS = [
    "empty", "basic", "garbage", "expired", "forged", "void", "somebody", "other_tenant", "unsigned",
]  # fmt: skip
_NO_QUERIES = ["$where", "limit[$gt]", "tenant_id", "", "x" * 2_000, "%00"]
_METHODS = ["PUT", "DELETE", "PATCH", "POST", "NONSENSE"]
_UNREADABLE = [
    b"", b"{", b"}", b"nul", b"'{}'", b"\xff\xfe{}", b"\x00", b'{"a" 1}', b"{,}", b'{"a":1,}',
    b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": 01}', b'{"a": +1}',
    b'{"a": "\n"}', b'{"a": "\\ud800"}', b'{"\\udfff": 1}', b'{"a": "\xed\xa0\x80"}',
    '{"a": "ü"}'.encode("utf-16"), '{"a": "ü"}'.encode("latin-1"), b"\xef\xbb\xbf{}",
    b"[" * 100_000, b'{"a":' * 100_000, b'{"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    b'{"a": ' + b"9" * 5_000 + b"}", b"null", b"true", b"7", b'"text"', b"[]", b"[{}]",
]  # fmt: skip


def good_values() -> dict[str, Any]:
    """A value for every field of a body that any service takes; new fields are named here."""
    unique = secrets.token_hex(6)
    return {
        "last_name": "Müller",
        "first_name": "Anna",
        "email": f"u{unique}@x.example",
        "language": "de",
        "time_zone": "Europe/Berlin",
        "roles": [],
        "is_admin": False,
        "password": "correct horse battery",
        "tenant": "acme",
        "settings": {},
        "otp": "123456",
        "grant": "refresh_token",
        "refresh_token": f"acme.{NOBODY}.1.x",
        "access_token": f"srp_acme.{NOBODY}.x",
        "personnel_number": f"P-{unique}",
        "join_date": "2026-01-01",
        "title": "Dr.",
        "middle_name": "Maria",
        "private_phone": "+493012345678",
        "business_phone": "+493012345679",
        "date_of_birth": "1990-04-30",
        "address": {"country": "DE", "city": "Berlin"},
        "emergency_contact": {"name": "Bo", "phone": "+493012345680"},
        "notes": "Plays chess.",
        "q": "",
        "role": [],
        "status": "billed",
        "format": "csv",
        "invite": False,
        "must_change": False,
        "current_password": "not the present one",
        "category": "other",
        "abbreviation": "N",
        "description": "D",
        "permissions": [],
        "planning_units": None,
        "languages": ["en", "de"],
        "password_min_length": 12,
        "code": "123456",
        "enforced": False,
        "enforce_two_factor": False,
        "name": f"Name {unique}",
        "scopes": ["accounts.users:read"],
        "employee_id": EMPLOYEE,
        "start": "2026-11-30T08:00:00Z",
        "end": "2026-11-30T16:00:00+00:00",
        "activity_id": ENTRIES["activity"],
        "contract_id": ENTRIES["contract"],
        "skill_id": ENTRIES["skill"],
        "planning_unit_id": ENTRIES["planning_unit"],
        "leave_date": "2199-01-01",
        "future_shifts": "keep",
        "valid_from": "2026-11-30",
        "valid_to": None,
        "level": 1,
        "priority": 1,
        "weekly_minutes": 2400,
        "levels": [{"name": "Basic"}],
        "required_skills": [],
        "colour": "#3366ff",
        "is_paid": True,
        "items": [],
        "employees": None,
        "filter": {"status": "employed"},
        "change": {"contract": {"contract_id": ENTRIES["contract"], "valid_from": "2026-11-30"}},
        "note": "At the gate",
        "url": "https://hooks.example.org/staffroll",
        "events": ["user.*"],
        "is_enabled": True,
        "expires_at": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
    }


def a_body(route: Route) -> dict[str, Any]:
    assert route.body is not None
    values = good_values()
    return {name: values[name] for name in route.body["properties"]}


@pytest.fixture
def refused(place: Place) -> Iterator[Callable[[str, Answer], None]]:
    """Notes an answer; in the end all must be refusals, and the database as before."""
    before = place.dump()
    wrong: list[str] = []

    def note(what: str, response: Answer) -> None:
        wrong.extend(f"{what}: {complaint}" for complaint in _complaints(response))

    yield note

    assert wrong == []
    assert place.dump() == before


def _complaints(response: Answer) -> Iterator[str]:
    if not 400 <= response.status_code < 500:
        yield f"answered {response.status_code} {response.text[:200]}"
        return
    if response.content_type != "application/problem+json":
        yield f"is a {response.content_type}"
        return
    problem = json.loads(response.data)
    missing = {"type", "title", "status", "code", "detail", "request_id"} - problem.keys()
    if missing:
        yield f"lacks {missing}"
        return
    if problem["status"] != response.status_code:
        yield f"says {problem['status']} in a {response.status_code}"
    if not re.fullmatch(r"[a-z]+(_[a-z]+)*", problem["code"]):
        yield f"has the code {problem['code']}"
    if problem["type"] != f"urn:staffroll:problem:{problem['code']}":
        yield f"has the type {problem['type']}"
    if problem["request_id"] != response.headers["X-Request-Id"]:
        yield "has another request id than its header"
    if not problem["detail"] or not problem["title"]:
        yield "says nothing to people"


Refused = Callable[[str, Answer], None]


def _with_body(place: Place) -> list[Route]:
    return [route for route in place.routes if route.body is not None]


def _guarded(place: Place) -> list[Route]:
    return [route for route in place.routes if not route.is_public]


def test_there_are_routes_and_every_field_has_a_good_value(place: Place) -> None:
    assert len(place.routes) >= 3
    for route in _with_body(place):
        response = place.send(route.method, place.path(route), json=a_body(route))

        assert response.status_code not in (400, 404, 415, 422), f"{route}: {response.text}"


@a_share
def test_what_is_no_json_object_is_malformed(place: Place, refused: Refused, share: Share) -> None:
    for route in _with_body(place):
        for raw in share(_UNREADABLE):
            response = place.send(
                route.method, place.path(route), data=raw, content_type="application/json"
            )

            refused(f"{route} {raw[:30]!r}", response)


@a_share
def test_every_field_of_another_type_is_refused(
    place: Place, refused: Refused, share: Share
) -> None:
    for route in _with_body(place):
        for name, schema in _properties(route):
            for value in share(_of_other_types(schema)):
                response = _send(place, route, {**a_body(route), name: value})

                refused(f"{route} {name}={str(value)[:30]}", response)


@a_share
def test_operators_of_the_database_are_no_values(
    place: Place, refused: Refused, share: Share
) -> None:
    for route in _with_body(place):
        for name, _ in _properties(route):
            for operator in share(_OPERATORS):
                response = _send(place, route, {**a_body(route), name: operator})

                refused(f"{route} {name}={operator}", response)


@a_share
def test_fields_that_nobody_knows_are_refused(place: Place, refused: Refused, share: Share) -> None:
    for route in _with_body(place):
        for name in share(_UNKNOWN):
            response = _send(place, route, {**a_body(route), name: "x"})

            refused(f"{route} {name!r}", response)


def test_texts_that_are_too_long_are_refused(place: Place, refused: Refused) -> None:
    for route in _with_body(place):
        for name, schema in _properties(route):
            if "string" in _types(schema):
                response = _send(place, route, {**a_body(route), name: "x" * 20_000})

                refused(f"{route} {name}", response)


@a_share
def test_control_characters_are_refused(place: Place, refused: Refused, share: Share) -> None:
    for route in _with_body(place):
        for name, schema in _properties(route):
            # A password may be made of anything that Unicode has (R30).
            if "string" not in _types(schema) or schema.get("format") == "password":
                continue
            for character in share(_CONTROL):
                good = a_body(route)
                response = _send(place, route, {**good, name: f"{good[name]}{character}x"})

                refused(f"{route} {name} {character!r}", response)


@a_share
def test_half_characters_are_refused_in_every_text(
    place: Place, refused: Refused, share: Share
) -> None:
    for route in _with_body(place):
        for name, schema in _properties(route):
            if "string" in _types(schema):
                text = json.dumps({**a_body(route), name: "MARK"})
                for half in share(_HALVES):
                    raw = text.encode().replace(b"MARK", half)
                    response = place.send(
                        route.method, place.path(route), data=raw, content_type="application/json"
                    )

                    refused(f"{route} {name} {half!r}", response)


@a_share
def test_a_body_of_another_kind_is_refused(place: Place, refused: Refused, share: Share) -> None:
    for route in _with_body(place):
        for content_type in share(_OTHER_MEDIA):
            data = json.dumps(a_body(route))
            response = place.send(
                route.method, place.path(route), data=data, content_type=content_type
            )

            refused(f"{route} {content_type}", response)
            assert response.status_code == 415, f"{route} {content_type}"


def test_a_body_of_more_than_a_mebibyte_is_refused(place: Place, refused: Refused) -> None:
    for route in _with_body(place):
        data = json.dumps(a_body(route)) + " " * 1024 * 1024
        response = place.send(
            route.method, place.path(route), data=data, content_type="application/json"
        )

        refused(f"{route}", response)
        assert response.status_code == 413


@a_share
def test_what_is_not_there_is_not_found(place: Place, refused: Refused, share: Share) -> None:
    for route in filter(_names_an_object, place.routes):
        for id_ in share(_NOWHERE):
            options: dict[str, Any] = {"json": a_body(route)} if route.body else {}
            response = place.send(route.method, place.path(route, id_), **options)

            refused(f"{route} {id_[:30]}", response)
            assert response.status_code == 404, f"{route} {id_[:30]}: {response.text}"


def test_r1_what_another_tenant_has_is_not_found(place: Place, refused: Refused) -> None:
    for route in place.routes:
        if _names_an_object(route):
            options: dict[str, Any] = {"json": a_body(route)} if route.body else {}
            response = place.send(
                route.method, place.path(route), token=place.stranger.token, **options
            )

            refused(f"{route}", response)
            assert response.status_code == 404, f"{route}: {response.text}"


def _names_an_object(route: Route) -> bool:
    """A bucket and the name of a plugin are of everybody, and a token is a secret (R32)."""
    names = re.findall(r"{(\w+)}", route.path)
    return bool(names) and not {"bucket", "name", "token"} & set(names)


def test_r1_nothing_of_another_tenant_is_shown_on_any_route(place: Place) -> None:
    secrets_ = [place.human_id, place.tenant.id, place.tenant.admin_id]
    for route in place.routes:
        if route.method == "GET":
            response = place.send("GET", place.path(route), token=place.stranger.token)

            assert not [text for text in secrets_ if text in response.text], f"{route}"


@a_share
def test_without_a_good_token_nothing_is_done(place: Place, refused: Refused, share: Share) -> None:
    for route in _guarded(place):
        for kind in ("none", *share(_NO_GOOD_TOKENS)):
            options: dict[str, Any] = {"json": a_body(route)} if route.body else {}
            headers = {"Authorization": text} if (text := _authorization(place, kind)) else {}
            response = place.send(
                route.method, place.path(route), token=None, headers=headers, **options
            )

            refused(f"{route} {kind}", response)
            assert response.status_code == 401, f"{route} {kind}: {response.text}"
            assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_without_the_permission_nothing_is_done(place: Place, refused: Refused) -> None:
    # The tests before this one may have ended the human's sessions.
    generation = place.tenant.document(place.human_id)["token_generation"]
    token = place.tenant.accounts.token(place.tenant.id, place.human_id, generation=generation)
    for route in (route for route in _guarded(place) if route.permission):
        options: dict[str, Any] = {"json": a_body(route)} if route.body else {}
        response = place.send(route.method, place.path(route), token=token, **options)

        refused(f"{route}", response)
        assert response.status_code == 403, f"{route}: {response.text}"


@a_share
def test_a_query_that_nobody_knows_is_refused(place: Place, refused: Refused, share: Share) -> None:
    for route in (route for route in place.routes if route.queries):
        for name in share(_NO_QUERIES):
            path = place.path(route)
            response = place.send(route.method, f"{path}{'&' if '?' in path else '?'}{name}=1")

            refused(f"{route} {name[:30]}", response)


@a_share
def test_a_query_of_another_form_is_refused(place: Place, refused: Refused, share: Share) -> None:
    for route in place.routes:
        for name, schema in route.queries.items():
            for value in share(_wrong_queries(schema)):
                path = place.path(route).split("?")[0]
                others = {n: q["enum"][0] for n, q in route.queries.items() if q["needed"]}
                response = place.send(route.method, path, query_string={**others, name: value})

                refused(f"{route} {name}={value[:30]!r}", response)


@a_share
def test_a_method_that_a_route_does_not_know_is_refused(
    place: Place, refused: Refused, share: Share
) -> None:
    routes = place.routes
    for route in routes:
        known = {each.method for each in routes if each.path == route.path}
        for method in share(each for each in _METHODS if each not in known):
            response = place.send(method, place.path(route))

            refused(f"{method} {route.path}", response)
            assert response.status_code == 405
            assert "Allow" in response.headers


def test_methods_that_nobody_knows_do_not_fill_the_metrics(place: Place) -> None:
    for number in range(5):
        place.send(f"NONSENSE{number}", "/v1/users")

    assert "NONSENSE" not in place.send("GET", "/metrics", token=None).text


def _send(place: Place, route: Route, body: dict[str, Any]) -> Answer:
    raw = json.dumps(body)
    return place.send(route.method, place.path(route), data=raw, content_type="application/json")


def _properties(route: Route) -> list[tuple[str, dict[str, Any]]]:
    assert route.body is not None
    return list(route.body["properties"].items())


def _types(schema: dict[str, Any]) -> set[str]:
    named = schema.get("type", "string")
    types = {named} if isinstance(named, str) else set(named)
    return {"number" if each == "integer" else each for each in types}


def _of_other_types(schema: dict[str, Any]) -> Iterator[Any]:
    for kind, values in _KINDS.items():
        if kind not in _types(schema):
            yield from values
    if "array" in _types(schema):
        yield from ([[]], [{}], [None], [7], [{"$ne": None}], ["x"])


def _wrong_queries(schema: dict[str, Any]) -> Iterator[str]:
    if "number" in _types(schema):
        yield from ("x", "", "1.5", "1e400", "-1", "0", "9" * 5_000, "NaN", "\0", "$gt")
    elif "enum" in schema or schema.get("items", {}).get("pattern"):
        yield from ("", "x", "\0", "$ne", "x" * 5_000)
    elif "array" not in _types(schema):
        yield from ("\0", "x" * 5_000)


def _authorization(place: Place, kind: str) -> str | None:
    accounts, tenant = place.tenant.accounts, place.tenant
    good = tenant.token
    match kind:
        case "none":
            return None
        case "empty":
            return "Bearer "
        case "basic":
            return f"Basic {good}"
        case "garbage":
            return "Bearer a.b.c"
        case "expired":
            late = accounts.token(tenant.id, tenant.admin_id, is_admin=True, good_for_seconds=-100)
            return f"Bearer {late}"
        case "void":
            old = accounts.token(tenant.id, tenant.admin_id, is_admin=True, generation=0)
            return f"Bearer {old}"
        case "somebody":
            return f"Bearer {accounts.token(tenant.id, NOBODY, is_admin=True)}"
        case "other_tenant":
            moved = accounts.token(place.stranger.id, tenant.admin_id, is_admin=True)
            return f"Bearer {moved}"
        case "unsigned":
            return f"Bearer {good.rpartition('.')[0]}."
        case _:
            return f"Bearer {_forged(good)}"


def _forged(token: str) -> str:
    """The same claims under the same key id, signed by a key that is not ours."""
    private: Any = OKPKey.generate_key("Ed25519").private_key
    signed = token.rpartition(".")[0]
    return f"{signed}.{urlsafe_b64encode(private.sign(signed.encode())).decode().rstrip('=')}"
