"""What the README shows, run as it stands there, against a suite started as it says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.suite import RunningSuite

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningSuite]:
    suite = RunningSuite(tmp_path / "data", "--port", "0")
    try:
        suite.wait_until_ready()
        yield suite
    finally:
        suite.end()


def test_the_session_with_curl_shows_the_user_and_the_person(running: RunningSuite) -> None:
    session = re.search(r"```bash\n(URL=.*?)```", README.read_text(), re.DOTALL)
    assert session is not None
    script = session[1].replace(
        "http://127.0.0.1:8000", running.url("account").removesuffix("/account")
    )

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "PASSWORD": running.labelled("Password")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    decoder = json.JSONDecoder()
    user, end = decoder.raw_decode(done.stdout)
    rest = done.stdout[end:].lstrip()
    person, end = decoder.raw_decode(rest)
    assert user["id"] == person["id"]
    assert (user["last_name"], person["last_name"]) == ("Curie", "Curie")
    assert "Curie,Marie,marie@acme.example" in rest[end:]
