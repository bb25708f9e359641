import pytest

from staffroll.web.prefer import wait_seconds


@pytest.mark.parametrize(
    "headers, seconds",
    [
        ([], None),
        (["wait=5"], 5),
        (['wait="5"'], 5),
        (["respond-async, WAIT = 7; foo=bar"], 7),
        (["return=minimal", "wait=3"], 3),
        (["wait=3, wait=9"], 3),
        (["wait=0"], 0),
        (["wait=31"], 30),
        (["wait=99999999999999999999"], 30),
        (["wait=-1"], None),
        (["wait=soon"], None),
        (["wait"], None),
        (["wait=٣"], None),
    ],
)
def test_rfc_7240_wait_is_read_capped_and_ignored_where_it_makes_no_sense(
    headers: list[str], seconds: int | None
) -> None:
    assert wait_seconds(headers) == seconds
