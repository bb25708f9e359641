"""Style, scripts and icons: files of our own and of Bootstrap, served by each service itself.

Their addresses carry a digest, so that browsers keep them for ever and never show an old one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, Response, send_file, url_for
from markupsafe import Markup

from staffroll.errors import NotFound
from staffroll.web import guard
from staffroll.web.pages import compression

_OWN: Final = Path(__file__).parent / "static"
_YEAR_SECONDS: Final = 31_536_000
_DRAWING: Final = Markup('<svg class="icon" viewBox="{}" fill="currentColor" {}>{}</svg>')
_DECORATION: Final = Markup('aria-hidden="true"')
_SYMBOL: Final = r'<symbol class="[^"]*" viewBox="([^"]*)" id="{}">(.*?)</symbol>'


@lru_cache(maxsize=1)
def _bootstrap() -> Path:
    """Bootstrap-Flask's files; its code is not needed."""
    found = importlib.util.find_spec("flask_bootstrap")
    assert found
    assert found.origin
    return Path(found.origin).parent / "static" / "bootstrap5"


@lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    files = {file.name: file for file in _OWN.iterdir() if file.is_file()}
    return {**files, "bootstrap.min.css": _bootstrap() / "css" / "bootstrap.min.css"}


@lru_cache(maxsize=64)
def _digest(name: str) -> str:
    return hashlib.sha256(_files()[name].read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=64)
def _packed(name: str) -> bytes | None:
    return compression.smallest(_files()[name].read_bytes())


@lru_cache(maxsize=1)
def _sprite() -> str:
    return (_bootstrap() / "icons" / "bootstrap-icons.svg").read_text()


@lru_cache(maxsize=256)
def icon(name: str, label: str = "") -> Markup:
    """One of Bootstrap's icons, by name.

    Args:
        label: What it says to who does not see it; without one it is decoration.
    """
    found = re.search(_SYMBOL.format(re.escape(name)), _sprite())
    assert found, name
    said = Markup('role="img" aria-label="{}"').format(label) if label else _DECORATION
    drawn = Markup(found[2])  # noqa: S704 (Bootstrap's own file)
    return _DRAWING.format(found[1], said, drawn)


def asset(name: str) -> str:
    """The address of a file."""
    return url_for("assets.file", name=name, v=_digest(name))


def install(app: Flask) -> None:
    bp = Blueprint("assets", __name__)

    @bp.get("/assets/<name>")
    @guard.public
    def file(name: str) -> Response:
        path = _files().get(name)
        if path is None:
            raise NotFound
        response = send_file(path, max_age=_YEAR_SECONDS)
        response.headers["Cache-Control"] = f"public, max-age={_YEAR_SECONDS}, immutable"
        if compression.is_wished(response) and (packed := _packed(name)) is not None:
            response.close()
            response.direct_passthrough = False
            compression.send(response, packed)
        return response

    app.register_blueprint(bp)
    app.jinja_env.globals.update(asset=asset, icon=icon)
