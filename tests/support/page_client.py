"""A browser without a window: fills in forms as they stand on the page."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.test import TestResponse


class PageClient:
    """Keeps cookies, and the page it is on.

    Attributes:
        page: The page that was shown last.
        path: Its address, with the query.
    """

    page: TestResponse

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.path = "/"

    def go(self, path: str) -> TestResponse:
        """Open a page, and go wherever it sends a browser."""
        return self._follow(self.client.get(path), path)

    def send(self, form: str = "", **typed: str | list[str]) -> TestResponse:
        """Fill in the form of the present page with this action, or the first in its middle."""
        action, fields = self._form(form)
        return self.post(action or self.path, **{**fields, **typed})

    def post(self, path: str, **fields: Any) -> TestResponse:
        return self._follow(self.client.post(path, data=fields), path, fields)

    def cookie(self, name: str, path: str = "/") -> str | None:
        found = self.client.get_cookie(name, path=path)
        return None if found is None else found.value

    @property
    def text(self) -> str:
        """What the present page says, without its markup."""
        shown = re.sub(r"<[^>]*>", " ", self.page.text.partition("<body>")[2])
        return html.unescape(" ".join(shown.split()))

    def _follow(
        self, answer: TestResponse, path: str, sent: dict[str, Any] | None = None
    ) -> TestResponse:
        for _ in range(10):
            if answer.status_code not in (302, 303, 307):
                break
            parts = urlsplit(answer.location)
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            if answer.status_code == 307 and sent is not None:
                answer = self.client.post(path, data=sent)
            else:
                answer = self.client.get(path)
        else:
            raise AssertionError(f"there is no end of being sent on, now to {path}")
        self.page, self.path = answer, path
        return answer

    def _form(self, action: str) -> tuple[str, dict[str, Any]]:
        middle = self.page.text.partition("<main")[2] if not action else self.page.text
        for found in re.finditer(r'<form method="post"([^>]*)>(.*?)</form>', middle, re.DOTALL):
            leads_to = html.unescape(_attribute(found[1], "action"))
            if not action or leads_to == action:
                return leads_to, dict(_fields(found[2]))
        raise AssertionError(
            f"no form {action!r} at {self.path}: {self.page.status_code} {self.text}"
        )


def _fields(form: str) -> list[tuple[str, Any]]:
    fields: list[tuple[str, Any]] = []
    for tag in re.findall(r"<input[^>]*>", form):
        kind = _attribute(tag, "type")
        is_chosen = kind not in ("checkbox", "radio") or " checked" in tag
        if kind != "submit" and is_chosen:
            fields.append((_attribute(tag, "name"), html.unescape(_attribute(tag, "value"))))
    for select in re.finditer(r"<select([^>]*)>(.*?)</select>", form, re.DOTALL):
        chosen = re.search(r'<option selected value="([^"]*)"', select[2])
        if chosen:
            fields.append((_attribute(select[1], "name"), html.unescape(chosen[1])))
    return fields


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return found[1] if found else ""
