"""Every refusal is a page that says what happened and what was not lost."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from localex.lib import errors as lib_errors
from localex.lib.errors import LocalExError
from localex.web import errors
from localex.web.middleware import ErrorPageMiddleware

CLASSES = [
    lib_errors.BadRequest,
    lib_errors.Forbidden,
    lib_errors.NotFound,
    lib_errors.Conflict,
    lib_errors.Unprocessable,
    lib_errors.TooManyRequests,
    LocalExError,
]


def answer(error: Exception, **headers: str) -> HttpResponse | None:
    """What the middleware makes of `error` in a view."""
    request = RequestFactory().get("/somewhere/", headers=headers)
    request.session = {}  # type: ignore[assignment]

    def never(request: HttpRequest) -> HttpResponse:
        raise AssertionError

    return ErrorPageMiddleware(never).process_exception(request, error)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_each_class_of_error_has_its_page(db: None, cls: type[LocalExError]) -> None:
    response = answer(cls("The lamp is promised to somebody else.", kept="Your 30 credits have not moved."))
    assert response is not None
    assert response.status_code == cls.status
    html = response.content.decode()
    assert "The lamp is promised to somebody else." in html
    assert "Your 30 credits have not moved." in html
    assert "<h1>" in html


@pytest.mark.parametrize("status", sorted(errors.PAGES))
def test_every_page_says_what_was_not_lost_by_itself(db: None, status: int) -> None:
    page = errors.PAGES[status]
    html = errors.render_error(RequestFactory().get("/"), status).content.decode()
    assert page.title in html
    assert page.kept in html


def test_a_fragment_gets_a_notice_and_no_second_page(db: None) -> None:
    response = answer(lib_errors.Conflict("Somebody was quicker."), HX_Request="true")
    assert response is not None
    assert response.status_code == 409
    assert 'role="alert"' in response.content.decode()
    assert "<html" not in response.content.decode()


def test_words_of_an_error_are_never_markup(db: None) -> None:
    response = answer(lib_errors.Conflict("<script>alert(1)</script>"))
    assert response is not None
    assert "<script>alert" not in response.content.decode()


def test_other_exceptions_go_on_to_django() -> None:
    assert answer(ValueError("not ours")) is None


def test_an_unknown_address_is_a_page(client: Client, db: None) -> None:
    response = client.get("/nowhere/at/all/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


def test_a_form_without_its_token_says_that_nothing_was_changed(db: None) -> None:
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "a@b.example", "password": "x"})
    assert response.status_code == 403
    assert "Nothing was changed" in response.content.decode()


def test_the_500_page_asks_nobody_anything() -> None:
    """No database fixture: a query would fail this test."""
    assert errors.handler500(RequestFactory().get("/")).status_code == 500


@pytest.mark.parametrize(
    "address",
    [
        "/search/?town=%00",
        "/search/?q=%00",
        "/search/?cursor=a%00",
        "/browse/?town=a%00b",
        "/browse/?category=%00",
        "/places/?community=%00",
        "/members/a%00b/",
        "/maps/%00.svg",
        "/nowhere%00/",
        "/accounts/login/?next=/%00",
        "/?%00",
    ],
)
def test_an_address_with_a_nul_is_a_bad_request_with_a_page(client: Client, db: None, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 400
    assert errors.PAGES[400].title in response.content.decode()


def test_a_percent_sign_before_two_zeros_is_no_nul(client: Client, db: None) -> None:
    assert client.get("/accounts/login/?next=/%2500").status_code == 200
