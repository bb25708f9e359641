"""The newest few results are kept for a while."""

import pytest

from staffroll_scheduling.actions import recent
from staffroll_scheduling.actions.recent import Recent


def test_only_the_newest_few_are_kept() -> None:
    kept = Recent[str](2, 60)

    for name in ("a", "b", "a", "c"):
        kept.keep(name, name.upper())

    assert [kept.find(name) for name in ("a", "b", "c")] == ["A", None, "C"]


def test_what_is_old_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, now = Recent[str](2, 60), 0.0
    monkeypatch.setattr(recent.time, "monotonic", lambda: now)
    kept.keep("a", "A")

    now = 59.0
    before = kept.find("a")
    now = 61.0

    assert (before, kept.find("a"), len(kept._known)) == ("A", None, 0)
