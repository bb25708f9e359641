"""Changing groups by operations: to what the library makes of them, in a bounded time."""

from __future__ import annotations

from typing import Any

import pytest
from scim2_models import Context, PatchOp, PayloadTooLargeException, SCIMException

from staffroll_accounts.scim import patching
from staffroll_accounts.scim.models import POLICY, Group, Member
from staffroll_accounts.scim.patching import concerned, patched
from tests.support.scim import GROUP, PATCH

Operation = dict[str, Any]


def operations(*sent: Operation) -> PatchOp[Group]:
    return PatchOp[Group].model_validate(
        {"schemas": [PATCH], "Operations": list(sent)},
        scim_ctx=Context.RESOURCE_PATCH_REQUEST,
        scim_policy=POLICY,
    )


def a_group(*ids: str) -> Group:
    members = [Member(value=id_, type="User") for id_ in ids]
    return Group(id="g", display_name="Night shift", members=members or None)


def ids(group: Group) -> set[str | None]:
    return {member.value for member in group.members or ()}


def add(*named: str, path: str = "members") -> Operation:
    return {"op": "Add", "path": path, "value": [{"value": id_} for id_ in named]}


def remove(*named: str) -> Operation:
    return {"op": "remove", "path": "members", "value": [{"value": id_} for id_ in named]}


def remove_where(filter_: str) -> Operation:
    return {"op": "remove", "path": f"members[{filter_}]"}


def replace(value: Any) -> Operation:
    return {"op": "replace", "value": value}


@pytest.mark.parametrize(
    "sent",
    [
        [add("c"), add("c", "a")],
        [add("c", path=f"{GROUP}:members")],
        [{"op": "add", "value": {"members": [{"value": "c"}], "displayName": "Day"}}],
        [remove("a", "c")],
        [remove("a"), add("a")],
        [remove_where('value eq "a" or value eq "b"')],
        [remove_where('value eq "a" and type eq "User"')],
        [remove_where('not (value eq "a")')],
        [{"op": "remove", "path": "members", "value": [{"type": "User"}]}],
        [{"op": "remove", "path": "members", "value": []}],
        [{"op": "remove", "path": "members"}],
        [{"op": "replace", "path": "members", "value": [{"value": "c"}]}, remove("c")],
        [{"op": "replace", "path": GROUP, "value": {"members": [{"value": "c"}]}}],
        [replace({"MEMBERS": [{"value": "c"}]})],
        [replace({GROUP: {"members": [{"value": "c"}]}})],
        [replace({"displayName": "Day"}), add("c"), {"op": "remove", "path": "externalId"}],
    ],
)
def test_a_group_becomes_what_the_library_makes_of_all_members(sent: list[Operation]) -> None:
    expected = a_group("a", "b", "d")
    operations(*sent).patch(expected, POLICY)
    meant = concerned(operations(*sent))
    seen = {"a", "b", "d"} if meant is None else {"a", "b", "d"} & meant

    after = patched(a_group(*sorted(seen)), operations(*sent))

    assert ids(after) | ({"a", "b", "d"} - seen) == ids(expected)
    assert after.display_name == expected.display_name


@pytest.mark.parametrize(
    "sent",
    [
        {"op": "replace", "path": 'members[value eq "a"].value', "value": "c"},
        {"op": "add", "path": "members.value", "value": "c"},
        {"op": "remove", "path": 'members[value eq "a"]', "value": [{"value": "a"}]},
        {"op": "remove", "path": "members", "value": [{"value": {"x": 1}}]},
        {"op": "replace", "path": "displayName", "value": None},
    ],
)
def test_what_the_library_refuses_is_refused(sent: Operation) -> None:
    with pytest.raises((SCIMException, ValueError)):
        patched(a_group("a", "b"), operations(sent))


@pytest.mark.parametrize(
    "sent, meant",
    [
        (add("c"), {"c"}),
        (remove("a", "c"), {"a", "c"}),
        (remove_where('value eq "a"'), {"a"}),
        ({"op": "add", "value": {"displayName": "Day", "externalId": "E"}}, set()),
        ({"op": "replace", "path": "displayName", "value": "Day"}, set()),
        (replace({"displayName": "Day"}), set()),
        (replace({"displayName": "Day", "members": []}), None),
        (replace({GROUP: {"members": []}}), None),
        (remove_where('type eq "Group"'), None),
        ({"op": "remove", "path": "members"}, None),
    ],
)
def test_it_is_told_whom_an_operation_means(sent: Operation, meant: set[str] | None) -> None:
    assert concerned(operations(sent)) == meant


def test_an_operation_looks_at_those_alone_whom_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []
    patch = PatchOp.patch

    def watched(self: PatchOp[Group], group: Group, *args: Any) -> bool:
        shown.append(len(group.members or ()))
        return patch(self, group, *args)

    monkeypatch.setattr(PatchOp, "patch", watched)
    many = [f"u{number}" for number in range(40)]

    after = patched(
        a_group(*many), operations(remove(*many[:20]), add("new"), remove_where('value eq "u20"'))
    )

    assert shown == [1] * 20 + [0, 1]
    assert ids(after) == {*many[21:], "new"}


def test_operations_that_mean_everybody_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patching, "MOST_LOOKS", 8)
    some = remove_where('type eq "a" or not (type eq "b" and type eq "c")')
    two, three = a_group("a", "b"), a_group("a", "b", "c")

    assert ids(patched(two, operations(remove_where('type eq "x"'), some))) == set()
    with pytest.raises(PayloadTooLargeException):
        patched(three, operations(some))
    with pytest.raises(PayloadTooLargeException):
        patched(three, operations(*[remove_where('type eq "x"')] * 3))


def test_a_removal_of_too_many_values_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patching, "MOST_STEPS", 2)

    assert ids(patched(a_group("a"), operations(remove("a", "a")))) == set()
    with pytest.raises(PayloadTooLargeException):
        patched(a_group("a"), operations(remove("a", "a"), add("b")))
