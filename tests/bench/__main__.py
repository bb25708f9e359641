"""Run with ``make bench``; ``python -m tests.bench sync lists`` runs only these chapters."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from staffroll.local import Mongod
from tests.bench import export, flood, imports, lists, parts, plugins, sign_in, sync
from tests.bench.figures import Report
from tests.support.rabbitmq import RabbitNode


def main() -> None:
    chapters = sys.argv[1:] or [
        "parts",
        "plugins",
        "sync",
        "lists",
        "imports",
        "export",
        "sign-in",
        "flood",
    ]
    report = Report()
    node = RabbitNode(on_disk=True)
    with tempfile.TemporaryDirectory(prefix="staffroll-bench-") as folder, Mongod(folder) as mongod:
        try:
            node.start()
            if "parts" in chapters:
                parts.measure(report, mongod.uri, node.url)
            if "plugins" in chapters:
                plugins.measure(report)
            if "sync" in chapters:
                sync.measure(report, mongod.uri, node.url, Path(folder))
            if "lists" in chapters:
                lists.measure(report, mongod.uri, Path(folder))
            if "imports" in chapters:
                imports.measure(report, mongod.uri, node.url, Path(folder))
            if "export" in chapters:
                export.measure(report, mongod.uri, Path(folder))
            if "sign-in" in chapters:
                sign_in.measure(report, mongod, Path(folder))
            if "flood" in chapters:
                flood.measure(report, mongod.uri, Path(folder))
        finally:
            node.remove()


if __name__ == "__main__":
    main()
