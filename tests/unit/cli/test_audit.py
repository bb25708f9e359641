"""`staffroll audit`: what can be told without a database."""

import pytest
from click.testing import CliRunner

from staffroll.cli import main


def test_verify_refuses_what_cannot_be_a_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAFFROLL_MONGODB_URI", "mongodb://127.0.0.1:1/")

    result = CliRunner().invoke(main, ["audit", "verify", "--tenant", "$ne"])

    assert result.exit_code == 1
    assert "cannot be a tenant" in result.output
