"""Python imports this first where the folder is on the path: a clock that is fast, or slow."""

from __future__ import annotations

import os
from datetime import timedelta

import time_machine

_AHEAD = os.environ.get("TEST_CLOCK_AHEAD_SECONDS")
if _AHEAD:
    time_machine.travel(timedelta(seconds=float(_AHEAD)), tick=True).start()
