"""What changes pictures. Uploads come in here; the rest of the way is in `preparation`."""

from datetime import timedelta
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction

from localex.lib import clock
from localex.media import tasks
from localex.media.errors import NoSuchPhoto, PhotoRefused, TooManyPhotos
from localex.media.formats import MAX_BYTES, SNIFF_BYTES, sniff
from localex.media.models import Photo, PhotoState
from localex.media.preparation import prepare_photo, prepare_photos
from localex.media.storage import incoming_name

__all__ = ["check_upload", "delete_photo", "prepare_photo", "prepare_photos", "take_in_photo"]

MAX_PHOTOS_A_DAY = 300


def check_upload(*, size: int, beginning: bytes) -> None:
    """PhotoRefused unless `size` (bytes) and the first bytes are those of a picture that may be decoded."""
    if size == 0:
        raise PhotoRefused("This file is empty. Please choose another picture.")
    if size > MAX_BYTES:
        raise PhotoRefused(f"This file is too big: {size / 1024 / 1024:.0f} MB. Up to 10 MB are possible.")
    if sniff(beginning) is None:
        raise PhotoRefused("This is not a JPEG, PNG or WebP picture. Please choose a picture in one of these formats.")


def take_in_photo(
    *, community_id: UUID, uploader_id: UUID, content: "File[bytes] | bytes", is_prepared_later: bool = True
) -> Photo:
    """Keep an upload untouched, out of everybody's reach, and have it prepared by a job.

    The row and the job are written in the caller's transaction. Callers that prepare many pictures themselves
    (`prepare_photos`) say `is_prepared_later=False`. Raises PhotoRefused at once for a wrong type or size, and
    TooManyPhotos after 300 in 24 hours.
    """
    file = ContentFile(content) if isinstance(content, bytes) else content
    file.seek(0)
    check_upload(size=file.size or 0, beginning=file.read(SNIFF_BYTES))
    file.seek(0)
    if is_prepared_later:
        _check_rate(community_id=community_id, uploader_id=uploader_id)
    photo = Photo(community_id=community_id, uploader_id=uploader_id)
    photo.raw_key = default_storage.save(incoming_name(photo.id), file)
    with transaction.atomic():
        photo.save(force_insert=True)
        if is_prepared_later:
            tasks.prepare_photo.enqueue(photo_id=photo.id)
    return photo


def _check_rate(*, community_id: UUID, uploader_id: UUID) -> None:
    """Uses the index photo_uploader."""
    since = clock.now() - timedelta(days=1)
    recent = Photo.objects.filter(community_id=community_id, uploader_id=uploader_id, created_at__gt=since)
    if recent.count() >= MAX_PHOTOS_A_DAY:
        raise TooManyPhotos("You have added 300 pictures today. Please go on tomorrow.", kept="Your draft is saved.")


def delete_photo(*, photo_id: UUID) -> None:
    """Delete a picture that nothing points at any more; its files go after the commit. Raises NoSuchPhoto."""
    with transaction.atomic():
        photo = Photo.objects.select_for_update().filter(pk=photo_id).first()
        if photo is None:
            raise NoSuchPhoto("This picture is gone.")
        upload, digest = photo.raw_key, photo.sha256
        photo.delete()
        if digest and photo.state == PhotoState.READY:
            tasks.delete_files.enqueue(sha256=digest)
        if upload:
            transaction.on_commit(lambda: default_storage.delete(upload))
