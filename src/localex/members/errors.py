"""What can go wrong with accounts and members, in words for people."""

from localex.lib.errors import Conflict, Forbidden, NotFound, TooManyRequests, Unprocessable


class MemberNotFound(NotFound):
    """No such member, or none that the actor may know of."""

    code = "member_not_found"

    def __init__(self) -> None:
        super().__init__("There is no member here by that name.")


class MemberMayNotAct(Forbidden):
    """The member is not confirmed, suspended, or has closed the account."""

    code = "member_may_not_act"


class CommunityClosed(Conflict):
    """The community takes no newcomers at present."""

    code = "community_closed"


class RedrawnRecently(Conflict):
    """A new name was drawn less than 30 days ago."""

    code = "name_redrawn_recently"


class TooFarAway(Unprocessable):
    """The point is nowhere near the community."""

    code = "location_too_far_away"


class TooManyAttempts(TooManyRequests):
    """A limit of limits.py is reached."""

    code = "too_many_attempts"
