"""The token in a link that sets a password: says whose it is, and proves it by chance alone."""

from __future__ import annotations

import binascii
import hashlib
import re
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Final

from staffroll.ids import TENANT_PATTERN
from staffroll_accounts.domain.errors import ResetTokenInvalid

SECRET_BYTES: Final = 32
MAX_CHARACTERS: Final = 160

_ID_BYTES: Final = 16
_FORM: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class ResetToken:
    """A token, as it stands in the link.

    Attributes:
        text: Of letters, digits, ``-`` and ``_``.
    """

    tenant_id: str
    user_id: str
    text: str = field(repr=False)

    @property
    def hash(self) -> str:
        """What is kept of it: SHA-256, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def make(tenant_id: str, user_id: str, secret: bytes) -> ResetToken:
    """The token of a user.

    Args:
        secret: `SECRET_BYTES` random bytes.
    """
    raw = tenant_id.encode() + uuid.UUID(user_id).bytes + secret
    return ResetToken(tenant_id, user_id, _encode(raw))


def read(text: str) -> ResetToken:
    """The token with this text.

    Raises:
        ResetTokenInvalid: It cannot be one of ours.
    """
    if len(text) > MAX_CHARACTERS or not _FORM.fullmatch(text):
        raise ResetTokenInvalid
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        tenant_id = raw[: -_ID_BYTES - SECRET_BYTES].decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise ResetTokenInvalid from None
    # Base64 can write the same bytes in several ways; only one of them is a token.
    if not TENANT_PATTERN.match(tenant_id) or _encode(raw) != text:
        raise ResetTokenInvalid
    user_id = uuid.UUID(bytes=raw[-_ID_BYTES - SECRET_BYTES : -SECRET_BYTES])
    return ResetToken(tenant_id, str(user_id), text)


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
