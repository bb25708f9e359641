"""The bus without a broker: queues as MongoDB collections, for trying and developing.

::

    <prefix>bus
    ├── queues            who is bound to what; expiring queues with their end
    ├── queue.<name>      one document per message, gone when acknowledged
    └── dead.<service>    one document per dead letter

A message is taken by an atomic update that moves its ``available_at`` behind a lease;
a lease that nobody renews ends, and the message is there for anyone again.
"""

from __future__ import annotations

from staffroll.bus.embedded.broker import EmbeddedBroker

__all__ = ["EmbeddedBroker"]
