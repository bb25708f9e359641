"""Signing in, locking, unlocking, refreshing, signing out: against a small model (hypothesis)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.accounts import PASSWORD, Accounts, Answer, Tenant

LOCKED_AT = 3


@dataclass(eq=False)
class ModelSession:
    """What the model knows of one session.

    Attributes:
        refresh_tokens: All that were given out, the newest last.
        access_token: The newest.
        is_void: Whether that one may be used no more.
    """

    id: str
    access_token: str
    refresh_tokens: list[str] = field(default_factory=list)
    is_running: bool = True
    is_void: bool = False


class SigningIn(RuleBasedStateMachine):
    """One user of one tenant, an admin, and every way in and out."""

    accounts: ClassVar[Accounts]

    sessions: Bundle[ModelSession] = Bundle("sessions")

    @initialize()
    def begin(self) -> None:
        self.tenant: Tenant = self.accounts.tenant()
        self.user = self.tenant.create(password=PASSWORD)
        self.failures = 0
        self.is_locked = False
        self.all: list[ModelSession] = []

    def _sign_in(self, password: str) -> Answer:
        body = {"tenant": self.tenant.id, "email": self.user["email"], "password": password}
        return self.tenant.post("/v1/sign-in", body, token=None)

    def _refresh(self, token: str) -> Answer:
        body = {"grant": "refresh_token", "refresh_token": token}
        return self.tenant.post("/v1/token", body, token=None)

    def _void(self, *ended: ModelSession) -> None:
        for session in self.all:
            session.is_void = True
        for session in ended:
            session.is_running = False

    def _use(self, session: ModelSession) -> Answer:
        return self.tenant.get("/v1/me", token=session.access_token)

    @rule(target=sessions)
    def sign_in(self) -> Any:
        answer = self._sign_in(PASSWORD)

        if self.is_locked:
            assert answer.json["code"] == "sign_in_failed"
            return multiple()
        assert answer.status_code == 200
        self.failures = 0
        found = answer.json
        session = ModelSession(found["session_id"], found["access_token"])
        assert session.id not in {other.id for other in self.all}
        session.refresh_tokens.append(found["refresh_token"])
        self.all.append(session)
        return session

    @rule(password=st.sampled_from(["wrong horse battery", PASSWORD.upper(), PASSWORD + " "]))
    def sign_in_wrongly(self, password: str) -> None:
        answer = self._sign_in(password)

        assert (answer.status_code, answer.json["code"]) == (401, "sign_in_failed")
        if not self.is_locked:
            self.failures += 1
        if self.failures == LOCKED_AT and not self.is_locked:
            self.is_locked = True
            self._void(*self.all)

    @rule()
    def unlock(self) -> None:
        answer = self.tenant.post(f"/v1/users/{self.user['id']}/unlock")

        assert answer.status_code == 200
        self.is_locked = False
        self.failures = 0

    @rule(session=sessions)
    def refresh(self, session: ModelSession) -> None:
        answer = self._refresh(session.refresh_tokens[-1])

        if not session.is_running:
            assert answer.json["code"] == "refresh_token_invalid"
            return
        assert answer.status_code == 200
        session.refresh_tokens.append(answer.json["refresh_token"])
        session.access_token, session.is_void = answer.json["access_token"], False

    @rule(session=sessions)
    def refresh_with_the_one_before(self, session: ModelSession) -> None:
        if len(session.refresh_tokens) < 2:
            return
        answer = self._refresh(session.refresh_tokens[-2])

        if not session.is_running:
            assert answer.json["code"] == "refresh_token_invalid"
            return
        assert answer.json["refresh_token"] == session.refresh_tokens[-1]
        session.access_token, session.is_void = answer.json["access_token"], False

    @rule(session=sessions, which=st.integers(min_value=0, max_value=5))
    def replay(self, session: ModelSession, which: int) -> None:
        older = session.refresh_tokens[:-2]
        if not older:
            return
        answer = self._refresh(older[which % len(older)])

        if not session.is_running:
            assert answer.json["code"] == "refresh_token_invalid"
            return
        assert answer.json["code"] == "refresh_token_reused"
        self._void(session)

    @rule(session=consumes(sessions))
    def sign_out(self, session: ModelSession) -> None:
        answer = self.tenant.post("/v1/sign-out", token=session.access_token)

        if session.is_void:
            assert answer.json["code"] == "token_revoked"
            return
        assert answer.status_code == 204
        self._void(session)

    @rule(session=sessions, but_this=st.booleans())
    def end_all(self, session: ModelSession, *, but_this: bool) -> None:
        path = f"/v1/me/sessions?but_this={str(but_this).lower()}"
        answer = self.accounts.send("DELETE", path, session.access_token)

        if session.is_void:
            assert answer.json["code"] == "token_revoked"
            return
        assert answer.status_code == 204
        self._void(*(one for one in self.all if not (but_this and one is session)))

    @precondition(lambda self: bool(self.all))
    @rule()
    def end_all_by_an_admin(self) -> None:
        path = f"/v1/users/{self.user['id']}/sessions"
        answer = self.accounts.send("DELETE", path, self.tenant.token)

        assert answer.status_code == 204
        self._void(*self.all)

    @invariant()
    def access_is_as_the_model_says(self) -> None:
        for session in self.all[-3:]:
            answer = self._use(session)
            expected = (401, "token_revoked") if session.is_void else (200, None)
            assert (answer.status_code, answer.json.get("code")) == expected

    @invariant()
    def the_lock_is_as_the_model_says(self) -> None:
        security = self.tenant.document(self.user["id"])["security"]
        assert (security["locked_at"] is not None) is self.is_locked
        assert security["failed_sign_ins"] == self.failures


@pytest.fixture
def machine(accounts: Accounts) -> type[SigningIn]:
    SigningIn.accounts = accounts
    return SigningIn


@pytest.mark.parametrize("lives", [4, pytest.param(40, marks=pytest.mark.long)])
def test_any_order_of_ways_in_and_out_does_what_a_small_model_says(
    machine: type[SigningIn], lives: int
) -> None:
    run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(
            max_examples=lives,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
