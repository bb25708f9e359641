"""The plugins that are installed here; one that is broken is left out, and named."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import pluggy
import structlog
from marshmallow import Schema, fields

from staffroll.faults import log_fault
from staffroll.plugins import hookspecs
from staffroll.plugins.facts import ENGLISH, Description, ExportFormat, Text, is_text
from staffroll.plugins.markers import ENTRY_POINTS, PLUGIN_NAME, PROJECT

OWN_FORMATS: Final = frozenset({"csv"})

_WORD: Final = r"[A-Za-z0-9!#$&^_.+-]+"
_USABLE: Final = {
    "name": re.compile(r"[a-z0-9][a-z0-9._-]{0,99}"),
    "media_type": re.compile(rf"{_WORD}/{_WORD}(; ?charset={_WORD})?"),
    "extension": re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)*"),
}
"""What of a format stands in addresses and headers."""

_OF_SEVERAL: Final = (fields.Nested, fields.List, fields.Tuple, fields.Mapping, fields.Raw)
"""What a field may be that is no single value."""

_log = structlog.get_logger()


class BrokenPlugin(Exception):
    """It cannot be used; `str()` is the reason, for who installs plugins."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """One that works.

    Attributes:
        description: Its title is empty where it has none in a language.
        hooks: Those that it implements.
        schema: Of its settings; None where it has none.
        formats: The export formats it offers.
        callers: What calls each of its hooks, and no other plugin's.
    """

    name: str
    version: str = ""
    description: Description = field(default_factory=Description)
    hooks: frozenset[str] = frozenset()
    schema: type[Schema] | None = None
    formats: tuple[ExportFormat, ...] = ()
    callers: Mapping[str, Callable[..., Any]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Installed:
    """What was found at the start of this process.

    Attributes:
        plugins: Those that work, by name, in the order of their names.
        broken: Why the others do not, by name.
    """

    plugins: Mapping[str, Plugin]
    broken: Mapping[str, str]


def find_installed(
    entry_points: Iterable[importlib.metadata.EntryPoint] | None = None,
) -> Installed:
    """Load what is installed; what fails on the way is logged and left out.

    Args:
        entry_points: Those of the group ``staffroll.plugins`` unless others are named.
    """
    if entry_points is None:
        entry_points = importlib.metadata.entry_points(group=ENTRY_POINTS)
    found: dict[str, Plugin] = {}
    broken: dict[str, str] = {}
    taken = set(OWN_FORMATS)
    for entry in sorted(entry_points, key=lambda one: one.name):
        if entry.name in found or entry.name in broken:
            found.pop(entry.name, None)
            broken[entry.name] = "two distributions offer a plugin of this name"
            continue
        try:
            plugin = plugin_of(entry.load(), entry.name, entry.dist, taken)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's module does at import
            reason = str(error) if isinstance(error, BrokenPlugin) else type(error).__name__
            log_fault("plugin_broken", error, plugin=entry.name, reason=reason)
            broken[entry.name] = reason
            continue
        taken |= {one.name for one in plugin.formats}
        found[entry.name] = plugin
    _log.info("plugins_found", plugins=sorted(found), broken=sorted(broken))
    return Installed(found, broken)


@cache
def installed_here() -> Installed:
    """What `find_installed` finds, looked for once in each process."""
    return find_installed()


def plugin_of(
    module: object,
    name: str,
    distribution: importlib.metadata.Distribution | None = None,
    taken: Iterable[str] = OWN_FORMATS,
) -> Plugin:
    """The plugin that a module (or any object) is.

    Args:
        taken: Names of export formats that it must not offer.
    Raises:
        BrokenPlugin: A hook has an unknown name or wants arguments that there are not, or
            its settings or formats are none.
        Exception: Whatever the plugin itself raises.
    """
    if not PLUGIN_NAME.fullmatch(name):
        raise BrokenPlugin("its name has more than letters, digits, dots, hyphens, underscores")
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        # Tenants read it, to whom places on our disk are nothing.
        raise BrokenPlugin(_first_line(error).replace(repr(module), name)) from error
    callers = {caller.name: caller for caller in manager.get_hookcallers(module) or ()}
    if not callers:
        raise BrokenPlugin("it implements no hook")
    formats = _formats(callers, set(taken))
    return Plugin(
        name=name,
        version=distribution.version if distribution else "",
        description=_description(callers, distribution),
        hooks=frozenset(callers),
        schema=_schema(callers),
        formats=formats,
        callers=callers,
    )


def _description(
    callers: Mapping[str, Any], distribution: importlib.metadata.Distribution | None
) -> Description:
    english = (distribution.metadata["Summary"] or "") if distribution else ""
    if "describe_plugin" not in callers:
        return Description(summary=english)
    (given,) = callers["describe_plugin"]() or [None]
    if not isinstance(given, Description):
        raise BrokenPlugin("describe_plugin gives no Description")
    for text in (given.title, given.summary):
        if text and not is_text(text):
            raise BrokenPlugin("describe_plugin gives words that are no texts")
    return Description(_with_english(given.title, ""), _with_english(given.summary, english))


def _with_english(text: Text, english: str) -> Text:
    return {ENGLISH: english, **text} if isinstance(text, Mapping) else text or english


def _schema(callers: Mapping[str, Any]) -> type[Schema] | None:
    if "settings_schema" not in callers:
        return None
    (schema,) = callers["settings_schema"]() or [None]
    if not (isinstance(schema, type) and issubclass(schema, Schema)):
        raise BrokenPlugin("settings_schema gives no class of marshmallow.Schema")
    for name, declared in schema().fields.items():
        _check_secrets(name, declared)
        _check_words(name, declared)
    return schema


def _check_secrets(name: str, field: fields.Field[Any]) -> None:
    # What is encrypted is a text: of anything made of several values, it opens as another.
    if field.metadata.get("secret") and isinstance(field, _OF_SEVERAL):
        raise BrokenPlugin(f"settings_schema has the secret {name}, which is no single value")
    try:
        has_secret_within = _has_secret_within(field)
    except RecursionError as error:
        raise BrokenPlugin(f"settings_schema has {name}, which stands within itself") from error
    if has_secret_within:
        raise BrokenPlugin("settings_schema has secrets within others, which are not encrypted")


def _check_words(name: str, field: fields.Field[Any]) -> None:
    labels = field.metadata.get("labels", {})
    texts = [field.metadata[one] for one in ("title", "description") if field.metadata.get(one)]
    if not isinstance(labels, Mapping) or not all(map(is_text, [*labels.values(), *texts])):
        raise BrokenPlugin(f"settings_schema has words of {name} that are no texts")
    for inner in _parts(field):
        _check_words(name, inner)


def _has_secret_within(field: fields.Field[Any]) -> bool:
    return any(inner.metadata.get("secret") or _has_secret_within(inner) for inner in _parts(field))


def _parts(field: fields.Field[Any]) -> Sequence[fields.Field[Any]]:
    match field:
        case fields.Nested():
            nested = field.schema
            return list(nested.fields.values()) if isinstance(nested, Schema) else []
        case fields.List():
            return [field.inner]
        case fields.Dict():
            return [part for part in (field.key_field, field.value_field) if part]
        case fields.Tuple():
            return list(field.tuple_fields)
    return []


def _formats(callers: Mapping[str, Any], taken: set[str]) -> tuple[ExportFormat, ...]:
    if "export_formats" not in callers:
        return ()
    (formats,) = callers["export_formats"]() or [()]
    for one in formats:
        if not isinstance(one, ExportFormat):
            raise BrokenPlugin("export_formats gives something that is no ExportFormat")
        _check_usable(one)
        if one.name in taken:
            raise BrokenPlugin(f"there is an export format {one.name} already")
        taken.add(one.name)
    return tuple(formats)


def _check_usable(format_: ExportFormat) -> None:
    if not is_text(format_.title):
        raise BrokenPlugin(f"an export format has no usable title: {format_.title!r}")
    for name, pattern in _USABLE.items():
        value = getattr(format_, name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise BrokenPlugin(f"an export format has no usable {name}: {value!r}")
    if not callable(format_.write):
        raise BrokenPlugin(f"the export format {format_.name} has no usable write")


def _first_line(error: pluggy.PluginValidationError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:4])
