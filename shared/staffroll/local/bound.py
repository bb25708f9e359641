"""Run by its path as ``python bound.py <parent> <command> …``: becomes the command, which
then ends when its parent ends, however that happened.

A supervisor that is killed with ``kill -9`` can end nobody. So each child asks the kernel
for SIGTERM at its parent's death. It is done here, between fork and exec, and not in a
``preexec_fn``, which may deadlock in a parent with threads. Imports nothing that is slow.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final, NoReturn

_PR_SET_PDEATHSIG: Final = 1


def main() -> NoReturn:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        # It ended before we had asked.
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
