"""What other teams have: wheels of ours, an environment without anything else, a service."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from tests.support.apart import Process, free_ports
from tests.support.waiting import eventually

ROOT: Final = Path(__file__).parents[2]
DISTRIBUTIONS: Final = sorted(
    path.parent
    for place in ("shared", "services/*", "plugins/*")
    for path in ROOT.glob(f"{place}/pyproject.toml")
)


@dataclass(frozen=True, slots=True)
class Wheel:
    """A distribution as others get it.

    Attributes:
        source: The folder that it was built from.
    """

    path: Path
    source: Path

    @property
    def name(self) -> str:
        return self.path.name.partition("-")[0]

    def files(self) -> set[str]:
        """Paths of all files that it installs, metadata left out."""
        with zipfile.ZipFile(self.path) as archive:
            return {name for name in archive.namelist() if ".dist-info/" not in name}


def build_wheels(folder: Path) -> list[Wheel]:
    """One wheel of each distribution, built without asking any registry."""
    return [Wheel(_build(source, folder / source.name), source) for source in DISTRIBUTIONS]


def _build(source: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


class Environment:
    """A virtual environment that begins empty; pip works on it from outside.

    What is installed comes from where pip on this machine gets everything, in the versions
    that the tests run with.
    """

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=True)
        self._folder = folder
        self._constraints = folder / "constraints.txt"
        self._constraints.write_text("".join(_versions_of_others()))

    @property
    def python(self) -> Path:
        return self._folder / "bin" / "python"

    @property
    def environ(self) -> dict[str, str]:
        """Of a shell in which the environment is active."""
        ours = ("STAFFROLL", "PYTHON", "VIRTUAL_ENV")
        clean = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        return {
            **clean,
            "PATH": f"{self.python.parent}:{clean['PATH']}",
            "PIP_CONSTRAINT": str(self._constraints),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def install(self, *wheels: Path) -> None:
        self.shell(f"pip install --quiet {' '.join(map(str, wheels))}", cwd=self._folder)

    def versions(self) -> dict[str, str]:
        """What is installed, by name."""
        listed = json.loads(self.shell("pip list --format json", cwd=self._folder))
        return {one["name"].replace("-", "_").lower(): one["version"] for one in listed}

    def shell(self, script: str, *, cwd: Path, code: int = 0) -> str:
        """What a script of bash prints, errors as well; it must end with this exit code."""
        pip = f'pip() {{ "{sys.executable}" -m pip --python "{self.python}" "$@"; }}'
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{pip}\n{script}"],
            cwd=cwd,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == code, done.stdout
        return done.stdout


class RunningSubscriber:
    """A subscriber's program, as a process in a folder of its own; it may be started again.

    Args:
        environ: ``HEALTH_PORT`` is added: the program answers there.
    """

    def __init__(
        self,
        program: str,
        folder: Path,
        environ: Mapping[str, str],
        python: str | Path = sys.executable,
    ) -> None:
        self.folder = folder
        self._port = free_ports(1)[0]
        self._environ = {**environ, "HEALTH_PORT": str(self._port), "FOLDER": str(folder)}
        self._python = python
        self._process: Process | None = None
        (folder / "subscriber.py").write_text(program)

    @property
    def log(self) -> str:
        return (self.folder / "subscriber.log").read_text()

    @property
    def process(self) -> Process:
        assert self._process
        return self._process

    def start(self, *, until_ready: bool = True) -> None:
        run = "import os, runpy; os.chdir(os.environ['FOLDER']); runpy.run_path"
        self._process = Process(
            [str(self._python), "-c", f"{run}('subscriber.py', run_name='__main__')"],
            self._environ,
            self.folder / "subscriber.log",
        )
        if until_ready:
            eventually(self.is_ready, timeout=60)

    def is_ready(self) -> bool:
        try:
            answer = requests.get(f"http://127.0.0.1:{self._port}/readyz", timeout=5)
        except requests.ConnectionError:
            assert self.process.is_running, self.log
            return False
        return answer.status_code == 200

    def end(self) -> None:
        """Whatever the test did: leave nothing behind."""
        if self._process is not None and self._process.is_running:
            self._process.kill()


def _versions_of_others() -> list[str]:
    found = importlib.metadata.distributions()
    named = {one.metadata["Name"]: one.version for one in found}
    return [f"{name}=={version}\n" for name, version in named.items() if "staffroll" not in name]
