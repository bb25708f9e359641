"""The contract over RabbitMQ (AMQP 0-9-1, pika).

::

    broker ──┬── sender    ── link    one thread and connection each,
             ├── receiver  ── link    kept up in the background
             └── commands, dead_letters   a short connection for each call
"""

from staffroll.bus.amqp.broker import AmqpBroker

__all__ = ["AmqpBroker"]
