"""What services know, compared through their digests: 256 hashes first, then only the
buckets that differ."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

TIMEOUT_SECONDS: Final = 30.0


class CouldNotAsk(Exception):
    """A service gave no usable answer; `str()` says which, and why.

    Attributes:
        status: Of the HTTP answer, if there was one.
    """

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


def ask(service: str, url: str, path: str, token: str) -> dict[str, Any]:
    """What the service answers to a GET, an object in JSON.

    Args:
        url: Where it stands, without a slash at the end.
    Raises:
        CouldNotAsk: It gave none.
    """
    address = f"{url.rstrip('/')}{path}"
    place = address.partition("?")[0]
    request = urllib.request.Request(  # noqa: S310 - whoever runs the command names it
        address, headers={"Authorization": f"Bearer {token}", "Accept": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise CouldNotAsk(f"{service} answers {error.code} at {place}", error.code) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise CouldNotAsk(f"{service} at {place}: {reason}") from error
    except ValueError as error:
        raise CouldNotAsk(f"{service} at {place} answers no JSON") from error
    if not isinstance(found, dict):
        raise CouldNotAsk(f"{service} at {place} answers no object")
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that two services know differently.

    Attributes:
        at_owner: The owner's version; None where the owner does not know it.
        at_follower: The version that the follower has seen; None where it knows nothing.
    """

    id: str
    at_owner: int | None
    at_follower: int | None


class Holding(Protocol):
    """Ids and versions, compared bucket by bucket."""

    def buckets(self) -> Mapping[str, Mapping[str, Any]]: ...

    def items(self, bucket: str) -> Mapping[str, int]: ...


class Digest:
    """What one service knows of the objects of one owner, asked over HTTP.

    Args:
        url: Where the service is, without ``/v1``.
        token: A bearer token; the tenant is the one it names.
    """

    def __init__(self, service: str, url: str, owner: str, token: str) -> None:
        self._service = service
        self._url = url
        self._owner = owner
        self._token = token

    def buckets(self) -> Mapping[str, Mapping[str, Any]]:
        """``{"00": {"count": n, "hash": "…"}, …}`` by the last two hex digits of the id."""
        return self._ask("", "buckets")

    def items(self, bucket: str) -> Mapping[str, int]:
        """Versions by id."""
        return self._ask(f"/{bucket}", "items")

    def _ask(self, path: str, part: str) -> Mapping[str, Any]:
        answer = ask(self._service, self._url, f"/v1/digest{path}?owner={self._owner}", self._token)
        found = answer.get(part)
        if not isinstance(found, dict):
            raise CouldNotAsk(f"{self._service} at {self._url} answers no digest")
        return found


def differences(owner: Holding, follower: Holding) -> list[Difference]:
    """All objects of the owner whose version the follower has not, or has otherwise.

    Raises:
        CouldNotAsk: One of the two gave no answer.
    """
    here, there = owner.buckets(), follower.buckets()
    found: list[Difference] = []
    for bucket in sorted(here.keys() | there.keys()):
        if _same(here.get(bucket), there.get(bucket)):
            continue
        at_owner, at_follower = owner.items(bucket), follower.items(bucket)
        found += [
            Difference(one, at_owner.get(one), at_follower.get(one))
            for one in sorted(at_owner.keys() | at_follower.keys())
            if at_owner.get(one) != at_follower.get(one)
        ]
    return found


def _same(here: Mapping[str, Any] | None, there: Mapping[str, Any] | None) -> bool:
    """An absent bucket is an empty one."""
    if not (here or {}).get("count") and not (there or {}).get("count"):
        return True
    return here == there
