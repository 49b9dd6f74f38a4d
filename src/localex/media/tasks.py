"""Work on pictures that happens outside the request."""

from uuid import UUID

from localex.jobs.tasks import database_task, outside_task
from localex.media import preparation


@outside_task(priority=20, max_attempts=5, time_limit_s=120)
def prepare_photo(photo_id: UUID) -> None:
    """Decode an upload and show it, or reject it. Before other work: somebody is looking at the form."""
    preparation.prepare_photo(photo_id=photo_id)


@outside_task()
def delete_files(sha256: str) -> None:
    """Remove the files of a picture that nobody shows any more."""
    preparation.delete_files(sha256=sha256)


@database_task()
def give_up_on_photos() -> None:
    """End the waiting of uploads whose preparation never came to a result."""
    preparation.give_up_on_photos()


@outside_task()
def sweep_uploads() -> None:
    """Delete uploads whose request was rolled back."""
    preparation.sweep_uploads()
