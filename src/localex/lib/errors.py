"""One tree of errors: each has a code for programs, an HTTP status, and a sentence for people."""

from collections.abc import Mapping, Sequence


class LocalExError(Exception):
    """The root. `message` is shown to people; `kept` says what was not lost; `fields` names form fields."""

    status = 500
    code = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        kept: str = "",
        fields: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kept = kept
        self.fields = dict(fields or {})
        if code is not None:
            self.code = code


class BadRequest(LocalExError):
    """The request itself cannot be understood."""

    status = 400
    code = "bad_request"


class Forbidden(LocalExError):
    """The actor may see the thing but not do this with it. A stranger gets `NotFound` instead."""

    status = 403
    code = "forbidden"


class NotFound(LocalExError):
    """The thing is not there, or the actor may not know that it is."""

    status = 404
    code = "not_found"


class Conflict(LocalExError):
    """The thing has moved on: somebody else was quicker, or it is not in a state for this."""

    status = 409
    code = "conflict"


class Unprocessable(LocalExError):
    """Understood, but a rule says no; `fields` says where."""

    status = 422
    code = "unprocessable"


class TooManyRequests(LocalExError):
    """A limit is reached; the message says when to try again."""

    status = 429
    code = "too_many_requests"


class Unavailable(LocalExError):
    """Nothing is wrong with the request, but it cannot be done now; the message says until when or why."""

    status = 503
    code = "unavailable"
