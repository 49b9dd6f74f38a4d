"""Pictures are the same every time, different from one another, and real ones."""

from math import dist
from random import Random

import pyvips

from localex.demo.pictures import HEIGHT, WIDTH, Motif, paint
from localex.demo.pictures.art import all_objects, mean_lab
from localex.demo.pictures.palette import CLEARLY_APART, WALLS, apart_from, lab_of
from localex.demo.reading import read_entries

TEAPOT = Motif("kitchen/13", ("teapot",))


def test_the_same_motif_and_shot_give_the_same_bytes() -> None:
    assert paint(TEAPOT, shot=0).content == paint(TEAPOT, shot=0).content


def test_shots_and_seeds_differ() -> None:
    seen = {paint(TEAPOT, shot=shot).content for shot in range(4)}
    seen.add(paint(Motif("kitchen/14", ("teapot",)), shot=0).content)
    assert len(seen) == 5


def test_a_picture_is_a_clean_jpeg_of_its_size() -> None:
    picture = paint(Motif("books/2", ("book-blue", "rocket"), 2), shot=0)
    image = pyvips.Image.new_from_buffer(picture.content, "")
    assert (image.width, image.height) == (picture.width, picture.height)
    assert image.width == WIDTH
    assert image.height in {HEIGHT, WIDTH, 720}
    assert image.get("vips-loader") == "jpegload_buffer"
    assert "exif-data" not in image.get_fields()
    assert 20_000 < len(picture.content) < 400_000
    assert image.deviate() > 10


def test_everything_that_is_listed_can_be_painted_in_every_room() -> None:
    for name, made in list(all_objects().items())[::9]:
        assert paint(Motif(f"any/{name}", (name,), 3), shot=1).width == WIDTH, made


def test_most_pictures_are_upright() -> None:
    covers = [entry for entry in read_entries() if entry.shots][::12]
    heights = [paint(Motif(entry.key, entry.names, entry.count), shot=0).height for entry in covers]
    assert heights.count(HEIGHT) > len(heights) / 2


def test_things_stand_out_from_their_ground() -> None:
    for name in ("teapot", "book-blue", "pawn", "snowman"):
        ground = apart_from(mean_lab(name), WALLS, Random(1))
        assert dist(mean_lab(name), lab_of(ground)) >= CLEARLY_APART
