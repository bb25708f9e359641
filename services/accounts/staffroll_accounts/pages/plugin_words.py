"""Plugins and their settings in the reader's words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from marshmallow import fields, validate

from staffroll.plugins.facts import Text
from staffroll.web.pages import gettext, lazy_gettext, ngettext, words
from staffroll_accounts.actions.plugins import TenantPlugin

KINDS: Final[dict[str, Any]] = {
    "check_password": lazy_gettext("Password rules"),
    "check_roles": lazy_gettext("Rules for roles"),
    "default_roles": lazy_gettext("Roles for new users"),
    "export_formats": lazy_gettext("Export formats"),
}
"""What a plugin brings, by hook; the other hooks belong to these."""

_ABBREVIATIONS: Final = frozenset(
    ["api", "csv", "id", "ip", "json", "jsonl", "ldap", "sso", "url", "xlsx", "xml"]
)


def title(name: str) -> str:
    """What people call something that has only a technical name."""
    spaced = re.sub(r"[._-]+", " ", name).strip() or name
    words = (word.upper() if word in _ABBREVIATIONS else word for word in spaced.split(" "))
    said = " ".join(words)
    return said[:1].upper() + said[1:]


def called(plugin: TenantPlugin) -> str:
    """What people call a plugin."""
    return spoken(plugin.description.title) or title(plugin.name)


def kinds(hooks: Collection[str]) -> list[str]:
    """What a plugin with these hooks brings."""
    return [str(label) for hook, label in KINDS.items() if hook in hooks]


def spoken(said: Text | None) -> str:
    """A text of a plugin's; empty for None."""
    return "" if said is None else words.spoken(said)


def limits(field: fields.Field[Any]) -> str:
    """What may be filled in, as far as the usual validators say."""
    found = [_limit(one, field) for one in validators(field)]
    if isinstance(field, fields.List):
        inner = limits(field.inner)
        found += [gettext("Each of them: %(limits)s", limits=inner)] if inner else []
    return " ".join(filter(None, found))


def validators(field: fields.Field[Any]) -> Iterator[Any]:
    """All of a field's, those within others included."""
    todo = list(field.validators)
    while todo:
        one = todo.pop(0)
        if isinstance(one, validate.And):
            todo = [*one.validators, *todo]
        else:
            yield one


def least_entries(field: fields.Field[Any]) -> int:
    """How many a list must have to be a good example of itself."""
    lengths = [_ends(one)[0] for one in validators(field) if isinstance(one, validate.Length)]
    return min(max(lengths, default=1) or 1, 3)


def _limit(validator: Any, field: fields.Field[Any]) -> str:
    match validator:
        case validate.Range():
            return _range(validator)
        case validate.Length():
            is_text = isinstance(field, fields.String)
            return _characters(validator) if is_text else _entries(validator)
    return ""


def _range(one: validate.Range) -> str:
    least, most = one.min, one.max
    if least is not None and most is not None and one.min_inclusive and one.max_inclusive:
        return gettext("From %(min)s to %(max)s.", min=least, max=most)
    lower, upper = "", ""
    if least is not None:
        lower = (
            gettext("At least %(min)s.", min=least)
            if one.min_inclusive
            else gettext("More than %(min)s.", min=least)
        )
    if most is not None:
        upper = (
            gettext("At most %(max)s.", max=most)
            if one.max_inclusive
            else gettext("Less than %(max)s.", max=most)
        )
    return " ".join(filter(None, (lower, upper)))


def _characters(one: validate.Length) -> str:
    least, most = _ends(one)
    if least and most and least != most:
        return gettext("%(min)s to %(max)s characters.", min=least, max=most)
    if least and most:
        return ngettext("Exactly %(n)s character.", "Exactly %(n)s characters.", least)
    if least:
        return ngettext("At least %(n)s character.", "At least %(n)s characters.", least)
    return ngettext("At most %(n)s character.", "At most %(n)s characters.", most) if most else ""


def _entries(one: validate.Length) -> str:
    least, most = _ends(one)
    if least and most and least != most:
        return gettext("%(min)s to %(max)s entries.", min=least, max=most)
    if least and most:
        return ngettext("Exactly %(n)s entry.", "Exactly %(n)s entries.", least)
    if least:
        return ngettext("At least %(n)s entry.", "At least %(n)s entries.", least)
    return ngettext("At most %(n)s entry.", "At most %(n)s entries.", most) if most else ""


def _ends(one: validate.Length) -> tuple[int, int]:
    """Least and most; 0 for none."""
    return (one.equal or one.min or 0, one.equal or one.max or 0)
