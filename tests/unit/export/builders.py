"""Rows that show only what matters."""

from __future__ import annotations

from staffroll.ids import new_id
from staffroll.plugins import Row


def a_row(last_name: str = "Berg", first_name: str = "Bo", email: str = "bo@example.org") -> Row:
    return Row(
        id=new_id(),
        last_name=last_name,
        first_name=first_name,
        email=email,
        language="en",
        time_zone="Europe/Berlin",
        roles=(),
        is_admin=False,
        status="active",
    )
