"""The user list as a file, in the formats that the tenant may choose from."""

from __future__ import annotations

from flask import Response

from staffroll.web.pages import Listing, PageGroup, page
from staffroll.web.pages.listing import asked_for
from staffroll_export.actions import ExportScope
from staffroll_export.actions import exports as actions
from staffroll_export.actions.exports import Waits
from staffroll_export.api.exports import WantedSchema
from staffroll_export.domain.wanted import Wanted
from staffroll_export.streaming import Downloads

_SAME_ROWS = ("status", "q", "role")


def exports(downloads: Downloads, waits: Waits) -> PageGroup:
    """The pages of exporting."""
    bp = PageGroup("export_pages", __name__)

    @bp.get("/")
    @bp.needs("export.users:read")
    def show(scope: ExportScope) -> Response:
        """The formats, for the rows that the address says; the user list leads here."""
        listing = Listing(WantedSchema)
        return page(
            "exports/formats.html",
            listing=listing,
            formats=actions.formats(scope),
            same_rows=listing.export_query(*_SAME_ROWS),
        )

    @bp.get("/users/download")
    @bp.needs("export.users:read")
    def download(scope: ExportScope) -> Response:
        """The file itself."""
        wanted = Wanted.of(asked_for(WantedSchema))
        export = actions.export_users(wanted, scope, downloads, waits)
        response = Response(export.download, content_type=export.content_type)
        response.headers["Content-Disposition"] = f'attachment; filename="{export.filename}"'
        return response

    return bp
