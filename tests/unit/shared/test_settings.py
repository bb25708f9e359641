"""Settings: typed, from the environment, and what is wrong is named without its value."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from staffroll.setting_rules import secrets_of_at_least
from staffroll.settings import PREFIX, ServiceSettings, SettingsWrong, read, setting

URI = {"STAFFROLL_MONGODB_URI": "mongodb://user:hush@db/"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings(ServiceSettings):
    secret_key: str = setting(doc="A secret.", secret=True)
    ratio: float = setting(0.5, doc="A number.")
    is_loud: bool = setting(False, doc="A switch.")


def test_defaults_hold_where_nothing_is_set() -> None:
    settings = read(ServiceSettings, URI)

    assert settings.broker_url == "embedded:"
    assert settings.mongodb_prefix == "staffroll-"


def test_values_are_read_by_type() -> None:
    environ = {
        **URI,
        "STAFFROLL_SECRET_KEY": "s",
        "STAFFROLL_RATIO": "0.25",
        "STAFFROLL_IS_LOUD": "Yes",
        "STAFFROLL_PREFETCH": "7",
    }

    settings = read(_Settings, environ)

    assert (settings.ratio, settings.is_loud, settings.prefetch) == (0.25, True, 7)


@pytest.mark.parametrize(("text", "is_on"), [("1", True), ("on", True), ("no", False), ("", False)])
def test_switches_understand_common_words(text: str, is_on: bool) -> None:
    environ = {**URI, "STAFFROLL_SECRET_KEY": "s", "STAFFROLL_IS_LOUD": text}

    assert read(_Settings, environ).is_loud is is_on


def test_everything_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsWrong) as caught:
        read(_Settings, {})

    assert "STAFFROLL_MONGODB_URI" in str(caught.value)
    assert "STAFFROLL_SECRET_KEY" in str(caught.value)


@pytest.mark.parametrize("name", ["PREFETCH", "RATIO", "IS_LOUD"])
def test_a_value_of_the_wrong_type_is_named_but_never_shown(name: str) -> None:
    environ = {**URI, "STAFFROLL_SECRET_KEY": "s", f"{PREFIX}{name}": "hush-hush"}

    with pytest.raises(SettingsWrong) as caught:
        read(_Settings, environ)

    assert f"{PREFIX}{name}" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("CONSUMER_THREADS", "0", "at least 1"),
        ("PREFETCH", "-1", "at least 1"),
        ("LOG_LEVEL", "chatty", "one of `debug`, `info`, `warning`, `error`"),
        ("LOG_FORMAT", "xml", "one of `json`, `console`"),
        ("BROKER_URL", "nonsense", "the address of a broker"),
        ("BROKER_URL", "amqp://u:hush@rabbit:port/", "the address of a broker"),
        ("MONGODB_URI", "nonsense", "a MongoDB address"),
        ("MONGODB_URI", "mongodb://u:hush@db:port/", "a MongoDB address"),
        ("MONGODB_URI", "", "a MongoDB address"),
    ],
)
def test_what_a_value_must_be_is_told_without_the_value(name: str, text: str, told: str) -> None:
    with pytest.raises(SettingsWrong) as caught:
        read(ServiceSettings, {**URI, f"{PREFIX}{name}": text})

    assert f"{PREFIX}{name} is not {told}" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["embedded:", "amqp://rabbit/", "amqps://u:p@rabbit:5671/v?heartbeat=5"]
)
def test_addresses_of_brokers_are_taken(url: str) -> None:
    assert read(ServiceSettings, {**URI, "STAFFROLL_BROKER_URL": url}).broker_url == url


def test_each_of_several_secrets_must_be_long_enough() -> None:
    rule = secrets_of_at_least(4)

    assert rule.holds("long, enough")
    assert not rule.holds("long,no")


def test_secrets_are_not_shown_with_the_settings() -> None:
    settings = read(_Settings, {**URI, "STAFFROLL_SECRET_KEY": "top-secret"})

    assert "top-secret" not in repr(settings)
    assert "hush" not in repr(settings)


def test_every_setting_is_described_in_a_sentence() -> None:
    silent = [
        name
        for name, field in ServiceSettings.__dataclass_fields__.items()
        if not field.metadata["doc"].endswith(".")
    ]

    assert silent == []
