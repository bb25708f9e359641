"""For the tests of a plugin: pytest fixtures, and the contract that every plugin keeps.

::

    import staffroll_acme_policy
    from staffroll.plugins.testing import check_contract, objections

    def test_it_keeps_the_contract() -> None:
        check_contract(staffroll_acme_policy)

    def test_the_name_of_the_company_is_no_password() -> None:
        assert objections(staffroll_acme_policy, Candidate("acme-2026!")) == ["company_name"]
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Final

from marshmallow import ValidationError

from staffroll.plugins.facts import (
    Candidate,
    ExportFormat,
    NewUser,
    PublicUser,
    Role,
    RoleChange,
    Row,
)
from staffroll.plugins.installed import Installed, Plugin, plugin_of
from staffroll.plugins.tenant import TenantPlugins, load_settings

NAME: Final = "plugin"

ANNA: Final = PublicUser(
    id="018f3a1e-9f0b-7c43-9a55-0d1f2b3c4d60",
    first_name="Anna",
    last_name="Müller",
    email="anna@acme.example",
    language="de",
    time_zone="Europe/Berlin",
)
AGENT: Final = Role("018f3a1e-9f0b-7c43-9a55-0d1f2b3c4d01", "Agent", "agent")
PLANNER: Final = Role("018f3a1e-9f0b-7c43-9a55-0d1f2b3c4d02", "Planner", "planner")

ODD_PASSWORDS: Final = (
    "",
    " ",
    "correct horse battery staple",
    "p\u00e4ssw\u00f6rt \U0001f40e" * 8,
    "\u202e\u0000\ufffd",
    "x" * 256,
)

ROWS: Final = (
    Row(
        id="1",
        last_name="Müller",
        first_name="Anna",
        email="anna@acme.example",
        language="de",
        time_zone="Europe/Berlin",
        roles=(),
        is_admin=True,
        status="active",
    ),
    Row(
        id="2",
        last_name="=SUM(A1)",
        first_name='"; drop',
        email="a,b@acme.example",
        language="en",
        time_zone="UTC",
        roles=(AGENT.id,),
        is_admin=False,
        status="active",
    ),
    Row(
        id="3",
        last_name="李\n",
        first_name="",
        email="li@acme.example",
        language="en",
        time_zone="Asia/Shanghai",
        roles=(),
        is_admin=False,
        status="deactivated",
    ),
)

FEW: Final = 1_000
MANY: Final = 10_000
BYTES_PER_ROW: Final = 100


class NoContract(AssertionError):
    """The plugin does not keep the contract; `str()` says where."""


def check_contract(module: object, settings: Mapping[str, Any] | None = None) -> None:
    """Call every hook with what may come, odd things included.

    Args:
        settings: As a tenant would fill them in; needed where the schema requires some.
    Raises:
        NoContract: A hook raises, gives nonsense, or needs settings that were not named.
        BrokenPlugin: It could not even be installed.
    """
    plugin = plugin_of(module, NAME)
    try:
        load_settings(plugin, settings or {})
    except ValidationError as error:
        raise NoContract(f"the settings are refused: {error.messages_dict}") from error
    enabled = _enabled(plugin, settings or {})
    for language in ("en", "de", "xx"):
        _try("describe_password_policy", enabled.describe_password_policy, language)
    for password in ODD_PASSWORDS:
        for user in (PublicUser(), ANNA):
            candidate = Candidate(password, user, lambda _last: True)
            _try("check_password", enabled.check_password, candidate)
    for change in _role_changes():
        _try("check_roles", enabled.check_roles, change)
    for user in (PublicUser(), ANNA):
        new = NewUser(user, "people", (), (AGENT, PLANNER))
        _try("default_roles", enabled.default_roles, new)
    for one in enabled.export_formats():
        _try(f"the format {one.format.name}", one.write, iter(ROWS), _Download(BytesIO()))
        _check_streams(one.format, one.settings)


def objections(
    module: object, asked: Candidate | RoleChange, settings: Mapping[str, Any] | None = None
) -> list[str]:
    """The codes of all objections to a password or a change of roles."""
    enabled = _enabled(plugin_of(module, NAME), settings or {})
    if isinstance(asked, Candidate):
        found = enabled.check_password(asked)
    else:
        found = enabled.check_roles(asked)
    return [one.code.removeprefix(f"{NAME}.") for one in found]


def written(format_: ExportFormat, settings: Any, rows: tuple[Row, ...] = ROWS) -> bytes:
    """The file that a format makes of the rows."""
    kept = BytesIO()
    format_.write(iter(rows), _Download(kept), settings)
    return kept.getvalue()


class _Download(BytesIO):
    """As the download is: nothing can be read back or written again.

    Args:
        kept: Where it goes; None for nowhere.
    """

    def __init__(self, kept: BytesIO | None = None) -> None:
        super().__init__()
        self.size = 0
        self._kept = kept

    def write(self, data: Any, /) -> int:
        self.size += len(data)
        if self._kept is not None:
            self._kept.write(data)
        return len(data)

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise OSError("a download cannot be rewound")

    def tell(self) -> int:
        return self.size


def _check_streams(format_: ExportFormat, settings: Any) -> None:
    """A format that collects its rows would fill the memory of the service with a million."""
    few, many = (_memory(format_, settings, count) for count in (FEW, MANY))
    grown = (many - few) / (MANY - FEW)
    if grown > BYTES_PER_ROW:
        raise NoContract(f"the format {format_.name} keeps {grown:.0f} bytes of every row")


def _memory(format_: ExportFormat, settings: Any, count: int) -> int:
    """The most bytes that were in use while so many rows were written."""
    rows = (
        ROWS[0]._replace(id=f"{number:036}", last_name=f"Müller-{number}")
        for number in range(count)
    )
    tracemalloc.start()
    try:
        format_.write(rows, _Download(), settings)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _role_changes() -> Iterator[RoleChange]:
    for before, after in ((), (AGENT,)), ((AGENT,), (AGENT, PLANNER)), ((PLANNER,), ()):
        for actor in (None, ANNA):
            yield RoleChange(ANNA, before, after, actor=actor, holders=lambda _id: 3)
    yield RoleChange(PublicUser(), (), (AGENT,), is_admin=True, has_two_factor=True)


def _try(what: str, call: Any, *given: Any) -> None:
    try:
        call(*given)
    except Exception as error:
        cause = error.__cause__ or error
        raise NoContract(f"{what}: {type(cause).__name__}: {cause}") from error


def _enabled(plugin: Plugin, settings: Mapping[str, Any]) -> TenantPlugins:
    installed = Installed({NAME: plugin}, {})
    return TenantPlugins(installed, {NAME: settings}, lambda *_: None)
