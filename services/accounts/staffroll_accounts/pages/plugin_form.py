"""The form that is made from the schema of a plugin's settings.

Each setting becomes the field that suits it; what has no field of its own is written as JSON.
Fields are called as the schema's errors are: ``settings.<name>``, or, in a part of their own,
``settings.<part>.<name>``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import INCLUDE, fields, missing, validate
from wtforms import Field
from wtforms.validators import Optional

from staffroll.faults import log_fault
from staffroll.web.pages import SeenForm, gettext
from staffroll_accounts.actions.plugins import TenantPlugin
from staffroll_accounts.pages import plugin_words, setting_fields
from staffroll_accounts.pages.setting_fields import line, written

_PREFIX: Final = "settings"
_NOTHING: Final[tuple[Any, ...]] = ("", None, [], {}, missing)
_AREA: Final = {"spellcheck": "false", "autocapitalize": "none"}
_TEXTS: Final = (
    fields.String,
    fields.UUID,
    fields.DateTime,
    fields.Date,
    fields.Time,
    fields.IP,
    fields.Decimal,
)
"""What JSON has as texts."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a plugin's settings.

    Attributes:
        path: Its name, below that of its part where it has one.
        at_first: What stands in it at first; `missing` for nothing.
        is_set: Whether a secret is kept.
    """

    path: tuple[str, ...]
    field: fields.Field[Any]
    label: str
    at_first: Any
    is_optional: bool
    is_set: bool = False

    @property
    def name(self) -> str:
        """Of the form's field."""
        return ".".join((_PREFIX, *self.path))

    @property
    def is_secret(self) -> bool:
        return bool(self.field.metadata.get("secret"))

    def kept_in(self, settings: Mapping[str, Any]) -> Any:
        """What is kept of it; `missing` for nothing."""
        value: Any = settings
        for part in self.path:
            value = value.get(part, missing) if isinstance(value, Mapping) else missing
        return value


class SettingsForm(SeenForm):
    """What all settings forms have in common; `form_of` makes one with a plugin's fields.

    Attributes:
        settings: In the order of the plugin's schema.
        others: Settings that are kept and have no field, for schemas that take any.
    """

    settings: tuple[Setting, ...] = ()
    others: Mapping[str, Any] = {}

    def given(self) -> dict[str, Any]:
        """All settings as they were filled in."""
        found: dict[str, Any] = dict(self.others)
        for path, group in self._groups():
            values = {one.path[-1]: self._value(one) for one in group}
            if path and all(one.is_optional and self._is_untouched(one) for one in group):
                continue
            into = found.setdefault(path, {}) if path else found
            into.update({name: value for name, value in values.items() if value is not missing})
        return found

    def filled_in(self) -> dict[str, Any]:
        """What each field holds, by its name; None for nothing."""
        values = {one.name: self._value(one) for one in self.settings}
        return {name: None if value is missing else value for name, value in values.items()}

    def read_out(self, name: str, value: Any) -> str:
        return line(value)

    def located(self, name: str, below: str, text: str) -> str:
        """In the reader's words, and with the entry of the list that is meant."""
        entry, _, rest = below.partition(".")
        if not entry.isdecimal():
            return f"{below}: {text}" if below else text
        place = f"{int(entry) + 1}.{rest}" if rest else f"{int(entry) + 1}"
        return gettext("Entry %(place)s: %(problem)s", place=place, problem=text)

    def _value(self, one: Setting) -> Any:
        field: Any = self[one.name]
        return field.as_set()

    def _is_untouched(self, one: Setting) -> bool:
        value = self._value(one)
        nothing = value is missing or (one.at_first is missing and value in (False, []))
        return bool(nothing or value == one.at_first)

    def _groups(self) -> Iterator[tuple[str, list[Setting]]]:
        """The settings of each part, by its name; those of none under an empty one."""
        found: dict[str, list[Setting]] = {}
        for one in self.settings:
            found.setdefault(one.path[0] if len(one.path) > 1 else "", []).append(one)
        yield from found.items()


def form_of(plugin: TenantPlugin) -> SettingsForm:
    """The form for a plugin's settings, with what is kept, or what it begins with."""
    settings = tuple(settings_of(plugin))
    made = {one.name: _field_of(one, f"setting-{number}") for number, one in enumerate(settings, 1)}
    kind = type("PluginSettingsForm", (SettingsForm,), {**made, "settings": settings})
    known = {one.name: _known(one, plugin) for one in settings}
    others = _others(plugin, settings)
    form: SettingsForm = kind(
        _now(plugin, settings, others),
        known={name: value for name, value in known.items() if value is not missing},
    )
    form.others = others
    return form


def settings_of(plugin: TenantPlugin) -> Iterator[Setting]:
    """What can be filled in; parts of the settings (`Nested`) one level deep."""
    if plugin.schema is None:
        return
    for name, field in _named(plugin.schema().load_fields):
        label = _label(name, field)
        at_first = _at_first(field)
        inner = _part(field)
        if not inner:
            is_set = bool(field.metadata.get("secret")) and name in plugin.settings
            is_optional = not field.required or is_set
            yield Setting((name,), field, label, at_first, is_optional, is_set)
            continue
        for below, one in inner.items():
            known = at_first.get(below, missing) if isinstance(at_first, Mapping) else missing
            yield Setting(
                (name, below),
                one,
                f"{label} · {_label(below, one)}",
                _at_first(one) if known is missing else known,
                not (field.required and one.required),
            )


def help_of(one: Setting) -> str:
    """What stands below the field."""
    meta = one.field.metadata
    parts = [
        plugin_words.spoken(meta.get("description") or meta.get("help")),
        plugin_words.limits(one.field),
        _way(one),
    ]
    return " ".join(filter(None, parts))


def read_out(one: Setting, value: Any) -> str:
    """A setting, for people."""
    if one.is_secret:
        return gettext("set, not shown") if one.is_set else gettext("not set")
    if value is missing and one.at_first not in _NOTHING:
        return gettext("%(value)s (default)", value=read_out(one, one.at_first))
    if value in _NOTHING:
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    labels = _labels(one.field)
    if labels and not isinstance(value, list):
        return labels.get(written(value), written(value))
    if isinstance(value, list):
        return ", ".join(labels.get(written(item), line(item)) for item in value)
    return line(value)


def _field_of(one: Setting, id_: str) -> Field:
    field = one.field
    labels = _labels(field)
    # Of several, where one is chosen already, none cannot be.
    has_usual = one.at_first is not missing and one.at_first is not None
    is_optional = one.is_optional and not (labels and has_usual)
    common: dict[str, Any] = {"id": id_, "validators": [Optional()] if is_optional else []}
    if one.is_secret:
        return setting_fields.SecretField(one.label, **common)
    match field:
        case fields.Boolean():
            return setting_fields.FlagField(one.label, **common)
        case fields.List() if labels:
            return setting_fields.ChoicesField(one.label, labels=labels, **common)
        case _ if labels:
            return setting_fields.ChoiceField(
                one.label, labels=labels, can_be_none=is_optional, **common
            )
        case fields.List() if _is_line(field.inner):
            read = _read_of(field.inner)
            return setting_fields.LinesField(one.label, read=read, render_kw=_AREA, **common)
        case _ if _is_line(field):
            return setting_fields.LineField(one.label, read=_read_of(field), **common)
    return setting_fields.JsonField(one.label, render_kw={**_AREA, "data_json": True}, **common)


def _way(one: Setting) -> str:
    """How it is filled in, where that does not go without saying."""
    field = one.field
    if one.is_secret:
        return (
            gettext("It is set, and never shown. Leave this empty to keep it.")
            if one.is_set
            else gettext("It is encrypted, and never shown again.")
        )
    if isinstance(field, fields.Boolean) or _labels(field):
        return ""
    if isinstance(field, fields.List) and _is_line(field.inner):
        return gettext("One on each line.")
    if not _is_line(field):
        example = field.metadata.get("example", missing)
        shape = _shape(field) if example is missing else example
        return gettext("As JSON, such as %(example)s", example=written(shape))
    at_first = one.at_first
    if one.is_optional and at_first is not missing and at_first not in ("", None):
        return gettext("Left empty, it is %(value)s.", value=line(at_first))
    return ""


def _is_line(field: fields.Field[Any]) -> bool:
    return isinstance(field, (*_TEXTS, fields.Integer, fields.Float))


def _read_of(field: fields.Field[Any]) -> setting_fields.Read:
    if isinstance(field, fields.Integer):
        return setting_fields.whole
    return setting_fields.decimal if isinstance(field, fields.Float) else setting_fields.text


def _labels(field: fields.Field[Any]) -> dict[str, str]:
    """The choices of a field by their JSON; none where anything can be filled in."""
    if isinstance(field, fields.Boolean):
        return {}
    chosen_from = _choices(field)
    if chosen_from is None and isinstance(field, fields.List):
        return _labels(field.inner)
    if chosen_from is None:
        return {}
    values, labels = chosen_from
    single = field.inner if isinstance(field, fields.List) else field
    named = {written(value): text for value, text in single.metadata.get("labels", {}).items()}
    found: dict[str, str] = {}
    for number, value in enumerate(values):
        key = written(_serialized(single, value))
        label = labels[number] if number < len(labels) else value
        if key in named:
            label = plugin_words.spoken(named[key])
        found[key] = str(label) if str(label).strip() else key
    return found


def _choices(field: fields.Field[Any]) -> tuple[list[Any], list[str]] | None:
    if isinstance(field, fields.Enum):
        members = list(field.enum.__members__.values())
        return members, [plugin_words.title(member.name.lower()) for member in members]
    for one in plugin_words.validators(field):
        # For lists there is a kind of it for what they hold.
        is_meant = isinstance(one, validate.ContainsOnly) == isinstance(field, fields.List)
        if isinstance(one, validate.OneOf) and is_meant:
            return list(one.choices), list(one.labels)
    return None


def _shape(field: fields.Field[Any], deep: int = 3) -> Any:
    """Something of the form that the field takes."""
    if deep == 0:
        return "…"
    match field:
        case fields.List():
            return [_shape(field.inner, deep - 1)] * plugin_words.least_entries(field)
        case fields.Dict():
            key = "…"
            for choice in _labels(field.key_field) if field.key_field else ():
                key = str(json.loads(choice))
                break
            value = _shape(field.value_field, deep - 1) if field.value_field else "…"
            return {key: value}
        case fields.Nested():
            inner = _named(field.schema.load_fields)
            return {name: _shape(one, deep - 1) for name, one in inner}
        case fields.Boolean():
            return True
        case fields.Integer() | fields.Float():
            return 1
    return next((json.loads(choice) for choice in _labels(field)), "…")


def _part(field: fields.Field[Any]) -> dict[str, fields.Field[Any]]:
    """The fields of a part of the settings; none for any other field."""
    if type(field) is not fields.Nested or field.many:
        return {}
    return dict(_named(field.schema.load_fields))


def _named(found: Mapping[str, fields.Field[Any]]) -> list[tuple[str, fields.Field[Any]]]:
    """As the schema's errors call them."""
    return [(one.data_key or name, one) for name, one in found.items()]


def _label(name: str, field: fields.Field[Any]) -> str:
    meta = field.metadata
    return plugin_words.spoken(meta.get("title") or meta.get("label")) or plugin_words.title(name)


def _at_first(field: fields.Field[Any]) -> Any:
    """What it is where nothing is filled in, as JSON; `missing` for nothing."""
    if field.metadata.get("secret"):
        return missing
    try:
        default = field.load_default() if callable(field.load_default) else field.load_default
    except Exception as error:  # noqa: BLE001 - a stranger's code; the form is there without it
        log_fault("plugin_default_failed", error)
        return missing
    return default if default is missing or default is None else _serialized(field, default)


def _serialized(field: fields.Field[Any], value: Any) -> Any:
    try:
        return field.serialize("", None, accessor=lambda *_: value)
    except Exception as error:  # noqa: BLE001 - as above
        log_fault("plugin_default_failed", error)
        return missing


def _known(one: Setting, plugin: TenantPlugin) -> Any:
    if one.is_secret:
        return missing
    kept = one.kept_in(plugin.settings) if plugin.is_on else missing
    return one.at_first if kept is missing else kept


def _others(plugin: TenantPlugin, settings: tuple[Setting, ...]) -> dict[str, Any]:
    if plugin.schema is None or plugin.schema().unknown != INCLUDE:
        return {}
    known = {one.path[0] for one in settings}
    return {name: value for name, value in plugin.settings.items() if name not in known}


def _now(
    plugin: TenantPlugin, settings: tuple[Setting, ...], others: Mapping[str, Any]
) -> dict[str, Any]:
    """What is kept, by the names of the fields."""
    kept = {one.name: one.kept_in(plugin.settings) for one in settings}
    now = {name: None if value is missing else value for name, value in kept.items()}
    return {**now, "is_on": plugin.is_on, "others": others}
