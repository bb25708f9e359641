"""The use cases of people: load, ask, decide, save. The only way in for api, sync and cli."""

from __future__ import annotations

from staffroll.scope import Scope
from staffroll_people.store import Store

PeopleScope = Scope[Store]
