"""Export formats of plugins: offered, set up by the tenant, and never a part for the whole."""

from __future__ import annotations

import io
import json
import threading
import types
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from marshmallow import Schema, fields

from staffroll.plugins import ExportFormat, Row
from staffroll_export.actions import making
from staffroll_export.due import Making
from staffroll_export.streaming import CHUNK_BYTES
from tests.integration.export.house import House, a_user, fill, switch_on
from tests.integration.export.test_jobs import (
    begun,
    file_of,
    finish,
    leave,
    made,
    make_on,
    read,
    start,
)
from tests.support.plugins import installed, module
from tests.support.services import body_of
from tests.support.waiting import eventually

WAIT_SECONDS = 10
CSV = b"Last name,First name,Email\r\nM\xc3\xbcller,Zo\xc3\xab,z@example.org\r\n"
ZOE = {"last_name": "Müller", "first_name": "Zoë", "email": "z@example.org"}

Write = Callable[[Iterator[Row], Any, Any], None]


@pytest.fixture
def tenant_id(shared_house: House) -> str:
    """A tenant with one user, and no plugin yet."""
    tenant_id = shared_house.new_tenant()
    shared_house.keep(tenant_id, a_user(**ZOE))
    return tenant_id


def listed(house: House, tenant_id: str) -> list[tuple[str, str | None]]:
    items = body_of(house.get("/v1/formats", tenant_id))["items"]
    return [(one["name"], one["plugin"]) for one in items]


def export(house: House, tenant_id: str, name: str) -> Any:
    return house.get("/v1/users/export", tenant_id, [("format", name)])


def refused(house: House, tenant_id: str, name: str) -> tuple[int, str, str]:
    response = export(house, tenant_id, name)
    assert "attachment" not in str(response.headers)
    return response.status_code, body_of(response)["code"], body_of(response)["detail"]


def offering(write: Write, name: str = "odd") -> types.ModuleType:
    """A plugin with one format."""
    return module(export_formats=lambda: [ExportFormat(name, "Odd", "text/odd", "odd", write)])


def good(rows: Iterator[Row], out: Any, _settings: Any) -> None:
    for row in rows:
        out.write(f"{row.last_name};".encode())


def fails(rows: Iterator[Row], out: Any, _settings: Any) -> None:
    out.write(next(rows).last_name.encode())
    raise RuntimeError(ZOE["last_name"])


def test_the_bundled_formats_are_listed_after_csv_and_downloaded(
    shared_house: House, tenant_id: str
) -> None:
    settings = {
        "encoding": "windows-1252",
        "delimiter": "|",
        "columns": [{"field": "last_name", "title": "Name"}, {"field": "is_admin", "title": "?"}],
    }
    switch_on(shared_house, tenant_id, export_xlsx={}, export_jsonl={}, export_csv_custom=settings)

    table = export(shared_house, tenant_id, "csv-custom")
    lines = export(shared_house, tenant_id, "jsonl")
    book = export(shared_house, tenant_id, "xlsx")

    assert listed(shared_house, tenant_id) == [
        ("csv", None),
        ("csv-custom", "export_csv_custom"),
        ("jsonl", "export_jsonl"),
        ("xlsx", "export_xlsx"),
    ]
    assert table.data == "Name|?\r\nMüller|no\r\n".encode("windows-1252")
    assert "utf-8" not in table.headers["Content-Type"]
    [line] = lines.data.splitlines()
    assert json.loads(line)["first_name"] == "Zoë"
    assert lines.headers["Content-Type"] == "application/jsonl"
    assert lines.headers["Content-Disposition"].endswith('.jsonl"')
    with zipfile.ZipFile(io.BytesIO(book.data)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "Müller" in sheet
    assert book.headers["Content-Type"].endswith("spreadsheetml.sheet")
    metrics = shared_house.client.get("/metrics").get_data(as_text=True)
    assert 'plugin_call_seconds_count{hook="export_formats",plugin="export_xlsx"}' in metrics


def test_changed_settings_are_in_force_with_the_next_event(
    shared_house: House, tenant_id: str
) -> None:
    def head(version: int, **settings: Any) -> bytes:
        switch_on(shared_house, tenant_id, version, export_csv_custom=settings)
        data: bytes = export(shared_house, tenant_id, "csv-custom").data
        return data.partition(b"\r\n")[0]

    assert head(2, encoding="utf-8") == b"Last name;First name;Email"
    assert head(3, encoding="utf-8", delimiter="|") == b"Last name|First name|Email"
    switch_on(shared_house, tenant_id, 4)
    assert refused(shared_house, tenant_id, "csv-custom")[:2] == (422, "format_unknown")
    assert listed(shared_house, tenant_id) == [("csv", None)]


def test_one_tenants_formats_are_not_offered_to_another(
    shared_house: House, tenant_id: str
) -> None:
    switch_on(shared_house, tenant_id, export_jsonl={})
    other = shared_house.new_tenant()

    assert listed(shared_house, other) == [("csv", None)]
    assert refused(shared_house, other, "jsonl")[:2] == (422, "format_unknown")


def test_what_cannot_be_used_is_not_offered_and_named_where_it_is_asked_for(
    shared_house: House, tenant_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Needs(Schema):
        word = fields.String(required=True)

    picky = module(
        settings_schema=lambda: Needs,
        export_formats=lambda: [ExportFormat("picky", "P", "text/p", "p", good)],
    )
    plugins = installed(picky=picky, odd=offering(good))
    monkeypatch.setattr(shared_house.runtime, "plugins", plugins)
    switch_on(shared_house, tenant_id, picky={}, odd={}, gone={})

    assert listed(shared_house, tenant_id) == [("csv", None), ("odd", "odd")]
    assert export(shared_house, tenant_id, "odd").data == "Müller;".encode()
    status, code, detail = refused(shared_house, tenant_id, "picky")
    assert (status, code, "picky" in detail) == (409, "format_misconfigured", True)
    status, code, detail = refused(shared_house, tenant_id, "other")
    assert (status, code, "gone" in detail) == (409, "format_missing", True)


def test_r90_csv_is_the_same_whatever_is_installed(
    shared_house: House, tenant_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_value: object) -> None:
        raise RuntimeError

    class Broken(Schema):
        word = fields.String(validate=breaks)

    bad = module(
        settings_schema=lambda: Broken,
        export_formats=lambda: [ExportFormat("bad", "Bad", "text/bad", "bad", good)],
    )
    monkeypatch.setattr(shared_house.runtime, "plugins", installed(bad=bad))
    switch_on(shared_house, tenant_id, bad={"word": "x"}, gone={})

    response = export(shared_house, tenant_id, "csv")

    assert response.data == CSV
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_a_format_that_fails_at_once_is_an_error_and_no_file(
    shared_house: House, tenant_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_house.runtime, "plugins", installed(odd=offering(fails)))
    switch_on(shared_house, tenant_id, odd={})

    status, code, detail = refused(shared_house, tenant_id, "odd")

    assert (status, code, "plugin odd" in detail) == (503, "plugin_failed", True)
    assert ZOE["last_name"] not in detail
    assert export(shared_house, tenant_id, "csv").data == CSV


def test_r91_a_job_makes_the_file_of_a_plugins_format(shared_house: House, tenant_id: str) -> None:
    switch_on(shared_house, tenant_id, export_jsonl={})

    id_ = made(shared_house, tenant_id, format="jsonl")

    response = file_of(shared_house, tenant_id, id_)
    whole = export(shared_house, tenant_id, "jsonl")
    assert response.data == whole.data
    for name in ("Content-Type", "Content-Disposition"):
        assert response.headers[name] == whole.headers[name]


@pytest.mark.parametrize("rows", [1, 200], ids=["at once", "in the middle"])
def test_a_job_whose_plugin_fails_fails_with_its_name_at_the_first_try(
    shared_house: House, tenant_id: str, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    tries: list[None] = []

    def fails_late(found: Iterator[Row], out: Any, _settings: Any) -> None:
        tries.append(None)
        for number, row in enumerate(found, 1):
            out.write(row.last_name.encode().ljust(CHUNK_BYTES // 4))
            if number == rows:
                raise RuntimeError(row.last_name)

    monkeypatch.setattr(shared_house.runtime, "plugins", installed(odd=offering(fails_late)))
    switch_on(shared_house, tenant_id, odd={})
    fill(shared_house, tenant_id, rows)
    id_ = start(shared_house, tenant_id, format="odd")

    finish(shared_house, id_)

    job = read(shared_house, tenant_id, id_)
    assert (job["state"], job["failure"]["code"]) == ("failed", "format_failed")
    assert "plugin odd" in job["failure"]["detail"]
    assert len(tries) == 1
    assert file_of(shared_house, tenant_id, id_).status_code == 404


def test_a_job_whose_format_was_switched_off_meanwhile_says_so(
    shared_house: House, tenant_id: str
) -> None:
    switch_on(shared_house, tenant_id, export_jsonl={})
    id_ = start(shared_house, tenant_id, format="jsonl")
    switch_on(shared_house, tenant_id, 3)

    finish(shared_house, id_)

    job = read(shared_house, tenant_id, id_)
    assert (job["state"], job["failure"]["code"]) == ("failed", "format_unknown")


class Slow:
    """A format that reads everything before it writes anything, as a workbook does."""

    def __init__(self) -> None:
        self.read = 0
        self.goes_on = threading.Event()

    def write(self, rows: Iterator[Row], out: Any, _settings: Any) -> None:
        for row in rows:
            self.read += 1
            last = row
            assert self.goes_on.wait(WAIT_SECONDS)
        out.write(last.last_name.encode())


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, shared_house: House, tenant_id: str) -> Slow:
    """The one format of `tenant_id`."""
    slow = Slow()
    monkeypatch.setattr(making, "_STEP_SECONDS", 0.05)
    monkeypatch.setattr(shared_house.runtime, "plugins", installed(odd=offering(slow.write)))
    shared_house.keep(tenant_id, *(a_user(last_name=f"N{number}") for number in range(5)))
    switch_on(shared_house, tenant_id, odd={})
    return slow


def test_r91_a_format_that_writes_late_keeps_its_job_and_shows_how_far_it_is(
    shared_house: House, tenant_id: str, slow: Slow
) -> None:
    id_, maker = start(shared_house, tenant_id, format="odd"), Making(shared_house.runtime)
    job, file = begun(shared_house, maker)

    job = maker._runner._save(job, file.step(job))

    shown = read(shared_house, tenant_id, id_)
    assert (shown["state"], shown["done"], shown["size_bytes"]) == ("running", 1, 0)
    slow.goes_on.set()
    make_on(maker, job, file)
    file.close()
    assert read(shared_house, tenant_id, id_)["done"] == 6
    assert file_of(shared_house, tenant_id, id_).data == b"N4"


def test_r91_a_format_that_writes_late_ends_early_where_it_is_left(
    shared_house: House, tenant_id: str, slow: Slow
) -> None:
    start(shared_house, tenant_id, format="odd")
    maker = Making(shared_house.runtime)
    job, file = begun(shared_house, maker)
    maker._runner._save(job, file.step(job))

    def go_on_when_left() -> None:
        eventually(lambda: file._is_closed, WAIT_SECONDS)
        slow.goes_on.set()

    going_on = threading.Thread(target=go_on_when_left)
    going_on.start()
    leave(maker, job)
    going_on.join(WAIT_SECONDS)

    assert slow.read == 1
