"""Keeps drawn maps in the object store, compressed, under the hash of their content."""

import gzip

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from localex.lib.errors import NotFound
from localex.places.cartography.drawing import DrawnMap
from localex.places.models import MapSheet, storage_name


def keep_sheet(drawn: DrawnMap) -> None:
    """Store a drawn map. Once is enough and twice does no harm, for its name is its hash."""
    name = storage_name(drawn.key)
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(drawn.compressed))


def read_sheet(sheet: MapSheet, *, is_compressed: bool) -> bytes:
    """The SVG of `sheet`, gzipped or plain. NotFound when the store has lost it: import the extract again."""
    try:
        with default_storage.open(sheet.storage_name) as file:
            content: bytes = file.read()
    except FileNotFoundError as error:
        raise NotFound("The map of this community is missing.") from error
    return content if is_compressed else gzip.decompress(content)
