"""A resource's routes as a table: path, who may, what goes in, what comes out, which errors.

::

    @bp.post("/users")
    @bp.needs("accounts.users:edit")
    @bp.accepts(NewUserSchema)
    @bp.answers(UserSchema, 201, refuses=[EmailTaken])
    def create_user(new: NewUser, scope: Scope[Store]) -> User: ...
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial, wraps
from http import HTTPStatus
from typing import Any, Final

from flask import Response, g, jsonify, request, url_for
from flask_smorest import Blueprint
from marshmallow import Schema

from staffroll import errors
from staffroll.errors import Invalid, StaffrollError
from staffroll.idempotency import Once
from staffroll.scope import StepUpNeeded
from staffroll.web import guard, prefer
from staffroll.web.parsing import Parser
from staffroll.web.problems import PROBLEM_JSON, ProblemSchema, WrongContentType, status_of

View = Callable[..., Any]

_ALWAYS: Final[Sequence[type[StaffrollError]]] = (errors.DatabaseAway,)
_KEY_MAX_CHARACTERS: Final = 255


class IdempotencyKeyInvalid(Invalid):
    code = "idempotency_key_invalid"
    wording = "An Idempotency-Key has 1 to 255 printable ASCII characters."


class Resource(Blueprint):  # type: ignore[misc]
    """A blueprint whose decorators are the contract of each route."""

    ARGUMENTS_PARSER = Parser()

    @staticmethod
    def _make_doc_response_schema(schema: Any) -> Any:
        """The class says the same as an instance without options, and costs nothing to copy."""
        is_instance = isinstance(schema, Schema)
        has_options = is_instance and (schema.many or schema.only or schema.exclude)
        return type(schema) if is_instance and not has_options else schema

    def get(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._route(rule, "GET", options)

    def post(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._route(rule, "POST", options)

    def put(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._route(rule, "PUT", options)

    def patch(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._route(rule, "PATCH", options)

    def delete(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._route(rule, "DELETE", options)

    def _route(self, rule: str, method: str, options: dict[str, Any]) -> Callable[[View], View]:
        def decorate(view: View) -> View:
            documented = self._documented(view)
            registered: View = self.route(rule, methods=[method], **options)(documented)
            return registered

        return decorate

    def needs(
        self, permission: str, *, instead: str | None = None, fresh: bool = False
    ) -> Callable[[View], View]:
        """Only for who has `permission`; the view gets its ``scope``.

        Args:
            instead: Lets in as well; the view asks for what.
            fresh: And who entered password or code within the last ten minutes.
        """
        return self._guarded(permission, instead=instead, fresh=fresh)

    def needs_sign_in(
        self, *, fresh: bool = False, narrowed_ok: str | None = None
    ) -> Callable[[View], View]:
        """For whoever is signed in, about themselves; the view gets its ``scope``.

        Args:
            fresh: As in `needs`.
            narrowed_ok: What a token may be narrowed to that is let in all the same, such as
                ``me.password:edit``, or `guard.ANY_NARROWED`.
        """
        return self._guarded(None, fresh=fresh, narrowed_ok=narrowed_ok)

    def is_public(self) -> Callable[[View], View]:
        """For everyone, on purpose; the view gets no scope."""

        def decorate(view: View) -> View:
            guard.public(view)
            return view

        return decorate

    def _guarded(
        self,
        permission: str | None,
        *,
        instead: str | None = None,
        fresh: bool = False,
        narrowed_ok: str | None = None,
    ) -> Callable[[View], View]:
        def decorate(view: View) -> View:
            @wraps(view)
            def guarded(*args: Any, **kwargs: Any) -> Any:
                scope = guard.current().scope(
                    permission, instead=instead, fresh=fresh, narrowed_ok=narrowed_ok
                )
                return view(*args, scope=scope, **kwargs)

            guarded.permission = permission  # type: ignore[attr-defined]
            documented = self.doc(
                security=[{"bearer": []}],
                **{"x-permission": permission} if permission else {},
            )(guarded)
            documented.permission = permission
            refused: list[type[StaffrollError]] = [errors.Unauthenticated]
            if permission is not None:
                refused.append(errors.Forbidden)
            elif narrowed_ok != guard.ANY_NARROWED:
                refused.append(guard.TokenNarrowed)
            if fresh:
                refused.append(StepUpNeeded)
            return self._document(documented, refused)

        return decorate

    def accepts(self, schema: type[Schema] | Schema) -> Callable[[View], View]:
        """The JSON body, loaded by `schema`, is the view's first argument."""

        def decorate(view: View) -> View:
            body = schema() if isinstance(schema, type) else schema
            taking: View = self.arguments(body, location="json", example=_example(body))(view)
            return self._document(taking, [errors.Malformed, errors.Invalid, WrongContentType], 413)

        return decorate

    def takes_file(self, media_types: Sequence[str], max_bytes: int) -> Callable[[View], View]:
        """The raw body: the view gets ``sent``, which reads it: its media type and its bytes.

        The view reads it, so that what is not there is refused before megabytes are.
        """

        def decorate(view: View) -> View:
            @wraps(view)
            def taking(*args: Any, **kwargs: Any) -> Any:
                request.max_content_length = max_bytes
                return view(*args, sent=partial(_sent_file, media_types), **kwargs)

            binary = {"schema": {"type": "string", "format": "binary"}}
            body = {"required": True, "content": dict.fromkeys(media_types, binary)}
            documented: View = self.doc(requestBody=body)(taking)
            return self._document(documented, [WrongContentType], 413)

        return decorate

    def asks(self, schema: type[Schema] | Schema) -> Callable[[View], View]:
        """The query string, loaded by `schema`, is the view's first argument."""

        def decorate(view: View) -> View:
            taking: View = self.arguments(schema, location="query")(view)
            return self._document(taking, [errors.Invalid])

        return decorate

    def answers(
        self,
        schema: type[Schema] | Schema | None,
        status: int = 200,
        *,
        refuses: Sequence[type[StaffrollError]] = (),
        with_etag: bool = False,
        or_later: bool = False,
    ) -> Callable[[View], View]:
        """The view's result, dumped by `schema`, is the answer.

        Args:
            refuses: Errors that the view may raise beyond those of its decorators.
            with_etag: The result's ``version`` is the ETag; ``If-None-Match`` is honoured.
            or_later: The view may say `under_way`, so that the status is 202.
        """
        dumper = schema() if isinstance(schema, type) else schema

        def decorate(view: View) -> View:
            @wraps(view)
            def answering(*args: Any, **kwargs: Any) -> Any:
                result = view(*args, **kwargs)
                if isinstance(result, Response):
                    return result
                response = jsonify(dumper.dump(result)) if dumper else Response()
                response.status_code = g.pop("status", status)
                if location := g.pop("location", None):
                    response.headers["Location"] = location
                if with_etag:
                    response.set_etag(str(result.version))
                    response.make_conditional(request)
                return response

            headers = (
                {"ETag": {"description": "The version.", "schema": {"type": "string"}}}
                if with_etag
                else None
            )
            documented = self.alt_response(status, schema=dumper, headers=headers)(answering)
            if or_later:
                documented = self.alt_response(
                    HTTPStatus.ACCEPTED, schema=dumper, headers=headers, description="Under way."
                )(documented)
            if with_etag and status == HTTPStatus.OK:
                documented = self.alt_response(304, description="Not modified.")(documented)
            return self._document(documented, [*_ALWAYS, *refuses])

        return decorate

    def expects_version(self) -> Callable[[View], View]:
        """``If-Match`` is honoured: the view gets ``expected``, a version or None for any."""

        def decorate(view: View) -> View:
            @wraps(view)
            def expecting(*args: Any, **kwargs: Any) -> Any:
                return view(*args, expected=_expected_version(), **kwargs)

            self._header(expecting, "If-Match", "Change only this version (the ETag).")
            return self._document(expecting, [errors.Stale])

        return decorate

    def once_only(self) -> Callable[[View], View]:
        """``Idempotency-Key`` is honoured for 24 h: the view gets ``once``, None without one."""

        def decorate(view: View) -> View:
            @wraps(view)
            def repeating(*args: Any, scope: Any, **kwargs: Any) -> Any:
                return view(*args, scope=scope, once=_once(scope.actor.id), **kwargs)

            self._header(
                repeating,
                "Idempotency-Key",
                "Repeating the request with the same key and body within 24 hours creates nothing "
                "new and gives the same answer.",
                minLength=1,
                maxLength=_KEY_MAX_CHARACTERS,
            )
            return self._document(repeating, [IdempotencyKeyInvalid])

        return decorate

    def may_wait(self) -> Callable[[View], View]:
        """``Prefer: wait=N`` is honoured: the view gets ``wait_seconds``, 0 without it."""

        def decorate(view: View) -> View:
            @wraps(view)
            def waiting(*args: Any, **kwargs: Any) -> Any:
                seconds = prefer.wait_seconds(request.headers.getlist("Prefer"))
                response = view(*args, wait_seconds=seconds or 0, **kwargs)
                if seconds is not None:
                    response.headers["Preference-Applied"] = f"wait={seconds}"
                return response

            self._header(
                waiting,
                "Prefer",
                f"`wait=5`: wait so many seconds, at most {prefer.WAIT_MAX_SECONDS}, for the "
                "answer of accounts (RFC 7240).",
            )
            return waiting

        return decorate

    def _header(self, view: View, name: str, description: str, **schema: object) -> None:
        """Note a header that the view reads; written into the document by `_documented`."""
        header = {
            "in": "header",
            "name": name,
            "description": description,
            "schema": {"type": "string", **schema},
        }
        view.headers = [*getattr(view, "headers", []), header]  # type: ignore[attr-defined]

    def _document(self, view: View, refused: Sequence[type[StaffrollError]], *also: int) -> View:
        """Note what the view may refuse with; written into the document by `_documented`."""
        noted: list[type[StaffrollError] | int] = getattr(view, "refuses", [])
        view.refuses = [*noted, *refused, *also]  # type: ignore[attr-defined]
        return view

    def _documented(self, view: View) -> View:
        headers = getattr(view, "headers", [])
        if headers:
            view = self.doc(parameters=headers)(view)
        by_status: dict[int, list[str]] = {}
        for item in getattr(view, "refuses", []):
            if isinstance(item, int):
                by_status.setdefault(item, []).append(HTTPStatus(item).phrase)
            else:
                by_status.setdefault(status_of(item).value, []).append(f"`{item.code}`")
        # Noted at once: `alt_response` would wrap the view, and copy all that is noted, for each.
        noted: dict[str, Any] = vars(view)["_apidoc"]
        responses = noted.setdefault("response", {}).setdefault("responses", {})
        for status, found in sorted(by_status.items()):
            problem = {
                "schema": ProblemSchema,
                "description": ", ".join(dict.fromkeys(found)),
                "content_type": PROBLEM_JSON,
            }
            responses.setdefault(status, []).append(problem)
        return view


def _example(schema: Schema) -> dict[str, Any] | None:
    """A body that can be sent as it is: only fields with an example of their own, since viewers
    invent values for all others. None where a field that is required has none."""
    found = {
        name: field.metadata["example"]
        for name, field in schema.fields.items()
        if "example" in field.metadata
    }
    is_whole = all(name in found for name, field in schema.fields.items() if field.required)
    return found if found and is_whole else None


def stands_at(endpoint: str, **values: Any) -> None:
    """The answer's ``Location`` is this route of the same resource."""
    g.location = url_for(f".{endpoint}", **values)


def under_way() -> None:
    """The answer is 202: what was asked for is accepted, but not done yet."""
    g.status = HTTPStatus.ACCEPTED.value


def _sent_file(media_types: Sequence[str]) -> tuple[str, bytes]:
    if request.mimetype not in media_types:
        raise WrongContentType(expected=" or ".join(media_types))
    return request.mimetype, request.get_data(cache=False)


def _expected_version() -> int | None:
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    text = header.strip().strip('"')
    # What is no version of ours matches none, so it is refused as stale, not as malformed.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def _once(actor: str) -> Once | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not (0 < len(key) <= _KEY_MAX_CHARACTERS and key.isascii() and key.isprintable()):
        raise IdempotencyKeyInvalid
    scoped = "\n".join((actor, request.method, request.path, key))
    return Once(
        key=hashlib.sha256(scoped.encode()).hexdigest(),
        fingerprint=hashlib.sha256(request.get_data()).hexdigest(),
    )
