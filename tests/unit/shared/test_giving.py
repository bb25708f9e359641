import pytest

from staffroll.giving import RoleNotYours, RoleUnknown, check_gives_no_more
from staffroll.scope import Actor

KNOWN = {"weak": frozenset({"a.b:read"}), "strong": frozenset({"a.b:read", "a.b:edit"})}
READER = Actor("me", frozenset({"a.b:read", "c.d:read"}))


def test_r72_what_one_may_oneself_can_be_given() -> None:
    check_gives_no_more(READER, ["weak"], KNOWN)


def test_r72_more_than_one_may_oneself_can_not() -> None:
    with pytest.raises(RoleNotYours):
        check_gives_no_more(READER, ["weak", "strong"], KNOWN)


def test_r72_what_cannot_be_told_is_not_given() -> None:
    with pytest.raises(RoleUnknown):
        check_gives_no_more(READER, ["new"], KNOWN)


def test_r16_an_admin_gives_everything() -> None:
    check_gives_no_more(Actor("me", is_admin=True), ["strong", "new"], KNOWN)
