"""Bodies that are larger than any form are refused before anything reads them."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from localex.lib.ids import new_id
from localex.web.middleware import MAX_BODY, MAX_PICTURES_BODY, BodySizeMiddleware

REACHED = 204


def answer(path: str, length: int | str, method: str = "POST") -> HttpResponse:
    """What the middleware makes of a request that says it has so many bytes; 204 when it lets it pass."""
    request = RequestFactory().generic(method, path)
    request.META["CONTENT_LENGTH"] = str(length)

    def reached(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=REACHED)

    return BodySizeMiddleware(reached)(request)


def test_a_body_that_is_too_large_never_reaches_a_view() -> None:
    assert answer("/account/login/", MAX_BODY).status_code == REACHED
    response = answer("/account/login/", MAX_BODY + 1)
    assert response.status_code == 413
    assert "at most 1 MB" in response.content.decode()
    assert answer("/", "not a number").status_code == REACHED


def test_only_a_listings_pictures_may_be_large() -> None:
    path = f"/listings/{new_id()}/pictures/"
    assert answer(path, MAX_PICTURES_BODY).status_code == REACHED
    assert answer(path, MAX_PICTURES_BODY + 1).status_code == 413
    assert answer(path, MAX_BODY + 1, method="PUT").status_code == 413
    assert answer(f"{path}order/", MAX_BODY + 1).status_code == 413
    assert answer(f"/x{path}", MAX_BODY + 1).status_code == 413


def test_the_site_refuses_before_it_asks_the_database() -> None:
    """Without the `db` fixture any query would fail this test."""
    assert Client().post("/", b"", content_type="text/plain", CONTENT_LENGTH=str(MAX_BODY + 1)).status_code == 413


@pytest.mark.parametrize("path", ["/", "/search/", "/account/login/", "/help/", "/nothing/", "/credits/", "/staff/"])
def test_an_address_of_very_many_parameters_is_refused(path: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("ERROR"):
        for parameters in (200, 1500):
            response = Client().get(f"{path}?a=1" + "&a=1" * parameters)
            assert response.status_code == 400
            assert "too many parameters" in response.content.decode()
    assert not caplog.records
