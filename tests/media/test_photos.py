"""From the upload to the page: rows, files, jobs, and what is left when somebody is killed in the middle."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from localex.jobs.models import Job
from localex.lib import clock
from localex.lib.ids import new_id
from localex.media import preparation, queries, services, storage
from localex.media.errors import DecoderDied, NoSuchPhoto, PhotoRefused, TooManyPhotos
from localex.media.formats import SIZES
from localex.media.models import Photo, PhotoState
from tests.media import pictures

pytestmark = pytest.mark.django_db

COMMUNITY, MEMBER = new_id(), new_id()


def take_in(content: bytes | None = None, uploader: UUID = MEMBER, **options: bool) -> Photo:
    content = pictures.jpeg() if content is None else content
    return services.take_in_photo(community_id=COMMUNITY, uploader_id=uploader, content=content, **options)


def prepared(content: bytes | None = None) -> Photo:
    photo = take_in(content)
    services.prepare_photo(photo_id=photo.id)
    photo.refresh_from_db()
    return photo


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_upload_waits_out_of_reach(folder: Path) -> None:
    photo = take_in()
    assert (photo.state, photo.sha256) == (PhotoState.PENDING, "")
    assert files_in(folder) == [f"incoming/{photo.id}"]
    assert queries.photo_url(photo, 600) == ""
    assert Job.objects.filter(task__endswith="prepare_photo", payload={"photo_id": str(photo.id)}).count() == 1


def test_a_prepared_picture_is_shown_and_its_upload_gone(folder: Path) -> None:
    photo = prepared(pictures.jpeg(1600, 1200))
    assert photo.state == PhotoState.READY
    assert (photo.width, photo.height, photo.raw_key) == (1200, 900, "")
    assert files_in(folder) == sorted(storage.picture_name(storage.picture_key(photo.sha256, size)) for size in SIZES)


@pytest.mark.parametrize("name", pictures.AT_THE_DOOR)
def test_the_door_refuses_by_type_and_size(folder: Path, name: str) -> None:
    with pytest.raises(PhotoRefused) as refusal:
        take_in(pictures.AT_THE_DOOR[name]())
    assert refusal.value.status == 422
    assert files_in(folder) == []
    assert not Photo.objects.exists()


def test_what_cannot_be_decoded_is_rejected_with_a_reason(folder: Path) -> None:
    photo = prepared(pictures.png_of(10_000, 5_000))
    assert photo.state == PhotoState.REJECTED
    assert "too many pixels" in photo.reason
    assert files_in(folder) == []


def test_preparing_twice_changes_nothing(folder: Path) -> None:
    photo = prepared()
    before = (files_in(folder), photo.sha256)
    services.prepare_photo(photo_id=photo.id)
    photo.refresh_from_db()
    assert (files_in(folder), photo.sha256) == before


def test_killed_after_the_files_and_before_the_row(folder: Path) -> None:
    photo = take_in()
    preparation._outcome_of(photo)
    photo.refresh_from_db()
    assert photo.state == PhotoState.PENDING
    assert queries.photo_url(photo, 200) == ""
    services.prepare_photo(photo_id=photo.id)
    photo.refresh_from_db()
    assert photo.state == PhotoState.READY


def test_killed_after_the_row_and_before_the_upload_is_deleted(folder: Path) -> None:
    photo = take_in()
    preparation._settle(photo, preparation._outcome_of(photo))
    assert f"incoming/{photo.id}" in files_in(folder)
    services.prepare_photo(photo_id=photo.id)
    assert f"incoming/{photo.id}" not in files_in(folder)
    assert Photo.objects.get(pk=photo.pk).raw_key == ""


def test_a_lost_upload_is_rejected(folder: Path) -> None:
    photo = take_in()
    (folder / photo.raw_key).unlink()
    services.prepare_photo(photo_id=photo.id)
    assert "lost" in Photo.objects.get(pk=photo.pk).reason


def test_half_a_file_is_never_visible(folder: Path) -> None:
    class Breaking(ContentFile):
        def chunks(self, chunk_size: int | None = None):
            yield b"half"
            raise DecoderDied("killed")

    with pytest.raises(DecoderDied):
        default_storage.save("pictures/ab/abc", Breaking(b"whole"))
    assert files_in(folder) == []


def test_many_pictures_with_warm_children(folder: Path) -> None:
    contents = [pictures.jpeg(400 + place, 300) for place in range(7)]
    photos = [take_in(content, is_prepared_later=False) for content in contents]
    broken = take_in(pictures.png_of(10_000, 5_000), is_prepared_later=False)
    assert not Job.objects.filter(task__endswith="prepare_photo").exists()
    assert services.prepare_photos([photo.id for photo in [*photos, broken]]) == 7
    states = dict(Photo.objects.values_list("id", "state"))
    assert states[broken.id] == PhotoState.REJECTED
    assert sum(state == PhotoState.READY for state in states.values()) == 7
    assert not [name for name in files_in(folder) if name.startswith("incoming")]


def test_files_stay_while_somebody_else_shows_the_same_picture(folder: Path) -> None:
    mine, yours = prepared(), prepared()
    assert mine.sha256 == yours.sha256
    services.delete_photo(photo_id=mine.id)
    preparation.delete_files(sha256=mine.sha256)
    assert len(files_in(folder)) == 3
    services.delete_photo(photo_id=yours.id)
    assert Job.objects.filter(task__endswith="delete_files").count() == 2
    preparation.delete_files(sha256=yours.sha256)
    assert files_in(folder) == []


def test_deleting_what_is_gone_says_so() -> None:
    with pytest.raises(NoSuchPhoto):
        services.delete_photo(photo_id=new_id())


def test_nobody_waits_for_ever(folder: Path, django_capture_on_commit_callbacks) -> None:
    photo, fresh = take_in(), take_in()
    Photo.objects.filter(pk=photo.pk).update(created_at=clock.now() - timedelta(days=2))
    with django_capture_on_commit_callbacks(execute=True):
        assert preparation.give_up_on_photos() == 1
        assert len(files_in(folder)) == 2  # a rolled back job must find the upload again
    photo.refresh_from_db()
    assert (photo.state, photo.raw_key) == (PhotoState.REJECTED, "")
    assert Photo.objects.get(pk=fresh.pk).state == PhotoState.PENDING
    assert files_in(folder) == [f"incoming/{fresh.id}"]


def test_uploads_without_a_row_are_swept_after_a_day(folder: Path) -> None:
    assert preparation.sweep_uploads() == 0  # there is no folder yet
    waiting, settled, young = take_in(), take_in(), new_id()
    Photo.objects.filter(pk=settled.pk).update(state=PhotoState.REJECTED)
    orphan, part = new_id(), "tmp123.part"
    for name in (orphan, part, young):
        (folder / "incoming" / str(name)).write_bytes(b"private")
    long_ago = (clock.now() - timedelta(days=2)).timestamp()
    for name in (waiting.id, settled.id, orphan, part):
        os.utime(folder / "incoming" / str(name), (long_ago, long_ago))
    assert preparation.sweep_uploads() == 3
    assert files_in(folder) == sorted([f"incoming/{waiting.id}", f"incoming/{young}"])


def test_uploads_are_limited(settings) -> None:
    somebody = new_id()
    Photo.objects.bulk_create(
        Photo(community_id=COMMUNITY, uploader_id=somebody) for _ in range(services.MAX_PHOTOS_A_DAY)
    )
    with pytest.raises(TooManyPhotos):
        take_in(uploader=somebody)
    take_in(uploader=new_id())


def test_addresses_carry_true_widths(folder: Path) -> None:
    photo = prepared(pictures.jpeg(900, 1800))
    assert queries.photo_dimensions(photo, 1200) == (600, 1200)
    words = queries.photo_srcset(photo).split(", ")
    assert [word.rpartition(" ")[2] for word in words] == ["100w", "300w", "600w"]
    assert queries.photo_url(photo, 200) == f"/media/{photo.sha256}-200.webp"
    with pytest.raises(ValueError, match="no rendition"):
        queries.photo_url(photo, 300)


def test_a_picture_is_served_for_ever(client, folder: Path) -> None:
    photo = prepared()
    address = queries.photo_url(photo, 200)
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/webp"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "Set-Cookie" not in answer
    assert b"".join(answer.streaming_content)[8:12] == b"WEBP"
    assert client.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert client.post(address).status_code in (403, 405)


def test_serving_needs_no_database(client, folder: Path, django_assert_num_queries) -> None:
    address = queries.photo_url(prepared(), 200)
    with django_assert_num_queries(0):
        answer = client.get(address)
    assert answer.status_code == 200
    answer.close()


@pytest.mark.parametrize(
    "path",
    [
        "/media/incoming/{photo}",
        "/media/..%2fincoming/{photo}",
        "/media/../incoming/{photo}",
        "/media/{sha}-300.webp",
        "/media/{sha}-200.png",
        "/media/{sha}-200.webp/",
        "/media/{upper}-200.webp",
        "/media/" + "0" * 64 + "-200.webp",
        "/media/pictures/{sha}-200.webp",
        "/media/",
    ],
)
def test_nothing_but_a_known_key_is_served(client, folder: Path, path: str) -> None:
    photo = prepared()
    (folder / "incoming").mkdir(exist_ok=True)
    (folder / "incoming" / str(photo.id)).write_bytes(b"private")
    address = path.format(photo=photo.id, sha=photo.sha256, upper=photo.sha256.upper())
    assert client.get(address).status_code == 404
