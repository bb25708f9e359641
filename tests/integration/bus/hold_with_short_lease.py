"""A process that takes messages of the embedded bus and never settles them, to be killed.

Arguments: MongoDB URI, prefix, queue, lease in seconds. Prints a line for each message.
"""

from __future__ import annotations

import sys
import threading

from staffroll.bus import Delivery
from staffroll.bus.embedded import EmbeddedBroker


def show(_delivery: Delivery) -> None:
    print("received", flush=True)  # noqa: T201 - what the test waits for


if __name__ == "__main__":
    mongodb_uri, prefix, queue, lease_seconds = sys.argv[1:]
    broker = EmbeddedBroker(mongodb_uri, prefix=prefix, lease_seconds=float(lease_seconds))
    receiver = broker.receiver([queue], show)
    threading.Event().wait()
