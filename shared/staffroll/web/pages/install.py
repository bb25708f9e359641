"""What makes an app of a service show pages."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, Response, g
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException, NotFound

from staffroll.errors import StaffrollError
from staffroll.mongo.client import AWAY
from staffroll.settings import ServiceSettings
from staffroll.web import problems
from staffroll.web.guard import ANY_NARROWED
from staffroll.web.pages import (
    assets,
    compression,
    cookies,
    csrf,
    kit,
    notices,
    places,
    problem_pages,
    reading,
    words,
)
from staffroll.web.pages.group import PageGroup
from staffroll.web.pages.places import Places
from staffroll.web.pages.reading import FindReader

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What a service shows to people.

    Attributes:
        folder: The service's ``pages/``, where its translations are.
        reader: Finds whoever is signed in.
    """

    settings: ServiceSettings
    folder: Path
    reader: FindReader
    groups: Sequence[PageGroup]


def install_pages(app: Flask, service: str, pages: Pages) -> None:
    """Show `pages`, with the layout, words and files that all services have in common."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    places.install(app, Places(service, pages.settings))
    cookies.install(app, pages.settings.cookie_domain)
    reading.install(app, pages.reader)
    words.install(app, [_HERE / "translations", pages.folder / "translations"])
    assets.install(app)
    compression.install(app)
    kit.install(app, service)
    app.register_blueprint(Blueprint("pages", __name__, template_folder="templates"))
    app.jinja_env.globals.update(
        areas=places.areas,
        csrf_field=csrf.FIELD,
        csrf_token=csrf.token,
        day=words.day,
        language_name=words.language_name,
        moment=words.moment,
        number=words.number,
        place=lambda name: places.current().url(name),
        reader=lambda: g.get("reader"),
        reading=lambda: g.get("reading"),
        service=service,
        take_notices=notices.take,
        words=words.current,
    )
    # Once all is there that it speaks of.
    app.jinja_env.globals["kit"] = app.jinja_env.get_template("pages/kit.html").module
    for group in pages.groups:
        app.register_blueprint(group)
    app.register_error_handler(NotFound, _nothing_here)


def _nothing_here(error: HTTPException) -> Response:
    """No address of ours: a page for people, a problem document for programs."""
    if problem_pages.wants_page():
        with suppress(StaffrollError, *AWAY):
            reading.scope(None, narrowed_ok=ANY_NARROWED)  # so that it looks as all other pages
        return problem_pages.on_http_error(error)
    return problems.on_http_exception(error)
