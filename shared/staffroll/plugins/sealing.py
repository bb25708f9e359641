"""Secrets in the settings of plugins: encrypted wherever they are kept or told.

A field is secret where its schema says so in its metadata. The key is one that all services
of the platform share; without it, nothing secret can be set.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from staffroll.errors import Unavailable
from staffroll.plugins.installed import Plugin

_SEALED: Final = "sealed"


class NoPluginKey(Unavailable):
    code = "plugin_key_missing"
    wording = (
        "This plugin has secret settings, and the platform has no key for them"
        " (STAFFROLL_PLUGIN_KEY). Nothing was changed."
    )


class Sealing:
    """Encrypts and decrypts, and renews.

    Args:
        secrets: Of at least 32 characters; the first encrypts, all decrypt. Empty: none.
    """

    def __init__(self, secrets: str = "") -> None:
        keys = [_key(one.strip()) for one in secrets.split(",") if one.strip()]
        self._cipher = MultiFernet(keys) if keys else None

    def seal(
        self, plugin: Plugin, given: Mapping[str, Any], before: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What is to be kept of settings that an admin has filled in.

        Args:
            before: What was kept; a secret that is left out or null stays as it was.
        Raises:
            NoPluginKey.
        """
        kept = dict(given)
        for name in secret_fields(plugin):
            value = kept.pop(name, None)
            if value is not None:
                kept[name] = {_SEALED: self._encrypt(value)}
            elif name in before:
                kept[name] = before[name]
        return kept

    def unseal(self, plugin: Plugin, kept: Mapping[str, Any]) -> dict[str, Any]:
        """What the plugin's schema may load.

        Raises:
            NoPluginKey: It was sealed with another key.
        """
        opened = dict(kept)
        for name in secret_fields(plugin):
            if name in opened:
                opened[name] = self._decrypt(opened[name])
        return opened

    def _encrypt(self, value: Any) -> str:
        if self._cipher is None:
            raise NoPluginKey
        return self._cipher.encrypt(str(value).encode()).decode()

    def _decrypt(self, kept: Any) -> str:
        if self._cipher is None:
            raise NoPluginKey
        try:
            return self._cipher.decrypt(kept[_SEALED].encode()).decode()
        except (InvalidToken, KeyError, TypeError) as error:
            raise NoPluginKey from error


def secret_fields(plugin: Plugin) -> list[str]:
    """Those settings that are texts nobody may see again, by the names that admins give them."""
    if plugin.schema is None:
        return []
    declared = plugin.schema().fields
    return [
        field.data_key or name for name, field in declared.items() if field.metadata.get("secret")
    ]


def shown(plugin: Plugin, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as people may see them: secrets are null where they are set."""
    secret = set(secret_fields(plugin))
    return {name: None if name in secret else value for name, value in kept.items()}


def _key(secret: str) -> Fernet:
    digest = hashlib.blake2b(secret.encode(), digest_size=32, person=b"plugins").digest()
    return Fernet(base64.urlsafe_b64encode(digest))
