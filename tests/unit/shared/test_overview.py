"""The page at the root, where several services share a port."""

from __future__ import annotations

from staffroll.web.overview import overview


def test_an_address_outside_all_services_is_a_problem_document() -> None:
    client = overview([]).test_client()

    response = client.get("/nowhere")

    assert (response.status_code, response.mimetype) == (404, "application/problem+json")
    assert response.json is not None
    assert response.json["code"] == "not_found"
    assert response.json["request_id"]
