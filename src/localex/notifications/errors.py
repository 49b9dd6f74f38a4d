"""What can go wrong in the inbox."""

from localex.lib.errors import NotFound


class NoticeNotFound(NotFound):
    """There is no such notice, or it is somebody else's."""

    code = "notice_not_found"
