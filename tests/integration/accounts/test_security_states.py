"""Locks, links, set passwords, second factors and deactivation, in any order: against a small
model (hypothesis)."""

from __future__ import annotations

import json
from random import Random
from typing import Any, ClassVar

import hypothesis
import pyotp
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from staffroll import clock
from staffroll_accounts.here import at_rest_of
from staffroll_accounts.mail.chores import answering
from tests.support.accounts import Accounts, Answer, Tenant, a_user
from tests.support.sign_in_model import STEP_SECONDS, Human, Proof, Session, step_at
from tests.support.two_factor import Stopped

WORDS = [
    "correct horse battery",
    "purple monkey dishwasher",
    "seven quiet lighthouses",
    "paper boats on the river",
]

SHOWN = 2
"""How many of the newest sessions are looked at after each step."""

OFFSETS = [0, 0, 0, 0, -1, 1, -2, 2]
TYPED = ["right", "right", "right", "right", "other", "none of them"]
SECOND = ["none", "none", "code", "code", "recovery", "recovery", "spent"]

WHICH = [0, 0, 1, 2]
"""Of the running sessions, counted from the newest."""

AGAIN = [True, True, True, True, True, False]
"""Whether whoever acts signs in or refreshes before, where they have to."""

ACTS: list[tuple[str, dict[str, list[Any]]]] = [
    ("sign_in_well", {}),
    ("sign_in", {"password": TYPED, "second": SECOND, "offset": OFFSETS}),
    ("sign_in", {"password": ["right"], "second": ["code"], "offset": OFFSETS}),
    ("sign_in", {"password": ["right"], "second": ["recovery", "spent"], "offset": [0, 1]}),
    ("guess", {"times": [1, 3, 3]}),
    ("let_time_pass", {"seconds": [5, 30, 60]}),
    ("refresh", {"which": WHICH, "ages": [[0], [0, 1], [0, 0, 1]], "after": [0, 0, 10, 11]}),
    ("refresh", {"which": WHICH, "ages": [[0], [1], [2], [0, 0, 2]], "after": [0, 0, 10, 11]}),
    ("end_sessions", {"which": WHICH, "how": ["this", "one", "others", "all"], "again": AGAIN}),
    ("step_up", {"which": WHICH, "by": ["password"], "typed": TYPED, "offset": [0]}),
    ("step_up", {"which": WHICH, "by": ["code"], "typed": ["right"], "offset": OFFSETS}),
    ("forget_the_password", {}),
    ("forget_the_password", {}),
    ("use_a_link", {"age": [0], "how": ["well", "badly", "wrongly"], "after": [0, 0, 3599, 3600]}),
    ("use_a_link", {"age": [0, 0, 1], "how": ["well"], "after": [0, 0, 3599, 3600]}),
    ("change_the_password", {"which": WHICH, "typed": TYPED, "again": AGAIN}),
    ("set_up_a_factor", {"which": [0], "typed": ["right"], "offset": [0]}),
    ("set_up_a_factor", {"which": WHICH, "typed": TYPED, "offset": OFFSETS, "confirmed": AGAIN}),
    ("confirm_a_factor", {"which": WHICH, "offset": OFFSETS, "again": AGAIN}),
    ("renew_recovery_codes", {"which": WHICH, "typed": TYPED, "again": AGAIN}),
    ("turn_the_factor_off", {"which": WHICH, "typed": TYPED, "again": AGAIN}),
    ("unlock", {}),
    ("end_sessions_by_admin", {}),
    ("set_the_password", {"must_change": [True, False]}),
    ("reset_the_factor", {}),
    ("move_the_mailbox", {}),
    ("enforce", {"whose": ["one", "all"], "enforced": [True, False]}),
    ("enforce", {"whose": ["one", "all"], "enforced": [False]}),
    ("hear_of_a_membership", {"runs": [True, False]}),
    ("hear_of_a_membership", {"runs": [False]}),
    ("be_let_in_again", {}),
    ("be_let_in_again", {}),
]
"""Methods of `Securing`, and what they are called with."""


def code_of(answer: Answer) -> str | None:
    """The code of a refusal; None where nothing is refused."""
    return answer.json["code"] if answer.status_code >= 400 else None


class Securing(RuleBasedStateMachine):
    """One user of one tenant, an admin, and all that either may do about getting in."""

    accounts: ClassVar[Accounts]
    time: ClassVar[Stopped]

    @initialize(with_factor=st.sampled_from([True, True, True, False]))
    def begin(self, *, with_factor: bool) -> None:
        self.tenant: Tenant = self.accounts.tenant()
        self.user = self.tenant.create(password=WORDS[0])
        self.path = f"/v1/users/{self.user['id']}"
        self.email = self.user["email"]
        self.human = Human(WORDS[0])
        self.links: list[str] = []
        self.told = 0
        self.sign_in_well()
        if with_factor:
            self.set_up_a_factor(0, "right", 0)

    # One rule, with a chance of its own: rules that hypothesis chooses from are switched off at
    # random, and few runs get as far as a second factor that is used, lost and recovered.
    @rule(random=st.randoms(use_true_random=True))
    def happen(self, random: Random) -> None:
        name, options = random.choice(ACTS)
        chosen = {argument: random.choice(values) for argument, values in options.items()}
        hypothesis.note(f"{name}: {chosen}")
        getattr(self, name)(**chosen)

    # What people type

    def _password(self, kind: str) -> str:
        if kind == "other":
            return next(word for word in WORDS if word != self.human.password)
        return self.human.password if kind == "right" else "wrong horse battery"

    def _new_password(self) -> str:
        return WORDS[(WORDS.index(self.human.password) + 1) % len(WORDS)]

    def _proof(self, kind: str, offset: int) -> Proof | None:
        factor = self.human.factor
        if kind == "none":
            return None
        if kind == "code":
            step = step_at(clock.now()) + offset
            return Proof(_code(factor.seed if factor else pyotp.random_base32(), step), step)
        known = (factor.left if kind == "recovery" else factor.spent) if factor else []
        code = known[offset % len(known)] if known else "zzzzzzzzzz"
        return Proof(f"{code[:5]}-{code[5:]}".upper(), recovery=code)

    def _session(self, which: int, *, again: bool) -> Session:
        if again and not any(one.is_running for one in self.human.sessions):
            self.sign_in_well()
        running = [one for one in self.human.sessions if one.is_running]
        known = running or self.human.sessions
        session = known[-1 - which % len(known)]
        if again and session.is_void and session.is_running:
            self._refresh(session, 0)
        return session

    def _by(self, session: Session, method: str, path: str, body: Any = None) -> Answer:
        return self.accounts.send(method, path, session.access_token, json=body)

    def _by_admin(self, method: str, path: str, body: Any = None) -> None:
        answer = self.accounts.send(method, path, self.tenant.token, json=body)
        assert code_of(answer) is None

    # Signing in

    def sign_in_well(self) -> None:
        self.time.pass_by(seconds=STEP_SECONDS)
        self.sign_in("right", "code", 0)

    def sign_in(self, password: str, second: str, offset: int) -> None:
        typed, proof, now = self._password(password), self._proof(second, offset), clock.now()
        body = {"tenant": self.tenant.id, "email": self.email, "password": typed}
        if proof is not None:
            body["otp"] = proof.text

        answer = self.tenant.post("/v1/sign-in", body, token=None)

        assert code_of(answer) == self.human.sign_in(typed, proof, now)
        if answer.status_code == 200:
            found = answer.json
            assert found["session_id"] not in {one.id for one in self.human.sessions}
            self.human.begin(
                found["session_id"], found["access_token"], found["refresh_token"], now
            )

    def guess(self, times: int) -> None:
        for _ in range(times):
            self.sign_in("none of them", "none", 0)

    def let_time_pass(self, seconds: int) -> None:
        self.time.pass_by(seconds=seconds)

    # Sessions

    def refresh(self, which: int, ages: list[int], after: int) -> None:
        session = self._session(which, again=False)
        for age in ages[:-1]:
            self._refresh(session, age)
        self.let_time_pass(after)
        self._refresh(session, ages[-1])

    def _refresh(self, session: Session, age: int) -> None:
        age, now = min(age, len(session.refresh_tokens) - 1), clock.now()
        wish = {"grant": "refresh_token", "refresh_token": session.refresh_tokens[-1 - age]}

        answer = self.tenant.post("/v1/token", wish, token=None)

        assert code_of(answer) == self.human.refresh(session, age, now)
        if answer.status_code == 200:
            found = answer.json
            assert (found["refresh_token"] in session.refresh_tokens) is (age == 1)
            self.human.renew(session, found["access_token"], found["refresh_token"], now)

    def end_sessions(self, which: int, how: str, *, again: bool) -> None:
        session = self._session(which, again=again)
        other = self.human.sessions[-1 - which % len(self.human.sessions)]
        ended = {
            "this": [session],
            "one": [other],
            "others": [one for one in self.human.sessions if one is not session],
            "all": self.human.sessions,
        }[how]
        expected = self.human.refused(session)
        match how:
            case "this":
                answer = self._by(session, "POST", "/v1/sign-out")
                expected = "token_revoked" if session.is_void else None
            case "one":
                answer = self._by(session, "DELETE", f"/v1/me/sessions/{other.id}")
            case _:
                query = f"but_this={str(how == 'others').lower()}"
                answer = self._by(session, "DELETE", f"/v1/me/sessions?{query}")

        assert code_of(answer) == expected
        if answer.status_code == 204:
            self.human.end(*ended)

    def step_up(self, which: int, by: str, typed: str, offset: int) -> None:
        session = self._session(which, again=True)
        password = self._password(typed) if by == "password" else None
        proof = self._proof("code", offset) if by == "code" else None

        answer = self._by(
            session,
            "POST",
            "/v1/me/step-up",
            {"otp": proof.text} if proof else {"password": password},
        )

        assert code_of(answer) == self.human.step_up(session, password, proof, clock.now())
        if answer.status_code == 200:
            self.human.trust(session, answer.json["access_token"])

    # Passwords

    def forget_the_password(self) -> None:
        body = {"tenant": self.tenant.id, "email": self.email}
        answer = self.tenant.post("/v1/password-resets", body, token=None)
        answering(self.accounts.runtime)()

        assert answer.status_code == 202
        sent = self._links()[len(self.links) :]
        assert len(sent) == (1 if self.human.is_active else 0)
        self.links += sent
        for token in sent:
            self.human.send_link(token, clock.now())

    def _links(self) -> list[str]:
        """Of all mails, the oldest first."""
        cipher = at_rest_of(self.accounts.runtime)
        waiting = self.tenant.document(self.user["id"])["mails"]
        mails = [json.loads(cipher.decrypt(mail["sealed"])) for mail in waiting]
        return [mail["data"]["token"] for mail in mails if mail["template"] == "password-reset"]

    def use_a_link(self, age: int, how: str, after: int) -> None:
        if not self.links:
            self.forget_the_password()
        if not self.links:
            return
        token = self.links[-1 - min(age, len(self.links) - 1)]
        if how == "wrongly":
            token = token.swapcase()
        password = "short" if how == "badly" else self._new_password()
        self.let_time_pass(after)

        answer = self.accounts.send(
            "PUT", f"/v1/password-resets/{token}", None, json={"password": password}
        )

        assert code_of(answer) == self.human.use_link(
            token, password, clock.now(), is_good=how != "badly"
        )

    def change_the_password(self, which: int, typed: str, *, again: bool) -> None:
        session = self._session(which, again=again)
        current, password = self._password(typed), self._new_password()

        answer = self._by(
            session, "PUT", "/v1/me/password", {"current_password": current, "password": password}
        )

        assert code_of(answer) == self.human.change_password(session, current, password)

    # The second factor

    def set_up_a_factor(
        self, which: int, typed: str, offset: int, *, confirmed: bool = True
    ) -> None:
        session, password = self._session(which, again=True), self._password(typed)

        answer = self._by(session, "POST", "/v1/me/two-factor", {"password": password})

        assert code_of(answer) == self.human.begin_factor(session, password)
        if answer.status_code == 200:
            self.human.pending = answer.json["secret"]
        if confirmed:
            self._confirm(session, offset)

    def confirm_a_factor(self, which: int, offset: int, *, again: bool) -> None:
        self._confirm(self._session(which, again=again), offset)

    def _confirm(self, session: Session, offset: int) -> None:
        step = step_at(clock.now()) + offset
        code = _code(self.human.pending or pyotp.random_base32(), step)

        answer = self._by(session, "PUT", "/v1/me/two-factor", {"code": code})

        assert code_of(answer) == self.human.confirm_factor(session, step, clock.now())
        if answer.status_code == 200:
            self.human.take_recovery_codes(answer.json["recovery_codes"])

    def renew_recovery_codes(self, which: int, typed: str, *, again: bool) -> None:
        session, password = self._session(which, again=again), self._password(typed)
        path = "/v1/me/two-factor/recovery-codes"

        answer = self._by(session, "POST", path, {"password": password})

        assert code_of(answer) == self.human.renew_recovery_codes(session, password)
        if answer.status_code == 200:
            self.human.take_recovery_codes(answer.json["recovery_codes"])

    def turn_the_factor_off(self, which: int, typed: str, *, again: bool) -> None:
        session, password = self._session(which, again=again), self._password(typed)

        answer = self._by(session, "DELETE", "/v1/me/two-factor", {"password": password})

        assert code_of(answer) == self.human.turn_factor_off(session, password)

    # What an admin does

    def unlock(self) -> None:
        self._by_admin("POST", f"{self.path}/unlock")
        self.human.unlock()

    def end_sessions_by_admin(self) -> None:
        self._by_admin("DELETE", f"{self.path}/sessions")
        self.human.end(*self.human.sessions)

    def set_the_password(self, *, must_change: bool) -> None:
        password = self._new_password()
        body = {"password": password, "must_change": must_change}
        self._by_admin("PUT", f"{self.path}/password", body)
        self.human.set_password(password, must_change=must_change)

    def reset_the_factor(self) -> None:
        self._by_admin("DELETE", f"{self.path}/two-factor")
        self.human.reset_factor()

    def move_the_mailbox(self) -> None:
        self.email = a_user()["email"]
        self._by_admin("PATCH", self.path, {"email": self.email})
        self.human.move_mailbox()

    def enforce(self, whose: str, *, enforced: bool) -> None:
        if whose == "one":
            self._by_admin("PUT", f"{self.path}/two-factor", {"enforced": enforced})
            self.human.is_forced = enforced
        else:
            self._by_admin("PUT", "/v1/security", {"enforce_two_factor": enforced})
            self.human.all_are_forced = enforced

    # What scheduling tells

    def hear_of_a_membership(self, *, runs: bool) -> None:
        self.told += 1
        known, data = ("started", "employed") if runs else ("ended", "not_employed")
        self.accounts.handle(
            self.tenant.wish(
                f"membership.{known}",
                self.user["id"],
                {"status": data},
                source="scheduling",
                sequence=self.told,
                request_id=None,
            )
        )

        if runs and not self.human.is_active:
            self.human.reactivate()
        elif not runs and self.human.is_active:
            self.human.deactivate()

    def be_let_in_again(self) -> None:
        if self.human.is_active:
            self.unlock()
        else:
            self.hear_of_a_membership(runs=True)

    # What must be so after each step

    @invariant()
    def access_is_as_the_model_says(self) -> None:
        for session in self.human.sessions[-SHOWN:]:
            anything = self.tenant.get("/v1/me/sessions", token=session.access_token)
            assert code_of(anything) == self.human.refused(session)
            if session.narrowed_to:
                own = self.tenant.get("/v1/me", token=session.access_token)
                assert code_of(own) == ("token_revoked" if session.is_void else None)

    @invariant()
    def the_user_is_as_the_model_says(self) -> None:
        stored = self.tenant.document(self.user["id"])
        assert (stored["status"] == "active") is self.human.is_active
        assert (stored["security"]["locked_at"] is not None) is self.human.is_locked
        assert stored["security"]["failed_sign_ins"] == self.human.failures

    @invariant()
    def the_second_factor_is_as_the_model_says(self) -> None:
        shown = self.tenant.get(f"{self.path}/two-factor").json
        left = len(self.human.factor.left) if self.human.factor else 0
        assert shown == {"state": self.human.state, "recovery_codes_left": left}


def _code(seed: str, step: int) -> str:
    return str(pyotp.TOTP(seed).at(step * STEP_SECONDS))


@pytest.fixture
def machine(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> type[Securing]:
    Securing.accounts = accounts
    Securing.time = Stopped(monkeypatch)
    return Securing


# Ten at a time: once it has ten, hypothesis rather varies what it has than make up anything new.
# The first, of every run, is shorter.
@pytest.mark.parametrize(
    "ten", [0, *(pytest.param(ten, marks=pytest.mark.long) for ten in range(1, 6))]
)
def test_r20_to_r52_whatever_anybody_does_about_getting_in_ends_as_a_small_model_says(
    machine: type[Securing], ten: int
) -> None:
    run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(
            max_examples=10 if ten else 4,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
