"""The form that is made from the schema of a plugin's settings."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from marshmallow import INCLUDE, Schema, fields, validate
from werkzeug.datastructures import MultiDict

from staffroll.errors import FieldError, Invalid, Stale
from staffroll_accounts.actions.plugins import TenantPlugin
from staffroll_accounts.pages.plugin_form import SettingsForm, form_of, help_of, read_out
from tests.unit.pages.small_app import small_app

Sent = Mapping[str, str | list[str]]
Filled = Callable[..., Any]


class Colour(enum.Enum):
    DARK_RED = 1
    BLUE = 2


class Server(Schema):
    """A part of the settings."""

    host = fields.String(required=True)
    port = fields.Integer(load_default=25, validate=validate.Range(1, 65_535))
    is_safe = fields.Boolean(load_default=True)


class Everything(Schema):
    """A setting of each kind."""

    word = fields.String(required=True, metadata={"title": "A word", "description": "Any one."})
    count = fields.Integer(
        load_default=4, validate=[validate.And(validate.Range(1, 24))], data_key="howMany"
    )
    share = fields.Float(validate=validate.Range(min=0, max=1, max_inclusive=False))
    is_strict = fields.Boolean(load_default=True, metadata={"label": "Strict"})
    sign = fields.String(
        load_default=";",
        validate=validate.OneOf([";", "\t"]),
        metadata={"labels": {"\t": {"en": "a tab", "de": "Tabulator"}}},
    )
    level = fields.Integer(validate=validate.OneOf([1, 2], labels=["low", "high"]))
    colour = fields.Enum(Colour)
    days = fields.List(fields.String(validate=validate.OneOf(["mon", "tue"])))
    marks = fields.List(fields.Integer(), validate=validate.ContainsOnly([1, 2, 3]))
    domains = fields.List(fields.String(validate=validate.Length(2, 9)), load_default=list)
    limits = fields.Dict(keys=fields.String(), values=fields.List(fields.Integer()))
    key = fields.String(metadata={"secret": True, "help": "From there."})
    server = fields.Nested(Server)
    shown_only = fields.String(dump_only=True)


@pytest.fixture(scope="module")
def app() -> Flask:
    return small_app([])


@pytest.fixture
def form(app: Flask) -> Filled:
    @contextmanager
    def opened(
        schema: type[Schema] = Everything,
        kept: Mapping[str, Any] | None = None,
        sent: Sent | None = None,
        version: int = 3,
    ) -> Iterator[SettingsForm]:
        plugin = a_plugin(schema, kept, version)
        filled = None if sent is None else MultiDict({f"settings.{k}": v for k, v in sent.items()})
        with app.test_request_context(method="GET" if sent is None else "POST", data=filled):
            yield form_of(plugin)

    return opened


def a_plugin(
    schema: type[Schema], kept: Mapping[str, Any] | None = None, version: int = 3
) -> TenantPlugin:
    state, is_on = ("off", False) if kept is None else ("on", True)
    return TenantPlugin(
        "some_plugin",
        version,
        state,  # type: ignore[arg-type]
        is_on,
        settings=kept or {},
        schema=schema,
    )


def html(form: SettingsForm, name: str) -> str:
    return str(form[f"settings.{name}"]())


def helps(form: SettingsForm) -> dict[str, str]:
    return {one.name.removeprefix("settings."): help_of(one) for one in form.settings}


def test_each_setting_is_the_field_that_suits_it_with_what_it_begins_with(form: Filled) -> None:
    with form() as made:
        assert 'type="text"' in html(made, "word")
        assert 'value="4"' in html(made, "howMany")
        assert "checked" in html(made, "is_strict")
        assert '<option selected value="&#34;;&#34;">;</option>' in html(made, "sign")
        assert '<option selected value="">' in html(made, "level")
        assert ">high</option>" in html(made, "level")
        assert ">Dark red</option>" in html(made, "colour")
        assert html(made, "days").count('type="checkbox"') == 2
        assert html(made, "marks").count('type="checkbox"') == 3
        assert "<textarea" in html(made, "domains")
        assert "data-json" in html(made, "limits")
        assert 'type="password"' in html(made, "key")
        assert 'value="25"' in html(made, "server.port")
        assert "settings.shown_only" not in made


def test_labels_and_help_come_from_the_schema(form: Filled) -> None:
    with form() as made:
        labels = {one.name.removeprefix("settings."): one.label for one in made.settings}
        said = helps(made)

    assert labels["word"] == "A word"
    assert labels["is_strict"] == "Strict"
    assert labels["howMany"] == "HowMany"
    assert labels["server.is_safe"] == "Server · Is safe"
    assert said["word"] == "Any one."
    assert said["howMany"] == "From 1 to 24. Left empty, it is 4."
    assert said["share"] == "At least 0. Less than 1."
    assert said["domains"] == "Each of them: 2 to 9 characters. One on each line."
    assert said["limits"] == 'As JSON, such as {"…": [1]}'
    assert said["key"] == "From there. It is encrypted, and never shown again."


def test_what_is_filled_in_is_given_as_the_api_takes_it(form: Filled) -> None:
    sent = {
        "word": "acme",
        "howMany": " 7 ",
        "share": "0.5",
        "sign": json.dumps("\t"),
        "level": "2",
        "colour": '"BLUE"',
        "days": ['"tue"'],
        "marks": ["1", "3"],
        "domains": "a.example\r\n\r\n  b.example ",
        "limits": '{"x": [1]}',
        "key": "open sesame",
        "server.host": "mail",
        "server.port": "",
    }
    with form(sent=sent) as made:
        given = made.given()

    assert given == {
        "word": "acme",
        "howMany": 7,
        "share": 0.5,
        "is_strict": False,
        "sign": "\t",
        "level": 2,
        "colour": "BLUE",
        "days": ["tue"],
        "marks": [1, 3],
        "domains": ["a.example", "b.example"],
        "limits": {"x": [1]},
        "key": "open sesame",
        "server": {"host": "mail", "is_safe": False},
    }
    assert Everything().load(given)["count"] == 7


def test_what_is_left_empty_is_left_to_the_schema(form: Filled) -> None:
    empty = dict.fromkeys(["word", "howMany", "share", "sign", "level", "limits", "key"], "")
    with form(sent={**empty, "server.host": "", "server.port": "25", "server.is_safe": "y"}) as one:
        given = one.given()

    assert given == {"is_strict": False, "days": [], "marks": [], "domains": []}


def test_what_is_no_number_is_handed_on_as_typed_so_that_the_schema_refuses_it(
    form: Filled,
) -> None:
    for typed in ("seven", "NaN", "inf", "9" * 5_000):
        with form(sent={"howMany": typed, "share": typed}) as made:
            given = made.given()
        assert {"howMany", "share"} & set(Everything().validate(given)), typed


@pytest.mark.parametrize("typed", ["{", "[NaN]", "[" * 100_000, "nothing"])
def test_what_is_no_json_is_refused_at_its_field_and_kept(form: Filled, typed: str) -> None:
    with form(sent={"limits": typed}) as made:
        made.validate()

        assert "This is not JSON" in made["settings.limits"].errors[0]
        assert made["settings.limits"]._value() == typed


def test_what_is_kept_is_shown_but_for_secrets(form: Filled) -> None:
    kept = {
        "word": "<acme>",
        "is_strict": False,
        "level": 2,
        "days": ["mon"],
        "domains": ["a", "b"],
        "limits": {"x": [1]},
        "key": None,
        "server": {"host": "mail"},
    }
    with form(kept=kept) as made:
        assert 'value="&lt;acme&gt;"' in html(made, "word")
        assert "checked" not in html(made, "is_strict")
        assert '<option selected value="2">' in html(made, "level")
        assert '<option value="">' in html(made, "level"), "it cannot be taken back"
        assert 'value=""' not in html(made, "sign")
        assert html(made, "days").count("checked") == 1
        assert "\r\na\nb</textarea>" in html(made, "domains")
        assert 'value="mail"' in html(made, "server.host")
        assert "never shown. Leave this empty" in helps(made)["key"]
        assert 'value=""' in html(made, "key")
        shown = {one.label: read_out(one, one.kept_in(kept)) for one in made.settings}

    assert (shown["Strict"], shown["Level"], shown["Key"]) == ("no", "high", "set, not shown")
    assert (shown["Domains"], shown["Limits"]) == ("a, b", '{"x": [1]}')


def test_what_an_older_release_took_is_shown_whatever_it_is(form: Filled) -> None:
    odd: list[Any] = [None, True, 7, "\ud800", ["\ud800", {"a": 1}], {"x": {}}]
    for value in odd:
        kept = dict.fromkeys((*Everything().fields, "howMany"), value)
        with form(kept=kept) as made:
            for field in made:
                str(field()).encode()
            for one in made.settings:
                read_out(one, one.kept_in(kept)).encode()


def test_settings_without_a_field_are_kept_where_the_schema_takes_any(form: Filled) -> None:
    class Open(Schema):
        class Meta:
            unknown = INCLUDE

        word = fields.String()

    with form(Open, kept={"word": "a", "more": 1}, sent={"word": "b"}) as made:
        assert made.given() == {"word": "b", "more": 1}


def test_a_default_that_raises_leaves_its_field_empty(form: Filled) -> None:
    class Raises(Schema):
        word = fields.String(load_default=lambda: str(1 // 0))

    with form(Raises) as made:
        assert 'value=""' in html(made, "word")


def test_errors_stand_at_their_fields_in_the_readers_words(form: Filled) -> None:
    found = {
        "settings.howMany": "Must be greater than or equal to 1 and less than or equal to 24.",
        "settings.share": "Not a valid number.",
        "settings.domains.1": "Longer than maximum length 9.",
        "settings.limits.x.value.0": "Not a valid integer.",
        "settings.server.host": "Own {words}.",
    }
    with form(sent={}) as made:
        made.refuse(Invalid(errors={path: [a_problem(text)] for path, text in found.items()}))

        assert {one.name: one.errors for one in made if one.errors} == {
            "settings.howMany": ["This must be between 1 and 24."],
            "settings.share": ["This is not a number."],
            "settings.domains": ["Entry 2: This is too long: 9 is the most."],
            "settings.limits": ["x.value.0: This is not a whole number."],
            "settings.server.host": ["Own {words}."],
        }
        assert made.problems == []


def a_problem(text: str) -> FieldError:
    return FieldError("invalid", text.replace("{", "{{").replace("}", "}}"))


def seen_by(app: Flask, plugin: TenantPlugin) -> dict[str, str]:
    with app.test_request_context():
        form = form_of(plugin)
        return {"seen": str(form.seen.data)}


def test_what_somebody_else_changed_meanwhile_is_said_at_its_field(app: Flask) -> None:
    hidden = seen_by(app, a_plugin(Everything, {"word": "a", "howMany": 4, "share": 0.1}))
    by_now = a_plugin(Everything, {"word": "a", "howMany": 5, "share": 0.2}, 4)
    typed = {"settings.word": "mine", "settings.howMany": "6", "settings.share": "0.2"}

    with app.test_request_context(method="POST", data={**hidden, **typed}):
        form = form_of(by_now)
        with pytest.raises(Stale):
            form.check_seen(form.filled_in())

        assert {one.name: one.errors for one in form if one.errors} == {
            "settings.howMany": ["Somebody changed this meanwhile. By now it is: 5"]
        }
        assert '"settings.howMany": 5' in str(form.seen.data)


def test_a_change_of_something_else_does_not_disturb(app: Flask) -> None:
    hidden = seen_by(app, a_plugin(Everything, {"word": "a"}, 3))

    with app.test_request_context(method="POST", data={**hidden, "settings.word": "b"}):
        same = a_plugin(Everything, {"word": "a"}, 9)
        form = form_of(same)
        form.check_seen(form.filled_in())


@pytest.mark.parametrize("seen", ["", "[", "[1]", "null", "[" * 100_000])
def test_a_meddled_form_is_taken_for_an_outdated_one(app: Flask, seen: str) -> None:
    plugin = a_plugin(Everything, {"word": "a"})

    with app.test_request_context(method="POST", data={"seen": seen}):
        form = form_of(plugin)
        with pytest.raises(Stale):
            form.check_seen(form.filled_in())


@pytest.mark.parametrize(("language", "said"), [("en", "a tab"), ("de-AT", "Tabulator")])
def test_a_choice_is_called_as_its_plugin_calls_it(app: Flask, language: str, said: str) -> None:
    with app.test_request_context(headers={"Accept-Language": language}):
        made = form_of(a_plugin(Everything))

        assert f">{said}</option>" in html(made, "sign")
