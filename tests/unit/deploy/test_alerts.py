"""Alerts lead somewhere; that their metrics are there, tests/end_to_end/apart/test_observing.py shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
OPERATIONS = (ROOT / "docs/operations.md").read_text()


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


RULES = [
    rule for group in load("deploy/prometheus/alerts.yml")["groups"] for rule in group["rules"]
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_says_what_is_wrong_and_where_to_read_on(rule: dict[str, Any]) -> None:
    runbook = rule["annotations"]["runbook"]

    assert re.search(rf"^#+ {re.escape(runbook)}$", OPERATIONS, re.MULTILINE)
    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in ("warning", "critical")
