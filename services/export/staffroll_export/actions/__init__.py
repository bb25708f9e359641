"""The use cases of export. The only way in for api and sync."""

from __future__ import annotations

from staffroll.scope import Scope
from staffroll_export.store import Store

ExportScope = Scope[Store]
