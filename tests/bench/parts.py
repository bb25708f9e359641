"""The bare parts, without a line of ours: what the machine gives today."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

import pika
from pymongo import MongoClient

from tests.bench.figures import Report, repeated
from tests.bench.load import Connection
from tests.support.apart import free_ports
from tests.support.waiting import eventually

_APP = """
from flask import Flask
app = Flask(__name__)
@app.get("/")
def bare(): return {"ok": True}
"""


def measure(report: Report, mongodb_uri: str, broker_url: str) -> None:
    report.title("The bare parts")
    _mongodb(report, mongodb_uri)
    _rabbitmq(report, broker_url)
    _gunicorn(report)


def _mongodb(report: Report, uri: str) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(uri, w="majority", journal=True)
    collection = client["bench-parts"]["documents"]
    document = {"tenant_id": "acme", "name": "x" * 500, "outbox": [{"body": "y" * 700}]}
    insert = repeated(500, lambda _: collection.insert_one({**document, "_id": str(uuid.uuid4())}))
    report.times("pymongo: insert one, majority, journaled", insert)
    find = repeated(500, lambda _: collection.find_one({"tenant_id": "acme"}))
    report.times("pymongo: find one", find)
    client.drop_database("bench-parts")
    client.close()


def _rabbitmq(report: Report, url: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("bench-parts", durable=True, arguments={"x-queue-type": "quorum"})
    properties = pika.BasicProperties(delivery_mode=2)
    body = b"x" * 1000
    publish = repeated(500, lambda _: channel.basic_publish("", "bench-parts", body, properties))
    report.times("pika: publish 1 kB to a quorum queue, confirmed", publish)
    channel.queue_delete("bench-parts")
    connection.close()


def _gunicorn(report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bare.py").write_text(_APP)
        port = free_ports(1)[0]
        command = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "bare:app"]
        command += ["--worker-class", "gthread", "--threads", "8", "--log-level", "error"]
        command += ["--no-control-socket"]
        server = subprocess.Popen(command, cwd=folder)
        try:
            eventually(lambda: _answers(port), timeout=20)
            connection = Connection(f"http://127.0.0.1:{port}", "")
            report.times(
                "gunicorn gthread: bare JSON route",
                repeated(1000, lambda _: connection.request("GET", "/")),
            )
        finally:
            server.terminate()
            server.wait(10)


def _answers(port: int) -> bool:
    try:
        Connection(f"http://127.0.0.1:{port}", "").request("GET", "/")
    except OSError:
        return False
    return True
