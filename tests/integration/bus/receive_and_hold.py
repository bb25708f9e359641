"""A process that takes messages and never settles them, to be killed.

Arguments: queue, broker URL, prefix, MongoDB URI (may be empty). Writes a line for each.
"""

from __future__ import annotations

import sys
import threading

from staffroll.bus import Delivery, connect


def show(_delivery: Delivery) -> None:
    sys.stdout.write("received\n")
    sys.stdout.flush()


if __name__ == "__main__":
    queue, url, prefix, mongodb_uri = sys.argv[1:]
    receiver = connect(url, prefix=prefix, mongodb_uri=mongodb_uri).receiver([queue], show)
    threading.Event().wait()
