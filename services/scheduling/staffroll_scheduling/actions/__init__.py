"""The use cases of scheduling: load, ask, decide, save. The only way in for api, sync and cli."""

from __future__ import annotations

from staffroll.scope import Scope
from staffroll_scheduling.store import Store

SchedulingScope = Scope[Store]
