"""What a following service hears: users, refusals, tenants, roles, keys, and who asks again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from operator import itemgetter
from typing import Any, Final

from staffroll import clock, deleting, records
from staffroll.bootstrap import tell_all
from staffroll.bus.applying import Reject
from staffroll.directory import FOLLOWED, Directory
from staffroll.errors import Conflict, OutboxFull, Stale, Unavailable
from staffroll.events import USER_EVENTS, Event, SnapshotWish, payload_of
from staffroll.following.actions import TRIES
from staffroll.following.here import Following
from staffroll.mongo import Document
from staffroll.mongo.erasing import Due
from staffroll.mongo.records import RecordExists
from staffroll.open_tenants import unless_deleted
from staffroll.records import Decision, Record
from staffroll.rounds import Rounds

Handler = Callable[[Event, Following[Any]], None]
Decide = Callable[[Record[Any] | None, int], Decision[Any] | None]

_AT_ONCE: Final = 200


def make_handler(
    here: Following[Any], further: Mapping[str, Callable[[Event], None]] | None = None
) -> Callable[[Event], None]:
    """What applies one message of the service's queues; unknown types are ignored.

    Args:
        further: What the place hears besides, by type.
    """
    others = further or {}

    def handle(event: Event) -> None:
        if event.type in others:
            others[event.type](event)
        elif event.type in HANDLERS:
            HANDLERS[event.type](event, here)

    return unless_deleted(handle, Directory(here.runtime.platform).tenant_status)


def _on_directory(event: Event, here: Following[Any]) -> None:
    Directory(here.runtime.platform).follow(event)


def _on_user(event: Event, here: Following[Any]) -> None:
    user = payload_of(event)
    cause = here.cause(event.tenant_id, clock.now(), event)
    _change(
        event,
        here,
        lambda record, nth: records.hear_user(record, event, user, here.place, cause, nth),
        is_new=event.type == "user.created" and user.created_in != here.place.name,
    )


def _on_rejected(event: Event, here: Following[Any]) -> None:
    rejection = payload_of(event)
    _change(
        event,
        here,
        lambda record, _: records.hear_refusal(record, event.request_id, rejection),
    )


def _on_snapshot_requested(event: Event, here: Following[Any]) -> None:
    wish = payload_of(event)
    tell_all(here.runtime, wish, snapshot(here, wish))


HANDLERS: Final[Mapping[str, Handler]] = {
    **dict.fromkeys(FOLLOWED, _on_directory),
    **dict.fromkeys(USER_EVENTS, _on_user),
    "request.rejected": _on_rejected,
    "snapshot.requested": _on_snapshot_requested,
}


def snapshot(here: Following[Any], wish: SnapshotWish) -> Iterator[Event]:
    """The state of all records that were ever told of, marked as told again."""
    known = Directory(here.runtime.platform).tenant_ids()
    for tenant_id in known if wish.tenant_id is None else [wish.tenant_id]:
        cause = here.cause(tenant_id, clock.now())
        for record in here.store(tenant_id).records.each_told(wish.subjects):
            yield records.told_again(record, here.place, cause)


def send_due_again(here: Following[Any]) -> Rounds[Document]:
    """Sends wishes again that accounts has not answered in time.

    Safe in many processes: each record is written on the revision that was read. What
    still waits in an outbox is left to the outbox.
    """

    def find(without: Collection[str]) -> Iterable[Document]:
        where = {
            "due_at": {"$lte": clock.now()},
            "outbox.0": {"$exists": False},
            "_id": {"$nin": list(without)},
        }
        due = here.runtime.platform[here.form.collection].find(where, {"tenant_id": 1})
        return due.hint("due").limit(_AT_ONCE)

    def send(due: Document) -> None:
        tenant_id, now = due["tenant_id"], clock.now()
        store = here.store(tenant_id).records
        record = store.find(due["_id"])
        if record is None:
            return
        decision = records.send_again(record, here.cause(tenant_id, now))
        if decision is not None:
            store.save(record, decision, now)

    return Rounds(find, itemgetter("_id"), send, "wish_not_sent", (Stale, OutboxFull))


def say_erased(due: Due, here: Following[Any]) -> None:
    """Give the receipt for a deleted user of whom nothing is left here (R62)."""
    now = clock.now()
    store = here.store(due.tenant_id).records
    record = store.find(due.user_id)
    if record is not None and record.erasing_since is not None:
        decision = deleting.erased(record, here.place, here.cause(due.tenant_id, now))
        with suppress(Stale):
            store.save(record, decision, now)


def _change(event: Event, here: Following[Any], decide: Decide, *, is_new: bool = False) -> None:
    """Decide on the newest record and keep that, anew as often as somebody was quicker.

    Args:
        is_new: There is most likely no record yet, so that none is looked for at first.
    Raises:
        Reject: The id is taken by a record that is not this tenant's, now and for ever.
    """
    store = here.store(event.tenant_id).records
    for nth in range(TRIES):
        record = None if is_new and nth == 0 else store.find(event.subject)
        decision = decide(record, nth)
        if decision is None:
            return
        # A conflict: the generated value is taken, so the next round takes another.
        with suppress(Stale, Conflict):
            try:
                store.keep(record, decision, clock.now())
            except RecordExists:
                if store.find(event.subject) is None:
                    raise Reject("another tenant has this id") from None
                continue
            return
    raise Unavailable
