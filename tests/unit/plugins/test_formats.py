"""Export formats of a tenant's plugins: what a plugin does wrong, and what is not its fault."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from marshmallow import Schema, ValidationError, fields

from staffroll.plugins import ExportFormat, Row
from staffroll.plugins.errors import PluginFailed
from staffroll.plugins.formats import TenantFormat
from staffroll.plugins.installed import BrokenPlugin, plugin_of
from staffroll.plugins.testing import ROWS, NoContract, check_contract
from tests.support.plugins import installed, module

SECRET = "Anna" + "Müller"

Write = Callable[[Iterator[Row], Any, Any], None]


def a_format(write: Write = lambda *_: None, **changes: Any) -> ExportFormat:
    facts = {"name": "f", "title": "F", "media_type": "text/plain", "extension": "f"}
    return ExportFormat(**{**facts, **changes}, write=write)


def prepared(write: Write) -> tuple[TenantFormat, list[str]]:
    """A format, and what is observed of it."""
    seen: list[str] = []
    return TenantFormat("odd", a_format(write), {}, lambda _seconds, how: seen.append(how)), seen


def good(rows: Iterator[Row], out: Any, _settings: Any) -> None:
    for row in rows:
        out.write(row.id.encode())


def raises(rows: Iterator[Row], out: Any, _settings: Any) -> None:
    out.write(next(rows).id.encode())
    raise RuntimeError(SECRET)


def exits(_rows: Iterator[Row], _out: Any, _settings: Any) -> None:
    raise SystemExit(0)


def reads_nothing(_rows: Iterator[Row], out: Any, _settings: Any) -> None:
    out.write(b"header")


def reads_a_part(rows: Iterator[Row], out: Any, _settings: Any) -> None:
    out.write(next(rows).id.encode())


def ends_the_rows(rows: Any, out: Any, _settings: Any) -> None:
    out.write(next(rows).id.encode())
    rows.close()


def writes_nothing(rows: Iterator[Row], _out: Any, _settings: Any) -> None:
    list(rows)


def writes_text(rows: Iterator[Row], out: Any, _settings: Any) -> None:
    for row in rows:
        out.write(row.last_name)


def test_a_good_format_is_observed_as_done() -> None:
    format_, seen = prepared(good)
    out = io.BytesIO()

    format_.write(iter(ROWS), out)

    assert out.getvalue() == b"123"
    assert seen == ["done"]


def test_nothing_may_come_of_no_rows() -> None:
    format_, seen = prepared(good)

    format_.write(iter(()), io.BytesIO())

    assert seen == ["done"]


@pytest.mark.parametrize(
    "write",
    [raises, exits, reads_nothing, reads_a_part, ends_the_rows, writes_nothing, writes_text],
)
def test_what_fails_or_gives_less_than_all_is_named_and_quotes_nobody(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    format_, seen = prepared(write)

    with pytest.raises(PluginFailed) as failed:
        format_.write(iter(ROWS), io.BytesIO())

    assert failed.value.data == {"plugin": "odd"}
    assert seen == ["failed"]
    logged = capsys.readouterr().out
    assert "plugin_failed" in logged
    assert SECRET not in logged


class Away(Exception):
    """The database went."""


def hides(rows: Iterator[Row], out: Any, _settings: Any) -> None:
    try:
        good(rows, out, None)
    except Exception:  # noqa: BLE001 (as a careless plugin would)
        out.write(b"end")


def disguises(rows: Iterator[Row], out: Any, _settings: Any) -> None:
    try:
        good(rows, out, None)
    except Exception as error:
        raise RuntimeError from error


@pytest.mark.parametrize("write", [good, hides, disguises])
def test_rows_that_fail_are_not_the_plugins_fault_and_never_look_like_the_end(write: Write) -> None:
    def rows() -> Iterator[Row]:
        yield ROWS[0]
        raise Away

    format_, seen = prepared(write)

    with pytest.raises(Away):
        format_.write(rows(), io.BytesIO())

    assert seen == []


def test_the_formats_of_a_tenant_come_with_its_settings_and_their_plugin() -> None:
    class Words(Schema):
        word = fields.String(load_default="hello")

    greets = module(
        settings_schema=lambda: Words,
        export_formats=lambda: [
            a_format(lambda _rows, out, settings: out.write(settings["word"].encode()))
        ],
    )
    out = io.BytesIO()

    [format_] = installed(greets=greets).of("acme", 1, {"greets": {"word": "hi"}}).export_formats()
    format_.write(iter(()), out)

    assert (format_.plugin, format_.format.name, out.getvalue()) == ("greets", "f", b"hi")


@pytest.mark.parametrize("error", [ValidationError("no"), RuntimeError(SECRET)], ids=type)
def test_a_plugin_that_does_not_take_its_settings_costs_only_its_own_formats(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_value: object) -> None:
        raise error

    class Picky(Schema):
        word = fields.String(validate=refuse)

    picky = module(settings_schema=lambda: Picky, export_formats=lambda: [a_format(name="picky")])
    plain = module(export_formats=lambda: [a_format(name="plain")])
    plugins = installed(picky=picky, plain=plain)

    tenant = plugins.of("acme", 1, {"picky": {"word": "x"}, "plain": {}, "gone": {}})

    assert [one.format.name for one in tenant.export_formats()] == ["plain"]
    assert tenant.misconfigured_formats == {"picky": "picky"}
    assert tenant.missing == ["gone"]
    assert SECRET not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "two words"),
        ("name", ""),
        ("title", {"en": "Mine", "de": 7}),
        ("title", {}),
        ("media_type", "text/plain\r\nSet-Cookie: a=b"),
        ("media_type", "text"),
        ("extension", '"; filename="x'),
        ("extension", "../x"),
        ("write", None),
    ],
)
def test_a_format_that_no_answer_could_carry_breaks_the_plugin(field: str, value: Any) -> None:
    with pytest.raises(BrokenPlugin, match=f"has no usable {field}"):
        plugin_of(module(export_formats=lambda: [_changed(field, value)]), "odd")


def test_a_media_type_may_say_the_encoding() -> None:
    format_ = a_format(media_type="text/csv; charset=windows-1252", extension="tar.gz")

    found = plugin_of(module(export_formats=lambda: [format_]), "good")

    assert found.formats == (format_,)


def test_the_contract_finds_a_format_that_leaves_rows_unread() -> None:
    with pytest.raises(NoContract, match=r"the format f: .*left rows unread"):
        check_contract(module(export_formats=lambda: [a_format(reads_a_part)]))


def _changed(field: str, value: Any) -> ExportFormat:
    return a_format(value) if field == "write" else a_format(**{field: value})
