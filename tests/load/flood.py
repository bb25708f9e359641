"""A flood from one tenant beside another, as `tests.bench.flood` measures it, for the page."""

from __future__ import annotations

from pathlib import Path

from tests.bench import flood
from tests.bench.figures import Report, percentile
from tests.load.markdown import milliseconds, table
from tests.load.outcome import Outcome


def measure(mongodb_uri: str, folder: Path) -> Outcome:
    report = Report()
    flood.measure(report, mongodb_uri, folder)
    rows = [
        (name, *(milliseconds(percentile(seconds, share)) for share in (0.5, 0.95, 0.99)))
        for name, seconds in report.taken
    ]
    told = "\n".join(f"- {text}" for text in report.facts)
    return Outcome({"flood": f"{table(['in ms', 'p50', 'p95', 'p99'], rows)}\n\n{told}"})
