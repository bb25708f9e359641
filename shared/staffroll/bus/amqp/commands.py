"""A short connection for each command: nothing to keep alive, safe from every thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPConnectionError

from staffroll.bus.contract import BrokerAway

HEARTBEAT_SECONDS: Final = 10
_CONNECT_SECONDS: Final = 5


def parameters_of(url: str, name: str) -> pika.URLParameters:
    """Connection parameters of `url`; what its query says goes before our defaults."""
    parameters = pika.URLParameters(url)
    if "heartbeat=" not in url:
        parameters.heartbeat = HEARTBEAT_SECONDS
    if "socket_timeout=" not in url:
        parameters.socket_timeout = _CONNECT_SECONDS
    if "stack_timeout=" not in url:
        parameters.stack_timeout = 2 * _CONNECT_SECONDS
    parameters.client_properties = {"connection_name": name}
    return parameters


@contextmanager
def command_channel(parameters: pika.URLParameters) -> Iterator[Any]:
    """A blocking channel; all that is unsettled when the block ends goes back.

    Raises:
        BrokerAway: There is no connection, or it broke.
    """
    with command_connection(parameters) as connection:
        yield connection.channel()


@contextmanager
def command_connection(parameters: pika.URLParameters) -> Iterator[Any]:
    """A blocking connection, closed when the block ends.

    Raises:
        BrokerAway: There is none, or it broke.
    """
    try:
        with pika.BlockingConnection(parameters) as connection:
            yield connection
    except (AMQPConnectionError, AMQPConnectorException, OSError) as error:
        place = f"{parameters.host}:{parameters.port}"
        raise BrokerAway(f"{place} does not answer ({type(error).__name__})") from error
