from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"flask", "werkzeug", "pymongo", "bson", "gunicorn", "apispec"}:
            raise ImportError(name)

sys.meta_path.insert(0, Absent())
import staffroll.bus.amqp
import staffroll.subscribe
import staffroll.subscribe.testing
"""


def test_a_subscriber_needs_neither_web_framework_nor_database() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
