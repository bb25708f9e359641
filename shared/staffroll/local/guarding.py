"""Starting the guardian, and letting it go."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

from staffroll.local import guardian
from staffroll.local.folder import DataFolder

_END_SECONDS: Final = 5.0


class Guard:
    """The guardian of one data folder (see `guardian`).

    Attributes:
        held: What every child must keep open, so that the guardian sees it live.
    """

    def __init__(self, folder: DataFolder) -> None:
        is_dead, alive = os.pipe()
        is_unused, in_use = os.pipe()
        self.held = (in_use,)
        self._ours = (alive, in_use)
        command = [sys.executable, "-I", "-S", guardian.__file__, str(folder.path)]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*command, str(is_dead), str(is_unused)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=(is_dead, is_unused, folder.lock),
            )
        finally:
            os.close(is_dead)
            os.close(is_unused)

    def end(self) -> None:
        """It ends by itself when we let go, having found nothing left to do."""
        for descriptor in self._ours:
            os.close(descriptor)
        try:
            self._process.wait(_END_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
