"""How webhooks are signed: Standard Webhooks, symmetric. Pure.

::

    webhook-signature: v1,<base64 of HMAC-SHA256("<webhook-id>.<webhook-timestamp>.<body>")>
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32


def shown_secret(key: bytes) -> str:
    """The key as a receiver gets it."""
    return PREFIX + base64.b64encode(key).decode()


def headers(keys: Iterable[bytes], message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """What tells a receiver that the body is ours, and of now; one signature for each key."""
    timestamp = str(int(now.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(key, signed) for key in keys),
    }


def _signature(key: bytes, signed: bytes) -> str:
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
