"""One's own account, as every page shows it at the top."""

from __future__ import annotations

from staffroll_accounts.store import Store


def shown_to(user_id: str, store: Store) -> dict[str, str] | None:
    """Name, organisation, language and time zone of a user; None where there is no such user."""
    user, tenant = store.users.find(user_id), store.tenants.find()
    if user is None or tenant is None or user.status == "deleted":
        return None
    return {
        "name": f"{user.first_name} {user.last_name}".strip(),
        "tenant": tenant.name,
        "language": user.language,
        "time_zone": user.time_zone,
    }
