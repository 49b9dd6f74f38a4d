"""From an upload to a picture that may be shown. Every step may be repeated; nothing half-done is visible."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from queue import SimpleQueue
from uuid import UUID

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from localex.lib import clock
from localex.media.decoder import Decoder, Rendered, render
from localex.media.errors import DecoderDied, PhotoRefused
from localex.media.formats import SIZES
from localex.media.models import Photo, PhotoState
from localex.media.storage import INCOMING, picture_key, picture_name

log = structlog.get_logger(__name__)

LOST = "The upload was lost on the way. Please choose the picture again."
GAVE_UP = "This picture could not be prepared. Please choose it again."
BATCH = 50
PENDING_AT_MOST = timedelta(days=1)
SWEPT_AT_ONCE = 500


def prepare_photo(*, photo_id: UUID) -> None:
    """Decode the upload, keep its renditions, and show it; or reject it with a reason. The upload is deleted.

    Runs outside any transaction and may run twice or be killed anywhere: the files have their content's name, and the
    row changes only from pending, once they are whole. Raises DecoderDied when another try may help.
    """
    photo = Photo.objects.filter(pk=photo_id).first()
    if photo is None:
        return
    if photo.state == PhotoState.PENDING:
        outcome = _outcome_of(photo)
        _settle(photo, outcome)
        _keep_again(outcome)
    delete_upload(photo)


def prepare_photos(photo_ids: Sequence[UUID], *, processes: int = 2) -> int:
    """Prepare many pictures of our own making with `processes` warm children; the number that became ready.

    For the demo town and imports by operators, never for uploads of members: a child that has seen one picture decodes
    the next one. Rows are settled in transactions of 50.
    """
    ready = 0
    with ThreadPoolExecutor(processes) as pool:
        idle: SimpleQueue[Decoder] = SimpleQueue()
        decoders = [Decoder() for _ in range(processes)]
        try:
            for decoder in decoders:
                idle.put(decoder.__enter__())
            for start in range(0, len(photo_ids), BATCH):
                chosen = photo_ids[start : start + BATCH]
                photos = list(Photo.objects.filter(pk__in=chosen, state=PhotoState.PENDING))
                outcomes = pool.map(lambda photo: _outcome_of(photo, idle), photos)
                ready += _settle_all(zip(photos, outcomes, strict=True))
        finally:
            for decoder in decoders:
                decoder.__exit__(None, None, None)
    return ready


def _outcome_of(photo: Photo, idle: "SimpleQueue[Decoder] | None" = None) -> Rendered | PhotoRefused:
    """What became of the upload; its renditions are in the storage already. No database is touched."""
    try:
        with default_storage.open(photo.raw_key) as file:
            content = file.read()
    except (FileNotFoundError, IsADirectoryError):
        return PhotoRefused(LOST)
    try:
        rendered = render(content) if idle is None else _render_warm(content, idle)
    except PhotoRefused as refusal:
        return refusal
    keep_files(rendered)
    return rendered


def _render_warm(content: bytes, idle: "SimpleQueue[Decoder]") -> Rendered:
    decoder = idle.get()
    try:
        return decoder.render(content)
    except (PhotoRefused, DecoderDied):
        decoder.revive()
        raise
    finally:
        idle.put(decoder)


def keep_files(rendered: Rendered) -> None:
    """Write the renditions that are not there yet."""
    digest = rendered.sha256
    for size, content in rendered.files.items():
        name = picture_name(picture_key(digest, size))
        if not default_storage.exists(name):
            default_storage.save(name, ContentFile(content))


def _settle_all(outcomes: Iterable[tuple[Photo, Rendered | PhotoRefused]]) -> int:
    settled = list(outcomes)
    with transaction.atomic():
        for photo, outcome in settled:
            _settle(photo, outcome)
    for photo, outcome in settled:
        _keep_again(outcome)
        delete_upload(photo)
    return sum(isinstance(outcome, Rendered) for _, outcome in settled)


def _settle(photo: Photo, outcome: Rendered | PhotoRefused) -> None:
    """Write the decision, if nobody has done so meanwhile."""
    if isinstance(outcome, PhotoRefused):
        changes: dict[str, object] = {"state": PhotoState.REJECTED, "reason": outcome.message[:200]}
    else:
        changes = {
            "state": PhotoState.READY,
            "sha256": outcome.sha256,
            "width": outcome.width,
            "height": outcome.height,
            "placeholder": outcome.placeholder,
        }
    Photo.objects.filter(pk=photo.pk, state=PhotoState.PENDING).update(**changes)


def _keep_again(outcome: Rendered | PhotoRefused) -> None:
    """`delete_files` may have removed the same picture of somebody else between our writing and our row."""
    if isinstance(outcome, Rendered):
        keep_files(outcome)


def delete_upload(photo: Photo) -> None:
    """Remove the untouched upload once the row is settled."""
    if photo.raw_key:
        default_storage.delete(photo.raw_key)
        Photo.objects.filter(pk=photo.pk).exclude(state=PhotoState.PENDING).update(raw_key="")


def delete_files(*, sha256: str) -> None:
    """Remove the renditions of a picture that no row shows any more; two members may have the same one."""
    if not Photo.objects.filter(sha256=sha256).exists():
        for size in SIZES:
            default_storage.delete(picture_name(picture_key(sha256, size)))


def give_up_on_photos() -> int:
    """Reject what has been pending for a day (every state has its deadline); how many there were, at most 500.

    The untouched uploads go after the commit: they may say where the picture was taken. One that stays because somebody
    was killed in between is found by `sweep_uploads`.
    """
    before = clock.now() - PENDING_AT_MOST
    late = list(
        Photo.objects.select_for_update(skip_locked=True).filter(state=PhotoState.PENDING, created_at__lt=before)[:500]
    )
    uploads = [photo.raw_key for photo in late if photo.raw_key]
    Photo.objects.filter(pk__in=[photo.pk for photo in late]).update(
        state=PhotoState.REJECTED, reason=GAVE_UP, raw_key=""
    )
    transaction.on_commit(lambda: delete_quietly(uploads))
    return len(late)


def delete_quietly(names: Iterable[str]) -> None:
    """Delete files of the storage; one that cannot be deleted now is left to the next sweep."""
    for name in names:
        try:
            default_storage.delete(name)
        except OSError as error:
            log.warning("upload_not_deleted", reason=type(error).__name__)


def sweep_uploads() -> int:
    """Delete uploads older than a day that no pending row waits for; how many, at most 500.

    An upload is written before its row is committed, so a request that was rolled back or killed leaves a file.
    """
    before = clock.now() - PENDING_AT_MOST
    try:
        names = default_storage.listdir(INCOMING)[1]
    except FileNotFoundError:
        return 0
    old = [name for name in names if _is_older(f"{INCOMING}/{name}", before)][:SWEPT_AT_ONCE]
    keys = [f"{INCOMING}/{name}" for name in old]
    awaited = set(Photo.objects.filter(raw_key__in=keys, state=PhotoState.PENDING).values_list("raw_key", flat=True))
    orphans = [key for key in keys if key not in awaited]
    delete_quietly(orphans)
    return len(orphans)


def _is_older(name: str, moment: datetime) -> bool:
    try:
        return default_storage.get_modified_time(name) < moment
    except FileNotFoundError:
        return False
