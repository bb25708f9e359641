"""The use cases of accounts: load, ask, decide, save. The only way in for api, sync and cli."""

from __future__ import annotations

from staffroll.scope import Scope
from staffroll_accounts.store import Store

AccountsScope = Scope[Store]
