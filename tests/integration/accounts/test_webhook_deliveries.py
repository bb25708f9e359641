"""What is sent to webhooks: signed, retried, logged; to receivers that fail, are slow, or lead
elsewhere. The receivers are real."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY

from staffroll import clock
from staffroll.bus.topology import WEBHOOKS
from staffroll.events import Event
from staffroll.ids import new_id
from staffroll.service import Chore
from staffroll_accounts.actions.deliveries import backlog
from staffroll_accounts.domain.deliveries import BODY_KEPT_FOR
from staffroll_accounts.domain.webhook_urls import Reach
from staffroll_accounts.here import waiting_deliveries_of
from staffroll_accounts.webhooks.chores import chores, looking_after, sending, telling
from staffroll_accounts.webhooks.lanes import LANES_OF_WEBHOOK, Lanes
from staffroll_accounts.webhooks.sending import Sender, look_up
from tests.support.accounts import Accounts, Tenant, environ_of
from tests.support.apart import free_ports
from tests.support.receiver import Received, Receiver, hang_up, receiver, status
from tests.support.smtp import Certificate
from tests.support.waiting import eventually

HERE = Reach.read("127.0.0.0/8")
HEADERS = {"webhook-id": "m1"}


@pytest.fixture(scope="module")
def accounts(mongodb_uri: str, prefix: str) -> Iterator[Accounts]:
    """Accounts whose webhooks may lead to this machine."""
    environ = environ_of(mongodb_uri, prefix, webhook_networks="127.0.0.0/8", webhook_waiting_max=3)
    running = Accounts(environ)
    yield running
    running.close()


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


@pytest.fixture
def lanes(accounts: Accounts) -> Iterator[Lanes]:
    running = sending(accounts.runtime)
    yield running
    running.close()
    accounts.runtime.platform["webhook_deliveries"].delete_many({})
    accounts.runtime.platform["webhooks"].delete_many({})


@pytest.fixture
def hook(tenant: Tenant, there: Receiver) -> Hook:
    return Hook(tenant, there.url())


class Hook:
    """A webhook of a tenant, and what its admin sees of it."""

    def __init__(self, tenant: Tenant, url: str, *events: str) -> None:
        made = tenant.post("/v1/webhooks", {"url": url, "events": list(events) or ["*"]})
        assert made.status_code == 201, made.text
        self.tenant = tenant
        self.id: str = made.json["id"]
        self.secret: str = made.json["secret"]
        self.path = f"/v1/webhooks/{self.id}"

    @property
    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = self.tenant.get(self.path).json
        return found

    def log(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.tenant.get(f"{self.path}/deliveries{query}").json[
            "items"
        ]
        return found

    def change(self, **fields: Any) -> None:
        """Let it be as it would be after days."""
        webhooks = self.tenant.accounts.runtime.platform["webhooks"]
        webhooks.update_one({"_id": self.id}, {"$set": fields})


def an_event(tenant: Tenant, event_type: str = "user.updated", **changes: Any) -> Event:
    known: dict[str, Any] = {
        "source": "accounts",
        "tenant_id": tenant.id,
        "subject": new_id(),
        "sequence": 1,
        "data": {"status": "active", "last_name": "Müller"},
    }
    return Event(type=event_type, **{**known, **changes})


def say(tenant: Tenant, *events: Event) -> None:
    """Let it be heard as if it came from the bus."""
    hear = chore(tenant.accounts, "hearing for webhooks").run.__self__.hear  # type: ignore[attr-defined]
    for event in events:
        hear(event)


def chore(accounts: Accounts, name: str) -> Chore:
    return next(one for one in chores(accounts.runtime) if one.name == name)


def send(lanes: Lanes) -> None:
    """Send all that is due now, and wait for the end of it."""
    lanes.run()
    eventually(lanes.is_idle, 15)


def make_due(accounts: Accounts) -> None:
    """Let the next try of everything be now."""
    accounts.runtime.platform["webhook_deliveries"].update_many(
        {"due_at": {"$exists": True}}, {"$set": {"due_at": clock.now()}}
    )


def counted(outcome: str) -> float:
    """How many tries ended so in this process."""
    return (
        REGISTRY.get_sample_value("staffroll_webhook_deliveries_total", {"outcome": outcome}) or 0
    )


def signature(secret: str, one: Received) -> str:
    """As a receiver computes it, by nothing but Standard Webhooks."""
    key = b64decode(secret.removeprefix("whsec_"))
    signed = f"{one.id}.{one.headers['webhook-timestamp']}.".encode() + one.body
    return "v1," + b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


# What arrives


def test_an_event_arrives_signed_and_exactly_as_it_was_said(
    tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    event = an_event(tenant)

    say(tenant, event)
    send(lanes)

    (one,) = there.received
    assert one.body.decode() == event.to_json()
    assert one.id == event.id
    assert one.headers["webhook-signature"] == signature(hook.secret, one)
    assert abs(int(one.headers["webhook-timestamp"]) - time.time()) < 30
    assert one.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert one.headers["host"] == f"127.0.0.1:{there.port}"
    (entry,) = hook.log()
    assert (entry["status"], entry["event_id"], entry["type"]) == (
        "delivered", event.id, "user.updated",
    )  # fmt: skip
    assert [(a["status"], a["error"]) for a in entry["attempts"]] == [(204, None)]


def test_while_a_secret_is_replaced_both_sign(
    tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    newer = tenant.post(f"{hook.path}/secret").json["secret"]

    say(tenant, an_event(tenant))
    send(lanes)

    (one,) = there.received
    assert one.headers["webhook-signature"].split() == [
        signature(newer, one), signature(hook.secret, one),
    ]  # fmt: skip


def test_each_webhook_gets_what_it_wants_once_however_often_it_is_heard(
    tenant: Tenant, there: Receiver, lanes: Lanes
) -> None:
    Hook(tenant, there.url("/users"), "user.*")
    Hook(tenant, there.url("/roles"), "role.updated")
    off = Hook(tenant, there.url("/off"), "*")
    tenant.patch(off.path, {"is_enabled": False})
    user, role, other = (an_event(tenant, name) for name in ("user.locked", "role.updated", "role.deleted"))  # fmt: skip

    say(tenant, user, role, user, other)
    send(lanes)
    say(tenant, user)
    send(lanes)

    assert sorted((one.path, one.id) for one in there.received) == [
        ("/roles", role.id), ("/users", user.id),
    ]  # fmt: skip


def test_what_is_told_again_or_is_not_for_outside_is_not_sent(
    tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    stranger = tenant.accounts.tenant()
    say(
        tenant,
        an_event(tenant, replay=True),
        *(
            an_event(tenant, name)
            for name in ("tenant.updated", "keys.updated", "request.rejected")
        ),
        an_event(stranger),
    )
    send(lanes)

    assert there.received == []
    assert hook.log() == []


def test_a_test_event_is_sent_once_also_to_a_webhook_that_is_disabled(
    tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    tenant.patch(hook.path, {"is_enabled": False})
    there.usual = status(500)

    asked = tenant.post(f"{hook.path}/test")
    assert (asked.status_code, asked.json["status"]) == (202, "waiting")
    send(lanes)

    (one,) = there.received
    assert json.loads(one.body)["type"] == "webhook.test"
    assert one.headers["webhook-signature"] == signature(hook.secret, one)
    assert [(e["status"], e["failure"]) for e in hook.log()] == [("failed", "out_of_tries")]
    assert hook.shown["failing_since"] is None


# Receivers that fail


def test_a_receiver_that_fails_is_tried_again_under_the_same_id_until_it_recovers(
    accounts: Accounts, tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    there.answers = [status(500), hang_up, status(302, Location="/elsewhere")]
    event = an_event(tenant)
    say(tenant, event)
    before = {name: counted(name) for name in ("delivered", "retried")}

    for _ in range(5):
        send(lanes)
        make_due(accounts)

    assert there.ids == [event.id] * 4
    assert {one.path for one in there.received} == {"/hook"}
    (entry,) = hook.log("?status=delivered")
    assert [(a["status"], a["error"]) for a in entry["attempts"]] == [
        (500, None), (None, "no_answer"), (302, None), (204, None),
    ]  # fmt: skip
    assert {name: counted(name) - known for name, known in before.items()} == {
        "delivered": 1, "retried": 3,
    }  # fmt: skip
    assert hook.shown["failing_since"] is None


def test_the_next_try_is_not_at_once_and_the_log_says_when(
    tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    there.usual = status(503)
    say(tenant, an_event(tenant))

    send(lanes)
    send(lanes)

    assert len(there.received) == 1
    (entry,) = hook.log("?status=waiting")
    assert entry["next_try_at"] > entry["attempts"][0]["at"]
    assert hook.shown["failing_since"] == entry["attempts"][0]["at"]


def test_a_receiver_that_asks_for_time_gets_it(
    tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    there.usual = status(429, **{"Retry-After": "600"})
    say(tenant, an_event(tenant))

    send(lanes)

    (entry,) = hook.log("?status=waiting")
    first, again = (
        datetime.fromisoformat(at) for at in (entry["attempts"][0]["at"], entry["next_try_at"])
    )
    assert timedelta(minutes=10) <= again - first <= timedelta(minutes=11)


def test_after_about_a_day_it_is_given_up_and_can_be_sent_again(
    accounts: Accounts, tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    there.usual = status(500)
    event = an_event(tenant)
    say(tenant, event)
    for _ in range(9):
        send(lanes)
        make_due(accounts)
    assert len(there.received) == 8
    (entry,) = hook.log("?status=failed")
    assert (entry["failure"], entry["next_try_at"]) == ("out_of_tries", None)

    there.usual = status(200)
    again = tenant.post(f"{hook.path}/deliveries/{entry['id']}/redeliver")
    assert (again.status_code, again.json["status"]) == (202, "waiting")
    send(lanes)

    assert there.ids == [event.id] * 9
    (entry,) = hook.log()
    assert (entry["status"], len(entry["attempts"])) == ("delivered", 9)


def test_what_arrived_can_be_sent_again_while_it_is_kept(
    accounts: Accounts, tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    say(tenant, an_event(tenant))
    send(lanes)
    again = f"{hook.path}/deliveries/{hook.log()[0]['id']}/redeliver"
    assert tenant.post(again).status_code == 202
    send(lanes)
    assert len(set(there.ids)) == 1
    assert there.received[0].body == there.received[1].body

    accounts.runtime.platform["webhook_deliveries"].update_many(
        {}, {"$set": {"body_until": clock.now()}}
    )
    looking_after(accounts.runtime)()

    refused = tenant.post(again)
    assert (refused.status_code, refused.json["code"]) == (409, "delivery_not_kept")
    assert hook.log()[0]["status"] == "delivered"
    assert timedelta(days=3) == BODY_KEPT_FOR


def test_to_a_webhook_that_is_disabled_nothing_is_sent_nor_sent_again(
    accounts: Accounts, tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    there.usual = status(500)
    say(tenant, an_event(tenant), an_event(tenant))
    send(lanes)
    tenant.patch(hook.path, {"is_enabled": False})
    make_due(accounts)
    say(tenant, an_event(tenant))
    send(lanes)

    assert len(there.received) == 2
    entries = hook.log()
    assert [(e["status"], e["failure"]) for e in entries] == [("failed", "disabled")] * 2
    again = tenant.post(f"{hook.path}/deliveries/{entries[0]['id']}/redeliver")
    assert (again.status_code, again.json["code"]) == (409, "webhook_disabled")


def test_a_receiver_that_is_gone_for_good_is_not_asked_again(
    accounts: Accounts, tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    there.usual = status(410)
    say(tenant, an_event(tenant))

    send(lanes)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: telling(accounts.runtime).run(), range(2)))
    telling(accounts.runtime).run()

    assert hook.shown["disabled_reason"] == "gone"
    assert [entry["failure"] for entry in hook.log()] == ["gone"]
    assert len(tenant.document(tenant.admin_id)["mails"]) == 1


def test_a_webhook_that_failed_for_days_is_disabled_and_the_admins_are_told(
    accounts: Accounts, tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    there.usual = status(500)
    hook.change(failing_since=clock.now() - timedelta(days=4))
    say(tenant, an_event(tenant))
    send(lanes)
    assert hook.shown["is_enabled"]
    hook.change(failing_since=clock.now() - timedelta(days=5))
    make_due(accounts)

    send(lanes)
    telling(accounts.runtime).run()

    assert (hook.shown["is_enabled"], hook.shown["disabled_reason"]) == (False, "failing")
    assert [entry["failure"] for entry in hook.log()] == ["disabled"]
    assert len(tenant.document(tenant.admin_id)["mails"]) == 1
    enabled = tenant.patch(hook.path, {"is_enabled": True}).json
    assert (enabled["is_enabled"], enabled["failing_since"]) == (True, None)


def test_a_failing_webhook_for_which_too_much_waits_is_disabled_a_slow_one_later(
    accounts: Accounts, tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    look_after = looking_after(accounts.runtime)
    say(tenant, *(an_event(tenant) for _ in range(4)))
    look_after()
    assert hook.shown["is_enabled"]
    assert [backlog(accounts.scope(tenant.id), most) for most in (3, 9)] == [3, 4]
    hook.change(failing_since=clock.now())
    assert backlog(accounts.scope(tenant.id), 9) == 0

    look_after()
    send(lanes)

    assert hook.shown["disabled_reason"] == "too_many_waiting"
    assert there.received == []
    assert {entry["failure"] for entry in hook.log()} == {"disabled"}


def test_a_suspended_tenants_webhooks_wait(
    accounts: Accounts, tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    say(tenant, an_event(tenant))
    accounts.runtime.platform["tenants"].update_one(
        {"_id": tenant.id}, {"$set": {"status": "suspended"}}
    )
    send(lanes)
    assert there.received == []
    accounts.runtime.platform["tenants"].update_one(
        {"_id": tenant.id}, {"$set": {"status": "active"}}
    )
    make_due(accounts)

    send(lanes)

    assert len(there.received) == 1
    assert len(hook.log()[0]["attempts"]) == 1


def test_what_waits_for_a_webhook_that_was_deleted_is_forgotten(
    accounts: Accounts, tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    say(tenant, an_event(tenant))
    accounts.runtime.platform["webhooks"].delete_one({"_id": hook.id})

    send(lanes)

    assert there.received == []
    assert accounts.dump_whole("webhook_deliveries") == []


# Receivers that are slow


def test_a_slow_receiver_delays_no_other(tenant: Tenant, there: Receiver, lanes: Lanes) -> None:
    done, begun = threading.Event(), []

    def wait(request: BaseHTTPRequestHandler) -> None:
        begun.append(request)
        done.wait(10)
        status(204)(request)

    try:
        with receiver() as slow:
            slow.usual = wait
            Hook(tenant, slow.url(), "user.*")
            Hook(tenant, there.url(), "role.*")
            say(tenant, *(an_event(tenant) for _ in range(20)))
            for _ in range(LANES_OF_WEBHOOK + 3):
                lanes.run()
            eventually(lambda: len(begun) == LANES_OF_WEBHOOK)

            say(tenant, *(an_event(tenant, "role.updated") for _ in range(5)))
            lanes.run()

            eventually(lambda: len(there.received) == 5)
            assert len(begun) == LANES_OF_WEBHOOK
            done.set()
            eventually(lanes.is_idle, 15)
            assert len(set(slow.ids)) == len(slow.ids) == 20
    finally:
        done.set()


def test_two_processes_send_each_once(
    accounts: Accounts, tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    other = sending(accounts.runtime)
    say(tenant, *(an_event(tenant) for _ in range(20)))

    for _ in range(3):
        other.run()
        lanes.run()
    eventually(lambda: lanes.is_idle() and other.is_idle(), 15)

    assert len(there.received) == len(set(there.ids)) == 20


def test_what_a_dead_process_had_in_hand_is_sent_by_another(
    accounts: Accounts, tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    say(tenant, an_event(tenant))
    waiting = waiting_deliveries_of(accounts.runtime)
    dead = waiting.claim(tenant.id, hook.id, clock.now())
    assert dead
    send(lanes)
    assert there.received == []

    make_due(accounts)
    send(lanes)

    assert len(there.received) == 1
    assert not accounts.scope(tenant.id).store.deliveries.settle(dead, dead)
    assert hook.log()[0]["status"] == "delivered"


# People who are deleted


def test_r62_what_the_log_has_of_a_deleted_user_goes_but_for_their_deletion(
    accounts: Accounts, tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    user = tenant.create()["id"]
    colleague = an_event(tenant)
    about = [
        an_event(tenant, "user.updated", subject=user),
        an_event(tenant, "person.updated", subject=user),
    ]
    say(tenant, *about, colleague)
    send(lanes)
    there.usual = status(500)
    say(tenant, an_event(tenant, "employee.updated", subject=user))
    send(lanes)

    path = f"/v1/users/{user}?confirm={user}"
    assert tenant._send("DELETE", path, {}).status_code == 204
    there.received.clear()
    there.usual = status(204)
    make_due(accounts)
    deleted = an_event(tenant, "user.deleted", subject=user, data={"status": "deleted"})
    say(tenant, about[0], an_event(tenant, "user.locked", subject=user), deleted)
    send(lanes)

    assert there.ids == [deleted.id]
    assert {entry["event_id"] for entry in hook.log()} == {deleted.id, colleague.id}
    assert [
        one["type"] for one in accounts.dump_whole("webhook_deliveries") if one["subject"] == user
    ] == ["user.deleted"]


# Where nothing may be sent


def refused_by(sender: Sender, url: str) -> str | None:
    attempt = sender.post(url, HEADERS, b"{}")
    assert attempt.status is None
    return attempt.error


def test_a_redirect_to_a_private_address_is_a_failure_and_never_followed(there: Receiver) -> None:
    with receiver() as inside:
        for code in (301, 302, 303, 307, 308):
            there.answers = [status(code, Location=inside.url("/admin"))]

            attempt = Sender(HERE, tls()).post(there.url(), HEADERS, b"{}")

            assert (attempt.status, attempt.has_arrived) == (code, False)
        assert inside.received == []
    assert len(there.received) == 5


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["93.184.216.34", "127.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%eth0"],
        ["::1"],
    ],
)
def test_a_name_that_leads_inside_is_not_reached_not_even_in_part(
    there: Receiver, addresses: list[str]
) -> None:
    sender = Sender(Reach(), tls(), resolve=lambda host, port: addresses)

    assert refused_by(sender, there.url(host="hooks.example", scheme="https")) == "address_refused"
    assert there.received == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "[::ffff:7f00:1]"])
def test_this_machine_is_not_reached_under_any_name(there: Receiver, host: str) -> None:
    refused = refused_by(Sender(Reach(), tls()), there.url(host=host, scheme="https"))

    assert refused in ("address_refused", "url_refused")


def test_the_name_is_looked_up_once_and_what_was_checked_is_reached(there: Receiver) -> None:
    asked: list[tuple[str, int]] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    attempt = Sender(HERE, tls(), resolve=rebinding).post(
        there.url("/a?b=c", host="hooks.example"), HEADERS, b"{}"
    )

    assert attempt.status == 204
    assert asked == [("hooks.example", there.port)]
    assert there.received[0].path == "/a?b=c"
    assert there.received[0].headers["host"] == f"hooks.example:{there.port}"


def test_proxies_of_the_environment_are_not_used(
    there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiver() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))

        assert Sender(HERE, tls()).post(there.url(), HEADERS, b"{}").status == 204

        assert proxy.received == []


def test_what_cannot_be_reached_says_why(there: Receiver) -> None:
    (closed,) = free_ports(1)
    sender = Sender(HERE, tls())

    assert refused_by(sender, f"http://127.0.0.1:{closed}/") == "connection_failed"
    assert refused_by(sender, there.url(scheme="https")) == "tls_failed"
    assert refused_by(sender, "ftp://127.0.0.1/") == "url_refused"
    unknown = Sender(HERE, tls(), resolve=lambda host, port: look_up("x.invalid", port))
    assert refused_by(unknown, there.url(host="x.invalid")) == "name_not_found"


@pytest.mark.parametrize("part", ["nothing", "status", "header"])
def test_who_answers_drop_by_drop_is_cut_off_at_the_deadline(there: Receiver, part: str) -> None:
    over = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        begin = {"nothing": b"", "status": b"HTTP/1.1 2", "header": b"HTTP/1.1 200 OK\r\nX: "}
        request.wfile.write(begin[part])
        while part != "nothing" and not over.wait(0.02):
            request.wfile.write(b"0")
        over.wait(5)

    there.usual = drip
    began = time.monotonic()
    try:
        attempt = Sender(HERE, tls(), deadline_seconds=0.4).post(there.url(), HEADERS, b"{}")
    finally:
        over.set()

    assert (attempt.status, attempt.error) == (None, "timeout")
    assert time.monotonic() - began < 3
    assert 390 <= attempt.milliseconds < 3000


def test_a_body_without_end_is_not_read_to_its_end(there: Receiver) -> None:
    def flood(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            request.wfile.write(b"x" * 65536)

    there.usual = flood
    began = time.monotonic()

    attempt = Sender(HERE, tls(), deadline_seconds=5).post(there.url(), HEADERS, b"{}")

    assert attempt.status == 200
    assert time.monotonic() - began < 3


# Encrypted


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("tls"))


def tls(ca_file: Path | None = None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


def test_certificates_are_verified_by_the_name_in_the_url(certificate: Certificate) -> None:
    with receiver(certificate.context) as there:
        trusting = Sender(HERE, tls(certificate.path), resolve=lambda host, port: ["127.0.0.1"])
        right = there.url(scheme="https")
        wrong = there.url(scheme="https", host="hooks.example")

        assert trusting.post(right, HEADERS, b"{}").status == 204
        assert refused_by(trusting, wrong) == "tls_failed"
        assert refused_by(Sender(HERE, tls()), right) == "tls_failed"

        assert len(there.received) == 1
        assert there.tls_names[1] == "hooks.example"


def test_a_handshake_that_does_not_end_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        began = time.monotonic()

        assert refused_by(Sender(HERE, tls(), deadline_seconds=0.4), url) == "timeout"

        assert time.monotonic() - began < 3


@pytest.mark.parametrize("said", [b"", b"220 mail.example ESMTP\r\n"])
def test_who_hangs_up_before_the_handshake_is_no_receiver(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            connection, _ = server.accept()
            connection.sendall(said)
            connection.close()

        thread = threading.Thread(target=take)
        thread.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"

        assert refused_by(Sender(HERE, tls(), deadline_seconds=5), url) in (
            "tls_failed", "no_answer",
        )  # fmt: skip

        thread.join()


# Over the bus, whole


def test_what_happens_is_heard_for_tenants_that_have_a_webhook_and_for_no_other(
    accounts: Accounts, tenant: Tenant, there: Receiver, hook: Hook, lanes: Lanes
) -> None:
    broker = accounts.runtime.broker
    stranger = accounts.tenant()
    hearing = chore(accounts, "hearing for webhooks")
    with structlog.testing.capture_logs() as logs:
        hearing.run()
        try:
            stranger.create()
            user = tenant.create(last_name="Mustermann")

            eventually(lambda: hook.log())
            send(lanes)
        finally:
            hearing.close()

    said = json.loads(there.received[0].body)
    assert (said["type"], said["subject"]) == ("user.created", user["id"])
    assert {one["tenant_id"] for one in accounts.dump_whole("webhook_deliveries")} == {tenant.id}
    assert broker.waiting(WEBHOOKS) == 0
    for secret in ("Mustermann", hook.secret, "/hook"):
        assert secret not in str(logs)


def test_who_has_no_webhook_any_more_is_not_heard_any_more(
    accounts: Accounts, tenant: Tenant, hook: Hook, lanes: Lanes
) -> None:
    running = {one.name: one for one in chores(accounts.runtime)}
    hearing, binding = running["hearing for webhooks"], running["binding webhooks"]
    queues = accounts.runtime.broker._database["queues"]  # type: ignore[attr-defined]

    def is_bound() -> bool:
        return f"{tenant.id}.#" in queues.find_one({"_id": WEBHOOKS})["patterns"]

    binding.run()
    assert is_bound()
    tenant._send("DELETE", hook.path, {})
    hearing.run()
    try:
        tenant.create()

        def is_let_go() -> bool:
            binding.run()
            return not is_bound()

        eventually(is_let_go)
    finally:
        hearing.close()
    Hook(tenant, "https://hooks.example.org/")
    assert is_bound()
