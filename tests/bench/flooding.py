"""``python -m tests.bench.flooding URL TOKEN CONNECTIONS SECONDS``: asks as fast as it can, whatever
is answered, and prints how often each status was. A process of its own, so that who measures
does not share its interpreter with the load."""

from __future__ import annotations

import http.client
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

PATH = "/v1/users?limit=50"


def main() -> None:
    url, token, connections, seconds = sys.argv[1:]
    parts = urlsplit(url)
    deadline = time.perf_counter() + float(seconds)
    counts: Counter[int] = Counter()

    def ask() -> None:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        while time.perf_counter() < deadline:
            connection.request("GET", PATH, headers={"Authorization": f"Bearer {token}"})
            response = connection.getresponse()
            response.read()
            counts[response.status] += 1

    threads = [threading.Thread(target=ask) for _ in range(int(connections))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(dict(counts))


if __name__ == "__main__":
    main()
