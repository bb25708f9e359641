"""What plugins cost besides what they do themselves: tenant, settings, metrics, languages."""

from __future__ import annotations

import types
from typing import Any, Final

from marshmallow import Schema, fields

from staffroll.observing.metrics import plugin_called
from staffroll.plugins import Candidate, Objection, hookimpl
from staffroll.plugins.installed import Installed, plugin_of
from staffroll.plugins.platform import Plugins
from tests.bench.figures import Report, percentile, repeated

CALLS: Final = 20_000
WORDS: Final = ("acme", "anvil", "rocket")
GOAL_MICROSECONDS: Final = 50
CANDIDATE: Final = Candidate("correct horse battery staple")
OBJECTED: Final = Candidate("acme makes anvils and rockets")


class Settings(Schema):
    word = fields.String(required=True)


def check_password(candidate: Candidate, settings: Any) -> list[Objection]:
    if settings["word"] in candidate.password:
        return [Objection("word", {"en": "Not this word.", "de": "Nicht dieses Wort."})]
    return []


def measure(report: Report) -> None:
    report.title(f"A password past {len(WORDS)} plugins of one of many tenants")
    installed = Installed({word: plugin_of(_plugin(), word) for word in WORDS}, {})
    plugins = Plugins(installed, observe=plugin_called)
    enabled = {word: {"word": word} for word in WORDS}
    for number in range(500):
        plugins.of(f"other-{number}", 1, enabled)

    def by_hand(candidate: Candidate) -> list[Objection]:
        return [found for one in enabled.values() for found in check_password(candidate, one)]

    def by_platform(candidate: Candidate) -> list[Any]:
        return plugins.of("acme", 7, enabled).check_password(candidate, "de")

    for what, candidate in ("nothing to object", CANDIDATE), ("three objections", OBJECTED):
        assert len(by_hand(candidate)) == len(by_platform(candidate))
        plain = _microseconds(report, f"plain functions, {what}", by_hand, candidate)
        ours = _microseconds(report, f"the tenant's plugins, {what}", by_platform, candidate)
        report.fact(
            f"    more by {ours - plain:.1f} µs, {ours / plain:.0f} times as much"
            f"   goal: under {GOAL_MICROSECONDS} µs more"
        )


def _microseconds(report: Report, name: str, call: Any, candidate: Candidate) -> float:
    """The median of a call."""
    taken = repeated(CALLS, lambda _: call(candidate))
    median, p99 = (1e6 * percentile(taken, share) for share in (0.5, 0.99))
    report.fact(f"{name:<58} p50 {median:8.1f} µs   p99 {p99:8.1f} µs")
    return median


def _plugin() -> types.ModuleType:
    made = types.ModuleType("staffroll_bench")
    made.settings_schema = hookimpl(lambda: Settings)  # type: ignore[attr-defined]
    made.check_password = hookimpl(check_password)  # type: ignore[attr-defined]
    return made
