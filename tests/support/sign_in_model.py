"""What ought to be true of one user's ways in: a model that knows words, not hashes.

Each method is one thing that somebody does. It answers the code with which that is refused,
or None, and is afterwards what the user ought to be. Source: R20-R22, R30-R32, R40, R41, R51.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

LOCKED_AT_FAILURE: Final = 3
LINK_GOOD_FOR: Final = timedelta(hours=1)
PREVIOUS_GOOD_FOR: Final = timedelta(seconds=10)
STEP_SECONDS: Final = 30

Duty = Literal["password", "factor"]
"""What a session may have to do before anything else."""

State = Literal["off", "enforced", "on", "on_enforced"]


def step_at(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


@dataclass(frozen=True)
class Proof:
    """A second factor as somebody types it: the code of a step, or a recovery code."""

    text: str
    step: int | None = None
    recovery: str | None = None


@dataclass
class Factor:
    """An authenticator app that is set up.

    Attributes:
        newest: The step whose code was used last.
        left: Recovery codes that nobody used.
    """

    seed: str
    newest: int
    left: list[str]
    spent: list[str] = field(default_factory=list)

    def use(self, proof: Proof, now: datetime) -> bool:
        if proof.recovery is not None:
            if proof.recovery not in self.left:
                return False
            self.left.remove(proof.recovery)
            self.spent.append(proof.recovery)
            return True
        if proof.step is None or abs(proof.step - step_at(now)) > 1 or proof.step <= self.newest:
            return False
        self.newest = proof.step
        return True


@dataclass(eq=False)
class Session:
    """Where the user is signed in.

    Attributes:
        refresh_tokens: All that were given out, the newest last.
        access_token: The newest.
        first: What it had to do when it began.
        narrowed_to: What the newest access token is good for only; nothing: for everything.
        is_void: Whether that one may be used no more.
    """

    id: str
    access_token: str
    refresh_tokens: list[str]
    rotated_at: datetime
    first: set[Duty]
    narrowed_to: set[Duty] = field(default_factory=set)
    is_running: bool = True
    is_void: bool = False


@dataclass
class Human:
    """One user of a tenant.

    Attributes:
        link: The one that was mailed last, while it is good, and until when.
        pending: The seed of an app that was shown and not confirmed.
        is_forced: An admin enforces a second factor for this user.
        all_are_forced: And for the whole tenant.
    """

    password: str
    is_active: bool = True
    failures: int = 0
    is_locked: bool = False
    must_change: bool = False
    link: tuple[str, datetime] | None = None
    factor: Factor | None = None
    pending: str | None = None
    is_forced: bool = False
    all_are_forced: bool = False
    sessions: list[Session] = field(default_factory=list)

    @property
    def state(self) -> State:
        forced = self.is_forced or self.all_are_forced
        if self.factor is None:
            return "enforced" if forced else "off"
        return "on_enforced" if forced else "on"

    # Signing in

    def sign_in(self, password: str, proof: Proof | None, now: datetime) -> str | None:
        if not self.is_active or self.is_locked:
            return "sign_in_failed"
        if password != self.password:
            return self._fail("sign_in_failed")
        if self.factor is not None and proof is None:
            return "two_factor_needed"
        if self.factor is not None and proof is not None and not self.factor.use(proof, now):
            return self._fail("sign_in_failed")
        self.failures = 0
        return None

    def begin(self, id_: str, access_token: str, refresh_token: str, now: datetime) -> Session:
        """The session of who has just signed in."""
        first: set[Duty] = set()
        if self.must_change:
            first.add("password")
        if self.state == "enforced":
            first.add("factor")
        session = Session(id_, access_token, [refresh_token], now, first)
        session.narrowed_to = self._left_to_do(session)
        self.sessions.append(session)
        return session

    def unlock(self) -> None:
        self.is_locked = False
        self.failures = 0

    def deactivate(self) -> None:
        self.is_active = False
        self.link = None
        self._end(*self.sessions)

    def reactivate(self) -> None:
        self.is_active = True
        self.unlock()

    # Sessions

    def refused(self, session: Session, duty: Duty | None = None) -> str | None:
        """Why the session's access token is not good for what it has to do first, or, where
        that is None, for all else."""
        if session.is_void:
            return "token_revoked"
        is_narrowed = bool(session.narrowed_to) and duty not in session.narrowed_to
        return "token_narrowed" if is_narrowed else None

    def refresh(self, session: Session, age: int, now: datetime) -> str | None:
        """By the newest refresh token (age 0), the one before (1), or an older one.

        Nothing refused: `renew` with what is answered.
        """
        if not session.is_running:
            return "refresh_token_invalid"
        is_good = age == 0 or (age == 1 and now - session.rotated_at <= PREVIOUS_GOOD_FOR)
        if is_good:
            return None
        self._end(session)
        return "refresh_token_reused"

    def renew(self, session: Session, access_token: str, refresh_token: str, now: datetime) -> None:
        if refresh_token != session.refresh_tokens[-1]:
            session.refresh_tokens.append(refresh_token)
            session.rotated_at = now
        self.trust(session, access_token)

    def trust(self, session: Session, access_token: str) -> None:
        """The session has a new access token."""
        session.access_token, session.is_void = access_token, False
        session.narrowed_to = self._left_to_do(session)

    def end(self, *ended: Session) -> None:
        self._end(*ended)

    def step_up(
        self, session: Session, password: str | None, proof: Proof | None, now: datetime
    ) -> str | None:
        if refused := self.refused(session):
            return refused
        if password is not None and password != self.password:
            return self._fail("current_password_wrong")
        if proof is not None and (self.factor is None or not self.factor.use(proof, now)):
            return self._fail("two_factor_code_wrong")
        self.failures = 0
        return None

    # Passwords

    def send_link(self, token: str, now: datetime) -> None:
        self.link = token, now + LINK_GOOD_FOR

    def use_link(
        self, token: str, password: str, now: datetime, *, is_good: bool = True
    ) -> str | None:
        """A password that is not good does not use the link up."""
        if self.link is None or token != self.link[0] or now >= self.link[1] or not self.is_active:
            return "reset_token_invalid"
        if not is_good:
            return "password_refused"
        self._set(password, must_change=False)
        self.unlock()
        return None

    def move_mailbox(self) -> None:
        self.link = None

    def set_password(self, password: str, *, must_change: bool) -> None:
        self._set(password, must_change=must_change)

    def change_password(self, session: Session, current: str, password: str) -> str | None:
        if refused := self._password_again(session, current, "password"):
            return refused
        self._set(password, must_change=False, but=session)
        return None

    # The second factor

    def begin_factor(self, session: Session, password: str) -> str | None:
        """Nothing refused: `pending` is what is answered."""
        return self._password_again(session, password, "factor")

    def confirm_factor(self, session: Session, step: int, now: datetime) -> str | None:
        """Nothing refused: `take_recovery_codes`."""
        if refused := self.refused(session, "factor"):
            return refused
        if self.pending is None:
            return "two_factor_not_begun"
        if abs(step - step_at(now)) > 1:
            return "two_factor_code_wrong"
        was_due = self.state == "enforced"
        self.factor, self.pending = Factor(self.pending, step, []), None
        if was_due:
            self._end(*(other for other in self.sessions if other is not session))
        return None

    def renew_recovery_codes(self, session: Session, password: str) -> str | None:
        """Nothing refused: `take_recovery_codes`."""
        if refused := self._password_again(session, password, None):
            return refused
        return "two_factor_off" if self.factor is None else None

    def take_recovery_codes(self, codes: list[str]) -> None:
        """Those before them are void."""
        assert self.factor is not None
        self.factor.spent += self.factor.left
        self.factor.left = list(codes)

    def turn_factor_off(self, session: Session, password: str) -> str | None:
        if refused := self._password_again(session, password, None):
            return refused
        if self.is_forced or self.all_are_forced:
            return "two_factor_enforced"
        self.factor = self.pending = None
        return None

    def reset_factor(self) -> None:
        if self.factor is not None or self.pending is not None:
            self.factor = self.pending = None
            self._end(*self.sessions)

    # What they have in common

    def _fail(self, code: str) -> str:
        self.failures += 1
        if self.failures == LOCKED_AT_FAILURE:
            self.is_locked = True
            self._end(*self.sessions)
        return code

    def _password_again(self, session: Session, password: str, duty: Duty | None) -> str | None:
        if refused := self.refused(session, duty):
            return refused
        if password != self.password:
            return self._fail("current_password_wrong")
        self.failures = 0
        return None

    def _set(self, password: str, *, must_change: bool, but: Session | None = None) -> None:
        self.password, self.must_change, self.link = password, must_change, None
        self._end(*(session for session in self.sessions if session is not but))

    def _end(self, *ended: Session) -> None:
        for session in ended:
            session.is_running = False
        # The others go on by refreshing.
        for session in self.sessions:
            session.is_void = True

    def _left_to_do(self, session: Session) -> set[Duty]:
        is_left: dict[Duty, bool] = {
            "password": self.must_change,
            "factor": self.factor is None,
        }
        return {duty for duty in session.first if is_left[duty]}
