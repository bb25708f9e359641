"""Which users a filter asks for, so that an index finds them. Pure.

A filter that names users, by id, `userName`, e-mail or `externalId`, is answered from those
few, whatever else it says of them. One that names none may ask for `active` and `groups`.
Every other one would be a walk through the whole tenant and is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from scim2_models import InvalidFilterException, ScimFilter, TooManyException
from scim2_models.path import (
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

from staffroll_accounts.scim.models import Group, User
from staffroll_accounts.store.provisioned import PRESENT, Names

MOST_NAMES: Final = 100
"""That one filter may name."""

_KINDS: Final = {
    ("id", None): "ids",
    ("user_name", None): "emails",
    ("emails", "value"): "emails",
    ("external_id", None): "external_ids",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the tenant's users: those with one of the statuses, and the role if one is said."""

    statuses: tuple[str, ...] = PRESENT
    role_id: str | None = None


def names_in(filter_: ScimFilter[User]) -> Names | None:
    """The users that the filter names; None where others could fit as well.

    Raises:
        TooManyException: It names more than `MOST_NAMES`.
    """
    names = _Naming(filter_).visit(filter_.ast)
    if names is not None and len(names) > MOST_NAMES:
        raise TooManyException(detail=f"A filter names at most {MOST_NAMES} users.")
    return names


def part_of(filter_: ScimFilter[User]) -> Part | None:
    """The part of all users that the filter, which names none, asks for; None for nobody.

    Raises:
        InvalidFilterException: It asks for something else.
    """
    node = filter_.ast
    is_and = isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_
    terms = node.terms if isinstance(node, LogicalExpr) and is_and else (node,)
    statuses, role_ids = set(PRESENT), set()
    for term in terms:
        match _equality(filter_, term):
            case (("active", None), bool() as active):
                statuses &= {"active" if active else "deactivated"}
            case (("groups", "value"), str() as role_id):
                role_ids.add(role_id)
            case _:
                raise InvalidFilterException(
                    detail="Filter users by eq on id, userName, emails.value or externalId (and "
                    "anything else), or by eq on active and groups.value alone."
                )
    if not statuses or len(role_ids) > 1:
        return None
    return Part(tuple(sorted(statuses)), next(iter(role_ids), None))


def members_in(filter_: ScimFilter[Group]) -> set[str]:
    """The ids of members that the filter compares.

    Raises:
        InvalidFilterException: It asks otherwise for members than by eq.
    """
    return _Members(filter_).visit(filter_.ast)


def ids_in(node: FilterNode) -> set[str] | None:
    """What a filter of members, as in ``members[…]``, compares their ids with; None where it
    is more than that."""
    if isinstance(node, LogicalExpr) and node.op == LogicalOperator.or_:
        found = [ids_in(term) for term in node.terms]
        return None if None in found else set().union(*(one for one in found if one))
    if not isinstance(node, Comparison) or node.op != CompareOperator.eq:
        return None
    is_id = node.attr_path.attr.lower() == "value" and isinstance(node.value, str)
    return {str(node.value)} if is_id else None


def comparisons_in(node: FilterNode) -> int:
    """With how many things a filter compares each value."""
    if isinstance(node, LogicalExpr):
        return sum(map(comparisons_in, node.terms))
    return comparisons_in(node.expr) if isinstance(node, Not) else 1


class _Naming(FilterVisitor[Names | None]):
    def __init__(self, filter_: ScimFilter[User]) -> None:
        self._filter = filter_

    def visit_comparison(self, node: Comparison) -> Names | None:
        found = _equality(self._filter, node)
        kind = _KINDS.get(found[0]) if found else None
        if found is None or kind is None or not isinstance(found[1], str):
            return None
        return Names(**{kind: frozenset({found[1]})})

    def visit_value_path(self, node: ValuePath) -> Names | None:
        if node.attr_path.attr.lower() != "emails":
            return None
        return _InEmail().visit(node.val_filter)

    def visit_logical_expr(self, node: LogicalExpr) -> Names | None:
        found = [self.visit(term) for term in node.terms]
        if node.op == LogicalOperator.and_:
            return next((names for names in found if names is not None), None)
        named = [names for names in found if names is not None]
        return _all_of(named) if len(named) == len(found) else None

    def visit_present(self, _: Present) -> Names | None:
        return None

    def visit_not(self, _: Not) -> Names | None:
        return None


class _InEmail(_Naming):
    """Within ``emails[…]``."""

    def __init__(self) -> None:
        pass

    def visit_comparison(self, node: Comparison) -> Names | None:
        is_value = node.attr_path.attr.lower() == "value" and node.op == CompareOperator.eq
        if not is_value or not isinstance(node.value, str):
            return None
        return Names(emails=frozenset({node.value}))


class _Members(FilterVisitor[set[str]]):
    def __init__(self, filter_: ScimFilter[Group]) -> None:
        self._filter = filter_

    def visit_comparison(self, node: Comparison) -> set[str]:
        if node.attr_path.attr.lower() != "members":
            return set()
        found = _equality(self._filter, node)
        if found is None or found[0] != ("members", "value") or not isinstance(found[1], str):
            raise _only_eq()
        return {found[1]}

    def visit_value_path(self, node: ValuePath) -> set[str]:
        found = ids_in(node.val_filter)
        if found is None:
            raise _only_eq()
        return found

    def visit_logical_expr(self, node: LogicalExpr) -> set[str]:
        return set().union(*(self.visit(term) for term in node.terms))

    def visit_present(self, node: Present) -> set[str]:
        if node.attr_path.attr.lower() == "members":
            raise _only_eq()
        return set()

    def visit_not(self, node: Not) -> set[str]:
        return self.visit(node.expr)


def _only_eq() -> InvalidFilterException:
    return InvalidFilterException(detail="Filter groups by members with eq on members.value.")


def _equality(
    filter_: ScimFilter[Any], node: FilterNode
) -> tuple[tuple[str, str | None], Any] | None:
    """The attribute and the value of an ``eq``; None where the node is something else."""
    if not isinstance(node, Comparison) or node.op != CompareOperator.eq:
        return None
    binding = filter_.resolve_comparison(node.attr_path)
    if binding is None:
        return None
    value = node.value
    if binding.field_name == "active" and isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower())
    return (binding.field_name, binding.sub_field_name), value


def _all_of(names: Iterable[Names]) -> Names:
    found = list(names)
    return Names(
        ids=frozenset().union(*(one.ids for one in found)),
        emails=frozenset().union(*(one.emails for one in found)),
        external_ids=frozenset().union(*(one.external_ids for one in found)),
    )
