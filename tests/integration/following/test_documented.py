"""What the OpenAPI document says of the records' routes."""

from tests.support.services import TenantHere


def test_the_document_names_headers_and_both_outcomes(tenant: TenantHere) -> None:
    paths = tenant.here.client.get("/openapi.json").json["paths"]

    create = paths[tenant.path]["post"]
    edit = paths[f"{tenant.path}/{{record_id}}"]["patch"]
    assert {one["name"] for one in create["parameters"]} == {"Idempotency-Key", "Prefer"}
    assert {one["name"] for one in edit["parameters"]} == {"If-Match", "Prefer"}
    assert {"201", "202", "409"} <= create["responses"].keys()
    assert {"200", "202", "409", "412"} <= edit["responses"].keys()
    assert create["x-permission"] == f"{tenant.permission}:edit"
