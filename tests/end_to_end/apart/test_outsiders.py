"""Two outsiders with nothing but our wheels: one writes a plugin, one a service that listens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.apart import Apart
from tests.support.examples import DOCS, example
from tests.support.leaving import leaves
from tests.support.outsiders import Environment, RunningSubscriber, Wheel, build_wheels
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually

OF_SERVICES_ONLY = {"flask", "pymongo", "gunicorn", "prometheus_client", "cryptography"}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Wheel]:
    return build_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def outside(wheels: list[Wheel], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that has what ``pip install staffroll`` brings."""
    environment = Environment(tmp_path_factory.mktemp("outside"))
    environment.install(*(wheel.path for wheel in wheels if wheel.name == "staffroll"))
    return environment


def test_every_wheel_has_all_that_its_folder_has(wheels: list[Wheel]) -> None:
    assert len(wheels) == len({wheel.name for wheel in wheels}) >= 13
    for wheel in wheels:
        code = [path for path in wheel.source.glob("staffroll*") if path.is_file()]
        code += [path for path in wheel.source.glob("staffroll*/**/*") if path.is_file()]
        written = {str(path.relative_to(wheel.source)) for path in code}
        assert wheel.files() == {name for name in written if "__pycache__" not in name}


@pytest.mark.long
def test_the_library_alone_brings_no_web_framework_and_no_database(outside: Environment) -> None:
    installed = outside.versions()

    assert "staffroll" in installed
    assert OF_SERVICES_ONLY & set(installed) == set()


@pytest.mark.long
def test_a_plugin_author_gets_from_nothing_to_a_wheel_as_the_tutorial_says(
    outside: Environment, tmp_path: Path
) -> None:
    first, last = commands_of_the_tutorial()
    told = outside.shell(first, cwd=tmp_path, code=1)

    assert "2 passed" in told
    assert "acme_policy 0.1.0  A password policy for Staffroll\n" in told
    assert told.endswith("acme_policy.forbidden_word: The password contains the word acme.\n")
    assert f"`{told.splitlines()[-1]}`" in (DOCS / "plugins.md").read_text()

    folder = tmp_path / "staffroll-acme-policy"
    for name in ("staffroll_acme_policy.py", "tests/test_acme_policy.py"):
        (folder / name).write_text(example("plugins.md", Path(name).name))
    try_out = next(line for line in last.splitlines() if " try " in line)
    told = outside.shell(last.replace(try_out, f"{try_out} && exit 1 || true"), cwd=folder)

    assert "3 passed" in told
    assert "acme_policy.own_name: Nicht Ihr Name.\n" in told
    (wheel,) = (folder / "dist").iterdir()
    outside.shell("pip uninstall --quiet --yes staffroll-acme-policy", cwd=folder)
    assert "acme_policy" not in outside.shell("staffroll plugin list", cwd=tmp_path)
    outside.install(wheel)
    assert "hooks: check_password, describe" in outside.shell("staffroll plugin list", cwd=tmp_path)


def test_a_service_of_another_team_hears_who_is_deactivated(
    outside: Environment, apart: Apart, rabbitmq: RabbitNode, tmp_path: Path
) -> None:
    acme = apart.tenant()
    environ = {"BROKER_URL": rabbitmq.url, "BROKER_PREFIX": apart.prefix}
    program = example("events.md", "payroll.py").replace('"payroll"', '"outside"')
    service = RunningSubscriber(program, tmp_path, environ, outside.python)
    try:
        service.start()

        left, email = leaves(acme)

        eventually(lambda: f"stop paying {left} {email}\n" in service.log)
        broker = f"STAFFROLL_BROKER_URL={rabbitmq.url} STAFFROLL_BROKER_PREFIX={apart.prefix}"
        looking = f"{broker} staffroll dead-letters list --service"
        assert outside.shell(f"{looking} outside", cwd=tmp_path) == "outside: 0\n"
        told = outside.shell(f"{looking} nobody", cwd=tmp_path, code=1)
        assert f"The broker has no queue {apart.prefix}nobody.dead-letters." in told
        assert service.process.stop() == 0
    finally:
        service.end()


@pytest.mark.long
def test_every_distribution_names_all_that_it_imports(wheels: list[Wheel], tmp_path: Path) -> None:
    everything = Environment(tmp_path / "everything")
    everything.install(*(wheel.path for wheel in wheels))

    everything.shell("pip check", cwd=tmp_path)
    told = everything.shell("staffroll plugin list", cwd=tmp_path)
    for wheel in wheels:
        if wheel.source.parent.name == "plugins":
            assert f"{wheel.source.name} 0.1.0" in told
        elif wheel.source.parent.name == "services":
            everything.shell(f"staffroll serve {wheel.source.name} --help", cwd=tmp_path)
            everything.shell(
                f"python -c 'import {wheel.name}.app, {wheel.name}.sync'", cwd=tmp_path
            )


def commands_of_the_tutorial() -> list[str]:
    page = (DOCS / "plugins.md").read_text()
    blocks = re.findall(r"<!-- run by \S+ -->\n```bash\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    return blocks
