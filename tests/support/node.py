"""Node.js: that of this machine, else the one that Playwright brings."""

from __future__ import annotations

import shutil
from pathlib import Path

import playwright

NODE = shutil.which("node") or str(Path(playwright.__file__).parent / "driver" / "node")
