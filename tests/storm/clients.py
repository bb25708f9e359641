"""Those who do what the schedule says, over HTTP, and tell the model what they were answered."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import requests

from tests.storm.model import (
    ANYTHING,
    FOR_EVER,
    Human,
    Model,
    Outcome,
    Role,
    Shift,
    Write,
    begin,
)
from tests.storm.schedule import Operation
from tests.support.apart import PASSWORD, PLACES, Apart

LATER: Final = "2199-01-01"
PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
FIRST_DAY: Final = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(
    days=2
)

_TIMEOUT_SECONDS: Final = 10.0
_PATIENCE_SECONDS: Final = 45.0
_WAIT: Final = "wait=4"
_SIGN_IN_AGAIN_SECONDS: Final = 240.0

_MAY_REFUSE: Final[Mapping[str, frozenset[str]]] = {
    "create": frozenset({"email_taken"}),
    "rename": frozenset(
        {"change_under_way", "changed_meanwhile", "stale", "not_confirmed", "email_taken"}
    ),
    "move": frozenset(
        {
            *("email_taken", "change_under_way", "changed_meanwhile", "stale"),
            *("not_confirmed", "email_elsewhere"),
        }
    ),
    "entitle": frozenset({"stale", "not_confirmed", "email_taken"}),
    "number": frozenset({"personnel_number_taken", "stale", "not_confirmed", "email_taken"}),
    "assign_roles": frozenset({"stale"}),
    "make_admin": frozenset({"stale"}),
    "leave": frozenset(
        {
            *("membership_ended", "no_membership", "future_shifts_undecided", "not_confirmed"),
            *("leave_before_join", "stale"),
        }
    ),
    "leave_later": frozenset({"membership_ended", "no_membership", "not_confirmed", "stale"}),
    "come_back": frozenset(
        {"membership_running", "memberships_overlap", "not_confirmed", "too_many_memberships"}
    ),
    "provision": frozenset(),
    "plan_shift": frozenset(
        {"shift_overlaps", "outside_membership", "not_confirmed", "stale", "deleted_meanwhile"}
    ),
    "move_shift": frozenset({"shift_overlaps", "outside_membership", "stale", "not_confirmed"}),
    "drop_shift": frozenset({"stale", "not_confirmed"}),
    "correct": frozenset({"email_taken", "not_confirmed", "change_under_way", "stale"}),
    "discard": frozenset({"confirmation_needed", "not_confirmed", "not_rejected", "stale"}),
    "delete": frozenset({"not_confirmed", "stale"}),
    "create_role": frozenset(),
    "edit_role": frozenset({"stale"}),
}
"""Codes with which each kind of operation may be refused, beside that somebody is not there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, or that nothing did.

    Attributes:
        status: 0 where the connection was cut, or nothing came in time.
    """

    status: int
    body: Mapping[str, Any]

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))

    @property
    def outcome(self) -> Outcome:
        if self.status in (200, 201, 204):
            return "done"
        if self.status == 202:
            return "accepted"
        # A server that lost its database in the middle cannot know either.
        return "refused" if 400 <= self.status < 500 else "unknown"


class Tenant:
    """One tenant's admin, signed in, whatever breaks."""

    def __init__(self, suite: Apart, tenant_id: str, email: str, number: int) -> None:
        self.suite = suite
        self.id = tenant_id
        self.number = number
        self.email = email
        self.default_roles: list[str] = []
        self._token = ""
        self._signed_in = -_SIGN_IN_AGAIN_SECONDS
        self._lock = threading.Lock()
        self._local = threading.local()

    def token(self, *, fresh: bool = False) -> str:
        with self._lock:
            age = time.monotonic() - self._signed_in
            if age > _SIGN_IN_AGAIN_SECONDS or (fresh and age > 5):
                self._sign_in()
            return self._token

    def send(self, method: str, service: str, path: str, **options: Any) -> Answer:
        """Ask once; what is cut or late is an answer too."""
        headers = {**options.pop("headers", {}), "Authorization": f"Bearer {self.token()}"}
        try:
            response = self._session.request(
                method,
                f"{self.suite.url(service)}{path}",
                headers=headers,
                timeout=options.pop("timeout", _TIMEOUT_SECONDS),
                **options,
            )
            body = response.json() if response.content else {}
        except (requests.RequestException, ValueError):
            return Answer(0, {})
        return Answer(response.status_code, body)

    def read(self, service: str, path: str, **parameters: Any) -> dict[str, Any] | None:
        """What is there, asked until there is an answer; None where nothing is."""
        for _ in patiently():
            answer = self.send("GET", service, path, params=parameters)
            if answer.status == 200:
                return dict(answer.body)
            if answer.status == 404:
                return None
            if answer.status == 401:
                self.token(fresh=True)
        return None

    def csv(self, **parameters: str) -> list[str]:
        """The lines of the export, header included; it must answer."""
        answer = self._session.get(
            f"{self.suite.url('export')}/v1/users/export",
            params={"format": "csv", **parameters},
            headers={"Authorization": f"Bearer {self.token()}"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        return answer.content.decode().split("\r\n")[:-1]

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session

    def _sign_in(self) -> None:
        body = {"tenant": self.id, "email": self.email, "password": PASSWORD}
        for _ in patiently():
            try:
                answer = requests.post(
                    f"{self.suite.url('accounts')}/v1/sign-in", json=body, timeout=_TIMEOUT_SECONDS
                )
            except requests.RequestException:
                continue
            if answer.status_code == 200:
                self._token = answer.json()["access_token"]
                self._signed_in = time.monotonic()
                return


def patiently(seconds: float = _PATIENCE_SECONDS) -> Iterator[int]:
    """Tries with growing pauses between them, as long as one has patience."""
    deadline, pause, nth = time.monotonic() + seconds, 0.05, 0
    while True:
        yield nth
        nth += 1
        if time.monotonic() + pause > deadline:
            return
        time.sleep(pause)
        pause = min(2 * pause, 2.0)


class Client:
    """Does one operation after another.

    Args:
        told: Called with the operation and what became of it.
    """

    def __init__(
        self, tenants: Sequence[Tenant], model: Model, told: Callable[[Operation, str], None]
    ) -> None:
        self._tenants = tenants
        self._model = model
        self._told = told

    def do(self, operation: Operation) -> None:
        tenant = self._tenants[operation.tenant]
        self._same_key: list[Sequence[Write]] = []
        if operation.kind in ("create_role", "edit_role"):
            said = getattr(self, f"_{operation.kind}")(operation, tenant)
        elif operation.kind == "create":
            said = self._create(operation, tenant)
        else:
            human = self._whom(operation)
            if human is None or human.id is None:
                said = "nobody there"
            else:
                said = getattr(self, f"_{operation.kind}")(operation, tenant, human)
        self._told(operation, said)

    def _whom(self, operation: Operation) -> Human | None:
        tenant, number = operation.tenant, operation.number
        if operation.kind in ("correct", "discard"):
            return self._model.some_human(tenant, number, Human.was_refused)
        if operation.kind in ("move_shift", "drop_shift"):
            return self._model.some_human(tenant, number, lambda one: bool(one.shifts))
        return self._model.human(-1 if operation.human is None else operation.human)

    # People

    def _create(self, operation: Operation, tenant: Tenant) -> str:
        human = Human(
            operation.number,
            operation.tenant,
            f"Nr{operation.number}",
            operation.place,
        )
        self._model.add(human)
        email = mailbox(operation.values["mailbox"])
        body = {
            "last_name": operation.values["name"],
            "first_name": human.token,
            "email": email,
        }
        registers = {
            "last_name": body["last_name"],
            "email": email,
            "title": "",
            "number": ANYTHING,
            "roles": ANYTHING,
            "is_admin": False,
            "membership": "open",
        }
        headers = {"Idempotency-Key": str(uuid.UUID(int=operation.number + 1))}

        def attempt() -> Answer:
            how = {"place": operation.place, "asks": operation.place != "accounts"}
            exists = begin([(human.existence, True)], **how)
            fields = begin(
                ((human.register(name), value) for name, value in registers.items()),
                **how,
                is_first=True,
            )
            answer = self._send(
                operation, tenant, "POST", operation.place, PLACES[operation.place],
                [*exists, *fields], json=body, headers=headers,
            )  # fmt: skip
            if "id" in answer.body:
                human.id = str(answer.body["id"])
                for one in fields if _is_kept_refused(answer) else ():
                    one.settle("done", time.monotonic())
            return answer

        began = time.monotonic()
        answer = self._tried(operation, attempt)
        if answer.code == "email_taken":
            self._check_taken(operation, human, email, began)
        return self._said(operation, answer)

    def _rename(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        return self._edit(operation, tenant, human, "last_name", operation.values["name"])

    def _move(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        email = mailbox(operation.values["mailbox"])
        return self._edit(operation, tenant, human, "email", email)

    def _entitle(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        title = f"Dr. {operation.number}"
        return self._edit(operation, tenant, human, "title", title, place="people")

    def _number(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        number = f"N-{operation.values['number']}"
        return self._edit(
            operation, tenant, human, "number", number, place="scheduling", name="personnel_number"
        )

    def _assign_roles(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        mask = operation.values["roles"]
        chosen = sorted(id_ for n, id_ in enumerate(tenant.default_roles) if mask & (1 << n))
        return self._edit(operation, tenant, human, "roles", chosen, place="accounts")

    def _make_admin(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        wish = operation.values["yes"]
        return self._edit(operation, tenant, human, "is_admin", wish, place="accounts")

    def _edit(
        self,
        operation: Operation,
        tenant: Tenant,
        human: Human,
        register: str,
        value: Any,
        *,
        place: str | None = None,
        name: str | None = None,
    ) -> str:
        place = place or operation.place
        path = f"{PLACES[place]}/{human.id}"
        began = time.monotonic()

        asks = place != "accounts" and register in ("last_name", "email")
        tried = 0

        def attempt() -> Answer:
            nonlocal tried
            tries = begin([(human.register(register), value)], place=place, asks=asks)
            if place == human.place and not self._is_made(human):
                # Whatever is changed of what accounts refused sends it again.
                tries += begin([(human.existence, True)], place=place, asks=True)
            body = {name or register: value}
            answer = self._send(operation, tenant, "PATCH", place, path, tries, json=body)
            if len(tries) > 1 and _is_kept_refused(answer):
                # Unless they had been made without anybody's being told, who refused a change then.
                is_rejected = self._is_rejected(tenant, human)
                tries[0].settle("done" if is_rejected else "unknown", time.monotonic())
            if asks:
                self._hear_of_change(answer, human, tries[0], place, is_repeated=tried > 0)
            tried += 1
            return answer

        answer = self._tried(operation, attempt)
        if answer.code == "email_taken" and register == "email":
            self._check_taken(operation, human, value, began)
        return self._said(operation, answer, human)

    @staticmethod
    def _hear_of_change(
        answer: Answer, human: Human, write: Write, place: str, *, is_repeated: bool
    ) -> None:
        is_under_way = (answer.body.get("change") or {}).get("state") == "pending"
        if answer.outcome == "accepted" or (answer.outcome == "done" and not is_under_way):
            human.was_answered(place, write.began)
        if answer.outcome == "done" and is_repeated:
            # The place may show what the try before has wished, and not yet what somebody
            # wished of accounts after that: then nothing was to be done.
            write.outcome, write.ended, write.always = "accepted", FOR_EVER, False

    @staticmethod
    def _is_made(human: Human) -> bool:
        return human.is_confirmed or any(one.outcome == "done" for one in human.creations)

    def _correct(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        """Send again, with another address, what accounts refused to make."""
        if not self._is_rejected(tenant, human):
            return "not rejected"
        email = mailbox(operation.values["mailbox"])
        began = time.monotonic()

        def attempt() -> Answer:
            tries = begin(
                [(human.existence, True), (human.register("email"), email)],
                place=human.place,
                asks=True,
            )
            path = f"{PLACES[human.place]}/{human.id}"
            answer = self._send(
                operation, tenant, "PATCH", human.place, path, tries, json={"email": email}
            )
            if _is_kept_refused(answer):
                tries[1].settle("done", time.monotonic())
            return answer

        answer = self._tried(operation, attempt)
        if answer.code == "email_taken":
            self._check_taken(operation, human, email, began)
        return self._said(operation, answer, human)

    def _discard(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        if not self._is_rejected(tenant, human):
            return "not rejected"

        def attempt() -> Answer:
            tries = begin([(human.existence, False)], place=human.place)
            path = f"{PLACES[human.place]}/{human.id}"
            return self._send(operation, tenant, "DELETE", human.place, path, tries)

        return self._said(operation, self._tried(operation, attempt), human)

    @staticmethod
    def _is_rejected(tenant: Tenant, human: Human) -> bool:
        if human.place == "accounts":
            return False
        shown = tenant.read(human.place, f"{PLACES[human.place]}/{human.id}")
        return shown is not None and shown["state"] == "rejected"

    def _delete(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        def attempt() -> Answer:
            asks = operation.place != "accounts"
            tries = begin([(human.existence, False)], place=operation.place, asks=asks)
            path = f"{PLACES[operation.place]}/{human.id}"
            return self._send(
                operation, tenant, "DELETE", operation.place, path, tries,
                params={"confirm": human.id},
            )  # fmt: skip

        return self._said(operation, self._tried(operation, attempt), human)

    # Membership

    def _leave(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        joined = self._join_date(tenant, human)
        if joined is None:
            return "not there yet"
        future = "keep" if operation.values["yes"] else "delete"
        body = {"leave_date": joined, "future_shifts": future}
        return self._change_membership(operation, tenant, human, body, "over")

    def _leave_later(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        date = LATER if operation.values["yes"] else None
        body = {"leave_date": date}
        return self._change_membership(operation, tenant, human, body, "later" if date else "open")

    def _change_membership(
        self, operation: Operation, tenant: Tenant, human: Human, body: dict[str, Any], value: str
    ) -> str:
        path = f"/v1/employees/{human.id}/memberships/current"
        cleared = [(human.cleared, True)] if body.get("future_shifts") == "delete" else []

        def attempt() -> Answer:
            tries = begin([(human.register("membership"), value), *cleared])
            return self._send(operation, tenant, "PATCH", "scheduling", path, tries, json=body)

        return self._said(operation, self._tried(operation, attempt), human)

    def _come_back(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        joined = self._join_date(tenant, human)
        if joined is None:
            return "not there yet"
        headers = {"Idempotency-Key": str(uuid.UUID(int=operation.number + 1))}

        def attempt() -> Answer:
            tries = begin([(human.register("membership"), "open")])
            path = f"/v1/employees/{human.id}/memberships"
            return self._send(
                operation, tenant, "POST", "scheduling", path, tries,
                json={"join_date": joined}, headers=headers,
            )  # fmt: skip

        return self._said(operation, self._tried(operation, attempt), human)

    def _provision(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        """As an identity provider does: in or out, which scheduling is asked for."""
        wish = operation.values["yes"]
        change = {"op": "replace", "path": "active", "value": wish}
        body = {"schemas": [PATCH], "Operations": [change]}

        def attempt() -> Answer:
            value = "open" if wish else "over"
            tries = begin([(human.register("membership"), value)], asks=True, always=False)
            answer = self._send(
                operation, tenant, "PATCH", "accounts", f"/scim/v2/Users/{human.id}", tries,
                json=body,
            )  # fmt: skip
            if answer.outcome == "done":
                tries[0].outcome, tries[0].ended = "accepted", FOR_EVER
            return answer

        return self._said(operation, self._tried(operation, attempt), human)

    def _join_date(self, tenant: Tenant, human: Human) -> str | None:
        """The day on which the newest membership began: so all of them are over at once."""
        shown = tenant.read("scheduling", f"/v1/employees/{human.id}")
        if shown is None or shown["state"] != "confirmed":
            return None
        joined: str | None = shown["join_date"]
        return joined

    # Shifts

    def _plan_shift(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        shift = Shift(operation.number)
        human.shifts.append(shift)
        day = operation.values["day"]
        body = {"employee_id": human.id, **_hours(day)}
        headers = {"Idempotency-Key": str(uuid.UUID(int=operation.number + 1))}

        def attempt() -> Answer:
            tries = begin([(shift.day, day)])
            answer = self._send(
                operation, tenant, "POST", "scheduling", "/v1/shifts", tries,
                json=body, headers=headers,
            )  # fmt: skip
            if "id" in answer.body:
                shift.id = str(answer.body["id"])
            return answer

        return self._said(operation, self._tried(operation, attempt), human)

    def _move_shift(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        shift = self._some_shift(human)
        if shift is None:
            return "no shift"
        day = operation.values["day"]

        def attempt() -> Answer:
            tries = begin([(shift.day, day)])
            return self._send(
                operation, tenant, "PATCH", "scheduling", f"/v1/shifts/{shift.id}", tries,
                json=_hours(day),
            )  # fmt: skip

        return self._said(operation, self._tried(operation, attempt), human)

    def _drop_shift(self, operation: Operation, tenant: Tenant, human: Human) -> str:
        shift = self._some_shift(human)
        if shift is None:
            return "no shift"

        def attempt() -> Answer:
            tries = begin([(shift.gone, True)])
            return self._send(
                operation, tenant, "DELETE", "scheduling", f"/v1/shifts/{shift.id}", tries
            )

        return self._said(operation, self._tried(operation, attempt), human)

    @staticmethod
    def _some_shift(human: Human) -> Shift | None:
        return next((one for one in reversed(list(human.shifts)) if one.id), None)

    # Roles

    def _create_role(self, operation: Operation, tenant: Tenant) -> str:
        role = Role(operation.number, operation.tenant)
        self._model.add_role(role)
        body = {"name": f"Role {operation.number}", "category": "other", "description": "new"}
        headers = {"Idempotency-Key": str(uuid.UUID(int=operation.number + 1))}

        def attempt() -> Answer:
            tries = begin([(role.existence, True), (role.description, "new")])
            answer = self._send(
                operation, tenant, "POST", "accounts", "/v1/roles", tries,
                json=body, headers=headers,
            )  # fmt: skip
            if "id" in answer.body:
                role.id = str(answer.body["id"])
            return answer

        return self._said(operation, self._tried(operation, attempt))

    def _edit_role(self, operation: Operation, tenant: Tenant) -> str:
        role = self._model.some_role(operation.tenant, operation.number)
        if role is None:
            return "no role"
        text = f"edited by {operation.number}"

        def attempt() -> Answer:
            tries = begin([(role.description, text)])
            return self._send(
                operation, tenant, "PATCH", "accounts", f"/v1/roles/{role.id}", tries,
                json={"description": text},
            )  # fmt: skip

        return self._said(operation, self._tried(operation, attempt))

    # All of them

    def _send(
        self,
        operation: Operation,
        tenant: Tenant,
        method: str,
        service: str,
        path: str,
        tries: Sequence[Write],
        **options: Any,
    ) -> Answer:
        if operation.waits:
            options["headers"] = {**options.get("headers", {}), "Prefer": _WAIT}
        answer = tenant.send(method, service, path, **options)
        for one in tries:
            one.settle(answer.outcome, time.monotonic())
        if "Idempotency-Key" in options.get("headers", {}):
            self._join_with_earlier(answer, tries)
        if answer.status == 401 or answer.code == "step_up_needed":
            tenant.token(fresh=True)
        return answer

    def _join_with_earlier(self, answer: Answer, tries: Sequence[Write]) -> None:
        """All tries with one key are one write: it took effect with any of them."""
        if answer.outcome in ("done", "accepted"):
            for earlier in self._same_key:
                for before, now in zip(earlier, tries, strict=True):
                    now.began = min(now.began, before.began)
                    before.settle("refused", now.began)
        self._same_key.append(tries)

    def _tried(self, operation: Operation, attempt: Callable[[], Answer]) -> Answer:
        """The first answer that settles it; for who does not insist, the first of all."""
        answer = Answer(0, {})
        for _ in patiently():
            answer = attempt()
            again = answer.status in (401, 429) or answer.code == "step_up_needed"
            if not again and (answer.outcome != "unknown" or not operation.insists):
                break
        return answer

    def _said(self, operation: Operation, answer: Answer, human: Human | None = None) -> str:
        said = f"{answer.status} {answer.code}".strip()
        if human is not None and answer.outcome == "done" and operation.kind != "discard":
            human.was_confirmed(time.monotonic())
        if answer.status == 500:
            self._model.fault(f"{operation}: {answer.status} {answer.body}")
        is_missing = answer.status == 404 and human is not None
        if answer.outcome == "refused" and not is_missing:
            allowed = _MAY_REFUSE[operation.kind]
            if answer.code not in allowed and answer.status not in (401, 429):
                self._model.fault(f"{operation}: refused with {said}: {answer.body}")
        return said

    def _check_taken(self, operation: Operation, human: Human, email: str, began: float) -> None:
        now = time.monotonic()
        if not self._model.may_hold(email, operation.tenant, human, began, now):
            self._model.fault(f"{operation}: {email} was refused as taken, but nobody had it")


def _is_kept_refused(answer: Answer) -> bool:
    """Whether accounts refused it, and it stands all the same, to be corrected and sent again."""
    return answer.outcome == "refused" and "id" in answer.body


def mailbox(number: int) -> str:
    return f"box{number}@storm.example"


def day_of(start: str) -> int:
    return (datetime.fromisoformat(start) - FIRST_DAY).days


def _hours(day: int) -> dict[str, str]:
    start = FIRST_DAY + timedelta(days=day)
    return {"start": start.isoformat(), "end": (start + timedelta(hours=8)).isoformat()}
