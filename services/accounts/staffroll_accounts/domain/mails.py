"""Mail that a decision sends; it waits in the user's document, sealed, until it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one person, from a template.

    Attributes:
        template: Its name, such as ``password-reset``.
        language: BCP 47; the mail falls back to English.
        data: What the template is filled with; may hold a link with a token, so it is only
            ever kept encrypted.
    """

    to: str = field(repr=False)
    template: str
    language: str
    data: Mapping[str, str] = field(default_factory=dict, repr=False)
