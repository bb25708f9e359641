"""What is people's own: profiles (R85)."""

import pytest

from staffroll.events import payload_of
from tests.support.services import TenantHere, grant, only

pytestmark = only("people")


def test_r85_a_profile_is_created_with_the_person_and_told_when_confirmed(
    tenant: TenantHere,
) -> None:
    id_, wish = tenant.pending(
        title="Dr.", business_phone="+49 30 901820", private_phone="+49 30 1"
    )
    tenant.here.handle(grant(wish))

    told = payload_of(tenant.said(id_, "person.updated"))
    assert (told.status, told.title, told.business_phone) == ("known", "Dr.", "+49 30 901820")
    assert tenant.read(id_)["private_phone"] == "+49 30 1"


def test_r85_what_is_private_is_not_told(tenant: TenantHere) -> None:
    id_ = tenant.known()

    tenant.change(id_, private_phone="+49 30 4711")

    event = tenant.said(id_, "person.updated", nth=1)
    assert payload_of(event).changed == ["private_phone"]
    assert "4711" not in event.to_json()


def test_r85_null_removes(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.change(id_, title="Dr.")

    response = tenant.change(id_, title=None)

    assert (response.status_code, response.json["title"]) == (200, "")


@pytest.mark.parametrize("field, text", [("title", "=1+1"), ("business_phone", "+=1")])
def test_r3_what_would_run_as_a_formula_is_refused(
    tenant: TenantHere, field: str, text: str
) -> None:
    response = tenant.create(**{field: text})

    assert response.json["errors"][field][0]["code"] == "formula_start"
