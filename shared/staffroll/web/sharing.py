"""The threads of a web worker, shared by tenants: none has all of them (F13)."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, current_app, g

from staffroll import fair_queue
from staffroll.fair_queue import FairQueue, TooManyAtOnce

THREADS_EACH: Final = 4
"""Threads for each request that is worked on: the others hold requests that wait for their turn,
answer who is refused, and serve what belongs to no tenant."""

_EXTENSION: Final = "staffroll.fair_queue"
_LEFT_FOR_OTHERS: Final = 4
"""Of so many that are worked on at once, one is never of a tenant that has all the rest."""


def queue_for(at_once: int) -> FairQueue:
    """For a worker with `THREADS_EACH` × `at_once` threads."""
    per_tenant = max(1, at_once - max(1, at_once // _LEFT_FOR_OTHERS))
    return FairQueue(at_once, per_tenant, waiting=at_once)


def install(app: Flask, queue: FairQueue) -> None:
    """From now on, requests of the app's tenants wait for their turn."""
    app.extensions[_EXTENSION] = queue

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        fair_queue.leave()

    def keep(response: Response) -> Response:
        if "works_while_sending" in g and response.is_streamed:
            response.call_on_close(fair_queue.leave_later())
        return response

    # As the last of all: what fails after it would lose the response, and the turn with it.
    app.after_request_funcs.setdefault(None, []).insert(0, keep)


def until_sent(response: Response) -> Response:
    """For a body that is made while it is sent: its turn is over when it is, and not before.

    Not for what another thread makes, or what a slow reader may take hours for.
    """
    g.works_while_sending = True
    return response


def wait_for_turn(tenant_id: str) -> None:
    """Wait until the request of this tenant, whose token is verified, may be worked on.

    Does nothing the second time in a request, and in an app that has no queue.

    Raises:
        TooManyAtOnce: See `FairQueue.enter`.
    """
    queue: FairQueue | None = current_app.extensions.get(_EXTENSION)
    if queue is None or "has_turn" in g:
        return
    if "turn_refused" in g:  # an error page asks who reads it
        raise g.turn_refused
    try:
        fair_queue.enter(queue, tenant_id)
    except TooManyAtOnce as error:
        g.turn_refused = error
        raise
    g.has_turn = True
