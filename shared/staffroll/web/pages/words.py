"""Words, days and moments in the language and time zone of whoever reads the page.

The language of the source is English. Catalogues are the ``translations/<language>/*.po`` files
beside the pages, read when an app starts; nothing is compiled, nothing can be outdated.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, dates, numbers
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import LazyProxy, NullTranslations, Translations
from flask import Flask, current_app, g, request
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from staffroll.plugins.facts import Text, in_language
from staffroll.web.pages.reader import Reader

LANGUAGES: Final = ("en", "de")
"""In which there are pages; the first is the source's."""

_EXTENSION: Final = "staffroll.catalogues"


@dataclass(frozen=True, slots=True)
class Words:
    """How to speak to one reader.

    Attributes:
        language: One of `LANGUAGES`.
        locale: How days and numbers are written, such as ``de_CH``.
    """

    language: str
    locale: Locale
    zone: ZoneInfo
    translations: NullTranslations


def current() -> Words:
    """For whoever is signed in, else by what the browser asks for."""
    if "words" not in g:
        g.words = _words_for(g.get("reader"))
    words: Words = g.words
    return words


def gettext(message: str, **values: object) -> str:
    """The message in the reader's language, its ``%(name)s`` filled in."""
    said = current().translations.gettext(message)
    return said % values if values else said


def ngettext(one: str, many: str, n: int, **values: object) -> str:
    """The same for `n` things, with ``%(n)s``."""
    return current().translations.ngettext(one, many, n) % {"n": number(n), **values}


def lazy_gettext(message: str) -> Any:
    """For what is written down before there is a reader: text, translated when it is shown."""
    return LazyProxy(gettext, message, enable_cache=False)


def spoken(text: Text) -> str:
    """What a plugin says, in the reader's language."""
    return in_language(text, current().language)


def day(value: date) -> Markup:
    """A date, as it is written where the reader is."""
    text = dates.format_date(value, "medium", locale=current().locale)
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), text)


def moment(value: datetime) -> Markup:
    """An instant in the reader's time zone, which stands beside it."""
    words = current()
    here = value.astimezone(words.zone)
    text = "{}, {} {}".format(
        dates.format_date(here, "medium", locale=words.locale),
        dates.format_time(here, "short", locale=words.locale, tzinfo=words.zone),
        _zone_name(here),
    )
    instant = value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}">{}</time>').format(instant, text)


def number(value: int) -> str:
    """A whole number with its separators."""
    return numbers.format_decimal(value, locale=current().locale)


def language_name(tag: str) -> str:
    """What a language is called in the reader's own; the tag where nobody knows."""
    try:
        name = Locale.parse(tag, sep="-").get_display_name(current().locale)
    except (ValueError, UnknownLocaleError):
        return tag
    return name or tag


def _zone_name(here: datetime) -> str:
    name = here.tzname() or ""
    return f"UTC{name}" if name[:1] in ("+", "-") else name


def _words_for(reader: Reader | None) -> Words:
    tags = [reader.language] if reader else list(request.accept_languages.values())
    # The first that there are pages in, and not the best fit of all: de-AT is German.
    tag = next((tag for tag in tags if _spoken(tag) in LANGUAGES), LANGUAGES[0])
    language = _spoken(tag)
    catalogues: Mapping[str, NullTranslations] = current_app.extensions[_EXTENSION]
    zone = ZoneInfo(reader.time_zone) if reader else ZoneInfo("UTC")
    return Words(language, _locale(tag), zone, catalogues[language])


def _spoken(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].lower()


@lru_cache(maxsize=64)
def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale(_spoken(tag))


@cache
def read_catalogue(language: str, folders: tuple[Path, ...]) -> NullTranslations:
    """All that the folders have in this language; they are read once in a process."""
    merged = Catalog(locale=language)
    for folder in folders:
        for file in sorted((folder / language).glob("*.po")):
            with file.open("rb") as text:
                for message in read_po(text, locale=language):
                    if message.id:
                        merged.add(message.id, message.string, context=message.context)
    compiled = io.BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return Translations(compiled)


def install(app: Flask, folders: Iterable[Path]) -> None:
    """Read the catalogues, and have templates use them: ``_()``, ``ngettext()``, ``{% trans %}``."""
    known = tuple(folders)
    app.extensions[_EXTENSION] = {name: read_catalogue(name, known) for name in LANGUAGES}
    app.jinja_env.add_extension("jinja2.ext.i18n")

    def one_said(message: str) -> str:
        return current().translations.gettext(message)

    def many_said(one: str, many: str, n: int) -> str:
        return current().translations.ngettext(one, many, n)

    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        one_said, many_said, newstyle=True
    )
    ungrouped: Any = app.jinja_env.globals["ngettext"]

    @pass_context
    def grouped(context: Context, one: str, many: str, n: int, **values: object) -> str:
        said: str = ungrouped(context, one, many, n, **{"num": number(n), **values})
        return said

    app.jinja_env.globals["ngettext"] = grouped
    app.jinja_env.filters["spoken"] = spoken
