"""What can go wrong with a listing, in words for people."""

from collections.abc import Mapping, Sequence

from localex.lib.errors import Conflict, NotFound, Unprocessable


class ListingNotFound(NotFound):
    """No such listing, or none that the actor may know of."""

    code = "listing_not_found"

    def __init__(self) -> None:
        super().__init__("There is no listing at this address. It may have been taken down.")


class WrongState(Conflict):
    """The listing is not in a state for this event."""

    code = "listing_wrong_state"


class Incomplete(Unprocessable):
    """Something is missing or breaks a rule; `fields` says what, by field name."""

    code = "listing_incomplete"

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        first = next(iter(fields.values()))[0]
        super().__init__(first, fields=fields, kept="Everything that you wrote is saved.")


class TooManyPictures(Unprocessable):
    """A listing shows at most 12."""

    code = "too_many_pictures"


class TooManyDrafts(Conflict):
    """More unfinished drafts than anybody finishes."""

    code = "too_many_drafts"
