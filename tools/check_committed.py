"""Refuses files that only make sense on the machine where they were written.

Looks at what git knows or would add: package registries belong into the configuration of
pip on each machine, and absolute paths of a checkout nowhere.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Put together here, so that this file does not find itself.
REGISTRY_HOSTS = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "npmjs" + ".org",
    "registry." + "npmjs",
    "crates" + ".io",
    "proxy.golang" + ".org",
)
REGISTRY_OPTIONS = (
    "--index" + "-url",
    "--extra-index" + "-url",
    "--find" + "-links",
    "INDEX" + "_URL",
    "--trusted" + "-host",
)

_TEXT_LIMIT_BYTES = 5_000_000


def main() -> int:
    """Print every finding as ``file:line: why``; 1 when there is one."""
    needles = [*REGISTRY_HOSTS, *REGISTRY_OPTIONS, *_paths_of_this_machine()]
    pattern = re.compile("|".join(map(re.escape, needles)))
    findings = [finding for path in _files() for finding in _findings(path, pattern)]
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    return 1 if findings else 0


def _paths_of_this_machine() -> set[str]:
    home = str(Path.home())
    return {f"{ROOT}/", *([f"{home}/"] if home != "/" else [])}


def _files() -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name]


def _findings(path: Path, pattern: re.Pattern[str]) -> list[str]:
    if not path.is_file() or path.stat().st_size > _TEXT_LIMIT_BYTES:
        return []
    try:
        lines = path.read_text().splitlines()
    except UnicodeDecodeError:
        return []
    return [
        f"{path.relative_to(ROOT)}:{number}: names {found[0]}"
        for number, line in enumerate(lines, 1)
        if (found := pattern.search(line))
    ]


if __name__ == "__main__":
    sys.exit(main())
