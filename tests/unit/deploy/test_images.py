"""The images as far as they can be judged where there is no Docker engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.deployed import SERVICES, known_variables, refuses

ROOT = Path(__file__).parents[3]


def dockerfile(service: str) -> str:
    return (ROOT / "services" / service / "Dockerfile").read_text()


@pytest.mark.parametrize("service", SERVICES)
def test_there_is_one_way_to_build_an_image(service: str) -> None:
    named = f'ARG SERVICES="{service}"\n'

    assert named in dockerfile(service)
    assert dockerfile(service).replace(named, "") == dockerfile("accounts").replace(
        'ARG SERVICES="accounts"\n', ""
    )


def test_it_runs_as_nobody_in_particular_and_with_commands_and_settings_that_exist() -> None:
    last = dockerfile("accounts").split("\nFROM ")[-1]
    command = re.search(r"^CMD (.*)$", last, re.MULTILINE)
    variables = set(re.findall(r"(STAFFROLL_\w+)=", last))

    assert "\nUSER 10001:10001\n" in last
    assert command
    assert not refuses(json.loads(command[1]))
    assert variables
    assert variables <= known_variables()


def test_everything_that_is_installed_is_pinned_and_hashed() -> None:
    text = dockerfile("accounts").replace("\\\n", "")
    steps = [one for one in re.findall(r"^RUN (.*)$", text, re.MULTILINE) if "pip " in one]

    bound = ("--require-hashes", "PIP_NO_INDEX=1", "--no-deps --no-build-isolation")
    assert len(steps) == 4
    assert [one for one in steps if not any(each in one for each in bound)] == []


@pytest.mark.long
def test_the_steps_of_a_build_make_a_service_that_starts(tmp_path: Path) -> None:
    text = dockerfile("people").replace("\\\n", "")
    steps = re.findall(r"^RUN (.*)$", text.split("\nFROM ")[1], re.MULTILINE)
    places = re.compile(r"(?<![\w.$\"/])/(wheels|builder|own|venv)\b")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "python"], check=True)
    environ = {
        **os.environ,
        "SERVICES": "people",
        "PLUGINS": "export_jsonl",
        "PATH": f"{tmp_path}/python/bin:{os.environ['PATH']}",
    }
    build = tmp_path / "build"
    build.mkdir()
    for name in ("shared", "services", "plugins", "requirements", "LICENSE"):
        (build / name).symlink_to(ROOT / name)

    for step in steps:
        here = places.sub(rf"{tmp_path}/\1", step)
        subprocess.run(["sh", "-euc", here], cwd=build, env=environ, check=True)

    run = tmp_path / "venv" / "bin"
    asked = "from staffroll.service import installed; print(*installed())"
    known = subprocess.run(
        [run / "python", "-c", asked], check=True, capture_output=True, text=True
    )
    assert known.stdout.split() == ["people"]
    subprocess.run([run / "staffroll", "serve", "all", "--help"], check=True, capture_output=True)
    packages = {path.name for path in (tmp_path / "venv").glob("lib/*/site-packages/*.dist-info")}
    assert any(name.startswith("staffroll_export_jsonl") for name in packages)
    for unwanted in ("fiftyone", "zxcvbn", "hatchling", "pip-"):
        assert not any(name.startswith(unwanted) for name in packages)
