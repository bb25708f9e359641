"""The session as cookies: kept, renewed on the way to a page, and ended."""

from __future__ import annotations

from typing import Final

from flask import Response, redirect, request, url_for

from staffroll.errors import Unauthenticated
from staffroll.web.pages import PageGroup, cookies, gettext, go, notice, places
from staffroll_accounts.actions import sessions
from staffroll_accounts.actions.sessions import SignedIn
from staffroll_accounts.domain.errors import RefreshTokenInvalid
from staffroll_accounts.pages import kept
from staffroll_accounts.pages.at_hand import AtHand
from staffroll_accounts.refresh_tokens import RefreshClaim

REFRESH_TOKEN_PATH: Final = "/session"  # noqa: S105 (where it is sent to)

_REFRESHED_SECONDS: Final = 10


def keep(response: Response, signed_in: SignedIn, at_hand: AtHand) -> Response:
    """Have the browser keep the tokens."""
    cookies.put(response, cookies.ACCESS, signed_in.access_token)
    if signed_in.refresh_token is not None:
        idle = int(at_hand.tokens.lifetime.idle.total_seconds())
        token = signed_in.refresh_token
        cookies.put(response, cookies.REFRESH, token, path=_token_path(), seconds=idle)
    return response


def forget(response: Response) -> Response:
    """Have the browser forget them."""
    cookies.drop(response, cookies.ACCESS)
    cookies.drop(response, cookies.REFRESHED)
    cookies.drop(response, cookies.REFRESH, path=_token_path())
    return response


def target() -> str:
    """Where the reader wanted to go, as far as that is one of our services."""
    return places.current().safe(request.args.get("next")) or url_for("home_pages.begin")


def by_refresh(address: str) -> Response:
    """To an address of ours by way of new tokens, after what has made the present ones void."""
    return go("session_pages.refresh", next=address)


def session(at_hand: AtHand) -> PageGroup:
    """The pages that the refresh token is sent to."""
    bp = PageGroup("session_pages", __name__)

    @bp.route("/session/refresh", methods=["GET", "POST"])
    @bp.is_public()
    def refresh() -> Response:
        """New tokens, and back; a form that was on its way is sent on, unread."""
        try:
            claim = _claim(at_hand)
            signed_in = sessions.refresh(claim, at_hand.anonymous(claim.tenant_id), at_hand.tokens)
        except Unauthenticated:
            return _sign_in_again()
        again = 307 if request.method == "POST" else 303
        answer = redirect(target(), again)
        assert isinstance(answer, Response)
        cookies.put(answer, cookies.REFRESHED, "yes", seconds=_REFRESHED_SECONDS)
        return keep(answer, signed_in, at_hand)

    @bp.does("/session/end")
    @bp.is_public()
    def end() -> Response:
        """Sign out; by the refresh token, so that it works however old the page is."""
        try:
            claim = _claim(at_hand)
            sessions.sign_out_of(claim, at_hand.anonymous(claim.tenant_id))
        except Unauthenticated:
            pass  # It has ended already.
        notice(gettext("You are signed out."))
        return forget(go("signing_in_pages.sign_in"))

    return bp


def _claim(at_hand: AtHand) -> RefreshClaim:
    token = cookies.get(cookies.REFRESH, _token_path())
    if not token:
        raise RefreshTokenInvalid
    return at_hand.tokens.refresh.read(token)


def _sign_in_again() -> Response:
    had_one = bool(cookies.get(cookies.REFRESH, _token_path()))
    if request.method == "POST":
        from staffroll_accounts.pages.signing_in import ask_again

        answer = ask_again(target(), kept.from_other_form())
    else:
        if had_one:
            notice(gettext("Your session has ended. Please sign in again."), "info")
        wanted = places.current().safe(request.args.get("next"))
        answer = go("signing_in_pages.sign_in", next=wanted)
    # Without one this may be a form of somebody else's, who is to end no session.
    return forget(answer) if had_one else answer


def _token_path() -> str:
    return f"{request.script_root}{REFRESH_TOKEN_PATH}"
