"""Account › Imports: a file is looked at, then becomes users; what became of each line (R95)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Response, request, stream_with_context
from wtforms import BooleanField, FileField
from wtforms.validators import Optional

from staffroll.errors import FieldError, Invalid, NotFound, StaffrollError
from staffroll.jobs import FileGone, Job
from staffroll.scope import SYSTEM_PREFIX
from staffroll.web import sharing
from staffroll.web.jobs import jobs_page, result_query, results_page
from staffroll.web.lists import PageQuerySchema
from staffroll.web.pages import Form, Listing, PageGroup, gettext, go, lazy_gettext, notice, page
from staffroll_accounts.actions import AccountsScope, import_checks, tenants
from staffroll_accounts.actions import imports as actions
from staffroll_accounts.actions.import_checks import KEPT_FOR, KeptFile
from staffroll_accounts.actions.imports import Upload
from staffroll_accounts.domain.imports import (
    FILE_MAX_BYTES,
    KIND,
    OUTCOMES,
    REFUSED,
    ROWS_MAX,
    Line,
    TooManyImports,
)
from staffroll_accounts.domain.tables import ColumnsWrong
from staffroll_accounts.pages.audit_names import full_name
from staffroll_accounts.pages.import_results import COLUMNS, refused_csv, rows, text_of_problem

NEEDS: Final = "accounts.imports:edit"
READ_USERS: Final = "accounts.users:read"

_READ_MAX_BYTES: Final = 5 * FILE_MAX_BYTES
"""So that a file that is too large is told so in the form."""

_MIB: Final = 1024 * 1024
_UNKNOWN_NAMED: Final = 5

_ENCODINGS: Final[Mapping[str, str]] = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "windows-1252": "Windows-1252",
}
_SEPARATORS: Final[Mapping[str, Any]] = {
    ",": lazy_gettext("comma"),
    ";": lazy_gettext("semicolon"),
    "\t": lazy_gettext("tab"),
}


class UploadForm(Form):
    file = FileField(lazy_gettext("CSV file"))
    invite = BooleanField(
        lazy_gettext("Invite everybody who is created by e-mail"), validators=[Optional()]
    )

    def upload(self) -> Upload:
        """What was sent.

        Raises:
            Invalid: No file was chosen, or it is too large.
        """
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            raise _wrong([FieldError("required", "Choose a file.")])
        data = sent.read(FILE_MAX_BYTES + 1)
        if len(data) > FILE_MAX_BYTES:
            most = {"max": FILE_MAX_BYTES // _MIB}
            raise _wrong([FieldError("too_large", "The file has more than {max} MiB.", most)])
        return Upload(data, invite=bool(self.invite.data))


@dataclass(frozen=True, slots=True)
class Preview:
    """How the first lines of a file were read."""

    columns: Sequence[str]
    lines: Sequence[Line]


def imports() -> PageGroup:
    """The pages of imports."""
    bp = PageGroup("import_pages", __name__)

    @bp.form("/imports")
    @bp.needs(NEEDS)
    def show_list(scope: AccountsScope) -> Response:
        """Imports of the last days, above them the form for a new one."""
        request.max_content_length = _READ_MAX_BYTES
        form = UploadForm()
        if form.is_good():
            with form.refusals(file=Invalid):
                return go(".show", job_id=_check(form, scope).id)
        listing = Listing(PageQuerySchema)
        try:
            found = jobs_page(scope.store.jobs, KIND, listing.query)
        except StaffrollError as error:
            listing.refuse(error)
            found = jobs_page(scope.store.jobs, KIND, {**listing.query, "cursor": None})
        return page(
            "imports/list.html",
            form.status,
            form=form,
            listing=listing,
            jobs=found["items"],
            total=found["total"],
            next_cursor=found["next_cursor"],
            starters=_names(found["items"], scope),
            languages=tenants.get(scope).languages,
            max_bytes=FILE_MAX_BYTES,
            max_mib=FILE_MAX_BYTES // _MIB,
            max_rows=ROWS_MAX,
        )

    @bp.get("/imports/example.csv")
    @bp.needs(NEEDS)
    def download_example(scope: AccountsScope) -> Response:
        """A file that can be imported as it is; with a mark by which spreadsheets know UTF-8."""
        return _download(_example(scope).encode("utf-8-sig"), "import-example")

    @bp.get("/imports/<id:job_id>")
    @bp.needs(NEEDS)
    def show(job_id: str, scope: AccountsScope) -> Response:
        job = scope.store.jobs.get(job_id, KIND)
        listing = Listing(result_query(OUTCOMES))
        try:
            found = results_page(scope.store.jobs, KIND, job.id, listing.query)
        except StaffrollError as error:
            listing.refuse(error)
            found = results_page(scope.store.jobs, KIND, job.id, {**listing.query, "cursor": None})
        kept = _kept(job, scope)
        numbers = {result["line"] for result in found["items"]}
        return page(
            "imports/show.html",
            job=job,
            listing=listing,
            rows=rows(found["items"], kept.lines(numbers) if kept else {}, scope),
            total=found["total"],
            next_cursor=found["next_cursor"],
            preview=_preview(kept) if kept else None,
            column_names=COLUMNS,
            text_of_problem=text_of_problem,
            kept_until=job.created_at + KEPT_FOR,
            followed_by=import_checks.started_from(job, scope),
            is_own=job.created_by == scope.actor.id,
            starter=_names([job], scope)[job.created_by],
            encoding=_ENCODINGS[job.request["encoding"]],
            separator=_SEPARATORS[job.request["separator"]],
            stopped=gettext(job.failure.detail) if job.failure else "",
        )

    @bp.does("/imports/<id:job_id>/start")
    @bp.needs(NEEDS)
    def start(job_id: str, scope: AccountsScope) -> Response:
        """Import what was looked at."""
        try:
            job = import_checks.start(job_id, scope)
        except FileGone:
            notice(gettext("The file is not kept any more. Choose it once more."), "warning")
            return go(".show_list")
        except TooManyImports as error:
            notice(gettext(error.wording).format(**error.data), "warning")
            return go(".show", job_id=job_id)
        return go(".show", job_id=job.id)

    @bp.does("/imports/<id:job_id>/cancel")
    @bp.needs(NEEDS)
    def cancel(job_id: str, scope: AccountsScope) -> Response:
        """It ends before its next step; the file is forgotten."""
        job = import_checks.cancel(job_id, scope)
        if job.state == "done" and job.request["dry_run"]:
            notice(gettext("The file is forgotten. Nobody was created."), "info")
            return go(".show_list")
        return go(".show", job_id=job_id)

    @bp.get("/imports/<id:job_id>/refused.csv")
    @bp.needs(NEEDS)
    def download_refused(job_id: str, scope: AccountsScope) -> Response:
        """The lines that were refused, and why."""
        results = actions.results(job_id, REFUSED, scope)
        lines = stream_with_context(refused_csv(results))
        return sharing.until_sent(_download(lines, "refused-lines"))

    return bp


def _check(form: UploadForm, scope: AccountsScope) -> Job:
    """A new dry run. Raises what is wrong with the file, as about its field."""
    try:
        return import_checks.check(form.upload(), scope)
    except ColumnsWrong as error:
        raise _wrong(_column_problems(error)) from error


def _column_problems(error: ColumnsWrong) -> list[FieldError]:
    """What is wrong with the header, for whoever looks at the file."""
    found = [item for items in error.errors.values() for item in items]
    missing = [name for field, name in COLUMNS.items() if field in error.errors]
    unknown = [str((one.data or {})["name"]) for one in found if one.code == "column_unknown"]
    twice = [str((one.data or {})["name"]) for one in found if one.code == "column_twice"]
    problems = [FieldError(error.code, error.wording)]
    if missing:
        names = {"names": ", ".join(missing)}
        problems.append(FieldError("column_missing", "Missing: {names}.", names))
    if unknown:
        named = ", ".join(f"“{name}”" for name in unknown[:_UNKNOWN_NAMED])
        names = {"names": f"{named} …" if len(unknown) > _UNKNOWN_NAMED else named}
        problems.append(FieldError("column_unknown", "Not understood: {names}.", names))
    if twice:
        names = {"names": ", ".join(f"“{name}”" for name in twice[:_UNKNOWN_NAMED])}
        problems.append(FieldError("column_twice", "There twice: {names}.", names))
    return problems


def _wrong(problems: list[FieldError]) -> Invalid:
    return Invalid(errors={"file": problems})


def _kept(job: Job, scope: AccountsScope) -> KeptFile | None:
    """The file, while there is something to decide about it."""
    if job.state != "done":
        return None
    try:
        return import_checks.kept_file(job, scope)
    except NotFound:
        return None


def _preview(kept: KeptFile) -> Preview:
    lines = kept.first_lines()
    there = {field for line in lines for field in line.values}
    return Preview([field for field in COLUMNS if field in there], lines)


def _names(jobs: Sequence[Job], scope: AccountsScope) -> dict[str, str]:
    """Who started them, by actor; users have a name for those who may see them."""
    ids = {job.created_by for job in jobs}
    people = {id_ for id_ in ids if not id_.startswith(SYSTEM_PREFIX)}
    seen = people if scope.actor.may(READ_USERS) else people & {scope.actor.id}
    found = {user.id: user for user in scope.store.users.each(sorted(seen))} if seen else {}
    return {
        **dict.fromkeys(ids, gettext("the operator")),
        **dict.fromkeys(people, gettext("somebody else")),
        **dict.fromkeys(seen, gettext("somebody who was deleted")),
        **{user.id: full_name(user) for user in found.values() if user.status != "deleted"},
    }


def _example(scope: AccountsScope) -> str:
    tenant = tenants.get(scope)
    role = next((role.name for role in scope.store.roles.all()), "")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS.values())
    last = tenant.languages[-1]
    writer.writerow(["Lovelace", "Ada", "ada@example.com", last, tenant.time_zone, role])
    writer.writerow(["Núñez", "José", "jose@example.com", "", "", ""])
    return text.getvalue()


def _download(data: bytes | Iterator[bytes], name: str) -> Response:
    response = Response(data, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
