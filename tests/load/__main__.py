"""Run with ``make load``; ``ARGS="growth --people 10000"`` runs one chapter, smaller."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from staffroll.local import Mongod
from tests.load import day, flood, growth
from tests.load.outcome import Outcome

ROOT = Path(__file__).parents[2]
CHAPTERS = ("growth", "day", "flood")


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing stays behind
    wanted = _arguments()
    for chapter in wanted.chapters or CHAPTERS:
        with (
            tempfile.TemporaryDirectory(prefix="staffroll-load-") as folder,
            Mongod(folder, cache_gigabytes=2.0) as mongod,
        ):
            for outcome in _measured(chapter, wanted, mongod, Path(folder)):
                outcome.show()
                if wanted.write:
                    outcome.write(ROOT)


def _measured(
    chapter: str, wanted: argparse.Namespace, mongod: Mongod, folder: Path
) -> Iterator[Outcome]:
    if chapter == "growth":
        most = wanted.people or growth.SIZES[-1]
        sizes = [size for size in growth.SIZES if size < most]
        yield from growth.measure(mongod, folder, [*sizes, most])
    elif chapter == "day":
        people = wanted.people or 100_000
        yield day.measure(mongod, folder, people=people, minutes=wanted.minutes, pace=wanted.pace)
    else:
        yield flood.measure(mongod.uri, folder)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("chapters", nargs="*", choices=[[], *CHAPTERS], help="default: all")
    parser.add_argument("--people", type=int, help="at most so many; default: each chapter's own")
    parser.add_argument("--minutes", type=float, default=3.0, help="how long the day takes")
    parser.add_argument("--pace", type=float, default=1.0, help="of the day; 0.5: half as much")
    parser.add_argument("--write", action="store_true", help="put the figures into the docs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
