"""R60-R62: a tombstone holds nothing personal, and says who has erased the rest."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta

from staffroll.events import dump_payload, payload_of
from staffroll_accounts.domain import deletion
from staffroll_accounts.domain.deletion import SERVICES, Erasure
from staffroll_accounts.domain.security import AccessToken, Security
from staffroll_accounts.domain.users import Scheduled, User
from tests.unit.accounts.builders import AGENT, ID, NOW, a_cause, a_user

SECRET = "Geheimrat"
TOKEN = AccessToken("t1", SECRET, (), "hash", 1, NOW, NOW + timedelta(days=1))


def a_known_user() -> User:
    return a_user(
        version=7,
        first_name=SECRET,
        last_name=SECRET,
        email=f"{SECRET}@x.example",
        roles=(AGENT,),
        is_admin=True,
        token_generation=3,
        security=Security(password_hash="hash", locked_at=NOW),
        access_tokens=(TOKEN,),
        scheduled=Scheduled(4, True, 12, NOW),
        field_versions={"email": 2},
        revision=9,
    )


def test_r61_a_tombstone_keeps_counters_and_nothing_of_the_person() -> None:
    user = a_known_user()

    decision = deletion.delete(user, a_cause())

    gone = decision.user
    assert (gone.id, gone.status, gone.version, gone.token_generation) == (ID, "deleted", 8, 4)
    assert SECRET not in repr(asdict(gone))
    assert (gone.security, gone.access_tokens, gone.roles) == (Security(), (), ())
    assert (gone.is_admin, gone.scheduled, dict(gone.field_versions)) == (False, Scheduled(), {})


def test_r61_the_deletion_is_told_and_noted_with_nothing_personal() -> None:
    decision = deletion.delete(a_known_user(), a_cause())

    (event,) = decision.events
    (entry,) = decision.audit
    assert (event.type, event.subject, event.sequence) == ("user.deleted", ID, 8)
    assert SECRET not in event.to_json()
    assert {name for name, value in dump_payload(payload_of(event)).items() if value} == {
        "status",
        "token_generation",
        "created_at",
        "created_in",
    }
    assert (entry.action, entry.subject, entry.changed) == ("user.deleted", ID, ())


def test_r60_what_would_be_lost_is_said_in_numbers() -> None:
    lost = deletion.losses(a_known_user(), 2)

    assert lost.name == f"{SECRET} {SECRET}"
    assert lost.counts() == {"future_shifts": 12, "roles": 1, "sessions": 2, "access_tokens": 1}
    assert lost.told_at == NOW


def test_r60_of_whom_scheduling_never_told_no_shifts_are_known() -> None:
    lost = deletion.losses(a_user(), 0)

    assert (lost.counts()["future_shifts"], lost.told_at) == (0, None)


def test_r62_an_erasure_is_complete_when_the_last_service_has_said_so() -> None:
    moments = {name: NOW + timedelta(seconds=nth) for nth, name in enumerate(SERVICES)}
    whole = Erasure(ID, NOW, moments)
    partial = replace(whole, erased_at={name: NOW for name in SERVICES if name != "people"})

    assert (whole.is_complete, whole.missing) == (True, ())
    assert whole.completed_at == NOW + timedelta(seconds=3)
    assert (partial.is_complete, partial.missing, partial.completed_at) == (
        False,
        ("people",),
        None,
    )
