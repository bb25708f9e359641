"""What services know, compared through their digests: 256 hashes first, then only the
buckets that differ."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

TIMEOUT_SECONDS: Final = 30.0


class CouldNotAsk(Exception):
    """A service gave no usable answer; `str()` says which, and why."""


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


class Digest:
    """What one service knows of the objects of one owner, asked over HTTP.

    Args:
        url: Where the service is, without ``/v1``.
        token: A bearer token; the tenant is the one it names.
    """

    def __init__(self, service: str, url: str, owner: str, token: str) -> None:
        self._service = service
        self._url = f"{url.rstrip('/')}/v1/digest"
        self._owner = owner
        self._token = token

    def buckets(self) -> Mapping[str, Mapping[str, Any]]:
        """``{"00": {"count": n, "hash": "…"}, …}`` by the last two hex digits of the id."""
        return self._ask("", "buckets")

    def items(self, bucket: str) -> Mapping[str, int]:
        """Versions by id."""
        return self._ask(f"/{bucket}", "items")

    def _ask(self, path: str, part: str) -> Mapping[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - whoever runs the command names it
            f"{self._url}{path}?owner={self._owner}",
            headers={"Authorization": f"Bearer {self._token}", "Accept": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                found = json.load(answer)[part]
        except urllib.error.HTTPError as error:
            with error:
                raise CouldNotAsk(f"{self._service} answers {error.code} at {self._url}") from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise CouldNotAsk(f"{self._service} at {self._url}: {reason}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise CouldNotAsk(f"{self._service} at {self._url} answers no digest") from error
        if not isinstance(found, dict):
            raise CouldNotAsk(f"{self._service} at {self._url} answers no digest")
        return found


def differences(owner: Digest, follower: Digest) -> list[Difference]:
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
