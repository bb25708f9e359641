"""R40, R41: the second factor, tried on bare data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll_accounts.domain import two_factor as rules
from staffroll_accounts.domain.errors import (
    TwoFactorCodeWrong,
    TwoFactorEnforced,
    TwoFactorNotBegun,
    TwoFactorOff,
)
from staffroll_accounts.domain.security import Security, TwoFactor
from staffroll_accounts.domain.two_factor import (
    RECOVERY_ALPHABET,
    SecondFactors,
    hash_recovery_code,
    spread_of,
    state_of,
    with_code_used,
)
from staffroll_accounts.domain.users import Decision
from tests.unit.accounts.builders import NOW, a_cause, a_user

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SEALED = b"sealed"
CODES = tuple(f"{first}bcdefghjk" for first in "23456789am")
STEP = int(NOW.timestamp()) // 30


def a_factor(**changes: Any) -> TwoFactor:
    known: dict[str, Any] = {
        "sealed_seed": SEALED,
        "enabled_at": NOW,
        "recovery_hashes": tuple(hash_recovery_code(SEED, code) for code in CODES),
    }
    return TwoFactor(**{**known, **changes})


def code_at(step: int) -> str:
    return str(pyotp.HOTP(SEED).at(step))


@given(drift=st.integers(-1, 1), moment=st.integers(100, 4_000_000_000))
def test_r40_a_code_is_good_one_step_early_to_one_step_late(drift: int, moment: int) -> None:
    now = datetime.fromtimestamp(moment, UTC)

    used = with_code_used(a_factor(), SEED, code_at(moment // 30 + drift), now)

    assert used is not None
    assert abs(used.last_step - moment // 30) <= 1


@given(drift=st.integers(2, 1000) | st.integers(-1000, -2), moment=st.integers(10**6, 10**9))
def test_r40_a_code_of_another_time_is_wrong(drift: int, moment: int) -> None:
    code = code_at(moment // 30 + drift)
    near = {code_at(moment // 30 + step) for step in (-1, 0, 1)}

    used = with_code_used(a_factor(), SEED, code, datetime.fromtimestamp(moment, UTC))

    assert used is None or code in near


@given(steps=st.lists(st.integers(-3, 3), min_size=1, max_size=30))
def test_r40_the_used_step_strictly_grows_so_that_no_code_works_twice(steps: list[int]) -> None:
    second, used_steps = a_factor(), []

    for number, drift in enumerate(steps):
        now = NOW + timedelta(seconds=7 * number)
        after = with_code_used(second, SEED, code_at(STEP + drift), now)
        if after is not None:
            assert after.last_step > second.last_step
            used_steps.append(after.last_step)
            second = after

    assert len(used_steps) == len(set(used_steps))


def test_r40_an_older_code_is_refused_once_a_newer_one_was_used() -> None:
    second = with_code_used(a_factor(), SEED, code_at(STEP), NOW)
    assert second is not None

    assert with_code_used(second, SEED, code_at(STEP), NOW) is None
    assert with_code_used(second, SEED, code_at(STEP - 1), NOW) is None
    assert with_code_used(second, SEED, code_at(STEP + 1), NOW) is not None


@given(
    typed=st.text(max_size=12)
    | st.text("0123456789", min_size=6, max_size=6)
    | st.text(RECOVERY_ALPHABET, min_size=10, max_size=10)
)
def test_whatever_is_typed_is_right_or_wrong_and_never_an_error(typed: str) -> None:
    good = {code_at(STEP + drift) for drift in (-1, 0, 1)} | set(CODES)
    plain = "".join(typed.split()).replace("-", "").lower()

    used = with_code_used(a_factor(), SEED, typed, NOW)

    assert (used is not None) == (plain in good)


@pytest.mark.parametrize("typed", ["{} {}", " {}{} ", "{}-{}"])
def test_a_code_may_be_typed_in_groups(typed: str) -> None:
    code = code_at(STEP)

    assert with_code_used(a_factor(), SEED, typed.format(code[:3], code[3:]), NOW) is not None


@pytest.mark.parametrize("typed", ["١٢٣٤٥٦", "12345", "1234567", "", "-123456", "+12345"])
def test_only_six_plain_digits_are_a_code(typed: str) -> None:
    assert with_code_used(a_factor(), SEED, typed, NOW) is None


@given(order=st.lists(st.sampled_from(CODES), max_size=25))
def test_r40_each_recovery_code_works_once(order: list[str]) -> None:
    second, worked = a_factor(), []

    for code in order:
        after = with_code_used(second, SEED, code, NOW)
        if after is not None:
            worked.append(code)
            second = after

    assert sorted(worked) == sorted(set(order))
    assert len(second.recovery_hashes) == len(CODES) - len(worked)


def test_a_recovery_code_may_be_typed_in_capitals_and_groups() -> None:
    assert with_code_used(a_factor(), SEED, "ABCDE-FGHJK", NOW) is not None


def test_recovery_codes_are_hashed_under_the_seed() -> None:
    one, other = hash_recovery_code(SEED, CODES[0]), hash_recovery_code("A" * 32, CODES[0])

    assert one != other
    assert CODES[0] not in one
    assert len(one) == 64


@given(has_one=st.booleans(), for_user=st.booleans(), for_tenant=st.booleans())
def test_r41_there_are_four_states(has_one: bool, for_user: bool, for_tenant: bool) -> None:
    security = Security(two_factor=a_factor() if has_one else None, two_factor_enforced=for_user)

    state = state_of(security, tenant_enforces=for_tenant)

    assert state.startswith("on") == has_one
    assert state.endswith("enforced") == (for_user or for_tenant)


@given(
    users=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=50), for_tenant=st.booleans()
)
def test_r41_the_spread_counts_every_user_in_their_state(
    users: list[tuple[bool, bool]], for_tenant: bool
) -> None:
    everyone = [
        Security(two_factor=a_factor() if has_one else None, two_factor_enforced=must)
        for has_one, must in users
    ]
    counts = SecondFactors(
        users=len(users),
        enforced=sum(must for _, must in users),
        on_enforced=sum(must and has_one for has_one, must in users),
        on=sum(has_one for has_one, _ in users),
    )

    spread = spread_of(counts, tenant_enforces=for_tenant)

    states = [state_of(security, tenant_enforces=for_tenant) for security in everyone]
    for state in ("off", "enforced", "on", "on_enforced"):
        assert getattr(spread, state) == states.count(state)


def test_a_factor_that_is_on_stays_on_until_the_new_one_is_confirmed() -> None:
    user = a_user(security=Security(two_factor=a_factor()))

    begun = rules.begin(user, b"new seed").user

    assert begun.security.two_factor == a_factor()
    assert begun.security.pending_seed == b"new seed"


def test_r40_a_code_of_the_app_switches_it_on_and_a_mail_says_so() -> None:
    user = a_user(security=Security(pending_seed=SEALED))

    decision = rules.confirm(user, SEED, code_at(STEP), CODES, a_cause(), tenant_enforces=False)

    second = decision.user.security.two_factor
    assert second == a_factor(last_step=STEP)
    assert decision.user.security.pending_seed is None
    assert [(mail.to, mail.template) for mail in decision.mails] == [
        ("anna@x.example", "two-factor-on")
    ]
    assert [entry.action for entry in decision.audit] == ["two-factor.enabled"]
    assert decision.events == ()
    assert decision.user.version == user.version


@pytest.mark.parametrize("by_tenant", [True, False])
def test_r41_one_that_was_due_ends_all_sessions(by_tenant: bool) -> None:
    security = Security(pending_seed=SEALED, two_factor_enforced=not by_tenant)
    user = a_user(security=security)

    decision = rules.confirm(user, SEED, code_at(STEP), CODES, a_cause(), tenant_enforces=by_tenant)

    after = decision.user
    assert after.security.two_factor == a_factor(last_step=STEP)
    assert after.security.session_epoch == user.security.session_epoch + 1
    assert after.token_generation == user.token_generation + 1
    assert [event.type for event in decision.events] == ["user.sessions-revoked"]
    assert [entry.action for entry in decision.audit] == ["two-factor.enabled"]
    assert [mail.template for mail in decision.mails] == ["two-factor-on"]


def test_r41_one_that_takes_the_place_of_another_ends_none() -> None:
    user = a_user(security=Security(two_factor=a_factor(), pending_seed=SEALED))

    decision = rules.confirm(user, SEED, code_at(STEP), CODES, a_cause(), tenant_enforces=True)

    assert decision.user.security.session_epoch == user.security.session_epoch


def test_the_code_that_switched_it_on_does_not_sign_in() -> None:
    user = a_user(security=Security(pending_seed=SEALED))
    code = code_at(STEP)

    second = rules.confirm(
        user, SEED, code, CODES, a_cause(), tenant_enforces=False
    ).user.security.two_factor

    assert second is not None
    assert with_code_used(second, SEED, code, NOW) is None


def test_a_wrong_code_switches_nothing_on() -> None:
    user = a_user(security=Security(pending_seed=SEALED))

    with pytest.raises(TwoFactorCodeWrong):
        rules.confirm(user, SEED, code_at(STEP + 5), CODES, a_cause(), tenant_enforces=False)


def test_what_was_not_begun_cannot_be_confirmed() -> None:
    with pytest.raises(TwoFactorNotBegun):
        rules.confirm(a_user(), None, code_at(STEP), CODES, a_cause(), tenant_enforces=False)


def test_r40_switching_off_is_told_by_mail() -> None:
    user = a_user(security=Security(two_factor=a_factor(), pending_seed=b"another"))

    decision = rules.turn_off(user, a_cause(), tenant_enforces=False)

    assert decision.user.security == Security()
    assert [mail.template for mail in decision.mails] == ["two-factor-off"]


def test_switching_off_what_is_off_tells_nobody() -> None:
    decision = rules.turn_off(a_user(), a_cause(), tenant_enforces=False)

    assert decision == Decision(a_user())


@pytest.mark.parametrize("by_tenant", [True, False])
def test_r41_what_is_enforced_cannot_be_switched_off(by_tenant: bool) -> None:
    security = Security(two_factor=a_factor(), two_factor_enforced=not by_tenant)

    with pytest.raises(TwoFactorEnforced):
        rules.turn_off(a_user(security=security), a_cause(), tenant_enforces=by_tenant)


def test_new_recovery_codes_void_the_old_ones() -> None:
    user = a_user(security=Security(two_factor=a_factor(last_step=7)))

    renewed = rules.renew_recovery_codes(user, SEED, ["zzzzzzzzzz"], a_cause()).user

    second = renewed.security.two_factor
    assert second is not None
    assert second.last_step == 7
    assert with_code_used(second, SEED, CODES[0], NOW) is None
    assert with_code_used(second, SEED, "zzzzzzzzzz", NOW) is not None


def test_without_a_second_factor_there_are_no_recovery_codes() -> None:
    with pytest.raises(TwoFactorOff):
        rules.renew_recovery_codes(a_user(), None, CODES, a_cause())


def test_r41_a_reset_takes_the_factor_ends_sessions_and_is_told() -> None:
    security = Security(two_factor=a_factor(), two_factor_enforced=True, session_epoch=3)
    user = a_user(security=security, token_generation=5, version=9)

    decision = rules.reset(user, a_cause())

    assert decision.user.security == Security(two_factor_enforced=True, session_epoch=4)
    assert (decision.user.token_generation, decision.user.version) == (6, 10)
    (event,) = decision.events
    assert (event.type, event.sequence) == ("user.sessions-revoked", 10)
    assert event.data["token_generation"] == 6
    assert [mail.template for mail in decision.mails] == ["two-factor-reset"]
    assert [entry.action for entry in decision.audit] == ["two-factor.reset"]


def test_a_reset_of_nothing_changes_nothing() -> None:
    assert rules.reset(a_user(), a_cause()) == Decision(a_user())


def test_r41_enforcing_is_noted_and_once_is_enough() -> None:
    decision = rules.enforce(a_user(), a_cause(), enforced=True)

    assert decision.user.security.two_factor_enforced
    assert [entry.action for entry in decision.audit] == ["two-factor.enforced"]
    again = rules.enforce(decision.user, a_cause(), enforced=True)
    assert again == Decision(decision.user)
    released = rules.enforce(decision.user, a_cause(), enforced=False)
    assert released.user == a_user()


def test_nothing_secret_is_in_what_is_told_shown_or_noted() -> None:
    user = a_user(security=Security(pending_seed=SEALED))

    decision = rules.confirm(user, SEED, code_at(STEP), CODES, a_cause(), tenant_enforces=False)
    told = repr((decision, rules.reset(decision.user, a_cause())))

    second = decision.user.security.two_factor
    assert second is not None
    for secret in (SEED, *CODES, *second.recovery_hashes, repr(SEALED)):
        assert secret not in told


def test_a_factor_that_was_replaced_has_its_own_steps() -> None:
    old = a_factor(last_step=STEP + 1)
    user = a_user(security=replace(Security(), two_factor=old, pending_seed=b"new"))

    second = rules.confirm(
        user, SEED, code_at(STEP), CODES, a_cause(), tenant_enforces=False
    ).user.security.two_factor

    assert second is not None
    assert second.last_step == STEP
