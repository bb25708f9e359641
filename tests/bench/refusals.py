"""Whether time tells a stranger why a sign-in was refused (R22)."""

from __future__ import annotations

import itertools
import random
import time
from typing import TYPE_CHECKING

from staffroll import clock
from tests.bench.figures import Report, percentile
from tests.support.apart import PASSWORD

if TYPE_CHECKING:
    from tests.bench.sign_in import Crowd

EACH = 250
_WRONG = "wrong horse battery"


def measure(report: Report, crowd: Crowd) -> None:
    """One client asks for all kinds in random order, so that what the machine does meanwhile
    falls on all alike."""
    plenty = EACH // 2
    kinds = {
        "nobody": ([f"nobody-{n}@acme.example" for n in range(EACH)], _WRONG, 401),
        "wrong": (crowd.add(EACH), _WRONG, 401),
        "locked": (crowd.add(plenty, failed_sign_ins=3, locked_at=clock.now()), PASSWORD, 401),
        "deactivated": (crowd.add(plenty, status="deactivated"), PASSWORD, 401),
        "right": (crowd.add(plenty), PASSWORD, 200),
    }
    order = [kind for kind in kinds for _ in range(EACH)]
    random.Random(1).shuffle(order)
    turns = {kind: itertools.cycle(emails) for kind, (emails, _, _) in kinds.items()}
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    connection = crowd.connect()
    for kind in order:
        _, password, expected = kinds[kind]
        email = next(turns[kind])
        began = time.perf_counter()
        status = crowd.sign_in(connection, email, password)
        taken[kind].append(time.perf_counter() - began)
        if status != expected:
            raise AssertionError(f"{kind} was answered {status}")
    report.title("What time tells of a refused sign-in, in random order")
    middle = percentile(taken["wrong"], 0.5)
    for kind, seconds in taken.items():
        shown = "   ".join(
            f"p{share * 100:.0f} {1000 * percentile(seconds, share):7.2f}"
            for share in (0.25, 0.5, 0.75, 0.9, 0.99)
        )
        ratio = percentile(seconds, 0.5) / middle
        report.fact(f"{kind:<14} {shown} ms   median / wrong's {ratio:.3f}")
