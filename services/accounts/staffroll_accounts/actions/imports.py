"""Importing users from a CSV file (R95): a job that creates them as everyone is created."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any, Final

from staffroll.errors import StaffrollError, Unavailable
from staffroll.idempotency import Once, OnceUsed, created_before
from staffroll.ids import derived_id, new_id
from staffroll.jobs import FileGone, Job, NewJob, Progress, Result
from staffroll.plugins.errors import PluginFailed, PluginMissing
from staffroll.search import email_key
from staffroll_accounts.actions import AccountsScope, users
from staffroll_accounts.actions.house_rules import HouseRules
from staffroll_accounts.domain import imports as rules
from staffroll_accounts.domain import tables
from staffroll_accounts.domain.imports import Known, Line, Verdict
from staffroll_accounts.domain.roles import Role
from staffroll_accounts.domain.users import Decision

PREVIEWED_LINES: Final = 5
LINES_AT_ONCE: Final = 100

CREATED_AT_ONCE: Final = 20
BREATH: Final = 1.0
"""After each of these groups so much of the time that it took is left to others' requests, which
would else find each core and the journal busy all the time (F13)."""

_BREATH_MAX_SECONDS: Final = 0.2
_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sent.

    Attributes:
        dry_run: Look at everything, create nobody.
        invite: Mail whoever is created a link to set their password.
        sent_at: When, of a file that was kept since then; None of one that comes right now.
    """

    data: bytes = field(repr=False)
    dry_run: bool = False
    invite: bool = False
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A job, and how the first lines were read; that is kept nowhere but in the file."""

    job: Job
    preview: Sequence[Line]


def start(upload: Upload, scope: AccountsScope, once: Once | None = None) -> Started:
    """A new job that imports the file; repeated with the same `once`, the one that it created.

    Raises:
        FileUnreadable, ColumnsWrong, NoRows, TooManyRows: See `domain.tables`, `domain.imports`.
        TooManyImports: Of this tenant wait or run already.
        Unavailable: What the key created is being forgotten at this very moment.
    """
    encoding = tables.encoding_of(upload.data)
    read = tables.read(
        tables.lines_of(upload.data, encoding), known=rules.COLUMNS, needed=rules.NEEDED
    )
    lines = rules.lines(*read)
    preview = list(islice(lines, PREVIEWED_LINES))
    if not preview:
        raise rules.NoRows
    if earlier := created_before(once, scope.store.jobs, scope.now):
        return Started(earlier, preview)
    if scope.store.jobs.count_open(rules.KIND) >= rules.OPEN_MAX:
        raise rules.TooManyImports(most=rules.OPEN_MAX)
    job_id = new_id()
    try:
        total, pieces = _keep(job_id, chain(preview, lines), scope)
        request = {
            "dry_run": upload.dry_run,
            "invite": upload.invite,
            "encoding": encoding,
            "separator": read[0].separator,
            "pieces": pieces,
        }
        if upload.sent_at is not None:
            request["sent_at"] = upload.sent_at.isoformat()
        new = NewJob(job_id, rules.KIND, request, total, file="input")
        return Started(scope.store.jobs.insert(new, scope, once), preview)
    except OnceUsed as error:
        scope.store.jobs.files.erase(job_id)
        if earlier := created_before(once, scope.store.jobs, scope.now):
            return Started(earlier, preview)
        raise Unavailable from error
    except StaffrollError:
        scope.store.jobs.files.erase(job_id)
        raise


def _keep(job_id: str, lines: Iterator[Line], scope: AccountsScope) -> tuple[int, int]:
    """How many lines there are, and how many pieces of the file hold them."""
    total = pieces = 0
    while batch := list(islice(lines, LINES_AT_ONCE)):
        text = "\n".join(line.to_json() for line in batch)
        scope.store.jobs.files.write(job_id, pieces, text.encode())
        total, pieces = total + len(batch), pieces + 1
    return total, pieces


def results(job_id: str, outcome: str | None, scope: AccountsScope) -> Iterator[dict[str, Any]]:
    """What became of each line, or of those that ended so. Raises `NotFound` at once."""
    job = scope.store.jobs.get(job_id, rules.KIND)
    return scope.store.jobs.each_result(job.id, outcome=outcome)


def step(job: Job, scope: AccountsScope) -> Progress:
    """Deal with one piece of the file; repeating it changes nothing and tells the same.

    Args:
        scope: Of whoever started the job, with what they may now.
    Raises:
        FileGone: It was erased meanwhile, or somebody who may be in it was deleted between its
            being sent and the job's beginning.
        OutboxFull: Too much waits for the broker.
    """
    piece = job.position.get("piece", 0)
    scope.store.jobs.files.erase_before(job.id, piece)
    text = b"".join(scope.store.jobs.files.read(job.id, piece, 1)).decode()
    lines = [Line.from_json(one) for one in text.split("\n")]
    verdicts = _deal_with(lines, job, scope)
    outcomes = [Result(one.outcome, one.facts()) for one in verdicts]
    return Progress(
        {"piece": piece + 1},
        done=len(lines),
        failed=sum(one.outcome == rules.REFUSED for one in verdicts),
        results=outcomes,
        is_over=piece + 1 == job.request["pieces"],
    )


def _deal_with(lines: Sequence[Line], job: Job, scope: AccountsScope) -> list[Verdict]:
    found = {line.number: rules.unreadable(line) for line in lines}
    ids = {line.number: derived_id(job.id, str(line.number)) for line in lines}
    # Who is there under a line's own id was created before this step was cut off.
    own = scope.store.many_users.existing(list(ids.values()))
    for number, user_id in ids.items():
        if user_id in own:
            found[number] = Verdict(number, rules.CREATED, user_id)
    for _ in range(_TRIES):
        open_lines = [line for line in lines if found[line.number] is None]
        if not open_lines:
            break
        while open_lines:
            began = time.monotonic()
            # Anew for each group: who still gives a role that goes must be done within seconds.
            importing = _Importing(job, scope)
            group = open_lines[: importing.at_once]
            open_lines = open_lines[importing.at_once :]
            found |= importing.round(group, ids)
            if not job.request["dry_run"]:
                time.sleep(min(BREATH * (time.monotonic() - began), _BREATH_MAX_SECONDS))
    verdicts = [verdict for verdict in found.values() if verdict is not None]
    if len(verdicts) < len(lines):
        raise Unavailable
    return verdicts


class _Importing:
    """Deals with lines as roles and settings are now."""

    def __init__(self, job: Job, scope: AccountsScope) -> None:
        self._job_id, self._request = job.id, job.request
        self._began_at = job.started_at
        self._scope = scope
        self._house_rules = HouseRules(scope)
        self._roles: dict[str, Role] = {role.id: role for role in scope.store.roles.all()}
        self._roles_by_key = rules.roles_by_key(self._roles.values())

    @property
    def at_once(self) -> int:
        """How many lines: each alone where a plugin may count who has a role."""
        return 1 if self._house_rules.plugins.asks("check_roles") else CREATED_AT_ONCE

    def round(self, lines: Sequence[Line], ids: dict[int, str]) -> dict[int, Verdict]:
        """What becomes of the lines; a line whose e-mail is being taken right now is left out."""
        known = self._scope.store.many_users.known([line.values["email"] for line in lines])
        # Asked after that: whoever is deleted is kept out first.
        deleted = self._scope.store.jobs.kept_out(self._job_id)
        self._check_nobody_left_before()
        with self._house_rules.turn:
            return self._round(lines, ids, known, deleted)

    def _round(
        self,
        lines: Sequence[Line],
        ids: dict[int, str],
        known: Mapping[str, Known],
        deleted: Collection[str],
    ) -> dict[int, Verdict]:
        verdicts: dict[int, Verdict] = {}
        decisions: dict[int, Decision] = {}
        for line in lines:
            wanted = rules.wanted(line, self._roles_by_key)
            try:
                decision = self._decide(wanted, ids[line.number])
            except (PluginFailed, PluginMissing) as error:
                verdicts[line.number] = rules.refused(line, error)
                continue
            except Unavailable:  # others count who has a role: that is no fault of the line
                raise
            except StaffrollError as error:
                verdicts[line.number] = rules.refused(line, error)
                continue
            somebody = known.get(email_key(decision.user.email))
            if somebody is not None:
                verdicts[line.number] = rules.judge(line, wanted.new, somebody)
            elif rules.email_digest(decision.user.email) in deleted:
                verdicts[line.number] = rules.deleted_meanwhile(line)
            else:
                decisions[line.number] = decision
        return verdicts | self._create(decisions)

    def _check_nobody_left_before(self) -> None:
        """Of who was deleted before there was the job, it cannot know."""
        sent_at = self._request.get("sent_at")
        if sent_at is None or self._began_at is None:
            return
        sent = datetime.fromisoformat(sent_at)
        if self._scope.store.tombstones.any_between(sent, self._began_at):
            raise FileGone

    def _decide(self, wanted: rules.Wanted, user_id: str) -> Decision:
        new = wanted.new
        given = [self._roles[role_id] for role_id in new.roles]
        return users.decide_creation(
            new,
            user_id,
            self._scope,
            self._house_rules,
            given=given,
            invite=self._request["invite"],
            objections=wanted.objections,
        )

    def _create(self, decisions: dict[int, Decision]) -> dict[int, Verdict]:
        if self._request["dry_run"]:
            return {number: Verdict(number, rules.CREATED) for number in decisions}
        there = self._scope.store.many_users.insert([*decisions.values()], self._scope.now)
        return {
            number: Verdict(number, rules.CREATED, decision.user.id)
            for number, decision in decisions.items()
            if decision.user.id in there
        }
