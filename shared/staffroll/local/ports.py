"""Ports on loopback, looked at before anything is started."""

from __future__ import annotations

import errno
import socket
from typing import Final

from staffroll.local.refusals import PortTaken

HOST: Final = "127.0.0.1"


def claim(port: int, option: str) -> int:
    """The port, when nobody listens there; any free one for 0.

    Args:
        option: How another one is chosen on the command line.
    Raises:
        PortTaken: Somebody listens there, or it is not for us.
    """
    with socket.socket() as probe:
        # As servers do, so that connections which are still ending do not look like one.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise PortTaken(port, option) from error
            raise
        return int(probe.getsockname()[1])
