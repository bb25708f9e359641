"""While some processes are of the next version: what those write besides disturbs nobody here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet

from staffroll.events import RequestRejected
from staffroll.jobs.job import Failure
from staffroll.jobs.store import from_document as job_from_document
from staffroll_accounts.domain.deliveries import Attempt, Delivery
from staffroll_accounts.domain.mails import Mail
from staffroll_accounts.domain.roles import Going, Role
from staffroll_accounts.domain.sessions import Session
from staffroll_accounts.domain.webhooks import Disabled, OldSecret, Webhook
from staffroll_accounts.store import deliveries, refusals, roles, sessions, webhooks
from staffroll_accounts.store.mails import unsealed
from staffroll_scheduling.domain.assignments import NeededSkill
from staffroll_scheduling.domain.catalogue import Activity
from staffroll_scheduling.store.catalogues import Catalogues

NOW = datetime(2026, 1, 1, tzinfo=UTC)

Document = dict[str, Any]


def newer(document: Any) -> Any:
    """As a version would write it that knows one field more of each thing."""
    if isinstance(document, dict):
        return {**{name: newer(value) for name, value in document.items()}, "of_tomorrow": 1}
    if isinstance(document, list | tuple):
        return [newer(one) for one in document]
    return document


class _Stored:
    """A database with one document in each collection."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def __getitem__(self, _name: str) -> _Stored:
        return self

    def find_one(self, *_: Any) -> Document:
        return self._document

    def find(self, *_: Any) -> list[Document]:
        return [self._document]


SESSION = Session("s", "u", 1, 2, NOW, NOW, NOW, NOW, NOW, first=("password",))
ATTEMPT = Attempt(NOW, 500, 3, "status")
DELIVERY = Delivery("d", "w", "e", "user.created", "u", NOW, "{}", attempts=(ATTEMPT,))
ROLE = Role("r", 1, "Planner", "P", "planner", (), going=Going(NOW, "u"))
WEBHOOK = Webhook(
    "w",
    1,
    "https://x.example",
    ("user.*",),
    b"sealed",
    NOW,
    "u",
    old_secret=OldSecret(b"old", NOW),
    disabled=Disabled("failing", NOW),
)
REFUSAL = RequestRejected(1, "email_taken", "It is taken.")
ACTIVITY = Activity(id="a", name="Chat", version=1, required_skills=(NeededSkill("s", 1),))
JOB: Document = {
    "_id": "j",
    "tenant_id": "acme",
    "kind": "import",
    "state": "failed",
    "created_by": "u",
    "created_at": NOW,
    "permissions": None,
    "total": 1,
    "request": {},
    "file": None,
    "claim": None,
    "correlation_id": None,
    "failure": {"code": "broken", "detail": "It is broken."},
}


def _read_session(document: Document) -> Session:
    return sessions._from_document(document)


def _read_refusal(document: Document) -> Any:
    return refusals.Refusals(_Stored({"rejection": document}), None).find("r")  # type: ignore[arg-type]


def _stored(thing: Any) -> Document:
    document = {"_id": thing.id, **asdict(thing)}
    del document["id"]
    return document


def _catalogues(document: Document) -> Catalogues:
    return Catalogues(_Stored(document))  # type: ignore[arg-type]


AT_REST = MultiFernet([Fernet(Fernet.generate_key())])


def _read_mail(document: Document) -> Mail:
    return unsealed(AT_REST.encrypt(json.dumps(document).encode()), AT_REST)


MAIL = Mail("u@x.example", "invited", "en")


@pytest.mark.parametrize(
    ("written", "read", "expected"),
    [
        pytest.param(_stored(SESSION), _read_session, SESSION, id="session"),
        pytest.param(
            deliveries._to_document(DELIVERY), deliveries._from_document, DELIVERY, id="delivery"
        ),
        pytest.param(roles._to_document(ROLE), roles.from_document, ROLE, id="role"),
        pytest.param(
            webhooks._to_document(WEBHOOK), webhooks._from_document, WEBHOOK, id="webhook"
        ),
        pytest.param(
            {"attempt": 1, "code": "email_taken", "detail": "It is taken."},
            _read_refusal,
            REFUSAL,
            id="refusal",
        ),
        pytest.param(
            JOB,
            lambda document: job_from_document(document).failure,
            Failure("broken", "It is broken."),
            id="job",
        ),
        pytest.param(
            _stored(ACTIVITY),
            lambda one: _catalogues(one).of("activity").get("a"),
            ACTIVITY,
            id="activity",
        ),
        pytest.param(
            _stored(ACTIVITY),
            lambda one: _catalogues(one).needs(["a"])["a"],
            ACTIVITY.required_skills,
            id="needs of an activity",
        ),
        pytest.param(asdict(MAIL) | {"data": {}}, _read_mail, MAIL, id="mail"),
    ],
)
def test_what_a_newer_version_wrote_besides_is_left_out(
    written: Document, read: Callable[[Document], Any], expected: object
) -> None:
    found = read(newer(written))

    if isinstance(expected, Mail):
        found = Mail(found.to, found.template, found.language)
    assert found == expected
