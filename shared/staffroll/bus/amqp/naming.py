"""Names on the node: a prefix before every exchange and queue keeps systems apart."""

from __future__ import annotations

from dataclasses import dataclass

from staffroll.bus.contract import DIRECT


@dataclass(frozen=True, slots=True)
class Names:
    """Translates between the contract's names and those on the node."""

    prefix: str = ""

    def exchange(self, name: str) -> str:
        return name if name == DIRECT else self.prefix + name

    def queue(self, name: str) -> str:
        return self.prefix + name

    def key(self, exchange: str, key: str) -> str:
        """The routing key; the default exchange takes the queue's name on the node."""
        return self.queue(key) if exchange == DIRECT else key

    def plain(self, name: str) -> str:
        return name.removeprefix(self.prefix)


def service_of(queue: str) -> str:
    """Whose queue it is, without prefix: ``people`` of ``people.replay.7``."""
    return queue.split(".", 1)[0]
