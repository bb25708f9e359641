"""Reading what clients send: queries and bodies. Form only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from flask import request
from scim2_models import (
    Context,
    InvalidFilterException,
    InvalidPathException,
    PatchOp,
    PayloadTooLargeException,
    Resource,
    ResponseParameters,
    SearchRequest,
)

from staffroll.web.parsing import read_json
from staffroll_accounts.scim.answers import TAKEN
from staffroll_accounts.scim.models import MOST_RESULTS, POLICY

ResourceT = TypeVar("ResourceT", bound=Resource[Any])

_DEFAULT_RESULTS: Final = 100
_LARGEST_START: Final = 2**31
_OPERATIONS_MAX: Final = 1000
_FILTER_MAX_CHARACTERS: Final = 20_000
_PATH_MAX_CHARACTERS: Final = 2000
_PATHS_MAX_CHARACTERS: Final = 100_000
"""Of all paths of a request, names of attributes in values among them."""


def parameters(kind: type[ResourceT]) -> ResponseParameters[ResourceT]:
    """Which attributes are asked for."""
    known = ("attributes", "excludedAttributes")
    asked = {name: request.args[name] for name in known if name in request.args}
    return ResponseParameters[kind].model_validate(asked, scim_policy=POLICY)  # type: ignore[valid-type]


def search(kind: type[ResourceT], sent: Any = None) -> SearchRequest[ResourceT]:
    """What is searched for: by the query string, or by `sent`, a body."""
    asked = request.args.to_dict() if sent is None else sent
    if _is_longer(asked.get("filter"), _FILTER_MAX_CHARACTERS):
        raise InvalidFilterException(detail=f"At most {_FILTER_MAX_CHARACTERS} characters.")
    return SearchRequest[kind].model_validate(  # type: ignore[valid-type]
        asked, scim_ctx=Context.SEARCH_REQUEST if sent is not None else None, scim_policy=POLICY
    )


def page(asked: SearchRequest[Any]) -> tuple[int, int]:
    """Where the page begins, from 1, and how many it has at most."""
    count = _DEFAULT_RESULTS if asked.count is None else asked.count
    return min(asked.start_index or 1, _LARGEST_START), min(count, MOST_RESULTS)


def created(kind: type[ResourceT]) -> ResourceT:
    """The body as something new."""
    return _body(kind, Context.RESOURCE_CREATION_REQUEST)


def replaced(kind: type[ResourceT]) -> ResourceT:
    """The body as the whole of what is there."""
    return _body(kind, Context.RESOURCE_REPLACEMENT_REQUEST)


def patch(kind: type[ResourceT]) -> PatchOp[ResourceT]:
    """The body as operations."""
    body = read_json(request, TAKEN)
    _check_size(body)
    return PatchOp[kind].model_validate(  # type: ignore[valid-type]
        body, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
    )


def wants(asked: ResponseParameters[Any], attribute: str) -> bool:
    """Whether the attribute is to be answered."""
    if asked.attributes:
        return any(_is_in(attribute, str(path)) for path in asked.attributes)
    return not any(_is_whole(attribute, str(path)) for path in asked.excluded_attributes or ())


def _is_in(attribute: str, path: str) -> bool:
    return path.lower().rpartition(":")[2].partition(".")[0] == attribute


def _is_whole(attribute: str, path: str) -> bool:
    return path.lower().rpartition(":")[2] == attribute


def _check_size(body: dict[str, Any]) -> None:
    """Each operation takes its time, and so does each path."""
    for found in (value for name, value in body.items() if name.lower() == "operations"):
        if not isinstance(found, list):
            continue
        if len(found) > _OPERATIONS_MAX:
            raise PayloadTooLargeException(detail=f"At most {_OPERATIONS_MAX} operations.")
        paths = [path for one in found if isinstance(one, dict) for path in _paths_in(one)]
        if any(_is_longer(path, _PATH_MAX_CHARACTERS) for path in paths):
            raise InvalidPathException(detail=f"At most {_PATH_MAX_CHARACTERS} characters.")
        if sum(map(len, paths)) > _PATHS_MAX_CHARACTERS:
            raise PayloadTooLargeException(
                detail=f"At most {_PATHS_MAX_CHARACTERS} characters of paths."
            )


def _paths_in(operation: dict[str, Any]) -> Iterator[str]:
    """Its path, and what else is read as one: the names in a value."""
    for name, value in operation.items():
        if name.lower() == "path" and isinstance(value, str):
            yield value
        if name.lower() == "value":
            yield from _names_in(value)


def _names_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _names_in(inner)


def _is_longer(text: Any, most: int) -> bool:
    return isinstance(text, str) and len(text) > most


def _body(kind: type[ResourceT], context: Context) -> ResourceT:
    return kind.model_validate(read_json(request, TAKEN), scim_ctx=context, scim_policy=POLICY)
