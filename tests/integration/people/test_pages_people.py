"""The pages of persons, their profiles and photos, without a browser."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from PIL import Image

from staffroll.events import RequestRejected
from staffroll.web.pages import cookies
from tests.support.page_client import PageClient
from tests.support.services import TenantHere, a_user, grant, only, refuse, told
from tests.unit.people.pictures import a_picture

pytestmark = only("people")

MODULES = ("people", "profiles")
READ = "people.profile:read"
EVIL = "<img src=x onerror=alert(1)>"
EVIL_SHOWN = "&lt;img src=x onerror=alert(1)&gt;"
SENSITIVE = {
    "private_phone": "+49 30 901821",
    "date_of_birth": "1990-04-30",
    "address_country": "DE",
    "address_street": "Unter den Linden 1",
    "address_postal_code": "10117",
    "address_city": "Berlin",
    "address_region": "Berlin",
    "emergency_contact_name": "Cy Berg",
    "emergency_contact_relation": "brother",
    "emergency_contact_phone": "+49 30 901822",
    "notes": EVIL,
}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages do not wait for accounts, which says nothing by itself."""
    wait(monkeypatch, 0.0)


def wait(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    pages = ("staffroll.web.pages.followed", *map("staffroll_people.pages.{}".format, MODULES))
    for module in pages:
        monkeypatch.setattr(import_module(module), "WAIT_SECONDS", seconds)


@pytest.fixture
def admin(tenant: TenantHere) -> PageClient:
    return reader(tenant)


def reader(tenant: TenantHere, header: dict[str, str] | None = None) -> PageClient:
    """The browser of somebody who is signed in, by default of the admin."""
    browser = PageClient(tenant.here.client.application)
    token = (header or tenant.token())["Authorization"].removeprefix("Bearer ")
    browser.client.set_cookie(cookies.ACCESS, token)
    return browser


def may(tenant: TenantHere, *permissions: str) -> PageClient:
    return reader(tenant, tenant.token(tenant.known(), permissions=[READ, *permissions]))


def address(id_: str, action: str = "") -> str:
    return f"/people/{id_}{action}"


def rows(browser: PageClient) -> list[str]:
    return re.findall(r'class="name"><a[^>]*>([^<]*)</a>', browser.page.text)


def test_r11_the_list_is_searched_and_paged_by_its_address(
    tenant: TenantHere, admin: PageClient
) -> None:
    tenant.known(last_name="Müller", first_name="Ann")
    tenant.known(last_name="Mueller", first_name=EVIL)
    tenant.known(last_name="Zorn", status="deactivated")
    tenant.rejected(last_name="Refused")

    def shown(query: str) -> list[str]:
        assert admin.go(f"/people?{query}").status_code == 200
        return rows(admin)

    assert shown("q=muller, zorn") == ["Müller, Ann", "Zorn, Bo"]
    assert "deactivated" in admin.text
    assert shown("q=mueller") == [f"Mueller, {EVIL_SHOWN}", "Müller, Ann"]
    assert EVIL not in admin.page.text
    assert shown("q=nobody") == []
    assert "Nobody fits" in admin.text
    assert shown("state=pending") == []
    assert "Nobody is on the way" in admin.text
    assert shown("state=rejected") == ["Refused"]
    assert len(shown("limit=3")) == 3
    admin.go(re.search(r'href="([^"]*)" *>Next', admin.page.text.replace("&amp;", "&"))[1])  # type: ignore[index]
    assert "4–5 of 5" in admin.text
    assert len(shown("cursor=nonsense")) == 5
    assert "does not come from this list" in admin.text


def test_whoever_may_only_read_sees_no_buttons(tenant: TenantHere) -> None:
    id_ = tenant.known()
    onlooker = may(tenant)

    onlooker.go("/people")
    assert "Create person" not in onlooker.text
    assert 'href="/people"' in onlooker.page.text
    onlooker.go(address(id_))
    assert onlooker.page.status_code == 200
    shown = onlooker.page.text.partition("<main")[2]
    assert "<form" not in shown
    assert "/edit" not in shown
    for path in ("/people/new", address(id_, "/edit"), address(id_, "/photo")):
        assert onlooker.go(path).status_code == 403, path
    for action in ("/correct", "/discard", "/delete", "/deletion/dismiss", "/photo/remove"):
        assert onlooker.post(address(id_, action)).status_code == 403, action


@pytest.mark.parametrize(
    "action",
    ["/edit", "/correct", "/discard", "/delete", "/deletion/dismiss", "/photo", "/photo/remove"],
)
def test_a_form_from_elsewhere_changes_nothing(
    tenant: TenantHere, admin: PageClient, action: str
) -> None:
    id_ = tenant.known()
    before = tenant.stored(id_)

    admin.post(address(id_, action), csrf_token="made up", last_name="Eve", understood="y")

    assert tenant.stored(id_) == before


def test_r6_created_ones_wait_are_refused_with_why_corrected_and_discarded(
    tenant: TenantHere, admin: PageClient
) -> None:
    admin.go("/people/new")
    admin.send(email="no address", business_phone="12")
    assert admin.page.status_code == 422
    for said in (
        "Last name : Please fill this in.",
        "E-mail address : This is not an e-mail address.",
        "Business phone : This is not a phone number",
    ):
        assert said in admin.text
    assert 'value="no address"' in admin.page.text
    admin.send(last_name=EVIL, email="ada@example.org", business_phone="+49 30 901820")

    id_ = admin.path.rpartition("/")[2]
    assert "is on the way" in admin.text
    assert "Nothing else can be done" in admin.text
    assert EVIL not in admin.page.text
    admin.go(address(id_, "/edit"))
    assert admin.path == address(id_)
    tenant.here.handle(refuse(tenant.said(id_, "user.requested")))
    admin.go(address(id_))
    assert "E-mail address : Somebody else in this organisation has this" in admin.text
    admin.send(last_name="", email="ada.berg@example.org")
    assert "Last name : Please fill this in." in admin.text
    admin.send(last_name="Berg", title="Dr.")
    assert "Nothing else can be done" in admin.text
    again = tenant.read(id_)
    assert (again["last_name"], again["title"]) == ("Berg", "Dr.")
    assert again["business_phone"] == "+4930901820"

    other, _ = tenant.rejected()
    admin.go(address(other))
    admin.send(address(other, "/discard"))
    assert "is discarded." in admin.text
    assert tenant.document(other) is None


def test_r6_what_is_confirmed_at_once_is_said_to_be_created(
    tenant: TenantHere, admin: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait(monkeypatch, 10.0)
    tenant.here.accounts = grant

    admin.go("/people/new")
    admin.send(last_name="Berg", email="bo.berg@example.org")

    assert "Berg is created." in admin.text
    assert "in step" in admin.text


def test_r85_a_profile_is_edited_and_shown(tenant: TenantHere, admin: PageClient) -> None:
    id_ = tenant.known()
    admin.go(address(id_, "/edit"))
    admin.send(title="=1", private_phone="030", date_of_birth="2990-01-01", address_city="Berlin")
    for said in (
        "Title : Must not begin with",
        "Private phone : This is not a phone number",
        "Country : Please fill this in.",
    ):
        assert said in admin.text
    admin.send(title="Dr.", private_phone="", address_city="")
    assert "Date of birth : Nobody here can be born on that day." in admin.text
    admin.send(date_of_birth="", emergency_contact_phone="+49 30 901822")
    assert "Name : Please fill this in." in admin.text
    admin.send(**SENSITIVE)

    assert "Saved." in admin.text
    assert EVIL_SHOWN in admin.page.text
    assert EVIL not in admin.page.text
    for shown in ("Dr. Bo Berg", "+49 30 901821", "10117 Berlin", "Germany", "Cy Berg"):
        assert shown in admin.text
    person = tenant.read(id_)
    assert person["address"]["street"] == "Unter den Linden 1"
    tenant.change(id_, address={"country": "US", "city": "Springfield", "region": "IL"})
    admin.go(address(id_))
    assert "Springfield IL 10117 United States" in admin.text
    assert person["change"] is None
    admin.go(address(id_, "/edit"))
    admin.send(**dict.fromkeys(SENSITIVE, ""))
    person = tenant.read(id_)
    assert (person["address"], person["emergency_contact"]) == (None, None)
    assert (person["date_of_birth"], person["notes"], person["title"]) == (None, "", "Dr.")


def test_r85_what_is_sensitive_is_for_who_may_see_and_change_it(
    tenant: TenantHere, admin: PageClient
) -> None:
    id_ = tenant.known()
    admin.go(address(id_, "/edit"))
    admin.send(**{**SENSITIVE, "notes": "Plays chess."})
    colleague, confidant = may(tenant, "people.profile:edit"), may(tenant, "people.sensitive:read")

    colleague.go(address(id_))
    for secret in ("901821", "1990", "Linden", "Cy", "chess", "Emergency contact"):
        assert secret not in colleague.page.text
    colleague.go(address(id_, "/edit"))
    assert "Linden" not in colleague.page.text
    colleague.send(title="Dr.", notes="Mine", private_phone="")
    assert tenant.read(id_)["title"] == "Dr."
    assert tenant.read(id_)["notes"] == "Plays chess."
    confidant.go(address(id_))
    assert "Plays chess." in confidant.text
    assert confidant.go(address(id_, "/edit")).status_code == 403


def test_r15_an_email_address_is_changed_by_accounts_which_may_refuse(
    tenant: TenantHere, admin: PageClient
) -> None:
    id_ = tenant.known()
    edit = address(id_, "/edit")
    admin.go(edit)
    admin.send(email="taken@example.org", title="Dr.")
    assert "on the way: taken@example.org" in admin.text
    assert tenant.read(id_)["title"] == "Dr."
    admin.go(edit)
    assert "can be changed again after that" in admin.text
    assert 'name="email"' not in admin.page.text

    tenant.here.handle(refuse(tenant.said(id_, "user.change-requested")))
    admin.go(address(id_))
    assert "A change was refused: Somebody else in this organisation has this" in admin.text
    assert "refused: taken@example.org" in admin.text
    admin.go(edit)
    assert 'value="taken@example.org"' in admin.page.text
    assert "E-mail address : Somebody else" in admin.text
    admin.send(email="free@example.org")
    tenant.here.handle(grant(tenant.said(id_, "user.change-requested", nth=1)))

    assert tenant.read(id_)["email"] == "free@example.org"
    assert "A change was refused" not in admin.go(address(id_)).text


def test_r15_what_somebody_else_changed_is_shown_and_not_overwritten(
    tenant: TenantHere, admin: PageClient
) -> None:
    id_ = tenant.known()
    admin.go(address(id_, "/edit"))
    tenant.change(id_, title="Dr.")

    admin.send(title="Prof.", middle_name="Lee")

    assert admin.page.status_code == 422
    assert "By now it is: Dr." in admin.text
    assert 'value="Prof."' in admin.page.text
    admin.send()
    assert (tenant.read(id_)["title"], tenant.read(id_)["middle_name"]) == ("Prof.", "Lee")


def as_typed(browser: PageClient, photo: bytes) -> dict[str, Any]:
    """The form as a browser sends it; the client's own way writes what is large to a file."""
    token = re.search(r'<main.*?name="csrf_token"[^>]*value="([^"]*)"', browser.page.text, re.S)
    assert token
    name = b"--x\r\nContent-Disposition: form-data; name="
    fields = [b'"csrf_token"\r\n\r\n' + token[1].encode()]
    fields += [b'"photo"; filename="p"\r\nContent-Type: image/png\r\n\r\n' + photo]
    data = b"".join(name + field + b"\r\n" for field in fields) + b"--x--\r\n"
    return {"data": data, "content_type": "multipart/form-data; boundary=x"}


def test_r85_a_photo_is_sent_shown_and_removed(tenant: TenantHere, admin: PageClient) -> None:
    id_ = tenant.known()
    page = address(id_, "/photo")

    def send(data: bytes, kind: str) -> None:
        sent: Any = (io.BytesIO(data), "photo", kind)
        admin.go(page)
        admin.send(photo=sent)

    admin.go(page)
    admin.send()
    assert "Photo : Please fill this in." in admin.text
    send(b"GIF89a", "image/gif")
    assert "Choose a JPEG, PNG or WebP file." in admin.text
    send(b"no picture", "image/png")
    assert "This is not an image of the type that it is sent as" in admin.text
    too_large = admin.client.post(page, **as_typed(admin, b"x" * (5 * 1024 * 1024 + 1)))
    assert "The file has more than 5 MiB." in too_large.text
    send(a_picture("PNG", (2000, 1000)), "image/png")
    assert "Saved." in admin.text
    source = re.search(r'<img class="portrait" src="([^"]*)"', admin.page.text)
    assert source
    shown = admin.client.get(source[1])
    assert (shown.status_code, shown.content_type) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(shown.data)).size == (1024, 512)
    assert PageClient(tenant.here.client.application).client.get(source[1]).status_code == 302
    admin.go(page)
    admin.send(f"{page}/remove")
    assert "The photo is removed." in admin.text
    assert admin.client.get(source[1]).status_code == 404


def test_r60_deleting_says_what_goes_and_needs_the_box(
    tenant: TenantHere, admin: PageClient
) -> None:
    id_ = tenant.known(first_name=EVIL)
    delete = address(id_, "/delete")

    admin.go(f"{address(id_)}?window=delete")
    assert '<dialog id="delete" class="dialog" aria-labelledby="delete-title" open>' in (
        admin.page.text
    )
    assert "1 role that the user has" in admin.text
    assert "I understand that the user record and all scheduling data for" in admin.text
    assert EVIL not in admin.page.text
    admin.send(delete)
    assert "Check this box, if you are sure." in admin.text
    admin.send(delete, understood="y")
    assert "is being deleted." in admin.text
    assert "The deletion is on its way." in admin.text
    wish = tenant.said(id_, "user.deletion-requested")
    why = RequestRejected(attempt=1, code="last_admin", detail="The last admin.", errors={})
    tenant.here.handle(
        told("request.rejected", id_, 1, why, tenant_id=tenant.id, request_id=wish.request_id)
    )
    admin.go(address(id_))
    assert "They were not deleted: This is the only active admin." in admin.text
    admin.send(address(id_, "/deletion/dismiss"))
    assert "They were not deleted" not in admin.text


def test_r60_deleting_asks_for_the_password_once_more(tenant: TenantHere) -> None:
    id_ = tenant.known()
    stale = reader(tenant, tenant.token(entered_at=datetime.now(UTC).timestamp() - 3600))
    stale.go(address(id_))

    sent: Any = stale.client.post(address(id_, "/delete"), data={"understood": "y"})

    assert (sent.status_code, "/step-up?" in sent.location) == (307, True)
    assert tenant.read(id_)["deletion"] is None


def test_pages_speak_the_readers_language(tenant: TenantHere) -> None:
    id_ = tenant.known(language="de")
    tenant.hear("user.updated", id_, 2, a_user(language="de"))
    permissions = [READ, "people.profile:edit", "accounts.users:delete"]
    browser = reader(tenant, tenant.token(id_, permissions=permissions))

    browser.go("/people")
    assert "Person anlegen" in browser.text
    browser.go(f"{address(id_)}?window=delete")
    assert "Mir ist bewusst, dass der Benutzerdatensatz" in browser.text
    assert 'lang="de"' in browser.page.text
