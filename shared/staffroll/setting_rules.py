"""What the value of a setting must be, beyond its type.

The sentences complete "STAFFROLL_… is not …", and never show the value: it may be secret.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must be.

    Attributes:
        says: What it must be, in words.
    """

    says: str
    holds: Callable[[Any], bool]


def at_least(smallest: float) -> Rule:
    return Rule(f"at least {smallest}", lambda value: bool(value >= smallest))


def between(smallest: float, largest: float) -> Rule:
    return Rule(
        f"between {smallest} and {largest}", lambda value: bool(smallest <= value <= largest)
    )


def one_of(*choices: str) -> Rule:
    """Case does not matter."""
    told = ", ".join(f"`{choice}`" for choice in choices)
    return Rule(f"one of {told}", lambda value: str(value).lower() in choices)


def secrets_of_at_least(characters: int) -> Rule:
    """One secret, or several separated by commas."""
    return Rule(
        f"at least {characters} characters long",
        lambda value: all(len(part.strip()) >= characters for part in str(value).split(",")),
    )


def or_empty(rule: Rule) -> Rule:
    """As `rule` says, or nothing at all."""
    return Rule(f"{rule.says}, or empty", lambda value: value == "" or rule.holds(value))


def _is_broker_address(url: str) -> bool:
    from staffroll import bus

    return bus.is_address(url)


def _is_mongodb_address(uri: str) -> bool:
    from pymongo.errors import PyMongoError
    from pymongo.uri_parser import parse_uri

    if uri.startswith("mongodb+srv://"):
        return True  # what it means only a name server knows
    try:
        parse_uri(uri, warn=True)
    except (PyMongoError, ValueError):
        return False
    return True


HTTP_ADDRESS: Final = Rule(
    "an address that begins with `http://` or `https://`",
    lambda url: str(url).startswith(("http://", "https://")),
)
BROKER_ADDRESS: Final = Rule(
    "the address of a broker: `amqp://…`, `amqps://…` or `embedded:`", _is_broker_address
)
MONGODB_ADDRESS: Final = Rule(
    "a MongoDB address, as `mongodb://localhost:27017/` is", _is_mongodb_address
)
