"""SIGTERM, as every rolling upgrade sends it: no request is cut, no message is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from staffroll.local import Mongod
from tests.end_to_end.test_failures import failing, human, is_at_work
from tests.support.apart import Apart
from tests.support.waiting import eventually

SLOW = {"blockConnection": True, "blockTimeMS": 1500}


@pytest.fixture
def stoppable(apart: Apart) -> Apart:
    apart.start_missing()
    return apart


def test_f14_requests_in_hand_are_answered_in_full_before_a_web_process_ends(
    stoppable: Apart, mongod: Mongod
) -> None:
    suite, acme = stoppable, stoppable.tenant()
    server = suite.processes["people", "serve"][0]
    seen = eventually(lambda: acme.get("people", "/v1/people").json()["items"])
    path = f"/v1/people/{seen[0]['id']}"
    with ThreadPoolExecutor(2) as pool, failing(mongod.uri, "people-serve", "update", **SLOW):
        sent = [pool.submit(acme.patch, "people", path, json={"title": "Dr."})]
        eventually(lambda: is_at_work(mongod.uri, "people-serve", "update"))

        server.terminate()
        answers = [one.result(timeout=30) for one in sent]

    assert [answer.status_code for answer in answers] == [200]
    assert answers[0].json()["title"] == "Dr."
    eventually(lambda: not server.is_running, timeout=30)
    assert server.stop() == 0
    with pytest.raises(requests.ConnectionError):
        acme.get("people", path)
    suite.start_missing()
    assert acme.get("people", path).json()["title"] == "Dr."


@pytest.mark.long
def test_f14_a_message_in_hand_is_applied_before_a_consumer_ends_and_the_others_after(
    stoppable: Apart, mongod: Mongod
) -> None:
    suite, acme = stoppable, stoppable.tenant()
    consumer = suite.processes["people", "consume"][0]
    with failing(mongod.uri, "people-consume", "insert", **SLOW):
        ids = [acme.create("accounts", human()).json()["id"] for _ in range(10)]
        eventually(lambda: is_at_work(mongod.uri, "people-consume", "insert"))

        assert consumer.stop() == 0

        applied = suite.database("people")["people"].count_documents({"_id": {"$in": ids}})
        assert applied > 0
    suite.start_missing()
    for id_ in ids:
        eventually(lambda id_=id_: acme.sees("people", id_), timeout=30)
    assert suite.database("people")["people"].count_documents({"_id": {"$in": ids}}) == 10
    assert "people: 0" in suite.command("dead-letters", "list", "--service", "people")
