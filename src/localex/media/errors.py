"""What can go wrong with a picture."""

from localex.lib.errors import NotFound, TooManyRequests, Unprocessable


class PhotoRefused(Unprocessable):
    """The file is not a picture that LocalEx takes; the message says why and what to do."""

    code = "photo_refused"


class TooManyPhotos(TooManyRequests):
    """More uploads in a day than anybody needs."""

    code = "too_many_photos"


class NoSuchPhoto(NotFound):
    """There is no such picture, or it is not the actor's."""

    code = "no_such_photo"


class DecoderDied(Exception):
    """The child process ended for a reason that is not the picture's: the job tries again."""
