"""When two e-mail addresses are the same one."""

from __future__ import annotations

import unicodedata
from typing import Final

_LONGEST_DOMAIN: Final = 253


def email_key(email: str) -> str:
    """The form in which an address is unique in its tenant.

    Local part: NFC and case folding; accents stay, since ``josé`` and ``jose`` may be
    two mailboxes. Domain: ASCII by IDNA 2008, so that ``müller.example`` and
    ``xn--mller-kva.example`` are one. Never raises: a domain that IDNA refuses, or
    text without ``@``, is case-folded like the local part.
    Source: R4.
    """
    local, at, domain = email.strip().rpartition("@")
    return f"{_folded(local)}{at}{_ascii_domain(domain) if at else _folded(domain)}"


def _folded(text: str) -> str:
    # Folding a composed letter may leave a decomposed one, hence form, fold, form.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _ascii_domain(domain: str) -> str:
    if domain.isascii() and "xn--" not in domain.lower():
        return domain.lower()
    if len(domain) > _LONGEST_DOMAIN:
        return _folded(domain)
    try:
        import idna
    except ModuleNotFoundError:  # comes with email-validator, which only services need
        return _folded(domain)
    try:
        # Not folded first: UTS 46 maps case itself, and folding would make ß and ss,
        # which are two domains, one.
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except ValueError:  # IDNAError and UnicodeError are such
        return _folded(domain)
