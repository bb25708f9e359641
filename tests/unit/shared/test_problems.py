"""What becomes of a bug in a view."""

from __future__ import annotations

import pytest
from flask import Flask

from staffroll.web import problems


def test_a_bug_is_answered_and_logged_without_the_data_it_choked_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = "Müller"
    app = Flask("bug")
    problems.install(app)

    @app.get("/")
    def view() -> str:
        raise ValueError(data)

    response = app.test_client().get("/")

    printed = capsys.readouterr().out
    assert (response.status_code, response.json["code"]) == (500, "internal_error")
    assert "ValueError" in printed
    assert "in view" in printed
    assert data not in printed + response.text
